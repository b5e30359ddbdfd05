//! What is read of both environments before a migration is planned. Reading changes nothing.

use std::collections::BTreeMap;

use futures_util::future::try_join3;
use nocobase_client::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule::PlannedRule;
use crate::error::EngineError;
use crate::facts::refuse;
use crate::journal::RunState;

/// Letters of what one side tells that are kept, by what it tells: a plan is one line of a journal. More is no
/// application but a mistake or an attack.
const STRUCTURE_LETTERS: usize = 2_000_000;
const RULES_LETTERS: usize = 500_000;
const PACKAGES_LETTERS: usize = 300_000;
const VARIABLES_LETTERS: usize = 100_000;

/// A migration rule on the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleFact {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does to tables that people made, in the server's word.
    pub user: String,
    /// What it does to the system's tables, in the server's word.
    pub system: String,
    /// Whether single tables have rules of their own.
    #[serde(default)]
    pub has_independent: bool,
    /// Those tables, as far as they could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub independent: Vec<(String, String)>,
    /// Whether there are more of them than could be read.
    #[serde(default)]
    pub independent_unread: bool,
    /// When it was changed last, in the server's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

impl RuleFact {
    /// `id (name)`.
    pub(crate) fn listed(&self) -> String {
        format!("{} ({})", self.id, self.name)
    }
}

impl From<nocobase_client::MigrationRule> for RuleFact {
    fn from(rule: nocobase_client::MigrationRule) -> Self {
        let word = |word: Option<String>| word.map_or_else(|| "unknown".to_owned(), |word| bounded(&word));
        Self {
            id: bounded(&rule.id),
            name: bounded(&rule.name),
            user: word(rule.user),
            system: word(rule.system),
            has_independent: rule.has_independent,
            independent: rule
                .independent
                .into_iter()
                .map(|(table, method)| (bounded(&table), bounded(&method)))
                .collect(),
            independent_unread: rule.independent_unread,
            updated_at: rule.updated_at.as_deref().map(bounded),
        }
    }
}

/// A migration package on the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationPackageFact {
    /// Its file name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its size in the server's words.
    pub size: Option<String>,
    /// When it was made, in the server's words.
    pub created_at: Option<String>,
    /// Whether it can be fetched, as far as the list tells.
    pub ready: bool,
    /// The rule it was made by, where the server tells.
    pub rule: Option<String>,
}

impl From<nocobase_client::MigrationEntry> for MigrationPackageFact {
    fn from(entry: nocobase_client::MigrationEntry) -> Self {
        Self {
            ready: entry.status.as_deref().is_none_or(|status| status == "ok"),
            name: bounded(&entry.name),
            title: entry.title.as_deref().map(bounded),
            size: entry.size.as_deref().map(bounded),
            created_at: entry.created_at.as_deref().map(bounded),
            rule: entry.rule.as_deref().map(bounded),
        }
    }
}

/// A collection with its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollectionFact {
    /// Its name.
    pub name: String,
    /// Whether a plugin brought it.
    #[serde(default)]
    pub system: bool,
    /// The names of its fields, sorted.
    pub fields: Vec<String>,
}

/// A variable or secret by name; values are never read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct VariableFact {
    /// Its name.
    pub name: String,
    /// Whether it is a secret.
    pub secret: bool,
}

/// What a run of this machine that executed a package elsewhere, verified, tells of its inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownPackage {
    /// The rule it was made by.
    pub rule: PlannedRule,
    /// The collections of where it was made.
    pub structure: Vec<CollectionFact>,
    /// Rows of the tables there, where the package itself does not show them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, u64>,
}

impl KnownPackage {
    /// What this run tells of its package; nothing where it did not know itself.
    pub(crate) fn of(run: &RunState) -> Option<Self> {
        let facts = run.plan.facts.migration.as_ref()?;
        let noted = run
            .migration_baseline
            .as_ref()
            .map(|baseline| &baseline.source_rows);
        Some(Self {
            rule: run.plan.migration.as_ref()?.rule.clone()?,
            structure: facts.wanted_structure().to_vec(),
            rows: noted
                .filter(|rows| !rows.is_empty())
                .cloned()
                .unwrap_or_else(|| facts.known_rows()),
        })
    }
}

