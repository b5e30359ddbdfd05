//! Everything that a test can make go wrong.

use std::time::Duration;

use nocobase_sim::package::Package;
use nocobase_sim::{EnvironmentConfig, Fault, FaultKind, RestoreStage, Sim, SimConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::Caller;

async fn two() -> (Sim, Caller) {
    let config = SimConfig::new([EnvironmentConfig::dev(), EnvironmentConfig::test()]);
    let sim = Sim::start(config).await.expect("starts");
    let test = Caller::new(&sim.environment("test"));
    (sim, test)
}

#[tokio::test]
async fn answers_are_lost_before_and_after_the_effect() {
    let (sim, test) = two().await;
    let environment = sim.environment("test");
    for (kind, packages) in [
        (FaultKind::CloseBeforeEffect, 0),
        (FaultKind::CloseAfterEffect, 1),
    ] {
        environment.faults().arm(Fault::new("backup:create", kind));
        assert!(test.request(Method::POST, "backup:create").send().await.is_err());
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(environment.backups().len(), packages);
    }
    assert_eq!(environment.mutations("backup:create"), 2);
    assert_eq!(environment.faults().pending(), []);
    assert_eq!(test.call("backup:create").await.status, 200);
}

#[tokio::test]
async fn answers_can_be_anything() {
    let (sim, test) = two().await;
    let faults = sim.environment("test");
    let faults = faults.faults();
    let expired = FaultKind::Answer {
        status: 401,
        message: "expired".into(),
        code: Some("INVALID_TOKEN".into()),
    };
    faults.arm(Fault::new("backup:list", expired));
    assert_eq!(test.get("backup:list").await.code(), "INVALID_TOKEN");
    faults.arm(Fault::new("backup:*", FaultKind::PluginMissing).times(2));
    assert_eq!(test.get("backup:list").await.status, 404);
    assert_eq!(test.get("backup:status?name=x").await.status, 404);
    assert_eq!(test.get("backup:list").await.status, 200);
    faults.arm(Fault::new(
        "__health_check",
        FaultKind::Maintenance("app reload".into()),
    ));
    assert_eq!(
        test.get("__health_check").await.body["error"]["message"],
        "app reload"
    );
    faults.arm(Fault::new("app:getInfo", FaultKind::RequestTimeout));
    assert_eq!(test.get("app:getInfo").await.status, 408);
    faults.arm(Fault::new("*", FaultKind::ProxyAnswer(502)));
    assert_eq!(test.get("app:getInfo").await.status, 502);
    faults.arm(Fault::new("app:getInfo", FaultKind::DatabaseAway));
    assert_eq!(
        test.get("app:getInfo").await.message(),
        "connect ECONNREFUSED 127.0.0.1:5432"
    );
    faults.arm(Fault::new(
        "app:getInfo",
        FaultKind::Slow(Duration::from_millis(50)),
    ));
    let started = std::time::Instant::now();
    assert_eq!(test.get("app:getInfo").await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn downloads_can_be_damaged() {
    let (sim, test) = two().await;
    let environment = sim.environment("test");
    let name = test.back_up().await;
    let path = format!("backup:download?name={name}");
    let whole = environment.backup(&name).expect("a package");
    environment
        .faults()
        .arm(Fault::new("backup:download", FaultKind::ShortBody(1000)));
    assert_eq!(test.bytes(&path).await, whole[..1000]);
    environment
        .faults()
        .arm(Fault::new("backup:download", FaultKind::TornBody(1000)));
    let torn = test.request(Method::GET, &path).send().await.expect("a head");
    assert!(torn.bytes().await.is_err());
    environment
        .faults()
        .arm(Fault::new("backup:download", FaultKind::FlippedByte(5000)));
    let flipped = test.bytes(&path).await;
    assert_eq!(flipped.len(), whole.len());
    assert_ne!(flipped, whole);
    assert_eq!(test.bytes(&path).await, whole);
}

#[tokio::test]
async fn backups_fail_and_tear() {
    let (sim, test) = two().await;
    let environment = sim.environment("test");
    environment.faults().arm(Fault::new(
        "backup:create",
        FaultKind::BackupFails("pg_dump exited with code null".into()),
    ));
    let name = test.back_up().await;
    let status = test.get(&format!("backup:status?name={name}")).await;
    assert_eq!(
        status.body["data"][&name]["message"],
        "Error backing up: pg_dump exited with code null"
    );
    assert_eq!(environment.backups(), Vec::<String>::new());

    environment
        .faults()
        .arm(Fault::new("backup:create", FaultKind::TornBackup(900)));
    let created = test.call("backup:create").await;
    let name = created.body["data"]["name"].as_str().expect("a name").to_owned();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(
        test.get(&format!("backup:status?name={name}")).await.body,
        json!({"data": {}})
    );
    assert_eq!(
        test.get("backup:list").await.body["data"],
        json!([{"name": name, "inProgress": true}])
    );
    assert_eq!(
        test.get("backup:list").await.body["data"][0]["inProgress"],
        json!(false)
    );
    let bytes = test.bytes(&format!("backup:download?name={name}")).await;
    assert!(Package::open(&bytes, None).is_err());
}

#[tokio::test]
async fn a_process_that_dies_forgets_its_tasks() {
    let (sim, test) = two().await;
    let created = test.call("backup:create").await;
    let name = created.body["data"]["name"].as_str().expect("a name").to_owned();
    sim.environment("test").kill();
    assert!(
        test.wait_for_the_end()
            .await
            .contains(&"no connection".to_owned())
    );
    assert_eq!(
        test.get(&format!("backup:status?name={name}")).await.body,
        json!({"data": {}})
    );
    assert_eq!(
        test.get("backup:list").await.body["data"],
        json!([{"name": name, "inProgress": true}])
    );
    assert_eq!(test.get("backup:list").await.body["data"], json!([]));
}

#[tokio::test]
async fn a_server_can_be_down() {
    let (sim, test) = two().await;
    let environment = sim.environment("test");
    environment
        .faults()
        .arm(Fault::new("backup:list", FaultKind::ProcessEnds));
    assert!(test.request(Method::GET, "backup:list").send().await.is_err());
    assert!(test.request(Method::GET, "__health_check").send().await.is_err());
    environment.start().await;
    assert_eq!(test.count("orders").await, Some(37));
}

/// The orders and users of test after the package of dev was sent there under a fault.
async fn left_after(kind: FaultKind) -> (Sim, Caller, usize, usize) {
    let (sim, test) = two().await;
    sim.environment("test")
        .faults()
        .arm(Fault::new("backup:restoreUpload", kind));
    assert_eq!(
        test.upload(sim.environment("dev").package(None), &[])
            .await
            .status,
        200
    );
    test.wait_for_the_end().await;
    let counts = sim.environment("test").counts();
    let of = |name: &str| counts.get(name).copied().unwrap_or_default();
    let (orders, users) = (of("orders"), of("users"));
    (sim, test, orders, users)
}

#[tokio::test]
async fn a_restore_can_die_at_every_stage() {
    use RestoreStage::{Load, SafetyDump, Upgrade};
    for (stage, orders, tables_missing) in [(SafetyDump, 37, 0), (Load, 128, 3), (Upgrade, 128, 3)] {
        let (sim, _, left, _) = left_after(FaultKind::DiesDuringRestore(stage)).await;
        let missing = ["lcCheckpointBlobs", "lcCheckpointWrites", "lcCheckpoints"]
            .iter()
            .filter(|name| !sim.environment("test").counts().contains_key(**name))
            .count();
        assert_eq!((left, missing), (orders, tables_missing), "{stage:?}");
    }
    let (_sim, test, orders, users) = left_after(FaultKind::LoadKilled).await;
    assert_eq!((orders, users), (0, 0));
    assert_eq!(test.get("app:getInfo").await.status, 200);
    let admin = json!({"account": "nocobase", "password": "admin123"});
    assert_eq!(test.with_token("").post("auth:signIn", admin).await.status, 401);
}

#[tokio::test]
async fn a_restore_can_lose_things_quietly() {
    let (sim, _, orders, _) = left_after(FaultKind::RestoreLosesTable("orders".into())).await;
    assert_eq!(orders, 0);
    assert!(!sim.environment("test").counts().contains_key("orders"));
    let (_, _, orders, _) = left_after(FaultKind::RestoreLosesRows("orders".into(), 100)).await;
    assert_eq!(orders, 100);
    let (_, _, orders, users) =
        left_after(FaultKind::RestoreFails("pg_restore: error: disk full".into())).await;
    assert_eq!((orders, users), (37, 2));
}

#[tokio::test]
async fn a_failed_safety_dump_brings_older_data_back() {
    let (sim, test) = two().await;
    let environment = sim.environment("test");
    test.upload(environment.package(None), &[]).await;
    test.wait_for_the_end().await;
    let row = json!({"number": "NEW"});
    let Value::Object(row) = row else { unreachable!() };
    environment.add_row("orders", row);
    assert_eq!(test.count("orders").await, Some(38));
    environment
        .faults()
        .arm(Fault::new("backup:restoreUpload", FaultKind::SafetyDumpFails));
    test.upload(sim.environment("dev").package(None), &[]).await;
    test.wait_for_the_end().await;
    assert_eq!(test.count("orders").await, Some(37));

    environment
        .faults()
        .arm(Fault::new("backup:restoreUpload", FaultKind::SafetyDumpTorn));
    test.upload(sim.environment("dev").package(None), &[]).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(
        test.get("__health_check").await.body["error"]["code"],
        "APP_ERROR"
    );
}
