//! A confirmation fits one plan, once, in time, and only while the facts stand.

use release_tests::Stage;
use serde_json::Value;

async fn plan(stage: &Stage) -> (String, String) {
    let planned = stage
        .report(&["plan", "restore", "test", "--from", "dev"], 0)
        .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&planned["plan"]["id"]), text(&planned["phrase"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_changes_nothing_and_runs_once_with_its_own_phrase() {
    let stage = Stage::new().await;
    let (id, phrase) = plan(&stage).await;
    let (_, foreign) = plan(&stage).await;
    assert!(phrase.starts_with("test ") && phrase != foreign);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));

    for wrong in ["", "yes", "test", foreign.as_str(), "prod abcde"] {
        let refused = stage.run(&["apply", &id, "--confirm", wrong]).await.expect(4);
        assert!(
            refused.stderr.contains("[wrong_confirmation]"),
            "{}",
            refused.stderr
        );
    }
    let nobody = stage.run(&["apply", &id]).await.expect(4);
    assert!(
        nobody.stderr.contains(&format!("--confirm {phrase:?}")),
        "{}",
        nobody.stderr
    );
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));

    stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(0);
    let changes = stage.changes("test");
    let used = stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(4);
    assert!(used.stderr.contains("[plan_used]"), "{}", used.stderr);
    assert_eq!(stage.changes("test"), changes);
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_plan_is_refused() {
    let stage = Stage::new().await;
    stage.settings("[policy]\nplan-minutes = 0\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    let (id, phrase) = plan(&stage).await;
    let refused = stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(4);
    assert!(refused.stderr.contains("[plan_expired]"), "{}", refused.stderr);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_plan_is_refused() {
    let stage = Stage::new().await;
    stage
        .run(&["plan", "restore", "test", "--from", "dev", "--out", "plan.json"])
        .await
        .expect(0);
    let file = stage.home().join("plan.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"phrase\"", "\"none\"")).unwrap();
    // the kept plan of that name is not what the file says either
    std::fs::remove_dir_all(stage.home().join("release-state")).unwrap();
    let refused = stage
        .run(&["apply", "plan.json", "--confirm", "test aaaaa"])
        .await
        .expect(4);
    assert!(refused.stderr.contains("[plan_altered]"), "{}", refused.stderr);
    std::fs::write(&file, "{").unwrap();
    stage
        .run(&["apply", "plan.json", "--confirm", "test aaaaa"])
        .await
        .expect(2);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_file_runs_on_another_home() {
    let stage = Stage::new().await;
    let planned = stage
        .report(
            &["plan", "restore", "test", "--from", "dev", "--out", "plan.json"],
            0,
        )
        .await;
    let phrase = planned["phrase"].as_str().unwrap();
    std::fs::remove_dir_all(stage.home().join("release-state")).unwrap();
    let report = stage
        .report(&["apply", "plan.json", "--confirm", phrase], 0)
        .await;
    assert_eq!(report["verdict"], "verified");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_facts_changed_is_not_executed() {
    let stage = Stage::new().await;
    let (id, phrase) = plan(&stage).await;
    stage
        .environment("test")
        .change_settings(|settings| settings.version = "2.2.16".into());
    let report = stage.report(&["apply", &id, "--confirm", &phrase], 8).await;
    assert_eq!(report["cause"]["code"], "plan_stale");
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 0);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_can_forbid_everything_and_protect_anything() {
    let stage = Stage::new().await;
    let token = |environment: &nocobase_sim::Environment| format!("token = {:?}", environment.token());
    let (id, phrase) = plan(&stage).await;
    stage.settings("[policy]\nread-only = true\n", token);
    stage
        .run(&["restore", "test", "--from", "dev", "--yes", "test"])
        .await
        .expect(3);
    stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(3);
    stage.settings("[policy]\nprotected = [\"test\"]\n", token);
    let refused = stage.run(&["apply", &id, "--confirm", &phrase]).await.expect(3);
    assert!(
        refused.stderr.contains("[needs_person]"),
        "a plan made before is held to the policy of now"
    );
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}

/// A plan is a file: what it says of itself is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_plan_with_a_right_hash_gets_nowhere() {
    let stage = Stage::new().await;
    stage
        .run(&["plan", "restore", "test", "--from", "dev", "--out", "plan.json"])
        .await
        .expect(0);
    let text = std::fs::read_to_string(stage.home().join("plan.json")).unwrap();
    let forgeries = [
        (
            "no confirmation",
            "\"confirmation\": \"phrase\"",
            "\"confirmation\": \"none\"",
            "unconfirmed",
        ),
        (
            "for ever",
            "\"expires_at\": \"20",
            "\"expires_at\": \"21",
            "plan_expired",
        ),
        (
            "another server",
            "\"environment\": \"test\"",
            "\"environment\": \"prod\"",
            "plan_foreign",
        ),
        (
            "no way back",
            "\"package_is_safety_backup\": false",
            "\"package_is_safety_backup\": true",
            "plan_foreign",
        ),
        (
            "only a backup",
            "\"action\": \"restore\"",
            "\"action\": \"backup\"",
            "plan_foreign",
        ),
    ];
    let forgeries = forgeries.into_iter().chain([
        (
            "an undo of nothing, which no direction forbids",
            "\"action\": \"restore\"",
            "\"action\": \"undo\"",
            "plan_foreign",
        ),
        (
            "a drill of nothing",
            "\"action\": \"restore\"",
            "\"action\": \"drill\"",
            "plan_foreign",
        ),
        (
            "everything accepted",
            "\"confirmation\": \"phrase\"",
            "\"accepted\": [\"not_a_nocobase_dump\"], \"confirmation\": \"phrase\"",
            "plan_foreign",
        ),
    ]);
    for (what, is, forged, code) in forgeries {
        assert!(text.contains(is), "{what}");
        let mut plan: release_engine::Plan = serde_json::from_str(&text.replace(is, forged)).unwrap();
        plan.hash = plan.compute_hash();
        std::fs::write(
            stage.home().join("forged.json"),
            serde_json::to_string(&plan).unwrap(),
        )
        .unwrap();
        std::fs::remove_dir_all(stage.home().join("release-state")).ok();
        let refused = stage.run(&["apply", "forged.json"]).await.expect(4);
        assert!(
            refused.stderr.contains(&format!("[{code}]")),
            "{what}: {}",
            refused.stderr
        );
    }
    assert_eq!(
        (stage.changes("dev"), stage.changes("test"), stage.changes("prod")),
        (0, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_stale_after_another_run_overwrote_its_target() {
    let stage = Stage::new().await;
    let (id, phrase) = plan(&stage).await;
    stage
        .run(&["restore", "test", "--from", "dev", "--yes", "test"])
        .await
        .expect(0);
    let report = stage.report(&["apply", &id, "--confirm", &phrase], 8).await;
    assert_eq!(report["cause"]["code"], "plan_stale", "{report:#}");
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn protection_follows_the_server_and_its_aliases_not_one_name() {
    let stage = Stage::new().await;
    let url = stage.environment("prod").url();
    stage.settings(
        &format!("[environments.qa]\nurl = \"{url}/\"\ntoken = \"t\"\n"),
        |environment| {
            let alias = if environment.name() == "test" {
                "aliases = [\"正式环境\"]\n"
            } else {
                ""
            };
            format!("{alias}token = {:?}", environment.token())
        },
    );
    let listed = stage.report(&["envs", "list"], 0).await;
    let protected: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|environment| environment["protected"] == true)
        .map(|environment| environment["name"].as_str().unwrap())
        .collect();
    assert_eq!(protected, ["prod", "qa", "test"]);
    stage
        .run(&["restore", "test", "--from", "dev", "--yes", "test"])
        .await
        .expect(3);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}
