//! The verdict: a pure function of the evidence. No signal decides alone, and what is not proven is not claimed.

mod migration;
mod roll_back;

pub use self::migration::decide_migration;
pub use self::roll_back::{Damage, decide_roll_back};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::{Acceptance, Canary, Comparison, Evidence, Identity, LogStory, Standing};

/// How a run ended. Never a bare "success".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The evidence says that the target holds the package.
    Verified,
    /// The same, with something that a person should look at.
    VerifiedWithWarnings,
    /// It ended well as far as could be seen, but the evidence is too weak to say so.
    Unverified,
    /// Nothing was accepted, or the target is proven as before.
    FailedUnchanged,
    /// The earlier state was brought back, proven.
    FailedReverted,
    /// The application is up, but content is missing or mixed.
    Partial,
    /// The application is down or empty.
    Lost,
    /// The evidence contradicts itself or there is none.
    Unknown,
}

impl Verdict {
    /// Its name as serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::VerifiedWithWarnings => "verified_with_warnings",
            Self::Unverified => "unverified",
            Self::FailedUnchanged => "failed_unchanged",
            Self::FailedReverted => "failed_reverted",
            Self::Partial => "partial",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the target is proven to hold what was wanted.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Verified | Self::VerifiedWithWarnings)
    }

    /// Whether the target may hold something else than before: what undo is for.
    pub fn may_have_changed(self) -> bool {
        !matches!(self, Self::FailedUnchanged | Self::FailedReverted)
    }
}

/// A verdict with its reasons, in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<String>,
}

/// Weighs the evidence of a restore.
pub fn decide(evidence: &Evidence) -> Decision {
    within_what_was_counted(weigh(evidence), evidence)
}

/// A collection that the application lists and that could not be counted may hold anything: neither the package's
/// content nor the earlier one is claimed then.
fn within_what_was_counted(mut decision: Decision, evidence: &Evidence) -> Decision {
    if evidence.collections_not_counted.is_empty() {
        return decision;
    }
    let weaker = match decision.verdict {
        Verdict::Verified | Verdict::VerifiedWithWarnings => Verdict::Unverified,
        Verdict::FailedReverted => Verdict::Unknown,
        verdict => return Decision { verdict, ..decision },
    };
    decision.verdict = weaker;
    decision.reasons.push(format!(
        "but these could not be counted: {}",
        evidence.collections_not_counted.join(", ")
    ));
    decision
}

fn weigh(evidence: &Evidence) -> Decision {
    let decided = |verdict, reason: &str| Decision {
        verdict,
        reasons: vec![reason.to_owned()],
    };
    match &evidence.standing {
        Standing::Broken { message, .. } => {
            return decided(
                Verdict::Lost,
                &format!("the application does not come up again: {message}"),
            );
        }
        Standing::Busy { message } => {
            return decided(
                Verdict::Unknown,
                &format!("the application was still busy when the watch ended: {message}"),
            );
        }
        Standing::Unreachable { message } => {
            return decided(
                Verdict::Unknown,
                &format!("the server could not be reached when the watch ended: {message}"),
            );
        }
        Standing::Up => {}
    }
    if evidence.users == Some(0) {
        return decided(
            Verdict::Lost,
            "the application is up but holds no users: nobody can sign in",
        );
    }
    if let Identity::Refused {
        first_user: true,
        code: Some(code),
        ..
    } = &evidence.identity
        && code == "NOT_EXIST_USER"
    {
        return decided(
            Verdict::Lost,
            "the application is up, but its first administrator is gone: nobody can sign in",
        );
    }
    if let Acceptance::Refused { message } = &evidence.acceptance
        && !evidence.went_down
    {
        return if evidence.canary == Canary::Gone {
            decided(
                Verdict::Unknown,
                "our package was refused, and yet the data was replaced: somebody else did that",
            )
        } else {
            decided(
                Verdict::FailedUnchanged,
                &format!("nothing was accepted: {message}"),
            )
        };
    }
    match evidence.canary {
        Canary::Present => earlier_data_stands(evidence),
        Canary::Gone => data_was_replaced(evidence),
        Canary::NotPlanted { .. } | Canary::Unreadable { .. } => without_marker(evidence),
    }
}

