//! A run: one execution of one confirmed plan, by one process, written down as it goes.
//!
//! - `make`: backups and migration packages are made; `obtain`: packages are fetched, opened and judged.
//! - `overwrite`: the marker, the upload, and what follows from its answer.
//! - `roll_back`: the safety backup, uploaded by the run itself where policy says so.
//! - `watch`: the restart window, with the server's own messages as progress.
//! - `migrate`: a migration package judged and executed; `migration_check`: the target's check and its values;
//!   `migrated` and `migration_logs`: what is read of its outcome.
//! - `redact`: values that were given are kept out of what is written down.
//! - `gather`: evidence is read; `crate::verdict` decides from it.
//!
//! A run that is taken up again after its process died never repeats a mutation: when the upload had not begun,
//! the run ends unchanged; when it had, the target is read back. Making plans and confirming them is left to
//! `crate::engine`.

mod gather;
mod make;
mod migrate;
mod migrated;
mod migration_check;
mod migration_logs;
mod obtain;
mod overwrite;
mod redact;
mod roll_back;
mod watch;

pub(crate) use obtain::{PackageKind, fetch_package, open_package};

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join;
use nocobase_client::{Client, Secret};
use tokio::time::Instant;

use crate::address::same_address;
use crate::error::{EngineError, ErrorReport, client_report};
use crate::facts::{Facts, read_environment};
use crate::home::Home;
use crate::journal::{AcceptedUpload, Event, Journal, Resumption, RunState, StepOutcome, last_overwrite};
use crate::lock::TargetLock;
use crate::plan::{Plan, PlanAction, StepName};
use crate::policy::Policy;
use crate::verdict::Verdict;

/// How often and how long a run looks. The defaults suit real servers, whose restart takes 8 to 16 s.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two looks, in the first minute.
    pub poll: Duration,
    /// Between two looks, later; every look at a server that is down costs it a log line.
    pub poll_slow: Duration,
    /// How long an application must stay up before a look at its log may end the watch.
    pub early: Duration,
    /// How long it must stay up where the log does not tell.
    pub settle: Duration,
    /// How long to wait for it to go down at all.
    pub no_restart: Duration,
    /// How long `APP_ERROR` must stand before it is believed.
    pub broken: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(300),
            poll_slow: Duration::from_secs(1),
            early: Duration::from_millis(600),
            settle: Duration::from_secs(10),
            no_restart: Duration::from_secs(30),
            broken: Duration::from_secs(20),
        }
    }
}

/// What a run must know and must not write down.
#[derive(Debug, Clone, Default)]
pub struct RunSecrets {
    /// The password of encrypted packages.
    pub package_password: Option<Secret>,
    /// Values of variables and secrets that a migration's target may ask for, by name, or by `TARGET.NAME` where a value
    /// is for that target alone.
    pub variables: BTreeMap<String, Secret>,
}

/// Why a run ends before its evidence: nothing was sent that overwrites.
pub(crate) struct Stop {
    cause: ErrorReport,
}

impl Stop {
    fn new(code: &str, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            cause: ErrorReport {
                code: code.into(),
                message: message.into(),
                next_step: next_step.into(),
            },
        }
    }
}

impl From<nocobase_client::Error> for Stop {
    fn from(error: nocobase_client::Error) -> Self {
        Self {
            cause: client_report(&error),
        }
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self {
            cause: error.report(),
        }
    }
}

/// An upload with what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The package.
    Restore,
    /// The safety backup, after the package left damage.
    RollBack,
    /// A migration package.
    Migrate,
}

impl Attempt {
    fn upload(self) -> StepName {
        match self {
            Self::Restore => StepName::Restore,
            Self::RollBack => StepName::RollBack,
            Self::Migrate => StepName::ExecuteMigration,
        }
    }

    fn watch(self) -> StepName {
        match self {
            Self::Restore | Self::Migrate => StepName::Watch,
            Self::RollBack => StepName::WatchRollBack,
        }
    }

    fn verify(self) -> StepName {
        match self {
            Self::Restore | Self::Migrate => StepName::Verify,
            Self::RollBack => StepName::VerifyRollBack,
        }
    }
}

/// Everything a run works with.
pub(crate) struct Runner {
    pub(crate) home: Home,
    pub(crate) policy: Policy,
    pub(crate) pace: Pace,
    pub(crate) secrets: RunSecrets,
    pub(crate) plan: Plan,
    /// Where policy wants the package verified before: names and addresses.
    pub(crate) verified_first: Vec<(String, String)>,
    pub(crate) source: Option<Client>,
    pub(crate) target: Option<Client>,
    pub(crate) journal: Arc<Mutex<Journal>>,
}

