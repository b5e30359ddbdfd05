//! What no caller should send is written down, and answered as the real server answers it.

use nocobase_sim::{EnvironmentConfig, Seed, Sim, SimConfig};
use reqwest::Method;
use serde_json::json;

use crate::caller::Caller;

async fn one() -> (Sim, Caller) {
    let config = SimConfig::new([EnvironmentConfig::new("only", Seed::Installed)]);
    let sim = Sim::start(config).await.expect("starts");
    let caller = Caller::new(&sim.environment("only"));
    (sim, caller)
}

#[tokio::test]
async fn unknown_things_are_violations() {
    let (sim, caller) = one().await;
    assert_eq!(caller.get("nonexist:list").await.body, json!("Not Found"));
    let findless = "Cannot read properties of undefined (reading 'findOne')";
    assert_eq!(caller.get("backup:get?name=x").await.message(), findless);
    assert_eq!(caller.get("backup:list?page=1").await.status, 200);
    assert_eq!(caller.post("backup:create", json!({"foo": 1})).await.status, 200);
    let posted = caller
        .request(Method::POST, "backup:create")
        .body("name=x")
        .send()
        .await
        .expect("an answer");
    assert_eq!(posted.status(), 200);
    assert_eq!(
        sim.violations(),
        [
            "only: nonexist:list: no such action",
            "only: backup:get: no such action",
            "only: backup:list: unknown parameter `page`",
            "only: backup:create: unknown field `foo`",
            "only: backup:create: a body of content type ``",
        ]
    );
}

#[tokio::test]
async fn a_wrong_base_is_a_web_page_and_a_missing_plugin_is_not_found() {
    let (sim, caller) = one().await;
    let environment = sim.environment("only");
    let mut outside = caller.clone();
    outside.url = environment.url().replace("/api", "");
    let page = outside
        .request(Method::GET, "app:getInfo")
        .send()
        .await
        .expect("an answer");
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(
        page.text()
            .await
            .expect("text")
            .contains("__nocobase_api_base_url__")
    );
    assert_eq!(caller.get("migrationRules:list").await.body, json!("Not Found"));
    environment.change_settings(|settings| settings.backup_manager = false);
    assert_eq!(caller.get("backup:status?name=_probe_.nbdata").await.status, 404);
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn other_apps_are_being_prepared() {
    let (_sim, caller) = one().await;
    for path in ["__app/nope/__health_check", "__app/nope/app:getInfo"] {
        let answer = caller.get(path).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (503, &json!("APP_PREPARING"))
        );
    }
    assert_eq!(caller.get("__app/main/__health_check").await.body, json!("ok"));
    assert_eq!(caller.get("foo:bar/__health_check").await.body, json!("ok"));
}

#[tokio::test]
async fn a_collection_can_be_made_filled_and_read() {
    let (sim, caller) = one().await;
    let fields = json!([{"name": "title", "type": "string", "interface": "input"}, {"name": "qty", "type": "integer"}]);
    let created = caller
        .post(
            "collections:create",
            json!({"name": "things", "title": "Things", "fields": fields}),
        )
        .await;
    assert_eq!(created.status, 200);
    for qty in 1..=25 {
        let row = json!({"title": format!("thing {qty}"), "qty": qty});
        assert_eq!(caller.post("things:create", row).await.body["data"]["id"], qty);
    }
    let listed = caller
        .get("things:list?page=2&pageSize=20&fields[]=qty&sort=-qty")
        .await;
    assert_eq!(
        listed.body["meta"],
        json!({"count": 25, "page": 2, "pageSize": 20, "totalPage": 2})
    );
    assert_eq!(listed.body["data"][0], json!({"qty": 5}));
    let all = caller
        .get("things:list?paginate=false&filter={\"qty\":{\"$gt\":23}}&fields[]=id")
        .await;
    assert_eq!(all.body, json!({"data": [{"id": 24}, {"id": 25}]}));
    let sum = caller
        .post(
            "things:query",
            json!({"measures": [{"field": "qty", "aggregation": "sum", "alias": "n"}]}),
        )
        .await;
    assert_eq!(sum.body["data"], json!([{"n": 325.0}]));
    assert_eq!(caller.call("things:destroy?filterByTk=1").await.body["data"], 1);
    assert_eq!(caller.get("things:get/1").await.status, 204);
    let names = caller.get("collections:list?paginate=false&fields[]=name").await;
    assert_eq!(
        names.body["data"][2],
        json!({"name": "things", "filterTargetKey": "id", "unavailableActions": []})
    );
    assert_eq!(sim.violations(), Vec::<String>::new());
    caller.post("things:create", json!({"nope": 1})).await;
    assert_eq!(sim.violations(), ["only: things:create: no field `nope`"]);
}

#[tokio::test]
async fn logs_come_as_an_archive() {
    let (sim, caller) = one().await;
    let tree = caller.get("logger:list").await.body["data"].clone();
    let names: Vec<String> = tree
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|name| name.as_str())
        .filter(|name| name.starts_with("system"))
        .map(|name| format!("/{name}"))
        .collect();
    assert_eq!(names.len(), 2);
    let request = caller
        .request(Method::POST, "logger:download")
        .json(&json!({"files": names}));
    let answer = request.send().await.expect("an answer");
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"logs.tar.gz\""
    );
    assert_eq!(&answer.bytes().await.expect("a body")[..2], [0x1f, 0x8b]);
    let missing = caller
        .post("logger:download", json!({"files": ["/nope.log"]}))
        .await;
    assert_eq!(
        (missing.status, missing.message()),
        (500, "Download logs failed.")
    );
    assert_eq!(sim.violations(), Vec::<String>::new());
}
