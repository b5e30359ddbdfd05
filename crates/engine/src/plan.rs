//! The plan: a pure function of request, facts and time, and the value that is shown, kept, confirmed and run.
//!
//! Nothing here reads a server, a file or a clock. A plan carries its own hash; the confirmation code is made
//! of that hash, so that a phrase fits one plan only.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::EngineError;
use crate::facts::{EnvironmentFacts, Facts, blocked};
use crate::finding::Finding;
use crate::ids::{PlanId, RunId, letters};
use crate::package::{self, Inspection};
use crate::policy::Policy;
use crate::request::{PackageChoice, Request};

/// The version of the plan's format.
pub(crate) const PLAN_FORMAT: u32 = 1;

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
    /// The run that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RunId>,
    /// The facts it was made of; read again and compared before anything is done.
    pub facts: Facts,
}

/// Makes a plan; blockers that were not accepted are the error.
pub fn plan(
    request: &Request,
    facts: Facts,
    undoes: Option<RunId>,
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
        Request::Undo { .. } => draft_undo(&facts, policy)?,
    };
    let mut plan = Plan {
        format: PLAN_FORMAT,
        id: PlanId::new(now, random),
        hash: String::new(),
        created_at: now,
        expires_at: now
            .checked_add(SignedDuration::from_mins(policy.plan_minutes.into()))
            .unwrap_or(now),
        action: draft.action,
        summary: draft.summary,
        package: draft.package,
        package_is_safety_backup: draft.package_is_safety_backup,
        steps: draft.steps,
        destroys: draft.destroys,
        findings: draft.findings,
        accepted: draft.accepted,
        confirmation: draft.confirmation,
        undoes,
        facts,
    };
    plan.hash = plan.compute_hash();
    Ok(plan)
}

impl Plan {
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
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

struct Draft {
    action: PlanAction,
    summary: String,
    package: PlannedPackage,
    package_is_safety_backup: bool,
    steps: Vec<Step>,
    destroys: Vec<String>,
    findings: Vec<Finding>,
    accepted: Vec<String>,
    confirmation: Strength,
}

fn missing(side: &str) -> EngineError {
    EngineError::BrokenRecord {
        what: format!("the facts of the {side}"),
        reason: "they were not read".into(),
    }
}

fn draft_backup(facts: &Facts) -> Result<Draft, EngineError> {
    let source = facts.source.as_ref().ok_or_else(|| missing("source"))?;
    let environment = source.environment.clone();
    Ok(Draft {
        action: PlanAction::Backup,
        summary: format!("Make a backup of {environment}, fetch it and prove it good"),
        package: PlannedPackage::New {
            environment: environment.clone(),
        },
        package_is_safety_backup: false,
        steps: vec![
            step(
                StepName::ReadFacts,
                "read the facts again",
                Some(&environment),
                false,
                "",
            ),
            step(
                StepName::MakePackage,
                "make a backup",
                Some(&environment),
                true,
                "the backup can be removed by name",
            ),
            step(
                StepName::DownloadPackage,
                "download it, with SHA-256",
                Some(&environment),
                false,
                "",
            ),
            step(StepName::Judge, "open it and judge it", None, false, ""),
        ],
        destroys: Vec::new(),
        findings: Vec::new(),
        accepted: Vec::new(),
        confirmation: Strength::None,
    })
}

fn draft_restore(
    choice: &PackageChoice,
    accepted: &[String],
    facts: &Facts,
    policy: &Policy,
) -> Result<Draft, EngineError> {
    let target = facts.target.as_ref().ok_or_else(|| missing("target"))?;
    let package = planned_package(choice, facts)?;
    let same = facts
        .source
        .as_ref()
        .is_some_and(|source| source.environment == target.environment);
    let whole = matches!(package, PlannedPackage::New { .. }) && same;
    let summary = match (&package, facts.source.as_ref()) {
        (PlannedPackage::New { .. }, _) if whole => {
            format!("Back up {0} and restore {0} from that backup", target.environment)
        }
        (PlannedPackage::New { environment }, _) => {
            format!(
                "Restore {environment} to {}: a new backup of {environment} replaces everything on {}",
                target.environment, target.environment
            )
        }
        (
            PlannedPackage::Server {
                environment, name, ..
            },
            _,
        ) => {
            format!(
                "Restore the backup {name} of {environment} to {}",
                target.environment
            )
        }
        (PlannedPackage::File { path, .. }, _) => {
            format!("Restore the file {} to {}", path.display(), target.environment)
        }
    };
    draft_overwrite(
        PlanAction::Restore,
        summary,
        package,
        whole,
        accepted,
        facts,
        target,
        policy,
    )
}

fn draft_undo(facts: &Facts, policy: &Policy) -> Result<Draft, EngineError> {
    let target = facts.target.as_ref().ok_or_else(|| missing("target"))?;
    let file = facts.file.as_ref().ok_or_else(|| missing("safety backup"))?;
    let package = planned_file(file);
    let summary = format!("Bring {} back to its safety backup", target.environment);
    draft_overwrite(
        PlanAction::Undo,
        summary,
        package,
        false,
        &[],
        facts,
        target,
        policy,
    )
}

#[expect(
    clippy::too_many_arguments,
    reason = "the two drafts that overwrite share all of it"
)]
fn draft_overwrite(
    action: PlanAction,
    summary: String,
    package: PlannedPackage,
    whole: bool,
    accepted: &[String],
    facts: &Facts,
    target: &EnvironmentFacts,
    policy: &Policy,
) -> Result<Draft, EngineError> {
    let mut findings = compare_sides(facts, target);
    if let Some(file) = &facts.file {
        findings.extend(judge_package(&file.inspection, target, None));
    }
    if blocked(&findings, accepted) {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        return Err(EngineError::Preflight { findings });
    }
    let confirmation = if policy.is_protected(&target.environment) {
        Strength::Person
    } else {
        Strength::Phrase
    };
    Ok(Draft {
        action,
        summary,
        steps: overwrite_steps(&package, whole, target),
        package,
        package_is_safety_backup: whole,
        destroys: destroyed(target),
        findings,
        accepted: accepted.to_vec(),
        confirmation,
    })
}

