//! Signing in, roles, and what becomes of tokens when a restore replaces the users.

use nocobase_sim::{EnvironmentConfig, Sim, SimConfig};
use serde_json::json;

use crate::caller::Caller;

#[tokio::test]
async fn signing_in_by_account_or_email() {
    let sim = Sim::start(SimConfig::sandbox()).await.expect("starts");
    let dev = sim.environment("dev");
    let anyone = Caller::new(&dev).with_token("");
    let account = json!({"account": dev.account(), "password": dev.password()});
    let signed_in = anyone.post("auth:signIn", account).await;
    assert_eq!(
        (signed_in.status, &signed_in.body["data"]["user"]["username"]),
        (200, &json!("nocobase"))
    );
    assert_eq!(signed_in.body["data"]["user"].get("password"), None);
    let session = anyone.with_token(signed_in.body["data"]["token"].as_str().expect("a token"));
    assert_eq!(session.get("auth:check").await.body["data"]["id"], 1);
    let by_email = anyone
        .post(
            "auth:signIn",
            json!({"email": "ops@example.com", "password": "ops12345"}),
        )
        .await;
    assert_eq!(by_email.body["data"]["user"]["username"], "ops");
    let wrong = anyone
        .post("auth:signIn", json!({"account": "nocobase", "password": "no"}))
        .await;
    assert_eq!((wrong.status, wrong.code()), (401, ""));
    session.call("auth:signOut").await;
    assert_eq!(session.get("auth:check").await.code(), "BLOCKED_TOKEN");
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn tokens_are_refused_by_code() {
    let sim = Sim::start(SimConfig::sandbox()).await.expect("starts");
    let dev = sim.environment("dev");
    let caller = Caller::new(&dev);
    let cases = [
        (String::new(), "EMPTY_TOKEN"),
        ("garbage".to_owned(), "INVALID_TOKEN"),
        (sim.environment("test").token(), "INVALID_TOKEN"),
        (dev.token_for(99, "root"), "NOT_EXIST_USER"),
        (dev.token_for(2, "root"), "ROLE_NOT_FOUND_FOR_USER"),
    ];
    for (token, code) in cases {
        let answer = caller.with_token(token).get("backup:list").await;
        assert_eq!((answer.status, answer.code()), (401, code));
    }
}

#[tokio::test]
async fn snippets_decide_and_negatives_win() {
    let sim = Sim::start(SimConfig::sandbox()).await.expect("starts");
    let dev = sim.environment("dev");
    let admin = Caller::new(&dev);
    let release = admin.with_token(dev.token_for(2, "release"));
    assert_eq!(release.get("backup:list").await.status, 200);
    assert_eq!(release.get("logger:list").await.status, 200);
    assert_eq!(release.get("orders:list?pageSize=1").await.status, 200);
    for path in [
        "pm:list",
        "backupSettings:get/1",
        "applicationPlugins:list",
        "environmentVariables:list",
    ] {
        let answer = release.get(path).await;
        assert_eq!(
            (answer.status, answer.message()),
            (403, "No permissions"),
            "{path}"
        );
    }
    let snippets = json!({"snippets": ["!ui.*", "!pm", "!pm.*", "pm.backups"]});
    assert_eq!(
        admin
            .post("roles:update?filterByTk=release", snippets)
            .await
            .status,
        200
    );
    assert_eq!(release.get("backup:list").await.status, 403);
    let member = admin.with_token(dev.token_for(2, "member"));
    assert_eq!(member.get("backup:status?name=_probe_.nbdata").await.status, 403);
    assert_eq!(member.get("collections:list?paginate=false").await.status, 200);
    assert_eq!(sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_restore_changes_who_a_token_is() {
    let config = SimConfig::new([EnvironmentConfig::dev(), EnvironmentConfig::test()]);
    let sim = Sim::start(config).await.expect("starts");
    let test = sim.environment("test");
    let admin = Caller::new(&test);
    let signed_in = admin
        .post("auth:signIn", json!({"account": "tess", "password": "tess12345"}))
        .await;
    let tess = admin.with_token(signed_in.body["data"]["token"].as_str().expect("a token"));
    let tess_key = admin.with_token(test.token_for(2, "admin"));
    let created = admin
        .post(
            "apiKeys:create",
            json!({"name": "k", "role": {"name": "root"}, "expiresIn": "never"}),
        )
        .await;
    let revoked = admin.with_token(created.body["data"]["token"].as_str().expect("a token"));
    admin.call("apiKeys:destroy?filterByTk=1").await;
    assert_eq!(revoked.get("backup:list").await.code(), "BLOCKED_TOKEN");
    assert_eq!(tess.get("auth:check").await.body["data"]["username"], "tess");

    admin.upload(sim.environment("dev").package(None), &[]).await;
    admin.wait_for_the_end().await;
    assert_eq!(tess.get("auth:check").await.body["data"]["username"], "ops");
    assert_eq!(tess_key.get("auth:check").await.code(), "ROLE_NOT_FOUND_FOR_USER");
    assert_eq!(revoked.get("backup:list").await.status, 200);
    assert_eq!(admin.get("auth:check").await.body["data"]["username"], "nocobase");
}

#[tokio::test]
async fn environments_with_one_key_accept_each_others_tokens() {
    let both = [EnvironmentConfig::dev(), EnvironmentConfig::test()].map(|one| one.with_app_key("shared"));
    let sim = Sim::start(SimConfig::new(both)).await.expect("starts");
    let test = Caller::new(&sim.environment("test")).with_token(sim.environment("dev").token());
    assert_eq!(test.get("auth:check").await.status, 200);
}
