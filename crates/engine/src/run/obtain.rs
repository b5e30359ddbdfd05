//! Packages: fetched, opened, judged. All of it before the target is overwritten.

use std::path::PathBuf;

use futures_util::future::{join, try_join};
use nocobase_client::{Client, safe_file_name};

use super::{Runner, Stop};
use crate::error::EngineError;
use crate::facts::blocked;
use crate::finding::{Finding, Severity};
use crate::home::{Home, make_private_folder, sha256_of, sync_folder};
use crate::journal::{Event, PackageRole, StoredPackage};
use crate::ledger::{read_ledger, unverified, verified_on};
use crate::package::{self, Inspection};
use crate::plan::{PlannedPackage, StepName, judge_package};

/// Both packages, opened.
pub(super) struct Judged {
    pub(super) package: Inspection,
    /// The target's safety backup (the package itself where it serves as that); none where a damaged target could
    /// not be backed up any more.
    pub(super) safety_backup: Option<Inspection>,
}

impl Runner {
    /// The package and the target's safety backup, side by side.
    pub(super) async fn obtain_both(&self) -> Result<(StoredPackage, Option<StoredPackage>), Stop> {
        if self.plan.package_is_safety_backup {
            return Ok((self.obtain_package().await?, None));
        }
        let lies_on_target = matches!(&self.plan.package, PlannedPackage::Server { environment, .. }
            if Some(environment.as_str()) == self.plan.target());
        if lies_on_target {
            // A server that is full removes its oldest backup for the safety backup: it may be this very package.
            let package = self.obtain_package().await?;
            return Ok((package, Some(self.obtain_safety_backup().await?)));
        }
        if self.plan.undoes_damage() {
            // What is damaged may not even be dumped any more, and must not keep the good state from coming back.
            let (package, safety_backup) = join(self.obtain_package(), self.obtain_safety_backup()).await;
            return Ok((package?, safety_backup.ok()));
        }
        let (package, safety_backup) = try_join(self.obtain_package(), self.obtain_safety_backup()).await?;
        Ok((package, Some(safety_backup)))
    }

    pub(super) async fn obtain_package(&self) -> Result<StoredPackage, Stop> {
        let name = match &self.plan.package {
            PlannedPackage::New { .. } => {
                self.make_backup(self.source_client()?, StepName::MakePackage)
                    .await?
            }
            PlannedPackage::Server { name, .. } => name.clone(),
            PlannedPackage::File { path, sha256, bytes } => {
                let stored = StoredPackage {
                    environment: self.plan.source().map(Into::into),
                    path: path.clone(),
                    sha256: sha256.clone(),
                    bytes: *bytes,
                };
                self.write(Event::PackageStored {
                    role: PackageRole::Package,
                    package: stored.clone(),
                })?;
                return Ok(stored);
            }
        };
        self.download(
            self.source_client()?,
            PackageKind::Backup,
            &name,
            StepName::DownloadPackage,
            PackageRole::Package,
        )
        .await
    }

    pub(super) async fn obtain_safety_backup(&self) -> Result<StoredPackage, Stop> {
        let target = self.target_client()?;
        let name = self.make_backup(target, StepName::MakeSafetyBackup).await?;
        self.download(
            target,
            PackageKind::Backup,
            &name,
            StepName::DownloadSafetyBackup,
            PackageRole::SafetyBackup,
        )
        .await
    }

    pub(super) fn source_client(&self) -> Result<&Client, EngineError> {
        self.source.as_ref().ok_or_else(|| EngineError::BrokenRecord {
            what: format!("the plan {}", self.plan.id),
            reason: "it names no source".into(),
        })
    }

