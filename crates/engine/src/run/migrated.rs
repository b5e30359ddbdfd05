//! After an execution: the restart window, the server's migration log and SQL, and the content against the rule.
//! Nothing is changed, but what `roll_back` brings back. Everything it needs is in the journal, so a run whose process
//! died is finished by the same steps.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream;
use nocobase_client::Client;

use super::gather::{COUNTS_AT_ONCE, Count, TableNames, VOLATILE, count, rows};
use super::obtain::Judged;
use super::watch::Watched;
use super::{Attempt, Runner};
use crate::error::{EngineError, ErrorReport};
use crate::evidence::{Acceptance, Comparison, Identity, Standing};
use crate::journal::{Event, PackageRole, StepOutcome};
use crate::migration::{
    CollectionFact, Expectation, MigrationEvidence, MigrationStory, compare_structure, expect,
};
use crate::plan::StepName;
use crate::verdict::{Verdict, decide_migration};

/// System tables whose rows an upgrade or a plugin may change right after they were replaced.
const REWRITTEN: [&str; 3] = ["applicationPlugins", "applicationVersion", "migrationRules"];
/// Characters of a log's last line that are kept as its words.
const LONGEST_WORDS: usize = 300;
/// Bytes of a log that are looked at; it is kept whole.
const LOG_READ: u64 = 4 * 1024 * 1024;

/// A migration's log and SQL in its run's folder.
const KEPT_LOGS: [&str; 2] = ["migration.log", "migration.sql"];

/// What the logs came to.
struct Logs {
    story: MigrationStory,
    kept: usize,
}

impl Runner {
    /// Watches, fetches, gathers and decides.
    pub(super) async fn finish_migration(
        &self,
        judged: Option<Judged>,
        went_down: bool,
    ) -> Result<(), EngineError> {
        let judged = match judged {
            Some(judged) => Some(judged),
            None => self.open_migration_again().await,
        };
        let acceptance = self.acceptance(Attempt::Migrate);
        let watched = match &acceptance {
            Acceptance::Refused { .. } => Watched::not_expected(),
            Acceptance::Accepted | Acceptance::ReplyLost { .. } => {
                self.begin(StepName::Watch)?;
                let watched = self.watch(Attempt::Migrate, went_down).await?;
                self.finish(StepName::Watch, StepOutcome::Done { note: watched.note() })?;
                watched
            }
        };
        let logs = self.fetch_logs(&watched).await?;
        self.begin(StepName::Verify)?;
        let mut evidence = self
            .gather_migration(&acceptance, &watched, logs.story.clone(), judged.as_ref())
            .await?;
        let mut decision = decide_migration(&evidence);
        // Bad news may only be too early.
        if matches!(decision.verdict, Verdict::Partial | Verdict::Lost) && evidence.standing == Standing::Up {
            tokio::time::sleep(self.pace.settle).await;
            evidence = self
                .gather_migration(&acceptance, &watched, logs.story, judged.as_ref())
                .await?;
            decision = decide_migration(&evidence);
        }
        let note = decision.verdict.as_str().to_owned();
        self.finish(StepName::Verify, StepOutcome::Done { note })?;
        let cause = match (&acceptance, decision.verdict) {
            (Acceptance::Refused { message }, _) => Some(ErrorReport {
                code: "migration_refused".into(),
                message: message.clone(),
                next_step: "see what the server said".into(),
            }),
            (_, verdict) if !verdict.is_good() => evidence.answer_words.as_ref().map(|words| ErrorReport {
                code: "migration_failed".into(),
                message: words.clone(),
                next_step: "see the server's migration log, which is kept with the run".into(),
            }),
            _ => None,
        };
        let rolls_back = self.rolls_back(&evidence.standing, decision.verdict);
        self.write(Event::MigrationEvidenceGathered {
            evidence: Box::new(evidence),
        })?;
        if rolls_back {
            return self.roll_back().await;
        }
        let mut reasons = decision.reasons;
        reasons.extend(self.kept_logs());
        self.end(decision.verdict, reasons, cause)
    }

    /// Where the server's logs of a migration are kept, when they were fetched.
    pub(super) fn kept_logs(&self) -> Option<String> {
        let folder = self.home.run(&self.state().run);
        let kept = KEPT_LOGS.iter().any(|name| folder.join(name).is_file());
        kept.then(|| {
            format!(
                "the server's migration log and SQL are kept in {}",
                folder.display()
            )
        })
    }