fn planned_package(choice: &PackageChoice, facts: &Facts) -> Result<PlannedPackage, EngineError> {
    if let PackageChoice::File(_) = choice {
        return facts
            .file
            .as_ref()
            .map(planned_file)
            .ok_or_else(|| missing("package file"));
    }
    let source = facts.source.as_ref().ok_or_else(|| missing("source"))?;
    let found = match choice {
        PackageChoice::New | PackageChoice::File(_) => {
            return Ok(PlannedPackage::New {
                environment: source.environment.clone(),
            });
        }
        PackageChoice::Named(name) => source.backup(name),
        PackageChoice::Latest => source.backups.iter().find(|backup| !backup.in_progress),
    };
    match found {
        Some(backup) if !backup.in_progress => Ok(PlannedPackage::Server {
            environment: source.environment.clone(),
            name: backup.name.clone(),
            size: backup.size.clone(),
            created_at: backup.created_at.clone(),
        }),
        Some(backup) => Err(crate::facts::refuse(
            "package_in_progress",
            format!("the backup {} is still being made", backup.name),
            "wait until it is finished",
        )),
        None => Err(EngineError::PackageNotFound {
            environment: source.environment.clone(),
            name: match choice {
                PackageChoice::Named(name) => name.clone(),
                PackageChoice::New | PackageChoice::Latest | PackageChoice::File(_) => "the latest".into(),
            },
            available: source
                .backups
                .iter()
                .take(10)
                .map(|backup| backup.name.clone())
                .collect(),
        }),
    }
}

fn planned_file(file: &crate::facts::FileFacts) -> PlannedPackage {
    PlannedPackage::File {
        path: file.path.clone(),
        sha256: file.inspection.sha256.clone(),
        bytes: file.inspection.bytes,
    }
}

/// Judges an opened package against the target: its own findings and those of the comparison.
///
/// A safety backup tells what no API does: how the target names its tables, and its database server's version.
pub(crate) fn judge_package(
    inspection: &Inspection,
    target: &EnvironmentFacts,
    safety_backup: Option<&Inspection>,
) -> Vec<Finding> {
    let database = safety_backup
        .and_then(|safe| safe.metadata.as_ref())
        .map(|metadata| &metadata.database);
    let traits = package::Target {
        version: target.version.clone(),
        dialect: target.dialect.clone(),
        schema: target.schema.clone(),
        underscored: database.map(|database| database.underscored),
        table_prefix: database.map(|database| database.table_prefix.clone().unwrap_or_default()),
        database_version: database.and_then(|database| database.version.clone()),
        plugins: target.plugins.as_ref().map(|plugins| {
            plugins
                .iter()
                .map(|plugin| (plugin.name.clone(), plugin.version.clone()))
                .collect()
        }),
    };
    let mut findings = inspection.findings.clone();
    findings.extend(package::judge(inspection, &traits));
    findings
}

