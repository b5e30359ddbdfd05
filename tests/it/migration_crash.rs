//! Migrations whose process dies: what is read back, and what is never sent again.

use std::process::Stdio;
use std::time::Duration;

use nocobase_sim::{EnvironmentConfig, Fault, FaultKind, MigrationManager, SimConfig};
use release_tests::Stage;
use serde_json::json;

use crate::crash::{began, kill, runner, until};

const MIGRATE: [&str; 6] = ["migrate", "test", "--from", "dev", "--yes", "test"];

/// Starts it, and kills its process when this step has begun.
async fn killed_at(stage: &Stage, arguments: &[&str], step: &str, and_when: impl Fn() -> bool) {
    let mut command = stage
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| began(stage, step) && and_when()).await;
    kill(runner(stage).unwrap());
    command.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_rows_are_not_expected_to_be_none_where_the_safety_backup_cannot_be_opened_again() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    test.set_rows(
        "backupSettings",
        vec![json!({"id": 1, "encryptionPassword": "open sesame"})],
    );
    let password = stage.home().join("password");
    std::fs::write(&password, "open sesame\n").unwrap();
    let mut arguments = MIGRATE.to_vec();
    arguments.extend(["--password-file", password.to_str().unwrap()]);
    killed_at(&stage, &arguments, "watch", || true).await;
    // nobody gives the password again
    let report = stage.report(&["runs", "resume"], 7).await;
    assert_eq!(report["verdict"], "unverified", "{report:#}");
    assert!(
        !report["reasons"].to_string().contains("hold fewer"),
        "{report:#}"
    );
    assert_eq!(test.mutations("migrationFiles:runTask"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_that_were_being_made_are_looked_for_and_not_made_again() {
    let with = |config: EnvironmentConfig| {
        config.with_settings(|settings| {
            settings.migration_manager = MigrationManager::Cli;
            settings.migration_values_apart = true;
        })
    };
    let stage = Stage::with(SimConfig::new([
        with(EnvironmentConfig::dev()),
        with(EnvironmentConfig::test()),
    ]))
    .await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    for name in ["API_KEY", "API_URL"] {
        let row = json!({"name": name, "type": "default", "value": "devs"});
        dev.add_row("environmentVariables", row.as_object().unwrap().clone());
    }
    let slow = FaultKind::SlowAnswer(Duration::from_secs(20));
    test.faults()
        .arm(Fault::new("environmentVariables:create", slow).on_call(2));
    let values = stage.home().join("values");
    std::fs::write(&values, "API_KEY=abcdef\nAPI_URL=ghijkl\n").unwrap();
    let mut arguments = MIGRATE.to_vec();
    arguments.extend(["--values-file", values.to_str().unwrap()]);
    let made = || {
        let rows = test.rows("environmentVariables");
        ["API_KEY", "API_URL"]
            .iter()
            .all(|name| rows.iter().any(|row| row["name"] == json!(name)))
    };
    killed_at(&stage, &arguments, "set_variables", made).await;
    let report = stage.report(&["runs", "resume"], 10).await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert!(
        report["reasons"].to_string().contains("API_KEY, API_URL"),
        "{report:#}"
    );
    assert_eq!(test.mutations("environmentVariables:create"), 2);
    assert_eq!(test.mutations("migration:execute"), 0);
    // without a run's name it is this one, and no older one, that is taken back
    let undone = stage.report(&["undo", "test", "--yes", "test"], 0).await;
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    assert!(!made());
}
