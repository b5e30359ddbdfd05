//! What a test sees of one environment: its address and credentials, its content, what it heard, its faults.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::clock;
use crate::config::Settings;
use crate::database::ColumnKind;
use crate::faults::Faults;
use crate::journal::RequestRecord;
use crate::world::{StoredBackup, World};

/// A handle on one environment of a [`Sim`](crate::Sim). Clones name the same environment.
#[derive(Clone)]
pub struct Environment {
    pub(crate) world: Arc<World>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("name", &self.name())
            .field("url", &self.url())
            .finish()
    }
}

impl Environment {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.world.name
    }

    /// The base of its API: `http://127.0.0.1:PORT/api`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.world.server.port)
    }

    /// An API key of the administrator (user 1, role `root`) that never expires; the same at every call.
    pub fn token(&self) -> String {
        self.token_for(1, "root")
    }

    /// An API key of any user with any of their roles. Keys are never looked up, so this one works at once.
    pub fn token_for(&self, user: i64, role: &str) -> String {
        crate::tokens::standing_key(&self.world.state().token_secret, user, role)
    }

    /// The account of the administrator.
    pub fn account(&self) -> &'static str {
        crate::seed::ADMINISTRATOR_ACCOUNT
    }

    /// The password of the administrator.
    pub fn password(&self) -> &'static str {
        crate::seed::ADMINISTRATOR_PASSWORD
    }

    /// The rows of a collection, empty when there is no such table.
    pub fn rows(&self, collection: &str) -> Vec<Value> {
        self.world
            .state()
            .database
            .rows(collection)
            .iter()
            .cloned()
            .map(Value::Object)
            .collect()
    }

    /// Replaces the rows of a collection; a collection that is not there stays away.
    pub fn set_rows(&self, collection: &str, rows: Vec<Value>) {
        let mut state = self.world.state();
        if let Some(table) = state.database.table_mut(collection) {
            table.rows.clear();
            for row in rows {
                if let Value::Object(row) = row {
                    table.insert(row, &clock::iso_now());
                }
            }
        }
        drop(state);
        crate::store::keep(&self.world);
    }

    /// Adds one row and returns it as stored; `None` when there is no such collection.
    pub fn add_row(&self, collection: &str, row: Map<String, Value>) -> Option<Value> {
        let stored = self
            .world
            .state()
            .database
            .table_mut(collection)
            .map(|table| Value::Object(table.insert(row, &clock::iso_now())));
        crate::store::keep(&self.world);
        stored
    }

    /// How many rows each table has.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.world
            .state()
            .database
            .tables()
            .map(|(name, table)| (name.to_owned(), table.rows.len()))
            .collect()
    }

    /// The files that its collections hold, by path.
    pub fn uploads(&self) -> BTreeMap<String, Vec<u8>> {
        self.world.state().uploads.clone()
    }

    /// Every request since the start, in the order of arrival.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.world.journal.requests()
    }

    /// How many calls of this `resource:action` came in completely and were such as change something.
    pub fn mutations(&self, action: &str) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.mutation && request.action == action)
            .count()
    }

    /// What no caller should have sent: unknown routes, parameters, fields, content types.
    pub fn violations(&self) -> Vec<String> {
        self.world.journal.violations()
    }

    /// Forgets requests and violations.
    pub fn forget_requests(&self) {
        self.world.journal.forget();
    }

    /// The level and message of every log line that carries this request id.
    pub fn log_of(&self, request_id: &str) -> Vec<(&'static str, String)> {
        self.world.state().logs.of_request(request_id)
    }

    /// Where faults are armed.
    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// Changes how the server is set up, at once and without a restart.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world.state().settings);
        crate::store::keep(&self.world);
    }

    /// The names of the packages in its backup folder, oldest first.
    pub fn backups(&self) -> Vec<String> {
        self.world.state().backups.keys().cloned().collect()
    }

    /// The bytes of a package in its backup folder.
    pub fn backup(&self, name: &str) -> Option<Bytes> {
        self.world
            .state()
            .backups
            .get(name)
            .map(|backup| backup.content.clone())
    }

    /// Puts a file into its backup folder, as someone with a shell would.
    pub fn add_backup(&self, name: &str, content: impl Into<Bytes>) {
        let backup = StoredBackup {
            content: content.into(),
            created_at: clock::iso_now(),
        };
        self.world.state().backups.insert(name.to_owned(), backup);
        crate::store::keep(&self.world);
    }

    /// A genuine package of its present content, encrypted when a password is given.
    pub fn package(&self, password: Option<&str>) -> Vec<u8> {
        let state = self.world.state().clone();
        crate::package::of_state(&state, password)
    }

    /// Makes a migration rule as the web pages would, whatever it says; gives its id.
    pub fn add_migration_rule(&self, name: &str, rules: Value) -> Option<i64> {
        let row = Map::from_iter([("name".to_owned(), name.into()), ("rules".to_owned(), rules)]);
        self.add_row("migrationRules", row)?.get("id")?.as_i64()
    }

    /// The names of the migration packages in its folder, oldest first.
    pub fn migrations(&self) -> Vec<String> {
        self.world.state().migrations.files.keys().cloned().collect()
    }

    /// Turns a column into one of another type, as somebody who changed the field would.
    pub fn retype_column(&self, collection: &str, column: &str) {
        let mut state = self.world.state();
        let table = state.database.table_mut(collection);
        for known in table.into_iter().flat_map(|table| &mut table.columns) {
            if known.name == column {
                known.kind = ColumnKind::Json;
            }
        }
    }

    /// Has its own dump, which a revert loads, be that of the present content, as after an earlier restore.
    pub fn leave_own_dump(&self) {
        let mut state = self.world.state();
        state.safety_dump = Some(crate::package::safety_dump(&state.database));
    }

    /// Restores a package as a person does on the server's host (`yarn nocobase restore FILE`, a restart, `yarn
    /// nocobase upgrade`): also where no request is answered any more. False when the package cannot be loaded.
    pub fn restore_on_host(&self, package: &[u8]) -> bool {
        crate::restore::on_host(&self.world, package)
    }

    /// Whether the app answers.
    pub fn is_up(&self) -> bool {
        self.world.state().gate == crate::world::Gate::Open && self.world.server.is_open()
    }

    /// Waits until nothing is being done any more: no request answered, no job, no restart. What hangs for ever is
    /// waited for until the patience is over.
    pub async fn settle(&self, patience: std::time::Duration) {
        let begun = tokio::time::Instant::now();
        while self.world.is_busy() && begun.elapsed() < patience {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The process ends and stays away: connections are refused.
    pub fn stop(&self) {
        self.world.die();
    }

    /// The process starts again after [`stop`](Self::stop); returns when the app is up.
    pub async fn start(&self) {
        self.world.come_back().await;
    }

    /// The process dies as from `kill -9` and is started again by its supervisor.
    pub fn kill(&self) {
        self.world.die_and_restart();
    }
}
