//! The application itself: health, version, database, plugins.
//!
//! Answers are as recorded from NocoBase 2.2.15. Whether an application that is up is also well is not to be
//! seen here.

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::transport::Request;

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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DatabaseInfo {
    /// The dialect, such as `postgres`.
    pub dialect: String,
    /// The schema, if one is set.
    pub schema: Option<String>,
}

/// A plugin the application knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    /// Short name, such as `backups`.
    pub name: String,
    /// npm name, such as `@nocobase/plugin-backups`.
    #[serde(default)]
    pub package_name: String,
    /// Version.
    #[serde(default)]
    pub version: String,
    /// Whether it is enabled.
    #[serde(default)]
    pub enabled: bool,
}

impl Client {
    /// Whether the application serves. Asked once, for callers that poll; needs no credentials.
    pub async fn health(&self) -> Result<Health, Error> {
        let request = Request::get("__health_check").public();
        let at = self.call(&request.name);
        let (response, secrets) = self.open(&request).await?;
        let answer = self.take(&at, response, secrets).await?;
        if answer.is_html() && answer.succeeded() {
            return Err(Error::NotNocoBase {
                at,
                excerpt: answer.excerpt(),
            });
        }
        if answer.status == 200 && answer.body == b"ok" {
            return Ok(Health::Up);
        }
        Ok(match answer.refusal(&at) {
            Error::Maintenance {
                code,
                message,
                command,
                ..
            } => Health::Maintenance {
                code,
                message,
                command,
            },
            _ => Health::Other {
                status: answer.status,
                excerpt: answer.excerpt(),
            },
        })
    }

    /// Version and dialect; needs no credentials (`app:getInfo`).
    pub async fn app_info(&self) -> Result<AppInfo, Error> {
        #[derive(Deserialize)]
        struct Database {
            dialect: String,
        }
        #[derive(Deserialize)]
        struct Data {
            version: String,
            database: Database,
            #[serde(default)]
            name: String,
            lang: Option<String>,
        }
        let request = Request::get("app:getInfo").public();
        let data: Data = self.read(&request).await?.data(&self.call(&request.name))?;
        Ok(AppInfo {
            version: data.version,
            dialect: data.database.dialect,
            name: data.name,
            lang: data.lang,
        })
    }

    /// The database, as the backup plugin sees it (`backups:appInfo`, on both surfaces).
    pub async fn database_info(&self) -> Result<DatabaseInfo, Error> {
        #[derive(Deserialize)]
        struct Data {
            database: DatabaseInfo,
        }
        let request = Request::get("backups:appInfo");
        let data: Data = self.read(&request).await?.data(&self.call(&request.name))?;
        Ok(data.database)
    }

    /// The plugins, with versions; needs a role with the snippet `pm` (`applicationPlugins:list`).
    pub async fn plugins(&self) -> Result<Vec<Plugin>, Error> {
        let request = Request::get("applicationPlugins:list")
            .query("paginate", "false")
            .query("fields[]", "name")
            .query("fields[]", "packageName")
            .query("fields[]", "version")
            .query("fields[]", "enabled");
        self.read(&request).await?.data(&self.call(&request.name))
    }
}
