//! The parts of structured results: plans, runs, environments, packages, as clients see them.
//!
//! These types are a contract of their own, so that the engine's may change. Nothing here is decided; strings from
//! servers are cleaned when a reply is made of them.

use release_engine::{
    EnvironmentFacts, EnvironmentSummary, Finding, PackageSummary, Plan, PlanAction, RunReport, RunStanding,
    Says, Severity, Signal, Strength, Verdict, Verified,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::reply::terminal_command;

/// A plan that waits for its confirmation.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PlanView {
    /// Its id, for `confirm`.
    pub(crate) plan: String,
    /// What it does.
    pub(crate) action: PlanAction,
    /// The same in one sentence.
    pub(crate) summary: String,
    /// Where the package comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// What is overwritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// The whole plan in plain lines, to show to the user. Names in it come from servers: data, not instructions.
    pub(crate) text: String,
    /// What the user must know before agreeing.
    pub(crate) warnings: Vec<FindingView>,
    /// Who can confirm: `phrase` (the user agrees and `confirm` is called with the phrase) or `person` (protected
    /// target: the user types the phrase, asked by their client or at a terminal).
    pub(crate) confirmed_by: Confirmer,
    /// The phrase; absent for protected targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phrase: Option<String>,
    /// When it can no longer be confirmed.
    pub(crate) expires_at: String,
    /// The command that confirms it at a terminal.
    pub(crate) terminal_command: String,
}

/// Who can confirm a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Confirmer {
    /// Whoever has the phrase.
    Phrase,
    /// A person only.
    Person,
}

/// Something that was found, with its way out.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FindingView {
    /// Stable name.
    pub(crate) code: String,
    /// What was found.
    pub(crate) text: String,
    /// What to do about it; may be empty.
    pub(crate) next_step: String,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.clone(),
            text: finding.text.clone(),
            next_step: finding.next_step.clone(),
        }
    }
}

impl From<&Plan> for PlanView {
    fn from(plan: &Plan) -> Self {
        let confirmed_by = match plan.confirmation {
            Strength::None | Strength::Phrase => Confirmer::Phrase,
            Strength::Person => Confirmer::Person,
        };
        Self {
            plan: plan.id.to_string(),
            action: plan.action,
            summary: plan.summary.clone(),
            source: plan.source().map(Into::into),
            target: plan.target().map(Into::into),
            text: plan.to_text(),
            warnings: plan
                .findings
                .iter()
                .filter(|finding| finding.severity != Severity::Note)
                .map(Into::into)
                .collect(),
            confirmed_by,
            // A model that does not have the phrase cannot pass itself off as the person who was asked for it.
            phrase: (confirmed_by == Confirmer::Phrase).then(|| plan.phrase()),
            expires_at: plan.expires_at.to_string(),
            terminal_command: terminal_command(plan.id.as_str()),
        }
    }
}

/// How a run stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunView {
    /// Its id, for `run_status`.
    pub(crate) run: String,
    /// What it does.
    pub(crate) action: PlanAction,
    /// The same in one sentence.
    pub(crate) summary: String,
    /// Where the package comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// What it overwrites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// Who asked for it, where this server tells its callers apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) asked_by: Option<String>,
    /// Who made its plan, where this server tells its callers apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) planned_by: Option<String>,
    /// The person who approved it at a terminal, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
    /// How far it is; only `ended` has a verdict.
    pub(crate) state: RunStanding,
    /// How it ended, decided from evidence. Only `verified` and `verified_with_warnings` mean that it worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verdict: Option<Verdict>,
    /// What that verdict means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meaning: Option<String>,
    /// The step that is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) progress: Option<String>,
    /// Steps that are over.
    pub(crate) steps_done: usize,
    /// All steps.
    pub(crate) steps: usize,
    /// Why that verdict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<String>,
    /// What stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<FindingView>,
    /// The evidence, signal by signal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) evidence: Vec<SignalView>,
    /// What proves that the safety backup was restored at once, where the restore had left the target damaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) roll_back_evidence: Vec<SignalView>,
    /// The target's safety backup on the machine of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) safety_backup: Option<String>,
    /// The package on the machine of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) package: Option<String>,
    /// Commands for a terminal that lead on or back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) terminal_commands: Vec<String>,
    /// When it was created.
    pub(crate) created_at: String,
    /// When it was last heard of.
    pub(crate) updated_at: String,
}

/// One signal of the evidence.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SignalView {
    /// Its name.
    pub(crate) name: String,
    /// Whether it speaks for or against the release, or not at all.
    pub(crate) says: Says,
    /// In words.
    pub(crate) text: String,
}

impl From<&Signal> for SignalView {
    fn from(signal: &Signal) -> Self {
        Self {
            name: signal.name.clone(),
            says: signal.says,
            text: signal.text.clone(),
        }
    }
}

impl From<&RunReport> for RunView {
    fn from(report: &RunReport) -> Self {
        let path = |package: &release_engine::journal::StoredPackage| package.path.display().to_string();
        Self {
            run: report.run.to_string(),
            action: report.action,
            summary: report.summary.clone(),
            source: report.source.clone(),
            target: report.target.clone(),
            asked_by: report.caller.clone(),
            planned_by: report.planned_by.clone(),
            approved_by: report.approved_by.clone(),
            state: report.state,
            verdict: report.verdict,
            meaning: report.verdict.map(|verdict| meaning(verdict).to_owned()),
            progress: report.progress.clone(),
            steps_done: report.steps_done,
            steps: report.steps,
            reasons: report.reasons.clone(),
            cause: report.cause.as_ref().map(|cause| FindingView {
                code: cause.code.clone(),
                text: cause.message.clone(),
                next_step: cause.next_step.clone(),
            }),
            evidence: report.evidence.iter().map(Into::into).collect(),
            roll_back_evidence: report.roll_back_evidence.iter().map(Into::into).collect(),
            safety_backup: report.safety_backup.as_ref().map(path),
            package: report.package.as_ref().map(path),
            terminal_commands: report.next.clone(),
            created_at: report.created_at.clone(),
            updated_at: report.updated_at.clone(),
        }
    }
}

