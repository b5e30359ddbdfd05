//! The forms of words: with other endings, without accents, with the words of another language.

use crate::accent::without_accent;
use crate::role::Role;
use crate::{Catalogue, Entry, Outcome, Words, role_number};
use std::collections::{BTreeMap, BTreeSet};

/// The phrase with letters exchanged.
pub(crate) fn vary(phrase: &str, variants: &BTreeMap<String, String>) -> String {
    phrase
        .chars()
        .map(|character| {
            variants
                .get(character.encode_utf8(&mut [0; 4]) as &str)
                .map_or_else(|| character.to_string(), Clone::clone)
        })
        .collect()
}

/// All words of a language, with those it borrows.
pub(crate) fn lay_out(
    language: &str,
    words: &Words,
    all: &BTreeMap<String, Words>,
    catalogue: &Catalogue,
) -> Outcome<BTreeMap<String, Entry>> {
    let mut entries: BTreeMap<String, Entry> = words
        .phrases
        .iter()
        .map(|(phrase, roles)| (phrase.clone(), (roles.clone(), false)))
        .collect();
    end_otherwise(&mut entries, words)?;
    spell_otherwise(&mut entries, &words.spellings);
    for (name, signs) in &catalogue.symbols {
        let number = role_number(name)?;
        for sign in signs {
            entries
                .entry(sign.clone())
                .or_insert_with(|| ([number].into(), true));
        }
    }
    if let Some(loans) = &words.loans {
        let lender = all
            .get(loans)
            .ok_or_else(|| format!("{language} borrows from {loans:?}, which is not there"))?;
        // A language in the lender's own script would mistake the lender's small words for its own.
        let same_script = lender
            .head_scripts
            .iter()
            .any(|script| words.head_scripts.contains(script));
        for (phrase, roles) in &lender.phrases {
            let content = roles.iter().all(|number| {
                let name = Role::ALL.get(*number).map_or("", |role| role.name());
                ![
                    "marker.",
                    "mood.",
                    "scope.",
                    "time.",
                    "join.",
                    "talk.",
                    "reference.",
                ]
                .iter()
                .any(|section| name.starts_with(section))
            });
            if content || !same_script {
                entries
                    .entry(phrase.clone())
                    .or_insert_with(|| (roles.clone(), true));
            }
        }
    }
    Ok(entries)
}

/// Adds verbs with other endings, and with pronouns written onto them. A form that would belong to
/// verbs with different roles belongs to none, and a word of the file comes first.
fn end_otherwise(entries: &mut BTreeMap<String, Entry>, words: &Words) -> Outcome<()> {
    let pronoun = role_number("reference.pronoun")?;
    let acts = |roles: &BTreeSet<usize>| {
        let mut names = roles.iter().filter_map(|number| Role::ALL.get(*number));
        names.all(|role| role.name().ends_with(".do") && role.name() != "help.do")
    };
    let mut others: BTreeMap<String, Option<Entry>> = BTreeMap::new();
    for (verb, (roles, borrowed)) in entries.iter() {
        if verb.contains(' ') || !acts(roles) {
            continue;
        }
        let plain = words.endings.iter().map(|ending| (ending, None));
        let object = words.objects.iter().map(|ending| (ending, Some(pronoun)));
        for ((own, other), pronoun) in plain.chain(object) {
            let Some(stem) = verb.strip_suffix(own.as_str()) else {
                continue;
            };
            let entry = (roles.iter().copied().chain(pronoun).collect(), *borrowed);
            others
                .entry(format!("{stem}{other}"))
                .and_modify(|seen| *seen = seen.take().filter(|seen| *seen == entry))
                .or_insert_with(|| Some(entry));
        }
    }
    for (form, entry) in others {
        if let Some(entry) = entry {
            entries.entry(form).or_insert(entry);
        }
    }
    Ok(())
}

/// Adds the words as people write them who leave out accents. A spelling that would belong to words
/// with different roles belongs to none, unless the language's file has it.
fn spell_otherwise(entries: &mut BTreeMap<String, Entry>, spellings: &BTreeMap<String, String>) {
    let mut others: BTreeMap<String, Option<Entry>> = BTreeMap::new();
    for (phrase, entry) in entries.iter() {
        let plain: String = phrase
            .chars()
            .map(|letter| without_accent(letter).unwrap_or(letter))
            .collect();
        for other in [plain, vary(phrase, spellings)] {
            if !entries.contains_key(&other) {
                others
                    .entry(other)
                    .and_modify(|seen| *seen = seen.take().filter(|seen| seen == entry))
                    .or_insert_with(|| Some(entry.clone()));
            }
        }
    }
    entries.extend(
        others
            .into_iter()
            .filter_map(|(phrase, entry)| Some((phrase, entry?))),
    );
}
