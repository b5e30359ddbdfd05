//! Confirmation: the only way from a plan to a run.
//!
//! A [`ConfirmedPlan`] cannot be built anywhere else, and it exists only when its run is already journalled:
//!
//! ```compile_fail
//! fn forge(run: release_engine::RunId) -> release_engine::ConfirmedPlan {
//!     release_engine::ConfirmedPlan { run }
//! }
//! ```
//!
//! Whether what answered was a person is for the face to know; it says so by the kind of [`Proof`] it hands in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::home::{Home, create_once, write_atomically};
use crate::ids::RunId;
use crate::journal::{self, ConfirmedBy, Event};
use crate::plan::{Plan, Strength};

/// What is offered as confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Nothing; enough for plans that overwrite nothing.
    None,
    /// The plan's phrase, from a person or an assistant.
    Phrase(String),
    /// The target's name, given in the very command that made the plan.
    TargetNamed(String),
    /// The plan's phrase, typed by a person at a terminal.
    TypedAtTerminal(String),
    /// A person said yes to the plan's phrase in a question of their client.
    AnsweredInClient(String),
}

/// A plan that was confirmed and became a run; it has to be started.
#[derive(Debug)]
#[must_use = "a confirmed plan does nothing until it is started"]
pub struct ConfirmedPlan {
    pub(crate) run: RunId,
}

impl ConfirmedPlan {
    /// The run it became.
    pub fn run(&self) -> &RunId {
        &self.run
    }
}

/// A person's approval of a plan, as kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The hash of the plan that was approved: another plan of that name is not meant.
    hash: String,
    /// Who approved it, in the words of the face that asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps a person's approval of this plan, whose phrase was typed at a terminal.
pub(crate) fn approve(
    home: &Home,
    plan: &Plan,
    typed: &str,
    by: &str,
    now: Timestamp,
) -> Result<Approval, EngineError> {
    weigh(plan, Strength::Person, &Proof::TypedAtTerminal(typed.to_owned()))?;
    let approval = Approval {
        hash: plan.hash.clone(),
        by: by
            .chars()
            .filter(|letter| !letter.is_control())
            .take(100)
            .collect(),
        at: now,
    };
    let bytes = serde_json::to_vec(&approval)
        .map_err(|error| EngineError::local("cannot write the approval", std::io::Error::other(error)))?;
    write_atomically(&home.plan_approved_file(&plan.id), &bytes)?;
    Ok(approval)
}

fn approval(home: &Home, plan: &Plan) -> Option<Approval> {
    let bytes = std::fs::read(home.plan_approved_file(&plan.id)).ok()?;
    let approval: Approval = serde_json::from_slice(&bytes).ok()?;
    (approval.hash == plan.hash).then_some(approval)
}

/// Who made a plan, as kept beside it: the plan itself is the same whoever asks for it.
#[derive(Serialize, Deserialize)]
struct Maker {
    /// The hash of the plan that they made: another plan of that name is not meant.
    hash: String,
    /// In the words of the server that they asked.
    by: String,
}

/// Keeps who made this plan.
pub(crate) fn keep_maker(home: &Home, plan: &Plan, by: &str) -> Result<(), EngineError> {
    let maker = Maker {
        hash: plan.hash.clone(),
        by: by.to_owned(),
    };
    let bytes = serde_json::to_vec(&maker).map_err(|error| {
        EngineError::local("cannot write who made the plan", std::io::Error::other(error))
    })?;
    write_atomically(&home.plan_maker_file(&plan.id), &bytes)
}

/// Who made this plan; nobody where it was made on one's own machine.
pub(crate) fn maker(home: &Home, plan: &Plan) -> Option<String> {
    let bytes = std::fs::read(home.plan_maker_file(&plan.id)).ok()?;
    let maker: Maker = serde_json::from_slice(&bytes).ok()?;
    (maker.hash == plan.hash).then_some(maker.by)
}

/// Whether this caller may confirm the plan: their own only. Whoever calls from nowhere but this machine owns it.
pub(crate) fn check_maker(home: &Home, plan: &Plan, caller: Option<&str>) -> Result<(), EngineError> {
    let maker = maker(home, plan);
    if caller.is_none() || maker.as_deref() == caller {
        return Ok(());
    }
    Err(EngineError::PlanOfAnother {
        plan: plan.id.to_string(),
        maker,
    })
}

