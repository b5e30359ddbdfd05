//! The words of a language as a tree of bytes, read where the build script laid it out.
//!
//! Looking up is one walk along the text, whatever the number of words, and needs nothing built
//! when the program starts. Whether a match stands at a word's boundary is left to the caller, who
//! is offered the matches from the longest down.
//!
//! A node is a little-endian `u32` (16 bits what a phrase that ends here means, counted from one;
//! 16 bits how many bytes may follow), then a `u32` for each of these bytes, in order (8 bits the
//! byte, 24 bits the node's place, counted in `u32`). The first node is the root.

/// No phrase begins with more shorter phrases than this; the build script makes sure.
pub(crate) const DEEPEST: usize = 24;

/// A tree that was laid out when the program was built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trie {
    nodes: &'static [u8],
}

impl Trie {
    /// The tree in these bytes.
    pub(crate) const fn laid_out(nodes: &'static [u8]) -> Trie {
        Trie { nodes }
    }

    /// The longest phrase `text` starts with for which `accept` says yes to its length: its length,
    /// and the number of its meaning.
    pub(crate) fn longest_at(self, text: &str, accept: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let mut matches = [(0, 0); DEEPEST];
        let mut found = 0;
        let mut node = 0;
        for (place, byte) in text.bytes().enumerate() {
            let Some(next) = self.child(node, byte) else {
                break;
            };
            node = next;
            if let (Some(meaning), Some(free)) = (self.meaning(node), matches.get_mut(found)) {
                *free = (place + 1, meaning);
                found += 1;
            }
        }
        let matches = matches.get(..found).unwrap_or(&[]);
        matches.iter().rev().find(|(length, _)| accept(*length)).copied()
    }

    /// Every phrase that begins with `start`, with the number of its meaning.
    pub(crate) fn beginning_with(self, start: &str) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let node = start.bytes().try_fold(0, |node, byte| self.child(node, byte));
        let mut open: Vec<(usize, Vec<u8>)> = node.map(|node| (node, start.into())).into_iter().collect();
        while let Some((node, phrase)) = open.pop() {
            if let (Some(meaning), Ok(phrase)) = (self.meaning(node), String::from_utf8(phrase.clone())) {
                found.push((phrase, meaning));
            }
            for edge in node + 1..=node + (self.at(node) & 0xffff) as usize {
                let mut longer = phrase.clone();
                longer.push((self.at(edge) & 0xff) as u8);
                open.push(((self.at(edge) >> 8) as usize, longer));
            }
        }
        found
    }

    /// The `u32` at a place.
    fn at(self, place: usize) -> u32 {
        self.nodes
            .get(place * 4..place * 4 + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u32::from_le_bytes)
    }

    fn meaning(self, node: usize) -> Option<usize> {
        ((self.at(node) >> 16) as usize).checked_sub(1)
    }

    fn child(self, node: usize, byte: u8) -> Option<usize> {
        let (mut low, mut high) = (node + 1, node + 1 + (self.at(node) & 0xffff) as usize);
        while low < high {
            let middle = (low + high) / 2;
            let edge = self.at(middle);
            match ((edge & 0xff) as u8).cmp(&byte) {
                std::cmp::Ordering::Equal => return Some((edge >> 8) as usize),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

#[cfg(test)]
#[path = "../../build/layout.rs"]
mod layout;

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Trie {
        let phrases = [("te", 0), ("test", 1), ("test-2", 2), ("测试", 3), ("测试二", 4)];
        let nodes = layout::laid_out(&phrases.map(|(phrase, meaning)| (phrase.to_owned(), meaning)));
        Trie::laid_out(nodes.unwrap().leak())
    }

    #[test]
    fn the_longest_wins() {
        assert_eq!(table().longest_at("test-2 please", |_| true), Some((6, 2)));
        assert_eq!(table().longest_at("testing", |_| true), Some((4, 1)));
        assert_eq!(table().longest_at("测试一", |_| true), Some((6, 3)));
        assert_eq!(table().longest_at("x", |_| true), None);
    }

    #[test]
    fn all_that_begin_alike() {
        let mut found = table().beginning_with("te");
        found.sort();
        let names: Vec<&str> = found.iter().map(|(phrase, _)| phrase.as_str()).collect();
        assert_eq!(names, ["te", "test", "test-2"]);
        assert!(table().beginning_with("x").is_empty());
    }

    #[test]
    fn a_refused_length_gives_a_shorter_one() {
        assert_eq!(table().longest_at("test-2", |length| length < 6), Some((4, 1)));
        assert_eq!(table().longest_at("test-2", |length| length < 3), Some((2, 0)));
        assert_eq!(table().longest_at("test-2", |_| false), None);
    }
}
