//! Migration by rules: what a rule does to which table, what is read for it, and what was seen of its outcome.
//!
//! The Migration Manager is commercial. Everything about it comes from public documentation (nocobase/nocobase,
//! nocobase/skills) and was not seen on live servers; so nothing here depends on the inside of a migration package, which
//! is not public. Planning is in `crate::plan`, the steps in `crate::run`, the decision in `crate::verdict`.

mod built_in;
mod evidence;
mod expectation;
mod facts;
mod rule;

pub use self::evidence::{MigrationBaseline, MigrationEvidence, MigrationStory};
pub use self::expectation::StructureComparison;
pub use self::facts::{
    CollectionFact, KnownPackage, MigrationFacts, MigrationPackageFact, RuleFact, VariableFact,
};
pub use self::rule::{PlannedMigration, PlannedRule, RuleChoice, TableMethod};

pub(crate) use self::expectation::{Expectation, compare_structure, expect, known_collections};
pub(crate) use self::facts::{read_migration_side, unavailable};
pub(crate) use self::rule::{choose, effects, replaced_system_tables};
