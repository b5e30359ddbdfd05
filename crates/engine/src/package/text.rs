//! Text that came out of a package, made harmless to show.
//!
//! Names and descriptions in a package are data written by others. Nothing of them reaches a person or a
//! model longer than [`LONGEST`] characters, with a line break, a control character or a mark that turns the
//! reading direction.

/// Most characters of one text.
pub(super) const LONGEST: usize = 120;

/// Most names in one listing.
const LISTED: usize = 12;

/// The text on one line, bounded, with everything invisible spelled out.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::new();
    let mut left = LONGEST;
    for character in text.chars() {
        let width = if is_plain(character) {
            1
        } else {
            character.escape_default().count()
        };
        if width >= left {
            cleaned.push('…');
            break;
        }
        left -= width;
        if is_plain(character) {
            cleaned.push(character);
        } else {
            cleaned.extend(character.escape_default());
        }
    }
    cleaned
}

/// As [`clean`], for bytes that should be text.
pub(super) fn clean_bytes(bytes: &[u8]) -> String {
    let enough = bytes.get(..LONGEST * 4).unwrap_or(bytes);
    clean(&String::from_utf8_lossy(enough))
}

/// The first names, and how many more there are.
pub(super) fn listing<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut left_out = 0_u64;
    for (position, name) in names.into_iter().enumerate() {
        if position >= LISTED {
            left_out += 1;
            continue;
        }
        if position > 0 {
            text.push_str(", ");
        }
        text.push_str(&clean(name));
    }
    if left_out > 0 {
        text.push_str(&format!(" and {left_out} more"));
    }
    text
}

fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_direction_marks_are_spelled_out() {
        assert_eq!(clean("a\nb\u{202e}c\u{7f}"), "a\\nb\\u{202e}c\\u{7f}");
        assert_eq!(clean("表 orders é"), "表 orders é");
    }

    #[test]
    fn no_text_is_longer_than_the_bound() {
        assert_eq!(clean(&"x".repeat(500)).chars().count(), LONGEST);
        assert!(clean(&"\n".repeat(500)).chars().count() <= LONGEST);
        assert!(clean_bytes(&[0xff; 5000]).chars().count() <= LONGEST);
    }

    #[test]
    fn a_listing_says_how_much_it_leaves_out() {
        let names: Vec<String> = (0..14).map(|number| format!("t{number}")).collect();
        assert!(listing(names.iter().map(String::as_str)).ends_with("t11 and 2 more"));
        assert_eq!(listing(["a", "b"]), "a, b");
    }
}
