//! Restoring a package: judging it, then replacing everything, reverting, or losing it, as the real server does.
//!
//! The answer comes after judging and says nothing about the outcome. What follows is a job: maintenance at once, the
//! server's own dump, an emptied database, the load, and then an upgrade with a reload, after which nobody remembers
//! the task. A load that fails opens the gate again while the old data is put back.

mod run;

use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::api::{Call, Reply, Upload, not_found};
use crate::clock;
use crate::faults::FaultKind;
use crate::logs::Level;
use crate::package::Package;
use crate::world::{Gate, State, Task, World};

/// A restore that was asked for.
struct Order {
    content: Bytes,
    password: Option<String>,
    skip_revert: bool,
    force: bool,
    schema: Option<String>,
    request_id: String,
    faults: Vec<FaultKind>,
}

/// Takes a package from the request or from the backup folder, judges it, and starts the restore.
pub(crate) async fn accept(call: &Call) -> Reply {
    let content = match call.target.action.as_str() {
        "restore" => stored(call),
        _ => uploaded(call),
    };
    let content = match content {
        Ok(content) => content,
        Err(reply) => return reply,
    };
    let order = Order {
        content,
        password: call.parameters.text("password"),
        skip_revert: call.parameters.switch("skipRevertOnError"),
        force: call.parameters.switch("force"),
        schema: call.parameters.text("dbSchema"),
        request_id: call.request_id.clone(),
        faults: call.faults.clone(),
    };
    tokio::time::sleep(call.world.pace.unpack).await;
    let mut state = call.world.state();
    let package = match judge(&mut state, &order) {
        Ok(package) => package,
        Err(message) => {
            state
                .logs
                .write(Level::Error, "backup", message.clone(), &order.request_id);
            return Reply::error(500, message);
        }
    };
    let task = clock::uuid();
    state.restores_collided |= state.restores_running > 0;
    state.restores_running += 1;
    state.restore_tasks.insert(task.clone(), Task::Running);
    state.gate = Gate::Commanding {
        command: state.last_command.0.clone(),
        message: "Loading data sources...".to_owned(),
    };
    drop(state);
    start(&call.world, order, package, task.clone());
    Reply::Json(StatusCode::OK, json!({"data": {"status": "ok", "task": task}}))
}

/// What the command line on the host does with a plain package, its restart and upgrade included.
pub(crate) fn on_host(world: &Arc<World>, package: &[u8]) -> bool {
    let restored = Package::open(package, None)
        .ok()
        .and_then(|package| crate::archive::restore(package.file("data")?).ok());
    let Some(restored) = restored else { return false };
    let mut state = world.state();
    state.database = restored.database;
    crate::package::add_runtime_tables(&mut state.database);
    state.reload();
    state.restores_running = 0;
    state.restores_collided = false;
    state.gate = Gate::Open;
    true
}

fn start(world: &Arc<World>, order: Order, package: Package, task: String) {
    let worker = Arc::clone(world);
    world.work(async move { run::run(&worker, &order, &package, &task).await });
}

/// The package of a name. The newer action reads a file that is not there, and the process dies of it.
fn stored(call: &Call) -> Result<Bytes, Reply> {
    let old = call.route.resource == "backups";
    let Some(name) = call.parameters.text("name") else {
        return Err(if old {
            let message = "The \"paths[1]\" argument must be of type string. Received undefined";
            Reply::error_with(500, message, Some("ERR_INVALID_ARG_TYPE"))
        } else {
            Reply::error(400, "Backup name is required")
        });
    };
    let state = call.world.state();
    match state.backups.get(&name) {
        Some(backup) => Ok(backup.content.clone()),
        None if old => Err(Reply::error(500, not_found(call, &name))),
        None if !well_formed(&name) => Err(Reply::error(400, "Invalid backup name")),
        None => Err(Reply::Death),
    }
}

fn well_formed(name: &str) -> bool {
    name.ends_with(".nbdata") && !name.contains(['/', '\\'])
}

