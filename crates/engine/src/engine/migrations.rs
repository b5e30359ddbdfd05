//! Migrations before a run: facts for their plans, rules and packages as listed, rules made.

use futures_util::future::{join, try_join};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Engine, PackageSummary};
use crate::error::EngineError;
use crate::facts::{Facts, read_environment};
use crate::migration::{
    MigrationFacts, PlannedRule, RuleChoice, RuleFact, choose, read_migration_side, unavailable,
};
use crate::request::PackageChoice;
use crate::run::RunSecrets;

/// A rule that was made, or was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeRule {
    /// The rule.
    pub rule: PlannedRule,
    /// Whether it had to be made.
    pub made: bool,
}

impl Engine {
    /// Reads both sides of a migration. The target must offer migrations, and the source as well where there is one.
    pub(super) async fn facts_of_migration(
        &self,
        source: Option<&str>,
        target: &str,
        package: &PackageChoice,
        secrets: &RunSecrets,
    ) -> Result<Facts, EngineError> {
        let target_client = self.client(target)?;
        let lacking = |name: &str, error| unavailable(error, name, source, target);
        let on_target = async {
            let side = read_migration_side(&target_client).await;
            side.map_err(|error| lacking(target, error))
        };
        let (source_facts, target_facts, migration) = match source.filter(|name| *name != target) {
            Some(name) => {
                let client = self.client(name)?;
                let (source_facts, target_facts) =
                    try_join(read_environment(&client), read_environment(&target_client)).await?;
                let (theirs, ours) = join(read_migration_side(&client), on_target).await;
                let theirs = theirs.map_err(|error| lacking(name, error))?;
                (
                    Some(source_facts),
                    target_facts,
                    MigrationFacts::of(Some(theirs), ours?),
                )
            }
            None => {
                let facts = read_environment(&target_client).await?;
                let migration = MigrationFacts::of(None, on_target.await?);
                (source.map(|_| facts.clone()), facts, migration)
            }
        };
        let file = match package {
            PackageChoice::File(path) => Some(self.read_package(path, secrets).await?),
            PackageChoice::New | PackageChoice::Latest | PackageChoice::Named(_) => None,
        };
        let mut migration = migration;
        migration.given = secrets.names_for(&self.resolve(target)?);
        if let Some(file) = &file {
            migration.known = self.known_package(&file.inspection.sha256)?;
        }
        let last_run = self.last_run(&target_facts.api_base)?;
        Ok(Facts {
            source: source_facts,
            target: Some(target_facts),
            file,
            last_run,
            source_in_doubt: None,
            migration: Some(Box::new(migration)),
        })
    }

    /// The migration rules of an environment.
    pub async fn migration_rules(&self, name: &str) -> Result<Vec<RuleFact>, EngineError> {
        let rules = self.client(name)?.migration_rules().await?;
        Ok(rules.into_iter().map(RuleFact::from).collect())
    }

    /// The rule of that id or name, or with those methods, as a plan would take it.
    pub async fn find_migration_rule(
        &self,
        name: &str,
        choice: &RuleChoice,
    ) -> Result<PlannedRule, EngineError> {
        choose(choice, &self.migration_rules(name).await?, &self.resolve(name)?)
    }

    /// Makes a global rule on an environment, unless one with these methods is there. `by_person` is whether a person
    /// asked for it at a terminal, which a protected environment demands.
    pub async fn create_migration_rule(
        &self,
        name: &str,
        rule_name: Option<&str>,
        user: &str,
        system: &str,
        by_person: bool,
    ) -> Result<MadeRule, EngineError> {
        if self.settings.policy.read_only {
            return Err(EngineError::Forbidden {
                rule: "read-only mode".into(),
            });
        }
        let name = self.resolve(name)?;
        if self.is_protected(&name) && !by_person {
            return Err(EngineError::Forbidden {
                rule: format!("{name} is protected: a person makes its rules, at a terminal"),
            });
        }
        let choice = RuleChoice::Global {
            user: user.to_owned(),
            system: system.to_owned(),
        };
        let mut rule = self.find_migration_rule(&name, &choice).await?;
        if rule.id.is_some() {
            return Ok(MadeRule { rule, made: false });
        }
        if let Some(wanted) = rule_name {
            rule.name = wanted.to_owned();
        }
        let client = self.client(&name)?;
        rule.id = Some(
            client
                .create_migration_rule(&rule.name, &rule.user, &rule.system)
                .await?,
        );
        Ok(MadeRule { rule, made: true })
    }

    /// The migration packages on an environment's server.
    pub async fn migration_packages(&self, name: &str) -> Result<Vec<PackageSummary>, EngineError> {
        let listed = self.client(name)?.list_migrations().await?;
        Ok(listed
            .into_iter()
            .map(|entry| PackageSummary {
                in_progress: entry.status.as_deref() == Some("in_progress"),
                name: entry.name,
                place: "server".into(),
                size: entry.size.unwrap_or_default(),
                created_at: entry.created_at,
                path: None,
            })
            .collect())
    }
}
