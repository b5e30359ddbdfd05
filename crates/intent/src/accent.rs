//! Letters without their accents, for people who leave them out.
//!
//! Shared with the build script, so that the words and the texts lose the same accents. Which of
//! two spellings is meant is left to the look-up: an accent that is written counts.

use unicode_normalization::UnicodeNormalization;

/// The letter without its accent, if it is a Latin letter (or a Cyrillic ё) with one.
pub(crate) fn without_accent(letter: char) -> Option<char> {
    match letter {
        '\0'..='\u{bf}' => None,
        'đ' => Some('d'),
        'ı' => Some('i'),
        'ł' => Some('l'),
        'ø' => Some('o'),
        'ё' => Some('е'),
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => std::iter::once(letter)
            .nfd()
            .next()
            .filter(char::is_ascii_alphabetic),
        _ => None,
    }
}
