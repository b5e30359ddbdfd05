//! What could be seen of a migration's outcome: the target's content against what the rule says, above all.
//!
//! Plain data and its words. What is expected is in `expectation`; gathering is `run/migrated.rs`, deciding
//! `verdict/migration.rs`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expectation::StructureComparison;
use crate::evidence::{
    Acceptance, Comparison, Identity, Says, Signal, Standing, identity_signal, signal, standing_signal,
    users_signal,
};

/// What was noted before the execution was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationBaseline {
    /// Rows of the source's tables, where the package's inside does not tell them.
    pub source_rows: BTreeMap<String, u64>,
    /// Names of the values that go to the target.
    #[serde(default)]
    pub given: Vec<String>,
    /// The migration logs that the target had; none when they could not be listed.
    pub logs: Option<Vec<String>>,
}

/// What the target's own migration log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "log", rename_all = "snake_case")]
pub enum MigrationStory {
    /// A new log calls it a success.
    Succeeded {
        /// Its name.
        name: String,
    },
    /// A new log calls it a failure.
    Failed {
        /// Its name.
        name: String,
        /// Its last words.
        words: String,
    },
    /// There is a new log, and it does not say.
    Open {
        /// Its name.
        name: String,
    },
    /// There is no new log.
    Silent,
    /// They could not be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// All that could be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationEvidence {
    /// What became of the request.
    pub acceptance: Acceptance,
    /// Whether the request never left this machine.
    #[serde(default)]
    pub not_sent: bool,
    /// Whether the package may have been made by another rule than the one that this is compared by.
    #[serde(default)]
    pub rule_assumed: bool,
    /// Variables that this run made on the target before.
    #[serde(default)]
    pub variables_set: Vec<String>,
    /// What the server's answer called it.
    pub answered: Option<bool>,
    /// The answer's words.
    pub answer_words: Option<String>,
    /// Whether the application was seen going down.
    pub went_down: bool,
    /// How it stands.
    pub standing: Standing,
    /// The target's own migration log.
    pub log: MigrationStory,
    /// The structure; none when it could not be compared.
    pub structure: Option<StructureComparison>,
    /// Whether the rule is certain to bring the definitions that the structure is read from.
    pub structure_binds: bool,
    /// Whether the structure is what it was before.
    pub structure_as_before: Option<bool>,
    /// Tables whose rows the rule keeps, against the safety backup.
    pub kept: Option<Comparison>,
    /// Tables whose rows the rule replaces, against the package or the source.
    pub replaced: Option<Comparison>,
    /// Of those, the tables whose rows are to be others and which hold as many as before.
    #[serde(default)]
    pub not_replaced: Vec<String>,
    /// How many tables the rule replaces whose new rows are known here, compared or not.
    #[serde(default)]
    pub replaced_expected: usize,
    /// Tables that the rule replaces and whose new rows are not known here.
    #[serde(default)]
    pub replaced_unknown: usize,
    /// Whether the rule replaces anything at all; none where it is not known.
    pub replaces: Option<bool>,
    /// All of them, against the safety backup.
    pub against_before: Option<Comparison>,
    /// Whether what the rule wants differs from what was there before.
    pub distinguishable: bool,
    /// Collections that could not be counted.
    pub collections_not_counted: Vec<String>,
    /// How many users there are.
    pub users: Option<u64>,
    /// Who we are.
    pub identity: Identity,
}

impl MigrationEvidence {
    /// Whether it can no longer be at work or begin: its own log has ended, the server calls it a failure, or the
    /// application went down and came up. An answer that says success may come before the work.
    pub(crate) fn has_ended(&self) -> bool {
        self.went_down
            || self.answered == Some(false)
            || matches!(
                self.log,
                MigrationStory::Succeeded { .. } | MigrationStory::Failed { .. }
            )
    }

    /// Whether it may be at work: something has changed, and nothing shows that it is over.
    pub(crate) fn is_under_way(&self) -> bool {
        let changed = self.structure_as_before == Some(false)
            || self
                .against_before
                .as_ref()
                .is_some_and(|before| before.tables > 0 && !before.is_exact());
        changed && !self.has_ended()
    }

