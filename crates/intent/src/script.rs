//! What kind of script a character belongs to, as far as finding words needs it.

/// A character of a script that is written without spaces between words, or whose particles are
/// written onto the word (Hangul): words in it have no boundary to look for.
pub(crate) fn is_unspaced(character: char) -> bool {
    is_han(character)
        || matches!(character,
            '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
            | '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}'
            | '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// A Chinese character.
pub(crate) fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '々' | '〇')
}

/// A letter or digit of a script with spaces between words.
pub(crate) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    character.is_alphanumeric() && !is_unspaced(character)
}

/// The script a character speaks for, by the names the language files use.
pub(crate) fn script(character: char) -> Option<&'static str> {
    Some(match character {
        'a'..='z' => "latin",
        '\u{3040}'..='\u{30ff}' => "kana",
        '\u{ac00}'..='\u{d7a3}' => "hangul",
        '\u{0400}'..='\u{052f}' => "cyrillic",
        character if is_han(character) => "han",
        '\u{00c0}'..='\u{024f}' | '\u{1e00}'..='\u{1eff}' => "latin",
        _ => return None,
    })
}
