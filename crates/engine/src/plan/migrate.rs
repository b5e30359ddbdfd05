//! What goes into the plan of a migration: its rule, its effects, its steps, and what speaks against it. Pure.
//!
//! Its package is judged in `migration_judge`; what is destroyed, and the steps, are in `migrate_words`.

use jiff::Timestamp;

use super::choice::{self, Listed};
use super::draft::{Draft, missing, removed_for_room, roll_back_step, verified_first};
use super::migrate_words::{destroyed, steps};
use super::migration_judge::judge_migration;
use super::{MIGRATION_PLUGINS_MISSING, PlanAction, PlannedPackage, Strength};
use crate::address::same_address;
use crate::error::EngineError;
use crate::facts::{EnvironmentFacts, Facts, blocked, refuse};
use crate::finding::Finding;
use crate::migration::{
    MigrationFacts, MigrationPackageFact, PlannedMigration, PlannedRule, RuleChoice, choose, effects,
};
use crate::policy::{Policy, RollBack};
use crate::request::PackageChoice;

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
    let (package, listed) = planned_package(package, facts, migration)?;
    let rule = planned_rule(choice, &package, listed, facts, migration)?;
    let mut findings = compare_sides(facts, target);
    if let Some(file) = &facts.file {
        findings.extend(judge_migration(&file.inspection, target));
    }
    findings.extend(verified_first(policy, target, &package, facts));
    if !migration.variables.is_empty() {
        findings.push(variables_missing(migration, target));
    }
    if migration.conflicts_untold {
        findings.push(Finding::warning(
            "conflicts_untold",
            format!(
                "{} does not tell conflicts of data beforehand: one shows only while the package is executed",
                target.environment
            ),
            "compare the types of fields on both sides first; the safety backup is the way back",
        ));
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
        effects: planned_effects(rule.as_ref(), migration, &target.environment),
        variables: migration.variables.clone(),
        given: migration.given.clone(),
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
        confirmation: if policy.is_protected(at) || makes_rule_on_protected(&package, &planned, policy) {
            Strength::Person
        } else {
            Strength::Phrase
        },
        migration: Some(planned),
        package,
    })
}

/// A rule is made on the source: where that is protected, a person has to say so, as by `rules create`.
fn makes_rule_on_protected(package: &PlannedPackage, planned: &PlannedMigration, policy: &Policy) -> bool {
    let makes = planned.rule.as_ref().is_some_and(|rule| rule.id.is_none());
    matches!(package, PlannedPackage::New { environment } if makes && policy.is_protected(environment))
}

/// What the rule does, and which values the target may be given.
fn planned_effects(rule: Option<&PlannedRule>, migration: &MigrationFacts, target: &str) -> Vec<String> {
    let mut effects = effects(rule, migration, target);
    if !migration.given.is_empty() {
        effects.push(format!(
            "values that were given, sent if {target} asks for them: {}",
            migration.given.join(", ")
        ));
    }
    effects
}

/// The package, and what its server tells of how it was made.
fn planned_package<'facts>(
    choice: &PackageChoice,
    facts: &Facts,
    migration: &'facts MigrationFacts,
) -> Result<(PlannedPackage, Option<&'facts MigrationPackageFact>), EngineError> {
    let environment = match &facts.source {
        Some(source) => source.environment.as_str(),
        None if matches!(choice, PackageChoice::File(_)) => "",
        None => {
            return Err(EngineError::Unsupported {
                what: "a migration needs an environment that it comes from, or a package file".into(),
                instead: "say for example \"Migrate dev to test\"".into(),
            });
        }
    };
    // names carry the time they were made at (`migration_<milliseconds>.nbdata`), so they sort by it
    let mut newest: Vec<&MigrationPackageFact> = migration.packages.iter().collect();
    newest.sort_by(|one, other| (&other.created_at, &other.name).cmp(&(&one.created_at, &one.name)));
    let listed: Vec<Listed> = newest.iter().copied().map(Into::into).collect();
    let planned = choice::planned_package(choice, facts.file.as_ref(), environment, true, &listed)?;
    let told = match &planned {
        PlannedPackage::Server { name, .. } => newest.into_iter().find(|package| package.name == *name),
        PlannedPackage::New { .. } | PlannedPackage::File { .. } => None,
    };
    Ok((planned, told))
}

fn planned_rule(
    choice: &RuleChoice,
    package: &PlannedPackage,
    listed: Option<&MigrationPackageFact>,
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
    // what a package does was decided when it was made
    let made_by = match listed.and_then(|package| package.rule.as_deref()) {
        Some(name) => {
            let known = choose(&RuleChoice::Named(name.to_owned()), &migration.rules, source).ok();
            known.map(|rule| as_made(rule, listed, migration))
        }
        // a package that was executed elsewhere brings along what is known of it
        None => migration.known.as_ref().map(|known| known.rule.clone()),
    };
    match (choice, made_by) {
        (RuleChoice::Named(wanted), known) => {
            let named = choose(&RuleChoice::Named(wanted.clone()), &migration.rules, source)?;
            match known {
                Some(known) if !known.does_as(&named) || (known.id.is_some() && known.id != named.id) => {
                    Err(refuse(
                        "made_by_another_rule",
                        format!(
                            "the package was made by the rule {:?}, and not by {:?}",
                            known.name, named.name
                        ),
                        "leave the rule out, or leave the package out, so that one is made by that rule",
                    ))
                }
                Some(known) => Ok(Some(known)),
                // nobody but the caller says so
                None => Ok(Some(PlannedRule {
                    assumed: true,
                    ..named
                })),
            }
        }
        (RuleChoice::Only, known) => Ok(known),
        (RuleChoice::Global { .. }, _) => Err(EngineError::Unsupported {
            what: "methods cannot be chosen for a package that is there already".into(),
            instead:
                "leave the package out, so that one is made by those methods, or name the rule it was made by"
                    .into(),
        }),
    }
}

/// The rule as it is now stands for the one that the package was made by, unless it was changed since.
fn as_made(
    rule: PlannedRule,
    listed: Option<&MigrationPackageFact>,
    migration: &MigrationFacts,
) -> PlannedRule {
    let moment = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
    let changed = migration
        .rules
        .iter()
        .find(|known| Some(&known.id) == rule.id.as_ref())
        .and_then(|known| moment(&known.updated_at));
    let made = listed.and_then(|package| moment(&package.created_at));
    let assumed = matches!((changed, made), (Some(changed), Some(made)) if changed > made);
    PlannedRule { assumed, ..rule }
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
