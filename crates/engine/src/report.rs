//! Plans and runs in words: what both faces show, and the commands that lead on.
//!
//! Text only; colour, progress bars and schemas are the faces' business.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ErrorReport;
use crate::evidence::{Evidence, Says, Signal, Standing};
use crate::finding::Severity;
use crate::ids::{PlanId, RunId};
use crate::journal::{ConfirmedBy, Phase, RunState, StepOutcome, StepState, StoredPackage};
use crate::plan::{Plan, PlanAction, PlannedPackage, StepName, Strength};
use crate::verdict::Verdict;

/// How a run stands, as data for structured results and `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// Its name.
    pub run: RunId,
    /// The plan it executes.
    pub plan: PlanId,
    /// What it does, in one sentence.
    pub summary: String,
    /// What it does.
    pub action: PlanAction,
    /// Where the package comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What it overwrites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// `created`, `running`, `interrupted` or `ended`.
    pub state: RunStanding,
    /// How it was confirmed.
    pub confirmed_by: ConfirmedBy,
    /// Who approved it at a terminal, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Who asked for it, where it was asked for over a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Who made the plan, where that was asked for over a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_by: Option<String>,
    /// When it was created.
    pub created_at: String,
    /// When its last line was written.
    pub updated_at: String,
    /// The step that is on, with the last word about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// Steps that are over, of all.
    pub steps_done: usize,
    /// All steps.
    pub steps: usize,
    /// The verdict, once decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why that verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Whether the judgement of the packages stopped it: nothing was sent.
    pub package_rejected: bool,
    /// What stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ErrorReport>,
    /// The evidence, signal by signal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Signal>,
    /// The evidence of a rollback, signal by signal; the package is the safety backup there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roll_back_evidence: Vec<Signal>,
    /// The target's safety backup on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_backup: Option<StoredPackage>,
    /// The package on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<StoredPackage>,
    /// The exact commands that lead on or back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
}

/// How far a run is, with the dead ones told from the living.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStanding {
    /// Confirmed, not taken up yet.
    Created,
    /// Being executed.
    Running,
    /// Its process died before the end.
    Interrupted,
    /// It has a verdict.
    Ended,
}

impl RunReport {
    /// A report of this state; `alive` is whether a process has the run.
    pub fn new(state: &RunState, alive: bool) -> Self {
        let standing = match (state.phase, alive) {
            (Phase::Created, _) => RunStanding::Created,
            (Phase::Running, true) => RunStanding::Running,
            (Phase::Running, false) => RunStanding::Interrupted,
            (Phase::Ended, _) => RunStanding::Ended,
        };
        let interrupted = standing == RunStanding::Interrupted;
        Self {
            run: state.run.clone(),
            plan: state.plan.id.clone(),
            summary: state.plan.summary.clone(),
            action: state.plan.action,
            source: state.plan.source().map(Into::into),
            target: state.plan.target().map(Into::into),
            state: standing,
            confirmed_by: state.confirmed_by,
            approved_by: state.approved_by.clone(),
            caller: state.caller.clone(),
            planned_by: state.planned_by.clone(),
            created_at: state.created_at.to_string(),
            updated_at: state.updated_at.to_string(),
            progress: state.progress.as_ref().map(|(step, word)| {
                let title = step_title(&state.plan, *step);
                if word.is_empty() {
                    title
                } else {
                    format!("{title}: {word}")
                }
            }),
            steps_done: state
                .steps
                .values()
                .filter(|step| matches!(step, StepState::Ended(_)))
                .count()
                .min(state.plan.steps.len()),
            steps: state.plan.steps.len(),
            verdict: state.verdict,
            reasons: state.reasons.clone(),
            package_rejected: match state.steps.get(&StepName::Judge) {
                Some(StepState::Ended(StepOutcome::Failed { error })) => error.code != "local_failure",
                _ => false,
            },
            cause: state.cause.clone(),
            evidence: match &state.migration_evidence {
                Some(evidence) => evidence.signals(),
                None => signals(state.evidence.as_ref()),
            },
            roll_back_evidence: signals(state.roll_back_evidence.as_ref()),
            safety_backup: state.safety_backup().cloned(),
            package: state.packages.get(&crate::journal::PackageRole::Package).cloned(),
            next: if interrupted {
                vec![format!("nocobase-release runs resume {}", state.run)]
            } else {
                state.next.clone()
            },
        }
    }