    /// Every signal in words, for people and models.
    pub fn signals(&self) -> Vec<Signal> {
        vec![
            self.execution_signal(),
            standing_signal(self.went_down, &self.standing, None),
            self.log_signal(),
            self.structure_signal(),
            rows_signal("kept rows", self.kept.as_ref(), "the safety backup"),
            self.replaced_signal(),
            users_signal(self.users),
            identity_signal(&self.identity),
        ]
    }

    fn execution_signal(&self) -> Signal {
        let words = self.answer_words.as_deref().unwrap_or("no word about it");
        match (&self.acceptance, self.answered) {
            (Acceptance::Refused { message }, _) if self.not_sent => signal(
                "execution",
                Says::Against,
                format!("it could not be sent: {message}"),
            ),
            (Acceptance::Refused { message }, _) => signal(
                "execution",
                Says::Against,
                format!("the server refused it: {message}"),
            ),
            (Acceptance::ReplyLost { message }, _) => signal(
                "execution",
                Says::Nothing,
                format!("its answer was lost ({message}); it may have been taken"),
            ),
            (Acceptance::Accepted, Some(true)) => signal(
                "execution",
                Says::Nothing,
                format!("the server calls it a success (which proves nothing yet): {words}"),
            ),
            (Acceptance::Accepted, Some(false)) => signal(
                "execution",
                Says::Against,
                format!("the server calls it a failure: {words}"),
            ),
            (Acceptance::Accepted, None) => signal(
                "execution",
                Says::Nothing,
                format!("the server took it and says: {words}"),
            ),
        }
    }

    fn log_signal(&self) -> Signal {
        let name = "migration log";
        match &self.log {
            MigrationStory::Succeeded { name: log } => {
                signal(name, Says::For, format!("{log} calls it a success"))
            }
            MigrationStory::Failed { name: log, words } => {
                signal(name, Says::Against, format!("{log} calls it a failure: {words}"))
            }
            MigrationStory::Open { name: log } => {
                signal(name, Says::Nothing, format!("{log} does not say how it ended"))
            }
            MigrationStory::Silent => signal(name, Says::Nothing, "no new log"),
            MigrationStory::Unreadable { reason } => {
                signal(name, Says::Nothing, format!("not readable: {reason}"))
            }
        }
    }

    fn structure_signal(&self) -> Signal {
        let Some(structure) = self
            .structure
            .as_ref()
            .filter(|structure| structure.collections > 0)
        else {
            return signal(
                "structure",
                Says::Nothing,
                "could not be compared with the source",
            );
        };
        match structure.missing.first() {
            None => signal(
                "structure",
                Says::For,
                format!(
                    "all {} collections of the source with their {} fields are there",
                    structure.collections, structure.fields
                ),
            ),
            Some(first) => signal(
                "structure",
                if self.structure_binds {
                    Says::Against
                } else {
                    Says::Nothing
                },
                format!(
                    "{} parts of the source's structure are not there, such as {first}",
                    structure.missing_count
                ),
            ),
        }
    }

    fn replaced_signal(&self) -> Signal {
        match (&self.replaced, self.replaces) {
            (None, Some(false)) => signal("new rows", Says::Nothing, "the rule replaces no rows"),
            (replaced, _) => rows_signal("new rows", replaced.as_ref(), "the package"),
        }
    }
}

fn rows_signal(name: &str, comparison: Option<&Comparison>, against: &str) -> Signal {
    let Some(comparison) = comparison.filter(|comparison| comparison.tables > 0) else {
        return signal(
            name,
            Says::Nothing,
            format!("could not be compared with {against}"),
        );
    };
    match comparison.missing.first().or(comparison.grown.first()) {
        None => signal(
            name,
            Says::For,
            format!(
                "{} tables hold exactly the {} rows of {against}",
                comparison.tables, comparison.rows
            ),
        ),
        Some(worst) => signal(
            name,
            if comparison.missing.is_empty() {
                Says::Nothing
            } else {
                Says::Against
            },
            format!(
                "{} of {} tables differ from {against}: {} has {} rows instead of {}",
                comparison.missing.len() + comparison.grown.len(),
                comparison.tables,
                worst.table,
                worst
                    .found
                    .map_or_else(|| "no readable".to_owned(), |found| found.to_string()),
                worst.expected
            ),
        ),
    }
}
