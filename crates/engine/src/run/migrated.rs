//! After an execution: the restart window, the server's migration log and SQL, and the content against the rule.
//! Nothing is changed, but what `roll_back` brings back. Everything it needs is in the journal, so a run whose process
//! died is finished by the same steps.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream;
use nocobase_client::Client;

use super::gather::{COUNTS_AT_ONCE, Count, TableNames, VOLATILE, count};
use super::migrate::NOT_SENT;
use super::obtain::Judged;
use super::watch::{PATIENCE, Watched};
use super::{Attempt, Runner};
use crate::error::{EngineError, ErrorReport};
use crate::evidence::{Acceptance, Comparison, Identity, Standing};
use crate::facts::blocked;
use crate::journal::{Event, PackageRole, StepOutcome, StepState};
use crate::migration::{
    CollectionFact, Expectation, MigrationEvidence, MigrationFacts, MigrationStory, compare_structure,
    expect, known_collections,
};
use crate::package::Inspection;
use crate::plan::StepName;
use crate::verdict::{Verdict, decide_migration};

/// System tables whose rows an upgrade or a plugin may change right after they were replaced.
const REWRITTEN: [&str; 3] = ["applicationPlugins", "applicationVersion", "migrationRules"];
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
        let watched = if self.was_not_sent() {
            Watched::not_expected()
        } else {
            // a refusal, too, may come from a server that has begun
            self.begin(StepName::Watch)?;
            let watched = self.watch(Attempt::Migrate, went_down).await?;
            self.finish(StepName::Watch, StepOutcome::Done { note: watched.note() })?;
            watched
        };
        let mut log = self.fetch_logs(&watched).await?;
        self.begin(StepName::Verify)?;
        let mut looks = PATIENCE;
        let (evidence, decision) = loop {
            let evidence = self
                .gather_migration(&acceptance, &watched, log, judged.as_ref())
                .await?;
            let decision = decide_migration(&evidence);
            // Bad news may only be too early, and so may any news of one that is at work.
            let early = match decision.verdict {
                Verdict::Partial | Verdict::Lost => looks == PATIENCE,
                Verdict::Unknown | Verdict::Unverified => evidence.is_under_way(),
                _ => false,
            };
            if looks == 0 || !early || evidence.standing != Standing::Up {
                break (evidence, decision);
            }
            looks -= 1;
            tokio::time::sleep(self.pace.settle).await;
            log = self.read_new_log().await;
        };
        let note = decision.verdict.as_str().to_owned();
        self.finish(StepName::Verify, StepOutcome::Done { note })?;
        let cause = match (&acceptance, decision.verdict) {
            (Acceptance::Refused { message }, _) => Some(ErrorReport {
                code: "migration_refused".into(),
                message: message.clone(),
                next_step: "see what the server said".into(),
            }),
            (_, verdict) if !verdict.is_good() && evidence.answered != Some(true) => {
                evidence.answer_words.as_ref().map(|words| ErrorReport {
                    code: "migration_failed".into(),
                    message: words.clone(),
                    next_step: "see the server's migration log, which is kept with the run".into(),
                })
            }
            _ => None,
        };
        // variables that stay after a refusal are no damage that is worth a restore
        let refused = matches!(acceptance, Acceptance::Refused { .. });
        let rolls_back = !refused && self.rolls_back(&evidence.standing, decision.verdict);
        self.write(Event::MigrationEvidenceGathered {
            evidence: Box::new(evidence),
        })?;
        if rolls_back {
            return Box::pin(self.roll_back()).await;
        }
        let mut reasons = decision.reasons;
        reasons.extend(self.kept_logs());
        self.end(decision.verdict, reasons, cause)
    }

    /// Whether the execution never left this machine.
    fn was_not_sent(&self) -> bool {
        matches!(
            self.state().steps.get(&StepName::ExecuteMigration),
            Some(StepState::Ended(StepOutcome::Failed { error })) if error.code == NOT_SENT
        )
    }

    /// The packages of a run that is taken up again, if they are those that it fetched. What cannot be opened, for lack
    /// of its password for instance, is no empty content to compare with.
    async fn open_migration_again(&self) -> Option<Judged> {
        let state = self.state();
        let open = async |role: PackageRole| {
            let stored = state.packages.get(&role)?;
            let opened = self.open(stored).await.ok()?;
            (opened.sha256 == stored.sha256).then_some(opened)
        };
        let package = open(PackageRole::Package).await?;
        let safety_backup = open(PackageRole::SafetyBackup).await;
        Some(Judged {
            package,
            safety_backup: safety_backup
                .filter(|safe| !blocked(&safe.findings, &[]) && !safe.content.tables.is_empty()),
        })
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
            not_sent: self.was_not_sent(),
            rule_assumed: self.planned()?.rule.as_ref().is_some_and(|rule| rule.assumed),
            variables_set: self.variables_set().await,
            answered: answer.success,
            answer_words: answer.message,
            went_down: watched.went_down,
            standing: self.hide_standing(watched.standing.clone()),
            log,
            structure: None,
            structure_binds: true,
            structure_as_before: None,
            kept: None,
            replaced: None,
            not_replaced: Vec::new(),
            replaced_expected: 0,
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

    /// Whether the structure tells new from old: it differed before, and the rule is certain to bring it, or it is there.
    async fn compare_structures(&self, client: &Client, evidence: &mut MigrationEvidence) -> bool {
        let (Some(facts), Ok(planned)) = (&self.plan.facts.migration, self.planned()) else {
            return false;
        };
        let rule = planned.rule.as_ref();
        evidence.structure_binds = rule.is_some_and(|rule| rule.brings_definitions());
        let Ok(shapes) = client.structure().await else {
            return false;
        };
        let mut now: Vec<CollectionFact> = shapes.into_iter().map(CollectionFact::from).collect();
        now.sort_by(|one, other| one.name.cmp(&other.name));
        evidence.structure_as_before = Some(now == facts.target_structure);
        let wanted = facts.wanted_structure();
        if wanted.is_empty() {
            return false;
        }
        let structure = compare_structure(rule, wanted, &now);
        let came = evidence.structure_binds || structure.is_whole();
        evidence.structure = Some(structure);
        came && compare_structure(rule, wanted, &facts.target_structure).missing_count > 0
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
        let facts = self.plan.facts.migration.as_deref();
        let rule = self.planned()?.rule.as_ref();
        let mut known = known_collections(rule, facts);
        known.extend(collections.iter().cloned());
        known.extend(VOLATILE.iter().chain(&REWRITTEN).map(|name| (*name).to_owned()));
        let before = by_collection(safe, &known);
        let counted_before: BTreeMap<String, u64> = before
            .iter()
            .filter_map(|(name, rows)| Some((name.clone(), (*rows)?)))
            .collect();
        let packed = if judged.package.content.tables.is_empty() {
            let noted = self.state().migration_baseline.unwrap_or_default().source_rows;
            let known_rows = || facts.map(MigrationFacts::known_rows).unwrap_or_default();
            if noted.is_empty() { known_rows() } else { noted }
        } else {
            let packed = by_collection(&judged.package, &known).into_iter();
            packed.filter_map(|(name, rows)| Some((name, rows?))).collect()
        };
        let packed = usable(packed);
        let expected = match (facts, rule) {
            (Some(facts), Some(rule)) => {
                let expected = expect(rule, facts, &counted_before, &packed);
                evidence.replaces = Some(!expected.replaced.is_empty() || !expected.unknown.is_empty());
                expected
            }
            _ => Expectation::default(),
        };
        let listed: BTreeSet<&String> = collections.iter().collect();
        let tables: BTreeSet<&String> = counted_before
            .keys()
            .chain(expected.kept.keys())
            .chain(expected.replaced.keys())
            .collect();
        let pause = self.pace.poll;
        // a table whose collection nobody knows cannot be asked for
        let plain = TableNames::of(safe).are_plain();
        let wanted: Vec<(String, bool)> = tables
            .into_iter()
            .filter(|name| plain || known.contains(*name))
            .map(|name| (name.clone(), listed.contains(name)))
            .collect();
        let counted: Vec<(String, Count)> = stream::iter(wanted)
            .map(|(name, listed)| async move {
                let count = count(client, &name, listed, pause).await;
                (name, count)
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
        evidence.replaced_expected = expected.replaced.len();
        evidence.kept = some(Comparison::new(&expected.kept, &found));
        evidence.replaced = some(Comparison::new(&expected.replaced, &found));
        evidence.against_before = some(Comparison::new(&counted_before, &found));
        let telling: Vec<&String> = expected.telling(&before, &found).collect();
        evidence.distinguishable = structure_differed || !telling.is_empty();
        evidence.not_replaced = telling
            .into_iter()
            .filter(|table| found.get(*table).copied().flatten() == before.get(*table).copied().flatten())
            .cloned()
            .collect();
        Ok(())
    }

    fn hide_standing(&self, standing: Standing) -> Standing {
        match standing {
            Standing::Up => Standing::Up,
            Standing::Broken { code, message } => Standing::Broken {
                code,
                message: self.hide_words(message),
            },
            Standing::Busy { message } => Standing::Busy {
                message: self.hide_words(message),
            },
            Standing::Unreachable { message } => Standing::Unreachable { message },
        }
    }
}

/// The rows of a package's tables by the collections that they belong to, without those that come and go by themselves;
/// none where they could not be counted. A table of no known collection goes by its own name.
fn by_collection(package: &Inspection, known: &BTreeSet<String>) -> BTreeMap<String, Option<u64>> {
    let names = TableNames::of(package);
    let collections: BTreeMap<String, &String> = known.iter().map(|name| (names.table(name), name)).collect();
    let rows = package.content.tables.iter().map(|table| {
        let name = collections.get(&table.name).map_or(&table.name, |name| *name);
        (name.clone(), table.rows)
    });
    usable(rows.collect())
}

/// Tables whose rows mean something: not those that come and go by themselves.
fn usable<Rows>(mut rows: BTreeMap<String, Rows>) -> BTreeMap<String, Rows> {
    rows.retain(|table, _| !VOLATILE.contains(&table.as_str()) && !REWRITTEN.contains(&table.as_str()));
    rows
}
