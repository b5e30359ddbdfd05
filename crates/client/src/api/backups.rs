//! The Backup Manager plugin.
//!
//! Answers are as recorded from NocoBase 2.2.15. A server has the resource `backup`, or, with the commercial
//! plugin of older lines, only `backups`, which names some actions otherwise. Restoring by the name of a package
//! on the server is not offered: a name that does not exist there ends the server's process.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::client::Client;
use crate::error::{Error, clean};
use crate::secret::Secret;
use crate::transport::Request;

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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupEntry {
    /// File name, as the server gave it: see [`safe_file_name`].
    pub name: String,
    /// The size as text, such as `83.1 KiB`; empty while it is being made.
    #[serde(default)]
    pub file_size: String,
    /// When it was made (ISO 8601).
    pub created_at: Option<String>,
    /// Whether it is still being made.
    #[serde(default)]
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

/// What a task's status looks like, of a backup and of a restore.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    in_progress: bool,
    message: Option<String>,
}

impl Client {
    /// How many backups the server keeps before it removes the oldest (`backupSettings:get`); needs the snippet
    /// `pm.backups.settings`. The field alone is asked for: the whole answer would hold the encryption password.
    pub async fn backups_kept(&self) -> Result<usize, Error> {
        #[derive(Deserialize)]
        struct Data {
            keep: usize,
        }
        let request = Request::get("backupSettings:get").query("fields[]", "keep");
        let data: Data = self.read(&request).await?.data(&self.call(&request.name))?;
        Ok(data.keep)
    }

    /// Which resource of the backup plugin this server has, asked once.
    ///
    /// Asked by the status of a backup that does not exist, which changes nothing and needs the same
    /// permission as everything else here.
    pub async fn backup_surface(&self) -> Result<BackupSurface, Error> {
        let surface = self.shared.surface.get_or_try_init(|| async {
            let probe = Request::get("backup:status").query("name", "_probe_.nbdata");
            let Err(error) = self
                .read(&probe)
                .await
                .and_then(|answer| answer.json(&self.call(&probe.name)))
            else {
                return Ok(BackupSurface::Backup);
            };
            if !matches!(error, Error::PluginMissing { .. }) {
                return Err(error);
            }
            let probe = Request::get("backups:taskStatus").query("names[]", "_probe_.nbdata");
            match self
                .read(&probe)
                .await
                .and_then(|answer| answer.json(&self.call(&probe.name)))
            {
                Ok(_) => Ok(BackupSurface::Backups),
                Err(Error::PluginMissing { .. }) => Err(error),
                Err(other) => Err(other),
            }
        });
        surface.await.copied()
    }

