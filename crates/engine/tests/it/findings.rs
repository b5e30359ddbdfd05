//! `docs/findings.md` lists every code that the source gives, with the same severity, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What the page and the source are compared by: sections of the page, severities of findings.
type Codes = BTreeMap<String, BTreeSet<&'static str>>;

/// What a call or an arm says of the code that is its first text. The local helpers make blockers.
const SAYS: [(&str, &str); 6] = [
    ("Finding::blocker", "blocker"),
    ("Finding::warning", "warning"),
    ("Finding::note", "note"),
    ("refuse", "blocker"),
    ("refused", "blocker"),
    ("Stop::new", "cause"),
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The code of every file below, without its tests.
fn sources(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                found.extend(sources(&path));
            }
        } else if !path.ends_with("testing.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            found.push(code.to_owned());
        }
    }
    found
}

/// The text that begins here, where it could be a code.
fn code(rest: &str) -> Option<(&str, &str)> {
    let (code, behind) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    let is_word = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (is_word && !code.is_empty()).then_some((code, behind))
}

/// The code that a name stands for, where it is a constant or was bound to one.
fn named<'a>(rest: &str, source: &'a str, all: &'a str) -> Option<&'a str> {
    let name = rest.trim_start().split(',').next()?;
    let bound = source.split_once(&format!("let {name} = "));
    let (_, value) = bound.or_else(|| all.split_once(&format!("const {name}: &str = ")))?;
    code(value).map(|(code, _)| code)
}

/// Codes of findings and of what ends a run; `all` is where constants may stand. One that is chosen in a tuple becomes a
/// note or a warning later.
fn made(source: &str, all: &str, codes: &mut Codes) {
    for (at, _) in source.match_indices('(') {
        let rest = &source[at + 1..];
        let caller = source[..at]
            .rsplit(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)))
            .next()
            .unwrap_or_default();
        let said = SAYS.iter().find(|(call, _)| *call == caller);
        match (said, code(rest)) {
            (Some((_, severity)), literal) => {
                let code = literal.map(|(code, _)| code);
                if let Some(code) = code.or_else(|| named(rest, source, all)) {
                    codes.entry(code.to_owned()).or_default().insert(severity);
                }
            }
            (None, Some((code, behind)))
                if caller.is_empty() && code.contains('_') && behind.starts_with(',') =>
            {
                codes
                    .entry(code.to_owned())
                    .or_default()
                    .extend(["warning", "note"]);
            }
            _ => {}
        }
    }
    for (at, field) in source.match_indices("code: ") {
        if let Some((code, _)) = code(&source[at + field.len()..]) {
            codes.entry(code.to_owned()).or_default().insert("cause");
        }
    }
}

/// Codes of errors: what the arms of `fn code` give.
fn errors(source: &str, codes: &mut Codes) {
    let Some((_, body)) = source.split_once("pub fn code(&self)") else {
        panic!("no codes here");
    };
    let body = body.split("\n    }").next().unwrap();
    for (at, _) in body.match_indices("=> ").chain(body.match_indices("map_or(")) {
        let rest = body[at..].trim_start_matches("=> ").trim_start_matches("map_or(");
        if let Some((code, _)) = code(rest) {
            codes.entry(code.to_owned()).or_default().insert("error");
        }
    }
}

#[test]
fn the_page_and_the_source_name_the_same_codes() {
    let mut in_source = Codes::new();
    let files = sources(&crates().join("engine/src"));
    let all = files.concat();
    for source in &files {
        made(source, &all, &mut in_source);
    }
    for file in [
        "engine/src/error.rs",
        "engine/src/package/error.rs",
        "client/src/error.rs",
    ] {
        errors(&fs::read_to_string(crates().join(file)).unwrap(), &mut in_source);
    }

    let page = fs::read_to_string(crates().join("../docs/findings.md")).unwrap();
    let mut on_page = Codes::new();
    let mut section = "";
    for line in page.lines() {
        section = line.strip_prefix("## ").unwrap_or(section);
        let Some(row) = line.strip_prefix("| `") else {
            continue;
        };
        let cells: Vec<&str> = row.trim_end_matches('|').split(" |").map(str::trim).collect();
        let code = cells[0].trim_end_matches('`');
        let severities = on_page.entry(code.to_owned()).or_default();
        let said: Vec<&str> = match section {
            "Findings" => cells[1].split(", ").collect(),
            "Causes" => vec!["cause"],
            _ => vec!["error"],
        };
        for severity in said {
            let known = ["blocker", "warning", "note", "cause", "error"];
            let severity = known.into_iter().find(|known| *known == severity);
            severities.insert(severity.unwrap_or_else(|| panic!("{line}")));
        }
        let [.., meaning, next_step] = &cells[..] else {
            panic!("{line}")
        };
        assert!(!meaning.is_empty(), "{line}");
        let needs_a_step = section == "Findings" && cells[1] != "note";
        assert!(!needs_a_step || !next_step.is_empty(), "{line}");
    }
    let only = |these: &Codes, those: &Codes| -> Codes {
        let mut only = these.clone();
        only.retain(|code, severities| those.get(code) != Some(severities));
        only
    };
    let (stale, missing) = (only(&on_page, &in_source), only(&in_source, &on_page));
    assert!(
        stale.is_empty() && missing.is_empty(),
        "docs/findings.md says {stale:?}, the source says {missing:?}"
    );
    let refused = on_page.values().filter(|said| said.contains("blocker")).count();
    assert!(refused >= 40, "{refused} kinds of refusal");
}