/// The marker is still there: the question is whether all of the earlier data is, and whether it stays.
fn earlier_data_stands(evidence: &Evidence) -> Decision {
    let mut reasons =
        vec!["the marker put into the target is still there, so its earlier data stands".to_owned()];
    let server_says_failed = evidence.failure_message.is_some()
        || matches!(evidence.log, LogStory::Reverted { .. } | LogStory::Failed { .. });
    if let LogStory::RevertedLate { .. } = evidence.log {
        reasons.push(
            "but the server went back only after it had restored the database and begun with the uploaded files: files \
             of the same name may be the package's"
                .into(),
        );
        return Decision {
            verdict: Verdict::Partial,
            reasons,
        };
    }
    if matches!(
        evidence.log,
        LogStory::RevertFailed { .. } | LogStory::Restored | LogStory::Tolerated { .. }
    ) {
        reasons.push("but the server's log tells another story".into());
        return Decision {
            verdict: Verdict::Unknown,
            reasons,
        };
    }
    let verdict = match &evidence.against_before {
        Some(before) if before.tables > 0 && !(evidence.went_down || server_says_failed) => {
            if !before.is_whole() {
                // whoever works there deletes rows, too
                reasons.push("tables have fewer rows than the safety backup".into());
            }
            reasons.push("but the package may have been taken, and a restore may yet begin".into());
            Verdict::Unknown
        }
        Some(before) if before.tables > 0 && before.lacks_tables() => {
            reasons.push("but tables that held rows before are empty or gone".into());
            Verdict::Partial
        }
        Some(before) if before.tables > 0 && !before.is_whole() => {
            reasons.push(
                "but tables have fewer rows than before: somebody deleted them meanwhile, or they did not come back".into(),
            );
            Verdict::Unknown
        }
        Some(before) if before.tables > 0 => {
            reasons.push(format!(
                "and {} tables hold at least the rows they held before",
                before.tables
            ));
            Verdict::FailedReverted
        }
        _ if matches!(evidence.log, LogStory::Reverted { .. }) => Verdict::FailedReverted,
        _ => {
            reasons.push("but its content could not be compared with the safety backup".into());
            Verdict::Unknown
        }
    };
    Decision { verdict, reasons }
}

