//! A migration up to its execution: rule, package, safety backup, judgement, and the one request that changes tables.
//!
//! All of it before that request leaves the target's tables alone. The target's check and its values are in
//! `migration_check`; what came of it is read in `migrated`.

use futures_util::future::try_join;
use nocobase_client::{Error, Execution, Health};

use super::obtain::{Judged, PackageKind, unsafe_way_back};
use super::{Runner, Stop};
use crate::error::{EngineError, ErrorReport, client_report};
use crate::facts::blocked;
use crate::finding::Severity;
use crate::journal::{Event, PackageRole, StepOutcome, StoredPackage};
use crate::migration::{
    MigrationBaseline, MigrationFacts, PlannedMigration, TableMethod, read_migration_side,
};
use crate::plan::{PlannedPackage, StepName, judge_migration};

/// The code of an execution that never left this machine.
pub(super) const NOT_SENT: &str = "not_sent";

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
            let given = execution.texts.iter().map(|text| text.name.clone()).collect();
            self.note_baseline(&judged, given).await?;
            self.check_texts(&check, &execution.texts).await?;
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
                Box::pin(self.finish_migration(Some(judged), went_down)).await
            }
            Err(stop) => self.end_before_execution(stop).await,
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

    /// What says that the plan's rule is not the one that is on the source now; a plan file may say anything of it.
    pub(super) fn rule_differs(&self, now: &MigrationFacts) -> Option<String> {
        let planned = self.plan.migration.as_ref()?.rule.as_ref()?;
        if matches!(self.plan.package, PlannedPackage::File { .. }) {
            return None;
        }
        let id = planned.id.as_ref()?;
        let same = now.rules.iter().any(|rule| rule.id == *id && planned.is(rule));
        (!same).then(|| format!("the migration rule {id} is not what the plan says of it"))
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
            if safe.sha256 != safety_backup.sha256 {
                return Err(Stop::new(
                    "safety_backup_unusable",
                    "the safety backup is not the file that was fetched, so there would be no way back",
                    "make a new plan, and keep others from writing to the folder of packages",
                ));
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

    /// What is needed to read the outcome and cannot be read afterwards.
    /// `given` are the names of the values that go to the target.
    async fn note_baseline(&self, judged: &Judged, given: Vec<String>) -> Result<(), Stop> {
        let logs = self.target_client()?.migration_logs().await.ok();
        let mut baseline = MigrationBaseline {
            source_rows: Default::default(),
            given,
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
        let (mut went_down, mut always_up, mut shown) = (false, true, String::new());
        let answer = loop {
            tokio::select! {
                answer = &mut sent => break answer,
                () = tokio::time::sleep(self.pace.poll) => match target.health().await {
                    Ok(Health::Up) => {}
                    Ok(Health::Maintenance { message, .. }) => {
                        (went_down, always_up) = (true, false);
                        if message != shown && !message.is_empty() {
                            self.progress(step, message.clone());
                            shown = message;
                        }
                    }
                    Ok(Health::Other { .. }) | Err(Error::Unreachable { .. }) => (went_down, always_up) = (true, false),
                    Err(_) => always_up = false,
                }
            }
        };
        let report = |error: &Error| ErrorReport {
            message: self.hide_words(error.to_string()),
            ..client_report(error)
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
                    message: executed.message.map(|words| self.hide_words(words)),
                })?;
                StepOutcome::Done { note }
            }
            Err(error) if error.was_not_sent() => StepOutcome::Failed {
                error: ErrorReport {
                    code: NOT_SENT.into(),
                    ..report(&error)
                },
            },
            // a refusal by a server that was not up all the time may be about the work itself
            Err(error) if error.may_have_happened() || !always_up => StepOutcome::Unknown {
                error: report(&error),
            },
            Err(error) => StepOutcome::Failed {
                error: report(&error),
            },
        };
        self.finish(step, outcome)?;
        Ok(went_down)
    }
}
