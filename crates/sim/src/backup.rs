//! Making a package: a job that a request starts and that nobody waits for.

use std::sync::Arc;

use bytes::Bytes;

use crate::api::Call;
use crate::clock;
use crate::database::text_of;
use crate::faults::FaultKind;
use crate::logs::Level;
use crate::package;
use crate::store;
use crate::world::{State, StoredBackup, Task, World};

/// Starts a backup and returns its name.
pub(crate) fn start(call: &Call) -> String {
    let world = Arc::clone(&call.world);
    let faults = call.faults.clone();
    let request_id = call.request_id.clone();
    let (name, snapshot) = {
        let mut state = world.state();
        let mut name = clock::backup_name();
        while state.backups.contains_key(&name) || state.backup_tasks.contains_key(&name) {
            name = clock::backup_name();
        }
        state.backup_tasks.insert(name.clone(), Task::Running);
        (name, state.clone())
    };
    let started = name.clone();
    call.world
        .work(async move { run(&world, &name, snapshot, &faults, &request_id).await });
    started
}

async fn run(world: &Arc<World>, name: &str, snapshot: State, faults: &[FaultKind], request_id: &str) {
    if faults.contains(&FaultKind::BackupHangs) {
        return std::future::pending().await;
    }
    tokio::time::sleep(world.pace.backup).await;
    let settings = snapshot
        .database
        .rows("backupSettings")
        .first()
        .cloned()
        .unwrap_or_default();
    let password = text_of(settings.get("encryptionPassword"));
    let mut content = Bytes::from(package::of_state(&snapshot, Some(&password)));
    let mut torn = false;
    let mut failure = None;
    for fault in faults {
        match fault {
            FaultKind::BackupFails(message) => failure = Some(format!("Error backing up: {message}")),
            FaultKind::TornBackup(kept) => {
                content.truncate(*kept);
                torn = true;
            }
            _ => {}
        }
    }
    let mut state = world.state();
    if let Some(message) = failure {
        state
            .logs
            .write(Level::Error, "backups", message.clone(), request_id);
        state.backup_tasks.insert(name.to_owned(), Task::Failed(message));
        return;
    }
    state.backups.insert(
        name.to_owned(),
        StoredBackup {
            content,
            created_at: clock::iso_now(),
        },
    );
    if torn {
        state.backup_tasks.remove(name);
        state.interrupted_backups.push(name.to_owned());
    } else if state.backup_tasks.contains_key(name) {
        state.backup_tasks.insert(name.to_owned(), Task::Done);
    }
    let keep = settings
        .get("keep")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(100);
    drop_oldest(&mut state, usize::try_from(keep).unwrap_or(usize::MAX));
    drop(state);
    store::keep(world);
}

/// Deletes what is beyond the number to keep, a tool's own packages too.
fn drop_oldest(state: &mut State, keep: usize) {
    while state.backups.len() > keep {
        let oldest = state
            .backups
            .iter()
            .min_by_key(|(name, backup)| (&backup.created_at, *name));
        let Some(name) = oldest.map(|(name, _)| name.clone()) else {
            break;
        };
        state.backups.remove(&name);
    }
}
