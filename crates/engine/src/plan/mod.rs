//! The plan: a pure function of request, facts and time, and the value that is shown, kept, confirmed and run.
//!
//! What goes into it is drafted in `draft`. Nothing here reads a server, a file or a clock. A plan carries its own hash; the confirmation code is made
//! of that hash, so that a phrase fits one plan only.

mod choice;
mod credentials;
mod draft;
mod known;
mod migrate;
mod migrate_words;
mod migration_judge;

pub(crate) use self::draft::judge_package;
pub(crate) use self::migration_judge::judge_migration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::draft::{draft_backup, draft_drill, draft_restore, draft_undo};
use self::migrate::draft_migrate;
use crate::error::EngineError;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::ids::{PlanId, RunId, letters};
use crate::migration::PlannedMigration;
use crate::package::Inspection;
use crate::policy::Policy;
use crate::request::Request;
use crate::verdict::Verdict;

/// The version of the plan's format.
pub(crate) const PLAN_FORMAT: u32 = 1;

/// The finding that, once accepted, has the server move the content into the target's own schema.
pub(crate) const SCHEMA_MISMATCH: &str = "schema_mismatch";

/// The finding that, once accepted, has a migration go on where plugins of the source are not installed.
pub(crate) const MIGRATION_PLUGINS_MISSING: &str = "migration_plugins_missing";

/// The finding that the target does not say whether a migration package passes its check.
pub(crate) const MIGRATION_CHECK_UNCLEAR: &str = "migration_check_unclear";

/// What a plan does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanAction {
    /// Makes a backup and proves it good.
    Backup,
    /// Replaces the target's content by a package.
    Restore,
    /// Replaces the target's content by an earlier run's safety backup.
    Undo,
    /// Brings the target up to the source by a migration rule.
    Migrate,
    /// Replaces a scratch environment's content by an earlier run's safety backup, to prove that it restores.
    Drill,
}

/// Where the package of a plan comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum PlannedPackage {
    /// Made during the run.
    New {
        /// The environment it is made on.
        environment: String,
    },
    /// A backup that lies on a server.
    Server {
        /// The environment it lies on.
        environment: String,
        /// Its name.
        name: String,
        /// Its size in the server's words.
        size: String,
        /// When it was made, in the server's words.
        created_at: Option<String>,
    },
    /// A file of this machine.
    File {
        /// Its absolute path.
        path: std::path::PathBuf,
        /// Its SHA-256, in hex.
        sha256: String,
        /// Its size in bytes.
        bytes: u64,
    },
}

/// One step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Facts are read again and compared with the plan's.
    ReadFacts,
    /// The package is made on its environment.
    MakePackage,
    /// The package is fetched.
    DownloadPackage,
    /// The target is backed up.
    MakeSafetyBackup,
    /// The safety backup is fetched.
    DownloadSafetyBackup,
    /// Both packages are opened and judged.
    Judge,
    /// A marker row is put into the target, to see later whether its data was replaced.
    PlantCanary,
    /// The package is uploaded; the server begins to overwrite.
    Restore,
    /// The server is watched going down and coming up.
    Watch,
    /// Evidence is gathered and weighed.
    Verify,
    /// The marker row is taken away where the earlier data stayed.
    TidyUp,
    /// The safety backup is uploaded, because the target was left damaged and policy says so.
    RollBack,
    /// The server is watched once more, after that upload.
    WatchRollBack,
    /// Evidence is gathered whether the earlier state is back.
    VerifyRollBack,
    /// A migration rule is made on the source.
    CreateRule,
    /// The target says whether the migration package could be executed.
    CheckPackage,
    /// Variables and secrets that the target lacks are set.
    SetVariables,
    /// The migration package is executed; the server begins to change tables.
    ExecuteMigration,
    /// The target's logs of the migration are fetched.
    FetchLogs,
}

/// A step as it stands in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Which.
    pub name: StepName,
    /// In words.
    pub title: String,
    /// Where it acts; none for this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it changes that environment.
    pub changes: bool,
    /// How it is taken back; empty where there is nothing to take back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub way_back: String,
}

/// What it takes to confirm a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Nothing: the plan overwrites nothing.
    None,
    /// The plan's phrase.
    Phrase,
    /// The plan's phrase, typed by a person.
    Person,
}

