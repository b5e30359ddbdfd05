//! What must hold at the moment when a plan becomes a run, and again when a run begins: a plan is a file, and what it
//! says of itself is not believed.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use super::prepare::{may_be_accepted, overwrote};
use crate::address::same_address;
use crate::error::EngineError;
use crate::ids::RunId;
use crate::journal::{self, ConfirmedBy, Phase, RunState};
use crate::plan::{Plan, PlanAction, PlannedPackage, Strength};

impl Engine {
    /// Whether only a person may confirm what overwrites this environment: by its name, its aliases, or because it
    /// is the same server as one that is protected.
    pub fn is_protected(&self, name: &str) -> bool {
        let (policy, environments) = (&self.settings.policy, &self.settings.environments);
        let by_name = |name: &str| {
            let aliases = environments.iter().find(|environment| environment.name == name);
            let aliases = aliases
                .map(|environment| environment.aliases.as_slice())
                .unwrap_or_default();
            policy.is_protected(name)
                || (!policy.is_unprotected(name) && aliases.iter().any(|alias| policy.is_protected(alias)))
        };
        let address = environments.iter().find(|environment| environment.name == name);
        by_name(name)
            || address.is_some_and(|this| {
                environments.iter().any(|other| {
                    other.name != this.name
                        && same_address(other.api_base.as_str(), this.api_base.as_str())
                        && by_name(&other.name)
                })
            })
    }

    /// What it takes to confirm this plan now; the error when it may not run at all.
    pub(super) fn guard(
        &self,
        plan: &Plan,
        this_run: Option<&RunId>,
        now: Timestamp,
    ) -> Result<Strength, EngineError> {
        let policy = &self.settings.policy;
        if policy.read_only {
            return Err(EngineError::Forbidden {
                rule: "read-only mode".into(),
            });
        }
        if let Some(rule) = plan.broken_rule(policy) {
            return Err(EngineError::Forbidden { rule });
        }
        let latest = now
            .checked_add(SignedDuration::from_mins(policy.plan_minutes.into()))
            .unwrap_or(now);
        if now >= plan.expires_at || plan.expires_at > latest {
            return Err(EngineError::PlanExpired {
                plan: plan.id.to_string(),
                expired_at: plan.expires_at.min(latest).to_string(),
            });
        }
        self.fits_settings(plan)?;
        self.hold_to_ledger(plan)?;
        if !plan.is_what_it_says(&self.policy_for(&plan.facts)?) {
            return Err(EngineError::PlanForeign {
                plan: plan.id.to_string(),
                reason: "its words are not what is planned for its request under the policy of this machine"
                    .into(),
            });
        }
        // A source that is being overwritten, or was left half-way, holds nothing to be taken from it.
        for side in [&plan.facts.source, &plan.facts.target].into_iter().flatten() {
            if let Some(last) = journal::last_overwrite(&self.settings.home, &side.api_base)?
                && last.phase != Phase::Ended
                && Some(&last.run) != this_run
            {
                return Err(EngineError::UnfinishedRun {
                    environment: side.environment.clone(),
                    run: last.run.to_string(),
                });
            }
        }
        let Some(target) = &plan.facts.target else {
            return Ok(Strength::None);
        };
        Ok(
            if self.is_protected(&target.environment) || self.makes_rule_on_protected(plan) {
                Strength::Person
            } else {
                Strength::Phrase
            },
        )
    }

    /// Whether a migration makes its rule on a protected environment, which takes a person there as well.
    fn makes_rule_on_protected(&self, plan: &Plan) -> bool {
        let rule = plan
            .migration
            .as_ref()
            .and_then(|migration| migration.rule.as_ref());
        let makes = rule.is_some_and(|rule| rule.id.is_none());
        matches!(&plan.package, PlannedPackage::New { environment } if makes && self.is_protected(environment))
    }

    /// The same for a run that was confirmed and has not begun: perhaps long ago, or under another policy.
    pub(super) fn guard_run(&self, state: &RunState, now: Timestamp) -> Result<(), EngineError> {
        let strength = self.guard(&state.plan, Some(&state.run), now)?;
        let by_person = matches!(
            state.confirmed_by,
            ConfirmedBy::PersonAtTerminal | ConfirmedBy::PersonInClient | ConfirmedBy::ApprovedAtTerminal
        );
        match strength {
            Strength::None => Ok(()),
            Strength::Person if by_person => Ok(()),
            Strength::Phrase if state.confirmed_by != ConfirmedBy::NotNeeded => Ok(()),
            Strength::Person | Strength::Phrase => Err(EngineError::NeedsPerson {
                plan: state.plan.id.to_string(),
                environment: state.plan.target().unwrap_or_default().to_owned(),
            }),
        }
    }

