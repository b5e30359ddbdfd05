//! The words of all languages, as the build script laid them out, and the catalogue of actions.
//!
//! Finding words in a text is here; what their roles do to a reading is left to the rules.

mod role;
mod trie;

use crate::intent::Action;

pub(crate) use role::{Role, RoleSet};
use trie::Trie;

/// A part of an intent, as the catalogue speaks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Source,
    Target,
    Package,
    Rule,
}

/// What the catalogue says of an action.
#[derive(Debug)]
pub(crate) struct Needs {
    pub(crate) name: &'static str,
    pub(crate) slots: &'static [Part],
    pub(crate) required: &'static [Part],
    pub(crate) either: &'static [Part],
    pub(crate) current: Option<Part>,
    pub(crate) destructive: bool,
}

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// What a phrase is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meaning {
    pub(crate) roles: RoleSet,
    /// Taken from another language's list.
    pub(crate) borrowed: bool,
}

/// A language: its words, laid out when the program was built, and its texts.
#[derive(Debug)]
pub(crate) struct Language {
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) scripts: &'static [&'static str],
    /// Endings that names take: the nominative's, and the one in its place.
    pub(crate) inflections: &'static [(&'static str, &'static str)],
    /// Nouns are written onto names: "testumgebung", "dev-backup".
    pub(crate) compounds: bool,
    pub(crate) texts: &'static str,
    words: Trie,
    /// Words in two pieces with something between them: "back … up".
    pub(crate) splits: &'static [Split],
}

impl Language {
    /// The longest word `text` starts with for which `accept` says yes to its length.
    pub(crate) fn word_at(
        &self,
        text: &str,
        accept: impl Fn(usize) -> bool,
    ) -> Option<(usize, &'static Meaning)> {
        let (length, meaning) = self.words.longest_at(text, accept)?;
        Some((length, MEANINGS.get(meaning)?))
    }

    /// Every word that begins with `start`.
    pub(crate) fn words_beginning_with(&self, start: &str) -> Vec<(String, &'static Meaning)> {
        let words = self.words.beginning_with(start).into_iter();
        words
            .filter_map(|(word, meaning)| Some((word, MEANINGS.get(meaning)?)))
            .collect()
    }
}

/// A word in two pieces.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) first: &'static str,
    pub(crate) second: &'static str,
    pub(crate) roles: RoleSet,
}

/// All languages, English first.
pub(crate) fn languages() -> &'static [Language] {
    LANGUAGES
}

/// The languages that are understood: the tag an intent carries, and the language's own name.
pub fn supported_languages() -> impl Iterator<Item = (&'static str, &'static str)> {
    languages().iter().map(|language| (language.tag, language.name))
}

/// What the catalogue says of the action.
pub(crate) fn needs(action: Action) -> &'static Needs {
    static NOTHING: Needs = Needs {
        name: "",
        slots: &[],
        required: &[],
        either: &[],
        current: None,
        destructive: true,
    };
    CATALOGUE
        .iter()
        .find(|needs| needs.name == action.as_str())
        .unwrap_or(&NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_every_action_and_agrees_on_danger() {
        let names: Vec<&str> = CATALOGUE.iter().map(|needs| needs.name).collect();
        let actions: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names, actions);
        for action in Action::ALL {
            let dangerous = matches!(
                action,
                Action::Restore | Action::Migrate | Action::Remove | Action::Undo
            );
            assert_eq!(action.is_destructive(), dangerous, "{action}");
        }
    }

    #[test]
    fn every_language_has_words() {
        for language in languages() {
            assert!(
                language.word_at("restore", |_| true).is_some(),
                "{}",
                language.name
            );
        }
    }
}
