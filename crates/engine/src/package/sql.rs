//! SQL text as `data`, as `mysqldump` and `mariadb-dump` write it.
//!
//! Tables are taken from `CREATE TABLE` at the beginning of a line, where both tools put it; whether the dump
//! is whole, from the comment `-- Dump completed` near its end. Lines are looked at by their first bytes only:
//! an `INSERT` may be as long as a table. Rows are not counted, since NocoBase rewrites quotes within them.

use std::collections::HashSet;
use std::io::{BufRead, Read};

use super::dump::Dump;
use super::limits::Limits;
use super::text::clean;
use super::{Format, Table};
use crate::finding::Finding;

/// Bytes of a line that are looked at.
const LOOKED_AT: usize = 512;

/// Whether bytes at the beginning of a file are those of SQL text.
pub(super) fn is_likely(head: &[u8]) -> bool {
    const BEGINNINGS: [&str; 16] = [
        "--",
        "/*",
        "set ",
        "create ",
        "drop ",
        "insert ",
        "begin",
        "start ",
        "use ",
        "lock ",
        "alter ",
        "select ",
        "delete ",
        "update ",
        "delimiter",
        "pragma ",
    ];
    if head.contains(&0) {
        return false;
    }
    let text = String::from_utf8_lossy(head.get(..LOOKED_AT).unwrap_or(head)).to_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// Reads the text to its end.
pub(super) fn read(reader: impl Read, limits: &Limits) -> Dump {
    let mut seen = Seen {
        most_tables: limits.tables,
        ..Seen::default()
    };
    let mut reader = std::io::BufReader::with_capacity(128 * 1024, reader);
    let mut line = Vec::new();
    loop {
        let Ok(buffer) = reader.fill_buf() else {
            return Dump::broken(Format::Unknown, None);
        };
        if buffer.is_empty() {
            seen.line(&line);
            break;
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = LOOKED_AT.saturating_sub(line.len());
        line.extend_from_slice(part.get(..room).unwrap_or(part));
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            seen.line(&line);
            line.clear();
        }
    }
    seen.weigh()
}

#[derive(Default)]
struct Seen {
    tool: Option<&'static str>,
    is_completed: bool,
    tables: Vec<Table>,
    names: HashSet<String>,
    left_out: u64,
    most_tables: usize,
}

impl Seen {
    fn line(&mut self, line: &[u8]) {
        if line.starts_with(b"-- ") {
            for (mark, tool) in [
                (b"-- MySQL dump".as_slice(), "mysqldump"),
                (b"-- MariaDB dump", "mariadb-dump"),
                (b"-- PostgreSQL database dump", "pg_dump"),
            ] {
                if line.starts_with(mark) && self.tool.is_none() {
                    self.tool = Some(tool);
                }
            }
            self.is_completed |= line.starts_with(b"-- Dump completed")
                || line.starts_with(b"-- PostgreSQL database dump complete");
            return;
        }
        if line.starts_with(b"INSERT INTO") || line.starts_with(b"CREATE TABLE") {
            // what follows the end comment is a second dump, or its beginning
            self.is_completed = false;
        }
        if let Some(name) = created_table(line) {
            let name = clean(&name);
            if self.tables.len() >= self.most_tables {
                self.left_out += 1;
            } else if self.names.insert(name.clone()) {
                self.tables.push(Table {
                    schema: String::new(),
                    name,
                    rows: None,
                    bytes: None,
                });
            }
        }
    }

    fn weigh(self) -> Dump {
        let mut findings = Vec::new();
        if !self.is_completed {
            findings.push(Finding::blocker(
                "data_truncated",
                "The SQL dump has no ending line (`-- Dump completed`): it was cut off, or its tool failed.",
                "Make the package again on its source; do not restore this one.",
            ));
        }
        if self.left_out > 0 {
            findings.push(Finding::note(
                "tables_left_out",
                format!("{} tables are left out of the list.", self.left_out),
            ));
        }
        findings.push(Finding::note(
            "data_rows_not_counted",
            "Rows of the dump were not counted (SQL text).",
        ));
        Dump {
            format: Format::SqlText {
                tool: self.tool.unwrap_or("unknown").to_owned(),
            },
            tables: self.tables,
            has_all_rows: false,
            is_damaged: false,
            findings,
        }
    }
}

/// The name in ``CREATE TABLE `name` (``.
fn created_table(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"CREATE TABLE ")?;
    let text = String::from_utf8_lossy(rest);
    let text = text.trim_start();
    let text = text.strip_prefix("IF NOT EXISTS ").unwrap_or(text);
    let quote = text.chars().next().filter(|first| matches!(first, '`' | '"'));
    let Some(quote) = quote else {
        let name = text.split([' ', '(']).next()?;
        let name = name.rsplit('.').next()?;
        return (!name.is_empty()).then(|| name.to_owned());
    };
    let mut name = String::new();
    let mut characters = text.chars().skip(1).peekable();
    while let Some(character) = characters.next() {
        if character == quote && characters.next_if_eq(&quote).is_none() {
            return Some(name);
        }
        name.push(character);
    }
    None
}
