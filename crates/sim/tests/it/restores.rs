//! What a restore does, and what it leaves.

use nocobase_sim::package::Package;
use nocobase_sim::{EnvironmentConfig, Sim, SimConfig};
use serde_json::{Value, json};

use crate::caller::Caller;

/// dev and test, and the package of dev.
async fn two() -> (Sim, Caller, Package) {
    let config = SimConfig::new([EnvironmentConfig::dev(), EnvironmentConfig::test()]);
    let sim = Sim::start(config).await.expect("starts");
    let test = Caller::new(&sim.environment("test"));
    let package = Package::open(&sim.environment("dev").package(None), None).expect("opens");
    (sim, test, package)
}

fn log(sim: &Sim, request_id: &str) -> Vec<String> {
    sim.environment("test")
        .log_of(request_id)
        .into_iter()
        .map(|(level, text)| format!("{level} {text}"))
        .collect()
}

fn mentions(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[tokio::test]
async fn a_good_package_replaces_everything() {
    let (sim, test, package) = two().await;
    assert_eq!(test.count("orders").await, Some(37));
    test.post(
        "environmentVariables:create",
        json!({"name": "CANARY", "type": "default", "value": "x"}),
    )
    .await;
    let accepted = test.upload(package.to_bytes(None), &[]).await;
    assert_eq!(
        (accepted.status, &accepted.body["data"]["status"]),
        (200, &json!("ok"))
    );
    let task = accepted.body["data"]["task"].as_str().expect("a task").to_owned();
    let refused = test.get("backup:list").await;
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.body["error"],
        json!({"status": 503, "maintaining": true, "message": "Loading data sources...", "code": "APP_COMMANDING",
               "command": {"name": "start"}})
    );
    let messages = test.wait_for_the_end().await;
    assert!(
        messages.contains(&"app reload".to_owned()) && messages.contains(&"plugins loaded".to_owned()),
        "{messages:?}"
    );
    assert_eq!(test.count("orders").await, Some(128));
    assert_eq!(
        sim.environment("test").rows("orders"),
        sim.environment("dev").rows("orders")
    );
    assert_eq!(sim.environment("test").counts(), sim.environment("dev").counts());
    assert_eq!(test.get("environmentVariables:get/CANARY").await.status, 204);
    assert_eq!(
        test.get(&format!("backup:restoreStatus?task={task}"))
            .await
            .status,
        204
    );
    let lines = log(&sim, &accepted.request_id);
    assert!(
        mentions(&lines, "info Backup file extracted to: ")
            && mentions(&lines, "info Database restored successfully")
    );
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_truncated_dump_is_reverted_in_silence() {
    let (sim, test, mut package) = two().await;
    let before = sim.environment("test").rows("orders");
    let data = package.file("data").expect("data").to_vec();
    package.set_file("data", &data[..data.len() / 2]);
    let accepted = test.upload(package.to_bytes(None), &[]).await;
    let task = accepted.body["data"]["task"].as_str().expect("a task").to_owned();
    let mut message = Value::Null;
    let mut missing_table = false;
    for _ in 0..400 {
        let status = test.get(&format!("backup:restoreStatus?task={task}")).await;
        if status.status == 200 && status.body["data"]["message"].is_string() {
            message = status.body["data"]["message"].clone();
            missing_table |=
                test.get("orders:list?pageSize=1").await.message() == "Invalid SQL column or table reference";
        } else if !message.is_null() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    assert_eq!(
        message,
        "pg_restore: error: could not read from input file: end of file"
    );
    assert!(missing_table);
    test.wait_for_the_end().await;
    assert_eq!(sim.environment("test").rows("orders"), before);
    assert_eq!(
        test.get(&format!("backup:restoreStatus?task={task}"))
            .await
            .status,
        204
    );
    let lines = log(&sim, &accepted.request_id);
    assert!(mentions(&lines, "info Reverting the database restore process"));
    assert!(mentions(
        &lines,
        "error Error restoring backup: pg_restore: error: could not read from input file"
    ));
    assert!(!mentions(&lines, "restored successfully"));
}

#[tokio::test]
async fn without_a_revert_everything_is_lost() {
    let (sim, test, mut package) = two().await;
    package.set_file("data", "no dump");
    test.upload(package.to_bytes(None), &[("skipRevertOnError", "true")])
        .await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let refused = test.get("backup:list").await;
    assert_eq!(
        (refused.status, &refused.body["error"]["code"]),
        (503, &json!("APP_ERROR"))
    );
    assert_eq!(sim.environment("test").rows("users"), Vec::<Value>::new());
}

#[tokio::test]
async fn a_foreign_dump_logs_success_and_never_comes_up() {
    let (sim, test, mut package) = two().await;
    package.become_unrelated();
    let accepted = test.upload(package.to_bytes(None), &[]).await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let refused = test.get("__health_check").await;
    assert_eq!(
        refused.body["error"]["message"],
        "relation \"applicationVersion\" does not exist"
    );
    assert_eq!(refused.body["error"]["code"], "APP_ERROR");
    assert!(mentions(
        &log(&sim, &accepted.request_id),
        "Database restored successfully"
    ));
    assert_eq!(test.upload(package.to_bytes(None), &[]).await.status, 503);
}

#[tokio::test]
async fn one_failing_table_is_tolerated() {
    let (sim, test, mut package) = two().await;
    package.break_table("orders");
    let accepted = test.upload(package.to_bytes(None), &[]).await;
    test.wait_for_the_end().await;
    let missing = test.get("orders:list?pageSize=1").await;
    assert_eq!(
        (missing.status, missing.message()),
        (400, "Invalid SQL column or table reference")
    );
    assert_eq!(test.count("customers").await, Some(24));
    let lines = log(&sim, &accepted.request_id);
    assert!(
        mentions(
            &lines,
            "warn Tolerent mode enabled, ignoring the error and continue the upgrade."
        ),
        "{lines:?}"
    );
}

#[tokio::test]
async fn refusals_change_nothing() {
    let (sim, test, mut package) = two().await;
    let before = sim.environment("test").rows("orders");
    package.change_metadata(|metadata| metadata["version"] = json!("2.2.16"));
    let refused = test.upload(package.to_bytes(None), &[]).await;
    let newer = "Unable to restore: backup version(2.2.16) is greater than current application(2.2.15)";
    assert_eq!((refused.status, refused.message()), (500, newer));
    package.remove_file("data");
    assert_eq!(
        test.upload(package.to_bytes(None), &[]).await.message(),
        "Not a valid backup file"
    );
    assert_eq!(test.get("__health_check").await.status, 200);
    assert_eq!(sim.environment("test").rows("orders"), before);
}

#[tokio::test]
async fn an_encrypted_package_needs_its_password() {
    let (sim, test, package) = two().await;
    let encrypted = package.to_bytes(Some("right"));
    let without = test.upload(encrypted.clone(), &[]).await;
    assert!(
        without
            .message()
            .starts_with("Error decrypting: End of central directory record"),
        "{}",
        without.message()
    );
    let wrong = test.upload(encrypted.clone(), &[("password", "wrong")]).await;
    assert!(
        wrong.message().ends_with(", please check your password"),
        "{}",
        wrong.message()
    );
    assert_eq!(
        test.upload(package.to_bytes(None), &[("password", "right")])
            .await
            .status,
        500
    );
    assert_eq!(test.upload(encrypted, &[("password", "right")]).await.status, 200);
    test.wait_for_the_end().await;
    assert_eq!(test.count("orders").await, Some(128));
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_that_does_not_exist_kills_the_process() {
    let (sim, test, _) = two().await;
    assert_eq!(
        test.post("backup:restore", json!({"name": "../x.nbdata"}))
            .await
            .message(),
        "Invalid backup name"
    );
    let old = test.post("backups:restore", json!({"name": "nope.nbdata"})).await;
    assert_eq!((old.status, old.message()), (500, "File nope.nbdata not found"));
    let request = test
        .request(reqwest::Method::POST, "backup:restore")
        .json(&json!({"name": "nope.nbdata"}));
    assert!(request.send().await.is_err());
    assert!(
        test.request(reqwest::Method::GET, "__health_check")
            .send()
            .await
            .is_err()
    );
    assert!(
        test.wait_for_the_end()
            .await
            .contains(&"no connection".to_owned())
    );
    assert_eq!(test.count("orders").await, Some(37));
    assert_eq!(sim.environment("test").mutations("backup:restore"), 2);
}

#[tokio::test]
async fn a_package_of_its_own_is_restored_by_name() {
    let (sim, test, _) = two().await;
    let name = test.back_up().await;
    sim.environment("test").set_rows("orders", Vec::new());
    assert_eq!(
        test.post("backup:restore", json!({"name": name})).await.status,
        200
    );
    test.wait_for_the_end().await;
    assert_eq!(test.count("orders").await, Some(37));
    assert_eq!(sim.environment("test").backups(), [name]);
}

#[tokio::test]
async fn overlapping_uploads_wreck_the_app() {
    let (_sim, test, package) = two().await;
    let (one, other) = tokio::join!(
        test.upload(package.to_bytes(None), &[]),
        test.upload(package.to_bytes(None), &[])
    );
    assert_eq!((one.status, other.status), (200, 200));
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(
        test.get("__health_check").await.body["error"]["message"],
        "Validation error"
    );
}
