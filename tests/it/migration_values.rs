//! Values of variables and secrets in a migration: which are sent, and that none is written down, whatever the server says.

use nocobase_sim::{EnvironmentConfig, Fault, FaultKind, MigrationManager, SimConfig};
use release_tests::Stage;
use serde_json::json;

const VALUE: &str = "value-3e7b-SECRET";
const MIGRATE: [&str; 6] = ["migrate", "test", "--from", "dev", "--yes", "test"];

/// dev and test, where dev has a secret and a variable that test lacks.
async fn stage(surface: MigrationManager) -> Stage {
    let with = |config: EnvironmentConfig| {
        config.with_settings(|settings| {
            settings.migration_manager = surface;
            settings.migration_values_apart = true;
        })
    };
    let stage = Stage::with(SimConfig::new([
        with(EnvironmentConfig::dev()),
        with(EnvironmentConfig::test()),
    ]))
    .await;
    stage.secret(VALUE);
    for (name, kind) in [("API_KEY", "secret"), ("API_URL", "default")] {
        let row = json!({"name": name, "type": kind, "value": "devs"});
        let row = row.as_object().unwrap().clone();
        stage.environment("dev").add_row("environmentVariables", row);
    }
    stage
}

/// A file of values that is gone before anybody looks for what was written down.
struct Values(std::path::PathBuf);

impl Values {
    fn new(stage: &Stage, lines: &str) -> Self {
        let path = stage.home().join("values");
        std::fs::write(&path, lines).unwrap();
        Self(path)
    }

    fn arguments<'a>(&'a self, first: &[&'a str]) -> Vec<&'a str> {
        let mut all = first.to_vec();
        all.extend(["--values-file", self.0.to_str().unwrap()]);
        all
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_repeats_a_value_does_not_get_it_written_down() {
    let lines = format!("API_KEY={VALUE}\nAPI_URL=https://x.example\n");
    let cases = [
        (
            vec![FaultKind::MigrationSays(format!("setting API_KEY={VALUE}"))],
            0,
        ),
        (
            vec![FaultKind::MigrationFails(format!("cannot decrypt {VALUE}"))],
            11,
        ),
        (
            vec![
                FaultKind::MigrationAnswers {
                    status: 500,
                    message: format!("bad value {VALUE}"),
                },
                FaultKind::MigrationStopsHalfway(format!("bad value {VALUE}")),
            ],
            10,
        ),
    ];
    for (faults, code) in cases {
        let stage = stage(MigrationManager::Both).await;
        for fault in faults {
            let fault = Fault::new("migrationFiles:runTask", fault);
            stage.environment("test").faults().arm(fault);
        }
        let values = Values::new(&stage, &lines);
        let report = stage.report(&values.arguments(&MIGRATE), code).await;
        drop(values);
        stage.assert_holds_no_secret("written down", &stage.written());
        let run = report["run"].as_str().unwrap();
        let log = stage
            .home()
            .join("release-state/runs")
            .join(run)
            .join("migration.log");
        assert!(
            std::fs::read_to_string(log).unwrap().contains("****"),
            "{report:#}"
        );
        let sent = stage.environment("test").requests();
        let checks = sent
            .iter()
            .filter(|request| request.action == "migrationFiles:checkEnvTexts");
        assert_eq!(checks.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_that_were_made_before_something_failed_are_named_and_can_be_taken_back() {
    let stage = stage(MigrationManager::Cli).await;
    let test = stage.environment("test");
    test.faults().arm(
        Fault::new(
            "environmentVariables:create",
            FaultKind::server_error("no space left"),
        )
        .on_call(2),
    );
    let values = Values::new(&stage, &format!("API_KEY={VALUE}\nAPI_URL=https://x.example\n"));
    let report = stage.report(&values.arguments(&MIGRATE), 10).await;
    drop(values);
    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert!(
        report["reasons"].to_string().contains("stay: API_KEY"),
        "{report:#}"
    );
    assert_eq!(test.mutations("migration:execute"), 0);
    let made = |test: &nocobase_sim::Environment| {
        let rows = test.rows("environmentVariables");
        rows.iter().any(|row| row["name"] == json!("API_KEY"))
    };
    assert!(made(&test));
    let run = report["run"].as_str().unwrap();
    let undone = stage
        .report(&["undo", "test", "--run", run, "--yes", "test"], 0)
        .await;
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    assert!(!made(&stage.environment("test")));
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_stay_where_the_execution_is_refused_afterwards() {
    let stage = stage(MigrationManager::Cli).await;
    let refusal = FaultKind::Answer {
        status: 400,
        message: "Not a valid migration file".into(),
        code: None,
    };
    stage
        .environment("test")
        .faults()
        .arm(Fault::new("migration:execute", refusal));
    let values = Values::new(&stage, &format!("API_KEY={VALUE}\nAPI_URL=https://x.example\n"));
    let report = stage.report(&values.arguments(&MIGRATE), 10).await;
    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert!(
        report["reasons"].to_string().contains("API_KEY, API_URL"),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_go_to_the_target_they_were_given_for_and_the_plan_names_them() {
    let stage = stage(MigrationManager::Both).await;
    let lines = format!("test.API_KEY={VALUE}\nprod.API_URL=https://prod.example\n");
    let values = Values::new(&stage, &lines);
    let report = stage.report(&values.arguments(&MIGRATE), 8).await;
    assert_eq!(report["cause"]["code"], "variables_missing", "{report:#}");
    assert!(
        report["cause"]["message"]
            .as_str()
            .unwrap()
            .ends_with(": API_URL"),
        "what is given for prod is not given for test: {report:#}"
    );
    drop(values);
    let values = Values::new(&stage, &format!("{lines}API_URL=https://test.example\nOTHER=1\n"));
    let plan = stage
        .report(
            &values.arguments(&["plan", "migrate", "test", "--from", "dev"]),
            0,
        )
        .await;
    assert_eq!(
        plan["plan"]["migration"]["given"],
        json!(["API_KEY", "API_URL", "OTHER"]),
        "{plan:#}"
    );
    let report = stage.report(&values.arguments(&MIGRATE), 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    let rows = stage.environment("test").rows("environmentVariables");
    let of = |name: &str| {
        rows.iter()
            .find(|row| row["name"] == json!(name))
            .map(|row| row["value"].clone())
    };
    assert_eq!(of("API_URL"), Some(json!("https://test.example")));
    assert_eq!(of("OTHER"), None);
}
