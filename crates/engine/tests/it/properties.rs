//! Properties of journals and plans, over any sequence of events and any facts.
//!
//! What a journal says is enough to go on from: any beginning of a legal one is legal, and whatever is said of a run whose
//! upload began, nobody who takes it up may upload again. A plan on disk is the plan that was made, or is refused.

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use release_engine::journal::{Event, PackageRole, Phase, Resumption, RunState, StoredPackage, read};
use release_engine::{
    Engine, EngineSettings, ErrorReport, Facts, FileFacts, Home, PackageChoice, Plan, Policy, Request,
    StepName, Undone, plan,
};
use serde_json::Value;

use crate::journal::{created, done, ended, home, line, run, text};
use crate::plans::{environment, made, now};

const STEPS: [StepName; 14] = [
    StepName::ReadFacts,
    StepName::MakePackage,
    StepName::DownloadPackage,
    StepName::MakeSafetyBackup,
    StepName::DownloadSafetyBackup,
    StepName::Judge,
    StepName::PlantCanary,
    StepName::Restore,
    StepName::Watch,
    StepName::Verify,
    StepName::TidyUp,
    StepName::RollBack,
    StepName::WatchRollBack,
    StepName::VerifyRollBack,
];

fn report() -> ErrorReport {
    ErrorReport {
        code: "no".into(),
        message: "no".into(),
        next_step: String::new(),
    }
}

fn end_of(step: StepName, how: u8) -> Event {
    use release_engine::journal::StepOutcome::{Failed, Unknown};
    match how {
        0 => done(step),
        1 => Event::StepEnded {
            step,
            outcome: Failed { error: report() },
        },
        _ => Event::StepEnded {
            step,
            outcome: Unknown { error: report() },
        },
    }
}

fn stored() -> Event {
    Event::PackageStored {
        role: PackageRole::SafetyBackup,
        package: StoredPackage {
            environment: None,
            path: "/p/x.nbdata".into(),
            sha256: "00".into(),
            bytes: 1,
        },
    }
}

fn accepted() -> Event {
    Event::RestoreAccepted {
        request_id: None,
        task: None,
    }
}

/// Any event, whether it may come or not.
fn any_event() -> impl Strategy<Value = Event> {
    let step = prop::sample::select(&STEPS[..]);
    prop_oneof![
        1 => Just(created()),
        2 => Just(Event::RunnerStarted { pid: 9 }),
        6 => step.clone().prop_map(|step| Event::StepStarted { step }),
        6 => (step.clone(), 0..3_u8).prop_map(|(step, how)| end_of(step, how)),
        2 => step.prop_map(|step| Event::StepProgress { step, message: "m".into(), bytes: Some(1) }),
        1 => Just(stored()),
        2 => Just(accepted()),
        1 => Just(ended()),
    ]
}

/// A journal as runs write it: steps in their order, each with what belongs to it, and processes that die anywhere.
fn legal_journal() -> impl Strategy<Value = Vec<Event>> {
    let steps = prop::collection::vec((any::<bool>(), 0..3_u8, 0..3_usize, any::<bool>()), STEPS.len());
    (steps, any::<bool>(), prop::collection::vec(any::<Index>(), 0..4)).prop_map(|(steps, ends, deaths)| {
        let mut events = vec![created(), Event::RunnerStarted { pid: 1 }];
        for (step, (taken, how, progress, is_accepted)) in STEPS.into_iter().zip(steps) {
            if !taken {
                continue;
            }
            events.push(Event::StepStarted { step });
            for _ in 0..progress {
                events.push(Event::StepProgress {
                    step,
                    message: "on its way".into(),
                    bytes: None,
                });
            }
            if step == StepName::DownloadSafetyBackup {
                events.push(stored());
            }
            if is_accepted && matches!(step, StepName::Restore | StepName::RollBack) {
                events.push(accepted());
            }
            events.push(end_of(step, how));
        }
        for death in deaths {
            let at = 2 + death.index(events.len() - 1);
            events.insert(at, Event::RunnerStarted { pid: 2 });
        }
        if ends {
            events.push(ended());
        }
        events
    })
}