    /// Whether a plan that goes back to an earlier run, and only such a plan, is about that run's own safety backup. Undo
    /// is free of some rules of the house, and how strictly the target is backed up hangs on how that run ended.
    fn fits_earlier_run(&self, plan: &Plan) -> Result<Result<(), String>, EngineError> {
        let goes_back = matches!(plan.action, PlanAction::Undo | PlanAction::Drill);
        let earlier = match &plan.undoes {
            Some(earlier) if goes_back => earlier,
            None if !goes_back => return Ok(Ok(())),
            Some(_) | None => return Ok(Err("what it goes back to does not go with what it does".into())),
        };
        let known = journal::read(&self.settings.home, &earlier.run)?;
        let its_package = match (&plan.package, known.safety_backup()) {
            (PlannedPackage::File { sha256, .. }, Some(kept)) => *sha256 == kept.sha256,
            _ => false,
        };
        let its_target = plan
            .facts
            .target
            .as_ref()
            .is_some_and(|target| overwrote(&known, &target.api_base));
        let fits = its_package
            && known.verdict == earlier.verdict
            && known.plan.target() == Some(earlier.environment.as_str())
            && its_target == (plan.action == PlanAction::Undo);
        Ok(if fits {
            Ok(())
        } else {
            Err(format!("it is not what {} left", earlier.run))
        })
    }

    fn fits_settings(&self, plan: &Plan) -> Result<(), EngineError> {
        let foreign = |reason: String| {
            Err(EngineError::PlanForeign {
                plan: plan.id.to_string(),
                reason,
            })
        };
        let overwrites = !matches!(plan.action, PlanAction::Backup);
        if overwrites != plan.facts.target.is_some() {
            return foreign("its target does not go with what it does".into());
        }
        let new_of_target = matches!(&plan.package, PlannedPackage::New { environment } if plan.target() == Some(environment));
        if plan.package_is_safety_backup != new_of_target {
            return foreign("its safety backup does not go with its package".into());
        }
        if let Some(reason) = unfit_migration(plan) {
            return foreign(reason.into());
        }
        if let Some(code) = plan.accepted.iter().find(|code| !may_be_accepted(code)) {
            return foreign(format!("a finding of this kind cannot be accepted: {code}"));
        }
        if let Err(reason) = self.fits_earlier_run(plan)? {
            return foreign(reason);
        }
        let told = plan
            .facts
            .migration
            .as_ref()
            .and_then(|facts| facts.known.as_ref());
        if let Some(told) = told {
            let known = match &plan.package {
                PlannedPackage::File { sha256, .. } => self.known_package(sha256)?,
                PlannedPackage::New { .. } | PlannedPackage::Server { .. } => None,
            };
            if known.as_ref() != Some(told) {
                return foreign(
                    "what it says of its package is not what the runs of this machine tell".into(),
                );
            }
        }
        for side in [&plan.facts.source, &plan.facts.target].into_iter().flatten() {
            let configured = self
                .settings
                .environments
                .iter()
                .find(|environment| environment.name == side.environment);
            match configured {
                None => return foreign(format!("no environment is named {:?} here", side.environment)),
                Some(known) if !same_address(known.api_base.as_str(), &side.api_base) => {
                    return foreign(format!(
                        "{} is at {} here, not at {}",
                        side.environment, known.api_base, side.api_base
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// What in a plan does not go together about its being a migration, or not being one.
fn unfit_migration(plan: &Plan) -> Option<&'static str> {
    let migrates = plan.action == PlanAction::Migrate;
    if migrates != plan.migration.is_some() || migrates != plan.facts.migration.is_some() {
        return Some("what it says of a migration does not go with what it does");
    }
    if migrates && plan.package_is_safety_backup {
        return Some("a migration package is no safety backup");
    }
    let (source, target) = (plan.facts.source.as_ref()?, plan.facts.target.as_ref()?);
    (migrates && same_address(&source.api_base, &target.api_base)).then_some("it migrates a server to itself")
}
