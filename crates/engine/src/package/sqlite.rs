//! An SQLite file as `data`: whether it is as long as its own header says.
//!
//! Facts: SQLite's file format, section 1.3 (page size at 16, file size in pages at 28, both big-endian; the
//! file size counts only where the counters at 24 and 92 agree). What the tables hold is left alone.

use std::io::{self, Read};

use super::Format;
use super::dump::Dump;
use crate::finding::Finding;

/// First bytes of every SQLite 3 file.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// Reads to the end; `head` is the file's beginning once more.
pub(super) fn read(mut reader: impl Read, head: &[u8]) -> Dump {
    let page_bytes = match number(head, 16, 2) {
        1 => 65_536,
        bytes => bytes,
    };
    let pages = number(head, 28, 4);
    let is_counted = number(head, 24, 4) == number(head, 92, 4);
    let Ok(bytes) = io::copy(&mut reader, &mut io::sink()) else {
        return Dump::broken(Format::Unknown, None);
    };
    let mut findings = vec![Finding::note(
        "data_not_judged",
        "The dump is an SQLite file; its tables were not looked at.",
    )];
    if head.len() < 100 || (is_counted && bytes < pages * page_bytes) {
        findings.push(Finding::blocker(
            "data_truncated",
            "The SQLite database is shorter than its header says.",
            "Make the package again on its source; do not restore this one.",
        ));
    }
    Dump {
        format: Format::Sqlite { pages },
        tables: Vec::new(),
        has_all_rows: false,
        is_damaged: false,
        findings,
    }
}

fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes
        .iter()
        .skip(at)
        .take(width)
        .fold(0, |value, byte| (value << 8) | u64::from(*byte))
}