/// The marker is gone: something was loaded; the question is whether it was this package, and all of it.
fn data_was_replaced(evidence: &Evidence) -> Decision {
    let mut reasons = vec!["the marker put into the target is gone, so its data was replaced".to_owned()];
    let Some(content) = evidence
        .against_package
        .as_ref()
        .filter(|content| content.tables > 0)
    else {
        return replaced_without_content(evidence, reasons);
    };
    if !content.is_whole() {
        reasons.push(format!(
            "but {} of {} tables hold fewer rows than the package",
            content.missing.len(),
            content.tables
        ));
        // A dump of the server's own, made before the marker was put, brings the earlier rows back without it.
        if evidence.against_before.as_ref().is_some_and(Comparison::is_exact) {
            reasons.push(
                "and all hold exactly as many as before: the server may have gone back to a dump of its own, of which \
                 nobody knows how old it is"
                    .into(),
            );
            return Decision {
                verdict: Verdict::Unknown,
                reasons,
            };
        }
        let everything = content
            .missing
            .iter()
            .all(|table| table.found.unwrap_or_default() == 0);
        let empty = everything && content.missing.len() == content.tables;
        return Decision {
            verdict: if empty { Verdict::Lost } else { Verdict::Partial },
            reasons,
        };
    }
    reasons.push(format!(
        "{} tables hold the package's {} rows",
        content.tables, content.rows
    ));
    if let Some(message) = &evidence.failure_message {
        reasons.push(format!(
            "but in between the server said that it failed: {message}"
        ));
        return Decision {
            verdict: Verdict::Unknown,
            reasons,
        };
    }
    match &evidence.log {
        LogStory::Restored => {
            reasons.push("the server's log says of this request that the database was restored".into());
            with_warnings(evidence, reasons)
        }
        LogStory::Failed { .. } => {
            reasons.push(
                "but the server calls this very restore failed, so something that is not counted may be missing".into(),
            );
            Decision {
                verdict: Verdict::Partial,
                reasons,
            }
        }
        LogStory::Reverted { .. } | LogStory::RevertedLate { .. } | LogStory::RevertFailed { .. } => {
            reasons.push("but the server's log says that it went back to an earlier dump".into());
            Decision {
                verdict: Verdict::Unknown,
                reasons,
            }
        }
        LogStory::Tolerated { errors } => {
            reasons.push(format!(
                "but the server ignored errors while loading, so something that is not counted may be missing: {}",
                errors.first().map_or("see its log", String::as_str)
            ));
            Decision {
                verdict: Verdict::Partial,
                reasons,
            }
        }
        LogStory::Begun if evidence.process_died => {
            reasons.push(
                "but the server's process died before the end, so indexes and constraints, which are not counted, may be \
                 missing"
                    .into(),
            );
            Decision {
                verdict: Verdict::Unverified,
                ..with_warnings(evidence, reasons)
            }
        }
        // Another, older dump may hold as many rows and more: only the very same counts speak for the package.
        LogStory::Begun | LogStory::Silent | LogStory::Unreadable { .. } if !content.is_exact() => {
            reasons.push(format!(
                "but {} tables hold more, and the server's log does not tell whether it was this package",
                content.grown.len()
            ));
            Decision {
                verdict: Verdict::Unverified,
                reasons,
            }
        }
        LogStory::Begun | LogStory::Silent | LogStory::Unreadable { .. } => with_warnings(evidence, reasons),
    }
}

fn replaced_without_content(evidence: &Evidence, mut reasons: Vec<String>) -> Decision {
    let verdict = match &evidence.log {
        LogStory::Restored => {
            reasons.push(
                "the server's log says that the database was restored, but its content could not be compared"
                    .into(),
            );
            Verdict::Unverified
        }
        LogStory::Tolerated { .. }
        | LogStory::Failed { .. }
        | LogStory::RevertFailed { .. }
        | LogStory::RevertedLate { .. }
        | LogStory::Reverted { .. } => {
            reasons.push("and the server's log speaks of errors".into());
            Verdict::Partial
        }
        LogStory::Begun | LogStory::Silent | LogStory::Unreadable { .. } => {
            reasons.push("but neither its content nor the server's log could be read".into());
            Verdict::Unverified
        }
    };
    Decision { verdict, reasons }
}

