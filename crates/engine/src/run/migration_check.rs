//! The target's own check of a migration package, and the values it asks for. Nothing of the application changes here but
//! variables that are made, where an execution does not take them along.

use nocobase_client::{Client, EnvText, MigrationCheck, NeededVariable};

use super::{Runner, Stop};
use crate::error::client_report;
use crate::journal::{StepOutcome, StoredPackage};
use crate::plan::{MIGRATION_CHECK_UNCLEAR, MIGRATION_PLUGINS_MISSING, StepName};
use crate::verdict::Verdict;

/// What a stop has done to the target before.
struct Made {
    names: Vec<String>,
    /// Whether there may be others.
    in_doubt: bool,
}

impl Runner {
    /// The target's own check, explained. Only its plain yes lets a package pass, or a no that comes from nothing but
    /// plugins or values that are dealt with; what it lacks in values is named, never guessed.
    pub(super) async fn check_package(&self, package: &StoredPackage) -> Result<MigrationCheck, Stop> {
        let step = StepName::CheckPackage;
        self.step(step, async {
            let target = self.target_client()?;
            let check = target
                .check_migration(&package.path, self.byte_counter_shared(step))
                .await?;
            let at = target.environment_name();
            for line in &check.other {
                self.progress(step, format!("the server also says: {line}"));
            }
            if !check.settings.is_empty() {
                return Err(Stop::new(
                    "migration_settings_differ",
                    format!(
                        "{at} cannot take the package, settings of the environment differ: {}",
                        check.settings.join("; ")
                    ),
                    "give both environments the same settings in their .env files",
                ));
            }
            if !check.plugins.is_empty() && !self.accepts(MIGRATION_PLUGINS_MISSING) {
                return Err(Stop::new(
                    MIGRATION_PLUGINS_MISSING,
                    format!("{at} lacks plugins of the package: {}", check.plugins.join(", ")),
                    format!("install them there, or plan again with --accept {MIGRATION_PLUGINS_MISSING}"),
                ));
            }
            let passes = self.passes(&check, at)?;
            let conflicts = self.check_conflicts(target, &check).await?;
            let note = format!("{passes}; {conflicts}");
            Ok((check, note))
        })
        .await
    }

