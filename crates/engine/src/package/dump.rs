//! The member `data`: which kind of dump it is, and whether NocoBase's own tables are in it.
//!
//! Facts: NocoBase 2.2.15 writes `pg_dump -F c` for PostgreSQL and KingBase, `mysqldump`'s text between lines
//! of its own for MySQL and MariaDB, and a copy of the file for SQLite.

use std::io::{BufReader, Cursor, Read};

use super::encryption::{fill, known_kind};
use super::limits::{Budget, Limits};
use super::text::clean;
use super::{Format, Metadata, Table, postgres, sql, sqlite};
use crate::finding::{Finding, Severity};

/// What was found in `data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dump {
    pub(super) format: Format,
    pub(super) tables: Vec<Table>,
    /// Whether a table without a row count is a table without data.
    pub(super) has_all_rows: bool,
    /// Whether what was read is not what was packed, so that nothing may be concluded from it.
    pub(super) is_damaged: bool,
    pub(super) findings: Vec<Finding>,
}

impl Dump {
    /// A dump that could not be read.
    pub(super) fn broken(format: Format, findings: impl IntoIterator<Item = Finding>) -> Self {
        Self {
            format,
            tables: Vec::new(),
            has_all_rows: false,
            is_damaged: false,
            findings: findings.into_iter().collect(),
        }
    }

    fn is_broken(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Blocker)
    }
}

/// Reads the dump. An error of the reader ends it; the reader's owner tells why.
pub(super) fn read(mut reader: impl Read, limits: &Limits, budget: &mut Budget) -> Dump {
    let mut head = vec![0_u8; 4096];
    let Ok(filled) = fill(&mut reader, &mut head) else {
        return Dump::broken(Format::Unknown, None);
    };
    head.truncate(filled);
    if head.is_empty() {
        return Dump::broken(
            Format::Unknown,
            [Finding::blocker(
                "data_empty",
                "The package's database dump is empty.",
                "Make the package again on its source.",
            )],
        );
    }
    let whole = BufReader::with_capacity(128 * 1024, Cursor::new(&head).chain(reader));
    if head.starts_with(b"PGDMP") {
        postgres::read(whole, limits, budget)
    } else if head.starts_with(sqlite::MAGIC) {
        sqlite::read(whole, &head)
    } else if sql::is_likely(&head) {
        sql::read(whole, limits)
    } else {
        let kind = kind_of(&head).map_or_else(String::new, |kind| format!("; it is {kind}"));
        Dump::broken(
            Format::Unknown,
            [Finding::blocker(
                "data_not_an_archive",
                format!("The package's database dump is in no known format{kind}."),
                "Make the package with NocoBase's Backup Manager.",
            )],
        )
    }
}

fn kind_of(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"PK\x03\x04") {
        return Some("a zip file");
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    known_kind(head)
}

/// The finding for data that inflates beyond what is believable.
pub(super) fn inflates_too_much(budget: &Budget) -> Finding {
    Finding::blocker(
        "inflates_too_much",
        format!(
            "The package inflates to more than {} bytes, which no real package of its size does.",
            budget.most()
        ),
        "Make sure where the package comes from; raise the limits if it is real.",
    )
}

/// Whether the dump fits what the metadata says, and is NocoBase's at all.
pub(super) fn weigh(dump: &Dump, metadata: Option<&Metadata>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = metadata
        .and_then(|metadata| fits_dialect(&dump.format, &metadata.database.dialect))
        .into_iter()
        .collect();
    let is_listed = !dump.is_broken() && !matches!(dump.format, Format::Unknown | Format::Sqlite { .. });
    if !is_listed {
        return findings;
    }
    let own = |name| own_table(dump, metadata, name);
    let missing: Vec<&str> = ["applicationVersion", "users"]
        .into_iter()
        .filter(|name| own(name).is_none())
        .collect();
    if !missing.is_empty() {
        findings.push(Finding::blocker(
            "not_a_nocobase_dump",
            format!(
                "The dump holds no table {}: it is another application's database, or an incomplete one. NocoBase would restore it and never start again.",
                missing.join(" and no table ")
            ),
            "Use a package made by NocoBase's Backup Manager.",
        ));
    }
    let has_no_users = own("users").is_some_and(|table| table.rows.is_none_or(|rows| rows == 0));
    if dump.has_all_rows && has_no_users {
        findings.push(Finding::blocker(
            "dump_without_users",
            "The dump holds no user: after a restore nobody could sign in.",
            "Use a complete backup of a working environment.",
        ));
    }
    findings
}

/// KingBase's own tools may write an archive that is not PostgreSQL's: nothing can be said about it then.
pub(super) fn soften(findings: &mut [Finding], metadata: Option<&Metadata>) {
    if metadata.is_none_or(|metadata| metadata.database.dialect != "kingbase") {
        return;
    }
    for finding in findings {
        if matches!(
            finding.code.as_str(),
            "data_not_an_archive" | "data_archive_version"
        ) {
            *finding = Finding::warning(
                "data_not_judged",
                "The dump was made by KingBase's own tools; its content was not looked at.",
                "Compare all tables after the restore.",
            );
        }
    }
}

fn fits_dialect(format: &Format, dialect: &str) -> Option<Finding> {
    let fits = match format {
        Format::PostgresCustom { .. } => matches!(dialect, "postgres" | "kingbase"),
        Format::SqlText { .. } => matches!(dialect, "mysql" | "mariadb"),
        Format::Sqlite { .. } => dialect == "sqlite",
        Format::Unknown => true,
    };
    (!fits).then(|| {
        Finding::blocker(
            "data_wrong_for_dialect",
            format!(
                "The package says it was made from {}, but its dump is {}.",
                clean(dialect),
                match format {
                    Format::PostgresCustom { .. } => "a PostgreSQL archive",
                    Format::SqlText { .. } => "SQL text",
                    Format::Sqlite { .. } => "an SQLite database",
                    Format::Unknown => "unknown",
                }
            ),
            "Make the package again with NocoBase's Backup Manager.",
        )
    })
}

/// One of NocoBase's own tables, under the prefix and the naming that the environment uses.
fn own_table<'a>(dump: &'a Dump, metadata: Option<&Metadata>, name: &str) -> Option<&'a Table> {
    let database = metadata.map(|metadata| &metadata.database);
    let prefix = database
        .and_then(|database| database.table_prefix.as_deref())
        .unwrap_or_default();
    let schema = database
        .and_then(|database| database.schema.as_deref())
        .filter(|schema| !schema.is_empty());
    let wanted = plain(&format!("{prefix}{name}"));
    let is_own = |table: &&Table| {
        let is_named = match metadata {
            Some(_) => plain(&table.name) == wanted,
            None => plain(&table.name).ends_with(&wanted),
        };
        is_named && (table.schema.is_empty() || schema.is_none_or(|schema| table.schema == schema))
    };
    // where no schema is set NocoBase works in `public`, whatever else lives in the database
    let in_public = dump
        .tables
        .iter()
        .filter(is_own)
        .find(|table| table.schema == "public");
    in_public.or_else(|| dump.tables.iter().find(is_own))
}

/// `applicationVersion` and `application_version` alike; MySQL may have made the names lower case.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| *character != '_')
        .flat_map(char::to_lowercase)
        .collect()
}
