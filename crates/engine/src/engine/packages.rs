//! Packages on servers and on this machine: listed, fetched, opened, judged, removed.
//!
//! What a package holds is for [`crate::package`] to say; what is tidied away, for `prune`.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nocobase_client::safe_file_name;
use release_intent::PackageRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::error::EngineError;
use crate::facts::{EnvironmentFacts, read_environment};
use crate::finding::{Finding, Severity};
use crate::journal::StoredPackage;
use crate::package::{self, Inspection};
use crate::plan::judge_package;
use crate::run::{PackageKind, RunSecrets, fetch_package, open_package};

/// A package as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageSummary {
    /// Its name.
    pub name: String,
    /// `server` or `local`.
    pub place: String,
    /// Its size, in words.
    pub size: String,
    /// When it was made or fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Whether it is being made.
    pub in_progress: bool,
    /// Its path, when it is local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

impl Engine {
    /// The packages of an environment: on its server, newest first, then those kept on this machine.
    pub async fn packages(&self, name: &str) -> Result<Vec<PackageSummary>, EngineError> {
        let client = self.client(name)?;
        let mut list: Vec<PackageSummary> = client
            .list_backups()
            .await?
            .into_iter()
            .map(|entry| PackageSummary {
                name: entry.name,
                place: "server".into(),
                size: entry.file_size,
                created_at: entry.created_at,
                in_progress: entry.in_progress,
                path: None,
            })
            .collect();
        list.extend(local_packages(
            &self.settings.home.packages(client.environment_name()),
        )?);
        Ok(list)
    }

    /// Fetches a package to this machine: the one of that name, `@latest`, or `@verified`, which is here already.
    pub async fn download_package(
        &self,
        environment: &str,
        name: &str,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<StoredPackage, EngineError> {
        let client = self.client(environment)?;
        if name == PackageRef::Verified.as_str() {
            let entry = self.verified_package(client.environment_name(), false)?;
            return Ok(StoredPackage {
                environment: entry.source,
                path: entry.path,
                sha256: entry.sha256,
                bytes: entry.bytes,
            });
        }
        let available = client.list_backups().await?;
        let latest = name == PackageRef::Latest.as_str();
        let listed = available
            .iter()
            .find(|entry| !entry.in_progress && (latest || entry.name == name));
        let Some(file_name) = listed.and_then(|entry| safe_file_name(&entry.name)) else {
            return Err(EngineError::package_not_found(
                client.environment_name(),
                name,
                false,
                available.iter().map(|entry| entry.name.as_str()),
            ));
        };
        fetch_package(
            &self.settings.home,
            &client,
            PackageKind::Backup,
            file_name,
            progress,
        )
        .await
    }

    /// The name of a package that is to be removed: `@latest` is the newest that is finished on the server, and other
    /// stand-ins name none there.
    pub async fn name_of_package(&self, environment: &str, package: &str) -> Result<String, EngineError> {
        if package == PackageRef::Latest.as_str() {
            let client = self.client(environment)?;
            let listed = client.list_backups().await?;
            let newest = listed.into_iter().find(|entry| !entry.in_progress);
            return newest.map(|entry| entry.name).ok_or_else(|| {
                EngineError::package_not_found(client.environment_name(), package, false, [])
            });
        }
        if package.starts_with('@') {
            return Err(EngineError::Unsupported {
                what: format!("{package} is no package on a server"),
                instead: format!("name the package; see `nocobase-release packages list {environment}`"),
            });
        }
        Ok(package.to_owned())
    }

    /// Removes a package from its server; `confirmation` must be its name once more, and for a protected environment
    /// a person must have typed it.
    pub async fn remove_package(
        &self,
        environment: &str,
        name: &str,
        confirmation: &str,
        by_person: bool,
    ) -> Result<(), EngineError> {
        if self.settings.policy.read_only {
            return Err(EngineError::Forbidden {
                rule: "read-only mode".into(),
            });
        }
        let environment = self.resolve(environment)?;
        if confirmation != name {
            return Err(EngineError::NotNamed {
                package: name.to_owned(),
            });
        }
        if self.is_protected(&environment) && !by_person {
            return Err(EngineError::Forbidden {
                rule: format!("{environment} is protected: a person removes its packages, at a terminal"),
            });
        }
        Ok(self.client(&environment)?.remove_backup(name).await?)
    }

    /// Opens a package file of this machine.
    pub async fn inspect_file(&self, path: &Path, secrets: &RunSecrets) -> Result<Inspection, EngineError> {
        if !path.is_file() {
            return Err(EngineError::FileNotFound {
                path: path.display().to_string(),
            });
        }
        open_package(path.to_owned(), secrets.package_password.clone()).await
    }

    /// Opens a package file and judges it against an environment, which is only read.
    pub async fn inspect_against(
        &self,
        path: &Path,
        environment: &str,
        secrets: &RunSecrets,
    ) -> Result<Inspection, EngineError> {
        let mut inspection = self.inspect_file(path, secrets).await?;
        let target: EnvironmentFacts = read_environment(&self.client(environment)?).await?;
        let mut findings = judge_package(&inspection, &target, None);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        inspection.findings = findings;
        Ok(inspection)
    }

    /// Writes the plain form of an encrypted package: NocoBase's own command line on a host takes no other. The file
    /// must not exist yet.
    pub async fn decrypt_file(
        &self,
        path: &Path,
        secrets: &RunSecrets,
        out: &Path,
    ) -> Result<(), EngineError> {
        let inspection = self.inspect_file(path, secrets).await?;
        // What the password does not open shows no metadata.
        let opened = inspection.encrypted && inspection.metadata.is_some();
        if let (Some(password), true) = (&secrets.package_password, opened) {
            let (from, to, password) = (path.to_owned(), out.to_owned(), password.clone());
            let written = tokio::task::spawn_blocking(move || package::decrypt(&from, &password, &to)).await;
            let local = |source| EngineError::local(format!("cannot write {}", out.display()), source);
            return written
                .map_err(|error| local(std::io::Error::other(error)))?
                .map_err(local);
        }
        let findings: Vec<Finding> = inspection
            .findings
            .into_iter()
            .filter(|finding| finding.severity == Severity::Blocker)
            .collect();
        if findings.is_empty() {
            return Err(EngineError::Unsupported {
                what: format!("{} is not encrypted", path.display()),
                instead: "use it as it is".into(),
            });
        }
        Err(EngineError::Preflight { findings })
    }
}

pub(super) fn local_packages(folder: &Path) -> Result<Vec<PackageSummary>, EngineError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(EngineError::local(
                "cannot list the packages of this machine",
                source,
            ));
        }
    };
    let mut list: Vec<PackageSummary> = entries
        .flatten()
        .filter_map(|entry| {
            let name = safe_file_name(entry.file_name().to_str()?)?.to_owned();
            let about = entry.metadata().ok()?;
            let modified = about.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
            Some(PackageSummary {
                name,
                place: "local".into(),
                size: format!("{} bytes", about.len()),
                created_at: modified.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
                in_progress: false,
                path: Some(entry.path()),
            })
        })
        .collect();
    list.sort_by(|one, other| other.created_at.cmp(&one.created_at));
    Ok(list)
}
