//! Properties of any sentence in every language: the requests and the frames around them are in
//! `prompts/languages/*/tests/frames.toml`.

use crate::support::{acts, known, languages, short, short_of};
use release_intent::{EnvironmentRef, read};
use serde::Deserialize;

const NAMES: &[&str] = &["dev", "test", "prod"];

/// Requests with the source dev and the target test, and what may stand around any of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frames {
    requests: Vec<String>,
    /// Change nothing.
    polite: Vec<String>,
    negated: Vec<String>,
    /// Asked about, told, supposed, quoted, put off.
    told: Vec<String>,
    /// Say what is left out.
    limited: Vec<String>,
}

fn all() -> Vec<(String, Frames)> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(languages()).unwrap() {
        let folder = folder.unwrap().path();
        if let Ok(text) = std::fs::read_to_string(folder.join("tests/frames.toml")) {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let frames = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            found.push((name, frames));
        }
    }
    assert!(!found.is_empty());
    found
}

/// Each request of each language in each of the frames.
fn framed(choose: impl Fn(&Frames) -> &Vec<String>) -> Vec<(String, String)> {
    let mut sentences = Vec::new();
    for (_, frames) in &all() {
        for request in &frames.requests {
            for frame in choose(frames) {
                sentences.push((request.clone(), frame.replace("{}", request)));
            }
        }
    }
    sentences
}

fn none_acts(sentences: &[(String, String)]) {
    let wrong: Vec<String> = sentences
        .iter()
        .map(|(_, sentence)| (sentence, read(sentence, &known(NAMES))))
        .filter(|(_, reading)| acts(reading))
        .map(|(sentence, reading)| format!("{sentence}: {}", short(&reading)))
        .collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn requests_are_read_and_swapped_names_swap_the_sides() {
    for (language, frames) in all() {
        for text in &frames.requests {
            let swapped = text
                .replace("dev", "\u{1}")
                .replace("test", "dev")
                .replace('\u{1}', "test");
            let (one, other) = (
                read(text, &known(NAMES)).intent,
                read(&swapped, &known(NAMES)).intent,
            );
            let named = |name: &str| Some(EnvironmentRef::Named(name.to_owned()));
            assert_eq!(
                (&one.source, &one.target),
                (&named("dev"), &named("test")),
                "{language}: {text}"
            );
            assert_eq!(
                (&other.source, &other.target),
                (&named("test"), &named("dev")),
                "{language}: {swapped}"
            );
            assert_eq!(
                (one.action, one.package, one.rule),
                (other.action, other.package, other.rule),
                "{text}"
            );
            assert!(one.clarify.is_empty() && one.action.is_some(), "{text}");
        }
    }
}

#[test]
fn politeness_changes_nothing() {
    for (plain, sentence) in framed(|frames| &frames.polite) {
        assert_eq!(short_of(&sentence, NAMES), short_of(&plain, NAMES), "{sentence}");
    }
}

#[test]
fn writing_changes_nothing() {
    for (_, frames) in all() {
        for text in &frames.requests {
            let plain = short_of(text, NAMES);
            let bare: String = text.chars().map(unaccented).collect();
            let lines = [
                text.to_uppercase(),
                text.replace(' ', "  "),
                bare,
                text.replace("dev", "\"dev\""),
                format!("{text}."),
            ];
            for line in lines {
                assert_eq!(short_of(&line, NAMES), plain, "{line}");
            }
        }
    }
}

/// The Latin letter without its accent.
fn unaccented(letter: char) -> char {
    use unicode_normalization::UnicodeNormalization;
    match letter {
        'đ' => 'd',
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
            std::iter::once(letter).nfd().next().unwrap_or(letter)
        }
        other => other,
    }
}

#[test]
fn what_is_denied_does_not_act() {
    none_acts(&framed(|frames| &frames.negated));
}

#[test]
fn what_is_told_or_asked_about_does_not_act() {
    none_acts(&framed(|frames| &frames.told));
}

#[test]
fn what_is_limited_is_asked_about() {
    none_acts(&framed(|frames| &frames.limited));
}

#[test]
fn unknown_names_and_words_are_asked_about() {
    let mut sentences = Vec::new();
    for (_, frames) in all() {
        for text in &frames.requests {
            for name in ["tset", "test2", "test-2", "tes", "staging"] {
                sentences.push((text.clone(), text.replace("test", name)));
            }
            for extra in ["xyzzy quux", "42"] {
                sentences.push((text.clone(), format!("{text} {extra}")));
                sentences.push((text.clone(), format!("{extra} {text}")));
            }
        }
    }
    none_acts(&sentences);
}
