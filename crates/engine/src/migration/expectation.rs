//! What a rule lets expect of the target: rows of each table, and structure. Pure.
//!
//! Everything here goes by the names of collections. A database names its tables otherwise where `DB_TABLE_PREFIX` or
//! `DB_UNDERSCORED` is set, so rows out of packages are brought to the collections' names before they come here.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::built_in;
use super::facts::{CollectionFact, MigrationFacts};
use super::rule::{PlannedRule, TableMethod};

/// Names that a comparison keeps.
const NAMES_KEPT: usize = 20;

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

/// How many rows each table is to have, by what happens to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) kept: BTreeMap<String, u64>,
    pub(crate) replaced: BTreeMap<String, u64>,
    /// Tables that are replaced and whose rows are not known.
    pub(crate) unknown: Vec<String>,
}

impl Expectation {
    /// Replaced tables out of `counted` whose rows are to be others than `before`: by them counting tells new from old.
    /// A table that was there before in an unknown size tells nothing.
    pub(crate) fn telling<'a>(
        &'a self,
        before: &'a BTreeMap<String, Option<u64>>,
        counted: &'a BTreeMap<String, Option<u64>>,
    ) -> impl Iterator<Item = &'a String> {
        self.replaced
            .iter()
            .filter(|(table, rows)| {
                counted.contains_key(*table)
                    && before
                        .get(*table)
                        .is_none_or(|known| known.is_some_and(|known| known != **rows))
            })
            .map(|(table, _)| table)
    }
}

/// What a rule lets expect of each table: `before` are the target's rows, `packed` what the package or the source holds.
/// A table whose rows before are not known is expected to keep nothing: it is left out.
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
    let tables: BTreeSet<&String> = before.keys().chain(packed.keys()).collect();
    for table in tables {
        let people = made_by_people(table);
        // a table of the target's own is not part of the migration
        let method = if people && !on_source(table) {
            TableMethod::Skip
        } else {
            rule.method(table, people)
        };
        match (method, before.get(table), packed.get(table)) {
            (TableMethod::Keep | TableMethod::Skip, Some(rows), _) => {
                expected.kept.insert(table.clone(), *rows);
            }
            (TableMethod::Replace, _, Some(rows)) => {
                expected.replaced.insert(table.clone(), *rows);
            }
            (TableMethod::Replace, _, None) => expected.unknown.push(table.clone()),
            (TableMethod::Keep | TableMethod::Skip, None, _) | (TableMethod::Unknown, ..) => {}
        }
    }
    expected
}

/// The names of every collection that is known of: those of both sides, those that the rule names, and the built-in ones.
pub(crate) fn known_collections(
    rule: Option<&PlannedRule>,
    facts: Option<&MigrationFacts>,
) -> BTreeSet<String> {
    let structures = facts.into_iter().flat_map(|facts| {
        [
            facts.wanted_structure(),
            facts.source_structure.as_slice(),
            facts.target_structure.as_slice(),
        ]
    });
    let mut names: BTreeSet<String> = structures.flatten().map(|known| known.name.clone()).collect();
    names.extend(
        rule.into_iter()
            .flat_map(|rule| rule.independent.iter().map(|(table, _)| table.clone())),
    );
    names.extend(built_in::names().map(str::to_owned));
    names
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter()
            .map(|(name, rows)| ((*name).to_owned(), *rows))
            .collect()
    }

    fn rule(user: &str, system: &str) -> PlannedRule {
        PlannedRule {
            name: "test".into(),
            user: user.into(),
            system: system.into(),
            ..PlannedRule::default()
        }
    }

    fn facts() -> MigrationFacts {
        let orders = CollectionFact {
            name: "orders".into(),
            system: false,
            fields: vec!["id".into()],
        };
        MigrationFacts {
            source_structure: vec![orders.clone()],
            target_structure: vec![orders],
            ..MigrationFacts::default()
        }
    }

    #[test]
    fn nothing_is_expected_of_a_kept_table_whose_rows_before_are_not_known() {
        let packed = rows(&[("orders", 0), ("users", 0), ("roles", 4)]);
        let expected = expect(
            &rule("schema-only", "overwrite-first"),
            &facts(),
            &BTreeMap::new(),
            &packed,
        );
        assert_eq!(expected.kept, BTreeMap::new());
        assert_eq!(expected.replaced, rows(&[("roles", 4)]));
    }

    #[test]
    fn only_tables_that_were_counted_and_whose_rows_differ_tell_new_from_old() {
        let before = rows(&[("orders", 500), ("roles", 4)]);
        let packed = rows(&[("orders", 100), ("roles", 4)]);
        let expected = expect(&rule("overwrite", "overwrite-first"), &facts(), &before, &packed);
        let known: BTreeMap<String, Option<u64>> = before
            .iter()
            .map(|(name, rows)| (name.clone(), Some(*rows)))
            .collect();
        let counted = |names: &[&str]| -> BTreeMap<String, Option<u64>> {
            names.iter().map(|name| ((*name).to_owned(), Some(1))).collect()
        };
        let telling = |names: &[&str]| expected.telling(&known, &counted(names)).count();
        assert_eq!((telling(&["orders", "roles"]), telling(&["roles"])), (1, 0));
        let unknown = BTreeMap::from([("orders".to_owned(), None)]);
        assert_eq!(expected.telling(&unknown, &counted(&["orders"])).count(), 0);
    }
}
