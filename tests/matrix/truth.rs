//! What really happened to a target, read out of the simulation's data, beside all that the tool knows.

use std::collections::BTreeMap;

use nocobase_sim::Environment;
use serde_json::Value;

/// Tables whose rows come and go by themselves, or hold the tool's own marker.
const NOT_COMPARED: [&str; 4] = [
    "environmentVariables",
    "issuedTokens",
    "tokenBlacklist",
    "applicationVersion",
];

/// Every row of every table, as stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content(BTreeMap<String, Vec<Value>>);

impl Content {
    pub(crate) fn of(environment: &Environment) -> Self {
        let compared = |table: &String| {
            // Tables of the category "runtime" are in no backup; the upgrade after a restore makes them anew.
            !NOT_COMPARED.contains(&table.as_str()) && !table.starts_with("lcCheckpoint")
        };
        let tables = environment.counts().into_keys().filter(compared);
        Self(
            tables
                .map(|table| (table.clone(), environment.rows(&table)))
                .collect(),
        )
    }
}

/// How a target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// It holds the package.
    Package,
    /// It is as it was.
    Before,
    /// It holds something else.
    Other,
}

impl Truth {
    pub(crate) fn of(now: &Content, package: &Content, before: &Content) -> Self {
        if now == package {
            Self::Package
        } else if now == before {
            Self::Before
        } else {
            Self::Other
        }
    }
}