    fn passes(&self, check: &MigrationCheck, at: &str) -> Result<&'static str, Stop> {
        let explained = !check.plugins.is_empty() || !check.variables.is_empty();
        let words = || {
            let mut words: Vec<&str> = check.message.as_deref().into_iter().collect();
            words.extend(check.other.iter().map(String::as_str));
            if words.is_empty() {
                "it does not say why".to_owned()
            } else {
                words.join("; ")
            }
        };
        match check.pass {
            Some(true) => Ok("passed"),
            Some(false) if explained && check.message.is_none() && check.other.is_empty() => {
                Ok("passes once what is missing is given")
            }
            Some(false) => Err(Stop::new(
                "migration_check_failed",
                format!("the check on {at} failed: {}", words()),
                "see what the server said; the package is kept",
            )),
            None if self.accepts(MIGRATION_CHECK_UNCLEAR) => {
                Ok("the server does not say whether it passes, which was accepted")
            }
            None => Err(Stop::new(
                MIGRATION_CHECK_UNCLEAR,
                format!(
                    "{at} does not say whether the package passes its check: {}",
                    words()
                ),
                format!(
                    "see what the server said; to go on without its word, plan again with --accept {MIGRATION_CHECK_UNCLEAR}"
                ),
            )),
        }
    }

    async fn check_conflicts(&self, target: &Client, check: &MigrationCheck) -> Result<String, Stop> {
        let Some(task) = &check.task else {
            return Ok("conflicts cannot be asked for on this server's surface".into());
        };
        let conflicts = target.migration_conflicts(task).await?;
        let (found, unclear) = (&conflicts.found, &conflicts.unclear);
        if found.is_empty() && unclear.is_empty() {
            return Ok("no conflicts".into());
        }
        if self.accepts("data_conflicts") {
            return Ok("conflicts were accepted".into());
        }
        let shown: Vec<&str> = found.iter().chain(unclear).take(10).map(String::as_str).collect();
        let at = target.environment_name();
        let message = if found.is_empty() {
            format!(
                "{at} does not say plainly that there are no conflicts: {}",
                shown.join("; ")
            )
        } else {
            format!(
                "the package runs into {} conflicts on {at}: {}",
                found.len(),
                shown.join("; ")
            )
        };
        Err(Stop::new(
            "data_conflicts",
            message,
            "solve them on one of the sides, or plan again with --accept data_conflicts",
        ))
    }

    fn accepts(&self, code: &str) -> bool {
        self.plan.accepted.iter().any(|accepted| accepted == code)
    }

    /// The values for what the check found missing, by name. The target chooses the names, so only those go to it that
    /// the confirmed plan shows.
    pub(super) fn values_for(&self, check: &MigrationCheck) -> Result<Vec<EnvText>, Stop> {
        let planned = self.planned()?;
        let at = self.plan.target().unwrap_or("the target");
        let value = |needed: &NeededVariable| self.secrets.value_for(at, &needed.name);
        let names = |lack: &dyn Fn(&NeededVariable) -> bool| -> Vec<String> {
            let lacking = check.variables.iter().filter(|needed| lack(needed));
            lacking.map(|needed| needed.name.clone()).collect()
        };
        let lacking = names(&|needed| value(needed).is_none());
        if !lacking.is_empty() {
            return Err(Stop::new(
                "variables_missing",
                format!(
                    "{at} asks for variables or secrets that were not given: {}",
                    lacking.join(", ")
                ),
                "plan again and give them at a terminal: --value-env NAME=VARIABLE, or --values-file FILE with lines NAME=value",
            ));
        }
        let planned_one = |name: &str| planned.variables.iter().find(|variable| variable.name == name);
        let unplanned =
            names(&|needed| planned_one(&needed.name).is_none() && !planned.given.contains(&needed.name));
        if !unplanned.is_empty() {
            return Err(Stop::new(
                "variables_unplanned",
                format!(
                    "{at} asks for values that the plan did not show, so they were not sent: {}",
                    unplanned.join(", ")
                ),
                "plan again with their values given (--value-env, --values-file), and look at what the plan shows",
            ));
        }
        let texts = check.variables.iter().filter_map(|needed| {
            let planned = planned_one(&needed.name).map(|variable| variable.secret);
            Some(EnvText {
                name: needed.name.clone(),
                // what either side calls a secret is one, and what nobody knows of
                secret: needed.secret == Some(true) || planned.or(needed.secret).unwrap_or(true),
                value: value(needed)?.clone(),
            })
        });
        Ok(texts.collect())
    }

    /// Has the server look at the values, where it can.
    pub(super) async fn check_texts(&self, check: &MigrationCheck, texts: &[EnvText]) -> Result<(), Stop> {
        if texts.is_empty() || check.task.is_none() {
            return Ok(());
        }
        let at = self.target_client()?;
        let refused = |words: String| {
            Stop::new(
                "values_refused",
                format!("{} does not take the values: {words}", at.environment_name()),
                "give others, and plan again",
            )
        };
        match at.check_env_texts(texts).await {
            Ok(Some(true) | None) => Ok(()),
            Ok(Some(false)) => Err(refused("it does not say why".into())),
            Err(error) => Err(refused(self.hide_words(error.to_string()))),
        }
    }

    /// Where an execution takes no values along, they are made on the target first; the safety backup is from before.
    pub(super) async fn set_variables(&self, texts: &[EnvText]) -> Result<(), Stop> {
        if texts.is_empty() {
            return Ok(());
        }
        let step = StepName::SetVariables;
        let target = self.target_client()?;
        self.begin(step)?;
        for text in texts {
            if let Err(error) = target.create_text(text).await {
                let in_doubt = error.may_have_happened();
                let mut report = client_report(&error);
                report.message =
                    self.hide_words(format!("{} could not be set: {}", text.name, report.message));
                let outcome = if in_doubt {
                    StepOutcome::Unknown {
                        error: report.clone(),
                    }
                } else {
                    StepOutcome::Failed {
                        error: report.clone(),
                    }
                };
                self.finish(step, outcome)?;
                return Err(Stop { cause: report });
            }
        }
        let names: Vec<&str> = texts.iter().map(|text| text.name.as_str()).collect();
        self.finish(
            step,
            StepOutcome::Done {
                note: names.join(", "),
            },
        )?;
        Ok(())
    }

    /// The variables that this run made on the target, by what is there now: it lacked all of them before.
    pub(super) async fn variables_set(&self) -> Vec<String> {
        match self.made_variables().await {
            Some(made) => made.names,
            None => Vec::new(),
        }
    }

    async fn made_variables(&self) -> Option<Made> {
        let state = self.state();
        if !state.began(StepName::SetVariables) {
            return None;
        }
        let given = state.migration_baseline.clone().unwrap_or_default().given;
        if state.done(StepName::SetVariables) {
            return Some(Made {
                names: given,
                in_doubt: false,
            });
        }
        let mut made = Made {
            names: Vec::new(),
            in_doubt: !matches!(
                state.steps.get(&StepName::SetVariables),
                Some(crate::journal::StepState::Ended(StepOutcome::Failed { .. }))
            ),
        };
        for name in given {
            match self.target_client().ok()?.has_variable(&name).await {
                Ok(true) => made.names.push(name),
                Ok(false) => {}
                Err(_) => made.in_doubt = true,
            }
        }
        Some(made)
    }

    /// Ends a run before its execution was sent: unchanged, unless variables were made on the target, or may have been.
    pub(super) async fn end_before_execution(&self, stop: Stop) -> Result<(), crate::error::EngineError> {
        let at = self.plan.target().unwrap_or("the target");
        let message = &stop.cause.message;
        let (verdict, reason) = match self.made_variables().await {
            Some(made) if !made.names.is_empty() => (
                Verdict::Partial,
                format!(
                    "the package was not executed ({message}), but these variables were made on {at} and stay: {}",
                    made.names.join(", ")
                ),
            ),
            Some(Made { in_doubt: true, .. }) => (
                Verdict::Unknown,
                format!(
                    "the package was not executed ({message}); whether variables were made on {at} is not known"
                ),
            ),
            Some(_) | None => return self.end_unchanged(stop),
        };
        self.end(verdict, vec![reason], Some(stop.cause))
    }
}
