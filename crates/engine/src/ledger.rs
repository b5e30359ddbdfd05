//! The ledger: which package, by its SHA-256, was put where, and how that ended.
//!
//! It is read out of the journals of ended runs each time, a pure function of them: there is no second record that could
//! disagree with what happened. What policy makes of it is decided here, too ([`unverified`]), at planning, at confirmation
//! and when the packages are judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::same_address;
use crate::error::EngineError;
use crate::facts::Verified;
use crate::finding::Finding;
use crate::home::Home;
use crate::ids::RunId;
use crate::journal::{self, PackageRole, Phase, RunState};
use crate::plan::{PlanAction, PlannedPackage};
use crate::verdict::Verdict;

/// A package with the environments it was put on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerEntry {
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it is a migration package; a backup otherwise.
    pub migration: bool,
    /// The environment it comes from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where it lies on this machine, or lay.
    pub path: PathBuf,
    /// Where it was put, newest first.
    pub placements: Vec<Placement>,
}

/// One run that put a package on an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placement {
    /// The environment's name at that time.
    pub environment: String,
    /// Where its API was: what an environment is known by, whatever it is called.
    pub api_base: String,
    /// The run.
    pub run: RunId,
    /// What the run did.
    pub action: PlanAction,
    /// When it ended.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// How it ended.
    pub verdict: Verdict,
    /// The run that took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_by: Option<RunId>,
}

impl Placement {
    /// Whether the environment was verified to hold the package, and nobody took that back.
    pub fn is_proof(&self) -> bool {
        self.verdict.is_good() && self.taken_back_by.is_none()
    }
}

/// The ledger of these runs, in whatever order; newest package first.
pub fn ledger(runs: &[RunState]) -> Vec<LedgerEntry> {
    // the oldest first: it knows where a package comes from, later ones took it from where it was brought
    let mut runs: Vec<&RunState> = runs.iter().collect();
    runs.sort_by(|one, other| one.run.cmp(&other.run));
    let taken_back: BTreeMap<&RunId, &RunId> = runs
        .iter()
        .filter(|run| run.plan.action == PlanAction::Undo && run.verdict.is_some_and(Verdict::is_good))
        .filter_map(|run| Some((&run.plan.undoes.as_ref()?.run, &run.run)))
        .collect();
    let mut entries: Vec<LedgerEntry> = Vec::new();
    for run in runs {
        let (Some(verdict), Some(target), Some(package)) = (
            run.verdict.filter(|_| run.phase == Phase::Ended),
            &run.plan.facts.target,
            run.packages.get(&PackageRole::Package),
        ) else {
            continue;
        };
        if !run.began_overwriting() {
            continue;
        }
        let placement = Placement {
            environment: target.environment.clone(),
            api_base: target.api_base.clone(),
            run: run.run.clone(),
            action: run.plan.action,
            at: run.updated_at,
            verdict,
            taken_back_by: taken_back.get(&run.run).map(|run| (*run).clone()),
        };
        match entries.iter_mut().find(|entry| entry.sha256 == package.sha256) {
            Some(entry) => entry.placements.push(placement),
            None => entries.push(LedgerEntry {
                sha256: package.sha256.clone(),
                bytes: package.bytes,
                migration: run.plan.action == PlanAction::Migrate,
                source: package.environment.clone(),
                path: package.path.clone(),
                placements: vec![placement],
            }),
        }
    }
    for entry in &mut entries {
        entry
            .placements
            .sort_by(|one, other| (other.at, &other.run).cmp(&(one.at, &one.run)));
    }
    let newest = |entry: &LedgerEntry| entry.placements.first().map(|placement| placement.at);
    entries.sort_by_key(|entry| std::cmp::Reverse(newest(entry)));
    entries
}

/// What speaks against bringing a package to `target` when policy wants it verified on `first` before; `on` are the
/// environments where this very package was. What only the server holds shows its SHA-256 once it is fetched.
pub(crate) fn unverified(
    first: &str,
    target: &str,
    package: &PlannedPackage,
    on: &[String],
) -> Option<Finding> {
    let code = "not_verified_first";
    let rule = format!("policy lets a package into {target} once it was verified on {first}");
    let way = format!(
        "release it to {first} first; then the same package goes to {target}: --from {first} --package @verified"
    );
    match package {
        PlannedPackage::New { .. } => Some(Finding::blocker(
            code,
            format!("{rule}, and one that is made now never was"),
            way,
        )),
        PlannedPackage::File { .. } if on.iter().any(|name| name == first) => None,
        PlannedPackage::File { sha256, .. } => Some(Finding::blocker(
            code,
            format!("{rule}, and this one was not (sha256 {sha256})"),
            way,
        )),
        PlannedPackage::Server { name, .. } => Some(Finding::warning(
            code,
            format!("{rule}: whether {name} was is seen when it is fetched, and stops the run if not"),
            way,
        )),
    }
}

/// The ledger of this machine. A journal that cannot be read might have taken something back, and is the error.
pub(crate) fn read_ledger(home: &Home) -> Result<Vec<LedgerEntry>, EngineError> {
    let runs = journal::list_runs(home)?;
    let states: Result<Vec<RunState>, EngineError> =
        runs.iter().map(|run| journal::read(home, run)).collect();
    Ok(ledger(&states?))
}

/// The package of the newest run with this action that brought it, verified, to the server at this address: what
/// `@verified` takes.
pub(crate) fn newest_verified<'ledger>(
    entries: &'ledger [LedgerEntry],
    action: PlanAction,
    address: &str,
) -> Option<(&'ledger LedgerEntry, &'ledger Placement)> {
    entries
        .iter()
        .flat_map(|entry| entry.placements.iter().map(move |placement| (entry, placement)))
        .filter(|(_, placement)| placement.action == action && placement.is_proof())
        .filter(|(_, placement)| same_address(&placement.api_base, address))
        .max_by_key(|(_, placement)| placement.at)
}

/// What `@verified` would take, on whatever server.
pub(crate) fn promotable(entries: &[LedgerEntry]) -> Vec<&LedgerEntry> {
    let placements = entries.iter().flat_map(|entry| &entry.placements);
    let servers: BTreeSet<&str> = placements.map(|placement| placement.api_base.as_str()).collect();
    servers
        .into_iter()
        .flat_map(|address| {
            [PlanAction::Restore, PlanAction::Migrate]
                .into_iter()
                .filter_map(move |action| newest_verified(entries, action, address))
        })
        .map(|(entry, _)| entry)
        .collect()
}

/// The environments, each a name and its address, that were verified to hold a package; newest first.
pub(crate) fn verified_on(
    entries: &[LedgerEntry],
    sha256: &str,
    environments: &[(String, String)],
) -> Vec<Verified> {
    let placements = entries
        .iter()
        .filter(|entry| entry.sha256 == sha256)
        .flat_map(|entry| &entry.placements)
        .filter(|placement| placement.is_proof());
    placements
        .flat_map(|placement| {
            environments
                .iter()
                .filter(|(_, address)| same_address(address, &placement.api_base))
                .map(|(name, _)| Verified {
                    environment: name.clone(),
                    run: placement.run.clone(),
                    at: placement.at,
                })
        })
        .collect()
}
