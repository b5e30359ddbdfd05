//! The job of an execution: maintenance, the server's own backup, the tables one by one, upgrade and reload.
//!
//! The answer comes when all of it is over, as the documented `{result: {success}}` says, unless a fault has it come at
//! once. The work goes on when the caller is gone.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::MigrationLog;
use super::file::Opened;
use super::rules::Method;
use crate::api::{Call, Reply, Upload};
use crate::clock;
use crate::database::{Database, Table, text_of};
use crate::faults::{FaultKind, RestoreStage};
use crate::logs::Level;
use crate::package;
use crate::store;
use crate::world::{Gate, LastCommand, State, StoredBackup, World};

/// What the app says while it migrates.
const MESSAGES: [&str; 4] = [
    "Loading data sources...",
    "plugins loaded",
    "app reload",
    "emit afterStart",
];

/// An execution as it was asked for.
struct Order {
    world: Arc<World>,
    request_id: String,
    faults: Vec<FaultKind>,
    /// The values that came along: name, value, whether it is a secret.
    given: Vec<(String, String, bool)>,
    opened: Opened,
    skip_backup: bool,
}

/// How the work on the tables ended.
enum Applied {
    Whole,
    /// It failed, with these words; the app comes back.
    Failed(String),
    /// It failed, and the app does not come back.
    Broken(String),
    /// The process is gone.
    Dead,
}

/// `migration:execute` with a file, `migrationFiles:runTask` with the task of a check.
pub(crate) async fn run(call: &Call) -> Reply {
    let bytes = match package_of(call) {
        Ok(bytes) => bytes,
        Err(reply) => return reply,
    };
    let opened = match Opened::read(&bytes) {
        Ok(opened) => opened,
        Err(message) => return Reply::error(500, message),
    };
    let order = Order {
        world: Arc::clone(&call.world),
        request_id: call.request_id.clone(),
        faults: call.faults.clone(),
        given: given(call),
        opened,
        skip_backup: call.parameters.switch("skipBackup"),
    };
    if let Some(refusal) = order.refusal() {
        return Reply::error(400, refusal);
    }
    order.set_variables();
    let at_once = order.faults.iter().find_map(|fault| match fault {
        FaultKind::MigrationAnswersAtOnce { status, delay } => Some((*status, *delay)),
        _ => None,
    });
    let Some((status, delay)) = at_once else {
        return order.work().await;
    };
    call.world.work(async move {
        tokio::time::sleep(delay).await;
        order.work().await;
    });
    match status {
        200 => Reply::data(json!({"result": {"success": true, "message": "migration started"}})),
        503 => Reply::maintenance("APP_COMMANDING", MESSAGES[0], Some("migrate")),
        status => Reply::error(status, "migration started"),
    }
}

fn texts_with(call: &Call) -> Vec<Value> {
    let Some(given) = call.parameters.body.get("envTexts") else {
        return Vec::new();
    };
    if call.target.action == "execute" && call.world.state().settings.migration_values_apart {
        call.violation("unknown field `envTexts`");
        return Vec::new();
    }
    texts_of(given)
}

/// Values of variables, `{text, secret}` each: a list of JSON, or of texts that hold such, since NocoBase's own command
/// line sends each item of a list as a field of the form (`createMultipartBody` of @nocobase/cli 2.2.15).
fn texts_of(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(_) => vec![value.clone()],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::String(text) => serde_json::from_str(text).map_or_else(|_| Vec::new(), |read| texts_of(&read)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn given(call: &Call) -> Vec<(String, String, bool)> {
    let texts = texts_with(call);
    let lines = texts.iter().flat_map(|text| {
        let secret = text.get("secret") == Some(&Value::Bool(true));
        let lines: Vec<_> = text_of(text.get("text"))
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned(), secret))
            .collect();
        lines
    });
    lines.collect()
}

fn package_of(call: &Call) -> Result<Bytes, Reply> {
    if call.target.action == "runTask" {
        let task = call.parameters.text("taskId").unwrap_or_default();
        let known = call.world.state().migrations.tasks.get(&task).cloned();
        return known.ok_or_else(|| Reply::error(400, format!("Task {task} not found")));
    }
    match &call.parameters.upload {
        Upload::File(content) => Ok(content.clone()),
        Upload::None | Upload::Misplaced(_) => {
            call.violation("no file in the field `file`");
            Err(Reply::error(400, "file is required"))
        }
    }
}

impl Order {
    fn world(&self) -> &Arc<World> {
        &self.world
    }

    fn has(&self, kind: &FaultKind) -> bool {
        self.faults.contains(kind)
    }

    /// What stands against it at once, before anything happens.
    fn refusal(&self) -> Option<String> {
        let state = self.world().state();
        if !self.opened.different_settings(&state).is_empty() {
            return Some("the environment settings do not match".to_owned());
        }
        let missing: Vec<String> = self
            .opened
            .missing_variables(&state)
            .iter()
            .map(|variable| text_of(variable.get("name")))
            .filter(|name| !self.given.iter().any(|(known, _, _)| known == name))
            .collect();
        (!missing.is_empty()).then(|| format!("missing variables or secrets: {}", missing.join(", ")))
    }

    fn set_variables(&self) {
        let now = clock::iso_now();
        for (name, value, secret) in &self.given {
            let kind = if *secret { "secret" } else { "default" };
            if let Value::Object(row) = json!({"name": name, "type": kind, "value": value}) {
                self.world()
                    .state()
                    .database
                    .insert("environmentVariables", row, &now);
            }
        }
    }