    pub(super) async fn download(
        &self,
        client: &Client,
        kind: PackageKind,
        name: &str,
        step: StepName,
        role: PackageRole,
    ) -> Result<StoredPackage, Stop> {
        self.step(step, async {
            let file_name = safe_file_name(name).ok_or_else(|| {
                Stop::new(
                    "unusable_name",
                    "the server's name for the package cannot be a file name",
                    "rename it on the server",
                )
            })?;
            let stored = fetch_package(&self.home, client, kind, file_name, self.byte_counter(step)).await?;
            self.write(Event::PackageStored {
                role,
                package: stored.clone(),
            })?;
            let note = format!("{} bytes, sha256 {}", stored.bytes, stored.sha256);
            Ok((stored, note))
        })
        .await
    }

    /// Opens the packages and judges them: the package against the target, the safety backup for itself.
    pub(super) async fn judge(
        &self,
        package: &StoredPackage,
        safety_backup: Option<&StoredPackage>,
    ) -> Result<Judged, Stop> {
        self.step(StepName::Judge, async {
            let (opened, safe) = match safety_backup {
                Some(safety_backup) => {
                    let (opened, safe) = try_join(self.open(package), self.open(safety_backup)).await?;
                    (opened, Some(safe))
                }
                None => (self.open(package).await?, None),
            };
            if opened.sha256 != package.sha256 {
                return Err(Stop::new(
                    "package_changed",
                    "the package is not the one that was planned",
                    "make a new plan",
                ));
            }
            self.check_verified_first(package)?;
            let findings = match &self.plan.facts.target {
                Some(target) => judge_package(&opened, target, safe.as_ref()),
                None => opened.findings.clone(),
            };
            if blocked(&findings, &self.plan.accepted) {
                return Err(EngineError::Preflight { findings }.into());
            }
            for finding in findings
                .iter()
                .filter(|finding| finding.severity == Severity::Warning)
            {
                self.progress(StepName::Judge, format!("warning: {}", finding.text));
            }
            if let Some(safe) = &safe
                && blocked(&safe.findings, &[])
            {
                let stop = unsafe_way_back(&safe.findings);
                if !self.plan.undoes_damage() {
                    return Err(stop);
                }
                self.progress(StepName::Judge, format!("warning: {}", stop.cause.message));
            }
            let rows: u64 = opened.content.tables.iter().filter_map(|table| table.rows).sum();
            let note = format!("{} tables, {rows} rows", opened.content.tables.len());
            let safety_backup = safe.or_else(|| self.plan.package_is_safety_backup.then(|| opened.clone()));
            Ok((
                Judged {
                    package: opened,
                    safety_backup,
                },
                note,
            ))
        })
        .await
    }

    /// Whether policy lets this very package into the target: now its SHA-256 is known, however it was named.
    pub(super) fn check_verified_first(&self, package: &StoredPackage) -> Result<(), Stop> {
        if self.verified_first.is_empty() {
            return Ok(());
        }
        let verified = verified_on(&read_ledger(&self.home)?, &package.sha256, &self.verified_first);
        let on: Vec<String> = verified.into_iter().map(|one| one.environment).collect();
        let target = self.plan.target().unwrap_or("the target");
        let fetched = PlannedPackage::File {
            path: package.path.clone(),
            sha256: package.sha256.clone(),
            bytes: package.bytes,
        };
        let findings: Vec<Finding> = self
            .verified_first
            .iter()
            .filter_map(|(first, _)| unverified(first, target, &fetched, &on))
            .collect();
        if findings.is_empty() {
            Ok(())
        } else {
            Err(EngineError::Preflight { findings }.into())
        }
    }

    /// Whether the file is still the one that was judged: it is uploaded by its path.
    pub(super) async fn check_unaltered(&self, package: &StoredPackage) -> Result<(), Stop> {
        let path = package.path.clone();
        let digest = tokio::task::spawn_blocking(move || sha256_of(&path)).await;
        match digest {
            Ok(Ok(digest)) if digest == package.sha256 => Ok(()),
            _ => Err(Stop::new(
                "package_changed",
                "the package was changed after it was judged",
                "make a new plan, and keep others from writing that file",
            )),
        }
    }

