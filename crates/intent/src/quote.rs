//! Finds quotations of every style in a normalised text.
//!
//! What a quotation's content is (a name, a file, someone's sentence) is left to the tokeniser.

use crate::script::is_word;

/// Where a quotation's content stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoted {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// One past the closing sign.
    pub(crate) after: usize,
}

/// The quotation that opens at `place`, if one does and it is closed.
pub(crate) fn at(text: &str, place: usize) -> Option<Quoted> {
    let rest = text.get(place..)?;
    let open = rest.chars().next()?;
    let close = match open {
        '"' => '"',
        '`' => '`',
        '「' => '」',
        '『' => '』',
        '《' => '》',
        '〈' => '〉',
        '【' => '】',
        '\'' => return single(text, place),
        _ => return None,
    };
    if open == '`'
        && let Some(fence) = rest.strip_prefix("```")
    {
        let length = fence.find("```")?;
        return Some(Quoted {
            start: place + 3,
            end: place + 3 + length,
            after: place + 6 + length,
        });
    }
    let start = place + open.len_utf8();
    let length = text.get(start..)?.find(close)?;
    Some(Quoted {
        start,
        end: start + length,
        after: start + length + close.len_utf8(),
    })
}

/// A single quote opens only where no word ends, and closes only where none goes on: "don't" and
/// "users'" are no quotations.
fn single(text: &str, place: usize) -> Option<Quoted> {
    let before = text.get(..place)?.chars().next_back();
    let start = place + 1;
    let rest = text.get(start..)?;
    if before.is_some_and(is_word) || rest.starts_with([' ', '\n']) {
        return None;
    }
    for (found, _) in rest.match_indices('\'') {
        let next = rest.get(found + 1..)?.chars().next();
        let last = rest.get(..found)?.chars().next_back();
        if found > 0 && next.is_none_or(|next| !is_word(next)) && last.is_some_and(|last| last != ' ') {
            return Some(Quoted {
                start,
                end: start + found,
                after: start + found + 1,
            });
        }
    }
    None
}

/// The content of a text that is one quotation from end to end.
pub(crate) fn whole(text: &str) -> Option<(usize, usize)> {
    let quoted = at(text, 0)?;
    text.get(quoted.after..)?
        .trim_matches([' ', '.', '!', '。', '\n'])
        .is_empty()
        .then_some((quoted.start, quoted.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str, place: usize) -> Option<&str> {
        at(text, place).and_then(|quoted| text.get(quoted.start..quoted.end))
    }

    #[test]
    fn quotations() {
        assert_eq!(content("\"restore dev\" x", 0), Some("restore dev"));
        assert_eq!(content("'don't do it' x", 0), Some("don't do it"));
        assert_eq!(content("users' data isn't", 5), None);
        assert_eq!(content("「開発」を", 0), Some("開発"));
        assert_eq!(content("```a `b` c```", 0), Some("a `b` c"));
        assert_eq!(content("\"open", 0), None);
        assert_eq!(whole("\"restore dev to test\"."), Some((1, 20)));
    }
}
