//! Longest-match look-up in a sorted list of phrases.
//!
//! A sorted list needs no building, which keeps start-up short. Whether a match stands at a word's
//! boundary is left to the caller, who is offered the matches from the longest down.

use std::borrow::Cow;

/// Phrases with a value each, sorted by phrase.
#[derive(Debug, Clone)]
pub(crate) struct PrefixTable<Key: Clone + 'static, Value: Clone + 'static> {
    entries: Cow<'static, [(Key, Value)]>,
    longest: usize,
}

impl<Key: Clone + 'static, Value: Clone + 'static> Default for PrefixTable<Key, Value> {
    fn default() -> Self {
        PrefixTable {
            entries: Cow::Borrowed(&[]),
            longest: 0,
        }
    }
}

impl<Key: AsRef<str> + Clone, Value: Clone> PrefixTable<Key, Value> {
    /// From entries that were sorted when the program was built, and the length of the longest.
    pub(crate) const fn laid_out(entries: &'static [(Key, Value)], longest: usize) -> Self {
        PrefixTable {
            entries: Cow::Borrowed(entries),
            longest,
        }
    }

    /// From entries that are sorted by phrase already.
    pub(crate) fn from_sorted(entries: Vec<(Key, Value)>) -> Self {
        let longest = entries
            .iter()
            .map(|(key, _)| key.as_ref().len())
            .max()
            .unwrap_or(0);
        PrefixTable {
            entries: Cow::Owned(entries),
            longest,
        }
    }

    /// From entries in any order; of equal phrases the first stays.
    #[cfg(test)]
    pub(crate) fn from_unsorted(mut entries: Vec<(Key, Value)>) -> Self {
        entries.sort_by(|left, right| left.0.as_ref().cmp(right.0.as_ref()));
        entries.dedup_by(|later, first| later.0.as_ref() == first.0.as_ref());
        Self::from_sorted(entries)
    }

    /// How many phrases there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The longest phrase `text` starts with for which `accept` says yes to its length.
    pub(crate) fn longest_at(&self, text: &str, accept: impl Fn(usize) -> bool) -> Option<(usize, &Value)> {
        let mut key = cut(text, self.longest);
        while !key.is_empty() {
            let after = self.entries.partition_point(|(phrase, _)| phrase.as_ref() <= key);
            let (phrase, value) = self.entries.get(after.checked_sub(1)?)?;
            let phrase = phrase.as_ref();
            let common = common_prefix(phrase, key);
            if common == phrase.len() && accept(common) {
                return Some((common, value));
            }
            // Every phrase between this one and `key` is no prefix; go on with a shorter key.
            let next = if common == phrase.len() {
                common.saturating_sub(1)
            } else {
                common
            };
            key = cut(key, next);
        }
        None
    }

    /// The value of exactly this phrase.
    pub(crate) fn get(&self, phrase: &str) -> Option<&Value> {
        let place = self
            .entries
            .binary_search_by(|(key, _)| key.as_ref().cmp(phrase))
            .ok()?;
        self.entries.get(place).map(|(_, value)| value)
    }

    /// All entries, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Key, Value)> {
        self.entries.iter()
    }
}

/// `text` cut to at most `limit` bytes, at a character.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

fn common_prefix(left: &str, right: &str) -> usize {
    left.bytes()
        .zip(right.bytes())
        .take_while(|(one, other)| one == other)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PrefixTable<&'static str, u8> {
        PrefixTable::from_unsorted(vec![
            ("test", 1),
            ("test-2", 2),
            ("te", 3),
            ("测试", 4),
            ("测试二", 5),
        ])
    }

    #[test]
    fn the_longest_wins() {
        assert_eq!(table().longest_at("test-2 please", |_| true), Some((6, &2)));
        assert_eq!(table().longest_at("testing", |_| true), Some((4, &1)));
        assert_eq!(table().longest_at("测试一", |_| true), Some((6, &4)));
        assert_eq!(table().longest_at("x", |_| true), None);
    }

    #[test]
    fn a_refused_length_gives_a_shorter_one() {
        assert_eq!(table().longest_at("test-2", |length| length < 6), Some((4, &1)));
        assert_eq!(table().longest_at("test-2", |length| length < 3), Some((2, &3)));
        assert_eq!(table().longest_at("test-2", |_| false), None);
    }
}
