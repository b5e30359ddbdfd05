//! Values that were given for variables and secrets are kept out of what a run writes down: a server may repeat them in
//! its messages and in its logs.
//!
//! A value of four letters and more is taken out wherever it stands, as it is and as JSON writes it. A shorter one would
//! take harmless letters with it, so a text of the server that has it as a word of its own is not kept at all; in the
//! server's own log files, which lie in the run's folder for their owner only, it stays.

use std::io;
use std::path::Path;

use super::{RunSecrets, Runner};
use crate::error::ErrorReport;
use crate::journal::StepOutcome;

/// Letters from which on a value is taken out of a text.
const LONG: usize = 4;
/// What stands in place of a value.
const HIDDEN: &str = "****";
/// What stands in place of a text that cannot be kept.
const NOT_KEPT: &str = "(not kept: its words have a value that was given)";
/// The same, for values that a process that took the run up was not given again.
const NOT_KNOWN: &str =
    "(not kept: values went along that are not known any more, so its words may have them)";

impl RunSecrets {
    /// The value of a variable for this target: one that was given for it alone (`TARGET.NAME`) before one without.
    pub(crate) fn value_for(&self, target: &str, name: &str) -> Option<&nocobase_client::Secret> {
        self.variables
            .get(&format!("{target}.{name}"))
            .or_else(|| self.variables.get(name))
    }

    /// The names of the values that were given for this target; a name with a dot is for the target before it.
    pub(crate) fn names_for(&self, target: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .variables
            .keys()
            .filter_map(|name| match name.split_once('.') {
                Some(_) => name.strip_prefix(target)?.strip_prefix('.'),
                None => Some(name.as_str()),
            })
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// A text without the values that are long enough to be told from other words.
    fn without_values(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in self.variables.values().map(nocobase_client::Secret::expose) {
            if value.chars().count() < LONG {
                continue;
            }
            text = text.replace(value, HIDDEN);
            let written = serde_json::Value::from(value).to_string();
            if let Some(written) = written.strip_prefix('"').and_then(|text| text.strip_suffix('"'))
                && written != value
            {
                text = text.replace(written, HIDDEN);
            }
        }
        text
    }

    /// Words of a server without any value.
    fn without_any_value(&self, words: &str) -> String {
        let has_short = self
            .variables
            .values()
            .map(nocobase_client::Secret::expose)
            .filter(|value| !value.is_empty() && value.chars().count() < LONG)
            .any(|value| is_word(words, value));
        if has_short {
            NOT_KEPT.to_owned()
        } else {
            self.without_values(words)
        }
    }
}

/// Whether a text has this as a word: no letter or digit goes on before or after it.
fn is_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|after| after.chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

impl Runner {
    /// Our own text, with words of others in it.
    pub(super) fn hide(&self, text: String) -> String {
        if self.secrets.variables.is_empty() {
            text
        } else {
            self.secrets.without_values(&text)
        }
    }

    /// Words of the target after values went to it.
    pub(super) fn hide_words(&self, words: String) -> String {
        let target = self.plan.target().unwrap_or_default();
        let given = self.state().migration_baseline.unwrap_or_default().given;
        let known = |name: &String| self.secrets.value_for(target, name).is_some();
        if given.iter().all(known) {
            self.secrets.without_any_value(&words)
        } else {
            NOT_KNOWN.to_owned()
        }
    }

    pub(super) fn hide_report(&self, report: ErrorReport) -> ErrorReport {
        ErrorReport {
            message: self.hide(report.message),
            next_step: self.hide(report.next_step),
            ..report
        }
    }

    pub(super) fn hide_outcome(&self, outcome: StepOutcome) -> StepOutcome {
        match outcome {
            StepOutcome::Done { note } => StepOutcome::Done {
                note: self.hide(note),
            },
            StepOutcome::Failed { error } => StepOutcome::Failed {
                error: self.hide_report(error),
            },
            StepOutcome::Unknown { error } => StepOutcome::Unknown {
                error: self.hide_report(error),
            },
        }
    }

    /// Takes the values out of a file of the server's that is kept with the run; it is one of bounded size.
    pub(super) fn hide_in_file(&self, path: &Path) -> io::Result<()> {
        if self.secrets.variables.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        let hidden = self.secrets.without_values(&text);
        if hidden == text {
            return Ok(());
        }
        std::fs::write(path, hidden)
    }
}

#[cfg(test)]
mod tests {
    use nocobase_client::Secret;

    use super::*;

    fn secrets(values: &[(&str, &str)]) -> RunSecrets {
        RunSecrets {
            variables: values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
                .collect(),
            ..RunSecrets::default()
        }
    }

    #[test]
    fn values_are_taken_out_and_short_ones_take_the_whole_text() {
        let given = secrets(&[("API_KEY", "s3\"cret"), ("LEVEL", "7")]);
        assert_eq!(
            given.without_any_value(r#"bad line API_KEY=s3"cret in {"v":"s3\"cret"}"#),
            r#"bad line API_KEY=**** in {"v":"****"}"#
        );
        assert_eq!(given.without_any_value("LEVEL=7 is too high"), NOT_KEPT);
        assert_eq!(given.without_any_value("17 tables"), "17 tables");
    }

    #[test]
    fn values_are_given_to_any_target_or_to_one() {
        let given = secrets(&[("A", "1"), ("test.A", "2"), ("test.B", "3"), ("prod.C", "4")]);
        assert_eq!(given.names_for("test"), ["A", "B"]);
        assert_eq!(given.names_for("prod"), ["A", "C"]);
        let value = |target: &str, name: &str| {
            given
                .value_for(target, name)
                .map(|value| value.expose().to_owned())
        };
        assert_eq!(value("test", "A").as_deref(), Some("2"));
        assert_eq!(value("prod", "A").as_deref(), Some("1"));
        assert_eq!(value("prod", "B"), None);
    }
}