impl Runner {
    /// Executes the run to its end, or finishes one whose process died.
    pub(crate) async fn execute(&self) -> Result<(), EngineError> {
        let state = self.state();
        self.write(Event::RunnerStarted {
            pid: std::process::id(),
        })?;
        let named = self
            .plan
            .target()
            .or(self.plan.source())
            .unwrap_or("the target")
            .to_owned();
        let address = self.plan.locked_address();
        // Who only takes a backup may do so beside others who take theirs.
        let lock = match self.plan.action {
            PlanAction::Backup => TargetLock::share(&self.home, &named, address, &state.run),
            _ => TargetLock::take(&self.home, &named, address, &state.run),
        };
        let _lock = match lock {
            Ok(lock) => lock,
            Err(error) if state.steps.is_empty() => return self.end_unchanged(error.into()),
            // What it did is not known yet; it stays to be taken up when the target is free.
            Err(error) => return Err(error),
        };
        let source = self.plan.facts.source.as_ref();
        let source = source.filter(|source| !same_address(&source.api_base, self.plan.locked_address()));
        let _source = match source {
            Some(source) if state.resumption() == Resumption::Begin => {
                match TargetLock::share(&self.home, &source.environment, &source.api_base, &state.run) {
                    Ok(lock) => Some(lock),
                    Err(error) => return self.end_unchanged(error.into()),
                }
            }
            Some(_) | None => None,
        };
        // Boxed: the ways of a run are large, and none needs the room of the others.
        match (state.resumption(), self.plan.action) {
            (Resumption::Nothing, _) => Ok(()),
            (Resumption::ReadRollBack, _) => Box::pin(self.roll_back()).await,
            (Resumption::ReadBack, PlanAction::Migrate) if state.began(StepName::ExecuteMigration) => {
                Box::pin(self.finish_migration(None, false)).await
            }
            (Resumption::ReadBack, PlanAction::Migrate) => {
                self.end_before_execution(Stop::new(
                    "interrupted",
                    "the process of this run died before the package was executed",
                    "make a new plan; the packages that were fetched are kept",
                ))
                .await
            }
            (Resumption::ReadBack, _) => Box::pin(self.finish_overwrite(None)).await,
            (Resumption::EndUnchanged, _) => {
                self.remove_marker_if_planted().await;
                self.end_unchanged(Stop::new(
                    "interrupted",
                    "the process of this run died before the package was uploaded",
                    "make a new plan; the packages that were fetched are kept",
                ))
            }
            (Resumption::Begin, PlanAction::Backup) => Box::pin(self.back_up()).await,
            (Resumption::Begin, PlanAction::Migrate) => Box::pin(self.migrate()).await,
            (Resumption::Begin, PlanAction::Restore | PlanAction::Undo | PlanAction::Drill) => {
                Box::pin(self.overwrite()).await
            }
        }
    }

    /// Ends a run that may not begin.
    pub(crate) fn refuse(&self, error: EngineError) -> Result<(), EngineError> {
        self.write(Event::RunnerStarted {
            pid: std::process::id(),
        })?;
        self.end_unchanged(error.into())
    }

    async fn back_up(&self) -> Result<(), EngineError> {
        let prepared = async {
            self.read_facts_again().await?;
            let package = self.obtain_package().await?;
            self.judge(&package, None).await
        };
        match prepared.await {
            Ok(judged) => self.end(
                Verdict::Verified,
                vec![format!(
                    "the package is complete: {} tables, {} rows, every checksum right",
                    judged.package.content.tables.len(),
                    judged
                        .package
                        .content
                        .tables
                        .iter()
                        .filter_map(|table| table.rows)
                        .sum::<u64>()
                )],
                None,
            ),
            Err(stop) => self.end_unchanged(stop),
        }
    }

    async fn read_facts_again(&self) -> Result<(), Stop> {
        self.step(StepName::ReadFacts, async {
            let read = |client: Option<Client>| async move {
                match client {
                    Some(client) => read_environment(&client).await.map(Some),
                    None => Ok(None),
                }
            };
            let (source, target) = try_join(read(self.source.clone()), read(self.target.clone())).await?;
            let last_run = match &target {
                Some(target) => last_overwrite(&self.home, &target.api_base)?.map(|last| last.run),
                None => None,
            };
            let migration = match &self.plan.migration {
                Some(_) => Some(Box::new(self.read_migration_again().await?)),
                None => None,
            };
            let facts = Facts {
                source_in_doubt: None,
                source,
                target,
                file: None,
                last_run,
                migration,
            };
            let mut differences = facts.differences(&self.plan.facts, self.plan.package_name());
            differences.extend(facts.migration.as_ref().and_then(|now| self.rule_differs(now)));
            if !differences.is_empty() {
                return Err(Stop::new(
                    "plan_stale",
                    format!("what the plan stands on has changed: {}", differences.join("; ")),
                    "make a new plan",
                ));
            }
            Ok(((), String::new()))
        })
        .await
    }

