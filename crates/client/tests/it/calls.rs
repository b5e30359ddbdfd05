//! Every call, as recorded from NocoBase 2.2.15: what is asked, and what is made of the answer.

use nocobase_client::{
    AppInfo, BackupEntry, BackupStatus, BackupSurface, DatabaseInfo, Health, Identity, Plugin, RestoreStatus,
    safe_file_name,
};

use crate::server::{Reply, Server, TOKEN, exchange};

const NAME: &str = "backup_20261122_180813_1440.nbdata";

/// Asserts that the one request for a call is the recorded one.
fn assert_recorded(server: &Server, id: &str) {
    let exchange = exchange(id);
    let path = exchange["path"].as_str().unwrap();
    let mut seen = server.seen(path.trim_start_matches("/api/"));
    let seen = seen.pop().unwrap_or_else(|| panic!("{path} was not asked"));
    assert_eq!(seen.method, exchange["method"].as_str().unwrap(), "{id}");
    assert_eq!(
        seen.query.replace("%5B%5D", "[]"),
        exchange["query"].as_str().unwrap(),
        "{id}"
    );
}

#[tokio::test]
async fn health_is_exactly_ok() {
    let server = Server::start().await;
    server.on(
        "__health_check",
        [
            Reply::recorded("health up"),
            Reply::recorded("commanding"),
            Reply::recorded("health preparing"),
            Reply::typed(200, "text/plain", b"ok\n"),
            Reply::typed(502, "text/html", b"<html>bad gateway</html>"),
            Reply::recorded("health html"),
        ],
    );
    let client = server.client();
    assert_eq!(client.health().await.unwrap(), Health::Up);
    let maintenance = Health::Maintenance {
        code: "APP_COMMANDING".into(),
        message: "app reload".into(),
        command: Some("refresh".into()),
    };
    assert_eq!(client.health().await.unwrap(), maintenance);
    let preparing = Health::Maintenance {
        code: "APP_PREPARING".into(),
        message: "application nope is preparing, please wait patiently".into(),
        command: None,
    };
    assert_eq!(client.health().await.unwrap(), preparing);
    assert_eq!(
        client.health().await.unwrap(),
        Health::Other {
            status: 200,
            excerpt: "ok".into()
        }
    );
    let other = Health::Other {
        status: 502,
        excerpt: "<html>bad gateway</html>".into(),
    };
    assert_eq!(client.health().await.unwrap(), other);
    assert_eq!(client.health().await.unwrap_err().code(), "not_nocobase");
    // it is public: nobody's token is sent for it
    assert!(
        server
            .seen("__health_check")
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
}

#[tokio::test]
async fn every_request_carries_what_it_must() {
    let server = Server::start().await;
    let mut environment = server.environment(nocobase_client::Credentials::Token(
        nocobase_client::Secret::new(TOKEN),
    ));
    environment.role = Some("admin".into());
    let client = nocobase_client::Client::new(&environment, crate::server::quick()).unwrap();
    client.identity().await.unwrap();
    let seen = server.only("auth:check");
    assert_eq!(
        seen.header("authorization"),
        Some(format!("Bearer {TOKEN}").as_str())
    );
    assert_eq!(seen.header("x-locale"), Some("en-US"));
    assert_eq!(seen.header("x-role"), Some("admin"));
    assert!(
        seen.header("user-agent")
            .unwrap()
            .starts_with("nocobase-release/")
    );
}

#[tokio::test]
async fn the_application() {
    let server = Server::start().await;
    server.on("app:getInfo", [Reply::recorded("app info")]);
    server.on(
        "backups:appInfo",
        [
            Reply::recorded("database info"),
            Reply::json(
                200,
                r#"{"data":{"database":{"dialect":"postgres","schema":"nb"}}}"#,
            ),
        ],
    );
    server.on("applicationPlugins:list", [Reply::recorded("plugins")]);
    let client = server.client();
    let info = AppInfo {
        version: "2.2.15".into(),
        dialect: "postgres".into(),
        name: "main".into(),
        lang: Some("en-US".into()),
    };
    assert_eq!(client.app_info().await.unwrap(), info);
    assert_eq!(server.only("app:getInfo").header("authorization"), None);
    let database = DatabaseInfo {
        dialect: "postgres".into(),
        schema: None,
    };
    assert_eq!(client.database_info().await.unwrap(), database);
    assert_eq!(
        client.database_info().await.unwrap().schema.as_deref(),
        Some("nb")
    );
    let plugin = |name: &str| Plugin {
        name: name.into(),
        package_name: format!("@nocobase/plugin-{name}"),
        version: "2.2.15".into(),
        enabled: true,
    };
    assert_eq!(
        client.plugins().await.unwrap(),
        [plugin("acl"), plugin("backups")]
    );
    assert_recorded(&server, "plugins");
}

#[tokio::test]
async fn who_we_are() {
    let server = Server::start().await;
    let identity = Identity {
        id: 1,
        username: Some("nocobase".into()),
        nickname: Some("Super Admin".into()),
        email: Some("admin@nocobase.com".into()),
        roles: vec!["admin".into(), "member".into(), "root".into()],
    };
    assert_eq!(server.client().identity().await.unwrap(), identity);
}

#[tokio::test]
async fn backups() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.backup_surface().await.unwrap(), BackupSurface::Backup);
    assert_eq!(client.backup_surface().await.unwrap(), BackupSurface::Backup);
    assert_eq!(server.only("backup:status").query, "name=_probe_.nbdata");

    server.on("backup:create", [Reply::recorded("backup create")]);
    assert_eq!(
        client.create_backup().await.unwrap(),
        "backup_20261122_180813_6029.nbdata"
    );
    assert_recorded(&server, "backup create");

    server.on(
        "backup:status",
        [
            Reply::recorded("backup status running"),
            Reply::recorded("backup status finished"),
            Reply::recorded("backup status unknown"),
        ],
    );
    assert_eq!(client.backup_status(NAME).await.unwrap(), BackupStatus::Running);
    assert_eq!(client.backup_status(NAME).await.unwrap(), BackupStatus::Finished);
    assert_recorded(&server, "backup status finished");
    assert_eq!(client.backup_status(NAME).await.unwrap(), BackupStatus::Unknown);
    server.on("backup:status", [Reply::recorded("backup status failed")]);
    let failed = client
        .backup_status("backup_20261122_184207_3892.nbdata")
        .await
        .unwrap();
    let BackupStatus::Failed(message) = failed else {
        panic!("{failed:?}")
    };
    assert!(
        message.starts_with("Error backing up: pg_dump: error: Dumping the contents"),
        "{message}"
    );

    server.on(
        "backup:list",
        [
            Reply::recorded("backup list"),
            Reply::json(200, r#"{"data":[{"name":"backup_1.nbdata","inProgress":true}]}"#),
        ],
    );
    let entries = client.list_backups().await.unwrap();
    assert_eq!(entries.len(), 4);
    let first = BackupEntry {
        name: NAME.into(),
        file_size: "83.1 KiB".into(),
        created_at: Some("2026-11-22T18:08:13.767Z".into()),
        in_progress: false,
        description: None,
    };
    assert_eq!(entries[0], first);
    let running = client.list_backups().await.unwrap();
    assert!(running[0].in_progress && running[0].file_size.is_empty());

    server.on(
        "backup:remove",
        [
            Reply::recorded("backup remove"),
            Reply::recorded("backup remove twice"),
        ],
    );
    client.remove_backup(NAME).await.unwrap();
    let again = client.remove_backup(NAME).await.unwrap_err();
    assert_recorded(&server, "backup remove twice");
    assert_eq!(
        again.to_string(),
        format!("dev: backup:remove was refused: File {NAME} not found (500)")
    );
}