fn uploaded(call: &Call) -> Result<Bytes, Reply> {
    match &call.parameters.upload {
        Upload::File(content) => Ok(content.clone()),
        Upload::None => {
            call.violation("no file");
            Err(Reply::error(
                500,
                "Cannot read properties of undefined (reading 'path')",
            ))
        }
        Upload::Misplaced(field) => {
            call.violation(format_args!("the file is in the field `{field}`"));
            Err(Reply::error_with(
                500,
                "Unexpected file field",
                Some("LIMIT_UNEXPECTED_FILE"),
            ))
        }
    }
}

/// What the server checks before anything happens. Its refusals leave everything as it was.
fn judge(state: &mut State, order: &Order) -> Result<Package, String> {
    let opened = Package::open(&order.content, order.password.as_deref());
    let package = opened.map_err(|reason| {
        let line = format!("Error decrypting file: {reason}. Please confirm your password.");
        state.logs.write(Level::Error, "backups", line, &order.request_id);
        format!("Error decrypting: {reason}, please check your password")
    })?;
    let folder = format!("{}{}", clock::unix_seconds(), clock::random_number());
    let line = format!("Backup file extracted to: /srv/nocobase/storage/tmp/backups/main/{folder}");
    state.logs.write(Level::Info, "backups", line, &order.request_id);
    let has_data = package
        .names()
        .iter()
        .any(|name| *name == "data" || name.starts_with("data/"));
    let (true, Some(metadata)) = (has_data, package.file("_metadata.json")) else {
        return Err("Not a valid backup file".to_owned());
    };
    let Ok(metadata) = serde_json::from_slice::<Value>(metadata) else {
        return Err(
            "Error parsing backup file: Expected property name or '}' in JSON at position 1".to_owned(),
        );
    };
    judge_metadata(state, order, &metadata)?;
    let missing = missing_plugins(state, &metadata)?;
    if !missing.is_empty() {
        let line = format!(
            "The following plugins are missing in current application: {}",
            missing.join(", ")
        );
        state.logs.write(Level::Warn, "backups", line, &order.request_id);
    }
    Ok(package)
}

fn judge_metadata(state: &State, order: &Order, metadata: &Value) -> Result<(), String> {
    let undefined = |reading: &str| format!("Cannot read properties of undefined (reading '{reading}')");
    let settings = &state.settings;
    let version = metadata
        .get("version")
        .and_then(Value::as_str)
        .ok_or_else(|| undefined("match"))?;
    let numbers = version_numbers(version).ok_or_else(|| format!("Invalid Version: {version}"))?;
    if version_numbers(&settings.version).is_some_and(|own| numbers > own) {
        let own = &settings.version;
        return Err(format!(
            "Unable to restore: backup version({version}) is greater than current application({own})"
        ));
    }
    let database = metadata.get("database").ok_or_else(|| undefined("dialect"))?;
    let text = |name: &str| database.get(name).and_then(Value::as_str).map(str::to_owned);
    if text("dialect").as_deref() != Some(&settings.dialect) {
        return Err("Unable to restore: database dialect mismatch".to_owned());
    }
    if database
        .get("underscored")
        .and_then(Value::as_bool)
        .unwrap_or(false)
        != settings.underscored
    {
        return Err("Unable to restore: database underscored mismatch".to_owned());
    }
    if text("tablePrefix").unwrap_or_default() != settings.table_prefix.clone().unwrap_or_default() {
        return Err("Unable to restore: database table prefix mismatch".to_owned());
    }
    let own_schema = settings.schema.clone().unwrap_or_else(|| "public".to_owned());
    let remapped = order.force || order.schema.as_ref() == Some(&own_schema);
    if text("schema") != settings.schema && !remapped {
        return Err("Unable to restore: database schema mismatch".to_owned());
    }
    Ok(())
}

