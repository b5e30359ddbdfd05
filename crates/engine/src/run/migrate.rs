//! A migration up to its execution: rule, package, safety backup, judgement, check on the target, values, and the one
//! request that changes tables.
//!
//! All of it before that request leaves the target's tables alone. What came of it is read in `migrated`.

use std::time::{Duration, Instant};

use futures_util::future::try_join;
use nocobase_client::{Client, EnvText, Execution, Health, MigrationCheck, MigrationStatus};

use super::obtain::{Judged, PackageKind, unsafe_way_back};
use super::{Runner, Stop};
use crate::error::{EngineError, client_report};
use crate::facts::blocked;
use crate::finding::Severity;
use crate::journal::{Event, PackageRole, StepOutcome, StoredPackage};
use crate::migration::{
    MigrationBaseline, MigrationFacts, PlannedMigration, TableMethod, read_migration_side,
};
use crate::plan::{MIGRATION_PLUGINS_MISSING, PlannedPackage, StepName, judge_migration};

impl Runner {
    pub(super) async fn migrate(&self) -> Result<(), EngineError> {
        let prepared = async {
            self.read_facts_again().await?;
            let (package, safety_backup) =
                try_join(self.obtain_migration(), self.obtain_safety_backup()).await?;
            let judged = self.judge_both(&package, &safety_backup).await?;
            let check = self.check_package(&package).await?;
            let mut execution = Execution {
                file: package.path.clone(),
                task: check.task.clone(),
                texts: self.values_for(&check)?,
                skip_backup: self.planned()?.skip_server_backup,
            };
            self.note_baseline(&judged).await?;
            self.check_unaltered(&package).await?;
            self.check_way_back(&safety_backup).await?;
            if !execution.texts.is_empty() && !self.target_client()?.takes_env_texts(&check).await {
                self.set_variables(&execution.texts).await?;
                execution.texts.clear();
            }
            Ok((execution, judged))
        };
        match prepared.await {
            Ok((execution, judged)) => {
                let went_down = self.execute_package(&execution).await?;
                self.finish_migration(Some(judged), went_down).await
            }
            Err(stop) => self.end_unchanged(stop),
        }
    }

    pub(super) fn planned(&self) -> Result<&PlannedMigration, EngineError> {
        self.plan
            .migration
            .as_ref()
            .ok_or_else(|| EngineError::BrokenRecord {
                what: format!("the plan {}", self.plan.id),
                reason: "it says nothing of its migration".into(),
            })
    }

    pub(super) async fn read_migration_again(&self) -> Result<MigrationFacts, EngineError> {
        let target = read_migration_side(self.target_client()?).await?;
        let source = match &self.source {
            Some(source) => Some(read_migration_side(source).await?),
            None => None,
        };
        Ok(MigrationFacts::of(source, target))
    }

    async fn obtain_migration(&self) -> Result<StoredPackage, Stop> {
        let name = match &self.plan.package {
            PlannedPackage::New { .. } => self.make_migration(self.source_client()?).await?,
            PlannedPackage::Server { name, .. } => name.clone(),
            PlannedPackage::File { .. } => return self.obtain_package().await,
        };
        let (step, role) = (StepName::DownloadPackage, PackageRole::Package);
        self.download(self.source_client()?, PackageKind::Migration, &name, step, role)
            .await
    }

    /// A call that makes something and is not repeated: a lost answer ends the run, for nothing was overwritten yet.
    async fn make<T>(
        &self,
        step: StepName,
        call: impl Future<Output = Result<T, nocobase_client::Error>>,
    ) -> Result<T, Stop> {
        self.begin(step)?;
        match call.await {
            Ok(made) => Ok(made),
            Err(error) => {
                let report = client_report(&error);
                let outcome = if error.may_have_happened() {
                    StepOutcome::Unknown { error: report }
                } else {
                    StepOutcome::Failed { error: report }
                };
                self.finish(step, outcome)?;
                Err(error.into())
            }
        }
    }

    async fn make_migration(&self, source: &Client) -> Result<String, Stop> {
        let rule = self.planned()?.rule.clone().unwrap_or_default();
        let id = match rule.id {
            Some(id) => id,
            None => {
                let step = StepName::CreateRule;
                let call = source.create_migration_rule(&rule.name, &rule.user, &rule.system);
                let id = self.make(step, call).await?;
                self.finish(
                    step,
                    StepOutcome::Done {
                        note: format!("rule {id}"),
                    },
                )?;
                id
            }
        };
        let step = StepName::MakePackage;
        let title = format!(
            "publish-{}-to-{}",
            source.environment_name(),
            self.plan.target().unwrap_or("target")
        );
        let name = self.make(step, source.create_migration(&id, &title)).await?;
        self.progress(step, name.clone());
        let outcome = match self.await_migration(source, &name).await {
            Ok(()) => StepOutcome::Done { note: name.clone() },
            Err(stop) => {
                let error = stop.cause.clone();
                self.finish(step, StepOutcome::Failed { error })?;
                return Err(stop);
            }
        };
        self.finish(step, outcome)?;
        Ok(name)
    }

