//! One environment's server: its state, what it heard, and the work that it does beside answering.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::clock;
use crate::config::{Pace, Settings};
use crate::database::{Database, Row, text_of};
use crate::faults::Faults;
use crate::journal::Journal;
use crate::logs::{Level, Logs};
use crate::migration::Migrations;
use crate::server::Server;

/// An environment and everything that runs for it.
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) pace: Pace,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) server: Server,
    pub(crate) folder: Option<PathBuf>,
    state: Mutex<State>,
    /// What dies with the process: requests being answered, backups, restores.
    work: Mutex<JoinSet<()>>,
    /// What outlives the process: its restart.
    supervision: Mutex<JoinSet<()>>,
}

/// What a server knows and holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    /// The secret behind its tokens (`jwt_secret.dat` or `APP_KEY`); never part of a package.
    pub(crate) token_secret: String,
    /// `aes_key.dat`, part of every package.
    pub(crate) field_key: Vec<u8>,
    pub(crate) database: Database,
    pub(crate) uploads: BTreeMap<String, Vec<u8>>,
    #[serde(skip)]
    pub(crate) backups: BTreeMap<String, StoredBackup>,
    /// `storage/tmp/backups/main/before-restore/data`: one file, shared by all restores.
    pub(crate) safety_dump: Option<Vec<u8>>,
    #[serde(skip)]
    pub(crate) gate: Gate,
    /// The command that the maintenance answers name until the next one runs.
    #[serde(skip)]
    pub(crate) last_command: LastCommand,
    #[serde(skip)]
    pub(crate) backup_tasks: BTreeMap<String, Task>,
    /// Names that the next `backup:list` still shows as running though their process died.
    #[serde(skip)]
    pub(crate) interrupted_backups: Vec<String>,
    #[serde(skip)]
    pub(crate) restore_tasks: BTreeMap<String, Task>,
    /// Restores that were accepted and have not reached their upgrade.
    #[serde(skip)]
    pub(crate) restores_running: usize,
    /// Who was signed in lately: survives an emptied database until the next reload.
    #[serde(skip)]
    pub(crate) identity_cache: BTreeMap<i64, CachedIdentity>,
    /// The collections that the app knows since it was loaded last, whether their tables are there or not.
    #[serde(skip)]
    pub(crate) known_collections: BTreeSet<String>,
    /// Two restores ran into each other.
    #[serde(skip)]
    pub(crate) restores_collided: bool,
    /// The last request that reached the app: what a global log context carries.
    #[serde(skip)]
    pub(crate) last_request_id: String,
    pub(crate) logs: Logs,
    /// Packages, tasks and logs of the Migration Manager.
    #[serde(default)]
    pub(crate) migrations: Migrations,
}

/// A finished package in the server's backup folder.
#[derive(Clone, Debug)]
pub(crate) struct StoredBackup {
    pub(crate) content: Bytes,
    pub(crate) created_at: String,
}

/// What a status call says of a backup or a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Running,
    Done,
    Failed(String),
}

/// A user and their roles as they were read last.
#[derive(Clone, Debug)]
pub(crate) struct CachedIdentity {
    pub(crate) user: Row,
    /// Their rows of `rolesUsers`.
    pub(crate) memberships: Vec<Row>,
    /// The roles that these name.
    pub(crate) roles: Vec<Row>,
}

/// What stands before the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Gate {
    #[default]
    Open,
    /// A command runs.
    Commanding { command: String, message: String },
    /// The last command failed: nothing but the server's own shell helps.
    Broken { command: String, message: String },
}

/// The command that ran last; a fresh server has run `start`.
#[derive(Clone, Debug)]
pub(crate) struct LastCommand(pub(crate) String);

impl Default for LastCommand {
    fn default() -> Self {
        Self("start".to_owned())
    }
}

