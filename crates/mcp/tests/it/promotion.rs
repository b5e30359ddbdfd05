//! The same package further on: a package says where it was verified, and `@verified` names it, for a person to confirm.

use release_engine::{Policy, RunReport, Verdict};
use serde_json::{Value, json};

use crate::support::{BOTH, Behaviour, Connection, Fixture, Lifecycle, connect, simulated, text};

/// Plans with the tool, confirms, and lets the run come to its verdict.
async fn released(
    fixture: &Fixture,
    connection: &Connection,
    tool: &'static str,
    source: &str,
    target: &str,
) -> RunReport {
    let planned = connection
        .data(tool, json!({ "source": source, "target": target }))
        .await;
    let plan = &planned["plan"];
    let arguments = json!({ "plan": plan["plan"], "phrase": plan["phrase"], "wait_seconds": 0 });
    connection.data("confirm", arguments).await;
    let report = fixture.execute().await;
    assert_eq!(report.verdict, Some(Verdict::Verified), "{report:#?}");
    report
}

fn inspect(report: &RunReport) -> Value {
    let path = &report.package.as_ref().unwrap().path;
    json!({ "environment": "dev", "package": path.file_name().unwrap().to_str() })
}

#[tokio::test]
async fn a_package_says_where_it_was_verified_before() {
    for lifecycle in BOTH {
        let (fixture, sim) = simulated(Policy::default()).await;
        let dev = sim.environment("dev");
        let unknown = "backup_20260101_000000_0000.nbdata";
        dev.add_backup(unknown, sim.environment("prod").package(None));
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        let nowhere = json!({ "environment": "dev", "package": unknown });
        let silent = async || {
            let data = connection.data("inspect_package", nowhere.clone()).await;
            assert_eq!(data["inspection"].get("verified"), None, "{data:#}");
            let said = text(&connection.call("inspect_package", nowhere.clone()).await);
            assert!(!said.contains("verified"), "{said}");
        };
        silent().await;

        let report = released(&fixture, &connection, "restore", "dev", "test").await;
        let data = connection.data("inspect_package", inspect(&report)).await;
        let inspection = &data["inspection"];
        assert_eq!(inspection["sha256"], report.package.as_ref().unwrap().sha256);
        let [place] = &inspection["verified"].as_array().unwrap()[..] else {
            panic!("{inspection:#}")
        };
        assert_eq!(place["environment"], "test");
        assert_eq!(place["run"], report.run.as_str());
        assert!(place["at"].as_str().unwrap().contains('T'), "{place}");
        let said = text(&connection.call("inspect_package", inspect(&report)).await);
        let told: Vec<&str> = said.lines().filter(|line| line.contains("verified on")).collect();
        assert_eq!(told.len(), 1, "{said}");
        assert!(
            told[0].starts_with("> verified on test at ") && told[0].ends_with(report.run.as_str()),
            "{said}"
        );
        // Another package is none the wiser.
        silent().await;
    }
}

#[tokio::test]
async fn where_a_package_was_verified_is_not_kept_silent_when_a_journal_cannot_be_read() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, Lifecycle::Initialize, Behaviour::CannotAsk).await;
    let report = released(&fixture, &connection, "restore", "dev", "test").await;
    let journal = fixture
        .engine
        .settings()
        .home
        .run(&report.run)
        .join("journal.jsonl");
    let lines = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, format!("broken\n{lines}")).unwrap();
    let data = connection.data("inspect_package", inspect(&report)).await;
    assert_eq!(data["inspection"]["usable"], true);
    assert_eq!(data["inspection"].get("verified"), None);
    let finding = &data["inspection"]["findings"][0];
    assert_eq!(finding["code"], "broken_record", "{data:#}");
    let said = text(&connection.call("inspect_package", inspect(&report)).await);
    assert!(said.contains("where it was verified cannot be told"), "{said}");
}
