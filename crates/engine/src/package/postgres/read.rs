//! One archive from its first byte to its last, and what is wrong with it in words.

use std::io::Read;

use super::super::Format;
use super::super::dump::Dump;
use super::super::limits::{Budget, Limits};
use super::super::text::listing;
use super::blocks::{Seen, read_blocks};
use super::source::{Fault, Source};
use super::toc::{Compression, Contents, read_contents, read_header};
use crate::finding::Finding;

const AGAIN: &str = "Make the package again on its source; do not restore this one.";

/// Reads the archive; what follows its end, or an error of the reader, is left to the caller.
pub(in super::super) fn read(reader: impl Read, limits: &Limits, budget: &mut Budget) -> Dump {
    let mut source = Source::new(reader, limits.toc_bytes);
    let header = match read_header(&mut source) {
        Ok(header) => header,
        Err(fault) => return Dump::broken(Format::Unknown, explain(&fault, budget)),
    };
    let mut contents = match read_contents(&mut source, &header, limits) {
        Ok(contents) => contents,
        Err(fault) => return Dump::broken(header.format, explain(&fault, budget)),
    };
    source.lift_limit();
    let mut findings = Vec::new();
    let mut has_all_rows = header.compression.is_read();
    match read_blocks(&mut source, &mut contents, header.compression, budget) {
        Ok(seen) => {
            has_all_rows &= seen.uncounted == 0;
            findings.extend(weigh(&seen, &contents));
        }
        Err(Fault::Truncated) => findings.push(truncated(&contents)),
        Err(fault) => findings.extend(explain(&fault, budget)),
    }
    if !has_all_rows {
        findings.push(Finding::note(
            "data_rows_not_counted",
            match header.compression {
                Compression::Lz4 | Compression::Zstd => {
                    format!("Rows of the dump were not counted (compression {}).", header.compression.name())
                }
                Compression::None | Compression::Gzip => {
                    "Rows of the dump were not all counted (INSERT statements, or data that could not be read).".to_owned()
                }
            },
        ));
    }
    if contents.tables_left_out > 0 {
        findings.push(Finding::note(
            "tables_left_out",
            format!(
                "{} tables beyond the first {} are left out of the list.",
                contents.tables_left_out, limits.tables
            ),
        ));
    }
    let undefined: Vec<&str> = contents
        .tables
        .iter()
        .zip(&contents.is_defined)
        .filter(|(_, is_defined)| !**is_defined)
        .map(|(table, _)| table.name.as_str())
        .collect();
    if !undefined.is_empty() {
        findings.push(Finding::blocker(
            "data_without_definitions",
            format!(
                "The dump fills tables that it does not create: {}.",
                listing(undefined)
            ),
            "Make a complete package; a restore drops all tables first, so these could not be filled.",
        ));
    }
    Dump {
        format: header.format,
        tables: contents.tables,
        has_all_rows,
        is_damaged: false,
        findings,
    }
}

fn weigh(seen: &Seen, contents: &Contents) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !contents.unmet().is_empty() {
        findings.push(truncated(contents));
    }
    if !seen.unfinished.is_empty() {
        findings.push(Finding::blocker(
            "data_table_unfinished",
            format!(
                "The data of these tables has no end: {}.",
                listing(seen.unfinished.iter().map(String::as_str))
            ),
            AGAIN,
        ));
    }
    if !seen.misplaced.is_empty() {
        findings.push(Finding::blocker(
            "data_block_misplaced",
            format!(
                "The dump's table of contents points to the wrong place for: {}.",
                listing(seen.misplaced.iter().map(String::as_str))
            ),
            AGAIN,
        ));
    }
    if seen.has_trailing_bytes {
        findings.push(Finding::blocker(
            "data_trailing_bytes",
            "Bytes that belong to nothing follow the last table of the dump.",
            AGAIN,
        ));
    }
    findings
}

fn truncated(contents: &Contents) -> Finding {
    let unmet = contents.unmet();
    Finding::blocker(
        "data_truncated",
        format!(
            "The dump ends before all of its data was met; missing or incomplete: {}.",
            listing(unmet.iter().map(String::as_str))
        ),
        AGAIN,
    )
}

/// The fault in words; nothing where whoever owns the reader knows better.
fn explain(fault: &Fault, budget: &Budget) -> Option<Finding> {
    Some(match fault {
        Fault::Unreadable => return None,
        Fault::Truncated => Finding::blocker(
            "data_truncated",
            "The dump ends within its header or table of contents.",
            AGAIN,
        ),
        Fault::Malformed(what) => {
            Finding::blocker("data_damaged", format!("The dump is damaged: {what}."), AGAIN)
        }
        Fault::Version(major, minor) => Finding::blocker(
            "data_archive_version",
            format!("The dump's archive format {major}.{minor} is not known; 1.12 to 1.16 are."),
            "Make the package with pg_dump 10 to 18.",
        ),
        Fault::Kind(kind) => Finding::blocker(
            "data_archive_kind",
            format!(
                "The dump was written as a {} archive; only pg_dump's custom format can be restored.",
                match kind {
                    3 => "tar".to_owned(),
                    5 => "directory".to_owned(),
                    other => format!("type {other}"),
                }
            ),
            "Make the package with NocoBase's Backup Manager.",
        ),
        Fault::ContentsTooLarge => Finding::blocker(
            "data_contents_too_large",
            "The dump's table of contents is larger than is believable.",
            "Make sure where the package comes from; raise the limits if it is real.",
        ),
        Fault::InflatesTooMuch => super::super::dump::inflates_too_much(budget),
    })
}
