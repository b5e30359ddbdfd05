//! From a request to facts: names are resolved, environments and files read. Nothing is changed anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::try_join;
use release_intent::PackageRef;

use super::Engine;
use crate::address::same_address;
use crate::error::EngineError;
use crate::facts::{Facts, FileFacts, read_environment};
use crate::ids::RunId;
use crate::journal::{self, RunState};
use crate::plan::{MIGRATION_CHECK_UNCLEAR, MIGRATION_PLUGINS_MISSING, PlanAction, SCHEMA_MISMATCH, Undone};
use crate::request::{PackageChoice, Request};
use crate::run::RunSecrets;

impl Engine {
    /// The request with configured names and absolute paths.
    pub(super) fn normalised(&self, request: &Request) -> Result<Request, EngineError> {
        Ok(match request {
            Request::Backup { environment } => Request::Backup {
                environment: self.resolve(environment)?,
            },
            Request::Restore { accepted, .. } if accepted.iter().any(|code| !may_be_accepted(code)) => {
                return Err(not_acceptable(&accepted.join(", ")));
            }
            Request::Restore {
                source,
                target,
                package,
                accepted,
            } => Request::Restore {
                source: self.normalised_source(source.as_deref(), package)?,
                target: self.resolve(target)?,
                package: self.normalised_package(package, source.as_deref().unwrap_or(target), false)?,
                accepted: accepted.clone(),
            },
            Request::Migrate {
                source,
                target,
                rule,
                package,
                skip_server_backup,
                accepted,
            } => {
                if let Some(code) = accepted.iter().find(|code| !may_be_accepted(code)) {
                    return Err(not_acceptable(code));
                }
                Request::Migrate {
                    source: self.normalised_source(source.as_deref(), package)?,
                    target: self.resolve(target)?,
                    rule: rule.clone(),
                    package: self.normalised_package(package, source.as_deref().unwrap_or(target), true)?,
                    skip_server_backup: *skip_server_backup,
                    accepted: accepted.clone(),
                }
            }
            Request::Drill { scratch, run } => Request::Drill {
                scratch: self.resolve(scratch)?,
                run: run.clone(),
            },
            Request::Undo { target, run } => Request::Undo {
                target: self.resolve(target)?,
                run: run.clone(),
            },
        })
    }

    /// A file of this machine has no source, whatever is said of it: what that environment holds is not what is in it.
    fn normalised_source(
        &self,
        source: Option<&str>,
        package: &PackageChoice,
    ) -> Result<Option<String>, EngineError> {
        let name = source.map(|name| self.resolve(name)).transpose()?;
        Ok(name.filter(|_| !matches!(package, PackageChoice::File(_))))
    }

    fn normalised_package(
        &self,
        package: &PackageChoice,
        source: &str,
        migration: bool,
    ) -> Result<PackageChoice, EngineError> {
        Ok(match package {
            PackageChoice::File(path) => PackageChoice::File(existing_file(path)?),
            PackageChoice::Named(name) if name == PackageRef::Verified.as_str() => {
                PackageChoice::File(self.verified_package(&self.resolve(source)?, migration)?.path)
            }
            PackageChoice::New | PackageChoice::Latest | PackageChoice::Named(_) => package.clone(),
        })
    }

