//! The human gate: a person approves at a terminal what an assistant made and then sets going. And which ways
//! releases may go at all.

use release_tests::Stage;
use serde_json::Value;

async fn plan(stage: &Stage, target: &str) -> (String, String) {
    let planned = stage
        .report(&["plan", "restore", target, "--from", "dev"], 0)
        .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&planned["plan"]["id"]), text(&planned["phrase"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_target_runs_once_a_person_approved_that_very_plan() {
    let stage = Stage::new().await;
    let (id, phrase) = plan(&stage, "prod").await;
    let (other, other_phrase) = plan(&stage, "prod").await;
    stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(3);
    let nobody = stage.run(&["approve", &id]).await.expect(3);
    assert!(nobody.stderr.contains("[needs_person]"), "{}", nobody.stderr);

    stage
        .at_a_terminal(&format!("approve {id}"), &other_phrase)
        .await
        .expect(4);
    stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(3);
    assert_eq!(stage.changes("prod"), 0);

    let approved = stage
        .at_a_terminal(&format!("approve {id}"), &phrase)
        .await
        .expect(0);
    assert!(
        approved.stdout.contains("approved by grace"),
        "{}",
        approved.stdout
    );
    assert_eq!(stage.changes("prod"), 0, "an approval alone sets nothing going");
    stage
        .run(&["apply", &other, "--confirm", &other_phrase])
        .await
        .expect(3);
    let report = stage.report(&["apply", &id, "--confirm", &phrase], 0).await;
    assert_eq!(report["confirmed_by"], "approved_at_terminal", "{report:#}");
    assert_eq!(report["approved_by"], "grace");
    assert_eq!(report["verdict"], "verified", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_foreign_approval_approves_nothing() {
    let stage = Stage::new().await;
    let (id, phrase) = plan(&stage, "prod").await;
    let (other, other_phrase) = plan(&stage, "prod").await;
    stage
        .at_a_terminal(&format!("approve {other}"), &other_phrase)
        .await
        .expect(0);
    let plans = stage.home().join("release-state/plans");
    std::fs::copy(
        plans.join(format!("{other}.approved")),
        plans.join(format!("{id}.approved")),
    )
    .unwrap();
    stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(3);
    std::fs::write(plans.join(format!("{id}.approved")), "{}").unwrap();
    stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(3);
    assert_eq!(stage.changes("prod"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_go_only_the_ways_that_policy_names() {
    let stage = Stage::new().await;
    let (id, phrase) = plan(&stage, "test").await;
    let rules = |ways: &str| {
        stage.settings(&format!("[policy]\ndirections = [{ways}]\n"), |environment| {
            format!("token = {:?}", environment.token())
        });
    };
    rules("\"test -> prod\"");
    let refused = stage
        .run(&["plan", "restore", "test", "--from", "dev"])
        .await
        .expect(3);
    assert!(
        refused.stderr.contains("allowed are: test -> prod"),
        "{}",
        refused.stderr
    );
    // A plan that was made before the rule.
    stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(3);
    stage.package_file("dev", "dev.nbdata");
    stage
        .run(&["plan", "restore", "test", "--package", "./dev.nbdata"])
        .await
        .expect(3);
    stage.run(&["plan", "restore", "test"]).await.expect(0);
    stage
        .run(&["plan", "restore", "prod", "--from", "test"])
        .await
        .expect(0);
    rules("\"dev -> *\"");
    stage
        .run(&["restore", "test", "--from", "dev", "--yes", "test"])
        .await
        .expect(0);
    rules("\"test -> prod\"");
    // The way back is never closed.
    stage.run(&["undo", "test", "--yes", "test"]).await.expect(0);
    rules("\"dev to test\"");
    let wrong = stage.run(&["envs", "list"]).await;
    assert!(
        wrong.code != 0 && wrong.stderr.contains("dev -> test"),
        "{}",
        wrong.stderr
    );
}
