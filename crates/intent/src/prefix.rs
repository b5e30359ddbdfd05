//! Longest-match look-up in a sorted list of names.
//!
//! Whether a match stands at a name's boundary is left to the caller, who is offered the matches
//! from the longest down. Words, which are many more, are looked up in a tree (`words`).

/// Names with a value each, sorted by name.
#[derive(Debug, Clone)]
pub(crate) struct PrefixTable<Value> {
    entries: Vec<(String, Value)>,
    longest: usize,
}

impl<Value> Default for PrefixTable<Value> {
    fn default() -> Self {
        PrefixTable {
            entries: Vec::new(),
            longest: 0,
        }
    }
}

impl<Value> PrefixTable<Value> {
    /// From entries that are sorted by name already.
    pub(crate) fn from_sorted(entries: Vec<(String, Value)>) -> Self {
        let longest = entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        PrefixTable { entries, longest }
    }

    /// The longest name `text` starts with for which `accept` says yes to its length.
    pub(crate) fn longest_at(&self, text: &str, accept: impl Fn(usize) -> bool) -> Option<(usize, &Value)> {
        let mut key = cut(text, self.longest);
        while !key.is_empty() {
            let after = self.entries.partition_point(|(name, _)| name.as_str() <= key);
            let (name, value) = self.entries.get(after.checked_sub(1)?)?;
            let common = common_prefix(name, key);
            if common == name.len() && accept(common) {
                return Some((common, value));
            }
            // Every name between this one and `key` is no prefix; go on with a shorter key.
            let next = if common == name.len() {
                common.saturating_sub(1)
            } else {
                common
            };
            key = cut(key, next);
        }
        None
    }

    /// The value of exactly this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let place = self
            .entries
            .binary_search_by(|(key, _)| key.as_str().cmp(name))
            .ok()?;
        self.entries.get(place).map(|(_, value)| value)
    }

    /// All entries, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, Value)> {
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

    fn table() -> PrefixTable<u8> {
        let names = [("te", 3), ("test", 1), ("test-2", 2), ("测试", 4), ("测试二", 5)];
        PrefixTable::from_sorted(names.map(|(name, value)| (name.to_owned(), value)).into())
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