#[tokio::test]
async fn only_the_old_resource() {
    let server = Server::start().await;
    server.on("backup:status", [Reply::recorded("unknown resource")]);
    server.on(
        "backups:taskStatus",
        [
            Reply::recorded("backup status unknown"),
            Reply::recorded("task status finished"),
        ],
    );
    server.on("backups:create", [Reply::recorded("backup create")]);
    server.on("backups:list", [Reply::recorded("backup list")]);
    server.on("backups:destroy", [Reply::recorded("backup remove")]);
    server.on(
        "backups:restoreStatus",
        [Reply::recorded("restore status unknown")],
    );
    let client = server.client();
    assert_eq!(client.backup_surface().await.unwrap(), BackupSurface::Backups);
    assert_eq!(client.backup_status(NAME).await.unwrap(), BackupStatus::Finished);
    assert_recorded(&server, "task status finished");
    client.create_backup().await.unwrap();
    assert_eq!(client.list_backups().await.unwrap().len(), 4);
    client.remove_backup(NAME).await.unwrap();
    assert_eq!(server.only("backups:destroy").query, format!("filterByTk={NAME}"));
    assert_eq!(client.restore_status(None).await.unwrap(), RestoreStatus::Unknown);
    assert_eq!(server.seen("backup:status").len(), 1);
}

#[tokio::test]
async fn no_backup_plugin() {
    let server = Server::start().await;
    server.on("backup:status", [Reply::recorded("unknown resource")]);
    let error = server.client().create_backup().await.unwrap_err();
    assert_eq!(error.code(), "plugin_missing");
    assert!(
        error.hint().contains("@nocobase/plugin-backups"),
        "{}",
        error.hint()
    );
    assert_eq!(server.seen("backup:create").len(), 0);
}

