//! Processes that die, and two that want the same target.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nocobase_sim::{Fault, FaultKind};
use release_tests::Stage;
use serde_json::Value;

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];

/// Waits until a condition holds; the limit is only there for a test that hangs.
pub(crate) async fn until(mut condition: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("waited for half a minute");
}

/// The folders of all runs.
pub(crate) fn runs(stage: &Stage) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(stage.home().join("release-state/runs"));
    folder
        .map(|runs| runs.map(|run| run.unwrap().path()).collect())
        .unwrap_or_default()
}

fn journal_of(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("journal.jsonl")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn step_began(run: &Path, step: &str) -> bool {
    journal_of(run)
        .iter()
        .any(|line| line["event"] == "step_started" && line["step"] == step)
}

fn runner_of(run: &Path) -> Option<i64> {
    journal_of(run)
        .iter()
        .rfind(|line| line["event"] == "runner_started")
        .and_then(|line| line["pid"].as_i64())
}

pub(crate) fn runner(stage: &Stage) -> Option<i64> {
    runner_of(runs(stage).first()?)
}

pub(crate) fn began(stage: &Stage, step: &str) -> bool {
    runs(stage).first().is_some_and(|run| step_began(run, step))
}

pub(crate) fn kill(pid: i64) {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_an_unfinished_run_takes_no_other_and_undo_passes_nothing_over() {
    let stage = Stage::new().await;
    stage.report(&RESTORE, 0).await;
    let finished = runs(&stage);
    let mut command = stage
        .command(&RESTORE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| {
        runs(&stage)
            .iter()
            .any(|run| !finished.contains(run) && step_began(run, "watch"))
    })
    .await;
    let newest = runs(&stage)
        .into_iter()
        .find(|run| !finished.contains(run))
        .unwrap();
    kill(runner_of(&newest).unwrap());
    command.wait().await.unwrap();
    while stage.run(&["envs", "check", "test"]).await.code != 0 {}

    let refused = stage.run(&RESTORE).await.expect(6);
    assert!(refused.stderr.contains("[unfinished_run]"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("nocobase-release runs resume run-"),
        "{}",
        refused.stderr
    );
    let refused = stage.run(&["undo", "test", "--yes", "test"]).await.expect(6);
    assert!(refused.stderr.contains("[unfinished_run]"), "{}", refused.stderr);
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 2);

    assert_eq!(stage.report(&["runs", "resume"], 0).await["verdict"], "verified");
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_on_this_machine_is_never_replaced_by_another_content() {
    let stage = Stage::new().await;
    let report = stage.report(&RESTORE, 0).await;
    let path = report["safety_backup"]["path"].as_str().unwrap().to_owned();
    let name = Path::new(&path).file_name().unwrap().to_str().unwrap().to_owned();
    let kept = std::fs::read(&path).unwrap();
    stage.environment("test").add_backup(&name, b"torn".to_vec());
    stage
        .run(&["packages", "download", "test", &name])
        .await
        .expect(0);
    assert_eq!(std::fs::read(&path).unwrap(), kept);
    assert_eq!(
        stage.report(&["undo", "test", "--yes", "test"], 0).await["verdict"],
        "verified"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_taken_up_again_never_takes_the_way_back_by_itself() {
    let stage = Stage::new().await;
    stage.settings("[policy]\nroll-back = \"damaged\"\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    let test = stage.environment("test");
    test.faults().arm(Fault::new(
        "backup:restoreUpload",
        FaultKind::RestoreLosesTable("orders".into()),
    ));
    let mut command = stage
        .command(&RESTORE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| began(&stage, "watch")).await;
    kill(runner(&stage).unwrap());
    command.wait().await.unwrap();

    // What people entered since would be lost without their knowing.
    let report = stage.report(&["runs", "resume"], 10).await;

    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert_eq!(test.mutations("backup:restoreUpload"), 1);
    assert!(
        report["next"][0].as_str().unwrap().contains("undo test"),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_whose_process_is_killed_is_read_back_and_not_sent_again() {
    let stage = Stage::new().await;
    stage.settings("[policy]\nroll-back = \"damaged\"\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    let test = stage.environment("test");
    let before = test.rows("orders");
    test.faults().arm(Fault::new(
        "backup:restoreUpload",
        FaultKind::RestoreLosesTable("orders".into()),
    ));
    let mut command = stage
        .command(&RESTORE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| began(&stage, "watch_roll_back")).await;
    kill(runner(&stage).unwrap());
    command.wait().await.unwrap();

    let report = stage.report(&["runs", "resume"], 9).await;

    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
    assert_eq!(test.mutations("backup:restoreUpload"), 2);
    assert_eq!(test.rows("orders"), before);
}
