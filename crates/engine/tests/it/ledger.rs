//! The ledger: what ended runs say of a package, in whatever order they are read, and nothing else.

use release_engine::journal::{ConfirmedBy, Event, Line, PackageRole, RunState, StoredPackage};
use release_engine::{
    Facts, LedgerEntry, PackageChoice, Plan, PlanAction, RunId, StepName, Undone, Verdict, ledger,
};

use crate::journal::{line, run};
use crate::plans::{environment, made, now};

fn plan(target: &str) -> Plan {
    let facts = Facts {
        source_in_doubt: None,
        source: Some(environment("dev")),
        target: Some(environment(target)),
        file: None,
        last_run: None,
        migration: None,
    };
    made(PackageChoice::New, facts).unwrap()
}

fn id(place: char) -> RunId {
    RunId::parse(&run().as_str().replace("aaaa", &place.to_string().repeat(4))).unwrap()
}

/// A run of this plan that put the package with this digest there and ended so; `None` has not ended.
fn placed(place: char, plan: Plan, sha256: &str, verdict: Option<Verdict>) -> RunState {
    let package = StoredPackage {
        environment: Some("dev".into()),
        path: "/p/x.nbdata".into(),
        sha256: sha256.into(),
        bytes: 1,
    };
    let created = Event::RunCreated {
        run: id(place),
        plan: Box::new(plan),
        confirmed_by: ConfirmedBy::Phrase,
        approved_by: None,
        caller: None,
        planned_by: None,
    };
    let later = |line: Line| Line {
        at: now() + jiff::SignedDuration::from_secs(i64::from(u32::from(place))),
        ..line
    };
    let mut state = RunState::begin(&line(1, created)).unwrap();
    let mut events = vec![
        Event::RunnerStarted { pid: 1 },
        Event::PackageStored {
            role: PackageRole::Package,
            package,
        },
        Event::StepStarted {
            step: StepName::Restore,
        },
    ];
    events.extend(verdict.map(|verdict| Event::RunEnded {
        verdict,
        reasons: Vec::new(),
        cause: None,
        next: Vec::new(),
    }));
    for (event, number) in events.into_iter().zip(2..) {
        state.apply(&later(line(number, event))).unwrap();
    }
    state
}

fn undo_of(place: char) -> Plan {
    let undone = Undone {
        run: id(place),
        summary: String::new(),
        environment: "test".into(),
        at: now(),
        verdict: Some(Verdict::Verified),
    };
    Plan {
        action: PlanAction::Undo,
        undoes: Some(undone),
        ..plan("test")
    }
}

fn proofs(entries: &[LedgerEntry], sha256: &str) -> Vec<String> {
    let entries = entries.iter().filter(|entry| entry.sha256 == sha256);
    entries
        .flat_map(|entry| &entry.placements)
        .filter(|placement| placement.is_proof())
        .map(|placement| placement.environment.clone())
        .collect()
}

#[test]
fn a_package_is_known_by_its_digest_wherever_it_was_put() {
    let mut runs = vec![
        placed('a', plan("test"), "11", Some(Verdict::Verified)),
        placed('b', plan("prod"), "11", Some(Verdict::VerifiedWithWarnings)),
        placed('c', plan("prod"), "22", Some(Verdict::Partial)),
        placed('d', plan("prod"), "33", None),
    ];
    let told = ledger(&runs);
    let digests: Vec<&str> = told.iter().map(|entry| entry.sha256.as_str()).collect();
    assert_eq!(digests, ["22", "11"], "newest first, and only what has ended");
    assert_eq!(proofs(&told, "11"), ["prod", "test"]);
    assert_eq!(proofs(&told, "22"), Vec::<String>::new());
    assert_eq!(told[1].source.as_deref(), Some("dev"));
    runs.reverse();
    assert_eq!(ledger(&runs), told);
}

#[test]
fn what_was_taken_back_proves_nothing_unless_that_failed() {
    let there = placed('a', plan("test"), "11", Some(Verdict::Verified));
    for (verdict, proven) in [
        (Verdict::Verified, 0),
        (Verdict::FailedUnchanged, 1),
        (Verdict::Unknown, 1),
    ] {
        let undo = placed('b', undo_of('a'), "99", Some(verdict));
        let told = ledger(&[there.clone(), undo]);
        assert_eq!(proofs(&told, "11").len(), proven, "{verdict:?}");
    }
}

#[test]
fn what_was_never_sent_is_nowhere() {
    let mut unsent = placed('a', plan("test"), "11", Some(Verdict::FailedUnchanged));
    unsent.steps.clear();
    assert_eq!(ledger(&[unsent]), []);
}
