//! Old packages of this machine, tidied away.
//!
//! What is still somebody's way back never goes, nor what no run has put here; what may be taken further by `@verified`
//! goes only where that is asked for.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Engine;
use super::packages::local_packages;
use crate::address::canonical_address;
use crate::error::EngineError;
use crate::home::sync_folder;
use crate::journal::{self, Phase, RunState, StoredPackage};
use crate::ledger::{ledger, promotable};
use crate::plan::PlanAction;

/// What is to be tidied away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prune {
    /// How many days old a package must be.
    pub days: u32,
    /// Whether packages go, too, that `@verified` would take.
    pub verified: bool,
    /// Whether it is only said which.
    pub dry: bool,
}

/// What tidying up came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pruned {
    /// Packages of this machine that were removed, or would be.
    pub removed: Vec<PathBuf>,
    /// Packages that are old enough and stay, because an undo may need them.
    pub pinned: Vec<PathBuf>,
    /// Packages that are old enough and stay, because each is the newest that was verified on some environment, from
    /// where it may be taken further.
    pub verified: Vec<PathBuf>,
    /// Packages that are old enough and stay, because no run of this home has put them there.
    pub foreign: Vec<PathBuf>,
}

/// Packages of this machine as journals name them, by file name: a home that was moved, or is reached by another path,
/// has the same names in it.
#[derive(Debug, Default)]
struct Named {
    /// All that runs have fetched.
    known: BTreeSet<OsString>,
    /// Those that an undo or an unfinished run may need.
    pinned: BTreeSet<OsString>,
    /// Those that may be taken further.
    verified: BTreeSet<OsString>,
}

impl Named {
    /// What an unfinished run works with, for each server the safety backup that an undo would take, and the packages
    /// that were verified last. The runs come newest first.
    fn by(runs: &[RunState]) -> Self {
        let mut named = Self::default();
        let mut settled: BTreeSet<String> = BTreeSet::new();
        let mut undone = BTreeSet::new();
        for state in runs {
            let fetched = state
                .packages
                .values()
                .filter_map(|package| package.path.file_name());
            named.known.extend(fetched.map(OsString::from));
            let Some(verdict) = state.verdict.filter(|_| state.phase == Phase::Ended) else {
                state.packages.values().for_each(|package| named.pin(package));
                continue;
            };
            let Some(target) = &state.plan.facts.target else {
                continue;
            };
            let server = canonical_address(&target.api_base);
            if settled.contains(&server) || undone.contains(&state.run) {
                continue;
            }
            if !verdict.may_have_changed() || !state.began_overwriting() {
                continue;
            }
            if let (PlanAction::Undo, Some(earlier), true) =
                (state.plan.action, &state.plan.undoes, verdict.is_good())
            {
                undone.insert(earlier.run.clone());
                continue;
            }
            let kept = [state.safety_backup(), state.way_back().1];
            kept.into_iter().flatten().for_each(|package| named.pin(package));
            settled.insert(server);
        }
        let entries = ledger(runs);
        let verified = promotable(&entries).into_iter();
        named.verified = verified
            .filter_map(|entry| entry.path.file_name())
            .map(OsString::from)
            .collect();
        named
    }

    fn pin(&mut self, package: &StoredPackage) {
        self.pinned.extend(package.path.file_name().map(OsString::from));
    }
}

impl Engine {
    /// Removes packages that runs have put on this machine and that are old enough, but none that an undo or an
    /// unfinished run may still need. A journal that cannot be read might name one of these, and is the error.
    pub fn prune_packages(&self, prune: Prune) -> Result<Pruned, EngineError> {
        if prune.days == 0 {
            return Err(EngineError::Unsupported {
                what: "packages of today are not tidied away".into(),
                instead: "give at least one day".into(),
            });
        }
        let home = &self.settings.home;
        let runs = journal::list_runs(home)?;
        let runs: Result<Vec<RunState>, EngineError> =
            runs.iter().map(|run| journal::read(home, run)).collect();
        let named = Named::by(&runs?);
        let oldest = Timestamp::now()
            .checked_sub(SignedDuration::from_hours(24 * i64::from(prune.days)))
            .unwrap_or(Timestamp::MIN);
        let mut pruned = Pruned::default();
        for folder in package_folders(&home.all_packages())? {
            for found in local_packages(&folder)? {
                let Some(path) = found.path else { continue };
                if !is_older(&path, oldest) {
                    continue;
                }
                let name = path.file_name().unwrap_or_default();
                if named.pinned.contains(name) {
                    pruned.pinned.push(path);
                } else if !named.known.contains(name) {
                    pruned.foreign.push(path);
                } else if named.verified.contains(name) && !prune.verified {
                    pruned.verified.push(path);
                } else {
                    if !prune.dry {
                        remove(&path, &folder)?;
                    }
                    pruned.removed.push(path);
                }
            }
        }
        Ok(pruned)
    }
}

fn is_older(path: &Path, than: Timestamp) -> bool {
    let modified = fs::metadata(path).and_then(|about| about.modified()).ok();
    modified
        .and_then(|at| Timestamp::try_from(at).ok())
        .is_some_and(|at| at < than)
}

fn remove(path: &Path, folder: &Path) -> Result<(), EngineError> {
    fs::remove_file(path)
        .and_then(|()| sync_folder(folder))
        .map_err(|source| EngineError::local(format!("cannot remove {}", path.display()), source))
}

fn package_folders(root: &Path) -> Result<Vec<PathBuf>, EngineError> {
    match fs::read_dir(root) {
        Ok(entries) => Ok(entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir() && !path.is_symlink())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(EngineError::local(
            "cannot list the packages of this machine",
            source,
        )),
    }
}
