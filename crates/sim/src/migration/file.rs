//! The inside of a migration package, and what a target finds when it looks into one.
//!
//! The real inside is not public. Here it is that of a backup package, with the rows of overwritten tables only and a
//! member `migration` in its metadata.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::names::TableNames;
use super::rules::{self, Method};
use crate::archive;
use crate::config::Settings;
use crate::database::{Database, Row, Table, text_of};
use crate::package::{self, Package};
use crate::world::State;

/// Where an opaque package keeps the other.
const WRAPPED: &str = "content.bin";

/// A package that was opened.
pub(crate) struct Opened {
    pub(crate) methods: BTreeMap<String, Method>,
    pub(crate) database: Database,
    metadata: Value,
}

/// A difference of a column's type that an execution cannot bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) table: String,
    pub(crate) column: String,
}

/// The package that a server makes of its present state by a rule.
pub(crate) fn of_state(state: &State, rule: &Row) -> Vec<u8> {
    let methods = rules::methods(&state.database, rule);
    let mut database = Database::default();
    for (name, table) in state.database.tables() {
        let method = methods.get(name).copied().unwrap_or(Method::SchemaOnly);
        let mut table = table.clone();
        match method {
            Method::Skip => continue,
            Method::Overwrite => {}
            Method::SchemaOnly => {
                // what makes a table of people known comes with its structure, whatever the rule of the system's tables
                let definition = matches!(name, "collections" | "fields");
                if definition {
                    table
                        .rows
                        .retain(|row| defines_user_table(&state.database, name, row));
                } else {
                    table.rows.clear();
                }
            }
        }
        database.put(name, table);
    }
    let variables: Vec<Value> = state
        .database
        .rows("environmentVariables")
        .iter()
        .map(|row| json!({"name": row.get("name"), "type": row.get("type")}))
        .collect();
    let tables: BTreeMap<&String, &str> = methods
        .iter()
        .map(|(name, method)| (name, method.word()))
        .collect();
    let mut metadata = package::metadata(state);
    if let Value::Object(members) = &mut metadata {
        members.insert(
            "migration".to_owned(),
            json!({
                "tables": tables, "variables": variables,
                "environment": environment(&state.settings).into_iter().collect::<BTreeMap<_, _>>(),
            }),
        );
    }
    let mut package = Package::default();
    package.set_file("_metadata.json", metadata.to_string());
    let database = state.settings.table_names().dumped(&database);
    package.set_file("data", archive::write(&archive::dump(&database, "nocobase")));
    let bytes = package.to_bytes(None);
    if !state.settings.opaque_migrations {
        return bytes;
    }
    let mut wrapped = Package::default();
    wrapped.set_file(WRAPPED, bytes);
    wrapped.to_bytes(None)
}

fn defines_user_table(database: &Database, table: &str, row: &Row) -> bool {
    let named = if table == "collections" {
        "name"
    } else {
        "collectionName"
    };
    rules::is_user_defined(database, &text_of(row.get(named)))
}

/// The settings that have to agree, by their documented names.
fn environment(settings: &Settings) -> [(&'static str, String); 5] {
    [
        ("DB_UNDERSCORED", settings.underscored.to_string()),
        ("USE_DB_SCHEMA_IN_SUBAPP", settings.schema_in_sub_apps.to_string()),
        (
            "DB_TABLE_PREFIX",
            settings.table_prefix.clone().unwrap_or_default(),
        ),
        ("DB_SCHEMA", settings.schema.clone().unwrap_or_default()),
        (
            "COLLECTION_MANAGER_SCHEMA",
            settings.collection_manager_schema.clone().unwrap_or_default(),
        ),
    ]
}

impl Opened {
    /// Opens a package.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let not_one = || "Not a valid migration file".to_owned();
        let package = Package::open(bytes, None).map_err(|_| not_one())?;
        if let Some(inner) = package.file(WRAPPED) {
            return Self::read(inner);
        }
        let metadata = package.metadata();
        let tables = metadata
            .pointer("/migration/tables")
            .and_then(Value::as_object)
            .ok_or_else(not_one)?;
        let methods = tables
            .iter()
            .filter_map(|(name, word)| Some((name.clone(), Method::from_word(word.as_str()?)?)))
            .collect();
        let data = package.file("data").ok_or_else(not_one)?;
        let restored = archive::restore(data)?;
        let names = TableNames {
            prefix: text_of(metadata.pointer("/database/tablePrefix")),
            underscored: metadata.pointer("/database/underscored") == Some(&Value::Bool(true)),
        };
        let known: BTreeSet<String> = tables.keys().cloned().collect();
        Ok(Self {
            methods,
            database: names.loaded(&restored.database, &known),
            metadata,
        })
    }

    /// Settings that do not agree: name, in the package, here.
    pub(crate) fn different_settings(&self, state: &State) -> Vec<Value> {
        let packed = self.metadata.pointer("/migration/environment");
        environment(&state.settings)
            .into_iter()
            .filter_map(|(name, here)| {
                let there = text_of(packed.and_then(|packed| packed.get(name)));
                (there != here).then(|| json!({"name": name, "source": there, "target": here}))
            })
            .collect()
    }

    /// Plugins in use where the package was made that are not installed here.
    pub(crate) fn missing_plugins(&self, state: &State) -> Vec<Value> {
        let here: BTreeSet<String> = state
            .database
            .rows("applicationPlugins")
            .iter()
            .map(|row| text_of(row.get("name")))
            .collect();
        let listed = self.metadata.get("plugins").and_then(Value::as_array);
        listed
            .into_iter()
            .flatten()
            .filter(|plugin| !here.contains(&text_of(plugin.get("name"))))
            .cloned()
            .collect()
    }

    /// Variables and secrets of the package that are not set here.
    pub(crate) fn missing_variables(&self, state: &State) -> Vec<Value> {
        let here = state.database.rows("environmentVariables");
        let listed = self
            .metadata
            .pointer("/migration/variables")
            .and_then(Value::as_array);
        listed
            .into_iter()
            .flatten()
            .filter(|variable| !here.iter().any(|row| row.get("name") == variable.get("name")))
            .cloned()
            .collect()
    }

    /// The version that made it, where it is another than this one.
    pub(crate) fn other_version(&self, state: &State) -> Option<String> {
        let version = text_of(self.metadata.get("version"));
        (version != state.settings.version).then_some(version)
    }

    /// Columns that exist on both sides in different types.
    pub(crate) fn conflicts(&self, state: &State) -> Vec<Conflict> {
        let of = |(name, packed): (&str, &Table)| {
            let here = state.database.table(name);
            let columns = here.map(|here| here.columns.clone()).unwrap_or_default();
            let differ = packed.columns.iter().filter(move |packed| {
                columns
                    .iter()
                    .any(|column| column.name == packed.name && column.kind != packed.kind)
            });
            let table = name.to_owned();
            differ
                .map(|column| Conflict {
                    table: table.clone(),
                    column: column.name.clone(),
                })
                .collect::<Vec<_>>()
        };
        self.database.tables().flat_map(of).collect()
    }
}
