//! Whatever the server does, the verdict is what its data says.

use nocobase_sim::{Environment, Fault, FaultKind, LogTransport, RestoreStage};
use release_tests::{Stage, truncate_data};
use serde_json::Value;

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];

/// Runs scenario C with a fault in test, and gives report, orders before, orders after.
async fn with_fault(stage: &Stage, fault: Fault, exit: i32) -> (Value, Vec<Value>, Vec<Value>) {
    let test = stage.environment("test");
    let before = test.rows("orders");
    test.faults().arm(fault);
    let report = stage.report(&RESTORE, exit).await;
    assert!(test.mutations("backup:restoreUpload") <= 1, "never twice");
    (report, before, test.rows("orders"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_the_server_reverts_silently_is_failed_reverted() {
    let stage = Stage::new().await;
    let path = stage.home().join("cut.nbdata");
    std::fs::write(&path, truncate_data(&stage.environment("dev").package(None))).unwrap();
    let before = stage.environment("test").rows("orders");
    let arguments = [
        "restore",
        "test",
        "--package",
        path.to_str().unwrap(),
        "--accept",
        "data_truncated",
        "--yes",
        "test",
    ];

    let report = stage.report(&arguments, 9).await;

    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
    assert_eq!(stage.environment("test").rows("orders"), before);
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 1);
    let marker = stage.environment("test").rows("environmentVariables");
    assert!(
        !format!("{marker:?}").contains("NBREL_"),
        "the marker is taken away again: {marker:?}"
    );
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_loses_a_table_is_partial_and_undo_mends_it() {
    let stage = Stage::new().await;
    let (report, before, _) = with_fault(
        &stage,
        Fault::new(
            "backup:restoreUpload",
            FaultKind::RestoreLosesTable("orders".into()),
        ),
        10,
    )
    .await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    let undone = stage.report(&["undo", "test", "--yes", "test"], 0).await;
    assert_eq!(undone["verdict"], "verified");
    assert_eq!(stage.environment("test").rows("orders"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_loses_rows_and_logs_success_is_partial() {
    let stage = Stage::new().await;
    let fault = Fault::new(
        "backup:restoreUpload",
        FaultKind::RestoreLosesRows("orders".into(), 100),
    );
    let (report, _, after) = with_fault(&stage, fault, 10).await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert_eq!(after.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_not_a_lost_restore_and_nothing_is_sent_twice() {
    for kind in [
        FaultKind::CloseAfterEffect,
        FaultKind::ProxyAnswerAfterEffect(504),
    ] {
        let stage = Stage::new().await;
        let (report, before, after) =
            with_fault(&stage, Fault::new("backup:restoreUpload", kind.clone()), 0).await;
        assert_eq!(
            report["verdict"], "verified_with_warnings",
            "{kind:?}: {report:#}"
        );
        assert_ne!(before, after, "{kind:?}");
        assert_eq!(after, stage.environment("dev").rows("orders"), "{kind:?}");
        assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_in_its_own_words_is_failed_unchanged() {
    for kind in [
        FaultKind::Answer {
            status: 500,
            message: "Unable to restore: no reason".into(),
            code: None,
        },
        FaultKind::Maintenance("upgrade".into()),
    ] {
        let stage = Stage::new().await;
        let (report, before, after) =
            with_fault(&stage, Fault::new("backup:restoreUpload", kind.clone()), 8).await;
        assert_eq!(report["verdict"], "failed_unchanged", "{kind:?}: {report:#}");
        assert_eq!(before, after, "{kind:?}");
        let marker = stage.environment("test").rows("environmentVariables");
        assert!(!format!("{marker:?}").contains("NBREL_"), "{kind:?}: {marker:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_proxy_may_still_hold_is_unknown_although_nothing_happened_yet() {
    for kind in [
        FaultKind::CloseBeforeEffect,
        FaultKind::ProxyAnswer(502),
        FaultKind::ProxyAnswer(503),
    ] {
        let stage = Stage::new().await;
        let (report, before, after) =
            with_fault(&stage, Fault::new("backup:restoreUpload", kind.clone()), 11).await;
        assert_eq!(report["verdict"], "unknown", "{kind:?}: {report:#}");
        assert_eq!(before, after, "{kind:?}");
        assert!(
            report["next"].to_string().contains("envs check test"),
            "{report:#}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_that_loads_an_older_dump_is_not_taken_for_the_earlier_state() {
    let stage = Stage::new().await;
    // An earlier restore leaves its dump on the server; then test changes.
    stage.report(&RESTORE, 0).await;
    let test = stage.environment("test");
    let mut rows = test.rows("orders");
    rows.truncate(5);
    test.set_rows("orders", rows);
    let (report, before, after) = with_fault_again(
        &stage,
        &test,
        Fault::new("backup:restoreUpload", FaultKind::SafetyDumpFails),
    )
    .await;
    assert_ne!(before, after);
    assert_eq!(report["verdict"], "partial", "{report:#}");
    let undone = stage.report(&["undo", "test", "--yes", "test"], 0).await;
    assert_eq!(undone["verdict"], "verified");
    assert_eq!(test.rows("orders"), before);
}

async fn with_fault_again(
    stage: &Stage,
    test: &Environment,
    fault: Fault,
) -> (Value, Vec<Value>, Vec<Value>) {
    let before = test.rows("orders");
    test.faults().arm(fault);
    let report = stage.report(&RESTORE, 10).await;
    (report, before, test.rows("orders"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_for_ever_is_lost_with_the_way_back_on_its_host() {
    let stage = Stage::new().await;
    let (report, _, _) = with_fault(
        &stage,
        Fault::new("backup:restoreUpload", FaultKind::SafetyDumpTorn),
        10,
    )
    .await;
    assert_eq!(report["verdict"], "lost", "{report:#}");
    let next = report["next"].to_string();
    assert!(
        next.contains("yarn nocobase restore")
            && next.contains(report["safety_backup"]["path"].as_str().unwrap()),
        "{next}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_while_loading_comes_up_empty_and_is_lost() {
    let stage = Stage::new().await;
    let (report, before, after) = with_fault(
        &stage,
        Fault::new("backup:restoreUpload", FaultKind::LoadKilled),
        10,
    )
    .await;
    assert!(before.len() > after.len());
    assert!(
        report["verdict"] == "lost" || report["verdict"] == "partial",
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_before_it_loads_is_as_before() {
    let stage = Stage::new().await;
    let fault = Fault::new(
        "backup:restoreUpload",
        FaultKind::DiesDuringRestore(RestoreStage::SafetyDump),
    );
    let (report, before, after) = with_fault(&stage, fault, 9).await;
    assert_eq!(before, after);
    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_logs_the_data_alone_verifies_with_a_warning() {
    let stage = Stage::new().await;
    stage
        .environment("test")
        .change_settings(|settings| settings.log_transport = LogTransport::Console);
    let report = stage.report(&RESTORE, 0).await;
    assert_eq!(report["verdict"], "verified_with_warnings", "{report:#}");
    assert_eq!(
        stage.environment("test").rows("orders"),
        stage.environment("dev").rows("orders")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_is_waited_for() {
    let stage = Stage::new().await;
    let slow = FaultKind::Slow(std::time::Duration::from_millis(1500));
    let (report, _, _) = with_fault(&stage, Fault::new("backup:restoreUpload", slow), 0).await;
    assert_eq!(report["verdict"], "verified");
}