    /// Whether the safety backup is still there as it was judged: what is overwritten next cannot be had again.
    pub(super) async fn check_way_back(&self, safety_backup: &StoredPackage) -> Result<(), Stop> {
        match self.check_unaltered(safety_backup).await {
            // A damaged target is brought back all the same: what it holds now is no state to return to.
            Err(_) if !self.plan.undoes_damage() => Err(Stop::new(
                "safety_backup_unusable",
                "the safety backup was changed or removed after it was judged, so there would be no way back",
                "make a new plan, and keep others from writing to the folder of packages",
            )),
            _ => Ok(()),
        }
    }

    pub(super) async fn open(&self, package: &StoredPackage) -> Result<Inspection, Stop> {
        open_package(package.path.clone(), self.secrets.package_password.clone())
            .await
            .map_err(Stop::from)
    }
}

/// What kind of package a server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageKind {
    /// Of the Backup Manager.
    Backup,
    /// Of the Migration Manager.
    Migration,
}

/// Fetches a package beside the others of its environment. A file that is there already is never replaced by another
/// content: it may be somebody's way back.
pub(crate) async fn fetch_package(
    home: &Home,
    client: &Client,
    kind: PackageKind,
    file_name: &str,
    progress: impl Fn(u64) + Send + Sync,
) -> Result<StoredPackage, EngineError> {
    let local = |source| EngineError::local(format!("cannot keep the package {file_name}"), source);
    let folder = home.packages(client.environment_name());
    make_private_folder(&folder)?;
    let arriving = tempfile::Builder::new()
        .prefix(".arriving-")
        .tempdir_in(&folder)
        .map_err(local)?;
    let fresh = arriving.path().join(file_name);
    let download = match kind {
        PackageKind::Backup => client.download_backup(file_name, &fresh, progress).await?,
        PackageKind::Migration => client.download_migration(file_name, &fresh, progress).await?,
    };
    let mut path = folder.join(file_name);
    if path.exists() {
        let known = path.clone();
        let digest = tokio::task::spawn_blocking(move || sha256_of(&known)).await;
        if digest
            .map_err(|error| local(std::io::Error::other(error)))?
            .map_err(local)?
            != download.sha256
        {
            let stem = file_name.trim_end_matches(".nbdata");
            path = folder.join(format!(
                "{stem}-{}.nbdata",
                download.sha256.get(..8).unwrap_or_default()
            ));
        }
    }
    std::fs::rename(&fresh, &path).map_err(local)?;
    sync_folder(&folder).map_err(local)?;
    Ok(StoredPackage {
        environment: Some(client.environment_name().to_owned()),
        path,
        sha256: download.sha256,
        bytes: download.bytes,
    })
}

/// Inspects a package off the async threads. A password is for encrypted packages: where a package turns out to be
/// plain, it is opened without, and later uploaded without.
pub(crate) async fn open_package(
    path: PathBuf,
    password: Option<nocobase_client::Secret>,
) -> Result<Inspection, EngineError> {
    let limits = package::Limits::default();
    let inspect = move || {
        let opened = package::inspect(&path, password.as_ref(), &limits)?;
        let plain = opened
            .findings
            .iter()
            .any(|finding| finding.code == "password_not_needed");
        if plain {
            package::inspect(&path, None, &limits)
        } else {
            Ok(opened)
        }
    };
    let inspected = tokio::task::spawn_blocking(inspect).await;
    match inspected {
        Ok(inspection) => Ok(inspection?),
        Err(error) => Err(EngineError::local(
            "cannot inspect the package",
            std::io::Error::other(error),
        )),
    }
}

pub(super) fn unsafe_way_back(findings: &[Finding]) -> Stop {
    let texts: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Blocker)
        .map(|finding| finding.text.as_str())
        .collect();
    Stop::new(
        "safety_backup_unusable",
        format!(
            "the safety backup of the target is not good, so there would be no way back: {}",
            texts.join("; ")
        ),
        "find out on the target's server why its backup is not good; if it is encrypted, give its password",
    )
}