    async fn open_migration_again(&self) -> Option<Judged> {
        let state = self.state();
        let package = self.open(state.packages.get(&PackageRole::Package)?).await.ok()?;
        let safety_backup = match state.packages.get(&PackageRole::SafetyBackup) {
            Some(stored) => self.open(stored).await.ok(),
            None => None,
        };
        Some(Judged {
            package,
            safety_backup,
        })
    }

    /// The log that is new since the execution was sent, and the SQL that goes with it, into the run's folder.
    async fn fetch_logs(&self, watched: &Watched) -> Result<Logs, EngineError> {
        let unreadable = |reason: String| Logs {
            story: MigrationStory::Unreadable { reason },
            kept: 0,
        };
        if watched.standing != Standing::Up {
            return Ok(unreadable("the application is not up".into()));
        }
        let step = StepName::FetchLogs;
        self.begin(step)?;
        let baseline = self.state().migration_baseline.and_then(|baseline| baseline.logs);
        let client = self.target_client()?;
        let logs = match (client.migration_logs().await, baseline) {
            (Err(error), _) => unreadable(error.to_string()),
            (Ok(_), None) => unreadable("which logs are new is not known".into()),
            (Ok(logs), Some(before)) => match logs.into_iter().find(|log| !before.contains(&log.name)) {
                None => Logs {
                    story: MigrationStory::Silent,
                    kept: 0,
                },
                Some(log) => self.keep_log(client, log).await,
            },
        };
        let note = format!("{} files", logs.kept);
        self.finish(step, StepOutcome::Done { note })?;
        Ok(logs)
    }

    async fn keep_log(&self, client: &Client, log: nocobase_client::MigrationLog) -> Logs {
        let folder = self.home.run(&self.state().run);
        let [text, sql] = KEPT_LOGS.map(|name| folder.join(name));
        let mut kept = 0;
        let mut words = String::new();
        match client.download_migration_log(&log.name, &text).await {
            Ok(_) => {
                words = last_line(&text);
                kept += 1;
            }
            Err(error) => self.progress(
                StepName::FetchLogs,
                format!("the log could not be fetched: {error}"),
            ),
        }
        if client
            .migration_surfaces()
            .await
            .is_ok_and(|surfaces| surfaces.resource)
        {
            match client.download_migration_sql(&log.name, &sql).await {
                Ok(_) => kept += 1,
                Err(error) => self.progress(
                    StepName::FetchLogs,
                    format!("the SQL could not be fetched: {error}"),
                ),
            }
        }
        let name = log.name;
        let story = match log.success {
            Some(true) => MigrationStory::Succeeded { name },
            Some(false) => MigrationStory::Failed {
                words: if words.is_empty() {
                    log.message.unwrap_or_default()
                } else {
                    words
                },
                name,
            },
            None => MigrationStory::Open { name },
        };
        Logs { story, kept }
    }

    async fn gather_migration(
        &self,
        acceptance: &Acceptance,
        watched: &Watched,
        log: MigrationStory,
        judged: Option<&Judged>,
    ) -> Result<MigrationEvidence, EngineError> {
        let client = self.target_client()?;
        let answer = self.state().migration_answer.unwrap_or_default();
        let readable = watched.standing == Standing::Up;
        let mut evidence = MigrationEvidence {
            acceptance: acceptance.clone(),
            answered: answer.success,
            answer_words: answer.message,
            went_down: watched.went_down,
            standing: watched.standing.clone(),
            log,
            structure: None,
            structure_binds: true,
            structure_as_before: None,
            kept: None,
            replaced: None,
            replaced_unknown: 0,
            replaces: None,
            against_before: None,
            distinguishable: false,
            collections_not_counted: Vec::new(),
            users: None,
            identity: Identity::Unreadable {
                reason: "the application is not up".into(),
            },
        };
        if !readable {
            return Ok(evidence);
        }
        evidence.identity = self.read_identity(client).await;
        evidence.users = client.count("users").await.ok();
        let structure_differed = self.compare_structures(client, &mut evidence).await;
        if let Some(judged) = judged {
            self.compare_rows(client, judged, structure_differed, &mut evidence)
                .await?;
        }
        Ok(evidence)
    }