/// What a migration is planned of, beside the facts of every release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationFacts {
    /// The rules of the source.
    pub rules: Vec<RuleFact>,
    /// The migration packages of the source.
    pub packages: Vec<MigrationPackageFact>,
    /// The collections of the source; empty where there is none.
    pub source_structure: Vec<CollectionFact>,
    /// The collections of the target.
    pub target_structure: Vec<CollectionFact>,
    /// Variables and secrets that the source has and the target lacks.
    pub variables: Vec<VariableFact>,
    /// Names of the values that were given for the target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// Whether the target's surface tells no conflicts of data before a package is executed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflicts_untold: bool,
    /// What is known of a package file from where it was executed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownPackage>,
}

/// One side of it.
pub(crate) struct MigrationSide {
    pub(crate) rules: Vec<RuleFact>,
    pub(crate) packages: Vec<MigrationPackageFact>,
    pub(crate) structure: Vec<CollectionFact>,
    pub(crate) variables: Vec<VariableFact>,
    pub(crate) conflicts_untold: bool,
}

/// Reads one side; that it offers no migrations is the error.
pub(crate) async fn read_migration_side(client: &Client) -> Result<MigrationSide, EngineError> {
    let lists = try_join3(
        client.list_migrations(),
        client.migration_rules(),
        client.structure(),
    );
    let (packages, rules, structure) = lists.await?;
    let variables = client
        .list_fields("environmentVariables", &["name", "type"])
        .await
        .unwrap_or_default();
    let mut variables: Vec<VariableFact> = variables
        .iter()
        .filter_map(|row| {
            Some(VariableFact {
                name: bounded(row.get("name")?.as_str()?),
                secret: row.get("type").is_some_and(|kind| kind == "secret"),
            })
        })
        .collect();
    variables.sort();
    let mut structure: Vec<CollectionFact> = structure.into_iter().map(CollectionFact::from).collect();
    structure.sort_by(|one, other| one.name.cmp(&other.name));
    let side = MigrationSide {
        rules: rules.into_iter().map(RuleFact::from).collect(),
        packages: packages.into_iter().map(MigrationPackageFact::from).collect(),
        structure,
        variables,
        // Only the surface of the web pages has a call for them (documentation of the Migration Manager).
        conflicts_untold: !client.migration_surfaces().await?.resource,
    };
    side.check_size(client.environment_name())?;
    Ok(side)
}

impl From<nocobase_client::CollectionShape> for CollectionFact {
    fn from(shape: nocobase_client::CollectionShape) -> Self {
        let mut fields: Vec<String> = shape.fields.iter().map(|field| bounded(field)).collect();
        fields.sort();
        Self {
            name: bounded(&shape.name),
            system: shape.system,
            fields,
        }
    }
}

impl MigrationSide {
    /// What is cut off would be missing where plan and outcome are compared, so too much is refused.
    fn check_size(&self, environment: &str) -> Result<(), EngineError> {
        let structure = self
            .structure
            .iter()
            .map(|one| one.name.len() + one.fields.iter().map(String::len).sum::<usize>())
            .sum();
        let rules = self
            .rules
            .iter()
            .map(|rule| {
                let single = rule.independent.iter();
                rule.name.len()
                    + single
                        .map(|(table, method)| table.len() + method.len())
                        .sum::<usize>()
            })
            .sum();
        let packages = self
            .packages
            .iter()
            .map(|one| one.name.len() + one.title.as_ref().map_or(0, String::len))
            .sum();
        let variables = self.variables.iter().map(|one| one.name.len()).sum();
        for (what, letters, most) in [
            ("collections and fields", structure, STRUCTURE_LETTERS),
            ("migration rules", rules, RULES_LETTERS),
            ("migration packages", packages, PACKAGES_LETTERS),
            ("variables", variables, VARIABLES_LETTERS),
        ] {
            let letters: usize = letters;
            if letters > most {
                return Err(refuse(
                    "migration_facts_too_large",
                    format!(
                        "{environment} names {what} of {letters} letters, of which at most {most} are taken"
                    ),
                    "remove what is not needed there",
                ));
            }
        }
        Ok(())
    }
}