impl State {
    /// The app reads its collections, and forgets what was only in memory.
    pub(crate) fn reload(&mut self) {
        let tables = self.database.tables().map(|(name, _)| name.to_owned());
        let listed = self
            .database
            .rows("collections")
            .iter()
            .map(|row| text_of(row.get("name")));
        self.known_collections = tables.chain(listed).collect();
        self.identity_cache.clear();
        self.backup_tasks.clear();
        self.restore_tasks.clear();
    }
}

impl World {
    pub(crate) fn new(
        name: String,
        pace: Pace,
        folder: Option<PathBuf>,
        server: Server,
        mut state: State,
    ) -> Arc<Self> {
        state.reload();
        Arc::new(Self {
            name,
            pace,
            faults: Faults::default(),
            journal: Journal::default(),
            server,
            folder,
            state: Mutex::new(state),
            work: Mutex::new(JoinSet::new()),
            supervision: Mutex::new(JoinSet::new()),
        })
    }

    /// The state, for as long as the guard lives. Never held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs work that dies with the process.
    pub(crate) fn work(&self, future: impl Future<Output = ()> + Send + 'static) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        while work.try_join_next().is_some() {}
        work.spawn(future);
    }

    /// Whether anything is being done: a request, a job, a restart.
    pub(crate) fn is_busy(&self) -> bool {
        [&self.work, &self.supervision].into_iter().any(|tasks| {
            let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
            while tasks.try_join_next().is_some() {}
            !tasks.is_empty()
        })
    }

    /// The process dies and, after the pace's pause, starts again.
    pub(crate) fn die_and_restart(self: &Arc<Self>) {
        self.die();
        let world = Arc::clone(self);
        let mut supervision = self.supervision.lock().unwrap_or_else(PoisonError::into_inner);
        while supervision.try_join_next().is_some() {}
        supervision.spawn(async move {
            tokio::time::sleep(world.pace.restart).await;
            world.come_back().await;
        });
    }

    /// The process dies: connections break, work stops where it is, what was only in memory is gone.
    pub(crate) fn die(&self) {
        self.server.close();
        {
            let mut state = self.state();
            let interrupted: Vec<String> = state
                .backup_tasks
                .iter()
                .filter(|(_, task)| **task == Task::Running)
                .map(|(name, _)| name.clone())
                .collect();
            state.interrupted_backups.extend(interrupted);
            state.backup_tasks.clear();
            state.restore_tasks.clear();
            state.restores_running = 0;
            state.restores_collided = false;
            state.identity_cache.clear();
            state.last_command = LastCommand::default();
            state.gate = Gate::Commanding {
                command: "start".to_owned(),
                message: String::new(),
            };
        }
        self.work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
    }

    /// The process starts: the port opens, maintenance answers first, then the app.
    pub(crate) async fn come_back(self: &Arc<Self>) {
        self.state().gate = Gate::Commanding {
            command: "start".to_owned(),
            message: String::new(),
        };
        if self.server.open(Arc::clone(self)).await.is_err() {
            self.journal
                .violation(format!("{}: its port could not be opened again", self.name));
            return;
        }
        let step = self.pace.start / 3;
        for message in ["init plugins", "emit afterStart", "Loading data sources..."] {
            tokio::time::sleep(step).await;
            self.state().gate = Gate::Commanding {
                command: "start".to_owned(),
                message: message.to_owned(),
            };
        }
        let mut state = self.state();
        state.reload();
        state.gate = if state.database.table("applicationVersion").is_some() {
            Gate::Open
        } else {
            Gate::Broken {
                command: "start".to_owned(),
                message: MISSING_VERSION.to_owned(),
            }
        };
        if matches!(state.gate, Gate::Open) {
            state
                .logs
                .write(Level::Info, "application", "app has been started", &clock::uuid());
        }
    }

    /// Ends everything, for good.
    pub(crate) fn shut_down(&self) {
        self.supervision
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
        self.work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
        self.server.close();
    }
}

/// What the app says when its tables are gone.
pub(crate) const MISSING_VERSION: &str = "relation \"applicationVersion\" does not exist";