/// The run that a plan takes back, or whose safety backup it proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Undone {
    /// Its name.
    pub run: RunId,
    /// What it did.
    pub summary: String,
    /// What it overwrote.
    #[serde(default)]
    pub environment: String,
    /// When it began: the target goes back to how it was then.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// A plan: what will be done, to what, at which price, and how it is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The version of this format.
    pub format: u32,
    /// Its name.
    pub id: PlanId,
    /// SHA-256 of everything else in it, in hex.
    pub hash: String,
    /// When it was made.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// When it can no longer be confirmed.
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
    /// What was asked for, with names resolved: the plan is made of this and of the facts, and nothing else.
    pub request: Request,
    /// What it does.
    pub action: PlanAction,
    /// The same in one sentence.
    pub summary: String,
    /// Where the package comes from.
    pub package: PlannedPackage,
    /// Whether the package itself serves as the target's safety backup (source and target are one).
    pub package_is_safety_backup: bool,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What is overwritten, in words; empty for a backup.
    pub destroys: Vec<String>,
    /// What was found that the person who confirms must see; no blocker among them but accepted ones.
    pub findings: Vec<Finding>,
    /// Codes of blockers about the package's data that were accepted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// What it takes to confirm it.
    pub confirmation: Strength,
    /// What it migrates and how; none for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<PlannedMigration>,
    /// The run that it takes back, or whose safety backup it proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Undone>,
    /// The facts it was made of; read again and compared before anything is done.
    pub facts: Facts,
}

/// Makes a plan; blockers that were not accepted are the error.
pub fn plan(
    request: &Request,
    facts: Facts,
    undoes: Option<Undone>,
    policy: &Policy,
    now: Timestamp,
    random: u32,
) -> Result<Plan, EngineError> {
    if policy.read_only {
        return Err(EngineError::Forbidden {
            rule: "read-only mode".into(),
        });
    }
    let draft = match request {
        Request::Backup { .. } => draft_backup(&facts)?,
        Request::Restore {
            package, accepted, ..
        } => draft_restore(package, accepted, &facts, policy)?,
        Request::Migrate {
            rule,
            package,
            skip_server_backup,
            accepted,
            ..
        } => draft_migrate(rule, package, *skip_server_backup, accepted, &facts, policy)?,
        Request::Undo { .. } => draft_undo(&facts, undoes.as_ref(), policy)?,
        Request::Drill { .. } => draft_drill(&facts, undoes.as_ref(), policy)?,
    };
    let expires_at = now
        .checked_add(SignedDuration::from_mins(policy.plan_minutes.into()))
        .unwrap_or(now);
    let over_at = expires_at
        .checked_add(SignedDuration::from_mins(policy.watch_minutes.into()))
        .unwrap_or(expires_at);
    let mut findings = draft.findings;
    findings.extend(credentials::expiring(&facts, over_at));
    if let (Some(doubt), Some(source), PlannedPackage::New { .. }) =
        (&facts.source_in_doubt, &facts.source, &draft.package)
    {
        findings.push(Finding::warning(
            "source_in_doubt",
            format!(
                "{} overwrote {} last and ended {}: a package of it may hold that damage",
                doubt.run,
                source.environment,
                doubt.verdict.as_str()
            ),
            format!(
                "look at {} first: nocobase-release runs show {}",
                source.environment, doubt.run
            ),
        ));
    }
    let mut plan = Plan {
        format: PLAN_FORMAT,
        id: PlanId::new(now, random),
        hash: String::new(),
        created_at: now,
        expires_at,
        request: request.clone(),
        action: draft.action,
        summary: draft.summary,
        package: draft.package,
        package_is_safety_backup: draft.package_is_safety_backup,
        steps: draft.steps,
        destroys: draft.destroys,
        findings,
        accepted: draft.accepted,
        confirmation: draft.confirmation,
        migration: draft.migration,
        undoes,
        facts,
    };
    if let Some(rule) = plan.broken_rule(policy) {
        return Err(EngineError::Forbidden { rule });
    }
    plan.hash = plan.compute_hash();
    Ok(plan)
}

