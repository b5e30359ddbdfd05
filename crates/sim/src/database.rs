//! The relational content of an environment: tables with typed columns and rows of JSON values.
//!
//! It knows what a release tool can observe of PostgreSQL: tables, rows, sequences, and which type prints how.
//! There are no indexes, constraints or transactions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One row: column name to value.
pub(crate) type Row = Map<String, Value>;

/// The tables of one environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Database {
    tables: BTreeMap<String, Table>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) primary_key: Option<String>,
    /// The last value of the sequence behind the primary key, if there is one.
    pub(crate) sequence: Option<i64>,
    pub(crate) rows: Vec<Row>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
}

/// The types that NocoBase's tables use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ColumnKind {
    BigInt,
    Integer,
    Double,
    Varchar,
    Text,
    Boolean,
    Json,
    Timestamp,
}

impl ColumnKind {
    /// The type as `pg_dump` writes it.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::BigInt => "bigint",
            Self::Integer => "integer",
            Self::Double => "double precision",
            Self::Varchar => "character varying(255)",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::Json => "json",
            Self::Timestamp => "timestamp with time zone",
        }
    }

    /// The nearest type for what a dump declares, `None` for a type of another schema.
    pub(crate) fn from_sql(sql: &str) -> Option<Self> {
        let base = sql.split('(').next().unwrap_or(sql).trim().trim_end_matches("[]");
        match base {
            "bigint" => Some(Self::BigInt),
            "integer" | "smallint" => Some(Self::Integer),
            "double precision" | "real" | "numeric" => Some(Self::Double),
            "character varying" | "character" | "uuid" => Some(Self::Varchar),
            "boolean" => Some(Self::Boolean),
            "json" | "jsonb" => Some(Self::Json),
            "timestamp" | "timestamp with time zone" | "timestamp without time zone" => Some(Self::Timestamp),
            other if other.contains('.') => None,
            _ => Some(Self::Text),
        }
    }
}

impl Table {
    /// An empty table; `id` of type `bigint` gets a sequence.
    pub(crate) fn new(primary_key: &str, columns: &[(&str, ColumnKind)]) -> Self {
        let columns: Vec<Column> = columns
            .iter()
            .map(|(name, kind)| Column {
                name: (*name).to_owned(),
                kind: *kind,
            })
            .collect();
        let counted = columns
            .iter()
            .any(|column| column.name == primary_key && column.kind == ColumnKind::BigInt);
        Self {
            columns,
            primary_key: Some(primary_key.to_owned()),
            sequence: counted.then_some(0),
            rows: Vec::new(),
        }
    }

    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// The column that `filterByTk` names.
    pub(crate) fn key(&self) -> &str {
        self.primary_key.as_deref().unwrap_or("id")
    }

    pub(crate) fn find(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| text_of(row.get(self.key())) == key)
    }

    pub(crate) fn find_mut(&mut self, key: &str) -> Option<&mut Row> {
        let column = self.key().to_owned();
        self.rows.iter_mut().find(|row| text_of(row.get(&column)) == key)
    }

    /// Removes the rows with this key and says how many there were.
    pub(crate) fn remove(&mut self, key: &str) -> usize {
        let column = self.key().to_owned();
        let before = self.rows.len();
        self.rows.retain(|row| text_of(row.get(&column)) != key);
        before - self.rows.len()
    }

    /// Adds a row: the sequence gives its key, `createdAt` and `updatedAt` are set, absent columns are null.
    pub(crate) fn insert(&mut self, mut row: Row, now: &str) -> Row {
        let key = self.key().to_owned();
        if let Some(last) = self.sequence.as_mut() {
            match row.get(&key).and_then(Value::as_i64) {
                Some(given) => *last = (*last).max(given),
                None => {
                    *last += 1;
                    row.insert(key, Value::from(*last));
                }
            }
        }
        for column in &self.columns {
            let stamped = matches!(column.name.as_str(), "createdAt" | "updatedAt");
            row.entry(column.name.clone())
                .or_insert_with(|| if stamped { Value::from(now) } else { Value::Null });
        }
        self.rows.push(row.clone());
        row
    }
}

impl Database {
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    pub(crate) fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.get_mut(name)
    }

    pub(crate) fn put(&mut self, name: impl Into<String>, table: Table) {
        self.tables.insert(name.into(), table);
    }

    pub(crate) fn drop_table(&mut self, name: &str) -> Option<Table> {
        self.tables.remove(name)
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table))
    }

    pub(crate) fn tables_mut(&mut self) -> impl Iterator<Item = (&str, &mut Table)> {
        self.tables.iter_mut().map(|(name, table)| (name.as_str(), table))
    }

    /// The rows of a table, none when there is no such table.
    pub(crate) fn rows(&self, name: &str) -> &[Row] {
        self.table(name).map_or(&[], |table| table.rows.as_slice())
    }

    pub(crate) fn insert(&mut self, name: &str, row: Row, now: &str) {
        if let Some(table) = self.table_mut(name) {
            table.insert(row, now);
        }
    }
}

/// A value as it appears in a URL.
pub(crate) fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inserting_counts_and_stamps() {
        let mut table = Table::new(
            "id",
            &[
                ("id", ColumnKind::BigInt),
                ("createdAt", ColumnKind::Timestamp),
                ("note", ColumnKind::Text),
            ],
        );
        table.insert(Row::new(), "now");
        let row = table.insert(Row::new(), "later");
        assert_eq!(
            Value::Object(row),
            json!({"id": 2, "createdAt": "later", "note": null})
        );
        assert_eq!(table.remove("1"), 1);
        assert_eq!(table.find("1"), None);
        assert_eq!(table.sequence, Some(2));
    }

    #[test]
    fn a_type_of_another_schema_is_unknown() {
        assert_eq!(ColumnKind::from_sql("\"ext\".\"mood\""), None);
        assert_eq!(
            ColumnKind::from_sql("character varying(255)"),
            Some(ColumnKind::Varchar)
        );
        assert_eq!(
            ColumnKind::from_sql("timestamp with time zone"),
            Some(ColumnKind::Timestamp)
        );
    }
}
