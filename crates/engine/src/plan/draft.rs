//! What goes into a plan: its steps, what it destroys, and what the facts speak for or against. Pure.

use super::choice::{Listed, planned_file, planned_package};
use super::{PlanAction, PlannedPackage, SCHEMA_MISMATCH, Step, StepName, Strength, Undone};
use super::{credentials, known};
use crate::address::same_address;
use crate::error::EngineError;
use crate::facts::{EnvironmentFacts, Facts, blocked};
use crate::finding::Finding;
use crate::ledger::unverified;
use crate::migration::PlannedMigration;
use crate::package::{self, Inspection};
use crate::policy::{Policy, RollBack};
use crate::request::PackageChoice;

/// The parts of a plan that depend on what it does.
pub(super) struct Draft {
    pub(super) action: PlanAction,
    pub(super) summary: String,
    pub(super) package: PlannedPackage,
    pub(super) package_is_safety_backup: bool,
    pub(super) steps: Vec<Step>,
    pub(super) destroys: Vec<String>,
    pub(super) findings: Vec<Finding>,
    pub(super) accepted: Vec<String>,
    pub(super) confirmation: Strength,
    pub(super) migration: Option<PlannedMigration>,
}

pub(super) fn missing(side: &str) -> EngineError {
    EngineError::BrokenRecord {
        what: format!("the facts of the {side}"),
        reason: "they were not read".into(),
    }
}

pub(super) fn draft_backup(facts: &Facts) -> Result<Draft, EngineError> {
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
        findings: removed_for_room(source).into_iter().collect(),
        accepted: Vec::new(),
        confirmation: Strength::None,
        migration: None,
    })
}

pub(super) fn draft_restore(
    choice: &PackageChoice,
    accepted: &[String],
    facts: &Facts,
    policy: &Policy,
) -> Result<Draft, EngineError> {
    let target = facts.target.as_ref().ok_or_else(|| missing("target"))?;
    let (environment, backups) = match &facts.source {
        Some(source) => (source.environment.as_str(), source.backups.as_slice()),
        None if matches!(choice, PackageChoice::File(_)) => ("", [].as_slice()),
        None => return Err(missing("source")),
    };
    let backups: Vec<Listed> = backups.iter().map(Into::into).collect();
    let package = planned_package(choice, facts.file.as_ref(), environment, false, &backups)?;
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

pub(super) fn draft_undo(
    facts: &Facts,
    undoes: Option<&Undone>,
    policy: &Policy,
) -> Result<Draft, EngineError> {
    let target = facts.target.as_ref().ok_or_else(|| missing("target"))?;
    let file = facts.file.as_ref().ok_or_else(|| missing("safety backup"))?;
    let undone = undoes.ok_or_else(|| missing("run to take back"))?;
    let package = planned_file(file);
    let summary = format!(
        "Take back {} ({}): {} goes back to how it was at {}, and what was entered since is lost",
        undone.run,
        undone.summary,
        target.environment,
        undone.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    );
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

pub(super) fn draft_drill(
    facts: &Facts,
    drilled: Option<&Undone>,
    policy: &Policy,
) -> Result<Draft, EngineError> {
    let scratch = facts
        .target
        .as_ref()
        .ok_or_else(|| missing("scratch environment"))?;
    let file = facts.file.as_ref().ok_or_else(|| missing("safety backup"))?;
    let drilled = drilled.ok_or_else(|| missing("run whose safety backup is proven"))?;
    let summary = format!(
        "Drill: restore the safety backup that {} made of {} into {}, to prove that it restores",
        drilled.run, drilled.environment, scratch.environment
    );
    draft_overwrite(
        PlanAction::Drill,
        summary,
        planned_file(file),
        false,
        &[],
        facts,
        scratch,
        policy,
    )
}

#[expect(
    clippy::too_many_arguments,
    reason = "the drafts that overwrite share all of it"
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
    let mut findings = compare_sides(facts, target, action == PlanAction::Undo);
    if let Some(file) = &facts.file {
        findings.extend(judge_package(&file.inspection, target, None));
    }
    if action == PlanAction::Restore {
        findings.extend(known::named_like_a_migration(&package, target));
    }
    if action != PlanAction::Undo {
        findings.extend(verified_first(policy, target, &package, facts));
    }
    let can_remap = matches!(target.dialect.as_str(), "postgres" | "kingbase");
    let accepted: Vec<String> = accepted
        .iter()
        .filter(|code| can_remap || *code != SCHEMA_MISMATCH)
        .cloned()
        .collect();
    if blocked(&findings, &accepted) {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        return Err(EngineError::Preflight { findings });
    }
    let makes = match &package {
        PlannedPackage::New { .. } => facts.source.as_ref(),
        PlannedPackage::Server { .. } | PlannedPackage::File { .. } => None,
    };
    let other = makes.filter(|source| source.environment != target.environment);
    findings.extend(
        [Some(target), other]
            .into_iter()
            .flatten()
            .filter_map(removed_for_room),
    );
    let confirmation = if policy.is_protected(&target.environment) {
        Strength::Person
    } else {
        Strength::Phrase
    };
    Ok(Draft {
        action,
        summary,
        steps: overwrite_steps(
            &package,
            whole,
            target,
            accepted.iter().any(|code| code == SCHEMA_MISMATCH),
            rolls_back(action, whole, policy),
        ),
        package,
        package_is_safety_backup: whole,
        destroys: destroyed(target),
        findings,
        accepted,
        confirmation,
        migration: None,
    })
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
fn compare_sides(facts: &Facts, target: &EnvironmentFacts, undo: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(source) = &facts.source
        && source.environment != target.environment
    {
        if same_address(&source.api_base, &target.api_base) {
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
                "give both the same DB_SCHEMA, or have NocoBase move the content into the target's schema: --accept \
                 schema_mismatch, at a terminal (PostgreSQL only)",
            ));
        }
        findings.extend(brought_along(&source.environment, target));
    }
    if facts.source.is_none() && !undo {
        findings.extend(brought_along("wherever the package was made", target));
    }
    let same = facts.source.as_ref().map(|source| &source.environment) == Some(&target.environment);
    findings.extend(credentials::after_restore(target, !same && !undo));
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
    findings.push(known::not_covered(facts.source.as_ref()));
    findings.extend(known::hazards(target));
    findings
}

