//! The way back, taken by the run itself: where a restore or a migration left the target damaged and policy says so, the
//! safety backup is uploaded at once, and the same kind of evidence says whether the earlier state is back.
//!
//! It is one more upload, written down before it is sent and never sent again. Whether what was seen proves anything is
//! left to [`crate::verdict`].

use super::obtain::Judged;
use super::{Attempt, Runner};
use crate::error::EngineError;
use crate::evidence::Standing;
use crate::journal::{Event, PackageRole, RunState, StepOutcome};
use crate::policy::RollBack;
use crate::verdict::{Damage, Verdict, decide_roll_back};

impl Runner {
    /// Whether this outcome is one that the run takes back by itself: the plan that was confirmed said so, policy
    /// still does, and there is a server to upload to. A run that was taken up again leaves it to people: nobody knows
    /// what they have entered meanwhile.
    pub(super) fn rolls_back(&self, standing: &Standing, verdict: Verdict) -> bool {
        self.policy.roll_back == RollBack::Damaged
            && self.plan.rolls_back()
            && self.state().runners == 1
            && matches!(verdict, Verdict::Partial | Verdict::Lost)
            && *standing == Standing::Up
            && self.state().packages.contains_key(&PackageRole::SafetyBackup)
    }

    /// Uploads the safety backup, unless that was begun before, and decides how the run ends.
    pub(super) async fn roll_back(&self) -> Result<(), EngineError> {
        let state = self.state();
        let broken = |what: &str| EngineError::BrokenRecord {
            what: format!("the journal of {}", state.run),
            reason: format!("a rollback without {what}"),
        };
        let damage = damage(&state).ok_or_else(|| broken("evidence of damage"))?;
        let stored = state
            .packages
            .get(&PackageRole::SafetyBackup)
            .ok_or_else(|| broken("a safety backup"))?;
        let step = Attempt::RollBack.upload();
        let opened = self.open(stored).await;
        if !state.began(step) {
            self.begin(step)?;
            let unaltered = self.check_unaltered(stored).await;
            match (&opened, &unaltered) {
                (Ok(opened), Ok(())) => {
                    self.upload(Attempt::RollBack, stored, opened).await?;
                }
                (Err(stop), _) | (Ok(_), Err(stop)) => {
                    let error = stop.cause.clone();
                    self.finish(step, StepOutcome::Failed { error })?;
                }
            }
        }
        let judged = opened.ok().map(|safe| Judged {
            package: safe,
            safety_backup: None,
        });
        let decides = |evidence: &_| decide_roll_back(&damage, evidence);
        let evidence = self
            .see_outcome(Attempt::RollBack, judged.as_ref(), decides)
            .await?;
        let decision = decides(&evidence);
        self.write(Event::RollBackEvidenceGathered {
            evidence: Box::new(evidence),
        })?;
        let mut reasons = decision.reasons;
        reasons.extend(self.kept_logs());
        self.end(decision.verdict, reasons, None)
    }
}

fn damage(state: &RunState) -> Option<Damage> {
    match &state.migration_evidence {
        Some(evidence) => Some(Damage::of_migration(evidence)),
        None => state.evidence.as_ref().map(Damage::of_restore),
    }
}
