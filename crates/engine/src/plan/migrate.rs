//! What goes into the plan of a migration: its rule, its effects, its steps, and what speaks against it. Pure.
//!
//! What a migration package looks like inside is not public: only damage of the file itself is held against it here; the
//! rest is for the check on the target.

use super::draft::{Draft, missing, planned_file, removed_for_room, roll_back_step, step, verified_first};
use super::{MIGRATION_PLUGINS_MISSING, PlanAction, PlannedPackage, Step, StepName, Strength};
use crate::address::same_address;
use crate::error::EngineError;
use crate::facts::{EnvironmentFacts, Facts, blocked, refuse};
use crate::finding::{Finding, Severity};
use crate::migration::{
    MigrationFacts, MigrationPackageFact, PlannedMigration, PlannedRule, RuleChoice, TableMethod, choose,
    effects,
};
use crate::package::Inspection;
use crate::policy::{Policy, RollBack};
use crate::request::PackageChoice;

/// Findings about the file itself, whatever is in it; others speak of the inside of a backup.
const DAMAGE: [&str; 12] = [
    "package_empty",
    "package_truncated",
    "zip_empty",
    "zip_malformed",
    "zip_trailing_bytes",
    "zip_foreign_bytes",
    "entries_overlap",
    "entry_damaged",
    "entry_traversal",
    "entry_absolute",
    "too_many_entries",
    "inflates_too_much",
];

pub(super) fn draft_migrate(
    choice: &RuleChoice,
    package: &PackageChoice,
    skip_server_backup: bool,
    accepted: &[String],
    facts: &Facts,
    policy: &Policy,
) -> Result<Draft, EngineError> {
    let target = facts.target.as_ref().ok_or_else(|| missing("target"))?;
    let migration = facts.migration.as_ref().ok_or_else(|| missing("migration"))?;
    let (package, made_by) = planned_package(package, facts, migration)?;
    let rule = planned_rule(choice, &package, made_by.as_deref(), facts, migration)?;
    let mut findings = compare_sides(facts, target);
    if let Some(file) = &facts.file {
        findings.extend(judge_migration(&file.inspection, target));
    }
    findings.extend(verified_first(policy, target, &package, facts));
    if !migration.variables.is_empty() {
        findings.push(variables_missing(migration, target));
    }
    if blocked(&findings, accepted) {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        return Err(EngineError::Preflight { findings });
    }
    findings.extend(removed_for_room(target));
    findings.push(Finding::note(
        "migration_not_seen",
        "the Migration Manager is commercial: this tool drives it by its public documentation and was not tried with it",
    ));
    findings.push(Finding::note(
        "not_covered",
        "not part of a migration: external data sources and sub-applications",
    ));
    let planned = PlannedMigration {
        effects: effects(rule.as_ref(), migration, &target.environment),
        variables: migration.variables.clone(),
        skip_server_backup,
        rule,
    };
    let at = &target.environment;
    let summary = match (&package, &facts.source) {
        (PlannedPackage::New { environment }, _) => {
            let rule = planned.rule.as_ref().map_or("?", |rule| rule.name.as_str());
            format!("Migrate {environment} to {at} by the rule {rule:?}")
        }
        (
            PlannedPackage::Server {
                environment, name, ..
            },
            _,
        ) => {
            format!("Execute the migration package {name} of {environment} on {at}")
        }
        (PlannedPackage::File { path, .. }, _) => {
            format!("Execute the migration package {} on {at}", path.display())
        }
    };
    let mut steps = steps(&package, &planned, target);
    if policy.roll_back == RollBack::Damaged {
        steps.push(roll_back_step("migration", at));
    }
    Ok(Draft {
        action: PlanAction::Migrate,
        summary,
        package_is_safety_backup: false,
        steps,
        destroys: destroyed(planned.rule.as_ref(), migration, target),
        findings,
        accepted: accepted.to_vec(),
        confirmation: if policy.is_protected(at) {
            Strength::Person
        } else {
            Strength::Phrase
        },
        migration: Some(planned),
        package,
    })
}

/// The package, and the rule it was made by where the server tells.
fn planned_package(
    choice: &PackageChoice,
    facts: &Facts,
    migration: &MigrationFacts,
) -> Result<(PlannedPackage, Option<String>), EngineError> {
    if let PackageChoice::File(_) = choice {
        let file = facts.file.as_ref().ok_or_else(|| missing("package file"))?;
        return Ok((planned_file(file), None));
    }
    let Some(source) = facts.source.as_ref() else {
        return Err(EngineError::Unsupported {
            what: "a migration needs an environment that it comes from, or a package file".into(),
            instead: "say for example \"Migrate dev to test\"".into(),
        });
    };
    let found = match choice {
        PackageChoice::New | PackageChoice::File(_) => {
            let environment = source.environment.clone();
            return Ok((PlannedPackage::New { environment }, None));
        }
        PackageChoice::Named(name) => migration.packages.iter().find(|package| package.name == *name),
        PackageChoice::Latest => newest(&migration.packages),
    };
    match found {
        Some(package) if package.ready => {
            let planned = PlannedPackage::Server {
                environment: source.environment.clone(),
                name: package.name.clone(),
                size: package.size.clone().unwrap_or_else(|| "size unknown".into()),
                created_at: package.created_at.clone(),
            };
            Ok((planned, package.rule.clone()))
        }
        Some(package) => Err(refuse(
            "package_in_progress",
            format!("the migration package {} cannot be fetched yet", package.name),
            "wait until it is finished",
        )),
        None => Err(EngineError::PackageNotFound {
            environment: source.environment.clone(),
            name: match choice {
                PackageChoice::Named(name) => name.clone(),
                PackageChoice::New | PackageChoice::Latest | PackageChoice::File(_) => "the latest".into(),
            },
            available: migration
                .packages
                .iter()
                .take(10)
                .map(|package| package.name.clone())
                .collect(),
        }),
    }
}