    pub(super) async fn read_facts(
        &self,
        request: &Request,
        secrets: &RunSecrets,
    ) -> Result<(Facts, Option<Undone>), EngineError> {
        match request {
            Request::Backup { environment } => {
                let source = Some(read_environment(&self.client(environment)?).await?);
                Ok((
                    Facts {
                        source,
                        target: None,
                        file: None,
                        last_run: None,
                        source_in_doubt: None,
                        migration: None,
                    },
                    None,
                ))
            }
            Request::Restore {
                source,
                target,
                package,
                ..
            } => {
                let file = match package {
                    PackageChoice::File(path) => Some(self.read_package(path, secrets).await?),
                    PackageChoice::New | PackageChoice::Latest | PackageChoice::Named(_) => None,
                };
                let target_client = self.client(target)?;
                let (source, target) = match source {
                    Some(name) if name == target => {
                        let facts = read_environment(&target_client).await?;
                        (Some(facts.clone()), facts)
                    }
                    Some(name) => {
                        let source_client = self.client(name)?;
                        let both =
                            try_join(read_environment(&source_client), read_environment(&target_client));
                        let (source, target) = both.await?;
                        (Some(source), target)
                    }
                    None => (None, read_environment(&target_client).await?),
                };
                let last_run = self.last_run(&target.api_base)?;
                Ok((
                    Facts {
                        source,
                        target: Some(target),
                        file,
                        last_run,
                        source_in_doubt: None,
                        migration: None,
                    },
                    None,
                ))
            }
            Request::Migrate {
                source,
                target,
                package,
                ..
            } => {
                let facts = self
                    .facts_of_migration(source.as_deref(), target, package, secrets)
                    .await?;
                Ok((facts, None))
            }
            Request::Undo { target, run } => {
                let address = self.client(target)?.api_base().to_string();
                let undone = self.run_to_undo(target, &address, run.as_ref())?;
                self.facts_of_way_back(target, undone, secrets).await
            }
            Request::Drill { scratch, run } => {
                let address = self.client(scratch)?.api_base().to_string();
                let drilled = self.run_to_drill(run.as_ref())?;
                if overwrote(&drilled, &address) {
                    return Err(EngineError::Unsupported {
                        what: format!(
                            "{scratch} is what {} overwrote, and no scratch environment",
                            drilled.run
                        ),
                        instead: format!(
                            "name another environment; to bring {scratch} itself back: nocobase-release undo {scratch} --run {}",
                            drilled.run
                        ),
                    });
                }
                let (mut facts, drilled) = self.facts_of_way_back(scratch, drilled, secrets).await?;
                if let Some(file) = &mut facts.file {
                    file.verified = self.verified(&file.inspection.sha256)?;
                }
                Ok((facts, drilled))
            }
        }
    }

    /// The facts of a plan whose package is the safety backup of an earlier run.
    async fn facts_of_way_back(
        &self,
        target: &str,
        earlier: RunState,
        secrets: &RunSecrets,
    ) -> Result<(Facts, Option<Undone>), EngineError> {
        let nothing = |reason| EngineError::NothingToUndo {
            environment: target.to_owned(),
            reason,
        };
        let safety_backup = earlier
            .safety_backup()
            .ok_or_else(|| nothing(format!("{} has no safety backup", earlier.run)))?;
        let file = self.read_file(&safety_backup.path, secrets).await?;
        if file.inspection.sha256 != safety_backup.sha256 {
            let path = safety_backup.path.display();
            return Err(nothing(format!("the safety backup {path} was altered")));
        }
        let facts = read_environment(&self.client(target)?).await?;
        let last_run = self.last_run(&facts.api_base)?;
        let undone = Undone {
            run: earlier.run.clone(),
            summary: earlier.plan.summary.clone(),
            environment: earlier.plan.target().unwrap_or_default().to_owned(),
            at: earlier.created_at,
            verdict: earlier.verdict,
        };
        let facts = Facts {
            source: None,
            target: Some(facts),
            file: Some(file),
            last_run,
            source_in_doubt: None,
            migration: None,
        };
        Ok((facts, Some(undone)))
    }

    /// The named run, or the newest that has a safety backup; it must have ended.
    fn run_to_drill(&self, run: Option<&RunId>) -> Result<RunState, EngineError> {
        let home = &self.settings.home;
        let state = match run {
            Some(run) => Some(journal::read(home, run)?),
            None => journal::list_runs(home)?
                .iter()
                .map(|run| journal::read(home, run))
                .find(|state| {
                    state.as_ref().map_or(true, |state| {
                        state.safety_backup().is_some() && state.plan.target().is_some()
                    })
                })
                .transpose()?,
        };
        match state {
            Some(state) if state.verdict.is_none() => {
                Err(unfinished(state.plan.target().unwrap_or_default(), &state))
            }
            Some(state) => Ok(state),
            None => Err(EngineError::RunNotFound {
                run: "one with a safety backup".into(),
            }),
        }
    }

    pub(super) fn last_run(&self, address: &str) -> Result<Option<RunId>, EngineError> {
        Ok(journal::last_overwrite(&self.settings.home, address)?.map(|last| last.run))
    }

