//! What a run makes on a server before anything is overwritten: backups, migration packages and their rule.
//!
//! Each is asked for once; a lost answer ends the run. Fetching what was made is left to `obtain`.

use std::time::Duration;

use nocobase_client::{BackupStatus, Client, MigrationStatus};
use tokio::time::Instant;

use super::{PackageKind, Runner, Stop};
use crate::error::client_report;
use crate::journal::StepOutcome;
use crate::migration::{PlannedRule, RuleFact};
use crate::plan::StepName;

/// Why a package that was being made cannot be fetched.
enum NotMade {
    Failed(String),
    /// The server forgot the task, so it was restarted; what it lists may be torn and proves nothing.
    Lost,
    TooSlow,
}

/// Whether it is done.
fn backup_is_made(status: BackupStatus) -> Result<bool, NotMade> {
    match status {
        BackupStatus::Finished => Ok(true),
        BackupStatus::Running => Ok(false),
        BackupStatus::Failed(message) => Err(NotMade::Failed(message)),
        BackupStatus::Unknown => Err(NotMade::Lost),
    }
}

fn migration_is_made(status: MigrationStatus) -> Result<bool, NotMade> {
    match status {
        MigrationStatus::Ready => Ok(true),
        MigrationStatus::Running => Ok(false),
        MigrationStatus::Failed(message) => Err(NotMade::Failed(message)),
        MigrationStatus::Unknown => Err(NotMade::Lost),
    }
}

impl Runner {
    /// Makes a backup and waits for its end.
    pub(super) async fn make_backup(&self, client: &Client, step: StepName) -> Result<String, Stop> {
        let name = self.make(step, client.create_backup()).await?;
        self.progress(step, name.clone());
        let made = self.await_made(client, PackageKind::Backup, &name);
        self.end_making(step, &name, made).await?;
        Ok(name)
    }

    /// Makes a migration package by the plan's rule, which is made first where there is none.
    pub(super) async fn make_migration(&self, source: &Client) -> Result<String, Stop> {
        let rule = self.planned()?.rule.clone().unwrap_or_default();
        let id = match rule.id.clone() {
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
        self.check_rule(source, &id, &rule).await?;
        let title = format!(
            "publish-{}-to-{}",
            source.environment_name(),
            self.plan.target().unwrap_or("target")
        );
        let name = self.make(step, source.create_migration(&id, &title)).await?;
        self.progress(step, name.clone());
        let made = async {
            self.await_made(source, PackageKind::Migration, &name).await?;
            self.check_rule(source, &id, &rule).await
        };
        self.end_making(step, &name, made).await?;
        Ok(name)
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

    /// Ends the step in which something was made as the wait for it ends.
    async fn end_making(
        &self,
        step: StepName,
        name: &str,
        made: impl Future<Output = Result<(), Stop>>,
    ) -> Result<(), Stop> {
        let made = made.await;
        let outcome = match &made {
            Ok(()) => StepOutcome::Done { note: name.into() },
            Err(stop) => StepOutcome::Failed {
                error: stop.cause.clone(),
            },
        };
        self.finish(step, outcome)?;
        made
    }

    /// Whether the rule on the source is the one that the plan tells of: it decides what the package does, and an answer
    /// that names it may name another one.
    async fn check_rule(&self, source: &Client, id: &str, planned: &PlannedRule) -> Result<(), Stop> {
        let now = source.migration_rule(id).await?.map(RuleFact::from);
        if now.is_some_and(|rule| planned.is(&rule)) {
            return Ok(());
        }
        Err(Stop::new(
            "rule_changed",
            format!(
                "the migration rule {id} on {} is not, or no longer, the rule {:?} of the plan",
                source.environment_name(),
                planned.name
            ),
            "look at it there (rules list), and make a new plan",
        ))
    }

    async fn await_made(&self, client: &Client, kind: PackageKind, name: &str) -> Result<(), Stop> {
        let begun = Instant::now();
        let limit = Duration::from_secs(60 * u64::from(self.policy.watch_minutes));
        loop {
            let made = match kind {
                PackageKind::Backup => backup_is_made(client.backup_status(name).await?),
                PackageKind::Migration => migration_is_made(client.migration_status(name).await?),
            };
            let why = match made {
                Ok(true) => return Ok(()),
                Ok(false) => (begun.elapsed() > limit).then_some(NotMade::TooSlow),
                Err(why) => Some(why),
            };
            if let Some(why) = why {
                return Err(self.not_made(client.environment_name(), kind, name, why));
            }
            let early = begun.elapsed() < Duration::from_secs(10);
            let pause = if early {
                self.pace.poll / 2
            } else {
                self.pace.poll_slow
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn not_made(&self, environment: &str, kind: PackageKind, name: &str, why: NotMade) -> Stop {
        let too_long = format!("is still being made after {} minutes", self.policy.watch_minutes);
        let lost = "make a new plan once it is up";
        let later = "raise watch-minutes in the policy, or use that package by its name later";
        match (kind, why) {
            (PackageKind::Backup, NotMade::Failed(message)) => Stop::new(
                "backup_failed",
                format!("{environment} could not make the backup: {message}"),
                "see the server's log; common causes are a missing pg_dump and a full disk",
            ),
            (PackageKind::Migration, NotMade::Failed(message)) => Stop::new(
                "migration_package_failed",
                format!("{environment} could not make the migration package: {message}"),
                "see the server's log",
            ),
            (PackageKind::Backup, NotMade::Lost) => Stop::new(
                "backup_lost",
                format!("{environment} no longer knows the backup {name}: it was probably restarted"),
                lost,
            ),
            (PackageKind::Migration, NotMade::Lost) => Stop::new(
                "migration_package_lost",
                format!("{environment} no longer knows the migration package {name}"),
                lost,
            ),
            (PackageKind::Backup, NotMade::TooSlow) => {
                Stop::new("backup_too_slow", format!("the backup {name} {too_long}"), later)
            }
            (PackageKind::Migration, NotMade::TooSlow) => Stop::new(
                "migration_package_too_slow",
                format!("the migration package {name} {too_long}"),
                later,
            ),
        }
    }
}
