//! `_metadata.json`: reading it, and what a server would trip over.
//!
//! Facts: NocoBase 2.0.56 to 2.2.15, `managers/backup.js` (what is written) and `managers/restore.js`
//! (`#assertMetadata`, what is read, mostly without looking whether it is there). Unknown keys are ignored.

use serde_json::{Map, Value};

use super::text::clean;
use super::{Database, Metadata, Plugin, version};
use crate::finding::Finding;

/// Plugins that are listed; no real environment comes near.
const MOST_PLUGINS: usize = 5000;

const AGAIN: &str = "Make the package again with NocoBase's Backup Manager.";

/// Reads the member's bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<Metadata, Finding> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        refuse(
            "metadata_not_json",
            format!("_metadata.json is not JSON ({place})."),
        )
    })?;
    let Value::Object(fields) = value else {
        return Err(refuse(
            "metadata_not_an_object",
            "_metadata.json is no JSON object.",
        ));
    };
    let version = match fields.get("version") {
        Some(Value::String(version)) => clean(version),
        _ => {
            return Err(refuse(
                "metadata_no_version",
                "_metadata.json names no version of NocoBase.",
            ));
        }
    };
    if version::release(&version).is_none() {
        return Err(refuse(
            "metadata_version_unreadable",
            format!("_metadata.json names a version that cannot be compared: {version}."),
        ));
    }
    let Some(Value::Object(database)) = fields.get("database") else {
        return Err(refuse(
            "metadata_no_database",
            "_metadata.json does not describe the database.",
        ));
    };
    Ok(Metadata {
        metadata_version: fields.get("metadataVersion").and_then(Value::as_u64),
        version,
        database: parse_database(database)?,
        plugins: parse_plugins(fields.get("plugins"))?,
        files_backup: fields.get("enableFilesBackup").and_then(Value::as_bool),
        description: text(&fields, "description"),
        created_by: text(&fields, "createdBy").or_else(|| person(fields.get("createdBy"))),
    })
}

fn parse_database(fields: &Map<String, Value>) -> Result<Database, Finding> {
    let Some(dialect) = text(fields, "dialect") else {
        return Err(refuse(
            "metadata_no_dialect",
            "_metadata.json does not name the kind of database.",
        ));
    };
    let underscored = match fields.get("underscored") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(underscored)) => *underscored,
        Some(_) => {
            return Err(refuse(
                "metadata_malformed",
                "_metadata.json: database.underscored is neither true nor false.",
            ));
        }
    };
    for name in ["tablePrefix", "schema"] {
        if fields
            .get(name)
            .is_some_and(|value| !value.is_string() && !value.is_null())
        {
            return Err(refuse(
                "metadata_malformed",
                format!("_metadata.json: database.{name} is no text."),
            ));
        }
    }
    Ok(Database {
        dialect,
        toolchain: text(fields, "toolchain"),
        underscored,
        table_prefix: text(fields, "tablePrefix"),
        schema: text(fields, "schema"),
        version: text(fields, "version"),
        backup_client_version: text(fields, "backupClientVersion"),
    })
}

fn parse_plugins(value: Option<&Value>) -> Result<Vec<Plugin>, Finding> {
    let Some(Value::Array(plugins)) = value else {
        return Err(refuse(
            "metadata_no_plugins",
            "_metadata.json has no list of plugins.",
        ));
    };
    if plugins.len() > MOST_PLUGINS {
        return Err(refuse(
            "metadata_malformed",
            "_metadata.json lists more plugins than is believable.",
        ));
    }
    let read = |plugin: &Value| {
        let fields = plugin.as_object()?;
        let package_name = text(fields, "packageName");
        let name = text(fields, "name").or_else(|| package_name.clone())?;
        Some(Plugin {
            name,
            version: text(fields, "version"),
            package_name,
        })
    };
    plugins
        .iter()
        .map(|plugin| {
            read(plugin).ok_or_else(|| {
                refuse(
                    "metadata_plugins_unreadable",
                    "_metadata.json lists a plugin without a name.",
                )
            })
        })
        .collect()
}

/// A text that is there and not empty.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields
        .get(name)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(clean)
}

/// A user written as an object or a number.
fn person(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(id) => Some(clean(&id.to_string())),
        Value::Object(fields) => ["nickname", "username", "email"]
            .iter()
            .find_map(|name| text(fields, name)),
        _ => None,
    }
}

fn refuse(code: &str, text: impl Into<String>) -> Finding {
    Finding::blocker(code, text, AGAIN)
}