/// The state after some events that must be legal.
fn after(events: &[Event]) -> RunState {
    let mut lines = (1..)
        .zip(events)
        .map(|(number, event)| line(number, event.clone()));
    let mut state = RunState::begin(&lines.next().unwrap()).unwrap();
    for line in lines {
        state.apply(&line).unwrap();
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any events under any numbers: no panic, an illegal line changes nothing, an end stays an end.
    #[test]
    fn the_state_function_is_total_over_all_events_and_numbers(
        sequence in prop::collection::vec((any_event(), 0..6_u8), 0..60),
    ) {
        let mut state = RunState::begin(&line(1, created())).unwrap();
        let mut begun = Vec::new();
        for (event, skew) in sequence {
            let number = match skew {
                0 => state.last_line,
                1 => u64::MAX,
                _ => state.last_line + 1,
            };
            let before = format!("{state:?}");
            let was_ended = state.phase == Phase::Ended;
            match state.apply(&line(number, event.clone())) {
                Err(illegal) => {
                    prop_assert_eq!(before, format!("{state:?}"));
                    prop_assert_eq!(illegal.line, number);
                }
                Ok(()) => {
                    prop_assert!(!was_ended && skew > 1);
                    if let Event::StepStarted { step } = event {
                        prop_assert!(!begun.contains(&step), "{:?} began twice", step);
                        begun.push(step);
                    }
                }
            }
            prop_assert!(begun.iter().all(|step| state.began(*step)), "a step that began is forgotten");
        }
    }

    /// A run may stop after any line, and its journal is read as far as it goes.
    #[test]
    fn any_beginning_of_a_legal_journal_is_legal_and_survives_the_disk(events in legal_journal()) {
        for length in 1..=events.len() {
            let beginning = &events[..length];
            let state = after(beginning);
            prop_assert_eq!(state.last_line, length as u64);
            if length % 7 == 0 || length == events.len() {
                let (_folder, home) = home(&text(beginning.to_vec()));
                let read = read(&home, &run()).unwrap();
                prop_assert_eq!(format!("{read:?}"), format!("{state:?}"));
            }
        }
    }

    /// Once an upload began, whoever takes the run up reads back: no journal leads to a second upload, and none of a run
    /// that began anything leads to a first.
    #[test]
    fn a_run_whose_upload_began_is_read_back_and_never_uploads_again(events in legal_journal()) {
        for length in 1..=events.len() {
            let mut state = after(&events[..length]);
            let resumption = state.resumption();
            let began = |step| state.began(step);
            match resumption {
                Resumption::Begin => prop_assert!(STEPS.into_iter().all(|step| !began(step))),
                Resumption::EndUnchanged => prop_assert!(!began(StepName::Restore) && !began(StepName::RollBack)),
                Resumption::ReadBack => prop_assert!(began(StepName::Restore) && !began(StepName::RollBack)),
                Resumption::ReadRollBack => prop_assert!(began(StepName::RollBack)),
                Resumption::Nothing => prop_assert_eq!(state.phase, Phase::Ended),
            }
            if began(StepName::Restore) && state.phase != Phase::Ended {
                prop_assert!(matches!(resumption, Resumption::ReadBack | Resumption::ReadRollBack));
                let next = state.last_line + 1;
                let again = state.apply(&line(next, Event::StepStarted { step: StepName::Restore }));
                prop_assert!(again.is_err(), "the journal itself refuses a second upload");
            }
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "\\PC{0,12}",
        Just("\u{202e}\"\\\n\u{0}生产".to_owned())
    ]
}

/// Facts with anything in the places that servers and people fill.
fn facts() -> impl Strategy<Value = Facts> {
    let words = prop::collection::vec(word(), 6);
    (
        words,
        any::<u64>(),
        any::<bool>(),
        proptest::option::of(0..1000_usize),
    )
        .prop_map(|(words, id, has_plugins, kept)| {
            let mut side = environment("test");
            side.identity.id = id;
            side.identity.username.clone_from(&words[0]);
            side.app_name.clone_from(&words[1]);
            side.backups[0].size.clone_from(&words[2]);
            side.backups[1].created_at = Some(words[3].clone());
            side.outside.data_sources = words[4..].to_vec();
            side.backups_kept = kept;
            if !has_plugins {
                side.plugins = None;
            }
            Facts {
                source_in_doubt: None,
                source: Some(environment("dev")),
                target: Some(side),
                file: None,
                last_run: None,
                migration: None,
            }
        })
}

/// A package on this machine that nothing speaks against.
fn file(name: &str) -> FileFacts {
    let inspection = serde_json::json!({
        "bytes": 1, "sha256": "00", "encrypted": false, "metadata": null,
        "content": { "format": { "kind": "unknown" }, "tables": [] },
        "uploads": { "files": 0, "bytes": 0 }, "holds_key": false,
        "findings": [{ "code": "entry_foreign", "severity": "note", "text": name }],
    });
    FileFacts {
        path: format!("/p/{name}.nbdata").into(),
        verified: Vec::new(),
        inspection: serde_json::from_value(inspection).unwrap(),
    }
}

/// What may be planned, with the facts that are read for it out of these.
fn any_request() -> impl Strategy<Value = (Request, Facts)> {
    (0..7_usize, facts(), word(), any::<bool>()).prop_map(|(kind, mut facts, word, follows)| {
        let of_a_file = Facts {
            source: None,
            file: Some(file(&word)),
            ..facts.clone()
        };
        facts.last_run = follows.then(run);
        let restore = |source: Option<&str>, package| Request::Restore {
            source: source.map(Into::into),
            target: "test".into(),
            package,
            accepted: vec![word.clone()],
        };
        match kind {
            0 => (restore(Some("dev"), PackageChoice::New), facts),
            1 => (restore(Some("dev"), PackageChoice::Latest), facts),
            2 => {
                let named = PackageChoice::Named("b1.nbdata".into());
                (restore(Some("dev"), named), facts)
            }
            3 => {
                let path = of_a_file.file.as_ref().unwrap().path.clone();
                (restore(None, PackageChoice::File(path)), of_a_file)
            }
            4 => {
                let target = "test".into();
                (Request::Undo { target, run: None }, of_a_file)
            }
            5 => {
                let scratch = "test".into();
                (Request::Drill { scratch, run: None }, of_a_file)
            }
            _ => {
                let source = facts.target.take();
                let environment = "test".into();
                (Request::Backup { environment }, Facts { source, ..facts })
            }
        }
    })
}

/// A plan of any kind, for an ordinary or a protected target.
fn any_plan() -> impl Strategy<Value = Plan> {
    (any_request(), word(), any::<bool>(), any::<u32>()).prop_map(
        |((request, facts), summary, is_protected, random)| {
            let policy = Policy {
                protected: is_protected.then(|| "test".into()).into_iter().collect(),
                ..Policy::default()
            };
            let undone = Undone {
                run: run(),
                summary,
                environment: "test".into(),
                at: now(),
                verdict: None,
            };
            plan(&request, facts, Some(undone), &policy, now(), random).unwrap()
        },
    )
}

/// Where every value of a document stands that is no object and no list.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    let below = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(key, value)| leaves(value, &below(key), found)),
        Value::Array(values) => (0..)
            .zip(values)
            .for_each(|(place, value)| leaves(value, &below(&format!("{place}")), found)),
        _ => found.push(at.to_owned()),
    }
}

