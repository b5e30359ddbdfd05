//! The ledger in use: what was verified where, the package to promote, and what policy wants verified first.

use super::Engine;
use crate::address::same_address;
use crate::error::EngineError;
use crate::facts::{Verified, blocked};
use crate::home::sha256_of;
use crate::journal;
use crate::ledger::{LedgerEntry, newest_verified, read_ledger, unverified, verified_on};
use crate::migration::KnownPackage;
use crate::plan::{Plan, PlanAction, PlannedPackage};

impl Engine {
    /// Which package was put where by runs of this machine, newest first.
    pub fn ledger(&self) -> Result<Vec<LedgerEntry>, EngineError> {
        read_ledger(&self.settings.home)
    }

    /// The environments that were verified to hold the package of this SHA-256, newest first.
    pub fn verified(&self, sha256: &str) -> Result<Vec<Verified>, EngineError> {
        let environments: Vec<(String, String)> = self.addresses().collect();
        Ok(verified_on(&self.ledger()?, sha256, &environments))
    }

    fn addresses(&self) -> impl Iterator<Item = (String, String)> {
        let environments = self.settings.environments.iter();
        environments.map(|environment| (environment.name.clone(), environment.api_base.to_string()))
    }

    /// The package of the newest migration, or restore, that was verified on `source`: to take the same one further.
    pub(super) fn verified_package(&self, source: &str, migration: bool) -> Result<LedgerEntry, EngineError> {
        let action = if migration {
            PlanAction::Migrate
        } else {
            PlanAction::Restore
        };
        let address = self.client(source)?.api_base().to_string();
        let ledger = self.ledger()?;
        let Some((entry, placement)) = newest_verified(&ledger, action, &address) else {
            let elsewhere: Vec<String> = self
                .addresses()
                .filter(|(_, address)| newest_verified(&ledger, action, address).is_some())
                .map(|(name, _)| name)
                .collect();
            return Err(nothing_verified(source, migration, &elsewhere));
        };
        match sha256_of(&entry.path) {
            Ok(digest) if digest == entry.sha256 => Ok(entry.clone()),
            Ok(_) | Err(_) => Err(EngineError::Unsupported {
                what: format!(
                    "the package that {} verified on {source} is no longer what lies at {}",
                    placement.run,
                    entry.path.display()
                ),
                instead: format!("release to {source} again, or name another package"),
            }),
        }
    }

    /// What runs that executed this migration package, verified, tell of its inside.
    pub(super) fn known_package(&self, sha256: &str) -> Result<Option<KnownPackage>, EngineError> {
        let ledger = self.ledger()?;
        let runs = ledger
            .iter()
            .filter(|entry| entry.migration && entry.sha256 == sha256)
            .flat_map(|entry| &entry.placements)
            .filter(|placement| placement.verdict.is_good());
        for placement in runs {
            let run = journal::read(&self.settings.home, &placement.run)?;
            if let Some(known) = KnownPackage::of(&run) {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// The environments, each a name and its address, on which policy wants a package verified before it goes to
    /// `target`, whatever that server is called.
    pub(super) fn verified_first(&self, target: &str) -> Result<Vec<(String, String)>, EngineError> {
        let address = |name: &str| self.addresses().find(|(known, _)| known == name);
        let same = |name: &str| match (address(name), address(target)) {
            (Some((_, one)), Some((_, other))) => same_address(&one, &other),
            _ => false,
        };
        let mut firsts = Vec::new();
        for (name, wanted) in &self.settings.policy.verified_first {
            // what is no environment here is no target either
            if !self.resolve(name).is_ok_and(|name| same(&name)) {
                continue;
            }
            for first in wanted {
                let known = self.resolve(first).ok().and_then(|name| address(&name));
                firsts.push(known.ok_or_else(|| EngineError::Forbidden {
                    rule: format!(
                        "a package goes to {target} once it was verified on {first}, which is no environment here"
                    ),
                })?);
            }
        }
        Ok(firsts)
    }

    /// Whether policy lets the package of this plan into its target, as far as its SHA-256 is known by now.
    pub(super) fn hold_to_ledger(&self, plan: &Plan) -> Result<(), EngineError> {
        let (Some(target), false) = (plan.target(), plan.action == PlanAction::Undo) else {
            return Ok(());
        };
        let firsts = self.verified_first(target)?;
        if firsts.is_empty() {
            return Ok(());
        }
        let verified = match &plan.package {
            PlannedPackage::File { sha256, .. } => verified_on(&self.ledger()?, sha256, &firsts),
            PlannedPackage::New { .. } | PlannedPackage::Server { .. } => Vec::new(),
        };
        let on: Vec<String> = verified.into_iter().map(|one| one.environment).collect();
        let findings: Vec<_> = firsts
            .iter()
            .filter_map(|(first, _)| unverified(first, target, &plan.package, &on))
            .collect();
        if blocked(&findings, &[]) {
            return Err(EngineError::Preflight { findings });
        }
        Ok(())
    }
}

fn nothing_verified(source: &str, migration: bool, elsewhere: &[String]) -> EngineError {
    let (what, way) = if migration {
        ("migration", "migrate to")
    } else {
        ("backup", "restore to")
    };
    let instead = match elsewhere {
        [] => format!("{way} {source} first, then take the same package further"),
        [one] => format!("one was on {one}: name {one} as where it comes from (--from {one})"),
        several => format!(
            "some were on {}: name one of these as where it comes from (--from NAME)",
            several.join(", ")
        ),
    };
    EngineError::Unsupported {
        what: format!("no {what} package was verified on {source} by a run of this machine"),
        instead: format!("{instead}; what was put where: nocobase-release packages ledger"),
    }
}
