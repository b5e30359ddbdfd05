//! The two rows of settings: the system's, open to anyone, and the Backup Manager's.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::Reply;
use crate::clock;
use crate::database::Row;

/// `systemSettings:get`, with the logo.
pub(super) fn system(call: &Call) -> Reply {
    let state = call.world.state();
    if state.database.table("systemSettings").is_none() {
        return Reply::table_missing();
    }
    let Some(row) = state.database.rows("systemSettings").first() else {
        return Reply::Nothing;
    };
    let mut row = row.clone();
    let title = row.get("title").cloned().unwrap_or_default();
    let made = row.get("createdAt").cloned();
    row.insert("raw_title".to_owned(), title);
    row.insert(
        "logo".to_owned(),
        json!({
            "id": 1, "title": "nocobase-logo", "filename": "logo-4xxs0y.png", "extname": ".png", "size": 11186,
            "mimetype": "image/png", "path": "", "meta": {}, "url": "/files/main/main/attachments/1.png",
            "storageId": 399_183_583_051_776_i64, "createdAt": made, "updatedAt": made, "createdById": null,
            "updatedById": null, "preview": "/files/main/main/attachments/1.png?preview=1",
        }),
    );
    Reply::data(Value::Object(row))
}

/// `backupSettings:get`: the password comes back in clear.
pub(super) fn backup(call: &Call) -> Reply {
    let state = call.world.state();
    if state.database.table("backupSettings").is_none() {
        return Reply::table_missing();
    }
    let Some(row) = state.database.rows("backupSettings").first() else {
        return Reply::Nothing;
    };
    let mut row = row.clone();
    if call
        .parameters
        .many("appends")
        .iter()
        .any(|name| name == "storage")
    {
        row.insert("storage".to_owned(), Value::Null);
    }
    Reply::data(Value::Object(row))
}

/// `backupSettings:update`.
pub(super) fn change_backup(call: &Call) -> Reply {
    let Some(key) = call.key() else {
        return Reply::error(500, "to do update action, filter or filterByTk is required");
    };
    if let Some(refusal) = wrong_keep(&call.parameters.body) {
        return Reply::error(400, refusal);
    }
    if let Some(word) = wrong_cron(&call.parameters.body) {
        return Reply::error(500, format!("Invalid characters, got value: {word}"));
    }
    let mut state = call.world.state();
    let Some(row) = state
        .database
        .table_mut("backupSettings")
        .and_then(|table| table.find_mut(&key))
    else {
        return Reply::data(json!([]));
    };
    for (name, value) in &call.parameters.body {
        if row.contains_key(name) {
            row.insert(name.clone(), value.clone());
        }
    }
    row.insert("updatedAt".to_owned(), clock::iso_now().into());
    Reply::data(json!([row]))
}

fn wrong_keep(body: &Row) -> Option<&'static str> {
    match body.get("keep")? {
        Value::Null => Some(": keep is required"),
        Value::Number(number) if number.as_f64() < Some(1.0) => {
            Some(": keep must be greater than or equal to 1")
        }
        Value::Number(number) if number.as_f64() > Some(1000.0) => {
            Some(": keep must be less than or equal to 1000")
        }
        Value::Number(_) => None,
        _ => Some(": keep must be a number"),
    }
}

/// The first part of a schedule that cannot be one.
fn wrong_cron(body: &Row) -> Option<&str> {
    let cron = body.get("cron")?.as_str()?;
    cron.split_whitespace().find(|part| {
        !part
            .chars()
            .all(|sign| sign.is_ascii_digit() || "*,-/?".contains(sign))
    })
}
