//! Checks the language data in `prompts/` and lays it out for the reader: one tree of phrases a
//! language (`layout`), and the table of actions. Data with a mistake does not build.
#![expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use unicode_normalization::UnicodeNormalization;

#[path = "../src/accent.rs"]
mod accent;
mod forms;
mod layout;
#[expect(dead_code, reason = "the build script needs the names only")]
#[path = "../src/words/role.rs"]
mod role;

use forms::{lay_out, vary};
use role::Role;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    action: Vec<ActionEntry>,
    symbols: BTreeMap<String, Vec<String>>,
    together: Vec<Together>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionEntry {
    name: String,
    #[serde(default)]
    slots: Vec<String>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    either: Vec<String>,
    #[serde(default)]
    current: Option<String>,
    #[serde(default)]
    destructive: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Together {
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    scripts: Vec<String>,
    #[serde(default)]
    extends: Option<String>,
    #[serde(default)]
    loans: Option<String>,
    #[serde(default)]
    variants: BTreeMap<String, String>,
    /// Letters that may be written otherwise: each word is there in both spellings.
    #[serde(default)]
    spellings: BTreeMap<String, String>,
    /// Of languages that explain a text equally well the lower one is taken; English is 0.
    #[serde(default = "usual_rank")]
    rank: u32,
    /// Nouns are written onto names: "testumgebung", "dev-backup".
    #[serde(default)]
    compounds: bool,
    /// Endings that names take: the nominative's, and the one in its place.
    #[serde(default)]
    inflections: Vec<(String, String)>,
    /// Endings that verbs take: the verb's own, and the one in its place.
    #[serde(default)]
    endings: Vec<(String, String)>,
    /// As endings, but with a pronoun in them: "restáuralo".
    #[serde(default)]
    objects: Vec<(String, String)>,
}

/// The rank of a language that names none.
fn usual_rank() -> u32 {
    5
}

/// A language's own words: phrase to roles.
#[derive(Clone)]
struct Words {
    head_scripts: Vec<String>,
    name: String,
    loans: Option<String>,
    spellings: BTreeMap<String, String>,
    inflections: Vec<(String, String)>,
    endings: Vec<(String, String)>,
    objects: Vec<(String, String)>,
    compounds: bool,
    rank: u32,
    phrases: BTreeMap<String, BTreeSet<usize>>,
}

/// One entry of a laid-out list: its roles, and whether it is borrowed from another language.
type Entry = (BTreeSet<usize>, bool);

/// An entry as the reader holds it: the bits of its roles, and whether it is borrowed.
type Meaning = (u128, bool);

fn main() -> Outcome<()> {
    let prompts = Path::new("../../prompts");
    println_rerun(prompts);
    let catalogue: Catalogue = toml::from_str(&fs::read_to_string(prompts.join("intents.toml"))?)
        .map_err(|error| format!("intents.toml: {error}"))?;
    let together = pairs(&catalogue)?;

    let mut languages: BTreeMap<String, Words> = BTreeMap::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(prompts.join("languages"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Outcome<_>>()?;
    folders.sort();
    for folder in folders.iter().filter(|folder| folder.join("words.toml").exists()) {
        let language = folder
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("folder name")?
            .to_owned();
        let words = read_words(folder, &languages, &together)
            .map_err(|error| format!("languages/{language}/words.toml: {error}"))?;
        languages.insert(language, words);
    }

    let out = out_dir()?;
    let mut meanings: Vec<Meaning> = Vec::new();
    let mut index = String::from("static LANGUAGES: &[Language] = &[\n");
    // The first wins a tie between languages.
    let mut order: Vec<&String> = languages.keys().collect();
    order.sort_by_key(|language| {
        let rank = languages.get(*language).map(|words| words.rank);
        (rank, language.as_str())
    });
    for language in order {
        let words = languages.get(language).ok_or("language")?;
        let entries = lay_out(language, words, &languages, &catalogue)?;
        let (phrases, splits) = listed(&entries, &mut meanings)?;
        fs::write(
            out.join(format!("words_{language}.bin")),
            layout::laid_out(&phrases)?,
        )?;
        let texts = fs::canonicalize(prompts.join("languages").join(language).join("texts.toml"))?;
        writeln!(
            index,
            "    Language {{ tag: {language:?}, name: {:?}, scripts: &{:?}, inflections: &{:?}, compounds: {}, texts: include_str!({texts:?}), words: Trie::laid_out(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/words_{language}.bin\"))), splits: &[{splits}] }},",
            words.name, words.head_scripts, words.inflections, words.compounds,
        )?;
    }
    index.push_str("];\n\nstatic MEANINGS: &[Meaning] = &[\n");
    for (bits, borrowed) in meanings {
        writeln!(
            index,
            "    Meaning {{ roles: RoleSet({bits}), borrowed: {borrowed} }},"
        )?;
    }
    index.push_str("];\n\n");
    index.push_str(&actions(&catalogue)?);
    fs::write(out.join("languages.rs"), index)?;
    Ok(())
}

/// A language's words, each with the number of its meaning, and its words in two pieces as the reader's
/// code holds them.
fn listed(
    entries: &BTreeMap<String, Entry>,
    meanings: &mut Vec<Meaning>,
) -> Outcome<(Vec<(String, usize)>, String)> {
    let (mut phrases, mut pieces) = (Vec::new(), Vec::new());
    for (phrase, (roles, borrowed)) in entries {
        let bits = roles.iter().fold(0u128, |bits, number| bits | 1 << number);
        match phrase.split_once(" … ") {
            Some((first, second)) => pieces.push((first, second, bits)),
            None => {
                let meaning = (bits, *borrowed);
                let known = meanings.iter().position(|known| *known == meaning);
                phrases.push((phrase.clone(), known.unwrap_or(meanings.len())));
                meanings.extend(Some(meaning).filter(|_| known.is_none()));
            }
        }
    }
    // The reader looks for them by their first pieces.
    pieces.sort_unstable();
    let mut splits = String::new();
    for (first, second, bits) in pieces {
        write!(
            splits,
            "Split {{ first: {first:?}, second: {second:?}, roles: RoleSet({bits}) }}, "
        )?;
    }
    Ok((phrases, splits))
}

fn println_rerun(prompts: &Path) {
    println!("cargo::rerun-if-changed={}", prompts.display());
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/words/role.rs");
    println!("cargo::rerun-if-changed=src/accent.rs");
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo hands the folder over by this variable only"
)]
fn out_dir() -> Outcome<PathBuf> {
    Ok(PathBuf::from(
        std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?,
    ))
}

fn role_number(name: &str) -> Outcome<usize> {
    Role::ALL
        .iter()
        .position(|role| role.name() == name)
        .ok_or_else(|| format!("there is no role {name:?}").into())
}

fn pairs(catalogue: &Catalogue) -> Outcome<BTreeSet<(usize, usize)>> {
    let mut allowed = BTreeSet::new();
    for group in &catalogue.together {
        let numbers = group
            .roles
            .iter()
            .map(|name| role_number(name))
            .collect::<Outcome<Vec<_>>>()?;
        for left in &numbers {
            for right in &numbers {
                allowed.insert((*left, *right));
            }
        }
    }
    Ok(allowed)
}

fn read_words(
    folder: &Path,
    earlier: &BTreeMap<String, Words>,
    together: &BTreeSet<(usize, usize)>,
) -> Outcome<Words> {
    let text = fs::read_to_string(folder.join("words.toml"))?;
    let mut table: toml::Table = toml::from_str(&text)?;
    let head: Head = table.remove("language").ok_or("no [language]")?.try_into()?;
    let mut phrases: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    if let Some(base) = &head.extends {
        let base = earlier
            .get(base)
            .ok_or_else(|| format!("extends {base:?}, which is not there yet"))?;
        for (phrase, roles) in &base.phrases {
            phrases.insert(vary(phrase, &head.variants), roles.clone());
        }
    }
    let mut own: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut mistakes: Vec<String> = Vec::new();
    for (section, value) in table {
        for (key, value) in value.try_into::<toml::Table>()? {
            let name = format!("{section}.{key}");
            let number = role_number(&name)?;
            for phrase in value
                .try_into::<Vec<String>>()
                .map_err(|error| format!("{name}: {error}"))?
            {
                let pieces: Vec<String> = phrase
                    .split('…')
                    .map(|piece| piece.nfkc().collect::<String>().to_lowercase())
                    .collect();
                let normal = pieces.join("…");
                if normal != phrase || phrase.trim() != phrase || phrase.is_empty() || phrase.contains('\t') {
                    mistakes.push(format!("{name}: {phrase:?} is not in its normal form"));
                }
                let roles = own.entry(phrase.clone()).or_default();
                if !roles.insert(number) {
                    mistakes.push(format!("{name}: {phrase:?} is there twice"));
                }
                if let Some(other) = roles
                    .iter()
                    .find(|other| !together.contains(&(**other, number)) && **other != number)
                {
                    let other = Role::ALL.get(*other).map_or("", |role| role.name());
                    mistakes.push(format!("{phrase:?} is claimed by {name} and {other}"));
                }
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes.join("\n").into());
    }
    // A language's own words replace those it extends.
    phrases.extend(own);
    Ok(Words {
        head_scripts: head.scripts,
        name: head.name,
        loans: head.loans,
        spellings: head.spellings,
        inflections: head.inflections,
        endings: head.endings,
        objects: head.objects,
        compounds: head.compounds,
        rank: head.rank,
        phrases,
    })
}

fn actions(catalogue: &Catalogue) -> Outcome<String> {
    let mut text = String::from("pub(crate) static CATALOGUE: &[Needs] = &[\n");
    let slots = |names: &[String]| -> Outcome<String> {
        let mut list = Vec::new();
        for name in names {
            list.push(match name.as_str() {
                "source" => "Part::Source",
                "target" => "Part::Target",
                "package" => "Part::Package",
                "rule" => "Part::Rule",
                other => return Err(format!("intents.toml: no slot {other:?}").into()),
            });
        }
        Ok(list.join(", "))
    };
    for entry in &catalogue.action {
        for name in entry.required.iter().chain(&entry.either).chain(&entry.current) {
            if !entry.slots.contains(name) {
                return Err(format!("intents.toml: {} has no slot {name:?}", entry.name).into());
            }
        }
        let current = match &entry.current {
            Some(name) => format!("Some({})", slots(std::slice::from_ref(name))?),
            None => "None".to_owned(),
        };
        writeln!(
            text,
            "    Needs {{ name: {:?}, slots: &[{}], required: &[{}], either: &[{}], current: {current}, destructive: {} }},",
            entry.name,
            slots(&entry.slots)?,
            slots(&entry.required)?,
            slots(&entry.either)?,
            entry.destructive,
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}
