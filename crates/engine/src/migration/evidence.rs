//! What could be seen of a migration's outcome: the target's content against what the rule says, above all.
//!
//! Plain data, the expectations behind it, and its words. Gathering is `run/migrated.rs`, deciding `verdict/migration.rs`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{CollectionFact, MigrationFacts};
use super::rule::{PlannedRule, TableMethod};
use crate::evidence::{
    Acceptance, Comparison, Identity, Says, Signal, Standing, identity_signal, signal, standing_signal,
    users_signal,
};

/// Names that a comparison keeps.
const NAMES_KEPT: usize = 20;

/// What was noted before the execution was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationBaseline {
    /// Rows of the source's tables, where the package's inside does not tell them.
    pub source_rows: BTreeMap<String, u64>,
    /// The migration logs that the target had; none when they could not be listed.
    pub logs: Option<Vec<String>>,
}

/// What the target's own migration log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "log", rename_all = "snake_case")]
pub enum MigrationStory {
    /// A new log calls it a success.
    Succeeded {
        /// Its name.
        name: String,
    },
    /// A new log calls it a failure.
    Failed {
        /// Its name.
        name: String,
        /// Its last words.
        words: String,
    },
    /// There is a new log, and it does not say.
    Open {
        /// Its name.
        name: String,
    },
    /// There is no new log.
    Silent,
    /// They could not be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// The target's structure against the source's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StructureComparison {
    /// Collections of people that were compared.
    pub collections: usize,
    /// Fields that were compared.
    pub fields: usize,
    /// What the source has and the target lacks: `orders`, or `orders.priority`; bounded.
    pub missing: Vec<String>,
    /// How much of it is lacking.
    pub missing_count: usize,
}

impl StructureComparison {
    /// Whether nothing is lacking, and something was compared.
    pub fn is_whole(&self) -> bool {
        self.collections > 0 && self.missing_count == 0
    }
}

/// All that could be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationEvidence {
    /// What became of the request.
    pub acceptance: Acceptance,
    /// What the server's answer called it.
    pub answered: Option<bool>,
    /// The answer's words.
    pub answer_words: Option<String>,
    /// Whether the application was seen going down.
    pub went_down: bool,
    /// How it stands.
    pub standing: Standing,
    /// The target's own migration log.
    pub log: MigrationStory,
    /// The structure; none when it could not be compared.
    pub structure: Option<StructureComparison>,
    /// Whether the rule is certain to bring the definitions that the structure is read from.
    pub structure_binds: bool,
    /// Whether the structure is what it was before.
    pub structure_as_before: Option<bool>,
    /// Tables whose rows the rule keeps, against the safety backup.
    pub kept: Option<Comparison>,
    /// Tables whose rows the rule replaces, against the package or the source.
    pub replaced: Option<Comparison>,
    /// Tables that the rule replaces and whose new rows are not known here.
    #[serde(default)]
    pub replaced_unknown: usize,
    /// Whether the rule replaces anything at all; none where it is not known.
    pub replaces: Option<bool>,
    /// All of them, against the safety backup.
    pub against_before: Option<Comparison>,
    /// Whether what the rule wants differs from what was there before.
    pub distinguishable: bool,
    /// Collections that could not be counted.
    pub collections_not_counted: Vec<String>,
    /// How many users there are.
    pub users: Option<u64>,
    /// Who we are.
    pub identity: Identity,
}

/// How many rows each table is to have, by what happens to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) kept: BTreeMap<String, u64>,
    pub(crate) replaced: BTreeMap<String, u64>,
    /// Tables that are replaced and whose rows are not known.
    pub(crate) unknown: Vec<String>,
}

impl Expectation {
    /// Whether it can be told from what was there before by counting.
    pub(crate) fn differs_from(&self, before: &BTreeMap<String, u64>) -> bool {
        self.replaced
            .iter()
            .any(|(table, rows)| before.get(table) != Some(rows))
    }
}

/// What a rule lets expect of each table: `before` are the target's rows, `packed` what the package or the source holds.
pub(crate) fn expect(
    rule: &PlannedRule,
    facts: &MigrationFacts,
    before: &BTreeMap<String, u64>,
    packed: &BTreeMap<String, u64>,
) -> Expectation {
    let made_by_people = |table: &str| {
        let known = |structure: &[CollectionFact]| {
            structure
                .iter()
                .any(|collection| collection.name == table && !collection.system)
        };
        known(facts.wanted_structure()) || known(&facts.target_structure)
    };
    let mut expected = Expectation::default();
    let on_source = |table: &str| {
        facts.wanted_structure().is_empty()
            || facts.wanted_structure().iter().any(|known| known.name == table)
    };
    let tables = before
        .keys()
        .chain(packed.keys().filter(|table| !before.contains_key(*table)));
    for table in tables {
        let people = made_by_people(table);
        match rule.method(table, people) {
            // a table of the target's own is not part of the migration
            _ if people && !on_source(table) => drop(
                before
                    .get(table)
                    .map(|rows| expected.kept.insert(table.clone(), *rows)),
            ),
            TableMethod::Keep => {
                expected
                    .kept
                    .insert(table.clone(), before.get(table).copied().unwrap_or_default());
            }
            TableMethod::Replace => match packed.get(table) {
                Some(rows) => drop(expected.replaced.insert(table.clone(), *rows)),
                None => expected.unknown.push(table.clone()),
            },
            TableMethod::Skip => drop(
                before
                    .get(table)
                    .map(|rows| expected.kept.insert(table.clone(), *rows)),
            ),
            TableMethod::Unknown => {}
        }
    }
    expected
}