    /// Whether the source's structure differed from the target's before.
    async fn compare_structures(&self, client: &Client, evidence: &mut MigrationEvidence) -> bool {
        let (Some(facts), Ok(planned)) = (&self.plan.facts.migration, self.planned()) else {
            return false;
        };
        let rule = planned.rule.as_ref();
        evidence.structure_binds = rule.is_some_and(|rule| rule.brings_definitions());
        let Ok(shapes) = client.structure().await else {
            return false;
        };
        let mut now: Vec<CollectionFact> = shapes
            .into_iter()
            .map(|shape| {
                let mut fields = shape.fields;
                fields.sort();
                CollectionFact {
                    name: shape.name,
                    system: shape.system,
                    fields,
                }
            })
            .collect();
        now.sort_by(|one, other| one.name.cmp(&other.name));
        evidence.structure_as_before = Some(now == facts.target_structure);
        let wanted = facts.wanted_structure();
        if wanted.is_empty() {
            return false;
        }
        evidence.structure = Some(compare_structure(rule, wanted, &now));
        compare_structure(rule, wanted, &facts.target_structure).missing_count > 0
    }

    async fn compare_rows(
        &self,
        client: &Client,
        judged: &Judged,
        structure_differed: bool,
        evidence: &mut MigrationEvidence,
    ) -> Result<(), EngineError> {
        let Some(safe) = &judged.safety_backup else {
            return Ok(());
        };
        let Ok(collections) = client.collections().await else {
            return Ok(());
        };
        let names = TableNames::of(safe);
        let before = usable(rows(safe));
        let baseline = self.state().migration_baseline.unwrap_or_default();
        let by_table = |source: BTreeMap<String, u64>| -> BTreeMap<String, u64> {
            source
                .into_iter()
                .map(|(name, rows)| (names.table(&name), rows))
                .collect()
        };
        let packed = if judged.package.content.tables.is_empty() {
            let noted = baseline.source_rows;
            let known = || self.plan.facts.migration.as_ref().map(|facts| facts.known_rows());
            let rows = if noted.is_empty() {
                known().unwrap_or_default()
            } else {
                noted
            };
            usable(by_table(rows))
        } else {
            usable(rows(&judged.package))
        };
        let expected = match (&self.plan.facts.migration, &self.planned()?.rule) {
            (Some(facts), Some(rule)) => {
                let expected = expect(rule, facts, &before, &packed);
                evidence.replaces = Some(!expected.replaced.is_empty() || !expected.unknown.is_empty());
                expected
            }
            _ => Expectation::default(),
        };
        let listed: BTreeMap<String, String> = collections
            .into_iter()
            .map(|collection| (names.table(&collection), collection))
            .collect();
        let mut tables: BTreeSet<&String> = before.keys().chain(expected.kept.keys()).collect();
        tables.extend(expected.replaced.keys());
        let pause = self.pace.poll;
        let wanted: Vec<(String, String, bool)> = tables
            .into_iter()
            .filter_map(|table| match listed.get(table) {
                Some(collection) => Some((table.clone(), collection.clone(), true)),
                None => names.are_plain().then(|| (table.clone(), table.clone(), false)),
            })
            .collect();
        let counted: Vec<(String, Count)> = stream::iter(wanted)
            .map(|(table, collection, listed)| async move {
                (table, count(client, &collection, listed, pause).await)
            })
            .buffer_unordered(COUNTS_AT_ONCE)
            .collect()
            .await;
        let mut found: BTreeMap<String, Option<u64>> = BTreeMap::new();
        for (table, count) in counted {
            match count {
                Count::Rows(rows) => drop(found.insert(table, Some(rows))),
                Count::Missing => drop(found.insert(table, None)),
                Count::Uncounted => evidence.collections_not_counted.push(table),
                Count::NotShown => {}
            }
        }
        let some = |comparison: Comparison| (comparison.tables > 0).then_some(comparison);
        evidence.replaced_unknown = expected.unknown.len();
        evidence.kept = some(Comparison::new(&expected.kept, &found));
        evidence.replaced = some(Comparison::new(&expected.replaced, &found));
        evidence.against_before = some(Comparison::new(&before, &found));
        evidence.distinguishable = structure_differed || expected.differs_from(&before);
        Ok(())
    }
}

/// Tables whose rows mean something: not those that come and go by themselves.
fn usable(mut rows: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    rows.retain(|table, _| !VOLATILE.contains(&table.as_str()) && !REWRITTEN.contains(&table.as_str()));
    rows
}

/// The last line of a log, bounded.
fn last_line(path: &std::path::Path) -> String {
    use std::io::Read as _;
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LOG_READ).read_to_end(&mut text));
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&text);
    let line = text
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    line.chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_WORDS)
        .collect()
}
