//! How a run ends whose target was damaged and whose safety backup was uploaded at once; pure.

use super::{Decision, Verdict, decide, decide_migration, within_what_was_counted};
use crate::evidence::{Acceptance, Canary, Comparison, Evidence, LogStory, Standing};
use crate::migration::MigrationEvidence;

/// The damage that a rollback answers: what was decided of it, and what tells whether anything was loaded over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    decision: Decision,
    marker_stayed: bool,
    against_before: Option<Comparison>,
}

impl Damage {
    /// What a restore left.
    pub fn of_restore(evidence: &Evidence) -> Self {
        Self {
            decision: decide(evidence),
            marker_stayed: evidence.canary == Canary::Present,
            against_before: evidence.against_before.clone(),
        }
    }

    /// What a migration left; it puts no marker.
    pub fn of_migration(evidence: &MigrationEvidence) -> Self {
        Self {
            decision: decide_migration(evidence),
            marker_stayed: false,
            against_before: evidence.against_before.clone(),
        }
    }

    /// Whether most of the tables that differed from the safety backup hold exactly its rows again: one alone may have
    /// come to that by somebody's work.
    fn is_mended(&self, after: &Comparison) -> bool {
        let differs = |side: &Comparison, table: &str| {
            side.missing
                .iter()
                .chain(&side.grown)
                .any(|difference| difference.table == table)
        };
        self.against_before.as_ref().is_some_and(|before| {
            let differed = || before.missing.iter().chain(&before.grown);
            let mended = differed().filter(|difference| !differs(after, &difference.table));
            after.tables >= before.tables && 2 * mended.count() > differed().count()
        })
    }
}

/// Weighs what was seen after the rollback (`after`, whose package is the safety backup) against the damage before it.
///
/// Only content that is proven to be the safety backup's makes a `failed_reverted`.
pub fn decide_roll_back(damage: &Damage, after: &Evidence) -> Decision {
    let mut decision = within_what_was_counted(weigh(damage, after), after);
    // What has not begun yet may still begin, and then the damage is gone again.
    let pending = matches!(after.acceptance, Acceptance::ReplyLost { .. }) && !after.went_down;
    if pending && matches!(decision.verdict, Verdict::Partial | Verdict::Lost) {
        decision.verdict = Verdict::Unknown;
        decision
            .reasons
            .push("but it may have been taken all the same, and its restore may yet begin".into());
    }
    decision
}

fn weigh(damage: &Damage, after: &Evidence) -> Decision {
    let mut reasons = damage.decision.reasons.clone();
    let ended = |mut reasons: Vec<String>, verdict, reason: String| {
        reasons.push(reason);
        Decision { verdict, reasons }
    };
    if let Acceptance::Refused { message } = &after.acceptance
        && !after.went_down
    {
        let reason = format!("the safety backup could not be restored at once: {message}");
        return ended(reasons, damage.decision.verdict, reason);
    }
    reasons.push("the safety backup was uploaded at once".into());
    match &after.standing {
        Standing::Broken { message, .. } => {
            let reason = format!("but the application does not come up again: {message}");
            return ended(reasons, Verdict::Lost, reason);
        }
        Standing::Busy { message } | Standing::Unreachable { message } => {
            let reason = format!("but how that ended could not be seen: {message}");
            return ended(reasons, Verdict::Unknown, reason);
        }
        Standing::Up => {}
    }
    if after.users == Some(0) {
        let reason = "but the application is up and holds no users: nobody can sign in".to_owned();
        return ended(reasons, Verdict::Lost, reason);
    }
    if damage.marker_stayed && after.canary == Canary::Present {
        let reason = "but the marker is still there, so it was not loaded".to_owned();
        return ended(reasons, damage.decision.verdict, reason);
    }
    let content = after
        .against_package
        .as_ref()
        .filter(|content| content.tables > 0);
    let Some(content) = content else {
        let reason = "but its content could not be compared with what is there now".to_owned();
        return ended(reasons, Verdict::Unknown, reason);
    };
    if !content.is_whole() {
        let reason = format!(
            "but {} of {} tables hold fewer rows than it",
            content.missing.len(),
            content.tables
        );
        return ended(reasons, Verdict::Partial, reason);
    }
    let went_back = matches!(
        after.log,
        LogStory::Reverted { .. } | LogStory::RevertedLate { .. } | LogStory::RevertFailed { .. }
    );
    if went_back && !content.is_exact() {
        let reason = format!(
            "but the server's log says that it went back from it, and {} tables hold more rows than it",
            content.grown.len()
        );
        return ended(reasons, Verdict::Partial, reason);
    }
    if let Some(message) = &after.failure_message {
        let reason = format!("but in between the server said that it failed: {message}");
        return ended(reasons, Verdict::Unknown, reason);
    }
    let reason = format!(
        "and {} tables hold its {} rows: the target is as it was before",
        content.tables, content.rows
    );
    match &after.log {
        _ if went_back => {
            let reason = "but the server's log says that it went back from it".to_owned();
            ended(reasons, Verdict::Unknown, reason)
        }
        LogStory::Tolerated { .. } | LogStory::Failed { .. } => {
            let reason = "but the server speaks of errors while loading it".to_owned();
            ended(reasons, Verdict::Partial, reason)
        }
        LogStory::Restored => ended(reasons, Verdict::FailedReverted, reason),
        // Without the log, only a change of the content tells that anything was loaded at all.
        _ if damage.is_mended(content) => ended(reasons, Verdict::FailedReverted, reason),
        _ => {
            let reason = "but neither the log nor the content tells whether it was loaded".to_owned();
            ended(reasons, Verdict::Unknown, reason)
        }
    }
}
