//! What really happened to a target, read out of the simulation's data, beside all that the tool knows.

use std::collections::BTreeMap;

use nocobase_sim::Environment;
use release_engine::Verdict;
use serde_json::Value;

/// Tables whose rows come and go by themselves.
const NOT_COMPARED: [&str; 3] = ["issuedTokens", "tokenBlacklist", "applicationVersion"];

/// Holds the tool's own marker beside what a migration was given: compared by names, without markers.
const VARIABLES: &str = "environmentVariables";
const MARKER: &str = "NBREL_";

/// What a migration makes on its source: the rule it goes by.
const RULES: &str = "migrationRules";

/// Every row of every table, as stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content(BTreeMap<String, Vec<Value>>);

impl Content {
    pub(crate) fn of(environment: &Environment) -> Self {
        let tables = environment
            .counts()
            .into_keys()
            .filter(|table| is_compared(table));
        Self(
            tables
                .map(|table| (table.clone(), rows(environment, &table)))
                .collect(),
        )
    }
}

/// Tables of the category "runtime" are in no backup; the upgrade after a restore makes them anew.
pub(crate) fn is_compared(table: &str) -> bool {
    !NOT_COMPARED.contains(&table) && !table.starts_with("lcCheckpoint")
}

fn rows(environment: &Environment, table: &str) -> Vec<Value> {
    let rows = environment.rows(table);
    if table != VARIABLES {
        return rows;
    }
    let names = rows.into_iter().filter_map(|row| row.get("name").cloned());
    names
        .filter(|name| !name.as_str().is_some_and(|name| name.starts_with(MARKER)))
        .collect()
}

impl Content {
    /// The same without migration rules, of which a migration may make one on its source.
    pub(crate) fn without_rules(mut self) -> Self {
        self.0.remove(RULES);
        self
    }
}

/// How a target ended, once nothing moves any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truth {
    /// It holds what the package holds; after a migration, what an undisturbed one makes of it.
    pub(crate) is_package: bool,
    /// It holds what it held before. Both where package and target were alike.
    pub(crate) is_before: bool,
    /// The application answers.
    is_up: bool,
    /// Somebody can sign in.
    has_users: bool,
}

impl Truth {
    pub(crate) fn of(target: &Environment, package: &Content, before: &Content) -> Self {
        let now = Content::of(target);
        Self {
            is_package: now == *package,
            is_before: now == *before,
            is_up: target.is_up(),
            has_users: !target.rows("users").is_empty(),
        }
    }

    /// Up, and somebody can sign in.
    pub(crate) fn is_usable(self) -> bool {
        self.is_up && self.has_users
    }

    /// Whether a verdict is true of it. "Unverified" and "unknown" claim nothing.
    pub(crate) fn bears(self, verdict: Verdict) -> bool {
        let usable = self.is_usable();
        match verdict {
            Verdict::Verified | Verdict::VerifiedWithWarnings => self.is_package && usable,
            Verdict::FailedUnchanged => self.is_before,
            Verdict::FailedReverted => self.is_before && usable,
            Verdict::Partial => usable && !self.is_package && !self.is_before,
            Verdict::Lost => !usable,
            Verdict::Unverified | Verdict::Unknown => true,
        }
    }
}
