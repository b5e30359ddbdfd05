//! The collections that people see, and their fields.

use serde_json::{Value, json};

use super::call::Call;
use super::content;
use super::reply::Reply;
use crate::clock;
use crate::database::{ColumnKind, Database, Row, Table, text_of};

/// `collections:list`, also under a data source.
pub(super) fn collections(call: &Call) -> Reply {
    let nested = call
        .target
        .parent
        .as_ref()
        .is_some_and(|(parent, _)| parent == "dataSources");
    let with_fields = nested
        || call
            .parameters
            .many("appends")
            .iter()
            .any(|name| name == "fields");
    let state = call.world.state();
    if state.database.table("collections").is_none() {
        return Reply::table_missing();
    }
    let rows = state
        .database
        .rows("collections")
        .iter()
        .map(|row| shown(row, &state.database, with_fields));
    content::page(&call.parameters, rows.collect(), "name")
}

/// `collections:listMeta`: all of them with their fields.
pub(super) fn collections_with_fields(call: &Call) -> Reply {
    let state = call.world.state();
    if state.database.table("collections").is_none() {
        return Reply::table_missing();
    }
    let rows = state
        .database
        .rows("collections")
        .iter()
        .map(|row| shown(row, &state.database, true));
    Reply::data(rows.map(Value::Object).collect())
}

/// `fields:list`, of all collections or of one.
pub(super) fn fields(call: &Call) -> Reply {
    let collection = call
        .target
        .parent
        .as_ref()
        .map(|(_, collection)| collection.as_str());
    let state = call.world.state();
    if state.database.table("fields").is_none() {
        return Reply::table_missing();
    }
    let rows = state.database.rows("fields").iter();
    let wanted = rows.filter(|row| {
        collection.is_none_or(|name| row.get("collectionName").and_then(Value::as_str) == Some(name))
    });
    content::page(&call.parameters, wanted.map(merged).collect(), "key")
}

/// A row with its options among its members, as the API shows it.
fn merged(row: &Row) -> Row {
    let mut row = row.clone();
    row.remove("sort");
    if let Some(Value::Object(options)) = row.remove("options") {
        for (name, value) in options {
            let unset = row.get(&name).is_none_or(Value::is_null);
            if unset {
                row.insert(name, value);
            }
        }
    }
    row
}

fn shown(row: &Row, database: &Database, with_fields: bool) -> Row {
    let mut shown = merged(row);
    if with_fields {
        let name = row.get("name");
        let of = database
            .rows("fields")
            .iter()
            .filter(|field| field.get("collectionName") == name);
        shown.insert(
            "fields".to_owned(),
            of.map(|field| Value::Object(merged(field))).collect(),
        );
    }
    shown.insert("unavailableActions".to_owned(), json!([]));
    shown
}

/// `collections:create`, with its fields: makes the table too.
pub(super) fn create(call: &Call) -> Reply {
    let Some(name) = call.parameters.text("name") else {
        return Reply::error(400, "name is required");
    };
    let mut state = call.world.state();
    if state.known_collections.contains(&name) {
        return Reply::error(400, format!("collection {name} already exists"));
    }
    let mut columns = vec![
        ("id", ColumnKind::BigInt),
        ("createdAt", ColumnKind::Timestamp),
        ("updatedAt", ColumnKind::Timestamp),
        ("createdById", ColumnKind::BigInt),
        ("updatedById", ColumnKind::BigInt),
    ];
    let fields = call
        .parameters
        .body
        .get("fields")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for field in &fields {
        let Some(name) = field.get("name").and_then(Value::as_str) else {
            continue;
        };
        if !columns.iter().any(|(known, _)| *known == name) {
            columns.push((
                name,
                kind(field.get("type").and_then(Value::as_str).unwrap_or_default()),
            ));
        }
    }
    let table = Table::new("id", &columns);
    state.database.put(name.clone(), table);
    let now = clock::iso_now();
    let sort = state.database.rows("collections").len() + 1;
    let row = json!({
        "key": short_key(), "name": name, "title": call.parameters.text("title"), "inherit": false, "hidden": false,
        "options": {"filterTargetKey": "id"}, "sort": sort,
    });
    insert(&mut state.database, "collections", row.clone(), &now);
    for (place, field) in fields.iter().enumerate() {
        let of = |name: &str| field.get(name).cloned().unwrap_or_default();
        let row = json!({
            "key": short_key(), "name": of("name"), "type": of("type"), "interface": of("interface"),
            "collectionName": name, "options": {}, "sort": place + 1,
        });
        insert(&mut state.database, "fields", row, &now);
    }
    state.known_collections.insert(name);
    Reply::data(row)
}

fn insert(database: &mut Database, table: &str, row: Value, now: &str) {
    if let Value::Object(row) = row {
        database.insert(table, row, now);
    }
}

/// `collections:destroy`: the table goes with it.
pub(super) fn destroy(call: &Call) -> Reply {
    let name = call.key().unwrap_or_default();
    let mut state = call.world.state();
    let Some(collections) = state.database.table_mut("collections") else {
        return Reply::table_missing();
    };
    let before = collections.rows.len();
    collections.rows.retain(|row| text_of(row.get("name")) != name);
    let removed = before - collections.rows.len();
    if removed > 0 {
        state.database.drop_table(&name);
        state.known_collections.remove(&name);
        if let Some(fields) = state.database.table_mut("fields") {
            fields
                .rows
                .retain(|row| text_of(row.get("collectionName")) != name);
        }
    }
    Reply::data(json!(removed))
}

fn kind(word: &str) -> ColumnKind {
    match word {
        "bigInt" | "snowflakeId" | "sort" => ColumnKind::BigInt,
        "integer" => ColumnKind::Integer,
        "double" | "float" | "decimal" => ColumnKind::Double,
        "text" => ColumnKind::Text,
        "boolean" => ColumnKind::Boolean,
        "json" | "jsonb" | "array" => ColumnKind::Json,
        "date" | "datetimeTz" => ColumnKind::Timestamp,
        _ => ColumnKind::Varchar,
    }
}

fn short_key() -> String {
    clock::uuid()
        .chars()
        .filter(|sign| *sign != '-')
        .take(11)
        .collect()
}
