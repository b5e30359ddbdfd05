//! From events to state: the one function that says which event may follow which, and what it comes to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::{ConfirmedBy, Event, Line, PackageRole, StepOutcome, StoredPackage};
use crate::error::ErrorReport;
use crate::evidence::Evidence;
use crate::ids::RunId;
use crate::migration::{MigrationBaseline, MigrationEvidence};
use crate::plan::{Plan, PlanAction, StepName};
use crate::verdict::Verdict;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Confirmed, not taken up.
    Created,
    /// A process took it up.
    Running,
    /// It has a verdict.
    Ended,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Begun, without an end: whether it happened is not known until it is read back.
    Started,
    /// Over.
    Ended(StepOutcome),
}

/// An upload that the server accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptedUpload {
    /// The server's request id, which its log lines carry.
    pub request_id: Option<String>,
    /// The server's task, for the short time in which it can be asked.
    pub task: Option<String>,
}

/// The server's word about a migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationAnswer {
    /// Whether it calls it a success.
    pub success: Option<bool>,
    /// Its words.
    pub message: Option<String>,
}

/// How a process that takes a run up may go on. Nothing that may have been sent is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumption {
    /// No step began: from the first.
    Begin,
    /// The upload did not begin: the target is as it was, and the run ends so.
    EndUnchanged,
    /// The upload began: the target is read back.
    ReadBack,
    /// The upload of the way back began: the target is read back after it.
    ReadRollBack,
    /// It is over.
    Nothing,
}

/// The state of a run.
#[derive(Debug, Clone)]
pub struct RunState {
    /// Its name.
    pub run: RunId,
    /// Its plan.
    pub plan: Plan,
    /// How it was confirmed.
    pub confirmed_by: ConfirmedBy,
    /// Who approved it at a terminal, where somebody did.
    pub approved_by: Option<String>,
    /// Who asked for it, where it was asked for over a network.
    pub caller: Option<String>,
    /// Who made the plan, where that was asked for over a network.
    pub planned_by: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its last line was written.
    pub updated_at: Timestamp,
    /// How far it is.
    pub phase: Phase,
    /// The process that has it, or had it last.
    pub pid: Option<u32>,
    /// How many processes have taken it up.
    pub runners: u32,
    /// Every step that began.
    pub steps: BTreeMap<StepName, StepState>,
    /// The step that is on, with the last word about it.
    pub progress: Option<(StepName, String)>,
    /// The packages on this machine.
    pub packages: BTreeMap<PackageRole, StoredPackage>,
    /// The uploads that the server accepted, by the step that sent them.
    pub accepted: BTreeMap<StepName, AcceptedUpload>,
    /// The evidence, once gathered.
    pub evidence: Option<Evidence>,
    /// The evidence of a rollback, once gathered.
    pub roll_back_evidence: Option<Evidence>,
    /// What was noted before a migration was sent.
    pub migration_baseline: Option<MigrationBaseline>,
    /// What the server answered to a migration.
    pub migration_answer: Option<MigrationAnswer>,
    /// The evidence of a migration, once gathered.
    pub migration_evidence: Option<MigrationEvidence>,
    /// The verdict, once decided.
    pub verdict: Option<Verdict>,
    /// Why that verdict.
    pub reasons: Vec<String>,
    /// What stopped the run.
    pub cause: Option<ErrorReport>,
    /// The commands that lead on or back.
    pub next: Vec<String>,
    /// The last line's number.
    pub last_line: u64,
}

/// An event that cannot follow the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct IllegalEvent {
    /// The line's number.
    pub line: u64,
    /// Why not.
    pub reason: String,
}

impl RunState {
    /// The state after a journal's first line.
    pub fn begin(line: &Line) -> Result<Self, IllegalEvent> {
        match &line.event {
            Event::RunCreated {
                run,
                plan,
                confirmed_by,
                approved_by,
                caller,
                planned_by,
            } if line.number == 1 => Ok(Self {
                run: run.clone(),
                plan: (**plan).clone(),
                confirmed_by: *confirmed_by,
                approved_by: approved_by.clone(),
                caller: caller.clone(),
                planned_by: planned_by.clone(),
                created_at: line.at,
                updated_at: line.at,
                phase: Phase::Created,
                pid: None,
                runners: 0,
                steps: BTreeMap::new(),
                progress: None,
                packages: BTreeMap::new(),
                accepted: BTreeMap::new(),
                evidence: None,
                roll_back_evidence: None,
                migration_baseline: None,
                migration_answer: None,
                migration_evidence: None,
                verdict: None,
                reasons: Vec::new(),
                cause: None,
                next: Vec::new(),
                last_line: 1,
            }),
            _ => Err(IllegalEvent {
                line: line.number,
                reason: "a journal begins with run_created as line 1".into(),
            }),
        }
    }

