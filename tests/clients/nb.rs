//! NocoBase's own command line, `nb`, drives the simulation, and our client's requests are held against those of `nb`.
//!
//! It makes its commands of the document that the simulation serves. For backups that is as a real server's; for
//! migrations, whose own document is not public, it follows the flags that are. So what is proven of migrations is that
//! these flags and `nb`'s way with bodies, files and lists fit both the simulation and our client.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nocobase_client::{Client, ClientOptions, EnvText, Execution, MigrationStatus, Secret, nb_cli};
use nocobase_sim::{Environment, MigrationManager, RequestRecord, SimConfig};
use release_tests::{Done, Stage};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::{Node, nb};

/// `nb` with a home of its own, which knows the environments of a stage.
struct Nb {
    node: Node,
    home: TempDir,
}

impl Nb {
    async fn on(stage: &Stage) -> Self {
        let nb = Self {
            node: tokio::task::spawn_blocking(nb).await.unwrap(),
            home: tempfile::tempdir().unwrap(),
        };
        for name in ["dev", "test"] {
            let environment = stage.environment(name);
            let (url, token) = (environment.url(), environment.token());
            let add = ["env", "add", name, "--api-base-url", &url];
            let who = ["--auth-type", "token", "--access-token", &token];
            nb.run(&[&add[..], &who].concat()).await;
        }
        nb
    }

    async fn run(&self, arguments: &[&str]) -> Done {
        let mut command = self.node.package("@nocobase/cli/bin/run.js");
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("NB_CLI_ROOT", self.home.path())
            .env("NB_SKIP_STARTUP_UPDATE", "1")
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        Done::new(command.output().await.unwrap()).expect(0)
    }

