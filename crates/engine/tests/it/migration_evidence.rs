//! What can be seen of a migration: the parts that tests put together.

use release_engine::{
    Acceptance, Comparison, Difference, Identity, MigrationEvidence, MigrationStory, Standing,
    StructureComparison,
};

/// That many tables, each with the rows that were expected.
pub(crate) fn exact(tables: usize) -> Option<Comparison> {
    Some(Comparison {
        tables,
        rows: 100,
        missing: Vec::new(),
        grown: Vec::new(),
    })
}

/// Three tables, of which one has so many rows in place of a hundred.
pub(crate) fn differing(found: Option<u64>) -> Option<Comparison> {
    let difference = Difference {
        table: "orders".into(),
        expected: 100,
        found,
    };
    let mut comparison = Comparison {
        tables: 3,
        rows: 100,
        missing: Vec::new(),
        grown: Vec::new(),
    };
    if found.is_some_and(|found| found > 100) {
        comparison.grown.push(difference);
    } else {
        comparison.missing.push(difference);
    }
    Some(comparison)
}

/// A structure that lacks so many fields.
pub(crate) fn structure(missing: usize) -> Option<StructureComparison> {
    Some(StructureComparison {
        collections: 4,
        fields: 20,
        missing: vec!["orders.priority".into(); missing],
        missing_count: missing,
    })
}

pub(crate) fn succeeded() -> MigrationStory {
    MigrationStory::Succeeded { name: "m.log".into() }
}

pub(crate) fn failed() -> MigrationStory {
    MigrationStory::Failed {
        name: "m.log".into(),
        words: "deadlock".into(),
    }
}

/// A migration as it should be.
pub(crate) fn good() -> MigrationEvidence {
    MigrationEvidence {
        acceptance: Acceptance::Accepted,
        not_sent: false,
        rule_assumed: false,
        variables_set: Vec::new(),
        answered: Some(true),
        answer_words: None,
        went_down: true,
        standing: Standing::Up,
        log: succeeded(),
        structure: structure(0),
        structure_binds: true,
        structure_as_before: Some(false),
        kept: exact(3),
        replaced: exact(3),
        not_replaced: Vec::new(),
        replaced_expected: 3,
        replaced_unknown: 0,
        replaces: Some(true),
        against_before: differing(Some(10)),
        distinguishable: true,
        collections_not_counted: Vec::new(),
        users: Some(3),
        identity: Identity::Same,
    }
}
