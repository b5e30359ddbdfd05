//! What a journal can hold. These types are the format on disk: they grow, they do not change their meaning.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ErrorReport;
use crate::evidence::Evidence;
use crate::ids::RunId;
use crate::migration::{MigrationBaseline, MigrationEvidence};
use crate::plan::{Plan, StepName};
use crate::verdict::Verdict;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The version of the format ([`super::JOURNAL_FORMAT`]).
    pub format: u32,
    /// Counts from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// How a plan was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmedBy {
    /// The plan overwrites nothing and needs no confirmation.
    NotNeeded,
    /// The plan's phrase was given, by a person or an assistant.
    Phrase,
    /// A script named the target in the same command that made the plan.
    TargetNamed,
    /// A person typed the phrase at a terminal.
    PersonAtTerminal,
    /// A person answered the client's question.
    PersonInClient,
    /// A person approved the plan at a terminal; whoever had made it then set it going.
    ApprovedAtTerminal,
}

/// Which of a run's two packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageRole {
    /// The one that is restored (or, in a backup run, made).
    Package,
    /// The target's safety backup.
    SafetyBackup,
}

/// A package that lies on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredPackage {
    /// The environment it was made on, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Where it lies.
    pub path: PathBuf,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StepOutcome {
    /// As it should.
    Done {
        /// What came of it, in a few words; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// It did not happen.
    Failed {
        /// Why.
        error: ErrorReport,
    },
    /// It may have happened or not.
    Unknown {
        /// What is known.
        error: ErrorReport,
    },
}

/// What can happen to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A confirmed plan became a run.
    RunCreated {
        /// Its name.
        run: RunId,
        /// The plan, whole.
        plan: Box<Plan>,
        /// How it was confirmed.
        confirmed_by: ConfirmedBy,
        /// Who approved it at a terminal, where somebody did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_by: Option<String>,
        /// Who asked for it, as the server that was asked calls them; absent on one's own machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller: Option<String>,
        /// Who made the plan, as the server that was asked calls them; absent on one's own machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned_by: Option<String>,
    },
    /// A process took the run up.
    RunnerStarted {
        /// Its process id.
        pid: u32,
    },
    /// A step begins; on disk before anything is sent.
    StepStarted {
        /// Which.
        step: StepName,
    },
    /// Something worth showing happened within a step, often in the server's own words.
    StepProgress {
        /// Which.
        step: StepName,
        /// What.
        message: String,
        /// Bytes moved so far, where bytes move.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// A package lies on this machine.
    PackageStored {
        /// Which.
        role: PackageRole,
        /// Where and what.
        package: StoredPackage,
    },
    /// The server accepted the upload that is being sent: the restore's, or that of a rollback.
    RestoreAccepted {
        /// Its request id, which its log lines carry.
        request_id: Option<String>,
        /// Its task id.
        task: Option<String>,
    },
    /// A step is over.
    StepEnded {
        /// Which.
        step: StepName,
        /// How.
        #[serde(flatten)]
        outcome: StepOutcome,
    },
    /// The evidence as it was gathered.
    EvidenceGathered {
        /// All of it.
        evidence: Box<Evidence>,
    },
    /// The evidence whether a rollback brought the earlier state back.
    RollBackEvidenceGathered {
        /// All of it.
        evidence: Box<Evidence>,
    },
    /// What was noted before a migration was sent.
    MigrationNoted {
        /// All of it.
        baseline: Box<MigrationBaseline>,
    },
    /// The server answered a migration that is being sent; its word proves nothing.
    MigrationAnswered {
        /// Its request id.
        request_id: Option<String>,
        /// Whether it calls it a success.
        success: Option<bool>,
        /// Its words.
        message: Option<String>,
    },
    /// The evidence of a migration.
    MigrationEvidenceGathered {
        /// All of it.
        evidence: Box<MigrationEvidence>,
    },
    /// The run is over.
    RunEnded {
        /// How.
        verdict: Verdict,
        /// Why that verdict, in sentences.
        reasons: Vec<String>,
        /// What stopped the run, where something did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<ErrorReport>,
        /// The exact commands that lead on or back.
        next: Vec<String>,
    },
}