/// What the two environments tell before any package exists.
fn compare_sides(facts: &Facts, target: &EnvironmentFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(source) = &facts.source
        && source.environment != target.environment
    {
        if source.api_base == target.api_base {
            findings.push(Finding::blocker(
                "same_server",
                format!(
                    "{} and {} are one and the same server ({})",
                    source.environment, target.environment, target.api_base
                ),
                "check the base URLs of the environments",
            ));
        }
        if source.dialect != target.dialect {
            findings.push(Finding::blocker(
                "dialect_mismatch",
                format!(
                    "{} runs on {}, {} on {}",
                    source.environment, source.dialect, target.environment, target.dialect
                ),
                "a backup can be restored into the same kind of database only",
            ));
        }
        if crate::version::is_newer(&source.version, &target.version) {
            findings.push(Finding::blocker(
                "version_newer",
                format!(
                    "{} runs NocoBase {}, {} only {}",
                    source.environment, source.version, target.environment, target.version
                ),
                format!(
                    "upgrade {} to {} or later first",
                    target.environment, source.version
                ),
            ));
        }
        if source.schema != target.schema {
            findings.push(Finding::blocker(
                "schema_mismatch",
                format!(
                    "{} keeps to the schema {}, {} to {}",
                    source.environment,
                    schema(source),
                    target.environment,
                    schema(target)
                ),
                "give both environments the same DB_SCHEMA",
            ));
        }
        findings.push(Finding::warning(
            "users_replaced",
            format!(
                "users, roles and API keys of {} become those of {}",
                target.environment, source.environment
            ),
            format!(
                "sign in to {} afterwards as a user of {}",
                target.environment, source.environment
            ),
        ));
        findings.push(Finding::warning(
            "settings_replaced",
            format!(
                "{} also takes over sign-in methods, file storages, environment variables, notification channels and \
                 scheduled workflows of {}, and will act with them",
                target.environment, source.environment
            ),
            "switch off afterwards what must not run there",
        ));
    }
    if target.dialect == "postgres" && target.schema.is_none() {
        findings.push(Finding::warning(
            "every_schema_dropped",
            format!(
                "{} keeps to no schema of its own: NocoBase drops the tables of every schema of its database",
                target.environment
            ),
            "make sure that nothing else lives in that database",
        ));
    }
    if let Some(running) = target.backups.iter().find(|backup| backup.in_progress) {
        findings.push(Finding::warning(
            "backup_running",
            format!(
                "a backup is being made on {}: {}",
                target.environment, running.name
            ),
            "better wait until it is finished",
        ));
    }
    if !target.logs_readable {
        findings.push(Finding::warning(
            "logs_unreadable",
            format!(
                "the log files of {} cannot be read with this role, so the outcome is proven by data alone",
                target.environment
            ),
            "grant the snippet pm.logger.logger to the role",
        ));
    }
    findings.push(Finding::note(
        "not_covered",
        "not part of a backup: external data sources, sub-applications, files in remote storages",
    ));
    findings
}

fn schema(side: &EnvironmentFacts) -> &str {
    side.schema.as_deref().unwrap_or("(none)")
}

fn destroyed(target: &EnvironmentFacts) -> Vec<String> {
    vec![
        format!(
            "all data of {} ({}, application {}): every table with its rows, users, roles and settings",
            target.environment, target.api_base, target.app_name
        ),
        format!(
            "{} is down for the time of the restore and its restart",
            target.environment
        ),
    ]
}

fn overwrite_steps(package: &PlannedPackage, whole: bool, target: &EnvironmentFacts) -> Vec<Step> {
    let at = target.environment.as_str();
    let mut steps = vec![step(
        StepName::ReadFacts,
        "read the facts again and compare them with this plan",
        None,
        false,
        "",
    )];
    match package {
        PlannedPackage::New { environment } => {
            steps.push(step(
                StepName::MakePackage,
                "make a backup",
                Some(environment),
                true,
                "the backup can be removed by name",
            ));
            steps.push(step(
                StepName::DownloadPackage,
                "download it, with SHA-256",
                Some(environment),
                false,
                "",
            ));
        }
        PlannedPackage::Server {
            environment, name, ..
        } => {
            steps.push(step(
                StepName::DownloadPackage,
                &format!("download {name}, with SHA-256"),
                Some(environment),
                false,
                "",
            ));
        }
        PlannedPackage::File { .. } => {}
    }
    if !whole {
        steps.push(step(
            StepName::MakeSafetyBackup,
            "make a safety backup",
            Some(at),
            true,
            "the backup can be removed by name",
        ));
        steps.push(step(
            StepName::DownloadSafetyBackup,
            "download the safety backup, with SHA-256",
            Some(at),
            false,
            "",
        ));
    }
    steps.push(step(
        StepName::Judge,
        "open the packages and judge them against the target",
        None,
        false,
        "",
    ));
    steps.push(step(
        StepName::PlantCanary,
        "put a marker into the environment variables, to see later whether the data was replaced",
        Some(at),
        true,
        "the marker is removed, or replaced with the data",
    ));
    steps.push(step(
        StepName::Restore,
        "upload the package: NocoBase replaces everything",
        Some(at),
        true,
        "undo: restore the safety backup",
    ));
    steps.push(step(
        StepName::Watch,
        "watch it go down and come up",
        Some(at),
        false,
        "",
    ));
    steps.push(step(
        StepName::Verify,
        "gather evidence and decide the verdict",
        Some(at),
        false,
        "",
    ));
    steps.push(step(
        StepName::TidyUp,
        "remove the marker where the earlier data stayed",
        Some(at),
        true,
        "",
    ));
    steps
}

fn step(name: StepName, title: &str, environment: Option<&str>, changes: bool, way_back: &str) -> Step {
    Step {
        name,
        title: title.into(),
        environment: environment.map(Into::into),
        changes,
        way_back: way_back.into(),
    }
}
