//! From an archive to a database, as `pg_restore` into an empty one.

use super::{Archive, Entry, copy, read};
use crate::database::{Column, ColumnKind, Database, Table};

/// What `pg_restore` left behind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Restored {
    pub(crate) database: Database,
    /// What `pg_restore` printed for each statement that failed; it went on after each.
    pub(crate) failures: Vec<String>,
}

/// Restores an archive.
///
/// # Errors
/// What `pg_restore` prints when it gives up.
pub(crate) fn restore(bytes: &[u8]) -> Result<Restored, String> {
    let archive = read(bytes).map_err(|message| format!("pg_restore: error: {message}"))?;
    let mut restored = Restored {
        database: Database::default(),
        failures: Vec::new(),
    };
    for entry in of_kind(&archive, "TABLE") {
        match table(entry) {
            Ok(table) => restored.database.put(entry.tag.clone(), table),
            Err(schema) => restored.failures.push(format!(
                "could not execute query: ERROR:  schema \"{schema}\" does not exist\nCommand was: {}",
                entry.definition
            )),
        }
    }
    for entry in of_kind(&archive, "TABLE DATA") {
        let Some(data) = &entry.data else { continue };
        let Some(table) = restored.database.table_mut(&entry.tag) else {
            restored.failures.push(format!(
                "could not execute query: ERROR:  relation \"public.{}\" does not exist",
                entry.tag
            ));
            continue;
        };
        let order = copied_columns(entry.copy.as_deref().unwrap_or_default(), table);
        table.rows = copy::decode(&order, &String::from_utf8_lossy(data));
    }
    for entry in of_kind(&archive, "CONSTRAINT") {
        if let Some((name, key)) = primary_key(&entry.definition)
            && let Some(table) = restored.database.table_mut(&name)
        {
            table.primary_key = Some(key);
        }
    }
    for entry in of_kind(&archive, "SEQUENCE SET") {
        set_sequence(&mut restored.database, entry);
    }
    Ok(restored)
}

fn of_kind<'archive>(archive: &'archive Archive, kind: &str) -> impl Iterator<Item = &'archive Entry> {
    archive.entries.iter().filter(move |entry| entry.kind == kind)
}

/// The table that a `CREATE TABLE` makes, or the schema that it misses.
fn table(entry: &Entry) -> Result<Table, String> {
    let mut columns = Vec::new();
    let body = entry.definition.split_once("(\n").map_or("", |(_, body)| body);
    for line in body.lines().map(|line| line.trim().trim_end_matches(',')) {
        let Some((name, rest)) = identifier(line) else {
            continue;
        };
        let rest = rest.trim_start();
        let sql = rest
            .split(" DEFAULT ")
            .next()
            .unwrap_or(rest)
            .trim_end_matches(" NOT NULL");
        match ColumnKind::from_sql(sql) {
            Some(kind) => columns.push(Column { name, kind }),
            None => return Err(identifier(sql).map_or_else(|| sql.to_owned(), |(schema, _)| schema)),
        }
    }
    Ok(Table {
        columns,
        primary_key: None,
        sequence: None,
        rows: Vec::new(),
    })
}

/// A quoted or plain name at the head of a text, and what follows.
fn identifier(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = quoted.split_once('"')?;
        return Some((name.to_owned(), rest));
    }
    let end = text.find(|character: char| !character.is_alphanumeric() && character != '_')?;
    (end > 0)
        .then(|| text.split_at(end))
        .map(|(name, rest)| (name.to_owned(), rest))
}

/// The last name of a dotted one at the head of a text, and what follows.
fn last_identifier(text: &str) -> Option<(String, &str)> {
    let (mut name, mut rest) = identifier(text)?;
    while let Some(more) = rest.strip_prefix('.') {
        (name, rest) = identifier(more)?;
    }
    Some((name, rest))
}

fn copied_columns(statement: &str, table: &Table) -> Vec<Column> {
    let listed = statement
        .split_once(" (")
        .and_then(|(_, rest)| rest.rsplit_once(") FROM"))
        .map(|(list, _)| list);
    let Some(listed) = listed else {
        return table.columns.clone();
    };
    listed
        .split(", ")
        .map(|name| name.trim_matches('"'))
        .filter_map(|name| table.columns.iter().find(|column| column.name == name).cloned())
        .collect()
}

fn primary_key(definition: &str) -> Option<(String, String)> {
    let (_, rest) = definition.split_once("ALTER TABLE ONLY ")?;
    let (table, rest) = last_identifier(rest)?;
    let (_, key) = rest.split_once("PRIMARY KEY (")?;
    let (key, _) = identifier(key)?;
    Some((table, key))
}

fn set_sequence(database: &mut Database, entry: &Entry) {
    let Some((_, arguments)) = entry.definition.rsplit_once("', ") else {
        return;
    };
    let mut arguments = arguments.trim_end().trim_end_matches(");").split(", ");
    let last = arguments.next().and_then(|value| value.parse::<i64>().ok());
    let used = arguments.next() == Some("true");
    for (name, table) in database.tables_mut() {
        let owned = table
            .primary_key
            .as_ref()
            .is_some_and(|key| entry.tag == format!("{name}_{key}_seq"));
        if owned {
            table.sequence = last.map(|value| if used { value } else { 0 });
        }
    }
}