fn altered(leaf: &Value, how: u8) -> Value {
    match (leaf, how % 3) {
        (_, 0) => Value::Null,
        (Value::Bool(flag), _) => (!flag).into(),
        (Value::Number(number), _) => number.as_u64().map_or(0, |number| number ^ 1).into(),
        (Value::String(text), 1) => format!("{text}x").into(),
        (Value::String(_), _) => "".into(),
        _ => "x".into(),
    }
}

/// An engine over an empty home; loading plans needs nothing else.
fn engine(home: &std::path::Path) -> Engine {
    Engine::new(EngineSettings {
        home: Home::new(home),
        environments: Vec::new(),
        unusable: Default::default(),
        current: None,
        policy: Default::default(),
        pace: Default::default(),
        client: Default::default(),
        runner: Vec::new(),
    })
}

/// What comes of a plan file with this content.
fn load(document: &Value) -> Result<Plan, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    fs::write(&path, document.to_string()).unwrap();
    let loaded = engine(folder.path()).load_plan_file(&path);
    loaded.map_err(|error| format!("{}: {error}", error.code()))
}

static PLAN: LazyLock<Value> = LazyLock::new(|| {
    let facts = Facts {
        source_in_doubt: None,
        source: Some(environment("dev")),
        target: Some(environment("test")),
        file: None,
        last_run: None,
        migration: None,
    };
    serde_json::to_value(made(PackageChoice::Latest, facts).unwrap()).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_comes_back_from_disk_as_it_was_made(plan in any_plan()) {
        let document = serde_json::to_value(&plan).unwrap();
        let loaded = load(&document).unwrap();
        prop_assert_eq!(&loaded, &plan);
        prop_assert_eq!(loaded.compute_hash(), plan.hash.clone());
        prop_assert_eq!(serde_json::to_value(&loaded).unwrap(), document);
    }

    /// Whatever field is altered, the file is refused, unless it still says the very same plan.
    #[test]
    fn an_altered_plan_is_refused_whatever_was_altered(plan in any_plan(), place in any::<Index>(), how in any::<u8>()) {
        let mut document = serde_json::to_value(&plan).unwrap();
        let mut found = Vec::new();
        leaves(&document, "", &mut found);
        let pointer = &found[place.index(found.len())];
        let leaf = document.pointer_mut(pointer).unwrap();
        *leaf = altered(leaf, how);
        if let Ok(loaded) = load(&document) {
            prop_assert_eq!(loaded, plan, "altered at {}", pointer);
        }
    }
}

#[test]
fn every_single_field_of_a_plan_is_guarded_by_its_hash() {
    let mut found = Vec::new();
    leaves(&PLAN, "", &mut found);
    assert!(found.len() > 60, "{} fields", found.len());
    let original: Plan = serde_json::from_value(PLAN.clone()).unwrap();
    let mut by_hash = 0;
    for pointer in &found {
        for how in 1..=2 {
            let mut document = PLAN.clone();
            let leaf = document.pointer_mut(pointer).unwrap();
            let changed = altered(leaf, how);
            if changed == *leaf {
                continue;
            }
            *leaf = changed;
            let refused = load(&document).expect_err(pointer);
            let Ok(read) = serde_json::from_value::<Plan>(document) else {
                assert!(refused.starts_with("broken_record"), "{pointer}: {refused}");
                continue;
            };
            assert!(refused.starts_with("plan_altered"), "{pointer}: {refused}");
            assert_ne!(read, original);
            if pointer != "/hash" {
                assert_ne!(read.compute_hash(), original.hash, "{pointer}");
            }
            by_hash += 1;
        }
    }
    assert!(by_hash > 60, "{by_hash} alterations were told by the hash alone");
}

#[test]
fn a_plan_of_a_newer_format_is_refused_as_such_whatever_else_it_says() {
    let mut newer = PLAN.clone();
    newer["format"] = 2.into();
    let mut unlike = newer.clone();
    unlike["action"] = "migrate_by_dreaming".into();
    let mut bare = serde_json::json!({});
    bare["format"] = 99.into();
    for document in [newer, unlike, bare] {
        let refused = load(&document).unwrap_err();
        assert!(refused.contains("newer version"), "{refused}");
    }
}