    /// A package of this machine that is to go somewhere, with where it was verified.
    pub(super) async fn read_package(
        &self,
        path: &Path,
        secrets: &RunSecrets,
    ) -> Result<FileFacts, EngineError> {
        let mut file = self.read_file(path, secrets).await?;
        file.verified = self.verified(&file.inspection.sha256)?;
        Ok(file)
    }

    /// A safety backup: the way back hangs on no other journal than its own run's.
    async fn read_file(&self, path: &Path, secrets: &RunSecrets) -> Result<FileFacts, EngineError> {
        Ok(FileFacts {
            path: path.to_owned(),
            inspection: self.inspect_file(path, secrets).await?,
            verified: Vec::new(),
        })
    }

    /// The named run, or the last one that overwrote the server at this address and was not taken back since. A run
    /// that has not ended or cannot be read is never passed over: an older safety backup would be the wrong one.
    fn run_to_undo(&self, target: &str, address: &str, run: Option<&RunId>) -> Result<RunState, EngineError> {
        let home = &self.settings.home;
        let nothing = |reason: String| EngineError::NothingToUndo {
            environment: target.to_owned(),
            reason,
        };
        let here = |state: &RunState| overwrote(state, address);
        if let Some(run) = run {
            let state = journal::read(home, run)?;
            return match state.verdict {
                _ if !here(&state) => Err(nothing(format!(
                    "{run} did not overwrite the server at {address}"
                ))),
                None => Err(unfinished(target, &state)),
                Some(verdict) if !verdict.may_have_changed() => {
                    Err(nothing(format!("{run} left it as it was ({})", verdict.as_str())))
                }
                Some(_) => Ok(state),
            };
        }
        let mut undone: Vec<RunId> = Vec::new();
        for candidate in journal::list_runs(home)? {
            let state = journal::read(home, &candidate)?;
            if !here(&state) || !state.began_overwriting() || undone.contains(&candidate) {
                continue;
            }
            let taken_back = state
                .plan
                .undoes
                .as_ref()
                .filter(|_| state.plan.action == PlanAction::Undo);
            match (taken_back, state.verdict) {
                (_, None) => return Err(unfinished(target, &state)),
                (_, Some(verdict)) if !verdict.may_have_changed() => {}
                (Some(earlier), Some(verdict)) if verdict.is_good() => undone.push(earlier.run.clone()),
                // An undo that ended badly is tried again: what it found was the damage.
                (Some(_), Some(_)) if state.way_back().0 != &state.run => {
                    return journal::read(home, state.way_back().0);
                }
                (_, Some(_)) => return Ok(state),
            }
        }
        Err(nothing(if undone.is_empty() {
            "no run of this machine overwrote it".into()
        } else {
            "every run of this machine that overwrote it was taken back; to take back one of those, name it with --run".into()
        }))
    }
}

/// Whether the run's target is the server at this address.
pub(super) fn overwrote(state: &RunState, address: &str) -> bool {
    let target = state.plan.facts.target.as_ref();
    target.is_some_and(|target| same_address(&target.api_base, address))
}

fn unfinished(target: &str, state: &RunState) -> EngineError {
    EngineError::UnfinishedRun {
        environment: target.to_owned(),
        run: state.run.to_string(),
    }
}

fn not_acceptable(codes: &str) -> EngineError {
    EngineError::Unsupported {
        what: format!("a finding of this kind cannot be accepted: {codes}"),
        instead: "only findings about a package's data can (their codes begin with data_), schema_mismatch, \
                  migration_plugins_missing and migration_check_unclear"
            .into(),
    }
}

/// What the server would refuse anyway, and what says that it is the wrong package, cannot be taken upon oneself. Another
/// schema can: the server moves the content when it is asked to.
pub(super) fn may_be_accepted(code: &str) -> bool {
    code.starts_with("data_")
        || [
            SCHEMA_MISMATCH,
            MIGRATION_PLUGINS_MISSING,
            MIGRATION_CHECK_UNCLEAR,
        ]
        .contains(&code)
}

fn existing_file(path: &Path) -> Result<PathBuf, EngineError> {
    fs::canonicalize(path).map_err(|_| EngineError::FileNotFound {
        path: path.display().to_string(),
    })
}
