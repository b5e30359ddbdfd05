//! Reads what is neither a word nor a name: quotations, and words nobody knows.

use crate::boundary::{ends_with_s, ends_word};
use crate::cut::Cutter;
use crate::package;
use crate::quote;
use crate::script::{is_unspaced, is_word};
use crate::tokens::Kind;
use crate::words::Role;

impl Cutter<'_, '_> {
    pub(crate) fn quoted(&mut self, quoted: &quote::Quoted) -> usize {
        let content = self.text.get(quoted.start..quoted.end).unwrap_or("");
        let trimmed = content.trim();
        let start = quoted.start + (content.len() - content.trim_start().len());
        let end = start + trimmed.len();
        let named = self
            .tokens
            .list
            .last()
            .is_some_and(|last| last.roles.has(Role::NounPackage) || last.roles.has(Role::Named));
        let kind = match self.known.forms().get(trimmed) {
            Some(form) => {
                let span = self.tokens.normal.original(start, end);
                let written = self.tokens.original.get(span.start..span.end).unwrap_or("");
                form.owner(written).map_or(Kind::Disputed, Kind::Environment)
            }
            None if trimmed.is_empty() => return quoted.after,
            None if package::is_package(trimmed) || named => Kind::Package,
            None if self.is_plain_name(trimmed) => Kind::Unknown,
            None => Kind::Quote,
        };
        self.push(kind, start, end);
        quoted.after
    }

    /// Whether a quoted text can only be a name: one word that the language does not know.
    fn is_plain_name(&self, text: &str) -> bool {
        let language = self.tokens.language;
        let short = text.chars().count() <= if text.is_ascii() { 40 } else { 6 };
        short
            && !text.contains(' ')
            && text.char_indices().all(|(place, letter)| {
                let rest = text.get(place..).unwrap_or("");
                (place > 0 && !is_unspaced(letter))
                    || language.word_at(rest, |end| ends_word(rest, end)).is_none()
            })
    }

    pub(crate) fn unknown_letter(&mut self, place: usize, letter: char) -> usize {
        let end = place + letter.len_utf8();
        if let Some(last) = self.tokens.list.last_mut()
            && last.kind == Kind::Unknown
            && last.end == place
        {
            last.end = end;
            return end;
        }
        self.push(Kind::Unknown, place, end)
    }

    pub(crate) fn unknown_word(&mut self, place: usize) -> usize {
        let rest = self.rest(place);
        if rest.starts_with("http://") || rest.starts_with("https://") {
            let length = rest.find([' ', '\n', '"']).unwrap_or(rest.len());
            return self.push(Kind::Unknown, place, place + length);
        }
        let mut letters = rest.char_indices().peekable();
        let mut end = 0;
        let mut number = true;
        while let Some((at, letter)) = letters.next() {
            let follows = letters.peek().is_some_and(|(_, next)| is_word(*next));
            let inside = matches!(letter, '-' | '.' | '\'' | '@' | '&') && follows
                || number
                    && matches!(letter, ':' | '/')
                    && letters.peek().is_some_and(|(_, next)| next.is_ascii_digit());
            if !is_word(letter) && !letter.is_numeric() && !inside {
                break;
            }
            // A possessive ending is a word of its own.
            if letter == '\'' && ends_with_s(rest, at) {
                break;
            }
            number = number && !letter.is_alphabetic() && letter != '_';
            end = at + letter.len_utf8();
        }
        let span = self.tokens.normal.original(place, place + end);
        let written = self.tokens.original.get(span.start..span.end).unwrap_or("");
        let name_like = written.contains(|letter: char| letter.is_ascii_digit() || "_-.".contains(letter))
            || written.chars().skip(1).any(char::is_uppercase)
            || written.chars().count() == 1 && written.chars().all(char::is_uppercase);
        self.push(
            if number { Kind::Number } else { Kind::Unknown },
            place,
            place + end,
        );
        if let Some(token) = self.tokens.list.last_mut() {
            token.name_like = name_like;
        }
        place + end
    }
}
