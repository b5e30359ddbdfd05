//! Which package a plan takes, of either kind: a new one, one on the source's server, a file of this machine. Pure.

use super::PlannedPackage;
use super::draft::missing;
use crate::error::EngineError;
use crate::facts::{BackupFact, FileFacts, refuse};
use crate::migration::MigrationPackageFact;
use crate::request::PackageChoice;
use release_intent::PackageRef;

/// A package in its server's list, of either kind.
pub(super) struct Listed<'facts> {
    name: &'facts str,
    size: &'facts str,
    created_at: Option<&'facts str>,
    ready: bool,
}

impl<'facts> From<&'facts BackupFact> for Listed<'facts> {
    fn from(backup: &'facts BackupFact) -> Self {
        Self {
            name: &backup.name,
            size: &backup.size,
            created_at: backup.created_at.as_deref(),
            ready: !backup.in_progress,
        }
    }
}

impl<'facts> From<&'facts MigrationPackageFact> for Listed<'facts> {
    fn from(package: &'facts MigrationPackageFact) -> Self {
        Self {
            name: &package.name,
            size: package.size.as_deref().unwrap_or("size unknown"),
            created_at: package.created_at.as_deref(),
            ready: package.ready,
        }
    }
}

/// The package that is meant, where `listed` are those on the source's server, newest first.
pub(super) fn planned_package(
    choice: &PackageChoice,
    file: Option<&FileFacts>,
    environment: &str,
    migration: bool,
    listed: &[Listed],
) -> Result<PlannedPackage, EngineError> {
    let (name, found) = match choice {
        PackageChoice::File(_) => return file.map(planned_file).ok_or_else(|| missing("package file")),
        PackageChoice::New => {
            return Ok(PlannedPackage::New {
                environment: environment.to_owned(),
            });
        }
        PackageChoice::Named(name) => (name.as_str(), listed.iter().find(|package| package.name == name)),
        PackageChoice::Latest => (
            PackageRef::Latest.as_str(),
            listed.iter().find(|package| package.ready),
        ),
    };
    let Some(found) = found else {
        return Err(EngineError::package_not_found(
            environment,
            name,
            migration,
            listed.iter().map(|package| package.name),
        ));
    };
    if !found.ready {
        let what = if migration { "migration package" } else { "backup" };
        return Err(refuse(
            "package_in_progress",
            format!("the {what} {} is not finished", found.name),
            "wait until it is finished",
        ));
    }
    Ok(PlannedPackage::Server {
        environment: environment.to_owned(),
        name: found.name.to_owned(),
        size: found.size.to_owned(),
        created_at: found.created_at.map(Into::into),
    })
}

pub(super) fn planned_file(file: &FileFacts) -> PlannedPackage {
    PlannedPackage::File {
        path: file.path.clone(),
        sha256: file.inspection.sha256.clone(),
        bytes: file.inspection.bytes,
    }
}