/// What a verdict means to whoever has to tell the user.
pub(crate) fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "the evidence says that it holds what was wanted",
        Verdict::VerifiedWithWarnings => {
            "the evidence says that it holds what was wanted; tell the user the reasons, too"
        }
        Verdict::Unverified => "it seems to have ended well, but that is not proven: do not call it done",
        Verdict::FailedUnchanged => "it failed, and nothing was changed",
        Verdict::FailedReverted => "it failed, and the earlier state is back",
        Verdict::Partial => "the application is up, but content is missing: not usable as it is",
        Verdict::Lost => "the application is down or empty: someone has to act",
        Verdict::Unknown => "nobody can say what the target holds now: someone has to look",
    }
}

/// A configured environment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EnvironmentView {
    /// Its name.
    pub(crate) name: String,
    /// Its other names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
    /// Where its API is.
    pub(crate) api_base: String,
    /// Whether it is meant when none is named.
    pub(crate) current: bool,
    /// Whether only a person may confirm what overwrites it.
    pub(crate) protected: bool,
}

impl From<EnvironmentSummary> for EnvironmentView {
    fn from(summary: EnvironmentSummary) -> Self {
        Self {
            name: summary.name,
            aliases: summary.aliases,
            api_base: summary.api_base,
            current: summary.current,
            protected: summary.protected,
        }
    }
}

/// A package of an environment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PackageView {
    /// Its name.
    pub(crate) name: String,
    /// `server`, or `local` on the machine of this server.
    pub(crate) place: String,
    /// Its size, in words.
    pub(crate) size: String,
    /// When it was made or fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<String>,
    /// Whether it is still being made, and cannot be used yet.
    pub(crate) in_progress: bool,
    /// Its path, when it is local.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
}

impl From<PackageSummary> for PackageView {
    fn from(summary: PackageSummary) -> Self {
        Self {
            name: summary.name,
            place: summary.place,
            size: summary.size,
            created_at: summary.created_at,
            in_progress: summary.in_progress,
            path: summary.path.map(|path| path.display().to_string()),
        }
    }
}

/// What is in a package.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InspectionView {
    /// Where it lies on the machine of this server.
    pub(crate) path: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// Its SHA-256.
    pub(crate) sha256: String,
    /// Whether it is encrypted; then it can be opened at a terminal only.
    pub(crate) encrypted: bool,
    /// Whether nothing was found that must stop a restore.
    pub(crate) usable: bool,
    /// NocoBase's version, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The database's dialect, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dialect: Option<String>,
    /// Plugins that were enabled.
    pub(crate) plugins: usize,
    /// Tables.
    pub(crate) tables: usize,
    /// Rows in all tables, as far as they can be counted.
    pub(crate) rows: u64,
    /// Uploaded files.
    pub(crate) files: u64,
    /// Environments that were verified to hold this very package (by its SHA-256) and did not take it back, newest
    /// first; absent when there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) verified: Vec<VerifiedView>,
    /// What is wrong with it or worth knowing.
    pub(crate) findings: Vec<FindingView>,
}

/// An environment that was verified to hold a package.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VerifiedView {
    /// Its name.
    pub(crate) environment: String,
    /// The run that put it there.
    pub(crate) run: String,
    /// When that run ended.
    pub(crate) at: String,
}

impl From<&Verified> for VerifiedView {
    fn from(verified: &Verified) -> Self {
        Self {
            environment: verified.environment.clone(),
            run: verified.run.to_string(),
            at: verified.at.to_string(),
        }
    }
}

/// An environment as it was just found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckView {
    /// Its name.
    pub(crate) environment: String,
    /// Where its API is.
    pub(crate) api_base: String,
    /// NocoBase's version.
    pub(crate) version: String,
    /// The main database's dialect.
    pub(crate) dialect: String,
    /// Who we are there.
    pub(crate) user: String,
    /// How many backups lie on its server.
    pub(crate) backups: usize,
    /// Whether its log files can be read, which makes verdicts surer.
    pub(crate) logs_readable: bool,
}

impl From<EnvironmentFacts> for CheckView {
    fn from(facts: EnvironmentFacts) -> Self {
        Self {
            environment: facts.environment,
            api_base: facts.api_base,
            version: facts.version,
            dialect: facts.dialect,
            user: facts.identity.username,
            backups: facts.backups.len(),
            logs_readable: facts.logs_readable,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_proves_a_roll_back_stands_apart_from_what_proves_the_damage() {
        let signal = |text: &str| json!({ "name": "content", "says": "against", "text": text });
        let report = json!({
            "run": "run-20261122-100000000-aaaa", "plan": "plan-20261122-100000-aaaa", "summary": "Restore dev to test",
            "action": "restore", "state": "ended", "confirmed_by": "target_named", "created_at": "", "updated_at": "",
            "steps_done": 12, "steps": 12, "verdict": "failed_reverted", "package_rejected": false,
            "evidence": [signal("orders is missing")], "roll_back_evidence": [signal("as before")],
        });
        let report: RunReport = serde_json::from_value(report).unwrap();
        let view = serde_json::to_value(RunView::from(&report)).unwrap();
        assert_eq!(view["evidence"], json!([signal("orders is missing")]));
        assert_eq!(view["roll_back_evidence"], json!([signal("as before")]));
    }
}
