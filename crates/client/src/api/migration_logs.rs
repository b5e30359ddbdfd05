//! What a server keeps of the migrations that ran on it: logs, the SQL of the schema change, the process.
//!
//! By public documentation, not seen on live servers. What they tell of an outcome is for the engine to weigh.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::backups::Download;
use super::shapes::{entries, line, success_of, text};
use crate::client::Client;
use crate::error::Error;
use crate::transport::Request;

/// A log of a migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationLog {
    /// Its name, as the server gave it.
    pub name: String,
    /// Whether the server calls the migration a success; none when it does not say.
    pub success: Option<bool>,
    /// The server's word or words about it.
    pub message: Option<String>,
    /// When it was made, in the server's words.
    pub created_at: Option<String>,
}

/// The most that is fetched of a log or of SQL, and how long it may take in all.
const TEXT_LIMIT: u64 = 64 * 1024 * 1024;
const TEXT_PATIENCE: Duration = Duration::from_secs(300);

/// The content types that logs, SQL and processes may come as.
const TEXT_TYPES: [&str; 6] = [
    "application/octet-stream",
    "text/plain",
    "application/sql",
    "application/x-sql",
    "application/json",
    "text/x-log",
];

impl Client {
    /// The logs, as the server lists them.
    pub async fn migration_logs(&self) -> Result<Vec<MigrationLog>, Error> {
        let resource = Request::get("migrationLogs:list")
            .query("page", "1")
            .query("pageSize", "200");
        let request = self
            .by_surface(Request::get("migrationLog:list"), resource)
            .await?;
        let at = self.call(&request.name);
        let answer = self.read(&request).await?;
        let listed = entries(answer.data(&at)?);
        let listed = listed.ok_or_else(|| answer.unexpected(&at, "no list of logs in the answer"))?;
        Ok(listed.iter().filter_map(log).collect())
    }

    /// Downloads a log into a file.
    pub async fn download_migration_log(&self, name: &str, destination: &Path) -> Result<Download, Error> {
        let request = self
            .by_surface(
                Request::get("migrationLog:download").query("name", name),
                Request::get("migrationLogs:download").query("fileName", name),
            )
            .await?;
        self.download_text(&request, destination).await
    }

    /// Downloads the SQL of a migration's schema change into a file; only the resource surface has it.
    pub async fn download_migration_sql(&self, name: &str, destination: &Path) -> Result<Download, Error> {
        let request = Request::get("migrationFiles:downloadMigrationSql").query("fileName", name);
        self.download_text(&request, destination).await
    }

    /// A text of a server's own making: it may be of any length, and come as slowly as it likes.
    async fn download_text(&self, request: &Request, destination: &Path) -> Result<Download, Error> {
        let at = self.call(&request.name);
        let arriving = self.download_as(request, &TEXT_TYPES, Some(TEXT_LIMIT), destination, |_| ());
        match tokio::time::timeout(TEXT_PATIENCE, arriving).await {
            Ok(done) => done,
            Err(_) => Err(Error::TimedOut { at }),
        }
    }
}

fn log(value: &Value) -> Option<MigrationLog> {
    Some(MigrationLog {
        name: line(value).or_else(|| text(value, &["name", "fileName", "filename", "id"]))?,
        success: success_of(value),
        message: text(value, &["message", "error", "status", "state"]),
        created_at: text(value, &["createdAt"]),
    })
}
