//! How a migration ended: whether the target is what the rule makes of it; pure.
//!
//! The server's answer and its log are claims. What counts is the content: structure, rows that were to stay, rows that
//! were to be replaced. Rows are counted, and equal numbers are no proof that rows are the same: that the earlier state
//! stands, or is back, is never concluded from them. `failed_unchanged` is left to what was refused or never sent.
//!
//! Migrations were not seen on live servers, so nothing is taken for granted about when an answer comes, whether the
//! application goes down, or how a failed one ends.

mod content;
mod words;

use self::content::{Content, has_changed, has_lost_all, seen};
use super::{Decision, Verdict};
use crate::evidence::{Acceptance, Identity, Standing};
use crate::migration::{MigrationEvidence, MigrationStory};

/// Weighs the evidence of a migration. As for a restore, what could not be counted is not claimed. What was refused is
/// unchanged by the refusal, not by counting, so there it takes nothing away.
pub fn decide_migration(evidence: &MigrationEvidence) -> Decision {
    let mut decision = weigh(evidence);
    if !evidence.collections_not_counted.is_empty() && decision.verdict.is_good() {
        decision.verdict = Verdict::Unverified;
        decision.reasons.push(format!(
            "but these could not be counted: {}",
            evidence.collections_not_counted.join(", ")
        ));
    }
    if !evidence.variables_set.is_empty() && !decision.verdict.is_good() {
        decision.reasons.push(format!(
            "these variables were made there before and stay: {}",
            evidence.variables_set.join(", ")
        ));
        if decision.verdict == Verdict::FailedUnchanged {
            decision.verdict = Verdict::Partial;
        }
    }
    decision
}

fn weigh(evidence: &MigrationEvidence) -> Decision {
    let ended = |verdict, reason: String| Decision {
        verdict,
        reasons: vec![reason],
    };
    if let (true, Acceptance::Refused { message }) = (evidence.not_sent, &evidence.acceptance) {
        let reason = format!("the execution could not be sent: {message}");
        return ended(Verdict::FailedUnchanged, reason);
    }
    match &evidence.standing {
        Standing::Broken { message, .. } => {
            let reason = format!("the application does not come up again after the migration: {message}");
            return ended(Verdict::Lost, reason);
        }
        Standing::Busy { message } | Standing::Unreachable { message } => {
            let reason = format!("the application was not back when the watch ended: {message}");
            return ended(Verdict::Unknown, reason);
        }
        Standing::Up => {}
    }
    if evidence.users == Some(0) {
        let reason = "the application is up but holds no users: nobody can sign in".to_owned();
        return ended(Verdict::Lost, reason);
    }
    if let Acceptance::Refused { message } = &evidence.acceptance {
        // a refusal of one that has begun all the same is no refusal
        let begun = evidence.went_down || names_a_log(&evidence.log);
        if !begun && !has_changed(evidence) {
            return ended(
                Verdict::FailedUnchanged,
                format!("nothing was accepted: {message}"),
            );
        }
        let reason = format!("it was refused ({message}), and yet something has happened there since");
        return Decision {
            verdict: Verdict::Unknown,
            reasons: words::of_content(evidence).into_iter().chain([reason]).collect(),
        };
    }
    by_content(evidence)
}