impl MigrationFacts {
    /// Both sides together.
    pub(crate) fn of(source: Option<MigrationSide>, target: MigrationSide) -> Self {
        let known = |name: &str| target.variables.iter().any(|variable| variable.name == name);
        let mut facts = Self {
            target_structure: target.structure,
            conflicts_untold: target.conflicts_untold,
            ..Self::default()
        };
        if let Some(source) = source {
            facts.variables = source
                .variables
                .into_iter()
                .filter(|variable| !known(&variable.name))
                .collect();
            facts.rules = source.rules;
            facts.packages = source.packages;
            facts.source_structure = source.structure;
        }
        facts
    }

    /// The collections that the target is brought up to: those of where the package was made, which need not be where it
    /// is taken from. Empty where they are not known.
    pub(crate) fn wanted_structure(&self) -> &[CollectionFact] {
        match &self.known {
            Some(known) => &known.structure,
            None => &self.source_structure,
        }
    }

    /// Rows of where the package was made, as an earlier run noted them.
    pub(crate) fn known_rows(&self) -> BTreeMap<String, u64> {
        self.known
            .as_ref()
            .map(|known| known.rows.clone())
            .unwrap_or_default()
    }

    /// What differs from facts that were read earlier, in words; `package` is the migration package that a plan names.
    pub(crate) fn differences(&self, earlier: &Self, package: Option<&str>) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(name) = package {
            let of = |facts: &Self| facts.packages.iter().find(|known| known.name == name).cloned();
            if of(self) != of(earlier) {
                differences.push(format!("the migration package {name} is another one now"));
            }
        }
        for rule in &earlier.rules {
            if !self.rules.contains(rule) {
                differences.push(format!(
                    "the migration rule {} ({}) is another one now",
                    rule.id, rule.name
                ));
            }
        }
        for (side, now, then) in [
            ("source", &self.source_structure, &earlier.source_structure),
            ("target", &self.target_structure, &earlier.target_structure),
        ] {
            let changed = now
                .iter()
                .find(|collection| !then.contains(collection))
                .or_else(|| then.iter().find(|collection| !now.contains(collection)));
            if let Some(collection) = changed {
                differences.push(format!(
                    "the collection {} of the {side} has changed",
                    collection.name
                ));
            }
        }
        differences
    }
}

/// The refusal of a plan whose environment offers no migrations: plugin, edition, and the way that remains.
pub(crate) fn unavailable(
    error: EngineError,
    environment: &str,
    source: Option<&str>,
    target: &str,
) -> EngineError {
    let EngineError::Client(nocobase_client::Error::MigrationUnavailable { .. }) = &error else {
        return error;
    };
    let restore = match source {
        Some(source) => {
            format!("\"Restore {source} to {target}\", or nocobase-release restore {target} --from {source}")
        }
        None => format!("nocobase-release restore {target} --package FILE"),
    };
    refuse(
        "migration_unavailable",
        format!(
            "{environment} offers no migrations: they need the commercial plugin Migration Manager \
             (@nocobase/plugin-migration-manager) with a licence of the Professional edition or above ({error})"
        ),
        &format!(
            "enable it there together with Backup Manager; without it a full backup restore remains: {restore}"
        ),
    )
}

/// A name out of an answer, without control characters and not endless.
fn bounded(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_fit_into_a_plan_is_refused() {
        let side = |tables: usize| MigrationSide {
            conflicts_untold: false,
            rules: vec![RuleFact::from(nocobase_client::MigrationRule {
                id: "1".into(),
                name: "all".into(),
                independent: vec![("t".repeat(1000), "overwrite".into()); tables],
                ..nocobase_client::MigrationRule::default()
            })],
            packages: Vec::new(),
            structure: Vec::new(),
            variables: Vec::new(),
        };
        assert!(side(1000).check_size("dev").is_ok());
        let error = side(10_000).check_size("dev").unwrap_err();
        assert!(error.to_string().contains("migration rules"), "{error}");
    }
}
