//! Reads a whole text: picks its language, cuts it into clauses, reads each, and completes what
//! they decide.
//!
//! The steps themselves are left to the other modules.

use crate::act;
use crate::clause;
use crate::correct;
use crate::cut::tokenise;
use crate::decide::{carry, decide};
use crate::finish;
use crate::intent::Action;
use crate::known::Known;
use crate::method;
use crate::normal::normalise;
use crate::part::Read;
use crate::quote;
use crate::reading::Reading;
use crate::request::take_up;
use crate::script::{is_unspaced, script};
use crate::tokens::{Kind, Tokens};
use crate::words::{Language, languages};

/// A text longer than this is not a request.
const LONGEST: usize = 4000;

/// Reads `text` against the closed list of environments.
pub fn read(text: &str, known: &Known) -> Reading {
    if text.len() > LONGEST && text.chars().nth(LONGEST).is_some() {
        return finish::refused("too_long", language_of_script(text.chars().take(LONGEST)));
    }
    let normal = normalise(text);
    let trimmed = normal.text.trim_end();
    let Some((start, end)) = quote::whole(trimmed) else {
        return read_plain(text, known, false);
    };
    // The text as a whole stands in quotation marks: read it without them, and ask.
    let (open, close) = (normal.original(0, start), normal.original(end, trimmed.len()));
    let mut inner = String::with_capacity(text.len());
    for (place, letter) in text.char_indices() {
        let sign = (place >= open.start && place < open.end) || (place >= close.start && place < close.end);
        match sign {
            true => inner.extend(std::iter::repeat_n(' ', letter.len_utf8())),
            false => inner.push(letter),
        }
    }
    read_plain(&inner, known, true)
}

fn read_plain(text: &str, known: &Known, quoted: bool) -> Reading {
    let normal = normalise(text);
    let candidates: Vec<&'static Language> = candidates(&normal.text);
    let mut best: Option<(isize, Tokens<'_>)> = None;
    for language in candidates {
        let tokens = tokenise(&normal, text, known, language);
        let score = tokens.score();
        if best.as_ref().is_none_or(|(other, _)| score > *other) {
            best = Some((score, tokens));
        }
    }
    let Some((_, mut tokens)) = best else {
        return finish::nothing(language_of_script(text.chars()));
    };
    let spoken = tokens
        .list
        .iter()
        .any(|token| token.kind == Kind::Word && !token.borrowed);
    let language = if spoken {
        tokens.language.tag
    } else {
        language_of_script(normal.text.chars())
    };
    let all = tokens.list.clone();
    act::settle_names(&mut tokens.list);
    act::settle_things(&mut tokens.list);
    method::settle_methods(&mut tokens.list);
    let mut list = std::mem::take(&mut tokens.list);
    clause::drop_contrasts(&mut list);
    correct::put_right(&mut list);
    let clauses = clause::split(&list);
    let mut read: Vec<Read<'_>> = clauses.iter().map(|clause| Read::new(clause, &tokens)).collect();
    carry(&mut read);
    take_up(&mut read);
    let mut decision = decide(&read, &tokens, known);
    if quoted && decision.frame.action.is_none_or(Action::is_destructive) && !decision.refused() {
        decision.ask_action("quoted_whole");
    }
    tokens.list = all;
    finish::finish(decision, &tokens, known, language)
}

/// Languages that could be meant, by script; English is among them when there are Latin letters.
fn candidates(text: &str) -> Vec<&'static Language> {
    let mut scripts: Vec<&'static str> = text.chars().filter_map(script).collect();
    scripts.sort_unstable();
    scripts.dedup();
    languages()
        .iter()
        .filter(|language| {
            language.scripts.iter().any(|script| scripts.contains(script))
                && (!scripts.contains(&"kana")
                    || language.scripts.contains(&"kana")
                    || language.scripts.contains(&"latin"))
        })
        .collect()
}

fn language_of_script(letters: impl Iterator<Item = char>) -> &'static str {
    let unspaced = letters.filter(|letter| is_unspaced(*letter)).find_map(script);
    unspaced
        .and_then(|script| {
            languages()
                .iter()
                .find(|language| language.scripts.contains(&script))
        })
        .map_or("en", |language| language.tag)
}
