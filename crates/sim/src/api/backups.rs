//! `backup:*` and the older `backups:*`: the same packages under two names.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::reply::Reply;
use crate::backup;
use crate::world::{State, Task};

const NAME_REQUIRED: &str = "Backup name is required";

/// Starts a backup. Whatever else is sent is ignored.
pub(super) fn create(call: &Call) -> Reply {
    let name = backup::start(call);
    Reply::data(json!({"name": name, "inProgress": true}))
}

/// The state of one backup, as long as the process remembers it.
pub(super) fn status(call: &Call) -> Reply {
    let Some(name) = call.parameters.text("name") else {
        return Reply::error(400, NAME_REQUIRED);
    };
    Reply::data(tasks(&call.world.state(), &[name]))
}

/// The same for many names, which must come as an array.
pub(super) fn task_status(call: &Call) -> Reply {
    let names = call.parameters.many("names");
    if call.parameters.query("names").is_some() {
        return Reply::error(500, "backupNames.reduce is not a function");
    }
    if names.is_empty() {
        return Reply::error(
            500,
            "backupNames is not iterable (cannot read property undefined)",
        );
    }
    Reply::data(tasks(&call.world.state(), &names))
}

fn tasks(state: &State, names: &[String]) -> Value {
    let known = names.iter().filter_map(|name| {
        state
            .backup_tasks
            .get(name)
            .map(|task| (name.clone(), shown(task)))
    });
    Value::Object(known.collect())
}

fn shown(task: &Task) -> Value {
    match task {
        Task::Running => json!({"inProgress": true}),
        Task::Done => json!({"inProgress": false}),
        Task::Failed(message) => json!({"inProgress": false, "message": message}),
    }
}

/// All packages, the running ones first, then the newest.
pub(super) fn list(call: &Call) -> Reply {
    let mut state = call.world.state();
    let interrupted = std::mem::take(&mut state.interrupted_backups);
    let running = state
        .backup_tasks
        .iter()
        .filter(|(_, task)| **task == Task::Running)
        .map(|(name, _)| name);
    let mut unfinished: Vec<&String> = running.chain(&interrupted).collect();
    unfinished.sort_by(|one, other| other.cmp(one));
    let first = unfinished
        .iter()
        .map(|name| json!({"name": name, "inProgress": true}));
    let mut finished: Vec<_> = state
        .backups
        .iter()
        .filter(|(name, _)| !unfinished.contains(name))
        .collect();
    finished.sort_by_key(|(name, backup)| std::cmp::Reverse((backup.created_at.clone(), (*name).clone())));
    let then = finished.into_iter().map(|(name, backup)| {
        json!({
            "name": name, "fileSize": readable(backup.content.len()), "createdAt": backup.created_at,
            "inProgress": false,
        })
    });
    Reply::data(first.chain(then).collect())
}

/// `83.1 KiB`.
fn readable(bytes: usize) -> String {
    let mut amount = u32::try_from(bytes).map_or(f64::MAX, f64::from);
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB"] {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{amount:.1} {unit}")
    }
}

/// A package, streamed.
pub(super) fn download(call: &Call) -> Reply {
    let Some(name) = name(call) else {
        return Reply::error(400, NAME_REQUIRED);
    };
    match call.world.state().backups.get(&name) {
        Some(backup) => Reply::File {
            name,
            kind: "application/octet-stream",
            content: backup.content.clone(),
        },
        None => {
            let last = name.rsplit('/').next().unwrap_or(&name).to_owned();
            Reply::NoFile {
                name: last,
                message: not_found(call, &name),
            }
        }
    }
}

/// Deletes a package.
pub(super) fn remove(call: &Call) -> Reply {
    let Some(name) = name(call) else {
        return Reply::error(400, NAME_REQUIRED);
    };
    match call.world.state().backups.remove(&name) {
        Some(_) => Reply::data(json!({"status": "ok"})),
        None => Reply::error(500, not_found(call, &name)),
    }
}

/// The state of a restore, as long as the app that started it has not been reloaded.
pub(super) fn restore_status(call: &Call) -> Reply {
    let task = call.parameters.text("task").unwrap_or_default();
    match call.world.state().restore_tasks.get(&task) {
        Some(task) => Reply::Json(StatusCode::OK, json!({"data": shown(task)})),
        None => Reply::Nothing,
    }
}

/// Which database is behind the app.
pub(super) fn database(call: &Call) -> Reply {
    let settings = call.world.state().settings.clone();
    let mut database = Map::from_iter([("dialect".to_owned(), json!(settings.dialect))]);
    database.extend(settings.schema.map(|schema| ("schema".to_owned(), json!(schema))));
    Reply::data(json!({"database": database}))
}

fn name(call: &Call) -> Option<String> {
    let parameter = if call.route.resource == "backups" {
        call.key()
    } else {
        call.parameters.text("name")
    };
    parameter.filter(|name| !name.is_empty())
}

/// The message for a package that is not there.
pub(crate) fn not_found(call: &Call, name: &str) -> String {
    if call.chinese() {
        format!("File [{name}] not found")
    } else {
        format!("File {name} not found")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        assert_eq!(
            [10, 2048, 85_094, 71_512_883].map(readable),
            ["10 B", "2.0 KiB", "83.1 KiB", "68.2 MiB"]
        );
    }
}