/// Whether the plan has not become a run yet.
pub(crate) fn check_unused(home: &Home, plan: &Plan) -> Result<(), EngineError> {
    match std::fs::read_to_string(home.plan_used_file(&plan.id)) {
        Ok(run) => {
            let began = RunId::parse(&run).is_some_and(|run| home.run(&run).join("journal.jsonl").is_file());
            let run = if began {
                run
            } else {
                format!("{run}, which never began")
            };
            Err(EngineError::PlanUsed {
                plan: plan.id.to_string(),
                run,
            })
        }
        Err(_) => Ok(()),
    }
}

/// Checks the plan and the proof (`strength` is what policy asks by now), marks the plan as used, and journals the run.
pub(crate) fn confirm(
    home: &Home,
    plan: Plan,
    strength: Strength,
    proof: &Proof,
    caller: Option<&str>,
    now: Timestamp,
    random: u32,
) -> Result<ConfirmedPlan, EngineError> {
    let id = plan.id.to_string();
    if plan.compute_hash() != plan.hash {
        return Err(EngineError::PlanAltered { plan: id });
    }
    check_maker(home, &plan, caller)?;
    check_unused(home, &plan)?;
    if now >= plan.expires_at {
        return Err(EngineError::PlanExpired {
            plan: id,
            expired_at: plan.expires_at.to_string(),
        });
    }
    let approval = approval(home, &plan);
    let (confirmed_by, approved_by) = match (weigh(&plan, strength, proof), approval) {
        (Err(EngineError::NeedsPerson { .. } | EngineError::Unconfirmed { .. }), Some(approval)) => {
            (ConfirmedBy::ApprovedAtTerminal, Some(approval.by))
        }
        (weighed, _) => (weighed?, None),
    };
    let run = RunId::behind(journal::list_runs(home)?.first(), now, random);
    if !create_once(&home.plan_used_file(&plan.id), run.as_str().as_bytes())? {
        return Err(EngineError::PlanUsed {
            plan: id,
            run: "another run".into(),
        });
    }
    let first = Event::RunCreated {
        run: run.clone(),
        planned_by: maker(home, &plan),
        plan: Box::new(plan),
        confirmed_by,
        approved_by,
        caller: caller.map(Into::into),
    };
    journal::create(home, &run, first, now)?;
    Ok(ConfirmedPlan { run })
}

fn weigh(plan: &Plan, strength: Strength, proof: &Proof) -> Result<ConfirmedBy, EngineError> {
    let target = plan.target().unwrap_or_default();
    let phrase = plan.phrase();
    let wrong = |wanted| {
        Err(EngineError::WrongConfirmation {
            plan: plan.id.to_string(),
            wanted,
        })
    };
    match (strength, proof) {
        (Strength::None, _) => Ok(ConfirmedBy::NotNeeded),
        (_, Proof::TypedAtTerminal(typed)) if typed.is_empty() => Err(EngineError::Unconfirmed {
            plan: plan.id.to_string(),
            phrase,
        }),
        (_, Proof::TypedAtTerminal(typed)) if same(typed, &phrase) => Ok(ConfirmedBy::PersonAtTerminal),
        (_, Proof::AnsweredInClient(answered)) if same(answered, &phrase) => Ok(ConfirmedBy::PersonInClient),
        (_, Proof::TypedAtTerminal(_)) => wrong(Some(phrase)),
        // What a client is told may be read by an assistant: the phrase of a person is not repeated to it.
        (_, Proof::AnsweredInClient(_)) => wrong(None),
        (Strength::Person, _) => Err(EngineError::NeedsPerson {
            plan: plan.id.to_string(),
            environment: target.to_owned(),
        }),
        (Strength::Phrase, Proof::Phrase(given)) if same(given, &phrase) => Ok(ConfirmedBy::Phrase),
        (Strength::Phrase, Proof::TargetNamed(named)) if named == target => Ok(ConfirmedBy::TargetNamed),
        (Strength::Phrase, Proof::TargetNamed(_)) => wrong(None),
        (Strength::Phrase, Proof::Phrase(_)) => wrong(None),
        (Strength::Phrase, Proof::None) => Err(EngineError::Unconfirmed {
            plan: plan.id.to_string(),
            phrase,
        }),
    }
}

/// Phrases are compared as people copy them: surrounding blanks and letter case do not matter.
fn same(given: &str, phrase: &str) -> bool {
    let plain = |text: &str| {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };
    plain(given) == plain(phrase)
}
