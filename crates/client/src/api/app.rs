//! The application itself: health, version, database, plugins.

use crate::client::Client;
use crate::error::Error;

/// What `__health_check` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Exactly `ok`: the application is running. The database is not part of this check.
    Up,
    /// NocoBase's gateway says that the application is not serving.
    Maintenance {
        /// Such as `APP_COMMANDING`, `APP_PREPARING`, `APP_ERROR`.
        code: String,
        /// The gateway's words, such as `Loading data sources...`.
        message: String,
        /// The command the application is busy with.
        command: Option<String>,
    },
    /// Something else, such as a proxy's 502.
    Other {
        /// The HTTP status.
        status: u16,
        /// The beginning of the answer.
        excerpt: String,
    },
}

/// What `app:getInfo` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppInfo {
    /// NocoBase's version.
    pub version: String,
    /// The dialect of its database, such as `postgres`.
    pub dialect: String,
    /// The application's name, `main` or that of a sub-application.
    pub name: String,
    /// Its language.
    pub lang: Option<String>,
}

/// What `backups:appInfo` says about the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseInfo {
    /// The dialect, such as `postgres`.
    pub dialect: String,
    /// The schema, if one is set.
    pub schema: Option<String>,
}

/// A plugin the application knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Short name, such as `backups`.
    pub name: String,
    /// npm name, such as `@nocobase/plugin-backups`.
    pub package_name: String,
    /// Version.
    pub version: String,
    /// Whether it is enabled.
    pub enabled: bool,
}

impl Client {
    /// Whether the application serves. Not repeated on failure; needs no credentials.
    pub async fn health(&self) -> Result<Health, Error> {
        todo!()
    }

    /// Version and dialect; needs no credentials.
    pub async fn app_info(&self) -> Result<AppInfo, Error> {
        todo!()
    }

    /// The database, as the backup plugin sees it.
    pub async fn database_info(&self) -> Result<DatabaseInfo, Error> {
        todo!()
    }

    /// The plugins, with versions; needs a role with the snippet `pm`.
    pub async fn plugins(&self) -> Result<Vec<Plugin>, Error> {
        todo!()
    }
}
