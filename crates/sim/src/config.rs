//! What a simulation is made of: its environments, how each server is set up, how long its work takes.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::migration::MigrationManager;

/// The environments of a simulation and how they run.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// The environments, each a server of its own on a loopback port of its own.
    pub environments: Vec<EnvironmentConfig>,
    /// How long the servers' work takes.
    pub pace: Pace,
    /// Where the environments live between two starts; `None` keeps everything in memory.
    ///
    /// What is found there at the start wins over the seeds: a folder that was used once goes on as it was left.
    pub folder: Option<PathBuf>,
}

impl SimConfig {
    /// The given environments, in memory, at the pace of tests.
    pub fn new(environments: impl IntoIterator<Item = EnvironmentConfig>) -> Self {
        Self {
            environments: environments.into_iter().collect(),
            pace: Pace::fast(),
            folder: None,
        }
    }

    /// `dev`, `test` and `prod` with believable data, in memory, at the pace of tests.
    ///
    /// ```
    /// # use nocobase_sim::{Pace, SimConfig};
    /// let playground = SimConfig::sandbox().with_pace(Pace::lifelike()).with_folder("sandbox");
    /// # assert_eq!(playground.environments.len(), 3);
    /// ```
    pub fn sandbox() -> Self {
        Self::new([
            EnvironmentConfig::dev(),
            EnvironmentConfig::test(),
            EnvironmentConfig::prod(),
        ])
    }

    /// The same at another pace.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The same, kept in a folder between two starts.
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }
}

/// One environment of a simulation.
#[derive(Clone, Debug)]
pub struct EnvironmentConfig {
    /// The name under which [`Sim::environment`](crate::Sim::environment) finds it.
    pub name: String,
    /// What its database holds at first.
    pub seed: Seed,
    /// How its server is set up.
    pub settings: Settings,
    /// The secret behind its tokens (`APP_KEY`); `None` makes one. Environments with the same secret accept each
    /// other's tokens.
    pub app_key: Option<String>,
    /// The port to listen on; `None` takes a free one. A port in use is replaced by a free one.
    pub port: Option<u16>,
}

impl EnvironmentConfig {
    /// An environment of this name with this content.
    pub fn new(name: impl Into<String>, seed: Seed) -> Self {
        Self {
            name: name.into(),
            seed,
            settings: Settings::default(),
            app_key: None,
            port: None,
        }
    }

    /// `dev`: the newest state of the order application, 128 orders.
    pub fn dev() -> Self {
        Self::new("dev", Seed::Development).with_migrations()
    }

    /// `test`: an older state of the same application, 37 other orders.
    pub fn test() -> Self {
        Self::new("test", Seed::Testing).with_migrations()
    }

    /// `prod`: the application in use, 512 orders, more users.
    pub fn prod() -> Self {
        Self::new("prod", Seed::Production).with_migrations()
    }

    /// The same with the Migration Manager, on both of its surfaces.
    #[must_use]
    pub fn with_migrations(self) -> Self {
        self.with_settings(|settings| settings.migration_manager = MigrationManager::Both)
    }

    /// The same with changed settings.
    #[must_use]
    pub fn with_settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The same with a chosen secret behind its tokens.
    #[must_use]
    pub fn with_app_key(mut self, app_key: impl Into<String>) -> Self {
        self.app_key = Some(app_key.into());
        self
    }

    /// The same on a chosen port.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

/// What the database of an environment holds at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// A freshly installed NocoBase: the administrator, the plugins, no collection of its own.
    Installed,
    /// An order application with 128 orders.
    Development,
    /// The same application, less far: 37 other orders, no `attachments` of its own.
    Testing,
    /// The same application in use: 512 orders, more users and roles.
    Production,
}