    /// What a command of the API answers.
    async fn api(&self, environment: &str, words: &str, options: &[&str]) -> Value {
        let mut arguments = vec!["api"];
        arguments.extend(words.split(' '));
        arguments.extend(options);
        arguments.extend(["-e", environment, "-y", "--json-output"]);
        self.run(&arguments).await.json()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A package of dev by this rule, ready to be fetched.
    async fn package(&self, rule: &str) -> String {
        let create = ["--rule-id", rule, "--title", "publish-dev-to-test"];
        let made = self.api("dev", "migration create", &create).await;
        let name = made["data"]["name"].as_str().unwrap().to_owned();
        for _ in 0..50 {
            let package = self.api("dev", "migration get", &["--name", &name]).await;
            match package["data"]["status"].as_str() {
                Some("ok") => return name,
                status => assert_eq!(status, Some("in_progress"), "{package:#}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{name} was not made");
    }

    async fn rule(&self, user: &str) -> String {
        let create = ["--name", "by nb", "--description", "made by nb"];
        let rules = [
            "--user-defined-rule",
            user,
            "--system-defined-rule",
            "overwrite-first",
        ];
        let made = self
            .api("dev", "migration rules create", &[&create[..], &rules].concat())
            .await;
        made["data"]["id"].to_string()
    }
}

/// A stage whose Migration Manager has the command line's surface alone, so that nothing else can answer.
async fn stage() -> Stage {
    let mut config = SimConfig::sandbox();
    for environment in &mut config.environments {
        environment.settings.migration_manager = MigrationManager::Cli;
    }
    Stage::with(config).await
}

fn fields(environment: &Environment) -> Vec<String> {
    let mut fields: Vec<String> = environment
        .rows("fields")
        .iter()
        .map(|row| format!("{}.{}", row["collectionName"], row["name"]))
        .collect();
    fields.sort();
    fields
}

fn numbers(environment: &Environment) -> Vec<Value> {
    let orders = environment.rows("orders");
    orders.iter().map(|row| row["number"].clone()).collect()
}

fn utf8(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn migrates_dev_to_test() {
    let stage = stage().await;
    let nb = Nb::on(&stage).await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    let before = numbers(&test);
    assert_ne!(fields(&test), fields(&dev));

    assert_eq!(
        nb.api("dev", "migration rules list", &[]).await["data"],
        json!([])
    );
    let rule = nb.rule("schema-only").await;
    let told = nb
        .api("dev", "migration rules get", &["--filter-by-tk", &rule])
        .await;
    assert_eq!(told["data"]["rules"]["userDefined"]["globalRule"], "schema-only");
    let name = nb.package(&rule).await;
    let listed = nb.api("dev", "migration list", &[]).await;
    assert_eq!(listed["data"][0]["name"], json!(name));
    let file = nb.path(&name);
    let download = ["--name", &name, "--output", utf8(&file)];
    nb.api("dev", "migration download", &download).await;

    let check = nb.api("test", "migration check", &["--file", utf8(&file)]).await;
    assert_eq!(check["data"]["pass"], true, "{check:#}");
    assert_ne!(fields(&test), fields(&dev), "a check changes nothing");
    let executed = nb
        .api("test", "migration execute", &["--file", utf8(&file)])
        .await;
    assert_eq!(executed["data"]["result"]["success"], true, "{executed:#}");

    assert_eq!(fields(&test), fields(&dev), "the structure comes along");
    assert_eq!(test.rows("workflows"), dev.rows("workflows"));
    assert_eq!(numbers(&test), before, "schema-only keeps the rows");
    assert_eq!(test.backups().len(), 1, "the server's own backup");

    let logs = nb.api("test", "migration logs list", &[]).await;
    let log = logs["data"][0]["name"].as_str().unwrap();
    assert_eq!(logs["data"][0]["status"], "success");
    let shown = nb.api("test", "migration logs get", &["--name", log]).await;
    assert!(
        shown["data"]["content"]
            .as_str()
            .unwrap()
            .contains("migration finished")
    );
    let kept = nb.path(log);
    nb.api(
        "test",
        "migration logs download",
        &["--name", log, "--output", utf8(&kept)],
    )
    .await;
    assert!(
        std::fs::read_to_string(&kept)
            .unwrap()
            .ends_with("migration finished")
    );
    nb.api("dev", "migration remove", &["--name", &name]).await;
    assert_eq!(dev.migrations(), Vec::<String>::new());
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_the_values_that_a_target_lacks() {
    let stage = stage().await;
    let nb = Nb::on(&stage).await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    for (name, kind) in [("API_URL", "default"), ("API_KEY", "secret")] {
        let row = json!({ "name": name, "type": kind, "value": "of dev" });
        dev.add_row("environmentVariables", row.as_object().unwrap().clone());
    }
    let name = nb.package(&nb.rule("overwrite").await).await;
    let file = nb.path(&name);
    nb.api(
        "dev",
        "migration download",
        &["--name", &name, "--output", utf8(&file)],
    )
    .await;
    let check = nb.api("test", "migration check", &["--file", utf8(&file)]).await;
    assert_eq!(check["data"]["pass"], false);
    let texts = json!([
        { "text": "API_URL=https://test.example.com", "secret": false }, { "text": "API_KEY=of test", "secret": true },
    ])
    .to_string();
    let execute = ["--file", utf8(&file), "--skip-backup", "--env-texts", &texts];
    let executed = nb.api("test", "migration execute", &execute).await;
    assert_eq!(executed["data"]["result"]["success"], true, "{executed:#}");
    assert_eq!(numbers(&test), numbers(&dev), "overwrite replaces the rows");
    assert_eq!(test.backups(), Vec::<String>::new(), "--skip-backup");
    for (name, value) in [("API_URL", "https://test.example.com"), ("API_KEY", "of test")] {
        let variables = test.rows("environmentVariables");
        let made = variables.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(made["value"], value, "{name}");
    }
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn backs_up_and_restores() {
    let stage = stage().await;
    let nb = Nb::on(&stage).await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    let file = nb.path("dev.nbdata");
    let create = ["backup", "create", "-e", "dev", "-y", "--output", utf8(&file)];
    let made = nb.run(&[&create[..], &["--json-output"]].concat()).await.json();
    assert_eq!(json!(dev.backups()), json!([made["name"]]));
    let restore = [
        "backup",
        "restore",
        "-e",
        "test",
        "-y",
        "--file",
        utf8(&file),
        "--force",
    ];
    nb.run(&restore).await;
    // nb goes by the health check, which may answer before the restore has begun
    test.settle(Duration::from_secs(20)).await;
    assert_eq!(test.rows("orders"), dev.rows("orders"));
    stage.assert_no_violation();
}

/// The requests of the command line's surface, one line a verb: `nb` sends these and so does our client. An id is shown
/// as a text; whether the document calls it a number is not public.
const REQUESTS: [&str; 12] = [
    "GET /api/migration:download?name=PACKAGE",
    "GET /api/migration:get?name=PACKAGE",
    "GET /api/migration:list",
    "GET /api/migrationLog:download?name=LOG",
    "GET /api/migrationLog:list",
    "GET /api/migrationRules:get?filterByTk=ID",
    "GET /api/migrationRules:list?page=1&pageSize=200",
    "POST /api/migration:check multipart/form-data {file: file}",
    "POST /api/migration:create application/json {ruleId: string, title: string}",
    "POST /api/migration:execute multipart/form-data {envTexts: list, file: file, skipBackup: string}",
    "POST /api/migration:remove application/json {name: string}",
    "POST /api/migrationRule:create application/json {name: string, systemDefinedRule: string, userDefinedRule: string}",
];

/// What was asked of the surface, each request once, without what tells one run from another.
fn asked(stage: &Stage) -> Vec<String> {
    let mut lines = BTreeSet::new();
    for environment in [stage.environment("dev"), stage.environment("test")] {
        let requests = environment.requests();
        // our client looks whether the web pages' surface is there, too
        let surface = |request: &&RequestRecord| {
            request.action.starts_with("migration") && request.action != "migrationFiles:list"
        };
        for request in requests.iter().filter(surface) {
            let query = match request.query.split_once('=') {
                Some(("name", value)) if value.ends_with(".nbdata") => "?name=PACKAGE".to_owned(),
                Some(("name", _)) => "?name=LOG".to_owned(),
                Some(("filterByTk", _)) => "?filterByTk=ID".to_owned(),
                Some(_) => format!("?{}", request.query),
                None => String::new(),
            };
            let body = request.body.replace("ruleId: number", "ruleId: string");
            let line = format!("{} {}{query} {body}", request.method, request.path);
            lines.insert(line.trim_end().to_owned());
        }
        environment.forget_requests();
    }
    lines.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_asks_as_nb_does() {
    let stage = stage().await;
    let nb = Nb::on(&stage).await;
    let (file, log) = (nb.path("package.nbdata"), nb.path("log"));

    let made = [
        "--name",
        "by nb",
        "--user-defined-rule",
        "overwrite",
        "--system-defined-rule",
        "schema-only",
    ];
    let made = nb.api("dev", "migration rules create", &made).await;
    let rule = made["data"]["id"].to_string();
    let page = ["--page", "1", "--page-size", "200"];
    nb.api("dev", "migration rules list", &page).await;
    nb.api("dev", "migration rules get", &["--filter-by-tk", &rule])
        .await;
    let name = nb.package(&rule).await;
    nb.api("dev", "migration list", &[]).await;
    let download = ["--name", &name, "--output", utf8(&file)];
    nb.api("dev", "migration download", &download).await;
    nb.api("test", "migration check", &["--file", utf8(&file)]).await;
    let texts = json!([{ "text": "A=1", "secret": false }, { "text": "B=2", "secret": true }]).to_string();
    let execute = ["--file", utf8(&file), "--skip-backup", "--env-texts", &texts];
    nb.api("test", "migration execute", &execute).await;
    let logs = nb.api("test", "migration logs list", &[]).await;
    let download = [
        "--name",
        logs["data"][0]["name"].as_str().unwrap(),
        "--output",
        utf8(&log),
    ];
    nb.api("test", "migration logs download", &download).await;
    nb.api("dev", "migration remove", &["--name", &name]).await;
    assert_eq!(asked(&stage), REQUESTS, "nb");

    // our client, with the environments that nb wrote down
    let known = nb_cli::read(&nb.path(".nocobase"), None).unwrap().environments;
    let client = |name: &str| {
        let environment = known.iter().find(|known| known.name == name).unwrap();
        Client::new(environment, ClientOptions::default()).unwrap()
    };
    let (dev, test) = (client("dev"), client("test"));
    let rule = dev
        .create_migration_rule("ours", "overwrite", "schema-only")
        .await
        .unwrap();
    assert_eq!(dev.migration_rules().await.unwrap().len(), 2);
    assert!(dev.migration_rule(&rule).await.unwrap().is_some());
    let name = dev.create_migration(&rule, "ours").await.unwrap();
    while dev.migration_status(&name).await.unwrap() == MigrationStatus::Running {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(dev.list_migrations().await.unwrap().len(), 1);
    dev.download_migration(&name, &file, |_| ()).await.unwrap();
    let check = test.check_migration(&file, |_| ()).await.unwrap();
    let text = |name: &str, secret| EnvText {
        name: name.to_owned(),
        secret,
        value: Secret::new("1"),
    };
    let execution = Execution {
        file,
        task: check.task,
        texts: vec![text("A", false), text("B", true)],
        skip_backup: true,
    };
    test.execute_migration(&execution, |_| ()).await.unwrap();
    let logs = test.migration_logs().await.unwrap();
    test.download_migration_log(&logs[0].name, &log).await.unwrap();
    dev.remove_migration(&name).await.unwrap();
    assert_eq!(asked(&stage), REQUESTS, "our client");
    stage.assert_no_violation();
}