    /// The report in plain lines.
    pub fn to_text(&self) -> String {
        let mut text = Vec::new();
        text.push(format!("{}: {}", self.run, self.summary));
        if let Some(maker) = &self.planned_by {
            text.push(format!("planned by {maker}"));
        }
        if let Some(caller) = &self.caller {
            text.push(format!("asked for by {caller}"));
        }
        if let Some(person) = &self.approved_by {
            text.push(format!("approved by {person}"));
        }
        match (self.state, self.verdict) {
            (RunStanding::Ended, Some(verdict)) => {
                text.push(format!("verdict: {}", verdict.as_str()));
            }
            (RunStanding::Interrupted, _) => {
                text.push("interrupted: its process died before the end".to_owned());
            }
            _ => {
                let word = self.progress.as_deref().unwrap_or("waiting to begin");
                text.push(format!(
                    "running, {} of {} steps: {word}",
                    self.steps_done, self.steps
                ));
            }
        }
        for reason in &self.reasons {
            text.push(format!("  {reason}"));
        }
        let parts = [
            ("evidence", &self.evidence),
            ("evidence of the way back", &self.roll_back_evidence),
        ];
        for (title, signals) in parts.into_iter().filter(|(_, signals)| !signals.is_empty()) {
            text.push(format!("{title} (+ for, - against, · says nothing either way):"));
            let widest = signals.iter().map(|signal| signal.name.chars().count()).max();
            let width = widest.unwrap_or_default();
            for signal in signals {
                text.push(format!(
                    "  {} {:<width$} {}",
                    mark(signal.says),
                    signal.name,
                    signal.text
                ));
            }
        }
        if let Some(package) = &self.safety_backup {
            text.push(format!(
                "safety backup: {} (sha256 {})",
                package.path.display(),
                package.sha256
            ));
        } else if self.action == PlanAction::Backup
            && let Some(package) = &self.package
        {
            text.push(format!(
                "package: {} (sha256 {})",
                package.path.display(),
                package.sha256
            ));
        }
        if let Some(cause) = &self.cause
            && !cause.next_step.is_empty()
        {
            text.push(format!("what to do: {}", cause.next_step));
        }
        for command in &self.next {
            text.push(format!("next: {command}"));
        }
        text.join(
            "
",
        ) + "
"
    }
}

fn signals(evidence: Option<&Evidence>) -> Vec<Signal> {
    evidence.map(Evidence::signals).unwrap_or_default()
}

fn mark(says: Says) -> char {
    match says {
        Says::For => '+',
        Says::Against => '-',
        Says::Nothing => '·',
    }
}

impl Plan {
    /// The plan in plain lines, for the person who is to confirm it.
    pub fn to_text(&self) -> String {
        self.lines(true)
    }

    /// The same for whoever may read it and not confirm it: without what confirms it.
    pub fn to_text_for_others(&self) -> String {
        self.lines(false)
    }

    fn lines(&self, with_confirmation: bool) -> String {
        let mut text = Vec::new();
        text.push(format!("{}: {}", self.id, self.summary));
        for (side, facts) in [("source", &self.facts.source), ("target", &self.facts.target)] {
            let Some(facts) = facts else { continue };
            text.push(format!(
                "  {side}: {} at {}, NocoBase {}, {}, as {}",
                facts.environment, facts.api_base, facts.version, facts.dialect, facts.identity.username
            ));
        }
        match &self.package {
            PlannedPackage::New { environment } if self.migration.is_some() => {
                text.push(format!("  package: a new migration package of {environment}"));
            }
            PlannedPackage::New { environment } => {
                text.push(format!("  package: a new backup of {environment}"));
            }
            PlannedPackage::Server {
                environment,
                name,
                size,
                created_at,
            } => {
                let when = created_at.as_deref().unwrap_or("an unknown time");
                text.push(format!(
                    "  package: {name} on {environment} ({size}, made {when})"
                ));
            }
            PlannedPackage::File { path, sha256, bytes } => {
                text.push(format!(
                    "  package: {} ({bytes} bytes, sha256 {sha256})",
                    path.display()
                ));
                let verified = self.facts.file.iter().flat_map(|file| &file.verified);
                text.extend(verified.map(|one| format!("    {}", one.to_text())));
            }
        }
        if let Some(migration) = &self.migration {
            text.push("effects:".to_owned());
            text.extend(migration.effects.iter().map(|effect| format!("  - {effect}")));
        }
        if !self.destroys.is_empty() {
            text.push("overwrites:".to_owned());
            for line in &self.destroys {
                text.push(format!("  ! {line}"));
            }
        }
        let shown: Vec<_> = self
            .findings
            .iter()
            .filter(|finding| finding.severity != Severity::Note)
            .collect();
        if !shown.is_empty() {
            text.push("warnings:".to_owned());
            for finding in shown {
                text.push(format!("  - {} [{}]", finding.text, finding.code));
                if !finding.next_step.is_empty() {
                    text.push(format!("    -> {}", finding.next_step));
                }
            }
        }
        let notes: Vec<_> = self
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Note)
            .collect();
        if !notes.is_empty() {
            text.push("notes:".to_owned());
            for finding in notes {
                text.push(format!("  - {}", finding.text));
            }
        }
        text.push("steps:".to_owned());
        for (number, step) in self.steps.iter().enumerate() {
            let place = step
                .environment
                .as_deref()
                .map(|name| format!(" [{name}]"))
                .unwrap_or_default();
            text.push(format!("  {:>2}.{place} {}", number + 1, step.title));
        }
        if let Some(target) = self.target() {
            let way_back = if self.package_is_safety_backup {
                "the backup made in this run".to_owned()
            } else if self.undoes_damage() {
                format!(
                    "a safety backup of {target}, if one can still be made: it is known to be damaged, and that does not \
                     keep it from being mended"
                )
            } else {
                format!(
                    "a safety backup of {target}, made, fetched and proven before anything is overwritten"
                )
            };
            text.push(format!("way back: undo, from {way_back}"));
        }
        match self.confirmation {
            Strength::None => {}
            _ if !with_confirmation => {
                text.push("only whoever made it can confirm it".to_owned());
            }
            Strength::Phrase => {
                let until = self.expires_at.strftime("%H:%M:%S UTC");
                text.push(format!(
                    "confirm until {until} with the phrase: {}",
                    self.phrase()
                ));
                text.push(format!(
                    "  nocobase-release apply {} --confirm {:?}",
                    self.id,
                    self.phrase()
                ));
            }
            Strength::Person => {
                text.push(format!(
                    "{} is protected: a person confirms until {} at a terminal with: nocobase-release apply {}",
                    self.target().unwrap_or_default(),
                    self.expires_at.strftime("%H:%M:%S UTC"),
                    self.id
                ));
                text.push(format!(
                    "  or approves what an assistant then sets going: nocobase-release approve {}",
                    self.id
                ));
            }
        }
        text.join(
            "
",
        ) + "
"
    }
}

