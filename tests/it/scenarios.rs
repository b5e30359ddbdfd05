//! Scenarios A, B and C from their sentences, and the way back from each.

use release_tests::Stage;
use serde_json::{Value, json};

fn titles(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_dev_to_test_puts_devs_rows_into_test_and_undo_brings_tests_own_back() {
    let stage = Stage::new().await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    let (devs_orders, tests_orders) = (dev.rows("orders"), test.rows("orders"));
    assert_ne!(titles(&devs_orders), titles(&tests_orders));

    let report = stage
        .report(&["ask", "Restore dev to test", "--yes", "test"], 0)
        .await;

    assert_eq!(report["verdict"], "verified");
    assert_eq!(titles(&test.rows("orders")), titles(&devs_orders));
    assert_eq!(dev.mutations("backup:create"), 1);
    assert_eq!(test.mutations("backup:create"), 1);
    assert_eq!(test.mutations("backup:restoreUpload"), 1);
    assert_eq!(
        dev.mutations("backup:restoreUpload"),
        0,
        "the source is never written to"
    );
    let said: Vec<&str> = report["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "upload",
            "application",
            "server log",
            "marker",
            "content",
            "users",
            "identity"
        ]
    );

    let run = report["run"].as_str().unwrap();
    assert_eq!(
        report["next"],
        json!([format!("nocobase-release undo test --run {run}")])
    );
    let undone = stage
        .report(&["undo", "test", "--run", run, "--yes", "test"], 0)
        .await;
    assert_eq!(undone["verdict"], "verified");
    assert_eq!(titles(&test.rows("orders")), titles(&tests_orders));
    assert_eq!(test.mutations("backup:restoreUpload"), 2);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_using_a_package_of_the_current_environment() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let then = test.rows("orders");
    stage.run(&["backup", "test"]).await.expect(0);
    let package = test.backups().last().unwrap().clone();
    test.set_rows("orders", Vec::new());

    let sentence = format!("Restore using {package} backup");
    let report = stage.report(&["ask", &sentence, "--yes", "test"], 0).await;

    assert_eq!(report["verdict"], "verified");
    assert_eq!(titles(&test.rows("orders")), titles(&then));
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn back_up_and_restore_the_current_environment_uses_one_backup_for_both() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let then = test.rows("orders");

    let report = stage
        .report(
            &[
                "ask",
                "Back up and restore the current environment",
                "--yes",
                "test",
            ],
            0,
        )
        .await;

    assert_eq!(report["verdict"], "verified");
    assert_eq!(
        test.mutations("backup:create"),
        1,
        "the package is the safety backup"
    );
    assert_eq!(report["safety_backup"]["sha256"], report["package"]["sha256"]);
    assert_eq!(titles(&test.rows("orders")), titles(&then));
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_in_chinese_does_the_same() {
    let stage = Stage::new().await;
    let report = stage
        .report(&["ask", "把 dev 还原到 test", "--yes", "test"], 0)
        .await;
    assert_eq!(
        (&report["source"], &report["target"]),
        (&json!("dev"), &json!("test"))
    );
    assert_eq!(
        titles(&stage.environment("test").rows("orders")),
        titles(&stage.environment("dev").rows("orders"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_this_machine_is_restored_by_its_path() {
    let stage = Stage::new().await;
    let path = stage.package_file("dev", "from-dev.nbdata");
    let report = stage
        .report(
            &[
                "restore",
                "test",
                "--package",
                path.to_str().unwrap(),
                "--yes",
                "test",
            ],
            0,
        )
        .await;
    assert_eq!(report["verdict"], "verified");
    assert_eq!(
        titles(&stage.environment("test").rows("orders")),
        titles(&stage.environment("dev").rows("orders"))
    );
    assert_eq!(stage.changes("dev"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_package_is_restored_with_its_password_and_refused_without_before_anything_is_sent() {
    let stage = Stage::new().await;
    let path = stage.home().join("secret.nbdata");
    std::fs::write(&path, stage.environment("dev").package(Some("open sesame"))).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    stage.secret("open sesame");
    let [right, wrong] = [("right", "open sesame\n"), ("wrong", "open barley\n")].map(|(name, password)| {
        let file = elsewhere.path().join(name);
        std::fs::write(&file, password).unwrap();
        file.to_str().unwrap().to_owned()
    });
    let path = path.to_str().unwrap();

    let refused = stage
        .run(&["restore", "test", "--package", path, "--yes", "test"])
        .await
        .expect(5);
    assert!(
        refused.stderr.contains("[password_missing]"),
        "{}",
        refused.stderr
    );
    let wrong = [
        "restore",
        "test",
        "--package",
        path,
        "--yes",
        "test",
        "--password-file",
        &wrong,
    ];
    let refused = stage.run(&wrong).await.expect(5);
    assert!(refused.stderr.contains("[password_wrong]"), "{}", refused.stderr);
    assert_eq!(stage.changes("test"), 0);

    // The safety backup of test is plain: the password is for what is encrypted.
    let right = [
        "restore",
        "test",
        "--package",
        path,
        "--yes",
        "test",
        "--password-file",
        &right,
    ];
    let report = stage.report(&right, 0).await;
    assert_eq!(report["verdict"], "verified");
    assert!(!stage.written().contains("open sesame"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_fetched_and_proven() {
    let stage = Stage::new().await;
    let report = stage.report(&["ask", "Back up dev"], 0).await;
    assert_eq!(report["verdict"], "verified");
    let path = report["package"]["path"].as_str().unwrap();
    let inspected = stage.report(&["packages", "inspect", path], 0).await;
    assert_eq!(inspected["sha256"], report["package"]["sha256"]);
    let orders = inspected["content"]["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["name"] == "orders");
    assert_eq!(
        orders.unwrap()["rows"],
        stage.environment("dev").rows("orders").len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_are_listed_fetched_and_removed_by_name() {
    let stage = Stage::new().await;
    stage.run(&["backup", "dev"]).await.expect(0);
    let name = stage.environment("dev").backups().last().unwrap().clone();
    let listed = stage.report(&["ask", "list backups on dev"], 0).await;
    let places: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["name"] == name.as_str())
        .map(|package| package["place"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["server", "local"]);
    stage.run(&["packages", "download", "dev", &name]).await.expect(0);
    stage.run(&["packages", "remove", "dev", &name]).await.expect(4);
    stage
        .run(&[
            "packages",
            "remove",
            "dev",
            &name,
            "--yes",
            "something-else.nbdata",
        ])
        .await
        .expect(4);
    assert!(stage.environment("dev").backups().contains(&name));
    // What stands for a package is its name by the time it is asked for.
    let refused = stage
        .run(&["packages", "remove", "dev", "@latest"])
        .await
        .expect(4);
    assert!(
        refused.stderr.contains(&format!("{name} was not removed")),
        "{}",
        refused.stderr
    );
    let refused = ["packages", "remove", "dev", "@latest", "--yes", "@latest"];
    stage.run(&refused).await.expect(4);
    stage
        .run(&["packages", "remove", "dev", "@verified"])
        .await
        .expect(2);
    assert!(stage.environment("dev").backups().contains(&name));
    stage
        .run(&["packages", "remove", "dev", "@latest", "--yes", &name])
        .await
        .expect(0);
    assert!(!stage.environment("dev").backups().contains(&name));
    stage.run(&["backup", "prod"]).await.expect(0);
    let protected = stage.environment("prod").backups().last().unwrap().clone();
    let refused = ["packages", "remove", "prod", &protected, "--yes", &protected];
    stage.run(&refused).await.expect(3);
    assert!(
        stage.environment("prod").backups().contains(&protected),
        "a person removes what is protected"
    );
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_checks_tell_how_the_environments_stand() {
    let stage = Stage::new().await;
    let doctor = stage.run(&["doctor"]).await.expect(0);
    for name in ["dev", "test", "prod"] {
        assert!(
            doctor.stdout.contains(&format!("✓ {name}: NocoBase 2.2.15")),
            "{}",
            doctor.stdout
        );
    }
    let listed = stage.report(&["envs", "list"], 0).await;
    let protected: Vec<(&str, bool)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|environment| {
            (
                environment["name"].as_str().unwrap(),
                environment["protected"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(protected, [("dev", false), ("prod", true), ("test", false)]);
    stage.environment("prod").stop();
    let doctor = stage.run(&["doctor"]).await.expect(1);
    assert!(
        doctor.stdout.contains("✗ prod") && doctor.stdout.contains("✓ dev"),
        "{}",
        doctor.stdout
    );
    stage.assert_no_violation();
}
