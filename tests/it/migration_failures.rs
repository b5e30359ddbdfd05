//! Each documented failure of a migration, with its verdict; what the target holds decides, not what the server says.

use nocobase_sim::{EnvironmentConfig, Fault, FaultKind, RestoreStage, Settings, SimConfig};
use release_tests::Stage;
use serde_json::{Value, json};

use crate::migrations::numbers;

const MIGRATE: [&str; 6] = ["migrate", "test", "--from", "dev", "--yes", "test"];

/// A migration that overwrites, under a fault of its execution.
async fn overwritten(stage: &Stage, fault: FaultKind, code: i32) -> Value {
    stage
        .environment("test")
        .faults()
        .arm(Fault::new("migrationFiles:runTask", fault));
    let mut arguments = MIGRATE.to_vec();
    arguments.extend(["--user", "overwrite"]);
    stage.report(&arguments, code).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_it_before_anything_changes() {
    type Set = fn(&Stage);
    let cases: [(&str, Set); 4] = [
        ("migration_settings_differ", |stage| {
            stage
                .environment("test")
                .change_settings(|settings| settings.schema_in_sub_apps = true);
        }),
        ("data_conflicts", |stage| {
            stage.environment("test").retype_column("orders", "total")
        }),
        ("migration_package_failed", |stage| {
            let fault = FaultKind::BackupFails("no space left".into());
            stage
                .environment("dev")
                .faults()
                .arm(Fault::new("migration:create", fault));
        }),
        ("connection_lost", |stage| {
            let fault = Fault::new("migrationRule:create", FaultKind::CloseAfterEffect);
            stage.environment("dev").faults().arm(fault);
        }),
    ];
    for (code, set) in cases {
        let stage = Stage::new().await;
        set(&stage);
        let orders = stage.environment("test").rows("orders");
        let report = stage.report(&MIGRATE, 8).await;
        assert_eq!(
            (&report["verdict"], &report["cause"]["code"]),
            (&json!("failed_unchanged"), &json!(code)),
            "{report:#}"
        );
        assert_eq!(stage.environment("test").rows("orders"), orders);
        assert_eq!(stage.environment("test").mutations("migrationFiles:runTask"), 0);
        assert!(stage.environment("dev").mutations("migrationRule:create") <= 1);
        stage.assert_no_violation();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_that_the_target_lacks_are_named_and_can_be_accepted() {
    let stage = Stage::new().await;
    let dev = stage.environment("dev");
    let mut plugins = dev.rows("applicationPlugins");
    plugins.push(json!({"id": 999, "name": "only-dev", "packageName": "only-dev", "version": "1.0.0", "enabled": true}));
    dev.set_rows("applicationPlugins", plugins);
    let refused = stage.run(&MIGRATE).await.expect(5);
    assert!(refused.stderr.contains("only-dev") && refused.stderr.contains("migration_plugins_missing"));
    let mut arguments = MIGRATE.to_vec();
    arguments.extend(["--accept", "migration_plugins_missing"]);
    let report = stage.report(&arguments, 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_changes_nothing_is_told_from_one_that_does() {
    let stage = Stage::new().await;
    let before = numbers(&stage.environment("test"));
    let report = overwritten(&stage, FaultKind::MigrationFails("no such extension".into()), 11).await;
    // equal numbers of rows are no proof that the rows are those from before
    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert!(
        report["next"].to_string().contains("undo test --run"),
        "{report:#}"
    );
    assert_eq!(numbers(&stage.environment("test")), before);

    let stage = Stage::new().await;
    let report = overwritten(
        &stage,
        FaultKind::MigrationStopsHalfway("deadlock detected".into()),
        10,
    )
    .await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    let run = report["run"].as_str().unwrap();
    assert_eq!(
        report["next"],
        json!([format!("nocobase-release undo test --run {run}")])
    );
    let undone = stage
        .report(&["undo", "test", "--run", run, "--yes", "test"], 0)
        .await;
    assert_eq!(undone["verdict"], "verified");
    assert_eq!(numbers(&stage.environment("test")), before);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_did_nothing_or_lost_rows_is_no_success() {
    let stage = Stage::new().await;
    let report = overwritten(&stage, FaultKind::MigrationDoesNothing, 11).await;
    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert!(
        report["reasons"]
            .to_string()
            .contains("although the server calls it a success"),
        "{report:#}"
    );
    let stage = Stage::new().await;
    let report = overwritten(&stage, FaultKind::RestoreLosesRows("orders".into(), 100), 10).await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert!(report["reasons"].to_string().contains("orders"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repair_screen_is_lost_and_names_the_way_back_on_the_host() {
    let stage = Stage::new().await;
    let report = overwritten(
        &stage,
        FaultKind::MigrationBreaksApp("relation x does not exist".into()),
        10,
    )
    .await;
    assert_eq!(report["verdict"], "lost", "{report:#}");
    assert!(
        report["next"].to_string().contains("yarn nocobase restore"),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_read_back_and_never_sent_again() {
    let stage = Stage::new().await;
    let report = overwritten(&stage, FaultKind::CloseAfterEffect, 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(stage.environment("test").mutations("migrationFiles:runTask"), 1);

    let stage = Stage::new().await;
    let report = overwritten(&stage, FaultKind::CloseBeforeEffect, 11).await;
    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert_eq!(stage.environment("test").mutations("migrationFiles:runTask"), 1);

    let stage = Stage::new().await;
    let report = overwritten(&stage, FaultKind::DiesDuringRestore(RestoreStage::Load), 10).await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert_eq!(stage.environment("test").mutations("migrationFiles:runTask"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_comes_too_early_is_asked_once_more() {
    let stage = Stage::new().await;
    let early = FaultKind::Answer {
        status: 400,
        message: "not ready".into(),
        code: None,
    };
    stage
        .environment("dev")
        .faults()
        .arm(Fault::new("migration:download", early));
    let report = stage.report(&MIGRATE, 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_whose_inside_is_not_known_is_judged_by_the_source_and_what_was_there() {
    let opaque =
        |config: EnvironmentConfig| config.with_settings(|settings| settings.opaque_migrations = true);
    let sides = || {
        SimConfig::new([
            opaque(EnvironmentConfig::dev()),
            opaque(EnvironmentConfig::test()),
        ])
    };
    let overwrite = |stage: &Stage, fault: Option<FaultKind>| {
        if let Some(fault) = fault {
            let fault = Fault::new("migrationFiles:runTask", fault);
            stage.environment("test").faults().arm(fault);
        }
        let mut arguments = MIGRATE.to_vec();
        arguments.extend(["--user", "overwrite"]);
        arguments
    };
    let stage = Stage::with(sides()).await;
    let report = stage.report(&overwrite(&stage, None), 0).await;
    // system tables that the rule replaces are not counted then, which is said
    assert_eq!(report["verdict"], "verified_with_warnings", "{report:#}");
    assert!(
        report["reasons"]
            .to_string()
            .contains("whose new rows are not known"),
        "{report:#}"
    );
    assert_eq!(
        numbers(&stage.environment("test")),
        numbers(&stage.environment("dev"))
    );
    let lossy = FaultKind::RestoreLosesRows("orders".into(), 100);
    let stage = Stage::with(sides()).await;
    let report = stage.report(&overwrite(&stage, Some(lossy)), 10).await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    stage.assert_no_violation();
}

/// The settings that both sides must share (documentation of the Migration Manager); `DB_SCHEMA` is told by facts, too,
/// and is refused by the plan already.
#[tokio::test(flavor = "multi_thread")]
async fn every_setting_that_must_agree_is_named_where_it_does_not() {
    type Set = fn(&mut Settings);
    let cases: [(&str, i32, Set); 5] = [
        ("DB_UNDERSCORED", 8, |settings| settings.underscored = true),
        ("USE_DB_SCHEMA_IN_SUBAPP", 8, |settings| {
            settings.schema_in_sub_apps = true
        }),
        ("DB_TABLE_PREFIX", 8, |settings| {
            settings.table_prefix = Some("t_".into())
        }),
        ("DB_SCHEMA", 5, |settings| {
            settings.schema = Some("releases".into())
        }),
        ("COLLECTION_MANAGER_SCHEMA", 8, |settings| {
            settings.collection_manager_schema = Some("collections".into());
        }),
    ];
    for (name, exit, set) in cases {
        let test = EnvironmentConfig::test().with_settings(set);
        let stage = Stage::with(SimConfig::new([EnvironmentConfig::dev(), test])).await;
        let before = stage.environment("test").rows("orders");
        let refused = stage.run(&MIGRATE).await.expect(exit);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(said.contains(name), "{name}: {said}");
        assert!(
            said.contains("migration_settings_differ") || said.contains("the same"),
            "{name}: {said}"
        );
        assert_eq!(stage.environment("test").rows("orders"), before, "{name}");
        assert_eq!(
            stage.environment("test").mutations("migrationFiles:runTask"),
            0,
            "{name}"
        );
        stage.assert_no_violation();
    }
}
