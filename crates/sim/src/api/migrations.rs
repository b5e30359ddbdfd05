//! `migration:*` and `migrationFiles:*`, rules and logs: the Migration Manager on both of its surfaces.
//!
//! By public documentation, not seen on live servers.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::call::{Call, Upload};
use super::reply::Reply;
use crate::clock;
use crate::database::{Row, text_of};
use crate::faults::FaultKind;
use crate::migration::file::{self, Opened};
use crate::migration::{Made, MigrationFile, rules};

/// What a licence that does not cover the plugin comes to; the words are made up.
pub(super) fn unlicensed() -> Reply {
    Reply::error(
        403,
        "The license does not cover @nocobase/plugin-migration-manager",
    )
}

/// All packages, newest first.
pub(super) fn list(call: &Call) -> Reply {
    let state = call.world.state();
    let mut files: Vec<(&String, &MigrationFile)> = state.migrations.files.iter().collect();
    files.sort_by(|one, other| other.1.created_at.cmp(&one.1.created_at));
    Reply::data(files.into_iter().map(|(name, file)| shown(name, file)).collect())
}

fn shown(name: &str, file: &MigrationFile) -> Value {
    let (status, size) = match &file.made {
        Made::Running => ("in_progress", 0),
        Made::Done(content) => ("ok", content.len()),
        Made::Failed(_) => ("error", 0),
    };
    json!({
        "name": name, "title": file.title, "ruleId": file.rule, "createdAt": file.created_at, "status": status,
        "fileSize": size,
    })
}

fn name(call: &Call) -> String {
    let names = ["name", "fileName"]
        .into_iter()
        .find_map(|name| call.parameters.text(name));
    names.or_else(|| call.key()).unwrap_or_default()
}

fn not_found(name: &str) -> Reply {
    Reply::error(400, format!("File {name} not found"))
}

/// How one package stands.
pub(super) fn get(call: &Call) -> Reply {
    let name = name(call);
    let state = call.world.state();
    let Some(file) = state.migrations.files.get(&name) else {
        return not_found(&name);
    };
    let mut shown = shown(&name, file);
    if let (Made::Failed(message), Value::Object(members)) = (&file.made, &mut shown) {
        members.insert("message".to_owned(), json!(message));
    }
    Reply::data(shown)
}

/// Begins a package by a rule.
pub(super) fn create(call: &Call) -> Reply {
    let rule_id = call.parameters.text("ruleId").unwrap_or_default();
    let title = call.parameters.text("title").unwrap_or_default();
    let world = Arc::clone(&call.world);
    let (rule, snapshot, name) = {
        let mut state = world.state();
        let found = state
            .database
            .table("migrationRules")
            .and_then(|table| table.find(&rule_id))
            .cloned();
        let Some(rule) = found else {
            return Reply::error(400, format!("Migration rule {rule_id} not found"));
        };
        let mut stamp = clock::unix_milliseconds();
        while state
            .migrations
            .files
            .contains_key(&format!("migration_{stamp}.nbdata"))
        {
            stamp += 1;
        }
        let name = format!("migration_{stamp}.nbdata");
        let file = MigrationFile {
            title,
            rule: rule_id,
            created_at: clock::iso_now(),
            made: Made::Running,
        };
        state.migrations.files.insert(name.clone(), file);
        (rule, state.clone(), name)
    };
    let (faults, made) = (call.faults.clone(), name.clone());
    call.world.work(async move {
        if faults.contains(&FaultKind::BackupHangs) {
            return std::future::pending().await;
        }
        tokio::time::sleep(world.pace.backup * 2).await;
        let failure = faults.iter().find_map(|fault| match fault {
            FaultKind::BackupFails(message) => Some(message.clone()),
            _ => None,
        });
        let content = file::of_state(&snapshot, &rule);
        if let Some(file) = world.state().migrations.files.get_mut(&made) {
            file.made = failure.map_or_else(|| Made::Done(Bytes::from(content)), Made::Failed);
        }
    });
    Reply::data(if call.route.resource == "migration" {
        json!({"name": name})
    } else {
        json!({"data": {"fileName": name}})
    })
}

/// A package, streamed.
pub(super) fn download(call: &Call) -> Reply {
    let name = name(call);
    match call
        .world
        .state()
        .migrations
        .files
        .get(&name)
        .map(|file| &file.made)
    {
        Some(Made::Done(content)) => Reply::File {
            name,
            kind: "application/octet-stream",
            content: content.clone(),
        },
        Some(_) => Reply::error(400, format!("File {name} is not ready")),
        None => not_found(&name),
    }
}

/// Deletes a package.
pub(super) fn remove(call: &Call) -> Reply {
    let name = name(call);
    match call.world.state().migrations.files.remove(&name) {
        Some(_) => Reply::data(json!({"status": "ok"})),
        None => not_found(&name),
    }
}

/// Looks into an uploaded package; the surface of the web pages keeps it as a task.
pub(super) fn check(call: &Call) -> Reply {
    let Upload::File(content) = &call.parameters.upload else {
        call.violation("no file in the field `file`");
        return Reply::error(400, "file is required");
    };
    let opened = match Opened::read(content) {
        Ok(opened) => opened,
        Err(message) => return Reply::data(json!({"checkStatus": "failed", "message": message})),
    };
    let mut state = call.world.state();
    let environment = opened.different_settings(&state);
    let plugins = opened.missing_plugins(&state);
    let variables = opened.missing_variables(&state);
    let version = opened.other_version(&state);
    let mut result = Map::from_iter([
        (
            "pass".to_owned(),
            json!(environment.is_empty() && plugins.is_empty() && variables.is_empty() && version.is_none()),
        ),
        ("environment".to_owned(), json!(environment)),
        ("plugins".to_owned(), json!(plugins)),
        ("envTexts".to_owned(), json!(variables)),
    ]);
    if let Some(version) = version {
        let message = format!(
            "the package was made by version {version}, not {}",
            state.settings.version
        );
        result.insert("message".to_owned(), json!(message));
    }
    if call.route.resource == "migration" {
        return Reply::data(Value::Object(result));
    }
    let task = clock::uuid();
    state.migrations.tasks.insert(task.clone(), content.clone());
    Reply::data(json!({"taskId": task, "checkResult": result}))
}

