//! Real processes that get a real `SIGKILL`: a sample of what the onlooker does to every line.
//!
//! The child is this very test executable, asked for one hidden test that executes a run. These runs are in real time,
//! so they are few, and their engine waits longer than any of their servers takes. What the kill must not change is the
//! same: verdict and truth, one request each, the way back.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nocobase_sim::{EnvironmentConfig, Sim, SimConfig};
use release_engine::{PackageChoice, Proof, Request, RunId, RunSecrets, RunStanding};

use crate::stage::{addresses, engine, home};
use crate::truth::{Content, Truth};

/// Where the child finds its run: home, run, environments.
const CHILD: &str = "MATRIX_CHILD";
/// The lines after which a child is killed, at the earliest.
const LINES: [usize; 8] = [2, 5, 9, 13, 17, 20, 24, 29];

fn lines(home: &Path, run: &RunId) -> usize {
    let journal = home.join("release-state/runs").join(run.as_str());
    std::fs::read(journal.join("journal.jsonl"))
        .map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
        .unwrap_or_default()
}

/// The child: executes the run that it is told of, until it is killed.
#[tokio::test]
#[ignore = "the child of the test below"]
async fn child() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let (home, run, environments): (String, String, Vec<[String; 3]>) = serde_json::from_str(&told).unwrap();
    let engine = engine(environments, Path::new(&home), false);
    let run = RunId::parse(&run).unwrap();
    engine.execute(&run, RunSecrets::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_what_the_matrix_says_it_leaves() {
    let mut killed = 0;
    for line in LINES {
        killed += usize::from(kill_after(line).await);
    }
    println!(
        "{killed} of {} processes were killed before their run had ended",
        LINES.len()
    );
    assert!(killed > 0);
}

/// Whether the process was still at it when it was killed.
async fn kill_after(line: usize) -> bool {
    let sim = Sim::start(SimConfig::new([
        EnvironmentConfig::dev(),
        EnvironmentConfig::test(),
    ]))
    .await
    .unwrap();
    let (dev, test) = (sim.environment("dev"), sim.environment("test"));
    let home = home();
    let engine = engine(addresses(&sim), home.path(), false);
    let (package, before) = (Content::of(&dev), Content::of(&test));
    let restore = Request::Restore {
        source: Some("dev".into()),
        target: "test".into(),
        package: PackageChoice::New,
        accepted: Vec::new(),
    };
    let plan = engine.plan(&restore, &RunSecrets::default()).await.unwrap();
    let proof = Proof::Phrase(plan.phrase());
    let run = engine.confirm(plan, &proof).unwrap().run().clone();
    let told = serde_json::json!([home.path(), run.as_str(), addresses(&sim)]).to_string();
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["killed::child", "--exact", "--ignored"])
        .env(CHILD, told)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    while lines(home.path(), &run) < line && child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // SIGKILL, and nothing of the process is left when this returns.
    child.kill().await.unwrap();
    let interrupted = engine.run(&run).unwrap().state != RunStanding::Ended;

    engine.execute(&run, RunSecrets::default()).await.unwrap();

    test.settle(Duration::from_secs(20)).await;
    let report = engine.run(&run).unwrap();
    let truth = Truth::of(&test, &package, &before);
    let verdict = report.verdict.unwrap();
    assert!(
        truth.bears(verdict),
        "line {line}: {verdict:?} of {truth:?}: {report:?}"
    );
    for (side, call) in [
        (&dev, "backup:create"),
        (&test, "backup:create"),
        (&test, "environmentVariables:create"),
        (&test, "backup:restoreUpload"),
    ] {
        assert!(
            side.mutations(call) <= 1,
            "line {line}: {call} to {}",
            side.name()
        );
    }
    if verdict.may_have_changed() {
        let undo = Request::Undo {
            target: "test".into(),
            run: Some(run),
        };
        let plan = engine.plan(&undo, &RunSecrets::default()).await.unwrap();
        let proof = Proof::Phrase(plan.phrase());
        let run = engine.confirm(plan, &proof).unwrap().run().clone();
        engine.execute(&run, RunSecrets::default()).await.unwrap();
        test.settle(Duration::from_secs(20)).await;
    }
    assert!(Content::of(&test) == before, "line {line}: {report:?}");
    assert_eq!(sim.violations(), Vec::<String>::new());
    interrupted
}