fn missing_plugins(state: &State, metadata: &Value) -> Result<Vec<String>, String> {
    let listed = metadata
        .get("plugins")
        .and_then(Value::as_array)
        .ok_or("Cannot read properties of undefined (reading 'filter')")?;
    let here = state.database.rows("applicationPlugins");
    let names = listed
        .iter()
        .filter_map(|plugin| plugin.get("name").and_then(Value::as_str));
    let is_here = |name: &str| {
        here.iter()
            .any(|row| row.get("name").and_then(Value::as_str) == Some(name))
    };
    Ok(names.filter(|name| !is_here(name)).map(str::to_owned).collect())
}

/// The three numbers of a version; what follows a dash is not compared.
fn version_numbers(version: &str) -> Option<[u64; 3]> {
    let release = version.split(['-', '+']).next()?;
    let mut parts = release.split('.').map(|part| part.parse::<u64>().ok());
    match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
        (major, minor, patch, None) => Some([major, minor, patch]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Seed, Settings};
    use crate::{package, seed};

    fn judged(change: impl FnOnce(&mut Value), order: impl FnOnce(&mut Order)) -> Result<(), String> {
        let mut state = seed::state("test", Seed::Testing, Settings::default());
        let mut package = Package::open(&package::of_state(&state, None), None).expect("opens");
        package.change_metadata(change);
        let mut asked = Order {
            content: Bytes::from(package.to_bytes(None)),
            password: None,
            skip_revert: false,
            force: false,
            schema: None,
            request_id: "r1".to_owned(),
            faults: Vec::new(),
        };
        order(&mut asked);
        judge(&mut state, &asked).map(|_| ())
    }

    #[test]
    fn packages_are_refused_with_the_servers_words() {
        type Change = fn(&mut Value);
        let cases: [(Change, &str); 9] = [
            (
                |all| *all = json!({}),
                "Cannot read properties of undefined (reading 'match')",
            ),
            (|all| all["version"] = json!("latest"), "Invalid Version: latest"),
            (
                |all| all["version"] = json!("2.2.16"),
                "Unable to restore: backup version(2.2.16) is greater than current application(2.2.15)",
            ),
            (
                |all| all["database"]["dialect"] = json!("mysql"),
                "Unable to restore: database dialect mismatch",
            ),
            (
                |all| all["database"]["underscored"] = json!(true),
                "Unable to restore: database underscored mismatch",
            ),
            (
                |all| all["database"]["tablePrefix"] = json!("t_"),
                "Unable to restore: database table prefix mismatch",
            ),
            (
                |all| all["database"]["schema"] = json!("public"),
                "Unable to restore: database schema mismatch",
            ),
            (
                |all| drop(all.as_object_mut().expect("object").remove("database")),
                "Cannot read properties of undefined (reading 'dialect')",
            ),
            (
                |all| drop(all.as_object_mut().expect("object").remove("plugins")),
                "Cannot read properties of undefined (reading 'filter')",
            ),
        ];
        for (change, message) in cases {
            assert_eq!(judged(change, |_| ()), Err(message.to_owned()));
        }
    }

    #[test]
    fn what_the_server_does_not_mind() {
        assert_eq!(judged(|all| all["version"] = json!("2.1.0"), |_| ()), Ok(()));
        assert_eq!(
            judged(|all| all["plugins"] = json!([{"name": "nope"}]), |_| ()),
            Ok(())
        );
        let other_schema: fn(&mut Value) = |all| all["database"]["schema"] = json!("other");
        assert_eq!(judged(other_schema, |order| order.force = true), Ok(()));
        assert_eq!(
            judged(other_schema, |order| order.schema = Some("public".to_owned())),
            Ok(())
        );
    }

    #[test]
    fn something_that_is_no_zip_is_a_matter_of_the_password() {
        let refused = judged(|_| (), |order| order.content = Bytes::from_static(b"x"));
        let message = "Error decrypting: End of central directory record signature not found. Either not a zip file, \
            or file is truncated., please check your password";
        assert_eq!(refused, Err(message.to_owned()));
    }
}
