//! Words the questions back to the user, from the texts of the sentence's language.
//!
//! Which slots are asked for is decided by the reader.

use crate::intent::{Action, EnvironmentRef, Slot};
use crate::known::Known;
use crate::reading::{Question, Reading};
use crate::words::languages;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// At most so many choices are offered.
const MOST: usize = 20;

/// The text of the choice to make a new backup.
const NEW: &str = "new";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    questions: BTreeMap<String, String>,
    actions: BTreeMap<String, String>,
    packages: BTreeMap<String, String>,
}

static TEXTS: LazyLock<BTreeMap<&'static str, Texts>> = LazyLock::new(|| {
    languages()
        .iter()
        .map(|language| (language.tag, toml::from_str(language.texts).unwrap_or_default()))
        .collect()
});

/// What to ask the user, in the user's language: one question for each slot to clarify.
pub fn questions(reading: &Reading, known: &Known) -> Vec<Question> {
    let intent = &reading.intent;
    let texts = TEXTS.get(intent.language.as_str()).or_else(|| TEXTS.get("en"));
    let Some(texts) = texts else { return Vec::new() };
    let side = |reference: &Option<EnvironmentRef>| reference.as_ref().map(|found| found.as_str().to_owned());
    intent
        .clarify
        .iter()
        .map(|slot| {
            let unknown = reading
                .suggestions
                .iter()
                .find(|suggestion| suggestion.slot == Some(*slot))
                .filter(|_| matches!(slot, Slot::Source | Slot::Target));
            let rule = &reading.explanation.rule;
            let action = intent.action.map_or("", Action::as_str);
            let special = [format!("{slot}_{rule}"), format!("{slot}_{action}")];
            let text = unknown
                .and_then(|unknown| {
                    let text = texts.questions.get(&format!("unknown_{slot}"))?;
                    Some(text.replace("{written}", &unknown.written))
                })
                .or_else(|| special.iter().find_map(|key| texts.questions.get(key)).cloned())
                .or_else(|| texts.questions.get(&slot.to_string()).cloned())
                .unwrap_or_else(|| format!("{slot}?"));
            let choices = match slot {
                // No choice would answer these.
                Slot::Action if rule == "cannot_be_undone" => Vec::new(),
                Slot::Action => [Action::Restore, Action::Migrate]
                    .iter()
                    .map(|action| {
                        texts
                            .actions
                            .get(action.as_str())
                            .cloned()
                            .unwrap_or_else(|| action.to_string())
                    })
                    .collect(),
                Slot::Package => texts
                    .packages
                    .iter()
                    .filter(|(key, _)| makes_one(intent.action) || key.as_str() != NEW)
                    .map(|(_, text)| text.clone())
                    .collect(),
                Slot::Source => environments(
                    known,
                    unknown.map(|unknown| &unknown.nearest),
                    side(&intent.target),
                ),
                Slot::Target => environments(
                    known,
                    unknown.map(|unknown| &unknown.nearest),
                    side(&intent.source),
                ),
            };
            Question {
                slot: *slot,
                text,
                choices,
            }
        })
        .collect()
}

/// Whether a backup can be made for the action: what is deleted or looked at must be there.
fn makes_one(action: Option<Action>) -> bool {
    !matches!(action, Some(Action::Remove | Action::Download | Action::Check))
}

/// The known names, the nearest first, without the one on the other side.
fn environments(known: &Known, nearest: Option<&Vec<String>>, other: Option<String>) -> Vec<String> {
    let near = nearest.into_iter().flatten().map(String::as_str);
    let mut choices: Vec<String> = Vec::new();
    for name in near.chain(known.names()) {
        if choices.len() < MOST
            && other.as_deref() != Some(name)
            && !choices.iter().any(|choice| choice == name)
        {
            choices.push(name.to_owned());
        }
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text() {
        for language in languages() {
            let texts: Texts = toml::from_str(language.texts).unwrap();
            for key in [
                "action",
                "action_limited",
                "action_cannot_be_undone",
                "package",
                "package_remove",
                "package_download",
                "source",
                "target",
                "unknown_source",
                "unknown_target",
            ] {
                assert!(texts.questions.contains_key(key), "{} {key}", language.tag);
            }
            for key in ["restore", "migrate"] {
                assert!(texts.actions.contains_key(key), "{} {key}", language.tag);
            }
            assert!(!texts.packages.is_empty(), "{}", language.tag);
        }
    }
}