/// The title of a step, as the plan words it.
pub fn step_title(plan: &Plan, step: StepName) -> String {
    let found = plan.steps.iter().find(|candidate| candidate.name == step);
    match found {
        Some(found) => match &found.environment {
            Some(environment) => format!("[{environment}] {}", found.title),
            None => found.title.clone(),
        },
        // Both follow the plan's rollback step and are no steps of a plan.
        None if step == StepName::WatchRollBack => "watch the way back".to_owned(),
        None if step == StepName::VerifyRollBack => "gather evidence of the way back".to_owned(),
        None => format!("{step:?}"),
    }
}

/// The exact commands that lead on from a verdict.
///
/// `locked` is whether the safety backup is encrypted.
pub(crate) fn next_commands(
    state: &RunState,
    verdict: Verdict,
    cause: Option<&ErrorReport>,
    locked: bool,
) -> Vec<String> {
    let Some(target) = state.plan.target() else {
        return Vec::new();
    };
    let (undone, good) = state.way_back();
    let undo = format!("nocobase-release undo {target} --run {undone}");
    let on_host = || {
        let file = good.map_or_else(|| "FILE".to_owned(), |package| package.path.display().to_string());
        let decrypt = locked.then(|| {
            format!("nocobase-release packages decrypt {file} PLAIN --password-file FILE (its command line takes no password)")
        });
        let copy = vec![
            format!(
                "copy {file} to the host of {target}; in its application folder: yarn nocobase restore FILE"
            ),
            "restart it there, then: yarn nocobase upgrade --skip-code-update".to_owned(),
        ];
        decrypt.into_iter().chain(copy).collect::<Vec<String>>()
    };
    match verdict {
        Verdict::Verified | Verdict::VerifiedWithWarnings | Verdict::Unverified | Verdict::Partial => {
            vec![undo]
        }
        Verdict::Unknown => {
            let mut next = vec![format!("nocobase-release envs check {target}"), undo];
            next.extend(on_host());
            next
        }
        Verdict::Lost => {
            // what was seen last says how it stands
            let last = state.roll_back_evidence.as_ref().or(state.evidence.as_ref());
            let standing = match (last, &state.migration_evidence) {
                (Some(evidence), _) => Some(&evidence.standing),
                (None, Some(evidence)) => Some(&evidence.standing),
                (None, None) => None,
            };
            let up = standing == Some(&Standing::Up);
            let mut next = if up { vec![undo] } else { Vec::new() };
            next.extend(on_host());
            next
        }
        Verdict::FailedUnchanged | Verdict::FailedReverted => match cause {
            Some(_) => Vec::new(),
            None => vec![format!("nocobase-release envs check {target}")],
        },
    }
}