    /// Begins a backup; its name.
    pub async fn create_backup(&self) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Data {
            name: String,
        }
        let request = match self.backup_surface().await? {
            BackupSurface::Backup => Request::post("backup:create"),
            BackupSurface::Backups => Request::post("backups:create"),
        };
        let at = self.mutation(&request.name);
        let answer = self.change(&request).await?;
        let data: Data = answer.data(&at)?;
        match safe_file_name(&data.name) {
            Some(name) => Ok(name.to_owned()),
            None => Err(answer.unexpected(&at, &format!("an unusable name: {}", data.name))),
        }
    }

    /// How a backup stands.
    pub async fn backup_status(&self, name: &str) -> Result<BackupStatus, Error> {
        let request = match self.backup_surface().await? {
            BackupSurface::Backup => {
                Request::get("backup:status").query("name", self.usable("backup:status", name)?)
            }
            BackupSurface::Backups => {
                Request::get("backups:taskStatus").query("names[]", self.usable("backups:taskStatus", name)?)
            }
        };
        let mut tasks: BTreeMap<String, Task> = self.read(&request).await?.data(&self.call(&request.name))?;
        Ok(match tasks.remove(name) {
            None => BackupStatus::Unknown,
            Some(Task {
                in_progress: true, ..
            }) => BackupStatus::Running,
            Some(Task {
                message: Some(message),
                ..
            }) => BackupStatus::Failed(clean(&message)),
            Some(Task { message: None, .. }) => BackupStatus::Finished,
        })
    }

    /// The backups on the server, as it lists them: running ones first.
    pub async fn list_backups(&self) -> Result<Vec<BackupEntry>, Error> {
        let request = match self.backup_surface().await? {
            BackupSurface::Backup => Request::get("backup:list"),
            BackupSurface::Backups => Request::get("backups:list"),
        };
        self.read(&request).await?.data(&self.call(&request.name))
    }

    /// Downloads a backup into a file, which appears whole or not at all.
    ///
    /// The file is readable by its owner only: a package holds live credentials. A download that was cut is
    /// begun again; `progress` is told the bytes so far, which then fall back to zero.
    pub async fn download_backup(
        &self,
        name: &str,
        destination: &Path,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Download, Error> {
        let request = match self.backup_surface().await? {
            BackupSurface::Backup => {
                Request::get("backup:download").query("name", self.usable("backup:download", name)?)
            }
            BackupSurface::Backups => {
                Request::get("backups:download").query("filterByTk", self.usable("backups:download", name)?)
            }
        };
        self.download(&request, destination, progress).await
    }

    /// Removes a backup from the server.
    pub async fn remove_backup(&self, name: &str) -> Result<(), Error> {
        let request = match self.backup_surface().await? {
            BackupSurface::Backup => {
                Request::post("backup:remove").query("name", self.usable("backup:remove", name)?)
            }
            BackupSurface::Backups => {
                Request::post("backups:destroy").query("filterByTk", self.usable("backups:destroy", name)?)
            }
        };
        let at = self.mutation(&request.name);
        self.change(&request).await?.json(&at).map(drop)
    }

    /// Uploads a package and has it restored: streaming, sent once, never again.
    ///
    /// The answer comes when the package was unpacked and accepted; whether the restore will succeed is then
    /// still open. `progress` is told the bytes sent so far.
    pub async fn restore_upload(
        &self,
        file: &Path,
        options: &RestoreOptions,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Accepted, Error> {
        #[derive(Deserialize)]
        struct Data {
            task: Option<String>,
        }
        let mut request = match self.backup_surface().await? {
            BackupSurface::Backup => Request::post("backup:restoreUpload"),
            BackupSurface::Backups => Request::post("backups:upload"),
        };
        let mut fields = Vec::new();
        if let Some(password) = options.password.as_ref().filter(|password| !password.is_empty()) {
            request = request.secret(password);
            fields.push(("password", password.clone()));
        }
        if let Some(schema) = &options.database_schema {
            fields.push(("dbSchema", Secret::new(schema)));
        }
        let at = self.mutation(&request.name);
        let answer = self.upload(&request, fields, file, progress).await?;
        let data: Data = answer.data(&at)?;
        Ok(Accepted {
            request_id: answer.request_id.clone(),
            task: data.task.map(|task| clean(&task)),
        })
    }

    /// How a restore stands. Asked once, for callers that poll.
    pub async fn restore_status(&self, task: Option<&str>) -> Result<RestoreStatus, Error> {
        let mut request = match self.backup_surface().await? {
            BackupSurface::Backup => Request::get("backup:restoreStatus"),
            BackupSurface::Backups => Request::get("backups:restoreStatus"),
        };
        if let Some(task) = task {
            request = request.query("task", task);
        }
        let answer = self.read_once(&request).await?;
        if answer.status == 204 {
            return Ok(RestoreStatus::Unknown);
        }
        let task: Task = answer.data(&self.call(&request.name))?;
        Ok(match task {
            Task {
                in_progress: true, ..
            } => RestoreStatus::Running,
            Task {
                message: Some(message),
                ..
            } => RestoreStatus::Failed(clean(&message)),
            Task { message: None, .. } => RestoreStatus::Ended,
        })
    }

    /// A name for a call, if it can be one: a wrong one has killed servers.
    pub(crate) fn usable(&self, call: &str, name: &str) -> Result<String, Error> {
        safe_file_name(name)
            .map(str::to_owned)
            .ok_or_else(|| Error::UnusableName {
                at: self.call(call),
                name: clean(name),
            })
    }
}
