//! Brings a text into one form (NFKC, lower case, plain quotes and spaces, no invisible
//! characters) and remembers where each piece stood in the original.
//!
//! Finding words in it is left to the tokeniser.

use crate::accent::without_accent;
use crate::intent::Span;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// A normalised text with a way back to the original.
#[derive(Debug, Default)]
pub(crate) struct Normal {
    /// The normalised text; begins with no space, has no two spaces in a row.
    pub(crate) text: String,
    /// For each byte of `text`, where the piece it came from begins and ends in the original.
    origin: Vec<(u32, u32)>,
    /// The text without accents, if it has any.
    plain: Option<Plain>,
}

/// A normalised text without accents, with the way there and back.
#[derive(Debug, Default)]
struct Plain {
    text: String,
    /// For each byte of the text, where it stands without accents.
    there: Vec<u32>,
    /// For each byte without accents, where it stands in the text.
    back: Vec<u32>,
}

impl Plain {
    fn of(text: &str) -> Option<Plain> {
        if text.is_ascii() || !text.chars().any(|letter| without_accent(letter).is_some()) {
            return None;
        }
        let mut plain = Plain::default();
        for (place, letter) in text.char_indices() {
            let bare = without_accent(letter).unwrap_or(letter);
            plain
                .there
                .extend(std::iter::repeat_n(plain.text.len() as u32, letter.len_utf8()));
            plain
                .back
                .extend(std::iter::repeat_n(place as u32, bare.len_utf8()));
            plain.text.push(bare);
        }
        plain.there.push(plain.text.len() as u32);
        plain.back.push(text.len() as u32);
        Some(plain)
    }
}

impl Normal {
    /// The stretch of the original that these bytes of the normalised text came from.
    pub(crate) fn original(&self, start: usize, end: usize) -> Span {
        let first = self.origin.get(start).map_or(0, |origin| origin.0);
        let last = end
            .checked_sub(1)
            .and_then(|last| self.origin.get(last))
            .map_or(first, |origin| origin.1);
        Span {
            start: first as usize,
            end: last as usize,
        }
    }

    /// What stands at `place` without accents, if the text has any, and from a length there to the
    /// length in the text.
    pub(crate) fn without_accents(&self, place: usize) -> Option<(&str, impl Fn(usize) -> usize + '_)> {
        let plain = self.plain.as_ref()?;
        let from = *plain.there.get(place)? as usize;
        let length = move |length: usize| {
            let end = plain.back.get(from + length).map_or(place, |end| *end as usize);
            end.saturating_sub(place)
        };
        Some((plain.text.get(from..)?, length))
    }

    fn push(&mut self, character: char, origin: (u32, u32)) {
        self.text.push(character);
        for _ in 0..character.len_utf8() {
            self.origin.push(origin);
        }
    }
}

/// A name or a word in normal form.
pub(crate) fn normal_form(text: &str) -> String {
    let mut form = normalise(text).text;
    form.truncate(form.trim_end().len());
    form
}

/// Normalises a text.
pub(crate) fn normalise(original: &str) -> Normal {
    let mut normal = Normal {
        text: String::with_capacity(original.len()),
        origin: Vec::with_capacity(original.len()),
        plain: None,
    };
    let mut characters = original.char_indices().peekable();
    while let Some((start, first)) = characters.next() {
        let mut end = start + first.len_utf8();
        if first.is_ascii() && characters.peek().is_none_or(|(_, next)| next.is_ascii()) {
            put(
                &mut normal,
                first.to_ascii_lowercase(),
                (start as u32, end as u32),
            );
            continue;
        }
        // A character and all that joins it are normalised together.
        while let Some((at, next)) = characters.peek().copied().filter(|(_, next)| joins(*next)) {
            end = at + next.len_utf8();
            characters.next();
        }
        let origin = (start as u32, end as u32);
        for character in original
            .get(start..end)
            .unwrap_or("")
            .nfkc()
            .flat_map(char::to_lowercase)
        {
            put(&mut normal, character, origin);
        }
    }
    normal.plain = Plain::of(&normal.text);
    normal
}

fn put(normal: &mut Normal, character: char, origin: (u32, u32)) {
    match fold(character) {
        // A line's end is kept: it ends a sentence.
        Some('\n') => {
            if normal.text.ends_with(' ') {
                normal.text.pop();
                normal.origin.pop();
            }
            if !normal.text.is_empty() && !normal.text.ends_with('\n') {
                normal.push('\n', origin);
            }
        }
        Some(' ') if normal.text.is_empty() || normal.text.ends_with([' ', '\n']) => {}
        Some(folded) => normal.push(folded, origin),
        None => {}
    }
}

/// One character in normal form; `None` for those that cannot be seen.
fn fold(character: char) -> Option<char> {
    Some(match character {
        '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => return None,
        '\u{feff}' | '\u{ad}' | '\u{fe00}'..='\u{fe0f}' | '\u{61c}' => return None,
        '\u{e0000}'..='\u{e0fff}' | '\u{1f3fb}'..='\u{1f3ff}' => return None,
        '’' | '‘' | '‛' | '´' | 'ʼ' | '′' => '\'',
        '“' | '”' | '‟' | '„' | '«' | '»' | '〝' | '〞' | '″' => '"',
        '‐' | '‑' | '‒' | '−' | '﹣' => '-',
        '–' | '―' => '—',
        '。' | '｡' => '。',
        '，' | '﹐' => ',',
        '､' => '、',
        '؟' => '?',
        '‹' | '›' => '\'',
        character if character.is_whitespace() || character.is_control() => ' ',
        character => character,
    })
}

fn joins(character: char) -> bool {
    canonical_combining_class(character) != 0
        || matches!(character, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_one() {
        assert_eq!(normal_form("Ｒｅｓｔｏｒｅ　ＤＥＶ"), "restore dev");
        assert_eq!(normal_form("e\u{301}tat  x\t"), "état x");
        assert_eq!(normal_form("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_eq!(normal_form("ﾊﾟ"), "パ");
        assert_eq!(normal_form("don’t\u{200b} “do”"), "don't \"do\"");
        assert_eq!(normal_form(" a \r\n b "), "a\nb");
    }

    #[test]
    fn the_way_back_is_kept() {
        let original = "把“ＤＥＶ” x";
        let normal = normalise(original);
        let start = normal.text.find("dev").unwrap();
        let span = normal.original(start, start + 3);
        assert_eq!(original.get(span.start..span.end), Some("ＤＥＶ"));
    }
}
