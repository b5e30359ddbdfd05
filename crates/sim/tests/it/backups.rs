//! Making, listing, downloading and removing packages.

use nocobase_sim::package::Package;
use nocobase_sim::{Sim, SimConfig};
use reqwest::Method;
use serde_json::json;

use crate::caller::Caller;

#[tokio::test]
async fn a_backup_is_a_genuine_package() {
    let sim = Sim::start(SimConfig::sandbox()).await.expect("starts");
    let dev = Caller::new(&sim.environment("dev"));
    let created = dev.call("backup:create").await;
    let name = created.body["data"]["name"].as_str().expect("a name").to_owned();
    assert_eq!(
        (created.status, &created.body["data"]["inProgress"]),
        (200, &json!(true))
    );
    let status = dev.get(&format!("backup:status?name={name}")).await;
    assert_eq!(status.body["data"][&name], json!({"inProgress": true}));
    assert_eq!(
        dev.get("backup:list").await.body["data"],
        json!([{"name": name, "inProgress": true}])
    );
    assert_eq!(
        dev.get(&format!("backup:download?name={name}")).await.message(),
        format!("File {name} not found")
    );

    let name = dev.back_up().await;
    let listed = dev.get("backup:list").await.body["data"].clone();
    assert!(
        listed[0]["fileSize"]
            .as_str()
            .is_some_and(|size| size.ends_with(" KiB")),
        "{listed}"
    );
    let answer = dev
        .request(Method::GET, &format!("backup:download?name={name}"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        answer.headers()["content-disposition"],
        format!("attachment; filename=\"{name}\"").as_str()
    );
    assert_eq!(answer.content_length(), None);
    let package = Package::open(&answer.bytes().await.expect("a body"), None).expect("opens");
    assert_eq!(package.metadata()["version"], "2.2.15");
    assert_eq!(package.metadata()["metadataVersion"], 2);
    assert_eq!(
        package.file("data").map(|data| &data[..5]),
        Some(b"PGDMP".as_slice())
    );
    assert_eq!(package.file("aes_key.dat").map(<[u8]>::len), Some(32));
    assert!(package.names().iter().any(|name| name.starts_with("uploads/")));
    let counts = package.counts().expect("a readable dump");
    assert_eq!((counts["orders"], counts.get("lcCheckpoints")), (128, None));

    assert_eq!(
        dev.post("backup:remove", json!({"name": name})).await.body,
        json!({"data": {"status": "ok"}})
    );
    assert_eq!(dev.post("backup:remove", json!({"name": name})).await.status, 500);
    assert_eq!(sim.environment("dev").mutations("backup:create"), 2);
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_password_in_the_settings_encrypts() {
    let sim = Sim::start(SimConfig::sandbox()).await.expect("starts");
    let dev = Caller::new(&sim.environment("dev"));
    let changed = dev
        .post(
            "backupSettings:update?filterByTk=1",
            json!({"encryptionPassword": "pässwörd"}),
        )
        .await;
    assert_eq!(changed.body["data"][0]["encryptionPassword"], "pässwörd");
    let name = dev.back_up().await;
    let bytes = dev.bytes(&format!("backup:download?name={name}")).await;
    assert!(Package::open(&bytes, None).is_err());
    assert_eq!(
        Package::open(&bytes, Some("pässwörd"))
            .expect("opens")
            .rows("orders")
            .map(|rows| rows.len()),
        Some(128)
    );
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn only_the_newest_packages_are_kept() {
    let sim = Sim::start(SimConfig::sandbox()).await.expect("starts");
    let dev = Caller::new(&sim.environment("dev"));
    dev.post("backupSettings:update?filterByTk=1", json!({"keep": 1}))
        .await;
    dev.back_up().await;
    let second = dev.back_up().await;
    assert_eq!(sim.environment("dev").backups(), [second]);
}