#[tokio::test]
async fn restore_status() {
    let server = Server::start().await;
    server.on(
        "backup:restoreStatus",
        [
            Reply::json(200, r#"{"data":{"inProgress":true}}"#),
            Reply::json(
                200,
                r#"{"data":{"inProgress":false,"message":"pg_restore: error: input file\u0007 is"}}"#,
            ),
            Reply::recorded("restore status ended"),
            Reply::recorded("restore status unknown"),
            Reply::recorded("commanding"),
        ],
    );
    let client = server.client();
    assert_eq!(
        client.restore_status(Some("t-1")).await.unwrap(),
        RestoreStatus::Running
    );
    assert_eq!(server.only("backup:restoreStatus").query, "task=t-1");
    let failed = RestoreStatus::Failed("pg_restore: error: input file is".into());
    assert_eq!(client.restore_status(Some("t-1")).await.unwrap(), failed);
    assert_eq!(
        client.restore_status(Some("t-1")).await.unwrap(),
        RestoreStatus::Ended
    );
    assert_eq!(client.restore_status(None).await.unwrap(), RestoreStatus::Unknown);
    assert_eq!(
        client.restore_status(None).await.unwrap_err().code(),
        "maintenance"
    );
    assert_eq!(
        server.seen("backup:restoreStatus").len(),
        5,
        "polls are not repeated"
    );
}

#[tokio::test]
async fn data() {
    let server = Server::start().await;
    server.on("collections:list", [Reply::recorded("collections")]);
    server.on(
        "orders:list",
        [
            Reply::recorded("orders count"),
            Reply::json(
                200,
                r#"{"data":[],"meta":{"hasNext":false,"page":1,"pageSize":1}}"#,
            ),
        ],
    );
    server.on(
        "environmentVariables:create",
        [Reply::recorded("variable create")],
    );
    server.on("environmentVariables:list", [Reply::recorded("variable list")]);
    server.on(
        "environmentVariables:destroy",
        [Reply::json(200, r#"{"data":1}"#)],
    );
    let client = server.client();
    assert_eq!(client.collections().await.unwrap(), ["roles", "users", "orders"]);
    assert_recorded(&server, "collections");
    assert_eq!(client.count("orders").await.unwrap(), 20);
    assert_eq!(server.only("orders:list").query, "pageSize=1&page=1");
    assert_eq!(client.count("orders").await.unwrap_err().code(), "unexpected");

    client.create_variable("NBREL_ID", "pkg-123").await.unwrap();
    let seen = server.only("environmentVariables:create");
    let sent: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(sent, exchange("variable create")["body"]);
    assert!(client.has_variable("NBREL_ID").await.unwrap());
    assert!(!client.has_variable("NBREL").await.unwrap());
    assert_recorded(&server, "variable list");
    client.remove_variable("NBREL_ID").await.unwrap();
    assert_eq!(
        server.only("environmentVariables:destroy").query,
        "filterByTk=NBREL_ID"
    );
}

#[tokio::test]
async fn names_that_are_no_names_are_not_sent() {
    let server = Server::start().await;
    let client = server.client();
    for name in [
        "../x.nbdata",
        "x.zip",
        "",
        ".nbdata",
        ".x.nbdata",
        "a/b.nbdata",
        "a b.nbdata",
        "-x.nbdata",
    ] {
        assert_eq!(safe_file_name(name), None, "{name}");
        assert_eq!(
            client.remove_backup(name).await.unwrap_err().code(),
            "unusable_name",
            "{name}"
        );
        assert_eq!(
            client.backup_status(name).await.unwrap_err().code(),
            "unusable_name",
            "{name}"
        );
    }
    assert_eq!(safe_file_name(NAME), Some(NAME));
    assert_eq!(server.seen("backup:remove").len(), 0);

    server.on(
        "backup:create",
        [Reply::json(200, r#"{"data":{"name":"../../etc/x.nbdata"}}"#)],
    );
    let error = client.create_backup().await.unwrap_err();
    assert!(error.may_have_happened(), "{error}");
}

#[tokio::test]
async fn a_sub_application_and_a_public_path() {
    let server = Server::start().await;
    let mut environment = server.environment(nocobase_client::Credentials::None);
    environment.api_base =
        nocobase_client::ApiBase::parse(&format!("{}/__app/shop/", server.base())).unwrap();
    assert_eq!(environment.api_base.sub_app(), Some("shop"));
    server.on("__app/shop/__health_check", [Reply::recorded("health up")]);
    let client = nocobase_client::Client::new(&environment, crate::server::quick()).unwrap();
    assert_eq!(client.health().await.unwrap(), Health::Up);
}

/// The engine spawns these.
#[test]
fn calls_can_move_between_threads() {
    fn assert_send<T: Send>(_: impl FnOnce() -> T) {}
    #[expect(dead_code, reason = "only its type matters")]
    fn all(client: nocobase_client::Client) {
        use std::path::Path;
        let client: &'static nocobase_client::Client = Box::leak(Box::new(client));
        assert_send(|| client.health());
        assert_send(|| client.sign_in());
        assert_send(|| client.identity());
        assert_send(|| client.create_backup());
        assert_send(|| client.download_backup("", Path::new(""), |_| ()));
        assert_send(|| client.restore_upload(Path::new(""), const { &options() }, |_| ()));
        assert_send(|| client.search_logs(&[], |_| true));
        assert_send(|| client.count(""));
    }
    const fn options() -> nocobase_client::RestoreOptions {
        nocobase_client::RestoreOptions {
            password: None,
            database_schema: None,
        }
    }
}