    async fn await_migration(&self, source: &Client, name: &str) -> Result<(), Stop> {
        let environment = source.environment_name();
        let begun = Instant::now();
        let limit = Duration::from_secs(60 * u64::from(self.policy.watch_minutes));
        loop {
            match source.migration_status(name).await? {
                MigrationStatus::Ready => return Ok(()),
                MigrationStatus::Failed(message) => {
                    return Err(Stop::new(
                        "migration_package_failed",
                        format!("{environment} could not make the migration package: {message}"),
                        "see the server's log",
                    ));
                }
                MigrationStatus::Unknown => {
                    return Err(Stop::new(
                        "migration_package_lost",
                        format!("{environment} no longer knows the migration package {name}"),
                        "make a new plan",
                    ));
                }
                MigrationStatus::Running if begun.elapsed() > limit => {
                    return Err(Stop::new(
                        "migration_package_too_slow",
                        format!(
                            "{name} is still being made after {} minutes",
                            self.policy.watch_minutes
                        ),
                        "raise watch-minutes in the policy, or use the finished package by its name later",
                    ));
                }
                MigrationStatus::Running => {}
            }
            let early = begun.elapsed() < Duration::from_secs(10);
            tokio::time::sleep(if early {
                self.pace.poll
            } else {
                self.pace.poll_slow
            })
            .await;
        }
    }

    /// The migration package is judged for damage, the safety backup as strictly as for a restore.
    async fn judge_both(
        &self,
        package: &StoredPackage,
        safety_backup: &StoredPackage,
    ) -> Result<Judged, Stop> {
        self.step(StepName::Judge, async {
            let (opened, safe) = try_join(self.open(package), self.open(safety_backup)).await?;
            if opened.sha256 != package.sha256 {
                return Err(Stop::new(
                    "package_changed",
                    "the package is not the one that was planned",
                    "make a new plan",
                ));
            }
            self.check_verified_first(package)?;
            if let Some(target) = &self.plan.facts.target {
                let findings = judge_migration(&opened, target);
                if blocked(&findings, &self.plan.accepted) {
                    return Err(EngineError::Preflight { findings }.into());
                }
                for finding in findings
                    .iter()
                    .filter(|finding| finding.severity == Severity::Warning)
                {
                    self.progress(StepName::Judge, format!("warning: {}", finding.text));
                }
            }
            if blocked(&safe.findings, &[]) {
                return Err(unsafe_way_back(&safe.findings));
            }
            let note = format!("{} bytes, undamaged; the safety backup is good", opened.bytes);
            Ok((
                Judged {
                    package: opened,
                    safety_backup: Some(safe),
                },
                note,
            ))
        })
        .await
    }

