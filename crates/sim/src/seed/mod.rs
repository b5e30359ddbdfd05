//! What the databases hold at first: an installed NocoBase, and on top of it an order application.
//!
//! Everything is generated from fixed lists and fixed numbers, so that two simulations hold the same rows.

mod business;
mod plugins;
mod system;

use serde_json::{Value, json};

use crate::clock;
use crate::config::{Seed, Settings};
use crate::database::{ColumnKind, Database, Row, Table};
use crate::logs::{Level, Logs};
use crate::migration::MigrationManager;
use crate::world::{Gate, LastCommand, State};

/// The account of the administrator.
pub(crate) const ADMINISTRATOR_ACCOUNT: &str = "nocobase";
/// The password of the administrator.
pub(crate) const ADMINISTRATOR_PASSWORD: &str = "admin123";
/// When everything was installed.
const INSTALLED_AT: &str = "2026-11-02T08:30:00.000Z";

/// The state of a fresh environment.
pub(crate) fn state(name: &str, seed: Seed, settings: Settings) -> State {
    let mut database = Database::default();
    system::install(&mut database, &settings.version);
    if settings.migration_manager != MigrationManager::Missing {
        system::install_migrations(&mut database, &settings.version);
    }
    let uploads = match seed {
        Seed::Installed => Default::default(),
        Seed::Development | Seed::Testing | Seed::Production => business::fill(&mut database, seed),
    };
    let mut logs = Logs::default();
    logs.write(Level::Info, "application", format!("{name} has been started"), "");
    State {
        settings,
        token_secret: clock::uuid(),
        field_key: (0..32).map(|place| seed as u8 ^ (place * 7)).collect(),
        database,
        uploads,
        backups: Default::default(),
        safety_dump: None,
        gate: Gate::Open,
        last_command: LastCommand::default(),
        backup_tasks: Default::default(),
        interrupted_backups: Vec::new(),
        restore_tasks: Default::default(),
        restores_running: 0,
        identity_cache: Default::default(),
        known_collections: Default::default(),
        restores_collided: false,
        last_request_id: String::new(),
        logs,
        migrations: Default::default(),
    }
}

/// How the server keeps a password.
pub(crate) fn password_hash(password: &str) -> String {
    use sha2::Digest as _;
    clock::hex(sha2::Sha256::digest(format!("nocobase:{password}")).as_slice())
}

/// A table from `column type` pairs; a table without key has an empty one.
fn table(key: &str, columns: &str) -> Table {
    let columns: Vec<(&str, ColumnKind)> = columns
        .split(',')
        .filter_map(|column| column.trim().rsplit_once(' '))
        .map(|(name, kind)| (name, kind_of(kind)))
        .collect();
    let mut table = Table::new(key, &columns);
    if key.is_empty() {
        table.primary_key = None;
    }
    table
}

fn kind_of(word: &str) -> ColumnKind {
    match word {
        "big" => ColumnKind::BigInt,
        "int" => ColumnKind::Integer,
        "double" => ColumnKind::Double,
        "text" => ColumnKind::Text,
        "bool" => ColumnKind::Boolean,
        "json" => ColumnKind::Json,
        "time" => ColumnKind::Timestamp,
        _ => ColumnKind::Varchar,
    }
}

/// Adds rows, given as one JSON array of objects.
fn add(database: &mut Database, table: &str, rows: Value) {
    let Value::Array(rows) = rows else { return };
    for row in rows {
        if let Value::Object(row) = row {
            database.insert(table, row, INSTALLED_AT);
        }
    }
}

/// A collection that people see, with its fields: `name type interface title`.
fn add_collection(database: &mut Database, name: &str, title: &str, options: Value, fields: &[[&str; 4]]) {
    let sort = database.rows("collections").len() + 1;
    add(
        database,
        "collections",
        json!([{
            "key": short_key(name, ""), "name": name, "title": title, "inherit": false, "hidden": false,
            "options": options, "sort": sort,
        }]),
    );
    for (place, [field, kind, interface, title]) in fields.iter().enumerate() {
        let mut row = Row::new();
        row.insert("key".to_owned(), json!(short_key(name, field)));
        row.insert("name".to_owned(), json!(field));
        row.insert("type".to_owned(), json!(kind));
        row.insert(
            "interface".to_owned(),
            if interface.is_empty() {
                Value::Null
            } else {
                json!(interface)
            },
        );
        row.insert("collectionName".to_owned(), json!(name));
        row.insert("options".to_owned(), json!({"uiSchema": {"title": title}}));
        row.insert("sort".to_owned(), json!(place + 1));
        database.insert("fields", row, INSTALLED_AT);
    }
}

/// Eleven characters, as NocoBase keys its collections and fields.
fn short_key(collection: &str, field: &str) -> String {
    use sha2::Digest as _;
    let digest = clock::hex(sha2::Sha256::digest(format!("{collection}.{field}")).as_slice());
    digest.chars().take(11).collect()
}