fn by_content(evidence: &MigrationEvidence) -> Decision {
    let mut reasons = words::of_content(evidence);
    let failed = claims_failure(evidence);
    let done = claims_success(evidence);
    if let Some(words) = &failed {
        reasons.push(format!("the server calls it a failure: {words}"));
    } else if !evidence.has_ended() {
        reasons.push("nothing shows that it is over: it may be at work still, or yet begin".into());
    }
    let mut because = |reason: &str| reasons.push(reason.to_owned());
    let verdict = match Content::of(evidence) {
        Content::Wanted if failed.is_some() => {
            because("so something that is not counted may be missing");
            Verdict::Partial
        }
        Content::Wanted if done && !still_open(evidence) => return with_warnings(evidence, reasons),
        Content::Wanted => {
            // what is counted may be there while the rest never came
            because("but no word of the server says that it came to its end");
            Verdict::Unverified
        }
        Content::WantedAsBefore => {
            because("that was so before, too, so the content does not tell whether it was executed");
            match (&failed, &evidence.log) {
                (Some(_), _) => Verdict::Unknown,
                // The target holds what the rule wants, and the log of this very execution says that it was executed.
                (None, MigrationStory::Succeeded { .. }) => return at_most_warned(evidence, reasons),
                (None, _) if done => {
                    because("and the server's answer alone does not, for it may come before the work");
                    Verdict::Unverified
                }
                (None, _) => Verdict::Unknown,
            }
        }
        Content::AsBefore => {
            because(
                "structure and numbers of rows are those from before, which does not prove that the rows are",
            );
            if done && failed.is_none() {
                because("although the server calls it a success");
            }
            Verdict::Unknown
        }
        Content::Grown | Content::RowsOnly if failed.is_some() => Verdict::Partial,
        Content::Grown if done => {
            because("more rows than were to come may be new ones, or the earlier ones");
            Verdict::Unverified
        }
        Content::RowsOnly if done => {
            because("the rule does not say that definitions of collections come along, and some did not");
            Verdict::Unverified
        }
        Content::Grown | Content::RowsOnly => Verdict::Unknown,
        Content::Neither if has_lost_all(evidence) => Verdict::Lost,
        Content::Neither if !evidence.has_ended() => Verdict::Unknown,
        Content::Neither if evidence.rule_assumed => {
            because("but the package may have been made by another rule than the one it is compared by");
            Verdict::Unknown
        }
        Content::Neither => Verdict::Partial,
        Content::Unseen if matches!(evidence.identity, Identity::Refused { .. }) => {
            // a migration keeps the users, so whoever could sign in before still can
            because("our credentials no longer work there, and the content could not be compared");
            Verdict::Unknown
        }
        Content::Unseen if done && failed.is_none() => {
            because("the server calls it a success, but the content could not be compared");
            Verdict::Unverified
        }
        Content::Unseen => {
            because("the content could not be compared");
            Verdict::Unknown
        }
    };
    Decision { verdict, reasons }
}

fn claims_failure(evidence: &MigrationEvidence) -> Option<String> {
    if evidence.answered == Some(false) {
        return Some(
            evidence
                .answer_words
                .clone()
                .unwrap_or_else(|| "without a word why".into()),
        );
    }
    match &evidence.log {
        MigrationStory::Failed { words, .. } => Some(words.clone()),
        _ => None,
    }
}

fn claims_success(evidence: &MigrationEvidence) -> bool {
    evidence.answered == Some(true) || matches!(evidence.log, MigrationStory::Succeeded { .. })
}

/// Whether a log of this execution is there.
fn names_a_log(log: &MigrationStory) -> bool {
    match log {
        MigrationStory::Succeeded { .. } | MigrationStory::Failed { .. } | MigrationStory::Open { .. } => {
            true
        }
        MigrationStory::Silent | MigrationStory::Unreadable { .. } => false,
    }
}

/// Whether its own log says that it is at work.
fn still_open(evidence: &MigrationEvidence) -> bool {
    matches!(evidence.log, MigrationStory::Open { .. }) && !evidence.has_ended()
}

/// Verified, and plainly so only when nothing is left for a person to look at. Too little that was compared of what was
/// to be replaced is not enough to say so.
fn with_warnings(evidence: &MigrationEvidence, mut reasons: Vec<String>) -> Decision {
    let warnings = words::warnings(evidence);
    let compared = seen(&evidence.replaced).map_or(0, |replaced| replaced.tables);
    let unseen = compared == 0 && evidence.replaces == Some(true);
    let verdict = if unseen || compared * 2 < evidence.replaced_expected {
        Verdict::Unverified
    } else if warnings.is_empty() {
        Verdict::Verified
    } else {
        Verdict::VerifiedWithWarnings
    };
    reasons.extend(warnings);
    Decision { verdict, reasons }
}

/// The same, and never plainly verified.
fn at_most_warned(evidence: &MigrationEvidence, reasons: Vec<String>) -> Decision {
    let mut decision = with_warnings(evidence, reasons);
    if decision.verdict == Verdict::Verified {
        decision.verdict = Verdict::VerifiedWithWarnings;
    }
    decision
}