/// What stands against this package where policy wants it verified elsewhere first.
pub(super) fn verified_first(
    policy: &Policy,
    target: &EnvironmentFacts,
    package: &PlannedPackage,
    facts: &Facts,
) -> Vec<Finding> {
    let verified = facts.file.iter().flat_map(|file| &file.verified);
    let on: Vec<String> = verified.map(|one| one.environment.clone()).collect();
    let firsts = policy.verified_first.get(&target.environment);
    firsts
        .into_iter()
        .flatten()
        .filter_map(|first| unverified(first, &target.environment, package, &on))
        .collect()
}

/// What comes with data of another environment.
fn brought_along(from: &str, target: &EnvironmentFacts) -> [Finding; 2] {
    let target = &target.environment;
    [
        Finding::warning(
            "users_replaced",
            format!("users, roles and API keys of {target} become those of {from}"),
            format!("sign in to {target} afterwards as one of those users"),
        ),
        Finding::warning(
            "settings_replaced",
            format!(
                "{target} also takes over sign-in methods, file storages, environment variables, notification channels \
                 and scheduled workflows of {from}, and will act with them"
            ),
            "switch off afterwards what must not run there",
        ),
    ]
}

/// A server that is full removes its oldest backup for the one that this run makes.
pub(super) fn removed_for_room(side: &EnvironmentFacts) -> Option<Finding> {
    let kept = side.backups_kept.filter(|kept| side.backups.len() >= *kept)?;
    let oldest = side.backups.iter().rev().find(|backup| !backup.in_progress)?;
    Some(Finding::warning(
        "oldest_backup_removed",
        format!(
            "{} keeps {kept} backups and has {}: for the one that is made now, NocoBase removes the oldest, {}",
            side.environment,
            side.backups.len(),
            oldest.name
        ),
        format!(
            "fetch it first if it matters: nocobase-release packages download {} {}",
            side.environment, oldest.name
        ),
    ))
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

/// An undo leads back to what was damaged, and a package that is its own safety backup has just failed: neither is
/// rolled back.
fn rolls_back(action: PlanAction, whole: bool, policy: &Policy) -> bool {
    policy.roll_back == RollBack::Damaged && action == PlanAction::Restore && !whole
}

fn overwrite_steps(
    package: &PlannedPackage,
    whole: bool,
    target: &EnvironmentFacts,
    remaps: bool,
    rolls_back: bool,
) -> Vec<Step> {
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
        "put a marker, to see later whether the data was replaced",
        Some(at),
        true,
        "the marker is removed, or replaced with the data",
    ));
    steps.push(step(
        StepName::Restore,
        &if remaps {
            let schema = target.schema.as_deref().unwrap_or("public");
            format!(
                "upload the package: NocoBase replaces everything, and moves the package's content into the schema {schema}"
            )
        } else {
            "upload the package: NocoBase replaces everything".to_owned()
        },
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
    if rolls_back {
        steps.push(roll_back_step("restore", at));
    }
    steps
}

pub(super) fn roll_back_step(what: &str, at: &str) -> Step {
    let title = format!("where the {what} left it damaged: restore the safety backup at once, and prove it");
    step(StepName::RollBack, &title, Some(at), true, "")
}

pub(super) fn step(
    name: StepName,
    title: &str,
    environment: Option<&str>,
    changes: bool,
    way_back: &str,
) -> Step {
    Step {
        name,
        title: title.into(),
        environment: environment.map(Into::into),
        changes,
        way_back: way_back.into(),
    }
}