    /// The state after one more line; an illegal line changes nothing.
    pub fn apply(&mut self, line: &Line) -> Result<(), IllegalEvent> {
        let illegal = |reason: &str| {
            Err(IllegalEvent {
                line: line.number,
                reason: reason.to_owned(),
            })
        };
        if line.number != self.last_line + 1 {
            return illegal("a line is missing or repeated");
        }
        match (self.phase, &line.event) {
            (Phase::Ended, _) => return illegal("the run has ended"),
            (_, Event::RunCreated { .. }) => return illegal("the run exists already"),
            (_, Event::RunnerStarted { pid }) => {
                self.phase = Phase::Running;
                self.pid = Some(*pid);
                self.runners += 1;
            }
            (Phase::Created, _) => return illegal("no process has taken the run up"),
            (Phase::Running, Event::StepStarted { step }) => {
                if self.steps.contains_key(step) {
                    return illegal("a step begins once");
                }
                self.steps.insert(*step, StepState::Started);
                self.progress = Some((*step, String::new()));
            }
            (Phase::Running, Event::StepProgress { step, message, .. }) => {
                if !self.is_open(*step) {
                    return illegal("progress of a step that is not on");
                }
                self.progress = Some((*step, message.clone()));
            }
            (Phase::Running, Event::StepEnded { step, outcome }) => {
                if !self.is_open(*step) {
                    return illegal("the end of a step that is not on");
                }
                self.steps.insert(*step, StepState::Ended(outcome.clone()));
            }
            (Phase::Running, Event::PackageStored { role, package }) => {
                self.packages.insert(*role, package.clone());
            }
            (Phase::Running, Event::RestoreAccepted { request_id, task }) => {
                let sending = [StepName::RollBack, StepName::Restore]
                    .into_iter()
                    .find(|step| self.is_open(*step));
                let Some(step) = sending else {
                    return illegal("an upload is accepted while it is being sent");
                };
                let upload = AcceptedUpload {
                    request_id: request_id.clone(),
                    task: task.clone(),
                };
                self.accepted.insert(step, upload);
            }
            (Phase::Running, Event::EvidenceGathered { evidence }) => {
                self.evidence = Some((**evidence).clone())
            }
            (Phase::Running, Event::RollBackEvidenceGathered { evidence }) => {
                self.roll_back_evidence = Some((**evidence).clone())
            }
            (Phase::Running, Event::MigrationNoted { baseline }) => {
                self.migration_baseline = Some((**baseline).clone());
            }
            (Phase::Running, Event::MigrationAnswered { success, message, .. }) => {
                if !self.is_open(StepName::ExecuteMigration) {
                    return illegal("a migration is answered while it is being sent");
                }
                self.migration_answer = Some(MigrationAnswer {
                    success: *success,
                    message: message.clone(),
                });
            }
            (Phase::Running, Event::MigrationEvidenceGathered { evidence }) => {
                self.migration_evidence = Some((**evidence).clone());
            }
            (
                Phase::Running,
                Event::RunEnded {
                    verdict,
                    reasons,
                    cause,
                    next,
                },
            ) => {
                self.phase = Phase::Ended;
                self.verdict = Some(*verdict);
                self.reasons.clone_from(reasons);
                self.cause.clone_from(cause);
                self.next.clone_from(next);
                self.progress = None;
            }
        }
        self.last_line = line.number;
        self.updated_at = line.at;
        Ok(())
    }

    /// How a process that takes the run up now may go on.
    pub fn resumption(&self) -> Resumption {
        if self.phase == Phase::Ended {
            Resumption::Nothing
        } else if self.began(StepName::RollBack) {
            Resumption::ReadRollBack
        } else if self.began_overwriting() {
            Resumption::ReadBack
        } else if self.steps.is_empty() {
            Resumption::Begin
        } else {
            Resumption::EndUnchanged
        }
    }

    /// Whether a step began, whatever came of it.
    pub fn began(&self, step: StepName) -> bool {
        self.steps.contains_key(&step)
    }

    /// Whether a request that overwrites the target was begun, by a restore or by a migration; the variables that a
    /// migration makes before it is executed count.
    pub fn began_overwriting(&self) -> bool {
        let steps = [
            StepName::Restore,
            StepName::SetVariables,
            StepName::ExecuteMigration,
        ];
        steps.into_iter().any(|step| self.began(step))
    }

    /// Whether a step ended as it should.
    pub fn done(&self, step: StepName) -> bool {
        matches!(
            self.steps.get(&step),
            Some(StepState::Ended(StepOutcome::Done { .. }))
        )
    }

    /// The target's safety backup, whichever package serves as it.
    pub fn safety_backup(&self) -> Option<&StoredPackage> {
        let role = if self.plan.package_is_safety_backup {
            PackageRole::Package
        } else {
            PackageRole::SafetyBackup
        };
        self.packages.get(&role)
    }

    /// The run to name for an undo, and the package that leads back to the last good state: of an undo that ended badly
    /// they are those of the run that it was to take back, since its own safety backup holds the damage.
    pub fn way_back(&self) -> (&RunId, Option<&StoredPackage>) {
        let bad = matches!(
            self.verdict,
            Some(Verdict::Partial | Verdict::Lost | Verdict::Unknown)
        );
        match &self.plan.undoes {
            Some(earlier) if bad && self.plan.action == PlanAction::Undo => {
                (&earlier.run, self.packages.get(&PackageRole::Package))
            }
            _ => (&self.run, self.safety_backup()),
        }
    }

    fn is_open(&self, step: StepName) -> bool {
        matches!(self.steps.get(&step), Some(StepState::Started))
    }
}
