//! The Migration Manager, by its public contract: rules, packages, checks, execution, what goes wrong.

use std::time::Duration;

use nocobase_sim::{EnvironmentConfig, Fault, FaultKind, MigrationManager, Sim, SimConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};

async fn two() -> (Sim, Caller, Caller) {
    let config = SimConfig::new([EnvironmentConfig::dev(), EnvironmentConfig::test()]);
    let sim = Sim::start(config).await.expect("starts");
    let (dev, test) = (
        Caller::new(&sim.environment("dev")),
        Caller::new(&sim.environment("test")),
    );
    (sim, dev, test)
}

/// A package of dev by a global rule, made over the command line's surface.
async fn package(dev: &Caller, user: &str, system: &str) -> Vec<u8> {
    let rule = json!({"name": "rule", "userDefinedRule": user, "systemDefinedRule": system});
    let rule = dev.post("migrationRule:create", rule).await;
    made(dev, &rule.body["data"]["id"]).await
}

async fn made(dev: &Caller, rule: &Value) -> Vec<u8> {
    let created = dev
        .post("migration:create", json!({"ruleId": rule, "title": "t"}))
        .await;
    let name = created.body["data"]["name"].as_str().expect("a name").to_owned();
    let early = dev.get(&format!("migration:download?name={name}")).await;
    assert_eq!(early.status, 400);
    loop {
        let status = dev.get(&format!("migration:get?name={name}")).await;
        if status.body["data"]["status"] == json!("ok") {
            return dev.bytes(&format!("migration:download?name={name}")).await;
        }
        assert_eq!(status.body["data"]["status"], json!("in_progress"));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn send(to: &Caller, call: &str, package: &[u8]) -> Option<Answer> {
    let part = reqwest::multipart::Part::bytes(package.to_vec()).file_name("migration_1.nbdata");
    let form = reqwest::multipart::Form::new().part("file", part);
    let response = to.request(Method::POST, call).multipart(form).send().await.ok()?;
    let status = response.status().as_u16();
    Some(Answer {
        status,
        request_id: String::new(),
        body: response.json().await.unwrap_or_default(),
    })
}

fn fields(sim: &Sim, environment: &str, collection: &str) -> Vec<String> {
    let rows = sim.environment(environment).rows("fields");
    let mut names: Vec<String> = rows
        .iter()
        .filter(|row| row["collectionName"] == json!(collection))
        .map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn schema_only_keeps_rows_and_brings_structure() {
    let (sim, dev, test) = two().await;
    let environment = sim.environment("test");
    let (orders, users) = (environment.rows("orders"), environment.rows("users"));
    let package = package(&dev, "schema-only", "overwrite-first").await;
    let check = send(&test, "migration:check", &package).await.expect("an answer");
    assert_eq!(check.body["data"]["pass"], json!(true), "{:?}", check.body);

    let executed = send(&test, "migration:execute", &package)
        .await
        .expect("an answer");
    assert_eq!(executed.body["data"]["result"]["success"], json!(true));
    let after = environment.rows("orders");
    assert_eq!(after.len(), orders.len());
    assert!(
        after
            .iter()
            .zip(&orders)
            .all(|(one, other)| one["number"] == other["number"])
    );
    assert!(
        after.iter().all(|row| row["priority"].is_null()),
        "the new column is there"
    );
    assert_eq!(fields(&sim, "test", "orders"), fields(&sim, "dev", "orders"));
    assert_eq!(
        environment.rows("attachments"),
        Vec::<Value>::new(),
        "a new table comes empty"
    );
    assert_eq!(environment.rows("users"), users);
    assert_eq!(environment.rows("roles"), sim.environment("dev").rows("roles"));
    assert_eq!(environment.backups().len(), 1, "the server's own backup");

    let logs = test.get("migrationLog:list").await;
    let name = logs.body["data"][0]["name"].as_str().expect("a log").to_owned();
    assert_eq!(logs.body["data"][0]["status"], json!("success"));
    let text = test.bytes(&format!("migrationLog:download?name={name}")).await;
    assert!(String::from_utf8_lossy(&text).ends_with("migration finished"));
    let sql = test
        .bytes(&format!("migrationFiles:downloadMigrationSql?fileName={name}"))
        .await;
    assert!(String::from_utf8_lossy(&sql).contains("ADD COLUMN \"priority\""));
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn overwrite_replaces_rows_of_tables_that_people_made() {
    let (sim, dev, test) = two().await;
    let workflows = sim.environment("test").rows("workflows");
    let package = package(&dev, "overwrite", "schema-only").await;
    send(&test, "migration:execute", &package)
        .await
        .expect("an answer");
    assert_eq!(
        sim.environment("test").rows("orders"),
        sim.environment("dev").rows("orders")
    );
    assert_eq!(sim.environment("test").rows("workflows"), workflows);
}

#[tokio::test]
async fn single_tables_can_have_rules_of_their_own() {
    let (sim, dev, test) = two().await;
    let rules = json!({
        "userDefined": {
            "globalRule": "schema-only", "enableIndependentRules": true, "independentRules": [
                {"rule": "overwrite", "collections": ["products"]}, {"rule": "skip", "collections": ["attachments"]},
            ],
        },
        "systemDefined": {"globalRule": "overwrite-first", "enableIndependentRules": false},
    });
    let rule = sim
        .environment("dev")
        .add_migration_rule("mixed", rules)
        .expect("a rule");
    let orders = sim.environment("test").rows("orders").len();
    let package = made(&dev, &json!(rule)).await;
    send(&test, "migration:execute", &package)
        .await
        .expect("an answer");
    let environment = sim.environment("test");
    assert_eq!(
        environment.rows("products"),
        sim.environment("dev").rows("products")
    );
    assert_eq!(environment.rows("orders").len(), orders);
    assert!(!environment.counts().contains_key("attachments"));
}

#[tokio::test]
async fn checks_fail_in_each_documented_way() {
    let (sim, dev, test) = two().await;
    let source = sim.environment("dev");
    let variable = json!({"name": "API_KEY", "type": "secret", "value": "x"});
    source.add_row(
        "environmentVariables",
        variable.as_object().expect("an object").clone(),
    );
    let mut plugins = source.rows("applicationPlugins");
    plugins.push(json!({"id": 999, "name": "only-dev", "version": "1.0.0", "enabled": true}));
    source.set_rows("applicationPlugins", plugins);
    sim.environment("test")
        .change_settings(|settings| settings.underscored = true);
    let package = package(&dev, "overwrite", "overwrite-first").await;

    let check = send(&test, "migrationFiles:check", &package)
        .await
        .expect("an answer");
    let result = &check.body["data"]["checkResult"];
    assert_eq!(result["pass"], json!(false));
    assert_eq!(
        result["environment"],
        json!([{"name": "DB_UNDERSCORED", "source": "false", "target": "true"}])
    );
    assert_eq!(result["plugins"][0]["name"], json!("only-dev"));
    assert_eq!(result["envTexts"], json!([{"name": "API_KEY", "type": "secret"}]));
    let task = check.body["data"]["taskId"].clone();
    let run = |texts: Value| {
        let (test, task) = (test.clone(), task.clone());
        async move {
            test.post(
                "migrationFiles:runTask",
                json!({"taskId": task, "envTexts": texts}),
            )
            .await
        }
    };
    assert_eq!(
        run(json!([])).await.message(),
        "the environment settings do not match"
    );
    sim.environment("test")
        .change_settings(|settings| settings.underscored = false);
    assert_eq!(
        run(json!([])).await.message(),
        "missing variables or secrets: API_KEY"
    );

    sim.environment("test").retype_column("orders", "total");
    let conflicts = test
        .get(&format!(
            "migrationFiles:checkDataConflicts?taskId={}",
            task.as_str().expect("a task")
        ))
        .await;
    assert_eq!(conflicts.body["data"][0]["field"], json!("total"));
    let failed = run(json!([{"text": "API_KEY=secret", "secret": true}])).await;
    assert_eq!(
        failed.body["data"]["result"]["success"],
        json!(false),
        "{:?}",
        failed.body
    );
    assert_eq!(sim.environment("test").rows("orders").len(), 37);

    let not_one = send(&test, "migration:check", b"PK no").await.expect("an answer");
    assert_eq!(not_one.body["data"]["checkStatus"], json!("failed"));
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_goes_wrong() {
    let (sim, dev, test) = two().await;
    let environment = sim.environment("test");
    let package = package(&dev, "overwrite", "overwrite-first").await;
    let play = |kind: FaultKind| {
        environment.faults().arm(Fault::new("migration:execute", kind));
        send(&test, "migration:execute", &package)
    };
    let failed = play(FaultKind::MigrationFails("no".into()))
        .await
        .expect("an answer");
    assert_eq!(
        failed.body["data"]["result"]["message"],
        json!("migration failed: no")
    );
    assert_eq!(environment.rows("orders").len(), 37);
    play(FaultKind::MigrationDoesNothing).await.expect("an answer");
    assert_eq!(environment.rows("orders").len(), 37);
    assert!(
        play(FaultKind::DiesDuringRestore(nocobase_sim::RestoreStage::Load))
            .await
            .is_none()
    );
    test.wait_for_the_end().await;
    assert!(play(FaultKind::CloseAfterEffect).await.is_none());
    test.wait_for_the_end().await;
    assert_eq!(environment.rows("orders").len(), 128);
    play(FaultKind::MigrationBreaksApp("relation x".into()))
        .await
        .expect("an answer");
    let down = test.get("app:getInfo").await;
    assert_eq!(
        (down.status, &down.body["error"]["code"]),
        (503, &json!("APP_ERROR"))
    );
}

#[tokio::test]
async fn surfaces_can_be_switched() {
    let (sim, _, test) = two().await;
    let environment = sim.environment("test");
    for (manager, cli, web) in [
        (MigrationManager::Both, 200, 200),
        (MigrationManager::Cli, 200, 404),
        (MigrationManager::Resource, 404, 200),
        (MigrationManager::Missing, 404, 404),
        (MigrationManager::Unlicensed, 403, 403),
    ] {
        environment.change_settings(|settings| settings.migration_manager = manager);
        assert_eq!(test.get("migration:list").await.status, cli, "{manager:?}");
        assert_eq!(
            test.get("migrationFiles:list?page=1&pageSize=1").await.status,
            web,
            "{manager:?}"
        );
        let rules = test.get("migrationRules:list?page=1&pageSize=200").await.status;
        assert_eq!(rules, cli.min(web), "{manager:?}");
        let described = test.get("swagger:get").await.body["paths"]["/migration:execute"].is_object();
        assert_eq!(described, cli == 200, "{manager:?}");
    }
    assert_eq!(sim.violations(), Vec::<String>::new());
}

/// The flags of the commands that NocoBase's own command line makes of the document, as its documentation names them.
#[tokio::test]
async fn the_document_names_what_the_commands_take() {
    let (sim, _, test) = two().await;
    let paths = test.get("swagger:get").await.body["paths"].clone();
    let query = |path: &str| -> Vec<String> {
        let parameters = paths[path]["get"]["parameters"].as_array().expect(path);
        let names = parameters
            .iter()
            .map(|parameter| parameter["name"].as_str().expect("a name").to_owned());
        names.collect()
    };
    for path in [
        "/migration:get",
        "/migration:download",
        "/migrationLog:get",
        "/migrationLog:download",
    ] {
        assert_eq!(query(path), ["name"], "{path}");
    }
    assert_eq!(query("/migrationRules:get")[0], "filterByTk");
    for (path, kind, names) in [
        ("/migration:create", "application/json", &["ruleId", "title"][..]),
        ("/migration:remove", "application/json", &["name"]),
        ("/migration:check", "multipart/form-data", &["file"]),
        (
            "/migration:execute",
            "multipart/form-data",
            &["envTexts", "file", "skipBackup", "skipRevertOnError"],
        ),
        (
            "/migrationRule:create",
            "application/json",
            &["description", "name", "systemDefinedRule", "userDefinedRule"],
        ),
        (
            "/backup:restoreUpload",
            "multipart/form-data",
            &["dbSchema", "file", "force", "password", "skipRevertOnError"],
        ),
    ] {
        let properties = paths[path]["post"]["requestBody"]["content"][kind]["schema"]["properties"].clone();
        let mut told: Vec<&String> = properties.as_object().expect(path).keys().collect();
        told.sort();
        assert_eq!(told, names, "{path}");
    }
    assert!(
        paths["/migrationFiles:check"].is_null(),
        "the web pages' surface is not described"
    );
    assert_eq!(sim.violations(), Vec::<String>::new());
}

/// Each item of a list is a field of the form, as the command line sends it.
#[tokio::test]
async fn an_execution_by_file_takes_values_along() {
    let (sim, dev, test) = two().await;
    for name in ["API_URL", "API_KEY"] {
        let variable = json!({"name": name, "type": "default", "value": "of dev"});
        sim.environment("dev").add_row(
            "environmentVariables",
            variable.as_object().expect("an object").clone(),
        );
    }
    let package = package(&dev, "schema-only", "schema-only").await;
    let refused = send(&test, "migration:execute", &package)
        .await
        .expect("an answer");
    assert_eq!(
        refused.message(),
        "missing variables or secrets: API_URL, API_KEY"
    );
    let part = reqwest::multipart::Part::bytes(package).file_name("migration_1.nbdata");
    let form = reqwest::multipart::Form::new()
        .text(
            "envTexts",
            json!({"text": "API_URL=one", "secret": false}).to_string(),
        )
        .text(
            "envTexts",
            json!({"text": "API_KEY=two", "secret": true}).to_string(),
        )
        .part("file", part);
    let request = test.request(Method::POST, "migration:execute").multipart(form);
    let executed: Value = request
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(executed["data"]["result"]["success"], json!(true), "{executed}");
    let requests = sim.environment("test").requests();
    let last = requests
        .iter()
        .rev()
        .find(|request| request.action == "migration:execute");
    let brought = last.map(|request| request.body.as_str());
    assert_eq!(brought, Some("multipart/form-data {envTexts: list, file: file}"));
    assert_eq!(sim.violations(), Vec::<String>::new());
}