impl Plan {
    /// Whether this is what is planned for its request and facts under this policy: a plan is a file, and a person who
    /// confirms it believes its words.
    pub(crate) fn is_what_it_says(&self, policy: &Policy) -> bool {
        let made = plan(
            &self.request,
            self.facts.clone(),
            self.undoes.clone(),
            policy,
            self.created_at,
            0,
        );
        made.is_ok_and(|made| {
            let made = Plan {
                id: self.id.clone(),
                hash: self.hash.clone(),
                expires_at: self.expires_at,
                confirmation: self.confirmation,
                ..made
            };
            made == *self
        })
    }

    /// SHA-256 over the plan without its hash.
    pub fn compute_hash(&self) -> String {
        let mut bare = self.clone();
        bare.hash = String::new();
        let bytes = serde_json::to_vec(&bare).unwrap_or_default();
        hex(&Sha256::digest(&bytes))
    }

    /// The target's name; a backup has none.
    pub fn target(&self) -> Option<&str> {
        self.facts.target.as_ref().map(|facts| facts.environment.as_str())
    }

    /// The rule of the house that it would break.
    pub(crate) fn broken_rule(&self, policy: &Policy) -> Option<String> {
        match self.action {
            PlanAction::Restore | PlanAction::Migrate => {
                policy.forbidden_direction(self.comes_from(), self.target()?)
            }
            PlanAction::Drill => {
                let from = self.undoes.as_ref().map(|undone| undone.environment.as_str());
                policy.forbidden_direction(from, self.target()?)
            }
            PlanAction::Backup | PlanAction::Undo => None,
        }
    }

    /// Where its package comes from, for the rules of the house: a file of this machine comes from an environment only
    /// where it was verified on that.
    fn comes_from(&self) -> Option<&str> {
        let source = self.source()?;
        let from_file = matches!(self.package, PlannedPackage::File { .. });
        let verified = self.facts.file.iter().flat_map(|file| &file.verified);
        let vouched = verified
            .into_iter()
            .any(|verified| verified.environment == source);
        (!from_file || vouched).then_some(source)
    }

    /// Whether it brings back a target that is known to be damaged: what is there now is no way back worth insisting
    /// on. Where nobody knows what it holds, that may be good, and is backed up first.
    pub fn undoes_damage(&self) -> bool {
        let verdict = self.undoes.as_ref().and_then(|undone| undone.verdict);
        self.action == PlanAction::Undo && matches!(verdict, Some(Verdict::Partial | Verdict::Lost))
    }

    /// The schema that the server is asked to move this package's content into: only where that was accepted by name,
    /// and the package was made in another one. NocoBase 2.2.15 takes `public` for "none".
    pub(crate) fn remapped_schema(&self, package: &Inspection) -> Option<String> {
        let own = self.facts.target.as_ref()?.schema.as_deref().unwrap_or_default();
        let packed = package
            .metadata
            .as_ref()?
            .database
            .schema
            .as_deref()
            .unwrap_or_default();
        let asked = self.accepted.iter().any(|code| code == SCHEMA_MISMATCH);
        (asked && own != packed).then(|| if own.is_empty() { "public" } else { own }.to_owned())
    }

    /// Whether the run may restore the safety backup by itself.
    pub fn rolls_back(&self) -> bool {
        self.steps.iter().any(|step| step.name == StepName::RollBack)
    }

    /// The source's name; a file of this machine has none.
    pub fn source(&self) -> Option<&str> {
        self.facts.source.as_ref().map(|facts| facts.environment.as_str())
    }

    /// The environment whose lock a run of this plan takes: its base URL.
    pub fn locked_address(&self) -> &str {
        let side = self.facts.target.as_ref().or(self.facts.source.as_ref());
        side.map_or("", |facts| facts.api_base.as_str())
    }

    /// The phrase that confirms this plan and no other: the target's name and a code out of the plan's hash.
    pub fn phrase(&self) -> String {
        let bits = u32::from_str_radix(self.hash.get(..8).unwrap_or("0"), 16).unwrap_or_default();
        format!("{} {}", self.target().unwrap_or("backup"), letters(bits, 5))
    }

    /// The name of the package on its server, when it is known beforehand.
    pub fn package_name(&self) -> Option<&str> {
        match &self.package {
            PlannedPackage::Server { name, .. } => Some(name),
            PlannedPackage::New { .. } | PlannedPackage::File { .. } => None,
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