    /// The target's own check, explained. What it lacks in values is named, never guessed.
    async fn check_package(&self, package: &StoredPackage) -> Result<MigrationCheck, Stop> {
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
            let explained = !check.plugins.is_empty() || !check.variables.is_empty();
            if check.pass == Some(false) && (check.message.is_some() || !explained) {
                let words = check.message.as_deref().unwrap_or("it does not say why");
                return Err(Stop::new(
                    "migration_check_failed",
                    format!("the check on {at} failed: {words}"),
                    "see what the server said; the package is kept",
                ));
            }
            if let Some(task) = &check.task {
                let conflicts = target.migration_conflicts(task).await?;
                if !conflicts.is_empty() && !self.accepts("data_conflicts") {
                    let shown: Vec<&str> = conflicts.iter().take(10).map(String::as_str).collect();
                    return Err(Stop::new(
                        "data_conflicts",
                        format!(
                            "the package runs into {} conflicts on {at}: {}",
                            conflicts.len(),
                            shown.join("; ")
                        ),
                        "solve them on one of the sides, or plan again with --accept data_conflicts",
                    ));
                }
            }
            let note = match check.pass {
                Some(true) => "passed".to_owned(),
                Some(false) => "passes once what is missing is given".to_owned(),
                None => "the server does not say whether it passes".to_owned(),
            };
            Ok((check, note))
        })
        .await
    }

    fn accepts(&self, code: &str) -> bool {
        self.plan.accepted.iter().any(|accepted| accepted == code)
    }

    /// The values for what the check found missing, by name.
    fn values_for(&self, check: &MigrationCheck) -> Result<Vec<EnvText>, Stop> {
        let given = &self.secrets.variables;
        let lacking: Vec<&str> = check
            .variables
            .iter()
            .filter(|needed| !given.contains_key(&needed.name))
            .map(|needed| needed.name.as_str())
            .collect();
        if !lacking.is_empty() {
            return Err(Stop::new(
                "variables_missing",
                format!(
                    "{} asks for variables or secrets that were not given: {}",
                    self.plan.target().unwrap_or("the target"),
                    lacking.join(", ")
                ),
                "plan again and give them at a terminal: --value-env NAME=VARIABLE, or --values-file FILE with lines NAME=value",
            ));
        }
        let texts = check.variables.iter().filter_map(|needed| {
            Some(EnvText {
                name: needed.name.clone(),
                secret: needed.secret,
                value: given.get(&needed.name)?.clone(),
            })
        });
        Ok(texts.collect())
    }

    /// Where an execution takes no values along, they are made on the target first; the safety backup is from before.
    async fn set_variables(&self, texts: &[EnvText]) -> Result<(), Stop> {
        if texts.is_empty() {
            return Ok(());
        }
        let step = StepName::SetVariables;
        let target = self.target_client()?;
        self.begin(step)?;
        let mut set = Vec::new();
        for text in texts {
            if let Err(error) = target.create_text(text).await {
                let mut stop = Stop::from(error);
                let stay = if set.is_empty() {
                    String::new()
                } else {
                    format!("; these stay set: {}", set.join(", "))
                };
                stop.cause.message = format!("{} could not be set: {}{stay}", text.name, stop.cause.message);
                let error = stop.cause.clone();
                self.finish(step, StepOutcome::Failed { error })?;
                return Err(stop);
            }
            set.push(text.name.as_str());
        }
        self.finish(step, StepOutcome::Done { note: set.join(", ") })?;
        Ok(())
    }

    /// What is needed to read the outcome and cannot be read afterwards.
    async fn note_baseline(&self, judged: &Judged) -> Result<(), Stop> {
        let logs = self.target_client()?.migration_logs().await.ok();
        let mut baseline = MigrationBaseline {
            source_rows: Default::default(),
            logs: logs.map(|logs| logs.into_iter().map(|log| log.name).collect()),
        };
        let planned = self.planned()?;
        let unread = judged.package.content.tables.is_empty();
        if let (true, Some(rule), PlannedPackage::New { .. }) = (unread, &planned.rule, &self.plan.package) {
            let source = self.source_client()?;
            let facts = self.plan.facts.migration.as_deref();
            for collection in facts.iter().flat_map(|facts| &facts.source_structure) {
                if rule.method(&collection.name, !collection.system) == TableMethod::Replace
                    && let Ok(rows) = source.count(&collection.name).await
                {
                    baseline.source_rows.insert(collection.name.clone(), rows);
                }
            }
        }
        self.write(Event::MigrationNoted {
            baseline: Box::new(baseline),
        })?;
        Ok(())
    }

    /// The one request that changes tables: written down before it is sent, never sent again. Its answer may come when
    /// all is over, so the server is looked at meanwhile; gives whether it was seen going down.
    async fn execute_package(&self, execution: &Execution) -> Result<bool, EngineError> {
        let step = StepName::ExecuteMigration;
        let target = self.target_client()?;
        self.begin(step)?;
        let sent = target.execute_migration(execution, self.byte_counter(step));
        tokio::pin!(sent);
        let (mut went_down, mut shown) = (false, String::new());
        let answer = loop {
            tokio::select! {
                answer = &mut sent => break answer,
                () = tokio::time::sleep(self.pace.poll) => {
                    if let Ok(Health::Maintenance { message, .. }) = target.health().await {
                        went_down = true;
                        if message != shown && !message.is_empty() {
                            self.progress(step, message.clone());
                            shown = message;
                        }
                    }
                }
            }
        };
        let outcome = match answer {
            Ok(executed) => {
                let note = executed
                    .request_id
                    .clone()
                    .map_or_else(String::new, |id| format!("request {id}"));
                self.write(Event::MigrationAnswered {
                    request_id: executed.request_id,
                    success: executed.success,
                    message: executed.message,
                })?;
                StepOutcome::Done { note }
            }
            // a refusal by a server that has gone down meanwhile may be about the work itself
            Err(error) if error.may_have_happened() || went_down => StepOutcome::Unknown {
                error: client_report(&error),
            },
            Err(error) => StepOutcome::Failed {
                error: client_report(&error),
            },
        };
        self.finish(step, outcome)?;
        Ok(went_down)
    }
}
