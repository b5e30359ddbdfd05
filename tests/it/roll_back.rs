//! The way back, taken by the run itself where policy says so, and the undo of what is damaged.

use nocobase_sim::{Environment, Fault, FaultKind};
use release_tests::Stage;
use serde_json::Value;

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];
const UPLOAD: &str = "backup:restoreUpload";

async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.settings("[policy]\nroll-back = \"damaged\"\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    stage
}

fn loses_orders() -> Fault {
    Fault::new(UPLOAD, FaultKind::RestoreLosesTable("orders".into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_taken_back_at_once_and_proven() {
    let stage = stage().await;
    let test = stage.environment("test");
    let before = test.rows("orders");
    test.faults().arm(loses_orders());

    let plan = stage
        .run(&["plan", "restore", "test", "--from", "dev"])
        .await
        .expect(0);
    assert!(
        plan.stdout.contains("restore the safety backup at once"),
        "{}",
        plan.stdout
    );
    let report = stage.report(&RESTORE, 9).await;

    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
    assert_eq!(test.rows("orders"), before);
    assert_eq!(
        test.mutations(UPLOAD),
        2,
        "the package once, the safety backup once"
    );
    assert!(
        report["evidence"].to_string().contains("orders"),
        "why it was damaged: {report:#}"
    );
    assert!(
        !report["roll_back_evidence"].as_array().unwrap().is_empty(),
        "{report:#}"
    );
    let undo = stage.run(&["undo", "test", "--yes", "test"]).await.expect(2);
    assert!(undo.stderr.contains("nothing to undo"), "{}", undo.stderr);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_way_back_is_looked_at_and_not_sent_again() {
    let stage = stage().await;
    let test = stage.environment("test");
    let before = test.rows("orders");
    test.faults().arm(loses_orders());
    test.faults()
        .arm(Fault::new(UPLOAD, FaultKind::CloseAfterEffect).on_call(2));

    let report = stage.report(&RESTORE, 9).await;

    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
    assert_eq!(test.rows("orders"), before);
    assert_eq!(test.mutations(UPLOAD), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_is_refused_leaves_the_damage_standing_and_undo_possible() {
    let stage = stage().await;
    let test = stage.environment("test");
    let before = test.rows("orders");
    test.faults().arm(loses_orders());
    let refused = FaultKind::Answer {
        status: 500,
        message: "no space left on device".into(),
        code: None,
    };
    test.faults().arm(Fault::new(UPLOAD, refused).on_call(2));

    let report = stage.report(&RESTORE, 10).await;

    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert!(
        report["reasons"].to_string().contains("no space left"),
        "{report:#}"
    );
    let undone = stage.report(&["undo", "test", "--yes", "test"], 0).await;
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    assert_eq!(test.rows("orders"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_a_way_back_leaves_is_not_called_reverted() {
    let stage = stage().await;
    let test = stage.environment("test");
    test.faults().arm(loses_orders());
    test.faults()
        .arm(Fault::new(UPLOAD, FaultKind::RestoreLosesRows("orders".into(), 3)).on_call(2));

    let report = stage.report(&RESTORE, 10).await;

    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert_eq!(test.rows("orders").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_needs_no_backup_of_its_own_to_be_brought_back() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let before = test.rows("orders");
    test.faults().arm(loses_orders());
    stage.report(&RESTORE, 10).await;
    test.faults().arm(Fault::new(
        "backup:create",
        FaultKind::BackupFails("pg_dump: error".into()),
    ));

    let undone = stage.report(&["undo", "test", "--yes", "test"], 0).await;

    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    assert_eq!(test.rows("orders"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_whole_is_not_overwritten_without_a_backup() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    stage.report(&RESTORE, 0).await;
    test.faults().arm(Fault::new(
        "backup:create",
        FaultKind::BackupFails("pg_dump: error".into()),
    ));

    let refused = stage.report(&["undo", "test", "--yes", "test"], 8).await;

    assert_eq!(refused["verdict"], "failed_unchanged", "{refused:#}");
}

const MIGRATE: [&str; 8] = [
    "migrate",
    "test",
    "--from",
    "dev",
    "--user",
    "overwrite",
    "--yes",
    "test",
];
const EXECUTE: &str = "migrationFiles:runTask";

fn stops_halfway() -> Fault {
    let words = "deadlock detected".to_owned();
    Fault::new(EXECUTE, FaultKind::MigrationStopsHalfway(words))
}

/// Every row of the tables that a backup holds and that do not change by themselves.
fn content(environment: &Environment) -> Vec<(String, Vec<Value>)> {
    let changing = [
        "environmentVariables",
        "issuedTokens",
        "tokenBlacklist",
        "applicationVersion",
    ];
    let tables = environment.counts().into_keys();
    tables
        .filter(|table| !changing.contains(&table.as_str()) && !table.starts_with("lcCheckpoint"))
        .map(|table| (table.clone(), environment.rows(&table)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_stops_halfway_is_taken_back_at_once_and_proven() {
    let stage = stage().await;
    let test = stage.environment("test");
    let before = content(&test);
    let plan = stage
        .run(&["plan", "migrate", "test", "--from", "dev"])
        .await
        .expect(0);
    assert!(
        plan.stdout
            .contains("where the migration left it damaged: restore the safety backup at once"),
        "{}",
        plan.stdout
    );
    test.faults().arm(stops_halfway());

    let report = stage.report(&MIGRATE, 9).await;

    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
    assert_eq!(content(&test), before);
    assert_eq!((test.mutations(EXECUTE), test.mutations(UPLOAD)), (1, 1));
    let told = report["reasons"].to_string();
    assert!(
        told.contains("deadlock detected") && told.contains("migration.log, migration.sql"),
        "{report:#}"
    );
    assert!(
        !report["roll_back_evidence"].as_array().unwrap().is_empty(),
        "{report:#}"
    );
    let undo = stage.run(&["undo", "test", "--yes", "test"]).await.expect(2);
    assert!(undo.stderr.contains("nothing to undo"), "{}", undo.stderr);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_loses_rows_is_taken_back_and_one_that_breaks_the_application_is_left_to_people() {
    let one = stage().await;
    let test = one.environment("test");
    let before = content(&test);
    test.faults().arm(Fault::new(
        EXECUTE,
        FaultKind::RestoreLosesRows("orders".into(), 3),
    ));
    let report = one.report(&MIGRATE, 9).await;
    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
    assert_eq!(content(&test), before);

    let one = stage().await;
    let test = one.environment("test");
    let words = "relation x does not exist".to_owned();
    test.faults()
        .arm(Fault::new(EXECUTE, FaultKind::MigrationBreaksApp(words)));
    let report = one.report(&MIGRATE, 10).await;
    assert_eq!(report["verdict"], "lost", "{report:#}");
    assert_eq!(test.mutations(UPLOAD), 0, "nobody answers there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_from_a_migration_that_leaves_damage_is_not_called_reverted() {
    let stage = stage().await;
    let test = stage.environment("test");
    test.faults().arm(stops_halfway());
    test.faults().arm(Fault::new(
        UPLOAD,
        FaultKind::RestoreFails("pg_restore: error".into()),
    ));

    let report = stage.report(&MIGRATE, 10).await;

    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert_eq!(test.mutations(UPLOAD), 1, "never a second time");
    let run = report["run"].as_str().unwrap();
    assert_eq!(
        report["next"],
        serde_json::json!([format!("nocobase-release undo test --run {run}")])
    );
}
