//! How a migration ended: whether the target is what the rule makes of it; pure.
//!
//! The server's answer and its log are claims. What counts is the content: structure, rows that were to stay, rows that
//! were to be replaced. Migrations were not seen on live servers, so nothing is taken for granted about their way back.

use super::{Decision, Verdict};
use crate::evidence::{Acceptance, Comparison, Identity, Standing};
use crate::migration::{MigrationEvidence, MigrationStory};

/// What the content says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// What the rule wants, and not what was there before.
    Wanted,
    /// What the rule wants, which is what was there before, as far as can be counted.
    WantedAsBefore,
    /// What was there before, and not what the rule wants.
    AsBefore,
    /// Neither.
    Neither,
    /// Nothing could be compared.
    Unseen,
}

/// Weighs the evidence of a migration. As for a restore, what could not be counted is not claimed.
pub fn decide_migration(evidence: &MigrationEvidence) -> Decision {
    let mut decision = weigh(evidence);
    if evidence.collections_not_counted.is_empty() {
        return decision;
    }
    decision.verdict = match decision.verdict {
        Verdict::Verified | Verdict::VerifiedWithWarnings => Verdict::Unverified,
        Verdict::FailedReverted => Verdict::Unknown,
        verdict => return Decision { verdict, ..decision },
    };
    decision.reasons.push(format!(
        "but these could not be counted: {}",
        evidence.collections_not_counted.join(", ")
    ));
    decision
}

fn weigh(evidence: &MigrationEvidence) -> Decision {
    let ended = |verdict, reasons: Vec<String>| Decision { verdict, reasons };
    match &evidence.standing {
        Standing::Broken { message, .. } => {
            let reason = format!("the application does not come up again after the migration: {message}");
            return ended(Verdict::Lost, vec![reason]);
        }
        Standing::Busy { message } | Standing::Unreachable { message } => {
            let reason = format!("the application was not back when the watch ended: {message}");
            return ended(Verdict::Unknown, vec![reason]);
        }
        Standing::Up => {}
    }
    if evidence.users == Some(0) {
        let reason = "the application is up but holds no users: nobody can sign in".to_owned();
        return ended(Verdict::Lost, vec![reason]);
    }
    let content = content(evidence);
    if let Acceptance::Refused { message } = &evidence.acceptance
        && !evidence.went_down
    {
        return if matches!(content, Content::Wanted | Content::Neither) {
            let reason = format!(
                "it was refused ({message}), and yet the content is another one: somebody else did that"
            );
            ended(Verdict::Unknown, vec![reason])
        } else {
            ended(
                Verdict::FailedUnchanged,
                vec![format!("nothing was accepted: {message}")],
            )
        };
    }
    let mut reasons = seen(evidence);
    let failed = claims_failure(evidence);
    let done = claims_success(evidence);
    if let Some(words) = &failed {
        reasons.push(format!("the server calls it a failure: {words}"));
    }
    let locked_out = matches!(evidence.identity, Identity::Refused { .. });
    let verdict = match content {
        Content::Wanted if failed.is_none() && done => return with_warnings(evidence, reasons),
        Content::Wanted if failed.is_none() => {
            // what is counted may be there while the rest never came
            reasons.push("but no word of the server says that it came to its end".into());
            Verdict::Unverified
        }
        Content::Wanted => {
            reasons.push("so something that is not counted may be missing".into());
            Verdict::Partial
        }
        Content::WantedAsBefore => {
            reasons
                .push("that was so before, too, so the content does not tell whether it was executed".into());
            match (failed.is_some(), done) {
                (true, _) => Verdict::FailedUnchanged,
                (false, true) => {
                    return Decision {
                        verdict: Verdict::VerifiedWithWarnings,
                        ..with_warnings(evidence, reasons)
                    };
                }
                (false, false) => Verdict::Unverified,
            }
        }
        Content::AsBefore => {
            reasons.push("structure and rows are those from before".into());
            match (failed.is_some() || done, evidence.went_down) {
                (_, true) => Verdict::FailedReverted,
                (true, false) => Verdict::FailedUnchanged,
                (false, false) => {
                    reasons.push("but it may have been taken, and may yet begin".into());
                    Verdict::Unknown
                }
            }
        }
        Content::Neither => {
            let empty = |side: &Option<Comparison>| side.as_ref().is_some_and(is_empty);
            if empty(&evidence.kept) && evidence.kept.is_some() {
                Verdict::Lost
            } else {
                Verdict::Partial
            }
        }
        Content::Unseen if locked_out => {
            // a migration keeps the users, so whoever could sign in before still can
            reasons
                .push("our credentials no longer work there, and the content could not be compared".into());
            Verdict::Unknown
        }
        Content::Unseen if done && failed.is_none() => {
            reasons.push("the server calls it a success, but the content could not be compared".into());
            Verdict::Unverified
        }
        Content::Unseen => {
            reasons.push("the content could not be compared".into());
            Verdict::Unknown
        }
    };
    if done && matches!(content, Content::AsBefore) {
        reasons.push("although the server calls it a success".into());
    }
    ended(verdict, reasons)
}