    async fn work(&self) -> Reply {
        let pace = self.world().pace;
        {
            let mut state = self.world().state();
            state.last_command = LastCommand("migrate".to_owned());
        }
        self.close(MESSAGES[0]);
        let mut lines = vec!["migration started".to_owned()];
        tokio::time::sleep(pace.safety_dump).await;
        if !self.skip_backup {
            lines.push(format!("backup created: {}", self.back_up()));
        }
        tokio::time::sleep(pace.load).await;
        if self.has(&FaultKind::RestoreHangs) {
            return std::future::pending().await;
        }
        let mut sql = String::new();
        let applied = self.apply(&mut sql);
        if matches!(applied, Applied::Dead) {
            store::keep(self.world());
            self.world().die_and_restart();
            return std::future::pending().await;
        }
        for message in MESSAGES {
            self.close(message);
            tokio::time::sleep(pace.upgrade / 4).await;
        }
        let (success, message) = match &applied {
            Applied::Whole => (true, "migration finished".to_owned()),
            Applied::Failed(words) | Applied::Broken(words) => (false, format!("migration failed: {words}")),
            Applied::Dead => return Reply::Death,
        };
        for fault in &self.faults {
            if let FaultKind::MigrationSays(words) = fault {
                lines.push(words.clone());
            }
        }
        lines.push(message.clone());
        self.end(&applied, success, lines, sql);
        store::keep(self.world());
        let another = self.faults.iter().find_map(|fault| match fault {
            FaultKind::MigrationAnswers { status, message } => Some(Reply::error(*status, message.clone())),
            _ => None,
        });
        another.unwrap_or_else(|| Reply::data(json!({"result": {"success": success, "message": message}})))
    }

    /// The app goes down, or says another thing while it is.
    fn close(&self, message: &str) {
        if !self.has(&FaultKind::MigrationStaysUp) {
            self.world().state().gate = commanding(message);
        }
    }

    fn end(&self, applied: &Applied, success: bool, lines: Vec<String>, sql: String) {
        let mut state = self.world().state();
        let level = if success { Level::Info } else { Level::Error };
        let told = lines.last().cloned().unwrap_or_default();
        state
            .logs
            .write(level, "migration-manager", told, &self.request_id);
        let name = format!("migration_{}.log", clock::unix_milliseconds());
        state.migrations.logs.push(MigrationLog {
            name,
            created_at: clock::iso_now(),
            success,
            lines,
            sql,
        });
        state.reload();
        state.migrations.tasks.clear();
        state.gate = match applied {
            Applied::Broken(message) => Gate::Broken {
                command: "migrate".to_owned(),
                message: message.clone(),
            },
            _ => Gate::Open,
        };
    }

    /// The server's own backup, into its backup folder.
    fn back_up(&self) -> String {
        let mut state = self.world().state();
        let content = Bytes::from(package::of_state(&state, None));
        let name = clock::backup_name();
        let backup = StoredBackup {
            content,
            created_at: clock::iso_now(),
        };
        state.backups.insert(name.clone(), backup);
        name
    }

    /// The tables one by one; a fault ends it before, half-way or after.
    fn apply(&self, sql: &mut String) -> Applied {
        let mut state = self.world().state();
        let mut ends = None;
        let mut tables_left = usize::MAX;
        for fault in &self.faults {
            match fault {
                FaultKind::MigrationFails(words) => return Applied::Failed(words.clone()),
                FaultKind::MigrationDoesNothing => return Applied::Whole,
                FaultKind::MigrationStopsHalfway(words) => ends = Some(Applied::Failed(words.clone())),
                FaultKind::MigrationBreaksApp(words) => ends = Some(Applied::Broken(words.clone())),
                FaultKind::DiesDuringRestore(RestoreStage::SafetyDump) => return Applied::Dead,
                FaultKind::DiesDuringRestore(RestoreStage::Load) => ends = Some(Applied::Dead),
                _ => {}
            }
        }
        if let Some(conflict) = self.opened.conflicts(&state).first() {
            return Applied::Failed(format!(
                "column {} of {} cannot be cast automatically",
                conflict.column, conflict.table
            ));
        }
        if ends.is_some() {
            tables_left = self.opened.database.tables().count() / 2;
        }
        for (name, packed) in self.opened.database.tables().take(tables_left) {
            let method = self
                .opened
                .methods
                .get(name)
                .copied()
                .unwrap_or(Method::SchemaOnly);
            migrate(&mut state, name, packed, method, sql);
        }
        for fault in &self.faults {
            if let FaultKind::RestoreLosesRows(table, kept) = fault
                && let Some(table) = state.database.table_mut(table)
            {
                table.rows.truncate(*kept);
            }
        }
        ends.unwrap_or(Applied::Whole)
    }
}

fn migrate(state: &mut State, name: &str, packed: &Table, method: Method, sql: &mut String) {
    let database: &mut Database = &mut state.database;
    let Some(here) = database.table_mut(name) else {
        sql.push_str(&format!("CREATE TABLE \"{name}\" ();\n"));
        database.put(name, packed.clone());
        return;
    };
    for column in &packed.columns {
        if !here.has_column(&column.name) {
            let kind = column.kind.sql();
            sql.push_str(&format!(
                "ALTER TABLE \"{name}\" ADD COLUMN \"{}\" {kind};\n",
                column.name
            ));
            here.columns.push(column.clone());
            for row in &mut here.rows {
                row.insert(column.name.clone(), Value::Null);
            }
        }
    }
    match method {
        Method::Overwrite => {
            here.rows.clone_from(&packed.rows);
            here.sequence = packed.sequence;
        }
        // definitions of tables that people made
        Method::SchemaOnly => {
            for row in &packed.rows {
                let key = text_of(row.get(here.key()));
                here.remove(&key);
                here.rows.push(row.clone());
            }
        }
        Method::Skip => {}
    }
}

fn commanding(message: &str) -> Gate {
    Gate::Commanding {
        command: "migrate".to_owned(),
        message: message.to_owned(),
    }
}
