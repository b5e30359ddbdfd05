//! Names with the endings of a language: "на тесте", "с прода" for the names "тест" and "прод".
//!
//! The endings are the language's (`inflections` in its words); a name written exactly so always
//! comes first, and a form that two names could have is none.

use crate::boundary::ends_word;
use crate::known::{Form, Known};
use crate::script::is_word;

/// The known name that begins `rest` in an inflected form, with the length of what is written.
pub(crate) fn inflected<'k>(
    rest: &str,
    known: &'k Known,
    inflections: &[(&str, &str)],
) -> Option<(usize, &'k Form)> {
    if inflections.is_empty() || !rest.chars().next().is_some_and(is_word) {
        return None;
    }
    let lengthened = |length: usize| {
        let (name, tail) = rest.split_at_checked(length)?;
        let ends_latin = name.ends_with(|letter: char| letter.is_ascii_alphanumeric());
        // A foreign name takes its ending behind a sign, or in the other script: "dev'а", "dev-а".
        let bare = tail
            .strip_prefix(['\'', '-'])
            .filter(|_| ends_latin)
            .unwrap_or(tail);
        let mut fitting = inflections.iter().filter(|(nominative, ending)| {
            let foreign = ends_latin == ending.is_ascii() || ends_latin;
            nominative.is_empty() && foreign && bare.starts_with(ending) && ends_word(bare, ending.len())
        });
        let (_, ending) = fitting.next()?;
        Some(length + (tail.len() - bare.len()) + ending.len())
    };
    let whole = known
        .forms()
        .longest_at(rest, |length| lengthened(length).is_some())
        .and_then(|(length, form)| Some((lengthened(length)?, form)));
    if whole.is_some() {
        return whole;
    }
    let end = rest.find(|letter: char| !is_word(letter)).unwrap_or(rest.len());
    let word = rest.get(..end).filter(|_| ends_word(rest, end))?;
    let mut found: Option<&Form> = None;
    for (nominative, ending) in inflections
        .iter()
        .filter(|(nominative, _)| !nominative.is_empty())
    {
        let Some(stem) = word
            .strip_suffix(ending)
            .filter(|stem| stem.chars().nth(1).is_some())
        else {
            continue;
        };
        let Some(form) = known.forms().get(&format!("{stem}{nominative}")) else {
            continue;
        };
        if found.is_some_and(|other| other != form) {
            return None;
        }
        found = Some(form);
    }
    found.map(|form| (end, form))
}
