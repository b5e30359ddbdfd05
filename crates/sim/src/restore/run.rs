//! The job of a restore, phase by phase.

use std::sync::Arc;

use super::Order;
use crate::archive;
use crate::database::Database;
use crate::faults::{FaultKind, RestoreStage};
use crate::logs::Level;
use crate::package::{self, Package};
use crate::store;
use crate::world::{Gate, LastCommand, MISSING_VERSION, Task, World};

/// What the app says while it upgrades; `{i}` counts its plugins.
const UPGRADE_MESSAGES: [&str; 16] = [
    "Loading data sources...",
    "plugins loaded",
    "before load plugin [acl], 1/77",
    "load plugin [acl], 1/77",
    "load plugin [backups], 14/77",
    "load plugin [workflow], 61/77",
    "plugins loaded",
    "load locale resource",
    "locale resource loaded",
    "app reload",
    "init plugins",
    "load plugin [users], 59/77",
    "load roles collection",
    "load users collection fields",
    "emit afterStart",
    "Loading data sources...",
];

/// How a load ended.
enum Loaded {
    Whole,
    /// Single statements failed, the rest is there.
    Tolerated,
    /// Nothing is there, and the old data is to come back.
    Failed(String),
    /// Nothing more happens here: the process is gone, or the gate is shut for good.
    Over,
}

/// Runs an accepted restore to its end.
pub(super) async fn run(world: &Arc<World>, order: &Order, package: &Package, task: &str) {
    let restore = Restore {
        world,
        order,
        package,
        task,
    };
    let loaded = match restore.dump_own_database().await {
        Ok(()) => restore.load().await,
        Err(loaded) => loaded,
    };
    match loaded {
        Loaded::Whole => {}
        Loaded::Tolerated => restore.show_healthy_for_a_moment().await,
        Loaded::Failed(message) => {
            if !restore.revert(&message).await {
                return;
            }
        }
        Loaded::Over => return,
    }
    restore.upgrade().await;
}

struct Restore<'job> {
    world: &'job Arc<World>,
    order: &'job Order,
    package: &'job Package,
    task: &'job str,
}

