//! Any bytes as a journal and as a plan file: read or refused with an error, never a panic, never a plan that was altered.

#![no_main]

use libfuzzer_sys::fuzz_target;
use release_engine::{Engine, EngineSettings, Home, Pace, Policy, RunId};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::new(EngineSettings {
        home: Home::new(folder.path()),
        environments: Vec::new(),
        unusable: Default::default(),
        current: None,
        policy: Policy::default(),
        pace: Pace::default(),
        client: Default::default(),
        runner: Vec::new(),
    });
    let run = RunId::parse("run-20261122-100000000-aaaa").expect("a run's name");
    let home = engine.settings().home.run(&run);
    std::fs::create_dir_all(&home).expect("its folder");
    std::fs::write(home.join("journal.jsonl"), bytes).expect("its journal");
    if let Ok(report) = engine.run(&run) {
        assert!(!report.to_text().is_empty());
    }
    drop(engine.runs(10));
    let file = folder.path().join("plan.json");
    std::fs::write(&file, bytes).expect("a plan file");
    if let Ok(plan) = engine.load_plan_file(&file) {
        assert_eq!(plan.compute_hash(), plan.hash, "an altered plan was read");
        drop(plan.to_text());
    }
});