/// How a server is set up: what its environment variables and its installed plugins decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The version that `app:getInfo` names.
    pub version: String,
    /// `app:getInfo.lang`.
    pub language: String,
    /// `DB_DIALECT`.
    pub dialect: String,
    /// `DB_SCHEMA`.
    pub schema: Option<String>,
    /// `DB_UNDERSCORED`.
    pub underscored: bool,
    /// `DB_TABLE_PREFIX`.
    pub table_prefix: Option<String>,
    /// Whether the Backup Manager plugin is there; without it `backup:*` is 404.
    pub backup_manager: bool,
    /// Whether the commercial Migration Manager is there, and which of its surfaces.
    #[serde(default)]
    pub migration_manager: MigrationManager,
    /// `USE_DB_SCHEMA_IN_SUBAPP`.
    #[serde(default)]
    pub schema_in_sub_apps: bool,
    /// `COLLECTION_MANAGER_SCHEMA`.
    #[serde(default)]
    pub collection_manager_schema: Option<String>,
    /// Whether the inside of migration packages is nothing that a tool could know.
    #[serde(default)]
    pub opaque_migrations: bool,
    /// Whether an execution by file (`migration:execute`) takes no values of variables along: an older command line's
    /// surface, where they have to be made before.
    #[serde(default)]
    pub migration_values_apart: bool,
    /// Where the log lines go.
    pub log_transport: LogTransport,
    /// `SKIP_SAME_VERSION_UPGRADE`: no upgrade and no reload after a restore of the same version.
    pub skip_same_version_upgrade: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: "2.2.15".to_owned(),
            language: "en-US".to_owned(),
            dialect: "postgres".to_owned(),
            schema: None,
            underscored: false,
            table_prefix: None,
            backup_manager: true,
            migration_manager: MigrationManager::Missing,
            schema_in_sub_apps: false,
            collection_manager_schema: None,
            opaque_migrations: false,
            migration_values_apart: false,
            log_transport: LogTransport::DailyFiles,
            skip_same_version_upgrade: false,
        }
    }
}

/// `LOGGER_TRANSPORT`: where log lines go, and so what `logger:download` can show of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogTransport {
    /// `system_DATE.log` and `system_error_DATE.log`.
    DailyFiles,
    /// `system.log` and `system_error.log`.
    PlainFiles,
    /// To the console only: the files exist and stay empty.
    Console,
}

/// How long each phase of a server's work takes. Only this decides how long a simulation sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From `backup:create` to the finished package.
    pub backup: Duration,
    /// Unpacking and judging an uploaded package, before the answer.
    pub unpack: Duration,
    /// The server's own dump before a restore.
    pub safety_dump: Duration,
    /// Dropping every table and loading the dump.
    pub load: Duration,
    /// The window in which a failed restore is reverted and the server answers 200 over an empty database.
    pub revert: Duration,
    /// Upgrade and reload after a restore.
    pub upgrade: Duration,
    /// From the death of the process to its next start.
    pub restart: Duration,
    /// Starting up, with maintenance answers.
    pub start: Duration,
}

impl Pace {
    /// For tests: a restore takes about 0.4 s, most of it a visible maintenance window.
    pub fn fast() -> Self {
        Self {
            backup: Duration::from_millis(40),
            unpack: Duration::from_millis(5),
            safety_dump: Duration::from_millis(40),
            load: Duration::from_millis(80),
            revert: Duration::from_millis(150),
            upgrade: Duration::from_millis(240),
            restart: Duration::from_millis(150),
            start: Duration::from_millis(100),
        }
    }

    /// For people: a restore takes about 2.5 s.
    pub fn lifelike() -> Self {
        Self {
            backup: Duration::from_millis(700),
            unpack: Duration::from_millis(150),
            safety_dump: Duration::from_millis(300),
            load: Duration::from_millis(500),
            revert: Duration::from_millis(800),
            upgrade: Duration::from_millis(1700),
            restart: Duration::from_millis(1500),
            start: Duration::from_millis(800),
        }
    }

    /// Every phase longer (or, below one, shorter) by this factor.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            backup: self.backup.mul_f64(factor),
            unpack: self.unpack.mul_f64(factor),
            safety_dump: self.safety_dump.mul_f64(factor),
            load: self.load.mul_f64(factor),
            revert: self.revert.mul_f64(factor),
            upgrade: self.upgrade.mul_f64(factor),
            restart: self.restart.mul_f64(factor),
            start: self.start.mul_f64(factor),
        }
    }
}

/// Why a simulation did not start or could not be kept.
#[derive(Debug)]
pub enum SimError {
    /// No loopback port could be opened.
    Listen(std::io::Error),
    /// The folder could not be read or written.
    Folder(PathBuf, std::io::Error),
    /// Another simulation runs over this folder.
    FolderInUse(PathBuf),
    /// A file of the folder is not what a simulation wrote.
    Unreadable(PathBuf, String),
}

impl std::fmt::Display for SimError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen(_) => write!(formatter, "no loopback port could be opened"),
            Self::Folder(folder, _) => write!(formatter, "cannot use {}", folder.display()),
            Self::FolderInUse(folder) => {
                write!(formatter, "another simulation runs over {}", folder.display())
            }
            Self::Unreadable(file, reason) => write!(formatter, "cannot read {}: {reason}", file.display()),
        }
    }
}

impl std::error::Error for SimError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(source) | Self::Folder(_, source) => Some(source),
            Self::FolderInUse(_) | Self::Unreadable(..) => None,
        }
    }
}