impl Restore<'_> {
    fn log(&self, level: Level, message: impl Into<String>) {
        self.world
            .state()
            .logs
            .write(level, "backups", message, &self.order.request_id);
    }

    fn dies_during(&self, stage: RestoreStage) -> bool {
        self.order.faults.contains(&FaultKind::DiesDuringRestore(stage))
    }

    /// The server's own dump, in the one file that all restores share.
    async fn dump_own_database(&self) -> Result<(), Loaded> {
        tokio::time::sleep(self.world.pace.safety_dump).await;
        if self.dies_during(RestoreStage::SafetyDump) {
            self.world.die_and_restart();
            return Err(Loaded::Over);
        }
        if self.order.faults.contains(&FaultKind::SafetyDumpFails) {
            let message =
                "pg_dump: error: connection to server failed: FATAL:  sorry, too many clients already";
            return Err(Loaded::Failed(message.to_owned()));
        }
        let mut state = self.world.state();
        let mut dump = package::safety_dump(&state.database);
        if self.order.faults.contains(&FaultKind::SafetyDumpTorn) {
            dump.truncate(dump.len() / 2);
            state.safety_dump = Some(dump);
            let message = "pg_dump: error: could not write to output file: No space left on device";
            return Err(Loaded::Failed(message.to_owned()));
        }
        state.safety_dump = Some(dump);
        Ok(())
    }

    /// Drops everything and loads the package's dump.
    async fn load(&self) -> Loaded {
        self.world.state().database = Database::default();
        tokio::time::sleep(self.world.pace.load).await;
        if self.order.faults.contains(&FaultKind::RestoreHangs) {
            return std::future::pending().await;
        }
        let restored = match self.restored() {
            Ok(restored) => restored,
            Err(message) => return Loaded::Failed(message),
        };
        let mut database = restored.database;
        let mut state = self.world.state();
        for name in self.package.names() {
            if let (Some(path), Some(content)) = (name.strip_prefix("uploads/"), self.package.file(name)) {
                state.uploads.insert(path.to_owned(), content.to_vec());
            }
        }
        if let Some(key) = self.package.file("aes_key.dat") {
            state.field_key = key.to_vec();
        }
        if self.order.faults.contains(&FaultKind::LoadKilled) {
            database.tables_mut().for_each(|(_, table)| table.rows.clear());
        }
        let collided = state.restores_collided;
        if collided && let Some(users) = database.table_mut("users") {
            let twice = users.rows.clone();
            users.rows.extend(twice);
        }
        state.database = database;
        drop(state);
        if self.dies_during(RestoreStage::Load) || self.order.faults.contains(&FaultKind::LoadKilled) {
            self.world.die_and_restart();
            store::keep(self.world);
            return Loaded::Over;
        }
        if !collided && restored.failures.is_empty() {
            self.log(Level::Info, "Database restored successfully");
            return Loaded::Whole;
        }
        let printed = restored
            .failures
            .iter()
            .map(|failure| format!("pg_restore: error: {failure}"));
        self.log_failure(&printed.collect::<Vec<_>>().join("\n"));
        self.log(
            Level::Warn,
            "Tolerent mode enabled, ignoring the error and continue the upgrade.",
        );
        if collided {
            self.shut_for_good("Validation error");
            return Loaded::Over;
        }
        Loaded::Tolerated
    }

    fn restored(&self) -> Result<archive::Restored, String> {
        if self.package.file("data").is_none() {
            let folder = "/srv/nocobase/storage/tmp/backups/main/data";
            return Err(format!(
                "pg_restore: error: directory \"{folder}\" does not appear to be a valid archive (\"toc.dat\" does \
                 not exist)"
            ));
        }
        let mut restored = archive::restore(self.package.file("data").unwrap_or_default())?;
        {
            let state = self.world.state();
            let known = state.known_collections.iter().cloned().collect();
            restored.database = state.settings.table_names().loaded(&restored.database, &known);
        }
        for fault in &self.order.faults {
            match fault {
                FaultKind::RestoreFails(message) => return Err(message.clone()),
                FaultKind::RestoreLosesTable(table) => {
                    restored.database.drop_table(table);
                    restored.failures.push(format!(
                        "could not execute query: ERROR:  schema \"ext\" does not exist\nCommand was: CREATE TABLE \
                         \"public\".\"{table}\""
                    ));
                }
                FaultKind::RestoreLosesRows(table, kept) => {
                    if let Some(table) = restored.database.table_mut(table) {
                        table.rows.truncate(*kept);
                    }
                }
                _ => {}
            }
        }
        Ok(restored)
    }

    fn log_failure(&self, message: &str) {
        self.log(
            Level::Error,
            format!("Error restoring backup: {message}. Trying to revert the backup process"),
        );
        let versions = package::database_versions(self.package);
        self.log(
            Level::Error,
            format!("Error restoring backup: \"{message}\".{versions}"),
        );
    }

    /// Between the tolerated load and the upgrade the gate stands open.
    async fn show_healthy_for_a_moment(&self) {
        self.world.state().gate = Gate::Open;
        tokio::time::sleep(self.world.pace.revert / 5).await;
    }

    /// Puts the old data back while the gate stands open. False when that fails too.
    async fn revert(&self, message: &str) -> bool {
        {
            let mut state = self.world.state();
            state
                .restore_tasks
                .insert(self.task.to_owned(), Task::Failed(message.to_owned()));
            state.gate = Gate::Open;
        }
        self.log_failure(message);
        if self.order.skip_revert {
            self.world.state().database = Database::default();
            self.shut_for_good(MISSING_VERSION);
            return false;
        }
        self.log(Level::Info, "Reverting the database restore process");
        let dump = self.world.state().safety_dump.clone().unwrap_or_default();
        let reverted = archive::restore(&dump);
        self.world.state().database = Database::default();
        tokio::time::sleep(self.world.pace.revert / 2).await;
        let Ok(reverted) = reverted else {
            self.log(Level::Error, "Error reverting the database restore process");
            self.shut_for_good(MISSING_VERSION);
            return false;
        };
        // the tables come back first, their rows later
        let mut empty = reverted.database.clone();
        empty.tables_mut().for_each(|(_, table)| table.rows.clear());
        self.world.state().database = empty;
        tokio::time::sleep(self.world.pace.revert / 2).await;
        self.world.state().database = reverted.database;
        true
    }

    /// Upgrade and reload, after which nothing of the task is remembered.
    async fn upgrade(&self) {
        if !self.begin_upgrade() {
            return store::keep(self.world);
        }
        let steps = u32::try_from(UPGRADE_MESSAGES.len()).unwrap_or(1);
        for (place, message) in UPGRADE_MESSAGES.into_iter().enumerate() {
            self.world.state().gate = upgrading(message);
            tokio::time::sleep(self.world.pace.upgrade / steps).await;
            if place != UPGRADE_MESSAGES.len() / 2 {
                continue;
            }
            if self.dies_during(RestoreStage::Upgrade) {
                self.world.die_and_restart();
                return store::keep(self.world);
            }
            self.change_tables();
        }
        self.end_upgrade();
        store::keep(self.world);
    }

    /// False when there is nothing to upgrade: the tables are not NocoBase's, or the version is the same and that is
    /// enough for this server.
    fn begin_upgrade(&self) -> bool {
        let mut state = self.world.state();
        if state.database.table("applicationVersion").is_none() {
            drop(state);
            self.shut_for_good(MISSING_VERSION);
            return false;
        }
        if state.settings.skip_same_version_upgrade {
            if state.restore_tasks.get(self.task) == Some(&Task::Running) {
                state.restore_tasks.insert(self.task.to_owned(), Task::Done);
            }
            state.restores_running = state.restores_running.saturating_sub(1);
            state.gate = Gate::Open;
            return false;
        }
        state
            .logs
            .write(Level::Info, "application", "run upgrade", &self.order.request_id);
        state.last_command = LastCommand("upgrade".to_owned());
        true
    }

    fn change_tables(&self) {
        let mut state = self.world.state();
        package::add_runtime_tables(&mut state.database);
        let version = state.settings.version.clone();
        let table = state.database.table_mut("applicationVersion");
        if let Some(row) = table.and_then(|table| table.rows.first_mut()) {
            row.insert("value".to_owned(), version.into());
        }
    }

    fn end_upgrade(&self) {
        let mut state = self.world.state();
        let line = format!("✨  NocoBase has been upgraded to v{}", state.settings.version);
        let last_request_id = state.last_request_id.clone();
        state.logs.write(
            Level::Info,
            "application",
            "restarting...",
            &self.order.request_id,
        );
        state
            .logs
            .write(Level::Info, "application", line, &last_request_id);
        state.reload();
        state.restores_running = state.restores_running.saturating_sub(1);
        state.gate = Gate::Open;
    }

    fn shut_for_good(&self, message: &str) {
        let mut state = self.world.state();
        state.last_command = LastCommand("upgrade".to_owned());
        state.restores_running = state.restores_running.saturating_sub(1);
        state.gate = Gate::Broken {
            command: "upgrade".to_owned(),
            message: message.to_owned(),
        };
        drop(state);
        store::keep(self.world);
    }
}

fn upgrading(message: &str) -> Gate {
    Gate::Commanding {
        command: "upgrade".to_owned(),
        message: message.to_owned(),
    }
}
