//! The sentences in `prompts/languages/*/tests`: accepted, must ask, must refuse.

use crate::support::{acts, languages, short};
use release_intent::{Known, questions, read};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: String,
    envs: Vec<String>,
    #[serde(default)]
    case: Vec<Case>,
    /// Sentences without a reading beside them: they must not act.
    #[serde(default)]
    texts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    action: Option<String>,
    source: Option<String>,
    target: Option<String>,
    package: Option<String>,
    rule: Option<Rule>,
    #[serde(default)]
    ask: Vec<String>,
    envs: Option<Vec<String>>,
    current: Option<String>,
    language: Option<String>,
    texts: Vec<String>,
}

/// An empty method is null.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum Rule {
    Id { id: String },
    Methods { user: String, system: String },
}

impl Case {
    fn short(&self) -> String {
        let part = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let mut line = format!(
            "{} {}>{}",
            part(&self.action),
            part(&self.source),
            part(&self.target)
        );
        if let Some(package) = &self.package {
            line.push_str(&format!(" package={package}"));
        }
        match &self.rule {
            None => {}
            Some(Rule::Id { id }) => line.push_str(&format!(" rule={id}")),
            Some(Rule::Methods { user, system }) => {
                let quote = |method: &String| {
                    if method.is_empty() {
                        "null".to_owned()
                    } else {
                        format!("\"{method}\"")
                    }
                };
                line.push_str(&format!(
                    " rule={{\"user\":{},\"system\":{}}}",
                    quote(user),
                    quote(system)
                ));
            }
        }
        for slot in &self.ask {
            line.push_str(&format!(" ?{slot}"));
        }
        line
    }
}

/// All test files of all languages.
fn files() -> Vec<(PathBuf, File)> {
    let mut found = Vec::new();
    for language in std::fs::read_dir(languages()).unwrap() {
        let Ok(tests) = std::fs::read_dir(language.unwrap().path().join("tests")) else {
            continue;
        };
        for file in tests {
            let path = file.unwrap().path();
            // Frames are for the metamorphic tests.
            let frames = path.file_name().is_some_and(|name| name == "frames.toml");
            if path.extension().is_some_and(|ending| ending == "toml") && !frames {
                let text = std::fs::read_to_string(&path).unwrap();
                let file =
                    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                found.push((path, file));
            }
        }
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

#[test]
fn every_sentence_is_read_as_written_beside_it() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (path, file) in files() {
        for case in &file.case {
            let names = case.envs.as_ref().unwrap_or(&file.envs);
            let known = Known::from_names(names.clone(), case.current.as_deref());
            let wanted = case.short();
            for text in &case.texts {
                count += 1;
                let reading = read(text, &known);
                let got = short(&reading);
                let language = case.language.as_ref().unwrap_or(&file.language);
                let empty = !text.chars().any(char::is_alphanumeric);
                let tongue = empty || &reading.intent.language == language;
                if got != wanted || !tongue {
                    let place = path
                        .strip_prefix(languages().parent().unwrap())
                        .unwrap_or(&path)
                        .display()
                        .to_string();
                    wrong.push(format!(
                        "{place}\n  {text}\n    want {wanted}\n    got  {got}  ({}, {})",
                        reading.explanation.rule, reading.intent.language
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} sentences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 300);
}

#[test]
fn no_sentence_that_must_not_act_acts() {
    for (path, file) in files() {
        let known = Known::from_names(file.envs.clone(), None);
        for text in &file.texts {
            let reading = read(text, &known);
            assert!(!acts(&reading), "{}: {text}: {}", path.display(), short(&reading));
        }
    }
}

#[test]
fn questions_are_short_and_one_for_each_thing_to_be_asked() {
    const LONGEST: usize = 240;
    const MOST_CHOICES: usize = 20;
    for (path, file) in files() {
        for case in file.case.iter().filter(|case| !case.ask.is_empty()) {
            let names = case.envs.as_ref().unwrap_or(&file.envs);
            let known = Known::from_names(names.clone(), case.current.as_deref());
            for text in &case.texts {
                let asked = questions(&read(text, &known), &known);
                let slots: Vec<String> = asked.iter().map(|question| question.slot.to_string()).collect();
                assert_eq!(slots, case.ask, "{}: {text}", path.display());
                for question in asked {
                    let length = question.text.chars().count();
                    assert!(
                        (1..LONGEST).contains(&length),
                        "{}: {}",
                        path.display(),
                        question.text
                    );
                    assert!(
                        question.choices.len() <= MOST_CHOICES,
                        "{}: {text}",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn no_sentence_is_there_twice() {
    let mut seen = std::collections::HashSet::new();
    for (path, file) in files() {
        let whole = file
            .case
            .iter()
            .filter(|case| case.envs.is_none())
            .flat_map(|case| &case.texts);
        let acting = file.texts.is_empty();
        for text in whole.chain(&file.texts) {
            assert!(
                seen.insert((file.language.clone(), acting, text.clone())),
                "{}: {text}",
                path.display()
            );
        }
    }
}