/// Whether lines `NAME=value` can be read.
pub(super) fn check_texts(call: &Call) -> Reply {
    let texts = call.parameters.body.get("envTexts").and_then(Value::as_array);
    let lines = texts.into_iter().flatten().map(|text| text_of(text.get("text")));
    for line in lines {
        if !line
            .split_once('=')
            .is_some_and(|(name, value)| !name.is_empty() && !value.is_empty())
        {
            return Reply::error(400, "Invalid environment variable format");
        }
    }
    Reply::data(json!({"pass": true}))
}

/// What of a checked package cannot be brought together with what is here.
pub(super) fn conflicts(call: &Call) -> Reply {
    let task = call.parameters.text("taskId").unwrap_or_default();
    let state = call.world.state();
    let Some(opened) = state
        .migrations
        .tasks
        .get(&task)
        .and_then(|content| Opened::read(content).ok())
    else {
        return Reply::error(400, format!("Task {task} not found"));
    };
    let conflicts = opened.conflicts(&state);
    let shown = conflicts.iter().map(
        |conflict| json!({"collection": conflict.table, "field": conflict.column, "reason": "another type"}),
    );
    Reply::data(shown.collect())
}

/// A rule by the command line: two words.
pub(super) fn create_rule(call: &Call) -> Reply {
    let of = |name: &str, otherwise: &str| call.parameters.text(name).unwrap_or_else(|| otherwise.to_owned());
    let global = |word: String| json!({"globalRule": word, "enableIndependentRules": false});
    let rules = json!({
        "userDefined": global(of("userDefinedRule", "schema-only")),
        "systemDefined": global(of("systemDefinedRule", "overwrite-first")),
    });
    keep_rule(call, rules)
}

/// A rule by the web pages: the whole of it.
pub(super) fn create_whole_rule(call: &Call) -> Reply {
    keep_rule(
        call,
        call.parameters.body.get("rules").cloned().unwrap_or_default(),
    )
}

fn keep_rule(call: &Call, rules: Value) -> Reply {
    let Some(name) = call.parameters.text("name") else {
        return Reply::error(400, "name is required");
    };
    if let Some(refusal) = rules::refusal(&rules) {
        return Reply::error(400, refusal);
    }
    let row = Row::from_iter([
        ("name".to_owned(), json!(name)),
        (
            "description".to_owned(),
            json!(call.parameters.text("description")),
        ),
        ("rules".to_owned(), rules),
    ]);
    match call.world.state().database.table_mut("migrationRules") {
        Some(table) => Reply::data(Value::Object(table.insert(row, &clock::iso_now()))),
        None => Reply::table_missing(),
    }
}

/// The tables that a rule can speak of.
pub(super) fn rule_collections(call: &Call) -> Reply {
    let state = call.world.state();
    let of = |(name, _): (&str, &crate::database::Table)| json!({"name": name, "userDefined": rules::is_user_defined(&state.database, name)});
    Reply::data(state.database.tables().map(of).collect())
}

/// All logs, newest first.
pub(super) fn logs(call: &Call) -> Reply {
    let state = call.world.state();
    let shown = state.migrations.logs.iter().rev().map(|log| {
        json!({
            "name": log.name, "createdAt": log.created_at, "status": if log.success { "success" } else { "failed" },
        })
    });
    Reply::data(shown.collect())
}

/// One log with its lines.
pub(super) fn log(call: &Call) -> Reply {
    let name = name(call);
    let state = call.world.state();
    match state.migrations.logs.iter().find(|log| log.name == name) {
        Some(log) => Reply::data(json!({
            "name": log.name, "createdAt": log.created_at, "status": if log.success { "success" } else { "failed" },
            "content": log.lines.join("\n"),
        })),
        None => not_found(&name),
    }
}

/// Forgets a log.
pub(super) fn remove_log(call: &Call) -> Reply {
    let name = name(call);
    let mut state = call.world.state();
    let before = state.migrations.logs.len();
    state.migrations.logs.retain(|log| log.name != name);
    Reply::data(json!(before - state.migrations.logs.len()))
}

/// A log, its SQL or its process as a file.
pub(super) fn log_file(call: &Call) -> Reply {
    let name = name(call);
    let state = call.world.state();
    let Some(log) = state.migrations.logs.iter().find(|log| log.name == name) else {
        return not_found(&name);
    };
    let content = if call.target.action == "downloadMigrationSql" {
        log.sql.clone()
    } else {
        log.lines.join("\n")
    };
    Reply::File {
        name,
        kind: "application/octet-stream",
        content: Bytes::from(content),
    }
}

/// What was done, step by step.
pub(super) fn process(call: &Call) -> Reply {
    let name = name(call);
    let state = call.world.state();
    match state.migrations.logs.iter().find(|log| log.name == name) {
        Some(log) => Reply::data(json!(BTreeMap::from([("steps", &log.lines)]))),
        None => not_found(&name),
    }
}