    /// Runs one step between its two journal lines.
    async fn step<T>(
        &self,
        step: StepName,
        work: impl Future<Output = Result<(T, String), Stop>>,
    ) -> Result<T, Stop> {
        self.begin(step)?;
        match work.await {
            Ok((value, note)) => {
                self.finish(step, StepOutcome::Done { note })?;
                Ok(value)
            }
            Err(stop) => {
                self.finish(
                    step,
                    StepOutcome::Failed {
                        error: stop.cause.clone(),
                    },
                )?;
                Err(stop)
            }
        }
    }

    fn begin(&self, step: StepName) -> Result<(), EngineError> {
        if self.state().began(step) {
            Ok(())
        } else {
            self.write(Event::StepStarted { step })
        }
    }

    fn finish(&self, step: StepName, outcome: StepOutcome) -> Result<(), EngineError> {
        let open = matches!(
            self.state().steps.get(&step),
            Some(crate::journal::StepState::Started)
        );
        if open {
            let outcome = self.hide_outcome(outcome);
            self.write(Event::StepEnded { step, outcome })
        } else {
            Ok(())
        }
    }

    fn progress(&self, step: StepName, message: impl Into<String>) {
        let event = Event::StepProgress {
            step,
            message: self.hide(message.into()),
            bytes: None,
        };
        if let Err(error) = self.write(event) {
            tracing::warn!(%error, "progress could not be written");
        }
    }

    /// A callback that writes down how many bytes were moved, a few times a second.
    fn byte_counter(&self, step: StepName) -> impl Fn(u64) + Send + Sync + 'static {
        let journal = Arc::clone(&self.journal);
        let last = Mutex::new(None::<Instant>);
        move |bytes| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|at| at.elapsed() < Duration::from_millis(250)) {
                return;
            }
            *last = Some(Instant::now());
            let event = Event::StepProgress {
                step,
                message: String::new(),
                bytes: Some(bytes),
            };
            let written = journal
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(event);
            if let Err(error) = written {
                tracing::warn!(%error, "progress could not be written");
            }
        }
    }

    /// The same for a call that may send its file over either of two surfaces.
    fn byte_counter_shared(&self, step: StepName) -> impl Fn(u64) + Send + Sync + Clone + 'static {
        let counter = Arc::new(self.byte_counter(step));
        move |bytes| counter(bytes)
    }

    fn write(&self, event: Event) -> Result<(), EngineError> {
        self.journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(event)
    }

    fn state(&self) -> RunState {
        self.journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .state()
            .clone()
    }

    /// What the server said when it accepted an upload; empty where it did not, or the answer was lost.
    fn accepted(&self, attempt: Attempt) -> AcceptedUpload {
        self.state()
            .accepted
            .get(&attempt.upload())
            .cloned()
            .unwrap_or_default()
    }

    fn end_unchanged(&self, stop: Stop) -> Result<(), EngineError> {
        let reason = match self.plan.target() {
            Some(target) => format!(
                "nothing was sent to {target} that overwrites: {}",
                stop.cause.message
            ),
            None => stop.cause.message.clone(),
        };
        self.end(Verdict::FailedUnchanged, vec![reason], Some(stop.cause))
    }

    fn end(
        &self,
        verdict: Verdict,
        reasons: Vec<String>,
        cause: Option<ErrorReport>,
    ) -> Result<(), EngineError> {
        let state = self.state();
        // A plain package is a zip file.
        let locked = state.safety_backup().is_some_and(|package| {
            let mut head = [0; 2];
            let read = File::open(&package.path).and_then(|mut file| file.read_exact(&mut head));
            read.is_ok() && head != *b"PK"
        });
        let next = crate::report::next_commands(&state, verdict, cause.as_ref(), locked);
        self.write(Event::RunEnded {
            verdict,
            reasons: reasons.into_iter().map(|reason| self.hide(reason)).collect(),
            cause: cause.map(|cause| self.hide_report(cause)),
            next,
        })
    }

    fn target_client(&self) -> Result<&Client, EngineError> {
        self.target.as_ref().ok_or_else(|| EngineError::BrokenRecord {
            what: format!("the plan {}", self.plan.id),
            reason: "it overwrites nothing".into(),
        })
    }
}