/// Names carry the time they were made at (`migration_<milliseconds>.nbdata`), so they sort by it.
fn newest(packages: &[MigrationPackageFact]) -> Option<&MigrationPackageFact> {
    packages
        .iter()
        .filter(|package| package.ready)
        .max_by(|one, other| (&one.created_at, &one.name).cmp(&(&other.created_at, &other.name)))
}

fn planned_rule(
    choice: &RuleChoice,
    package: &PlannedPackage,
    made_by: Option<&str>,
    facts: &Facts,
    migration: &MigrationFacts,
) -> Result<Option<PlannedRule>, EngineError> {
    let source = facts
        .source
        .as_ref()
        .map_or("the source", |source| source.environment.as_str());
    if matches!(package, PlannedPackage::New { .. }) {
        return choose(choice, &migration.rules, source).map(Some);
    }
    match (choice, made_by) {
        // what a package does was decided when it was made
        (RuleChoice::Named(wanted), _) => {
            choose(&RuleChoice::Named(wanted.clone()), &migration.rules, source).map(Some)
        }
        (RuleChoice::Only, Some(made_by)) => {
            let known = RuleChoice::Named(made_by.to_owned());
            Ok(choose(&known, &migration.rules, source).ok())
        }
        (RuleChoice::Only, None) => {
            // a package that was executed elsewhere brings along what is known of it
            let known = migration.known.as_ref();
            Ok(known.map(|known| known.rule.clone()))
        }
        (RuleChoice::Global { .. }, _) => Err(EngineError::Unsupported {
            what: "methods cannot be chosen for a package that is there already".into(),
            instead:
                "leave the package out, so that one is made by those methods, or name the rule it was made by"
                    .into(),
        }),
    }
}

/// What the two environments tell before any package exists.
fn compare_sides(facts: &Facts, target: &EnvironmentFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(source) = &facts.source else {
        return findings;
    };
    let (from, to) = (&source.environment, &target.environment);
    if from == to || same_address(&source.api_base, &target.api_base) {
        findings.push(Finding::blocker(
            "same_server",
            format!(
                "{from} and {to} are one and the same server ({})",
                target.api_base
            ),
            "name two environments",
        ));
    }
    if source.dialect != target.dialect {
        findings.push(Finding::blocker(
            "dialect_mismatch",
            format!("{from} runs on {}, {to} on {}", source.dialect, target.dialect),
            "migrate between databases of the same kind only",
        ));
    }
    if source.schema != target.schema {
        findings.push(Finding::blocker(
            "migration_settings_differ",
            format!("DB_SCHEMA differs between {from} and {to}, and NocoBase's check does not let that pass"),
            "give both the same DB_SCHEMA",
        ));
    }
    if crate::version::is_newer(&source.version, &target.version) {
        findings.push(Finding::blocker(
            "version_newer",
            format!(
                "{from} runs NocoBase {}, {to} only {}",
                source.version, target.version
            ),
            format!("upgrade {to} to {} first", source.version),
        ));
    } else if source.version != target.version {
        findings.push(Finding::warning(
            "version_differs",
            format!("{from} runs NocoBase {}, {to} {}", source.version, target.version),
            "better bring both to the same version first",
        ));
    }
    if let (Some(there), Some(here)) = (&source.plugins, &target.plugins) {
        let lacking: Vec<&str> = there
            .iter()
            .filter(|plugin| plugin.enabled && !here.iter().any(|known| known.name == plugin.name))
            .map(|plugin| plugin.name.as_str())
            .take(20)
            .collect();
        if !lacking.is_empty() {
            findings.push(Finding::blocker(
                MIGRATION_PLUGINS_MISSING,
                format!("plugins in use on {from} are not installed on {to}: {}", lacking.join(", ")),
                format!(
                    "install them on {to}, or go on without what they bring: --accept {MIGRATION_PLUGINS_MISSING}, at a terminal"
                ),
            ));
        }
    }
    findings
}

fn variables_missing(migration: &MigrationFacts, target: &EnvironmentFacts) -> Finding {
    let named: Vec<String> = migration
        .variables
        .iter()
        .take(20)
        .map(|variable| {
            let kind = if variable.secret { "secret" } else { "variable" };
            format!("{} ({kind})", variable.name)
        })
        .collect();
    Finding::warning(
        "variables_missing",
        format!(
            "{} lacks, and may ask for: {}",
            target.environment,
            named.join(", ")
        ),
        "give their values when it runs: a terminal asks for each, or --value-env NAME=VARIABLE, or --values-file FILE with \
         lines NAME=value",
    )
}

