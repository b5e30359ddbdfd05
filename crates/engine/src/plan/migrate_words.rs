//! What a migration destroys and which steps it takes, as its plan says them. Pure.

use super::draft::step;
use super::{PlannedPackage, Step, StepName};
use crate::facts::EnvironmentFacts;
use crate::migration::{MigrationFacts, PlannedMigration, PlannedRule, TableMethod, replaced_system_tables};

pub(super) fn destroyed(
    rule: Option<&PlannedRule>,
    migration: &MigrationFacts,
    target: &EnvironmentFacts,
) -> Vec<String> {
    let at = &target.environment;
    let mut lines = Vec::new();
    // a rule that is only assumed says nothing about what is kept
    let rule = rule.filter(|rule| !rule.assumed);
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
    // any system table stands for all of those without a rule of their own
    let configuration = rule.is_none_or(|rule| {
        rule.brings_definitions()
            || matches!(
                rule.method("roles", false),
                TableMethod::Replace | TableMethod::Unknown
            )
    });
    let single = rule.map_or_else(Vec::new, |rule| replaced_system_tables(rule, migration));
    if configuration {
        lines.push(format!(
            "the configuration of {at}: roles, menus, pages, workflows, storages and other system tables"
        ));
    }
    if !single.is_empty() {
        let named: Vec<&str> = single.iter().take(50).map(String::as_str).collect();
        lines.push(format!(
            "the rows of these system tables of {at}: {}",
            named.join(", ")
        ));
    }
    if !configuration && single.is_empty() && replaced.is_empty() {
        lines.push(format!("no rows of {at}; the structure of its tables changes"));
    }
    lines.push(format!(
        "{at} is down for the time of the migration and its restart"
    ));
    lines
}

pub(super) fn steps(
    package: &PlannedPackage,
    planned: &PlannedMigration,
    target: &EnvironmentFacts,
) -> Vec<Step> {
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
