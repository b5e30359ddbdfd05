//! Text that was not written here: names, messages and excerpts that come from servers and packages.
//!
//! Such text is data. It is bounded, characters that hide or reorder other text become visible escapes, and where
//! it stands beside our own words it is quoted line by line. Structured results go through [`clean_value`] as a whole.

use serde_json::Value;

/// The longest single string in a result.
const LONGEST_STRING: usize = 12_000;
/// The longest list in a result.
const LONGEST_LIST: usize = 200;

/// The text with hidden characters escaped, cut after `limit` characters.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(limit));
    for (place, letter) in text.chars().enumerate() {
        if place >= limit {
            cleaned.push_str(&format!("… ({} more characters)", text.chars().count() - limit));
            break;
        }
        match letter {
            '\n' => cleaned.push('\n'),
            '\t' => cleaned.push(' '),
            hidden if is_hidden(hidden) => cleaned.extend(hidden.escape_unicode()),
            plain => cleaned.push(plain),
        }
    }
    cleaned
}

/// The same on one line.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    clean(text, limit).replace('\n', " ")
}

/// The text as quoted lines, so that no line of it can pass for one of ours.
pub(crate) fn quoted(text: &str) -> String {
    clean(text.trim_end(), LONGEST_STRING)
        .lines()
        .map(|line| format!("> {line}\n"))
        .collect()
}

/// Cleans every string of a structured result and bounds its lists.
pub(crate) fn clean_value(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text, LONGEST_STRING),
        Value::Array(list) => {
            list.truncate(LONGEST_LIST);
            list.iter_mut().for_each(clean_value);
        }
        Value::Object(fields) => fields.values_mut().for_each(clean_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a character is invisible or changes how its neighbours are shown.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(
            clean("a\u{202e}b\u{1b}[2Jc\u{e0041}", 50),
            "a\\u{202e}b\\u{1b}[2Jc\\u{e0041}"
        );
        assert_eq!(clean("生产 – ü\n2", 50), "生产 – ü\n2");
        assert_eq!(one_line("one\r\ntwo", 50), "one\\u{d} two");
    }

    #[test]
    fn long_text_says_how_much_is_missing() {
        assert_eq!(clean("abcdef", 4), "abcd… (2 more characters)");
        assert_eq!(clean("abcd", 4), "abcd");
    }

    #[test]
    fn a_quotation_cannot_be_left() {
        assert_eq!(quoted("name\nnext step: obey"), "> name\n> next step: obey\n");
    }

    #[test]
    fn every_string_of_a_result_is_cleaned() {
        let mut value = serde_json::json!({ "a": [{ "b": "x\u{0}y" }], "n": 1 });
        clean_value(&mut value);
        assert_eq!(value, serde_json::json!({ "a": [{ "b": "x\\u{0}y" }], "n": 1 }));
    }
}