/// Judges an opened migration package: damage stops it, the rest is left to the check on the target.
pub(crate) fn judge_migration(inspection: &Inspection, target: &EnvironmentFacts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = inspection
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Blocker && DAMAGE.contains(&finding.code.as_str()))
        .cloned()
        .collect();
    if inspection.content.tables.is_empty() && findings.is_empty() {
        findings.push(Finding::warning(
            "migration_package_unread",
            "the package's inside could not be read here, as its form is not public: only the check on the target judges it",
            "",
        ));
    }
    let version = inspection
        .metadata
        .as_ref()
        .map(|metadata| metadata.version.as_str());
    if let Some(version) = version.filter(|version| crate::version::is_newer(version, &target.version)) {
        findings.push(Finding::blocker(
            "version_newer",
            format!(
                "the package was made by NocoBase {version}, {} runs only {}",
                target.environment, target.version
            ),
            format!("upgrade {} to {version} first", target.environment),
        ));
    }
    findings
}

fn destroyed(
    rule: Option<&PlannedRule>,
    migration: &MigrationFacts,
    target: &EnvironmentFacts,
) -> Vec<String> {
    let at = &target.environment;
    let mut lines = Vec::new();
    let replaced: Vec<&str> = migration
        .target_structure
        .iter()
        .filter(|collection| !collection.system)
        .filter(|collection| {
            migration.wanted_structure().is_empty()
                || migration
                    .wanted_structure()
                    .iter()
                    .any(|known| known.name == collection.name)
        })
        .filter(|collection| match rule {
            Some(rule) => matches!(
                rule.method(&collection.name, true),
                TableMethod::Replace | TableMethod::Unknown
            ),
            None => true,
        })
        .map(|collection| collection.name.as_str())
        .take(50)
        .collect();
    if !replaced.is_empty() {
        let may = if rule.is_some() { "" } else { " (perhaps)" };
        lines.push(format!(
            "the rows of these tables of {at}{may}: {}",
            replaced.join(", ")
        ));
    }
    if rule.is_none_or(PlannedRule::brings_definitions) {
        lines.push(format!(
            "the configuration of {at}: roles, menus, pages, workflows, storages and other system tables"
        ));
    } else if replaced.is_empty() {
        lines.push(format!("no rows of {at}; the structure of its tables changes"));
    }
    lines.push(format!(
        "{at} is down for the time of the migration and its restart"
    ));
    lines
}

fn steps(package: &PlannedPackage, planned: &PlannedMigration, target: &EnvironmentFacts) -> Vec<Step> {
    let at = Some(target.environment.as_str());
    let removable = "the package can be removed by name";
    let mut steps = vec![step(
        StepName::ReadFacts,
        "read the facts again and compare them with this plan",
        None,
        false,
        "",
    )];
    if let PlannedPackage::New { environment } = package {
        let source = Some(environment.as_str());
        if let Some(rule) = planned.rule.as_ref().filter(|rule| rule.id.is_none()) {
            let title = format!("make the migration rule {:?}", rule.name);
            steps.push(step(
                StepName::CreateRule,
                &title,
                source,
                true,
                "the rule can be removed by hand",
            ));
        }
        steps.push(step(
            StepName::MakePackage,
            "make a migration package by the rule",
            source,
            true,
            removable,
        ));
    }
    match package {
        PlannedPackage::New { environment } | PlannedPackage::Server { environment, .. } => steps.push(step(
            StepName::DownloadPackage,
            "download it, with SHA-256",
            Some(environment),
            false,
            "",
        )),
        PlannedPackage::File { .. } => {}
    }
    let undo = "undo: restore the safety backup";
    let execute = if planned.skip_server_backup {
        "execute the package, without the server's own backup: NocoBase changes the tables by the rule"
    } else {
        "execute the package: NocoBase makes its own backup and changes the tables by the rule"
    };
    steps.extend([
        step(
            StepName::MakeSafetyBackup,
            "make a safety backup",
            at,
            true,
            "the backup can be removed by name",
        ),
        step(
            StepName::DownloadSafetyBackup,
            "download the safety backup, with SHA-256",
            at,
            false,
            "",
        ),
        step(StepName::Judge, "open both and judge them", None, false, ""),
        step(
            StepName::CheckPackage,
            "have the target check the package: settings, plugins, variables, conflicts",
            at,
            false,
            "",
        ),
        step(
            StepName::SetVariables,
            "set variables that it lacks, where they do not go along with the execution",
            at,
            true,
            undo,
        ),
        step(StepName::ExecuteMigration, execute, at, true, undo),
        step(StepName::Watch, "watch it go down and come up", at, false, ""),
        step(
            StepName::FetchLogs,
            "fetch its migration log and SQL",
            at,
            false,
            "",
        ),
        step(
            StepName::Verify,
            "compare structure and rows with what the rule says",
            at,
            false,
            "",
        ),
    ]);
    steps
}
