//! Finds known names like an unknown one. Suggestions are shown to the user and never applied.

use crate::known::Known;

/// How many names are suggested.
const MOST: usize = 3;

/// Known names like `written` (in normal form), nearest first.
pub(crate) fn nearest(written: &str, known: &Known) -> Vec<String> {
    let letters: Vec<char> = squeeze(written);
    if letters.is_empty() || letters.len() > 64 {
        return Vec::new();
    }
    let allowed = match letters.len() {
        0..=2 => 1,
        3..=6 => 2,
        _ => 3,
    };
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (form, name) in known.spellings() {
        let other = squeeze(form);
        if other.len().abs_diff(letters.len()) > allowed && !holds(&letters, &other) {
            continue;
        }
        let distance = distance(&letters, &other);
        let alike = distance <= allowed && distance < letters.len().max(other.len());
        let distance = if alike { distance } else { allowed + 1 };
        if alike || holds(&letters, &other) {
            match found.iter_mut().find(|(_, seen)| *seen == name) {
                Some(seen) => seen.0 = seen.0.min(distance),
                None => found.push((distance, name)),
            }
        }
        if found.len() > 256 {
            break;
        }
    }
    found.sort();
    found
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// Whether two words differ by one letter, or by two neighbours in the other order.
pub(crate) fn is_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    one.len().abs_diff(other.len()) < 2 && distance(&one, &other) == 1
}

/// Letters without the signs that join them, so that "test 2" is like "test-2".
fn squeeze(text: &str) -> Vec<char> {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .take(65)
        .collect()
}

/// Whether one begins or ends with the other: "production" and "prod".
fn holds(one: &[char], other: &[char]) -> bool {
    let (long, short) = if one.len() > other.len() {
        (one, other)
    } else {
        (other, one)
    };
    !short.is_empty()
        && (short.len() > 1 || !short.iter().all(char::is_ascii))
        && (long.starts_with(short) || long.ends_with(short))
}

/// Edits between two words, a swap of neighbours counting once.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, with) in other.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, column) + usize::from(letter != with))
                .min(at(&last, column + 1) + 1)
                .min(at(&next, column) + 1);
            let swapped = row > 0
                && column > 0
                && one.get(row - 1) == Some(with)
                && other.get(column - 1) == Some(letter);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness() {
        let known = Known::new(
            [("test", vec![]), ("prod", vec!["生产"]), ("staging", vec![])],
            None,
        );
        assert_eq!(nearest("tset", &known), ["test"]);
        assert_eq!(nearest("production", &known), ["prod"]);
        assert_eq!(nearest("预生产", &known), ["prod"]);
        assert_eq!(nearest("stagin", &known), ["staging"]);
        assert!(nearest("humanity", &known).is_empty());
    }
}
