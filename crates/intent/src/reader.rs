//! Reads a whole text: picks its language, cuts it into clauses, reads each, and completes what
//! they decide.
//!
//! The steps themselves are left to the other modules.

use crate::carry::carry;
use crate::contrast::drop_contrasts;
use crate::correct;
use crate::cut::tokenise;
use crate::decide::decide;
use crate::finish;
use crate::fragment::{take_sides, take_up};
use crate::intent::Action;
use crate::known::Known;
use crate::label;
use crate::method;
use crate::normal::normalise;
use crate::part::Read;
use crate::quote;
use crate::reading::Reading;
use crate::restate::restate;
use crate::script::{is_unspaced, script};
use crate::settle;
use crate::slip;
use crate::split::split;
use crate::tokens::{Kind, Tokens};
use crate::why::settle_losses;
use crate::words::{Language, languages};

/// A text longer than this is not a request.
const LONGEST: usize = 4000;

/// A language is as likely as the best one when it explains so much of what that one explains.
const LIKELY: (isize, isize) = (97, 100);

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
    let mut seen: Vec<(isize, usize, Tokens<'_>)> = Vec::new();
    let (latin, others): (Vec<_>, Vec<_>) = candidates(&normal.text)
        .into_iter()
        .enumerate()
        .partition(|(_, language)| language.scripts.contains(&"latin"));
    for (order, language) in others {
        let tokens = tokenise(&normal, text, known, language);
        seen.push((tokens.score(), order, tokens));
    }
    // A text in another script needs no Latin language where one of its own knows every word.
    let own = seen.iter().any(|(.., tokens)| tokens.knows_enough());
    for (order, language) in latin.into_iter().filter(|_| !own) {
        let tokens = tokenise(&normal, text, known, language);
        // The first language needs no other beside it where it knows every word.
        let whole = seen.is_empty() && tokens.knows_all();
        seen.push((tokens.score(), order, tokens));
        if whole {
            break;
        }
    }
    // Of equal scores the first stays first.
    seen.sort_by_key(|(score, order, _)| (std::cmp::Reverse(*score), *order));
    let mut seen = seen.into_iter();
    let Some((best, _, tokens)) = seen.next() else {
        return finish::nothing(language_of_script(text.chars()));
    };
    let reading = read_tokens(tokens, known, quoted);
    if !acts(&reading) {
        return reading;
    }
    // What another language, as likely, reads as a denial or a question must not act.
    let refuses = |reading: &Reading| matches!(reading.intent.action, Some(Action::None | Action::Help));
    seen.take_while(|(score, ..)| score * LIKELY.1 >= best * LIKELY.0)
        .map(|(.., tokens)| read_tokens(tokens, known, quoted))
        .find(refuses)
        .unwrap_or(reading)
}

fn acts(reading: &Reading) -> bool {
    reading.intent.clarify.is_empty() && reading.intent.action.is_some_and(Action::is_destructive)
}

/// Reads what one language's words cut the text into.
fn read_tokens(mut tokens: Tokens<'_>, known: &Known, quoted: bool) -> Reading {
    let spoken = tokens
        .list
        .iter()
        .any(|token| token.kind == Kind::Word && !token.borrowed);
    let language = if spoken {
        tokens.language.tag
    } else {
        language_of_script(tokens.normal.text.chars())
    };
    slip::settle_slips(&mut tokens);
    let all = tokens.list.clone();
    label::settle_confirmations(&mut tokens.list);
    let mut list = std::mem::take(&mut tokens.list);
    label::settle_labels(&mut list, |token| tokens.written(token).to_owned());
    tokens.list = list;
    settle::settle_names(&mut tokens.list);
    settle::settle_things(&mut tokens.list);
    settle::settle_undo(&mut tokens.list);
    method::settle_structure(&mut tokens.list);
    method::settle_data(&mut tokens.list);
    method::settle_methods(&mut tokens.list);
    let mut list = std::mem::take(&mut tokens.list);
    correct::settle_particles(&mut list);
    correct::close_up(&mut list);
    drop_contrasts(&mut list);
    correct::put_right(&mut list);
    let clauses = split(&list);
    let mut read: Vec<Read<'_>> = clauses.iter().map(|clause| Read::new(clause, &tokens)).collect();
    carry(&mut read);
    for place in 1..read.len() {
        // "only a few fields changed, so …": what gives a reason limits nothing.
        if read.get(place).is_some_and(|part| part.clause.is_result())
            && let Some(reason) = read.get_mut(place - 1)
            && reason.acts.is_empty()
        {
            reason.limited = false;
            reason.put_off = false;
            reason.explains = true;
        }
    }
    settle_losses(&mut read);
    restate(&mut read);
    take_up(&mut read);
    take_sides(&mut read);
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
            // A language names the script first that is its own.
            languages()
                .iter()
                .find(|language| language.scripts.first() == Some(&script))
        })
        .map_or("en", |language| language.tag)
}