/// Verified, and plainly so only when nothing is left for a person to look at.
fn with_warnings(evidence: &Evidence, mut reasons: Vec<String>) -> Decision {
    let mut warnings = Vec::new();
    if !matches!(evidence.log, LogStory::Restored) {
        warnings.push("the server's log does not tell how the restore ended".to_owned());
    }
    if !evidence.log_shows_end && matches!(evidence.log, LogStory::Restored | LogStory::Begun) {
        warnings.push(
            "the log does not show the upgrade that follows a restore, so tables that no backup holds may be missing: \
             run `yarn nocobase upgrade --skip-code-update` on its host"
                .to_owned(),
        );
    }
    if let Some(content) = &evidence.against_package
        && !content.grown.is_empty()
    {
        warnings.push(format!(
            "{} tables hold more rows than the package by now",
            content.grown.len()
        ));
    }
    if evidence.users.is_none() {
        warnings.push("the users could not be counted".into());
    }
    if let Some(content) = &evidence.against_package
        && content.tables < evidence.tables_not_reachable
    {
        warnings.push(format!(
            "only {} of the package's {} tables could be compared",
            content.tables,
            content.tables + evidence.tables_not_reachable
        ));
    }
    match &evidence.identity {
        Identity::Same => {}
        Identity::Changed { after, .. } => {
            warnings.push(format!("our credentials belong to {} now", after.username));
        }
        Identity::FellBack { after, .. } => warnings.push(format!(
            "our credentials no longer work there; those to fall back on ({}) do",
            after.username
        )),
        Identity::Refused { .. } => warnings.push(
            "our credentials no longer work there: set up others, of a user that the source has".into(),
        ),
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

/// No marker could be read: only a difference between the two contents can tell them apart.
fn without_marker(evidence: &Evidence) -> Decision {
    let package = evidence
        .against_package
        .as_ref()
        .filter(|content| content.tables > 0);
    let before = evidence
        .against_before
        .as_ref()
        .filter(|content| content.tables > 0);
    let mut reasons = vec![match &evidence.canary {
        Canary::Unreadable { reason } => {
            format!("the marker that tells old data from new cannot be looked up: {reason}")
        }
        _ => "there is no marker to tell old data from new".to_owned(),
    }];
    if let Identity::Refused { .. } = &evidence.identity {
        reasons.push(
            "our credentials no longer work there: look at it as a user of the package's source, or name other \
             credentials under `fallback` in the settings"
                .into(),
        );
    }
    let (is_package, is_before) = (
        package.map(|content| content.is_exact()),
        before.map(|content| content.is_exact()),
    );
    if let Some(message) = &evidence.failure_message
        && is_before != Some(true)
    {
        reasons.push(format!(
            "and in between the server said that it failed: {message}"
        ));
        return Decision {
            verdict: Verdict::Unknown,
            reasons,
        };
    }
    let verdict = match (is_package, is_before, &evidence.log) {
        (_, _, LogStory::RevertedLate { .. }) => {
            reasons.push("the server went back only after it had begun with the uploaded files".into());
            Verdict::Partial
        }
        (
            Some(true),
            Some(false),
            LogStory::Restored | LogStory::Begun | LogStory::Silent | LogStory::Unreadable { .. },
        ) => {
            reasons.push("but the content is the package's and not the earlier one".into());
            Verdict::VerifiedWithWarnings
        }
        (Some(true), _, LogStory::Restored) => {
            reasons
                .push("the content fits the package, and the server's log says that it was restored".into());
            Verdict::VerifiedWithWarnings
        }
        (Some(false), Some(true), _) => {
            reasons.push("the content is the earlier one".into());
            if evidence.went_down {
                Verdict::FailedReverted
            } else {
                reasons.push("but the package may have been taken, and a restore may yet begin".into());
                Verdict::Unknown
            }
        }
        (Some(true), Some(true), LogStory::Reverted { .. }) => {
            reasons.push("old and new content are alike; the server's log says that it went back".into());
            Verdict::FailedReverted
        }
        (Some(false), Some(false), log) => {
            reasons.push("the content is neither the package's nor the earlier one".into());
            let grown = |side: Option<&Comparison>| side.is_some_and(Comparison::is_whole);
            let begun = evidence.went_down
                || !matches!(
                    log,
                    LogStory::Begun | LogStory::Silent | LogStory::Unreadable { .. }
                );
            if !begun {
                reasons.push("but whoever works there changes rows, too, and a restore may yet begin".into());
                Verdict::Unknown
            } else if grown(before) || grown(package) {
                reasons.push("but one of them with more rows: it cannot be told which".into());
                Verdict::Unknown
            } else {
                Verdict::Partial
            }
        }
        (_, _, LogStory::Tolerated { .. } | LogStory::Failed { .. } | LogStory::RevertFailed { .. }) => {
            reasons.push("the server's log speaks of errors".into());
            Verdict::Partial
        }
        (None, _, LogStory::Restored) => {
            reasons
                .push("the server's log says that it was restored; the content could not be compared".into());
            Verdict::Unverified
        }
        _ => {
            reasons.push("and what can be seen does not settle it".into());
            Verdict::Unknown
        }
    };
    Decision { verdict, reasons }
}
