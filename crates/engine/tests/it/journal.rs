//! From journals to states: what may follow what, and files that a crash, a person or a newer version left behind.

use std::fs;

use proptest::prelude::*;
use release_engine::journal::{ConfirmedBy, Event, JOURNAL_FORMAT, Line, Phase, RunState, StepOutcome, read};
use release_engine::{Home, PackageChoice, RunId, StepName, Verdict};

use crate::plans::{environment, made, now};

fn plan() -> Box<release_engine::Plan> {
    let facts = release_engine::Facts {
        source_in_doubt: None,
        source: Some(environment("dev")),
        target: Some(environment("test")),
        file: None,
        last_run: None,
        migration: None,
    };
    Box::new(made(PackageChoice::New, facts).unwrap())
}

pub(crate) fn run() -> RunId {
    RunId::parse("run-20261122-200000-aaaa").unwrap()
}

pub(crate) fn line(number: u64, event: Event) -> Line {
    Line {
        format: JOURNAL_FORMAT,
        number,
        at: now(),
        event,
    }
}

pub(crate) fn created() -> Event {
    Event::RunCreated {
        run: run(),
        plan: plan(),
        confirmed_by: ConfirmedBy::Phrase,
        approved_by: None,
        caller: None,
        planned_by: None,
    }
}

pub(crate) fn ended() -> Event {
    Event::RunEnded {
        verdict: Verdict::Verified,
        reasons: Vec::new(),
        cause: None,
        next: Vec::new(),
    }
}

pub(crate) fn done(step: StepName) -> Event {
    Event::StepEnded {
        step,
        outcome: StepOutcome::Done { note: String::new() },
    }
}

/// A home that holds this journal.
pub(crate) fn home(text: &str) -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    fs::create_dir_all(home.run(&run())).unwrap();
    fs::write(home.run(&run()).join("journal.jsonl"), text).unwrap();
    (folder, home)
}

pub(crate) fn text(events: Vec<Event>) -> String {
    let lines = events.into_iter().zip(1..).map(|(event, number)| {
        let mut line = serde_json::to_string(&line(number, event)).unwrap();
        line.push('\n');
        line
    });
    lines.collect()
}

#[test]
fn a_run_goes_from_created_to_ended_and_no_further() {
    let mut state = RunState::begin(&line(1, created())).unwrap();
    assert_eq!(state.phase, Phase::Created);
    let step = StepName::Restore;
    assert!(
        state.apply(&line(2, Event::StepStarted { step })).is_err(),
        "nobody has taken it up"
    );
    state.apply(&line(2, Event::RunnerStarted { pid: 1 })).unwrap();
    assert!(
        state.apply(&line(3, done(step))).is_err(),
        "what did not begin does not end"
    );
    state.apply(&line(3, Event::StepStarted { step })).unwrap();
    assert!(
        state.apply(&line(4, Event::StepStarted { step })).is_err(),
        "a step begins once"
    );
    assert!(state.apply(&line(5, done(step))).is_err(), "no line is skipped");
    state.apply(&line(4, done(step))).unwrap();
    state.apply(&line(5, ended())).unwrap();
    assert!(state.apply(&line(6, Event::RunnerStarted { pid: 2 })).is_err());
    assert_eq!(
        (state.phase, state.verdict),
        (Phase::Ended, Some(Verdict::Verified))
    );
    assert!(state.done(step) && !state.began(StepName::Verify));
}

#[test]
fn a_line_that_a_crash_tore_is_not_read() {
    let whole = text(vec![created(), Event::RunnerStarted { pid: 1 }]);
    for cut in 1..40 {
        let torn = &whole[..whole.len() - cut];
        let (_folder, home) = home(torn);
        assert_eq!(
            read(&home, &run()).unwrap().phase,
            Phase::Created,
            "{cut} bytes short"
        );
    }
}

#[test]
fn a_newer_format_is_read_as_far_as_it_is_known() {
    let newer =
        text(vec![created(), Event::RunnerStarted { pid: 1 }]).replace("\"format\":1", "\"format\":99");
    let (_folder, home) = home(&newer);
    assert_eq!(read(&home, &run()).unwrap().phase, Phase::Running);
}

#[test]
fn a_journal_that_is_no_journal_is_an_error_with_a_name() {
    for broken in ["", "{}\n", "not json\n", "\u{0}\u{0}\n"] {
        let (_folder, home) = home(broken);
        assert_eq!(
            read(&home, &run()).unwrap_err().code(),
            "broken_record",
            "{broken:?}"
        );
    }
    let (_folder, home) = home(&text(vec![Event::RunnerStarted { pid: 1 }]));
    assert_eq!(read(&home, &run()).unwrap_err().code(), "broken_record");
}

fn events() -> impl Strategy<Value = Event> {
    let step = prop_oneof![
        Just(StepName::ReadFacts),
        Just(StepName::MakePackage),
        Just(StepName::Restore),
        Just(StepName::Watch)
    ];
    prop_oneof![
        Just(created()),
        Just(Event::RunnerStarted { pid: 9 }),
        step.clone().prop_map(|step| Event::StepStarted { step }),
        step.clone().prop_map(done),
        step.prop_map(|step| Event::StepProgress {
            step,
            message: "m".into(),
            bytes: None
        }),
        Just(Event::RestoreAccepted {
            request_id: Some("r".into()),
            task: None
        }),
        Just(ended()),
    ]
}

proptest! {
    /// Whatever comes: no panic, an illegal line changes nothing, an end stays an end, and no step begins twice.
    #[test]
    fn the_state_function_is_total(sequence in prop::collection::vec(events(), 0..40)) {
        let mut state = RunState::begin(&line(1, created())).unwrap();
        let mut begun = Vec::new();
        for event in sequence {
            let before = format!("{state:?}");
            let was_ended = state.phase == Phase::Ended;
            match state.apply(&line(state.last_line + 1, event.clone())) {
                Err(_) => prop_assert_eq!(before, format!("{state:?}")),
                Ok(()) => {
                    prop_assert!(!was_ended);
                    if let Event::StepStarted { step } = event {
                        prop_assert!(!begun.contains(&step));
                        begun.push(step);
                    }
                }
            }
        }
        prop_assert_eq!(state.phase == Phase::Ended, state.verdict.is_some());
    }
}
