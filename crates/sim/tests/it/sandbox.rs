//! A simulation that is kept in a folder.

use nocobase_sim::{Sim, SimConfig, SimError};
use serde_json::json;

use crate::caller::Caller;

#[tokio::test]
async fn a_folder_goes_on_where_it_was_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = SimConfig::sandbox().with_folder(folder.path());
    let sim = Sim::start(config.clone()).await.expect("starts");
    let (dev, url, token) = (
        sim.environment("dev"),
        sim.environment("dev").url(),
        sim.environment("dev").token(),
    );
    let name = Caller::new(&dev).back_up().await;
    let bytes = dev.backup(&name).expect("a package");
    let row = json!({"name": "KEPT", "type": "default", "value": "yes"});
    Caller::new(&dev).post("environmentVariables:create", row).await;
    assert!(matches!(
        Sim::start(config.clone()).await,
        Err(SimError::FolderInUse(_))
    ));
    let listed = Sim::addresses(folder.path()).expect("addresses");
    assert_eq!(
        listed
            .iter()
            .map(|address| address.name.as_str())
            .collect::<Vec<_>>(),
        ["dev", "prod", "test"]
    );
    assert_eq!((&listed[0].url, &listed[0].token), (&url, &token));
    let kept = folder.path().join("dev/backups").join(&name);
    assert_eq!(std::fs::read(kept).expect("a file"), bytes);
    drop(dev);
    drop(sim);

    let again = Sim::start(config).await.expect("starts again");
    let dev = again.environment("dev");
    assert_eq!(dev.backup(&name), Some(bytes));
    assert_eq!(dev.rows("environmentVariables").len(), 3);
    assert_eq!(dev.rows("orders").len(), 128);
    let caller = Caller::new(&dev).with_token(token);
    assert_eq!(
        caller.get("backup:list").await.body["data"][0]["name"],
        name.as_str()
    );
    assert_eq!(dev.url(), url);
    assert_eq!(again.violations(), Vec::<String>::new());
}