/// Compares the collections that people made on the source with those of the target; what a rule skips is left out.
pub(crate) fn compare_structure(
    rule: Option<&PlannedRule>,
    source: &[CollectionFact],
    target: &[CollectionFact],
) -> StructureComparison {
    let mut comparison = StructureComparison::default();
    for wanted in source.iter().filter(|collection| !collection.system) {
        if rule.is_some_and(|rule| rule.method(&wanted.name, true) == TableMethod::Skip) {
            continue;
        }
        comparison.collections += 1;
        comparison.fields += wanted.fields.len();
        let missing: Vec<String> = match target.iter().find(|known| known.name == wanted.name) {
            None => vec![wanted.name.clone()],
            Some(found) => wanted
                .fields
                .iter()
                .filter(|field| !found.fields.contains(field))
                .map(|field| format!("{}.{field}", wanted.name))
                .collect(),
        };
        comparison.missing_count += missing.len();
        comparison.missing.extend(missing);
    }
    comparison.missing.truncate(NAMES_KEPT);
    comparison
}

impl MigrationEvidence {
    /// Every signal in words, for people and models.
    pub fn signals(&self) -> Vec<Signal> {
        vec![
            self.execution_signal(),
            standing_signal(self.went_down, &self.standing, None),
            self.log_signal(),
            self.structure_signal(),
            rows_signal("kept rows", self.kept.as_ref(), "the safety backup"),
            self.replaced_signal(),
            users_signal(self.users),
            identity_signal(&self.identity),
        ]
    }

    fn execution_signal(&self) -> Signal {
        let words = self.answer_words.as_deref().unwrap_or("no word about it");
        match (&self.acceptance, self.answered) {
            (Acceptance::Refused { message }, _) => signal(
                "execution",
                Says::Against,
                format!("the server refused it: {message}"),
            ),
            (Acceptance::ReplyLost { message }, _) => signal(
                "execution",
                Says::Nothing,
                format!("its answer was lost ({message}); it may have been taken"),
            ),
            (Acceptance::Accepted, Some(true)) => signal(
                "execution",
                Says::Nothing,
                format!("the server calls it a success (which proves nothing yet): {words}"),
            ),
            (Acceptance::Accepted, Some(false)) => signal(
                "execution",
                Says::Against,
                format!("the server calls it a failure: {words}"),
            ),
            (Acceptance::Accepted, None) => signal(
                "execution",
                Says::Nothing,
                format!("the server took it and says: {words}"),
            ),
        }
    }

    fn log_signal(&self) -> Signal {
        let name = "migration log";
        match &self.log {
            MigrationStory::Succeeded { name: log } => {
                signal(name, Says::For, format!("{log} calls it a success"))
            }
            MigrationStory::Failed { name: log, words } => {
                signal(name, Says::Against, format!("{log} calls it a failure: {words}"))
            }
            MigrationStory::Open { name: log } => {
                signal(name, Says::Nothing, format!("{log} does not say how it ended"))
            }
            MigrationStory::Silent => signal(name, Says::Nothing, "no new log"),
            MigrationStory::Unreadable { reason } => {
                signal(name, Says::Nothing, format!("not readable: {reason}"))
            }
        }
    }

    fn structure_signal(&self) -> Signal {
        let Some(structure) = self
            .structure
            .as_ref()
            .filter(|structure| structure.collections > 0)
        else {
            return signal(
                "structure",
                Says::Nothing,
                "could not be compared with the source",
            );
        };
        match structure.missing.first() {
            None => signal(
                "structure",
                Says::For,
                format!(
                    "all {} collections of the source with their {} fields are there",
                    structure.collections, structure.fields
                ),
            ),
            Some(first) => signal(
                "structure",
                if self.structure_binds {
                    Says::Against
                } else {
                    Says::Nothing
                },
                format!(
                    "{} parts of the source's structure are not there, such as {first}",
                    structure.missing_count
                ),
            ),
        }
    }

    fn replaced_signal(&self) -> Signal {
        match (&self.replaced, self.replaces) {
            (None, Some(false)) => signal("new rows", Says::Nothing, "the rule replaces no rows"),
            (replaced, _) => rows_signal("new rows", replaced.as_ref(), "the package"),
        }
    }
}

fn rows_signal(name: &str, comparison: Option<&Comparison>, against: &str) -> Signal {
    let Some(comparison) = comparison.filter(|comparison| comparison.tables > 0) else {
        return signal(
            name,
            Says::Nothing,
            format!("could not be compared with {against}"),
        );
    };
    match comparison.missing.first().or(comparison.grown.first()) {
        None => signal(
            name,
            Says::For,
            format!(
                "{} tables hold exactly the {} rows of {against}",
                comparison.tables, comparison.rows
            ),
        ),
        Some(worst) => signal(
            name,
            if comparison.missing.is_empty() {
                Says::Nothing
            } else {
                Says::Against
            },
            format!(
                "{} of {} tables differ from {against}: {} has {} rows instead of {}",
                comparison.missing.len() + comparison.grown.len(),
                comparison.tables,
                worst.table,
                worst
                    .found
                    .map_or_else(|| "no readable".to_owned(), |found| found.to_string()),
                worst.expected
            ),
        ),
    }
}
