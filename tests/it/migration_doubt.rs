//! Migrations on servers that behave otherwise than one would like: what is then claimed, and what is not.

use std::time::Duration;

use nocobase_sim::{EnvironmentConfig, Fault, FaultKind, SimConfig};
use release_tests::Stage;
use serde_json::{Value, json};

use crate::migrations::numbers;

const OVERWRITE: [&str; 8] = [
    "migrate",
    "test",
    "--from",
    "dev",
    "--user",
    "overwrite",
    "--yes",
    "test",
];
const STRUCTURE_ONLY: [&str; 10] = [
    "migrate",
    "test",
    "--from",
    "dev",
    "--user",
    "schema-only",
    "--system",
    "schema-only",
    "--yes",
    "test",
];

/// A migration under faults of its execution.
async fn under(
    stage: &Stage,
    arguments: &[&str],
    faults: impl IntoIterator<Item = FaultKind>,
    code: i32,
) -> Value {
    for fault in faults {
        let fault = Fault::new("migrationFiles:runTask", fault);
        stage.environment("test").faults().arm(fault);
    }
    stage.report(arguments, code).await
}

fn at_once(status: u16, delay: Duration) -> FaultKind {
    FaultKind::MigrationAnswersAtOnce { status, delay }
}

fn answers(status: u16) -> FaultKind {
    FaultKind::MigrationAnswers {
        status,
        message: "timeout of 300000ms exceeded".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_replaced_nothing_is_none_where_the_target_holds_more_than_the_source() {
    let stage = Stage::new().await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    let report = stage.report(&OVERWRITE, 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    // the same structure from here on, and more rows than the source has
    let mut orders = test.rows("orders");
    for (row, id) in dev.rows("orders").into_iter().zip(90_001..) {
        let mut row = row;
        row["id"] = json!(id);
        orders.push(row);
    }
    test.set_rows("orders", orders);
    let report = under(&stage, &OVERWRITE, [FaultKind::MigrationDoesNothing], 11).await;
    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert!(
        report["reasons"].to_string().contains("such as orders"),
        "{report:#}"
    );
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn structure_only_that_brings_none_is_no_success_and_its_refusal_changes_nothing() {
    let stage = Stage::new().await;
    let report = under(&stage, &STRUCTURE_ONLY, [FaultKind::MigrationDoesNothing], 11).await;
    assert_eq!(report["verdict"], "unknown", "{report:#}");

    let stage = Stage::new().await;
    let refusal = FaultKind::Answer {
        status: 400,
        message: "Task not found".into(),
        code: None,
    };
    let report = under(&stage, &STRUCTURE_ONLY, [refusal], 8).await;
    assert_eq!(report["verdict"], "failed_unchanged", "{report:#}");

    let stage = Stage::new().await;
    let report = under(&stage, &STRUCTURE_ONLY, [], 0).await;
    // definitions come along although their tables are kept: they hold more rows than before
    assert_eq!(report["verdict"], "verified_with_warnings", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_the_work_is_no_refusal() {
    // all of the work was done, whatever the answer
    let stage = Stage::new().await;
    let report = under(&stage, &OVERWRITE, [answers(500)], 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    // half of it was, with and without a window of maintenance
    for more in [vec![], vec![FaultKind::MigrationStaysUp]] {
        let stage = Stage::new().await;
        let halfway = FaultKind::MigrationStopsHalfway("deadlock detected".into());
        let faults = [answers(500), halfway].into_iter().chain(more);
        let report = under(&stage, &OVERWRITE, faults, 10).await;
        assert_eq!(report["verdict"], "partial", "{report:#}");
        assert_eq!(stage.environment("test").mutations("migrationFiles:runTask"), 1);
        let run = report["run"].as_str().unwrap();
        stage
            .report(&["undo", "test", "--run", run, "--yes", "test"], 0)
            .await;
        stage.assert_no_violation();
    }
    // an error of a server that did nothing leaves it open
    let stage = Stage::new().await;
    let report = under(&stage, &OVERWRITE, [FaultKind::server_error("out of memory")], 11).await;
    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert!(report["next"].to_string().contains("undo test"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_503_while_it_works_is_no_refusal_either() {
    for more in [vec![], vec![FaultKind::MigrationStaysUp]] {
        let stage = Stage::new().await;
        let faults = [at_once(503, Duration::ZERO)].into_iter().chain(more);
        let report = under(&stage, &OVERWRITE, faults, 0).await;
        assert_eq!(report["verdict"], "verified", "{report:#}");
        assert_eq!(
            numbers(&stage.environment("test")),
            numbers(&stage.environment("dev"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_before_the_work_proves_nothing() {
    // it begins while the run watches
    let stage = Stage::new().await;
    let report = under(&stage, &OVERWRITE, [at_once(200, Duration::from_millis(300))], 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    // it begins when the run is over: the target is as it was, and nothing says that it stays so
    let stage = Stage::new().await;
    let report = under(&stage, &OVERWRITE, [at_once(200, Duration::from_secs(600))], 11).await;
    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert!(
        report["reasons"].to_string().contains("or yet begin"),
        "{report:#}"
    );
    // where the content does not tell, the answer alone does not either
    let stage = Stage::new().await;
    stage.report(&OVERWRITE, 0).await;
    let report = under(&stage, &OVERWRITE, [at_once(200, Duration::from_secs(600))], 7).await;
    assert_eq!(report["verdict"], "unverified", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_maintenance_is_to_be_seen() {
    let stage = Stage::new().await;
    let report = under(&stage, &OVERWRITE, [FaultKind::MigrationStaysUp], 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    let stage = Stage::new().await;
    let halfway = FaultKind::MigrationStopsHalfway("deadlock detected".into());
    let report = under(&stage, &OVERWRITE, [FaultKind::MigrationStaysUp, halfway], 10).await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_compared_under_a_prefix_and_in_snake_case() {
    for (prefix, underscored) in [(Some("t_"), false), (None, true), (Some("t_"), true)] {
        let with = |config: EnvironmentConfig| {
            config.with_settings(|settings| {
                settings.table_prefix = prefix.map(str::to_owned);
                settings.underscored = underscored;
            })
        };
        let sides = || SimConfig::new([with(EnvironmentConfig::dev()), with(EnvironmentConfig::test())]);
        let stage = Stage::with(sides()).await;
        let before = numbers(&stage.environment("test"));
        let report = under(&stage, &["ask", "Migrate dev to test", "--yes", "test"], [], 0).await;
        assert_eq!(
            report["verdict"], "verified",
            "{prefix:?} {underscored}: {report:#}"
        );
        assert_eq!(numbers(&stage.environment("test")), before);
        let run = report["run"].as_str().unwrap();
        stage
            .report(&["undo", "test", "--run", run, "--yes", "test"], 0)
            .await;
        let report = under(&stage, &OVERWRITE, [], 0).await;
        assert_eq!(
            report["verdict"], "verified",
            "{prefix:?} {underscored}: {report:#}"
        );

        let stage = Stage::with(sides()).await;
        let loses = FaultKind::RestoreLosesRows("orders".into(), 100);
        let report = under(&stage, &OVERWRITE, [loses], 10).await;
        assert_eq!(
            report["verdict"], "partial",
            "{prefix:?} {underscored}: {report:#}"
        );
        assert!(report["reasons"].to_string().contains("orders"), "{report:#}");
        stage.assert_no_violation();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_migration_package_are_refused() {
    let stage = Stage::new().await;
    let backup = stage.package_file("dev", "backup.nbdata");
    let page = stage.home().join("page.nbdata");
    std::fs::write(&page, "<!DOCTYPE html><html><body>Sign in</body></html>").unwrap();
    for (file, code) in [(backup, "backup_not_migration"), (page, "not_a_package")] {
        let refused = stage
            .run(&["plan", "migrate", "test", "--package", file.to_str().unwrap()])
            .await
            .expect(5);
        assert!(refused.stderr.contains(code), "{code} in {}", refused.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_not_said_to_be_made_by_a_rule_that_did_not_make_it() {
    let stage = Stage::new().await;
    let dev = stage.environment("dev");
    stage.report(&OVERWRITE, 0).await;
    stage
        .run(&["rules", "create", "dev", "--name", "structure", "--yes", "dev"])
        .await
        .expect(0);
    let package = dev.migrations().pop().expect("a package");
    let mut arguments = vec!["plan", "migrate", "test", "--from", "dev", "--package", &package];
    arguments.extend(["--rule", "structure"]);
    let refused = stage.run(&arguments).await.expect(5);
    assert!(
        refused.stderr.contains("made_by_another_rule"),
        "{}",
        refused.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_edited_under_way_stops_it() {
    // by the plan's facts, and by what is read right before the package is made
    let rules = |user: &str| {
        json!({
            "userDefined": {"globalRule": user, "enableIndependentRules": false},
            "systemDefined": {"globalRule": "overwrite-first", "enableIndependentRules": false},
        })
    };
    let stage = Stage::new().await;
    let dev = stage.environment("dev");
    dev.add_migration_rule("nightly", rules("schema-only"));
    let plan = stage
        .report(&["plan", "migrate", "test", "--from", "dev"], 0)
        .await;
    let edited: Vec<Value> = dev
        .rows("migrationRules")
        .into_iter()
        .map(|mut row| {
            row["rules"] = rules("overwrite");
            row
        })
        .collect();
    dev.set_rows("migrationRules", edited);
    let (plan, phrase) = (
        plan["plan"]["id"].as_str().unwrap(),
        plan["phrase"].as_str().unwrap(),
    );
    let done = stage.run(&["--json", "apply", plan, "--confirm", phrase]).await;
    assert!(
        done.stdout.contains("plan_stale"),
        "{}{}",
        done.stdout,
        done.stderr
    );
    assert_eq!(dev.mutations("migration:create"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_on_a_protected_source_wants_a_person() {
    let stage = Stage::new().await;
    let plan = stage
        .report(&["plan", "migrate", "test", "--from", "prod"], 0)
        .await;
    assert_eq!(plan["plan"]["confirmation"], "person", "{plan:#}");
    let refused = stage
        .run(&["migrate", "test", "--from", "prod", "--yes", "test"])
        .await;
    assert_ne!(refused.code, 0);
    assert_eq!((stage.changes("prod"), stage.changes("test")), (0, 0));
    // one that is there already is only read
    let rules = json!({
        "userDefined": {"globalRule": "schema-only", "enableIndependentRules": false},
        "systemDefined": {"globalRule": "overwrite-first", "enableIndependentRules": false},
    });
    stage.environment("prod").add_migration_rule("all", rules);
    let plan = stage
        .report(&["plan", "migrate", "test", "--from", "prod"], 0)
        .await;
    assert_eq!(plan["plan"]["confirmation"], "phrase", "{plan:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn system_tables_with_rules_of_their_own_are_named_in_what_is_destroyed() {
    let stage = Stage::new().await;
    let rules = json!({
        "userDefined": {"globalRule": "schema-only", "enableIndependentRules": false},
        "systemDefined": {
            "globalRule": "schema-only", "enableIndependentRules": true,
            "independentRules": [{"rule": "overwrite", "collections": ["roles"]}],
        },
    });
    stage.environment("dev").add_migration_rule("roles", rules);
    let plan = stage
        .report(&["plan", "migrate", "test", "--from", "dev"], 0)
        .await;
    let destroys = plan["plan"]["destroys"].to_string();
    assert!(destroys.contains("system tables of test: roles"), "{destroys}");
    assert!(!destroys.contains("no rows of test"), "{destroys}");
}

/// A plan is a file: what it says of its rule and of its being a migration is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_plan_of_a_migration_gets_nowhere() {
    let stage = Stage::new().await;
    let dev = stage.environment("dev");
    let rules = json!({
        "userDefined": {"globalRule": "overwrite", "enableIndependentRules": false},
        "systemDefined": {"globalRule": "overwrite-first", "enableIndependentRules": false},
    });
    dev.add_migration_rule("all", rules);
    stage
        .run(&["plan", "migrate", "test", "--from", "dev", "--out", "plan.json"])
        .await
        .expect(0);
    let text = std::fs::read_to_string(stage.home().join("plan.json")).unwrap();
    type Forge = fn(&mut release_engine::Plan);
    let forgeries: [(&str, Forge, &str); 5] = [
        (
            "a rule that keeps rows",
            |plan| {
                let rule = plan.migration.as_mut().unwrap().rule.as_mut().unwrap();
                rule.user = "schema-only".into();
            },
            "plan_foreign",
        ),
        (
            "a rule of another name",
            |plan| {
                let rule = plan.migration.as_mut().unwrap().rule.as_mut().unwrap();
                rule.name = "structure only".into();
            },
            "plan_foreign",
        ),
        ("no migration", |plan| plan.migration = None, "plan_foreign"),
        (
            "a restore",
            |plan| plan.action = release_engine::PlanAction::Restore,
            "plan_foreign",
        ),
        (
            "onto itself",
            |plan| plan.facts.source = plan.facts.target.clone(),
            "plan_foreign",
        ),
    ];
    for (what, forge, code) in forgeries {
        let mut plan: release_engine::Plan = serde_json::from_str(&text).unwrap();
        forge(&mut plan);
        plan.hash = plan.compute_hash();
        std::fs::write(
            stage.home().join("forged.json"),
            serde_json::to_string(&plan).unwrap(),
        )
        .unwrap();
        std::fs::remove_dir_all(stage.home().join("release-state/plans")).ok();
        let done = stage
            .run(&["--json", "apply", "forged.json", "--confirm", &plan.phrase()])
            .await;
        assert!(
            done.stdout.contains(code),
            "{what}: {}{}",
            done.stdout,
            done.stderr
        );
    }
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}
