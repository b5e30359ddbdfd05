//! Words the questions back to the user, from the texts of the sentence's language.
//!
//! Which slots are asked for is decided by the reader.

use crate::intent::{Action, EnvironmentRef, Slot};
use crate::known::Known;
use crate::reading::{Choice, Question, Reading};
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
                        let label = texts.actions.get(action.as_str()).map(String::as_str);
                        choice(action.as_str(), label.unwrap_or(action.as_str()))
                    })
                    .collect(),
                Slot::Package => texts
                    .packages
                    .iter()
                    .filter(|(key, _)| makes_one(intent.action) || key.as_str() != NEW)
                    .map(|(key, text)| choice(&format!("@{key}"), text))
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

fn choice(value: &str, label: &str) -> Choice {
    Choice {
        value: value.to_owned(),
        label: label.to_owned(),
    }
}

/// Whether a backup can be made for the action: what is deleted or looked at must be there.
fn makes_one(action: Option<Action>) -> bool {
    !matches!(action, Some(Action::Remove | Action::Download | Action::Check))
}

/// The known names, the nearest first, without the one on the other side.
fn environments(known: &Known, nearest: Option<&Vec<String>>, other: Option<String>) -> Vec<Choice> {
    let near = nearest.into_iter().flatten().map(String::as_str);
    let mut choices: Vec<Choice> = Vec::new();
    for name in near.chain(known.names()) {
        if choices.len() < MOST
            && other.as_deref() != Some(name)
            && !choices.iter().any(|choice| choice.value == name)
        {
            choices.push(choice(name, name));
        }
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::read;

    #[test]
    fn answers_are_numbers_values_or_words() {
        let known = Known::new(
            [("dev", Vec::<String>::new()), ("test", vec![]), ("3", vec![])],
            None,
        );
        let reading = read("把 dev 发布到 test", &known);
        let asked = questions(&reading, &known);
        let action = asked
            .iter()
            .find(|question| question.slot == Slot::Action)
            .unwrap();
        for answer in ["1", "restore", "还原", "还原（用备份整体替换）", " RESTORE "] {
            assert_eq!(
                action.chosen(answer).map(|choice| choice.value.as_str()),
                Some("restore"),
                "{answer}"
            );
        }
        for answer in ["0", "3", "", "no", "还"] {
            assert_eq!(action.chosen(answer), None, "{answer}");
        }
        let reading = read("migrate to test", &known);
        let source = &questions(&reading, &known)[0];
        assert_eq!(source.chosen("3").map(|choice| choice.value.as_str()), Some("3"));
        assert_eq!(
            source.chosen("1").map(|choice| choice.value.as_str()),
            Some("dev")
        );
    }

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
