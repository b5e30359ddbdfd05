//! From a database to an archive.

use super::{Archive, Entry, Section, copy};
use crate::database::{Database, Table};

/// The archive that `pg_dump --quote-all-identifiers` would make of a database.
pub(crate) fn dump(database: &Database, name: &str) -> Archive {
    let mut archive = Archive {
        database_name: name.to_owned(),
        entries: Vec::new(),
    };
    for (tag, definition) in [
        ("ENCODING", "SET client_encoding = 'UTF8';\n"),
        ("STDSTRINGS", "SET standard_conforming_strings = 'on';\n"),
        (
            "SEARCHPATH",
            "SELECT pg_catalog.set_config('search_path', '', false);\n",
        ),
    ] {
        archive.add(Entry {
            tag: tag.to_owned(),
            kind: tag.to_owned(),
            definition: definition.to_owned(),
            ..Entry::default()
        });
    }
    let mut identifiers = Vec::new();
    for (table, content) in database.tables() {
        identifiers.push((table, content, archive.add_table(table, content)));
    }
    for (table, content, id) in &identifiers {
        archive.add_rows(table, content, *id);
    }
    for (table, content, id) in &identifiers {
        if let (Some(last), Some(key)) = (content.sequence, &content.primary_key) {
            let sequence = format!("{table}_{key}_seq");
            archive.add(Entry {
                tag: sequence.clone(),
                kind: "SEQUENCE SET".to_owned(),
                section: Section::Data,
                definition: format!(
                    "SELECT pg_catalog.setval('{}', {}, {});\n",
                    qualified(&sequence),
                    last.max(1),
                    last > 0
                ),
                namespace: Some("public".to_owned()),
                needs: vec![*id],
                ..Entry::default()
            });
        }
    }
    for (table, content, id) in &identifiers {
        if let Some(key) = &content.primary_key {
            archive.add(Entry {
                tag: format!("{table} {table}_pkey"),
                kind: "CONSTRAINT".to_owned(),
                section: Section::PostData,
                definition: format!(
                    "ALTER TABLE ONLY {}\n    ADD CONSTRAINT {} PRIMARY KEY ({});\n",
                    qualified(table),
                    quoted(&format!("{table}_pkey")),
                    quoted(key)
                ),
                namespace: Some("public".to_owned()),
                needs: vec![*id],
                ..Entry::default()
            });
        }
    }
    archive
}

impl Archive {
    /// The same in another schema than `public`, as where `DB_SCHEMA` is set.
    pub(crate) fn into_schema(mut self, schema: Option<&str>) -> Self {
        let Some(schema) = schema.filter(|schema| *schema != "public") else {
            return self;
        };
        let moved = |text: &mut String| *text = text.replace("\"public\".", &format!("{}.", quoted(schema)));
        for entry in &mut self.entries {
            if entry.namespace.is_some() {
                entry.namespace = Some(schema.to_owned());
            }
            moved(&mut entry.definition);
            moved(&mut entry.removal);
            entry.copy.as_mut().map(moved);
        }
        self
    }

    fn add(&mut self, entry: Entry) -> i32 {
        let id = i32::try_from(self.entries.len())
            .unwrap_or(i32::MAX)
            .saturating_add(1);
        self.entries.push(Entry { id, ..entry });
        id
    }

    fn add_table(&mut self, table: &str, content: &Table) -> i32 {
        let columns: Vec<String> = content
            .columns
            .iter()
            .map(|column| {
                let required = if content.primary_key.as_ref() == Some(&column.name) {
                    " NOT NULL"
                } else {
                    ""
                };
                format!("    {} {}{required}", quoted(&column.name), column.kind.sql())
            })
            .collect();
        let id = self.add(Entry {
            tag: table.to_owned(),
            kind: "TABLE".to_owned(),
            definition: format!(
                "CREATE TABLE {} (\n{}\n);\n",
                qualified(table),
                columns.join(",\n")
            ),
            removal: format!("DROP TABLE {};\n", qualified(table)),
            namespace: Some("public".to_owned()),
            ..Entry::default()
        });
        if let (Some(_), Some(key)) = (content.sequence, &content.primary_key) {
            self.add_sequence(table, key, id);
        }
        id
    }

    fn add_sequence(&mut self, table: &str, key: &str, table_id: i32) {
        let name = format!("{table}_{key}_seq");
        let sequence = qualified(&name);
        let counting = "START WITH 1\n    INCREMENT BY 1\n    NO MINVALUE\n    NO MAXVALUE\n    CACHE 1";
        let id = self.add(Entry {
            tag: name.clone(),
            kind: "SEQUENCE".to_owned(),
            definition: format!("CREATE SEQUENCE {sequence}\n    {counting};\n"),
            removal: format!("DROP SEQUENCE {sequence};\n"),
            namespace: Some("public".to_owned()),
            needs: vec![table_id],
            ..Entry::default()
        });
        self.add(Entry {
            tag: name,
            kind: "SEQUENCE OWNED BY".to_owned(),
            definition: format!(
                "ALTER SEQUENCE {sequence} OWNED BY {}.{};\n",
                qualified(table),
                quoted(key)
            ),
            namespace: Some("public".to_owned()),
            needs: vec![id],
            ..Entry::default()
        });
        let next = format!("\"nextval\"('{sequence}'::\"regclass\")");
        self.add(Entry {
            tag: format!("{table} {key}"),
            kind: "DEFAULT".to_owned(),
            definition: format!(
                "ALTER TABLE ONLY {} ALTER COLUMN {} SET DEFAULT {next};\n",
                qualified(table),
                quoted(key)
            ),
            namespace: Some("public".to_owned()),
            needs: vec![id, table_id],
            ..Entry::default()
        });
    }

    fn add_rows(&mut self, table: &str, content: &Table, table_id: i32) {
        let columns: Vec<String> = content
            .columns
            .iter()
            .map(|column| quoted(&column.name))
            .collect();
        self.add(Entry {
            tag: table.to_owned(),
            kind: "TABLE DATA".to_owned(),
            section: Section::Data,
            copy: Some(format!(
                "COPY {} ({}) FROM stdin;\n",
                qualified(table),
                columns.join(", ")
            )),
            namespace: Some("public".to_owned()),
            needs: vec![table_id],
            data: Some(copy::encode(&content.columns, &content.rows)),
            ..Entry::default()
        });
    }
}

fn qualified(name: &str) -> String {
    format!("\"public\".{}", quoted(name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
