//! Processes that die, and two that want the same target.

use std::process::Stdio;
use std::time::Duration;

use nocobase_sim::{Fault, FaultKind};
use release_tests::Stage;
use serde_json::Value;

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];

/// Waits until a condition holds; the limit is only there for a test that hangs.
async fn until(mut condition: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("waited for half a minute");
}

/// The journal of the only run.
fn journal(stage: &Stage) -> Vec<Value> {
    let runs = stage.home().join("release-state/runs");
    let Some(run) = std::fs::read_dir(runs).ok().and_then(|mut runs| runs.next()) else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(run.unwrap().path().join("journal.jsonl")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn runner(stage: &Stage) -> Option<i64> {
    journal(stage)
        .iter()
        .rfind(|line| line["event"] == "runner_started")
        .and_then(|line| line["pid"].as_i64())
}

fn began(stage: &Stage, step: &str) -> bool {
    journal(stage)
        .iter()
        .any(|line| line["event"] == "step_started" && line["step"] == step)
}

fn kill(pid: i64) {
    let done = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_when_the_command_that_started_it_is_killed() {
    let stage = Stage::new().await;
    let mut command = stage
        .command(&RESTORE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| began(&stage, "make_package")).await;
    command.kill().await.unwrap();
    let report = stage.report(&["runs", "show", "--follow"], 0).await;
    assert_eq!(report["verdict"], "verified");
    assert_eq!(
        stage.environment("test").rows("orders"),
        stage.environment("dev").rows("orders")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_is_killed_after_the_upload_is_read_back_and_not_sent_again() {
    let stage = Stage::new().await;
    let mut command = stage
        .command(&RESTORE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| began(&stage, "watch")).await;
    kill(runner(&stage).unwrap());
    let ended = command.wait().await.unwrap();
    assert_eq!(ended.code(), Some(11), "the command says that it does not know");
    let shown = stage.report(&["runs", "show"], 0).await;
    assert_eq!(shown["state"], "interrupted");
    assert!(
        shown["next"][0]
            .as_str()
            .unwrap()
            .starts_with("nocobase-release runs resume run-"),
        "{shown:#}"
    );

    let report = stage.report(&["runs", "resume"], 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 1);
    assert_eq!(
        stage.environment("test").rows("orders"),
        stage.environment("dev").rows("orders")
    );
    stage.run(&["runs", "resume"]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_is_killed_before_the_upload_ends_unchanged() {
    let stage = Stage::new().await;
    let slow = FaultKind::Slow(Duration::from_secs(3));
    stage
        .environment("test")
        .faults()
        .arm(Fault::new("backup:download", slow));
    let before = stage.environment("test").rows("orders");
    let mut command = stage
        .command(&RESTORE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| began(&stage, "download_safety_backup")).await;
    kill(runner(&stage).unwrap());
    command.wait().await.unwrap();

    let report = stage.report(&["runs", "resume"], 8).await;
    assert_eq!(
        (&report["verdict"], &report["cause"]["code"]),
        (&"failed_unchanged".into(), &"interrupted".into())
    );
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 0);
    assert_eq!(stage.environment("test").rows("orders"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_restores_of_one_target_is_refused() {
    let stage = Stage::new().await;
    let mut first = stage
        .command(&RESTORE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| began(&stage, "make_safety_backup")).await;
    let second = stage.run(&RESTORE).await;
    let second = second.expect(6);
    assert!(second.stderr.contains("[target_locked]"), "{}", second.stderr);
    assert_eq!(first.wait().await.unwrap().code(), Some(0));
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 1);
    stage.report(&RESTORE, 0).await;
}
