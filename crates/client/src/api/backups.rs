//! The Backup Manager plugin.

use std::path::Path;

use crate::client::Client;
use crate::error::Error;
use crate::secret::Secret;

/// Which resource of the backup plugin answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupSurface {
    /// `backup:*`, since 2.0.56.
    Backup,
    /// Only `backups:*`, as the commercial plugin of older lines has it.
    Backups,
}

/// How a backup stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupStatus {
    /// Being made.
    Running,
    /// Done, without an error.
    Finished,
    /// Failed, with the server's words.
    Failed(String),
    /// The server does not know: no such name, or it was restarted since.
    Unknown,
}

/// An entry of the server's list. On its own it does not prove a finished backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupEntry {
    /// File name, as the server gave it: see [`safe_file_name`].
    pub name: String,
    /// The size as text, such as `83.1 KiB`; empty while it is being made.
    pub file_size: String,
    /// When it was made (ISO 8601).
    pub created_at: Option<String>,
    /// Whether it is still being made.
    pub in_progress: bool,
    /// The description, if it has one.
    pub description: Option<String>,
}

/// A downloaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in lowercase hexadecimal.
    pub sha256: String,
}

/// What can be said about a restore. `force` and `skipRevertOnError` are never sent.
#[derive(Debug, Clone, Default)]
pub struct RestoreOptions {
    /// The password of an encrypted package.
    pub password: Option<Secret>,
    /// The schema to restore into (`dbSchema`).
    pub database_schema: Option<String>,
}

/// A restore that the server accepted: the package was unpacked, nothing more is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// `X-Request-Id` of the call, which is `reqId` in the server's log.
    pub request_id: Option<String>,
    /// The task, for [`Client::restore_status`].
    pub task: Option<String>,
}

/// How a restore stands. Only `Failed` is proof of anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreStatus {
    /// Under way.
    Running,
    /// No longer under way, without an error.
    Ended,
    /// Failed, with the server's words.
    Failed(String),
    /// The server does not know the task (204): always so after the application was reloaded.
    Unknown,
}

/// A backup's name, if it can be used as a file name: letters, digits, `.`, `_`, `-`, ending in `.nbdata`,
/// at most 200 characters, not beginning with a dot or a dash.
pub fn safe_file_name(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".nbdata")?;
    let usable = !stem.is_empty()
        && name.len() <= 200
        && !stem.starts_with(['.', '-'])
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    usable.then_some(name)
}

impl Client {
    /// Which resource of the backup plugin this server has, asked once.
    pub async fn backup_surface(&self) -> Result<BackupSurface, Error> {
        todo!()
    }

    /// Begins a backup; its name.
    pub async fn create_backup(&self) -> Result<String, Error> {
        todo!()
    }

    /// How a backup stands.
    pub async fn backup_status(&self, _name: &str) -> Result<BackupStatus, Error> {
        todo!()
    }

    /// The backups on the server.
    pub async fn list_backups(&self) -> Result<Vec<BackupEntry>, Error> {
        todo!()
    }

    /// Downloads a backup.
    pub async fn download_backup(
        &self,
        _name: &str,
        _destination: &Path,
        _progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Download, Error> {
        todo!()
    }

    /// Removes a backup from the server.
    pub async fn remove_backup(&self, _name: &str) -> Result<(), Error> {
        todo!()
    }

    /// Uploads a package and has it restored.
    pub async fn restore_upload(
        &self,
        _file: &Path,
        _options: &RestoreOptions,
        _progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Accepted, Error> {
        todo!()
    }

    /// How a restore stands.
    pub async fn restore_status(&self, _task: Option<&str>) -> Result<RestoreStatus, Error> {
        todo!()
    }
}
