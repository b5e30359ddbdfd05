//! Exit codes: documented in README, stable, and the only thing a script has to look at.

use std::process::ExitCode;

use release_engine::{EngineError, ErrorKind, RunReport, RunStanding, Verdict};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done; a run is verified, with or without warnings.
    Verified = 0,
    /// A server or this machine failed; nothing was touched.
    Failed = 1,
    /// The command or its names are wrong.
    Usage = 2,
    /// Policy refuses it, or wants a person.
    Policy = 3,
    /// Not confirmed, or confirmed too late.
    NotConfirmed = 4,
    /// Facts or the package speak against it; nothing was touched.
    Preflight = 5,
    /// Another run holds the target.
    Locked = 6,
    /// Ended well as far as could be seen, not proven.
    Unverified = 7,
    /// The run failed and the target is as before.
    FailedUnchanged = 8,
    /// The run failed and the earlier state was brought back.
    FailedReverted = 9,
    /// The target is damaged: content is missing, or it is down.
    Damaged = 10,
    /// What happened cannot be told.
    Unknown = 11,
    /// The sentence has to be made clearer.
    Question = 12,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&EngineError> for Exit {
    fn from(error: &EngineError) -> Self {
        if error.may_have_happened() {
            return Self::Unknown;
        }
        match error.kind() {
            ErrorKind::Usage => Self::Usage,
            ErrorKind::Policy => Self::Policy,
            ErrorKind::NotConfirmed => Self::NotConfirmed,
            ErrorKind::Preflight => Self::Preflight,
            ErrorKind::Locked => Self::Locked,
            ErrorKind::Failed => Self::Failed,
        }
    }
}

impl From<&RunReport> for Exit {
    fn from(report: &RunReport) -> Self {
        match (report.state, report.verdict) {
            (RunStanding::Ended, Some(verdict)) => match verdict {
                Verdict::Verified | Verdict::VerifiedWithWarnings => Self::Verified,
                Verdict::Unverified => Self::Unverified,
                Verdict::FailedUnchanged => match report.cause.as_ref().map(|cause| cause.code.as_str()) {
                    Some("target_locked") => Self::Locked,
                    _ if report.package_rejected => Self::Preflight,
                    _ => Self::FailedUnchanged,
                },
                Verdict::FailedReverted => Self::FailedReverted,
                Verdict::Partial | Verdict::Lost => Self::Damaged,
                Verdict::Unknown => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }
}
