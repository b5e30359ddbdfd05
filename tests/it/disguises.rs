//! What calls itself otherwise: plans whose words are not theirs, files that name a source, sources that are damaged,
//! homes that are reached by another path, one server under two addresses.

use std::time::{Duration, SystemTime};

use nocobase_sim::{Fault, FaultKind};
use release_tests::Stage;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_says_less_than_it_does_is_refused() {
    let stage = Stage::new().await;
    let made = stage
        .report(&["plan", "restore", "test", "--from", "dev"], 0)
        .await;
    for (field, forged) in [
        ("summary", json!("Look at dev")),
        ("destroys", json!([])),
        ("findings", json!([])),
        ("steps", json!([])),
        ("request", json!({ "backup": { "environment": "dev" } })),
    ] {
        let mut plan = made["plan"].clone();
        plan[field] = forged;
        let mut plan: release_engine::Plan = serde_json::from_value(plan).unwrap();
        plan.hash = plan.compute_hash();
        std::fs::write(
            stage.home().join("forged.json"),
            serde_json::to_string(&plan).unwrap(),
        )
        .unwrap();
        std::fs::remove_dir_all(stage.home().join("release-state/plans")).ok();
        let refused = stage
            .run(&["apply", "forged.json", "--confirm", &plan.phrase()])
            .await
            .expect(4);
        assert!(
            refused.stderr.contains("plan_foreign"),
            "{field}: {}",
            refused.stderr
        );
    }
    assert_eq!(stage.changes("test"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_does_not_come_from_where_it_is_said_to() {
    let stage = Stage::new().await;
    stage.settings("[policy]\ndirections = [\"dev -> test\"]\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    let file = stage.package_file("prod", "any.nbdata");
    let file = file.to_str().unwrap();
    for source in ["dev", "test"] {
        let refused = stage
            .run(&[
                "restore",
                "test",
                "--from",
                source,
                "--package",
                file,
                "--yes",
                "test",
            ])
            .await
            .expect(3);
        assert!(refused.stderr.contains("from file to test"), "{}", refused.stderr);
    }
    assert_eq!(stage.changes("test"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_source_is_named_before_its_damage_is_carried_on() {
    let stage = Stage::new().await;
    let fault = Fault::new(
        "backup:restoreUpload",
        FaultKind::RestoreLosesTable("orders".into()),
    );
    stage.environment("test").faults().arm(fault);
    stage
        .report(&["restore", "test", "--from", "dev", "--yes", "test"], 10)
        .await;
    let plan = stage
        .report(&["plan", "restore", "prod", "--from", "test"], 0)
        .await;
    let findings = plan["plan"]["findings"].to_string();
    assert!(findings.contains("source_in_doubt"), "{findings}");
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
    let plan = stage
        .report(&["plan", "restore", "prod", "--from", "test"], 0)
        .await;
    assert!(!plan["plan"]["findings"].to_string().contains("source_in_doubt"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_home_by_another_path_keeps_what_an_undo_needs_and_what_no_run_made() {
    let stage = Stage::new().await;
    stage
        .report(&["restore", "test", "--from", "dev", "--yes", "test"], 0)
        .await;
    let folder = stage.home().join("release/test");
    std::fs::write(folder.join("mine.nbdata"), "mine").unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = std::fs::File::options()
            .append(true)
            .open(entry.unwrap().path())
            .unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(40 * 24 * 3600))
            .unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("home");
    std::os::unix::fs::symlink(stage.home(), &link).unwrap();
    let pruned = stage
        .run(&[
            "--home",
            link.to_str().unwrap(),
            "packages",
            "prune",
            "--older-than",
            "30",
            "--yes",
        ])
        .await
        .expect(0);
    assert!(
        pruned.stdout.contains("an undo may need it") && pruned.stdout.contains("no run has put it there"),
        "{}",
        pruned.stdout
    );
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
    let today = stage
        .run(&["packages", "prune", "--older-than", "0", "--yes"])
        .await;
    assert_ne!(today.code, 0);
}
