//! From a request to facts: names are resolved, environments and files read. Nothing is changed anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::try_join;

use super::Engine;
use crate::error::EngineError;
use crate::facts::{Facts, FileFacts, read_environment};
use crate::ids::RunId;
use crate::journal::{self, RunState};
use crate::plan::PlanAction;
use crate::request::{PackageChoice, Request};
use crate::run::RunSecrets;

impl Engine {
    /// The request with configured names and absolute paths.
    pub(super) fn normalised(&self, request: &Request) -> Result<Request, EngineError> {
        Ok(match request {
            Request::Backup { environment } => Request::Backup {
                environment: self.resolve(environment)?,
            },
            Request::Restore {
                source,
                target,
                package,
                accepted,
            } => Request::Restore {
                source: source.as_deref().map(|name| self.resolve(name)).transpose()?,
                target: self.resolve(target)?,
                package: match package {
                    PackageChoice::File(path) => PackageChoice::File(existing_file(path)?),
                    other => other.clone(),
                },
                accepted: accepted.clone(),
            },
            Request::Undo { target, run } => Request::Undo {
                target: self.resolve(target)?,
                run: run.clone(),
            },
        })
    }

    pub(super) async fn read_facts(
        &self,
        request: &Request,
        secrets: &RunSecrets,
    ) -> Result<(Facts, Option<RunId>), EngineError> {
        match request {
            Request::Backup { environment } => {
                let source = Some(read_environment(&self.client(environment)?).await?);
                Ok((
                    Facts {
                        source,
                        target: None,
                        file: None,
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
                    PackageChoice::File(path) => Some(self.read_file(path, secrets).await?),
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
                            try_join(read_environment(&source_client), read_environment(&target_client))
                                .await?;
                        (Some(both.0), both.1)
                    }
                    None => (None, read_environment(&target_client).await?),
                };
                Ok((
                    Facts {
                        source,
                        target: Some(target),
                        file,
                    },
                    None,
                ))
            }
            Request::Undo { target, run } => {
                let undone = self.run_to_undo(target, run.as_ref())?;
                let safety_backup = undone.safety_backup().ok_or_else(|| EngineError::NothingToUndo {
                    environment: target.clone(),
                    reason: format!("{} has no safety backup", undone.run),
                })?;
                let file = self.read_file(&safety_backup.path, secrets).await?;
                if file.inspection.sha256 != safety_backup.sha256 {
                    return Err(EngineError::NothingToUndo {
                        environment: target.clone(),
                        reason: format!("the safety backup {} was altered", safety_backup.path.display()),
                    });
                }
                let facts = read_environment(&self.client(target)?).await?;
                Ok((
                    Facts {
                        source: None,
                        target: Some(facts),
                        file: Some(file),
                    },
                    Some(undone.run.clone()),
                ))
            }
        }
    }

    async fn read_file(&self, path: &Path, secrets: &RunSecrets) -> Result<FileFacts, EngineError> {
        Ok(FileFacts {
            path: path.to_owned(),
            inspection: self.inspect_file(path, secrets).await?,
        })
    }

    /// The named run, or the last one that may have changed this environment and was not undone since.
    fn run_to_undo(&self, target: &str, run: Option<&RunId>) -> Result<RunState, EngineError> {
        let home = &self.settings.home;
        let nothing = |reason: String| EngineError::NothingToUndo {
            environment: target.to_owned(),
            reason,
        };
        let may_be_undone = |state: &RunState| {
            state.plan.target() == Some(target)
                && state.verdict.is_some_and(|verdict| verdict.may_have_changed())
        };
        if let Some(run) = run {
            let state = journal::read(home, run)?;
            return match (state.plan.target() == Some(target), state.verdict) {
                (false, _) => Err(nothing(format!("{run} did not overwrite it"))),
                (true, None) => Err(nothing(format!(
                    "{run} has not ended; see `nocobase-release runs show {run}`"
                ))),
                (true, Some(verdict)) if !verdict.may_have_changed() => {
                    Err(nothing(format!("{run} left it as it was ({})", verdict.as_str())))
                }
                (true, Some(_)) => Ok(state),
            };
        }
        let mut undone: Vec<RunId> = Vec::new();
        for candidate in journal::list_runs(home)? {
            let Ok(state) = journal::read(home, &candidate) else {
                continue;
            };
            if !may_be_undone(&state) {
                continue;
            }
            if undone.contains(&candidate) {
                continue;
            }
            match (&state.plan.undoes, state.verdict) {
                (Some(earlier), Some(verdict))
                    if state.plan.action == PlanAction::Undo && verdict.is_good() =>
                {
                    undone.push(earlier.clone());
                }
                _ => return Ok(state),
            }
        }
        Err(nothing("no run of this machine overwrote it".into()))
    }
}

fn existing_file(path: &Path) -> Result<PathBuf, EngineError> {
    fs::canonicalize(path).map_err(|_| EngineError::FileNotFound {
        path: path.display().to_string(),
    })
}
