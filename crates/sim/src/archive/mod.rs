//! PostgreSQL's custom archive format, as `pg_dump -F c` of version 15 writes it (format version 1.14).
//!
//! [`dump`] turns a database into an archive, [`restore`] turns an archive back into a database the way
//! `pg_restore` would: a broken archive is an error with `pg_restore`'s message, a single failing statement is
//! skipped and counted. [`write`] and [`read`] know the bytes, [`copy`] the text of table rows.

mod copy;
mod dump;
mod read;
mod restore;
mod write;

pub(crate) use dump::dump;
pub(crate) use read::read;
pub(crate) use restore::{Restored, restore};
pub(crate) use write::write;

/// The first bytes of every archive.
const MAGIC: &[u8; 5] = b"PGDMP";
/// Major, minor and revision of the format.
const VERSION: [u8; 3] = [1, 14, 0];
/// Bytes of an integer and of a file offset.
const SIZES: [u8; 2] = [4, 8];
/// The custom format among archive formats.
const CUSTOM: u8 = 1;
/// Marks a block of table data.
const DATA_BLOCK: u8 = 1;

/// An archive: what its table of contents lists, with the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Archive {
    pub(crate) database_name: String,
    pub(crate) entries: Vec<Entry>,
}

/// One line of the table of contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: i32,
    /// What it is about: `orders`.
    pub(crate) tag: String,
    /// What it is: `TABLE`, `TABLE DATA`, `SEQUENCE SET`.
    pub(crate) kind: String,
    pub(crate) section: Section,
    /// The statement that makes it.
    pub(crate) definition: String,
    /// The statement that removes it.
    pub(crate) removal: String,
    /// The `COPY` statement of table data.
    pub(crate) copy: Option<String>,
    pub(crate) namespace: Option<String>,
    /// The identifiers of the entries that it needs.
    pub(crate) needs: Vec<i32>,
    /// The rows of table data, in COPY text form.
    pub(crate) data: Option<Vec<u8>>,
}

/// When an entry is restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Section {
    #[default]
    PreData,
    Data,
    PostData,
}

impl Section {
    fn number(self) -> i32 {
        match self {
            Self::PreData => 2,
            Self::Data => 3,
            Self::PostData => 4,
        }
    }

    fn from_number(number: i32) -> Self {
        match number {
            3 => Self::Data,
            4 => Self::PostData,
            _ => Self::PreData,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use serde_json::{Value, json};

    use super::*;
    use crate::database::{ColumnKind, Database, Table};

    fn sample() -> Database {
        let mut table = Table::new(
            "id",
            &[
                ("id", ColumnKind::BigInt),
                ("title", ColumnKind::Varchar),
                ("total", ColumnKind::Double),
                ("paid", ColumnKind::Boolean),
                ("options", ColumnKind::Json),
                ("createdAt", ColumnKind::Timestamp),
            ],
        );
        for value in [
            json!({"title": "tab\tnew\nline\\ and ü", "total": 12.5, "paid": true, "options": {"a": [1, null]}}),
            json!({"title": "", "total": null, "paid": false, "options": {}}),
        ] {
            let Value::Object(row) = value else { unreachable!() };
            table.insert(row, "2026-11-22T17:46:05.573Z");
        }
        let mut database = Database::default();
        database.put("orders", table);
        database.put("empty", Table::new("name", &[("name", ColumnKind::Varchar)]));
        database
    }

    #[test]
    fn a_dump_restores_to_the_same_database() {
        let database = sample();
        let archive = dump(&database, "dev");
        assert_eq!(read(&write(&archive)).as_ref(), Ok(&archive));
        let restored = restore(&write(&archive)).expect("restores");
        assert_eq!(
            (restored.database, restored.failures),
            (database, Vec::<String>::new())
        );
    }

    #[test]
    fn broken_archives_are_named_as_pg_restore_names_them() {
        let whole = write(&dump(&sample(), "dev"));
        let half = whole.len() / 2;
        let cases: [(&[u8], &str); 5] = [
            (b"", "input file is too short (read 0, expected 5)"),
            (
                b"CREATE TABLE x ();",
                "input file does not appear to be a valid archive (too short?)",
            ),
            (&[7; 2000], "input file does not appear to be a valid archive"),
            (&whole[..half], "could not read from input file: end of file"),
            (
                &whole[..whole.len() - 1],
                "could not read from input file: end of file",
            ),
        ];
        for (bytes, message) in cases {
            assert_eq!(
                restore(bytes).map(|_| ()),
                Err(format!("pg_restore: error: {message}"))
            );
        }
    }

    #[test]
    fn a_type_outside_the_dump_loses_one_table() {
        let mut archive = dump(&sample(), "dev");
        for entry in archive
            .entries
            .iter_mut()
            .filter(|entry| entry.tag == "orders" && entry.kind == "TABLE")
        {
            entry.definition = entry
                .definition
                .replace("\n);", ",\n    \"m\" \"ext\".\"mood\"\n);");
        }
        let restored = restore(&write(&archive)).expect("goes on");
        assert!(restored.database.table("orders").is_none() && restored.database.table("empty").is_some());
        assert!(
            restored.failures[0].contains("schema \"ext\" does not exist"),
            "{:?}",
            restored.failures
        );
    }

    /// The real program accepts the bytes, where it is installed.
    #[test]
    fn pg_restore_reads_the_archive() {
        let bytes = write(&dump(&sample(), "dev"));
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().write_all(&bytes).expect("written");
        let run = |arguments: &[&str]| {
            Command::new("pg_restore")
                .args(arguments)
                .arg(file.path())
                .stderr(Stdio::piped())
                .output()
        };
        let Ok(listed) = run(&["-l"]) else { return };
        let listing = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(
            listed.status.success(),
            "{}",
            String::from_utf8_lossy(&listed.stderr)
        );
        assert!(listing.contains("TABLE DATA public orders"), "{listing}");
        assert!(listing.contains("SEQUENCE SET public orders_id_seq"), "{listing}");
        let script = run(&["-f", "-"]).expect("runs");
        assert!(
            script.status.success(),
            "{}",
            String::from_utf8_lossy(&script.stderr)
        );
        let script = String::from_utf8_lossy(&script.stdout).into_owned();
        assert!(
            script.contains("1\ttab\\tnew\\nline\\\\ and ü\t12.5\tt\t{\"a\":[1,null]}"),
            "{script}"
        );
        assert!(
            script.contains("ADD CONSTRAINT \"orders_pkey\" PRIMARY KEY (\"id\")"),
            "{script}"
        );
    }
}
