//! The same package further on: a package says where it was verified, and `@verified` names it, for a person to confirm.

use release_engine::{
    EngineError, Plan, PlannedPackage, Policy, RunReport, RunSecrets, Understood, Verdict, Wanted,
};
use release_intent::{PackageRef, Reading};
use serde_json::{Value, json};

use crate::support::{BOTH, Behaviour, Connection, Fixture, Lifecycle, connect, mutations, simulated, text};

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

#[tokio::test]
async fn the_verified_package_itself_is_planned_for_prod_and_a_person_confirms_it() {
    for (lifecycle, tool) in [
        (Lifecycle::Initialize, "restore"),
        (Lifecycle::Discover, "restore"),
        (Lifecycle::Initialize, "migrate"),
    ] {
        let (fixture, sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::TypesPhrase).await;
        let on_test = released(&fixture, &connection, tool, "dev", "test").await;
        let package = on_test.package.unwrap();
        let promote = json!({ "source": "test", "target": "prod", "package": "@verified" });
        let planned = connection.data(tool, promote).await;

        let plan = &planned["plan"];
        let shown = plan["text"].as_str().unwrap();
        assert!(
            shown.contains(&format!("sha256 {}", package.sha256)) && shown.contains("verified on test at "),
            "{shown}"
        );
        assert_eq!(
            (&plan["source"], &plan["target"]),
            (&json!("test"), &json!("prod"))
        );
        assert_eq!(plan["confirmed_by"], "person");
        assert_eq!(plan.get("phrase"), None);
        // What a model can pass is no person, whatever was verified.
        let alone = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        let id = plan["plan"].as_str().unwrap();
        let phrase = fixture.engine.load_plan(id).unwrap().phrase();
        let confirm = json!({ "plan": id, "phrase": phrase, "wait_seconds": 0 });
        let answer = alone.data("confirm", confirm.clone()).await;
        assert_eq!(answer["status"], "person_required", "{answer:#}");
        assert_eq!(fixture.engine.runs(9).unwrap().len(), 1);

        connection.data("confirm", confirm).await;
        let on_prod = fixture.execute().await;
        assert_eq!(on_prod.verdict, Some(Verdict::Verified), "{on_prod:#?}");
        assert_eq!(on_prod.package.unwrap().sha256, package.sha256);
        let made =
            ["backup:create", "migration:create"].map(|action| sim.environment("dev").mutations(action));
        assert_eq!(made.iter().sum::<usize>(), 1, "no other package was made");
        assert_eq!(connection.asked().len(), 1);
    }
}

#[tokio::test]
async fn nothing_verified_is_said_with_what_to_do_first() {
    for lifecycle in BOTH {
        let (fixture, sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        for (tool, what, way) in [
            (
                "restore",
                "no backup package was verified on test",
                "restore to test first",
            ),
            (
                "migrate",
                "no migration package was verified on test",
                "migrate to test first",
            ),
        ] {
            let promote = json!({ "source": "test", "target": "prod", "package": "@verified" });
            let said = connection.error(tool, promote).await;
            assert!(said.starts_with("error: unsupported"), "{said}");
            let (cause, next) = said.split_once("\nnext step: ").unwrap();
            assert!(cause.contains(what), "{said}");
            assert!(next.contains(way) && next.contains("packages ledger"), "{said}");
        }
        assert_eq!(mutations(&sim), Vec::<String>::new());
    }
}

async fn planned(fixture: &Fixture, reading: &Reading) -> Result<Plan, EngineError> {
    match fixture.engine.understand(reading).unwrap() {
        Understood::Clear(Wanted::Plan(request)) => {
            fixture.engine.plan(&request, &RunSecrets::default()).await
        }
        other => panic!("{other:?}"),
    }
}

/// However a sentence calls it, a package that an intent names so is the one that was verified.
#[tokio::test]
async fn an_intent_names_the_verified_package_as_a_tool_does() {
    for (sentence, promotion, tool) in [
        (
            "Restore test to prod",
            "Restore what was verified on test to prod",
            "restore",
        ),
        (
            "Migrate test to prod",
            "Migrate the verified package of test to prod",
            "migrate",
        ),
    ] {
        let (fixture, sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, Lifecycle::Initialize, Behaviour::CannotAsk).await;
        let on_test = released(&fixture, &connection, tool, "dev", "test").await;
        let reading = fixture.engine.read(sentence);
        let new = planned(&fixture, &reading).await.unwrap();
        assert!(matches!(new.package, PlannedPackage::New { .. }), "{sentence}");

        let mut reading = fixture.engine.read(promotion);
        assert_eq!(
            reading.intent.package,
            Some(PackageRef::from("@verified".to_owned()))
        );
        let plan = planned(&fixture, &reading).await.unwrap();
        let PlannedPackage::File { sha256, .. } = &plan.package else {
            panic!("{sentence}: {:?}", plan.package)
        };
        assert_eq!(*sha256, on_test.package.unwrap().sha256, "{sentence}");
        assert_eq!((plan.source(), plan.target()), (Some("test"), Some("prod")));

        let said = connection.data("release", json!({ "sentence": promotion })).await;
        assert!(
            said["plan"]["text"].as_str().unwrap().contains(sha256),
            "{said:#}"
        );

        // Without a source it is the target's own, which was never verified.
        reading.intent.source = None;
        let error = planned(&fixture, &reading).await.unwrap_err();
        assert!(error.to_string().contains("verified on prod"), "{error}");
        assert!(error.hint().contains("(--from test)"), "{}", error.hint());
        assert_eq!(sim.environment("prod").mutations("backup:create"), 0);
    }
}
