//! Roles that may not read logs, and keys that a restore takes the user from.

use serde_json::json;

use crate::servers::{Real, Server};

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_read_logs_the_data_decides_and_a_warning_says_so() {
    let mut real = Real::take_turn().await;
    for server in [&real.dev, &real.test] {
        releaser(server).await;
    }
    real.dev.add_order("devs-nolog-1").await;
    real.test.add_order("tests-nolog-1").await;
    let devs = real.truth("dev");
    real.tool.set_environment("TEST", "ROLE", "releaser");

    let plan = real.report(&["plan", "restore", "test", "--from", "dev"], 0);
    assert!(
        plan["plan"]["findings"].to_string().contains("logs_unreadable"),
        "{plan:#}"
    );
    let report = real.report(&RESTORE, 0);

    assert_eq!(report["verdict"], "verified_with_warnings", "{report:#}");
    assert!(
        report["reasons"].to_string().contains("log does not tell"),
        "{report:#}"
    );
    let signals = report["evidence"].as_array().unwrap();
    let log = signals
        .iter()
        .find(|signal| signal["name"] == "server log")
        .unwrap();
    assert!(
        log["text"].as_str().unwrap().starts_with("not readable"),
        "{log:#}"
    );
    real.truth("test").assert_is(&devs);
}

/// A role that may do everything that a release needs but read logs, of the administrator.
async fn releaser(server: &Server) {
    let roles = server.send("roles:list?paginate=false", json!({})).await;
    if roles["data"]
        .as_array()
        .unwrap()
        .iter()
        .any(|role| role["name"] == "releaser")
    {
        return;
    }
    let role = json!({
        "name": "releaser", "title": "Releaser",
        "snippets": ["!ui.*", "!pm", "!app", "pm.backups", "pm.environment-variables"],
        "strategy": { "actions": ["view"] },
    });
    server.send("roles:create", role).await;
    server.send("roles/releaser/users:add", json!([1])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_user_is_gone_afterwards_never_makes_it_verified() {
    let mut real = Real::take_turn().await;
    real.dev.add_order("devs-key-1").await;
    let key = passing_key(&real).await;
    let devs = real.truth("dev");
    real.tool.set_environment("TEST", "TOKEN", &key);
    let plan = real.report(&["plan", "restore", "test", "--from", "dev"], 0);
    assert!(
        plan["plan"]["findings"].to_string().contains("key_changes_owner"),
        "{plan:#}"
    );

    let report = real.report(&RESTORE, 11);

    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert!(
        report["reasons"]
            .to_string()
            .contains("credentials no longer work"),
        "{report:#}"
    );
    real.truth("test").assert_is(&devs);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sources_account_reads_on_where_such_a_key_ends() {
    let mut real = Real::take_turn().await;
    real.dev.add_order("devs-key-2").await;
    let key = passing_key(&real).await;
    let devs = real.truth("dev");
    for field in ["URL", "ACCOUNT", "PASSWORD"] {
        real.tool.set_environment("TEST", field, "");
    }
    real.tool.settings(&format!(
        "[environments.test]\nurl = {:?}\ntoken = {key:?}\n[environments.test.fallback]\nsame-as = \"dev\"\n",
        real.test.url
    ));

    let report = real.report(&RESTORE, 0);

    assert_eq!(report["verdict"], "verified_with_warnings", "{report:#}");
    assert!(report["reasons"].to_string().contains("fall back"), "{report:#}");
    real.truth("test").assert_is(&devs);
}

/// A key of a user of test whose number nobody has on dev.
async fn passing_key(real: &Real) -> String {
    let user = json!({
        "id": 4711, "username": "passing", "nickname": "Passing", "password": "passing123", "roles": ["admin"],
    });
    real.test.send("users:create", user).await;
    let token = real.test.sign_in("passing", "passing123").await;
    assert_eq!(
        real.postgres.sql("dev", "select id from users where id = 4711"),
        Vec::<String>::new()
    );
    real.test.api_key(&token, "admin").await
}
