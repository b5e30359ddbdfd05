//! Where words and names may end: "test" does not end in "test-2", a verb not inside a name.

use crate::cut::Cutter;
use crate::package;
use crate::script::{is_unspaced, is_word};
use crate::words::{Role, RoleSet};

impl Cutter<'_, '_> {
    /// Whether a phrase of several words has an environment's name among them: names come first.
    pub(crate) fn hides_a_name(&self, rest: &str, length: usize) -> bool {
        let phrase = rest.get(..length).unwrap_or("");
        if !phrase.contains(' ') {
            return false;
        }
        let mut place = 0;
        phrase.split(' ').any(|word| {
            let from = rest.get(place..).unwrap_or("");
            place += word.len() + 1;
            self.known
                .forms()
                .longest_at(from, |end| self.ends_name(from, end))
                .is_some()
        })
    }

    /// Whether a noun is written onto a name, in a language that does so: "umgebung" in
    /// "testumgebung", "-backup" in "dev-backup".
    fn takes_a_noun(&self, tail: &str) -> bool {
        const NOUNS: RoleSet = RoleSet::of(&[
            Role::NounEnvironment,
            Role::NounPackage,
            Role::NounPackages,
            Role::NounContent,
            Role::NounState,
            Role::BackupName,
        ]);
        let noun = tail.strip_prefix('-').unwrap_or(tail);
        let language = self.tokens.language;
        language.compounds
            && language
                .word_at(noun, |length| ends_word(noun, length))
                .is_some_and(|(_, meaning)| meaning.roles.meets(NOUNS))
    }

    /// Whether a name may end after `length` bytes: "test" does not end in "test-2" or "test.local".
    pub(crate) fn ends_name(&self, rest: &str, length: usize) -> bool {
        let tail = rest.get(length..).unwrap_or("");
        let written_on = tail.starts_with(|letter| letter == '-' || is_word(letter));
        if written_on && self.takes_a_noun(tail) {
            return true;
        }
        if !ends_word(rest, length) {
            return false;
        }
        let mut letters = tail.chars();
        let Some(next) = letters.next() else { return true };
        let last = rest.get(..length).and_then(|name| name.chars().next_back());
        if last.is_some_and(is_unspaced) && is_word(next) {
            // "测试2" is another name than "测试"; "测试to开发" is not.
            let language = self.tokens.language;
            return !next.is_numeric()
                && (language
                    .word_at(tail, |end| end > 1 && ends_word(tail, end))
                    .is_some()
                    || self
                        .known
                        .forms()
                        .longest_at(tail, |end| ends_word(tail, end))
                        .is_some()
                    || package::file_at(tail).is_some());
        }
        let after = letters.next();
        !(matches!(next, '-' | '.' | '@' | '_' | '+')
            && after.is_some_and(|after| is_word(after) || (next == '-' && is_unspaced(after))))
    }
}

/// Whether a word may end after `length` bytes of `rest`.
pub(crate) fn ends_word(rest: &str, length: usize) -> bool {
    let last = rest.get(..length).and_then(|word| word.chars().next_back());
    let tail = rest.get(length..).unwrap_or("");
    let mut letters = tail.chars();
    let (Some(last), Some(next)) = (last, letters.next()) else {
        return true;
    };
    if !is_word(last) {
        return true;
    }
    let after = letters.next();
    if is_word(next) {
        return false;
    }
    let joined = after.is_some_and(is_word);
    match next {
        '-' | '@' => !joined,
        '\'' => !joined || ends_with_s(tail, 0),
        _ => true,
    }
}

/// Whether the apostrophe at `place` begins "'s" at a word's end.
pub(crate) fn ends_with_s(text: &str, place: usize) -> bool {
    let mut letters = text.get(place + 1..).unwrap_or("").chars();
    letters.next() == Some('s') && letters.next().is_none_or(|next| !is_word(next))
}