fn content(evidence: &MigrationEvidence) -> Content {
    let compared = |side: &Option<Comparison>| {
        side.as_ref()
            .filter(|side| side.tables > 0)
            .map(Comparison::is_whole)
    };
    let structure = evidence
        .structure
        .as_ref()
        .filter(|structure| structure.collections > 0)
        .map(|structure| structure.is_whole() || !evidence.structure_binds);
    let parts = [structure, compared(&evidence.kept), compared(&evidence.replaced)];
    let as_before = evidence.structure_as_before != Some(false)
        && evidence.against_before.as_ref().is_some_and(Comparison::is_exact);
    if parts[1].is_none() && parts[2].is_none() {
        // a structure alone proves no rows
        return if structure == Some(false) && evidence.structure_as_before == Some(true) {
            Content::AsBefore
        } else {
            Content::Unseen
        };
    }
    match (parts.iter().flatten().all(|part| *part), evidence.distinguishable) {
        (true, true) => Content::Wanted,
        (true, false) => Content::WantedAsBefore,
        (false, _) if as_before => Content::AsBefore,
        (false, _) => Content::Neither,
    }
}

fn is_empty(side: &Comparison) -> bool {
    side.tables > 0
        && side.missing.len() == side.tables
        && side
            .missing
            .iter()
            .all(|table| table.found.unwrap_or_default() == 0)
}

/// What the content looks like, in sentences.
fn seen(evidence: &MigrationEvidence) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(structure) = evidence
        .structure
        .as_ref()
        .filter(|structure| structure.collections > 0)
    {
        reasons.push(match structure.missing.first() {
            None => format!(
                "all {} collections of the source are there with their fields",
                structure.collections
            ),
            Some(first) => format!(
                "{} parts of the source's structure are not there, such as {first}",
                structure.missing_count
            ),
        });
    }
    for (side, what) in [
        (&evidence.kept, "that were to stay"),
        (&evidence.replaced, "that were to be replaced"),
    ] {
        let Some(side) = side.as_ref().filter(|side| side.tables > 0) else {
            continue;
        };
        reasons.push(match side.missing.first() {
            None => format!("{} tables hold the {} rows {what}", side.tables, side.rows),
            Some(first) => format!(
                "{} of {} tables hold fewer of the rows {what}, such as {}",
                side.missing.len(),
                side.tables,
                first.table
            ),
        });
    }
    reasons
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

/// Verified, and plainly so only when nothing is left for a person to look at.
fn with_warnings(evidence: &MigrationEvidence, mut reasons: Vec<String>) -> Decision {
    let mut warnings = Vec::new();
    if !matches!(evidence.log, MigrationStory::Succeeded { .. }) {
        warnings.push("the server's migration log does not tell how it ended".to_owned());
    }
    if evidence.structure.is_none() {
        warnings.push("the structure could not be compared with the source".into());
    }
    if evidence
        .structure
        .as_ref()
        .is_some_and(|structure| structure.missing_count > 0)
    {
        warnings.push(
            "the rule does not say that definitions of collections come along, and some did not".into(),
        );
    }
    if evidence.replaced.is_none() && evidence.replaces != Some(false) {
        warnings.push("rows that were to be replaced could not be compared".into());
    }
    if evidence.replaced_unknown > 0 {
        warnings.push(format!(
            "the rule replaces {} tables whose new rows are not known, for the package's inside is not public",
            evidence.replaced_unknown
        ));
    }
    if evidence.kept.is_none() {
        warnings.push("rows that were to stay could not be compared".into());
    }
    let grown: usize = [&evidence.kept, &evidence.replaced]
        .into_iter()
        .flatten()
        .map(|side| side.grown.len())
        .sum();
    if grown > 0 {
        warnings.push(format!("{grown} tables hold more rows than expected by now"));
    }
    if evidence.users.is_none() {
        warnings.push("the users could not be counted".into());
    }
    match &evidence.identity {
        Identity::Same => {}
        Identity::Changed { after, .. } => {
            warnings.push(format!("our credentials belong to {} now", after.username))
        }
        Identity::FellBack { .. } | Identity::Refused { .. } => {
            warnings.push("our credentials no longer work there".into());
        }
        Identity::Unreadable { reason } => {
            warnings.push(format!("who we are there could not be asked: {reason}"))
        }
    }
    let verdict = if warnings.is_empty() {
        Verdict::Verified
    } else {
        Verdict::VerifiedWithWarnings
    };
    reasons.extend(warnings);
    Decision { verdict, reasons }
}
