//! The words of all languages, as the build script laid them out, and the catalogue of actions.
//!
//! Finding words in a text is here; what their roles do to a reading is left to the rules.

mod role;

use crate::intent::Action;
use crate::prefix::PrefixTable;
use std::sync::{LazyLock, OnceLock};

pub(crate) use role::{Role, RoleSet};

struct File {
    tag: &'static str,
    name: &'static str,
    scripts: &'static [&'static str],
    inflections: &'static [(&'static str, &'static str)],
    compounds: bool,
    words: &'static str,
    texts: &'static str,
}

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

/// A language: its words, laid out when they are first needed, and its texts.
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
    file: &'static str,
    lists: OnceLock<Lists>,
}

/// The words of a language.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) words: PrefixTable<&'static str, Meaning>,
    /// Words in two pieces with something between them: "back … up".
    pub(crate) splits: Vec<Split>,
}

impl Language {
    /// Its words.
    pub(crate) fn lists(&self) -> &Lists {
        self.lists.get_or_init(|| {
            let mut words = Vec::with_capacity(self.file.len() / 12);
            let mut splits = Vec::new();
            for (phrase, meaning) in self.file.lines().filter_map(entry) {
                match phrase.split_once(GAP) {
                    Some((first, second)) => splits.push(Split {
                        first,
                        second,
                        roles: meaning.roles,
                    }),
                    None => words.push((phrase, meaning)),
                }
            }
            Lists {
                words: PrefixTable::from_sorted(words),
                splits,
            }
        })
    }
}

/// A word in two pieces.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) first: &'static str,
    pub(crate) second: &'static str,
    pub(crate) roles: RoleSet,
}

/// What stands between the pieces of a split word in the language files.
const GAP: &str = " … ";

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|file| Language {
            tag: file.tag,
            name: file.name,
            scripts: file.scripts,
            inflections: file.inflections,
            compounds: file.compounds,
            texts: file.texts,
            file: file.words,
            lists: OnceLock::new(),
        })
        .collect()
});

fn entry(line: &'static str) -> Option<(&'static str, Meaning)> {
    let mut fields = line.split('\t');
    let phrase = fields.next()?;
    let bits = fields
        .next()?
        .split(',')
        .filter_map(|number| number.parse::<u32>().ok());
    let roles = RoleSet(bits.fold(0, |set, number| set | 1u128.checked_shl(number).unwrap_or(0)));
    Some((
        phrase,
        Meaning {
            roles,
            borrowed: fields.next() == Some("1"),
        },
    ))
}

/// All languages, English first.
pub(crate) fn languages() -> &'static [Language] {
    &LANGUAGES
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
    fn every_list_is_sorted_and_spoken() {
        for language in languages() {
            assert!(language.lists().words.len() > 100, "{}", language.name);
        }
    }
}
