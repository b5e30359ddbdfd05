//! Lays phrases out as the tree of bytes that `words/trie.rs` reads.

use std::collections::BTreeMap;
use std::error::Error;

/// Phrases may have so many others as their beginnings; as in `words/trie.rs`.
const DEEPEST: usize = 24;

#[derive(Default)]
struct Node {
    /// The meaning of the phrase that ends here, counted from one.
    meaning: u32,
    children: BTreeMap<u8, Node>,
}

/// The tree of the phrases, each with the number of its meaning.
pub(crate) fn laid_out(phrases: &[(String, usize)]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut root = Node::default();
    for (phrase, meaning) in phrases {
        let mut node = &mut root;
        let mut beginnings = 0;
        for byte in phrase.bytes() {
            node = node.children.entry(byte).or_default();
            beginnings += usize::from(node.meaning > 0);
        }
        if beginnings >= DEEPEST {
            return Err(format!("{phrase:?} begins with too many other phrases").into());
        }
        node.meaning = u32::from(u16::try_from(meaning + 1)?);
    }
    let mut nodes = Vec::new();
    write(&root, &mut nodes)?;
    Ok(nodes.into_iter().flat_map(u32::to_le_bytes).collect())
}

/// Writes a node and all below it; says where it stands.
fn write(node: &Node, nodes: &mut Vec<u32>) -> Result<u32, Box<dyn Error>> {
    let place = nodes.len();
    nodes.push(node.meaning << 16 | u32::try_from(node.children.len())?);
    nodes.resize(place + 1 + node.children.len(), 0);
    for (order, (byte, child)) in node.children.iter().enumerate() {
        let at = write(child, nodes)?;
        if let Some(edge) = nodes.get_mut(place + 1 + order) {
            *edge = at << 8 | u32::from(*byte);
        }
    }
    let place = u32::try_from(place)?;
    match place < 1 << 24 {
        true => Ok(place),
        false => Err("too many words".into()),
    }
}
