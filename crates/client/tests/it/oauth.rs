//! OAuth sessions of NocoBase CLI: used while fresh, renewed as it renews them, kept in its store.

use std::path::Path;

use nocobase_client::{Client, nb_cli};
use serde_json::{Value, json};

use crate::server::{Reply, Server, quick};

fn store(server: &Server, expires_at: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "name": "shop",
        "future": { "kept": true },
        "envs": {
            "dev": {
                "apiBaseUrl": server.base(),
                "authType": "oauth",
                "appKey": "kept",
                "auth": {
                    "type": "oauth", "accessToken": "old-access-SECRET", "refreshToken": "old-refresh-SECRET",
                    "expiresAt": expires_at, "clientId": "client-1", "resource": "http://issuer/api/",
                    "scope": "openid api offline_access", "unknown": "kept",
                },
            },
            "test": { "apiBaseUrl": "http://t/api", "auth": { "type": "token", "accessToken": "t" } },
        },
    });
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    folder
}

fn load(root: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(root.join("config.json")).unwrap()).unwrap()
}

fn client(root: &Path) -> Client {
    let config = nb_cli::read(root, None).unwrap();
    let environment = config
        .environments
        .iter()
        .find(|environment| environment.name == "dev")
        .unwrap();
    Client::new(environment, quick()).unwrap()
}

async fn server() -> Server {
    let server = Server::start().await;
    let metadata = json!({
        "issuer": server.base(), "authorization_endpoint": "x",
        "token_endpoint": format!("{}/idpOAuth/token", server.base()),
    });
    server.on(
        ".well-known/oauth-authorization-server",
        [Reply::json(200, &metadata.to_string())],
    );
    let renewed = json!({
        "access_token": "new-access-SECRET", "expires_in": 86400, "id_token": "i",
        "refresh_token": "new-refresh-SECRET", "scope": "api", "token_type": "Bearer",
    });
    server.on("idpOAuth/token", [Reply::json(200, &renewed.to_string())]);
    server
}

fn bearers(server: &Server) -> Vec<String> {
    server
        .seen("auth:check")
        .iter()
        .map(|seen| seen.header("authorization").unwrap().to_owned())
        .collect()
}

const PAST: &str = "2026-01-01T00:00:00.000Z";
const FUTURE: &str = "2999-01-01T00:00:00.000Z";

#[tokio::test]
async fn a_fresh_token_is_used_and_nothing_is_written() {
    let server = server().await;
    let folder = store(&server, FUTURE);
    let before = load(folder.path());
    client(folder.path()).identity().await.unwrap();
    assert_eq!(bearers(&server), ["Bearer old-access-SECRET"]);
    assert_eq!(load(folder.path()), before);
    assert_eq!(server.seen("idpOAuth/token").len(), 0);
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_kept() {
    let server = server().await;
    let folder = store(&server, PAST);
    let path = folder.path().join("config.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    let before = load(folder.path());
    let (one, two) = (client(folder.path()), client(folder.path()));
    let (first, second) = tokio::join!(one.identity(), two.identity());
    first.unwrap();
    second.unwrap();
    assert_eq!(bearers(&server), ["Bearer new-access-SECRET"; 2]);

    let sent = server.only("idpOAuth/token");
    assert_eq!(
        sent.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(sent.header("authorization"), None);
    assert_eq!(
        String::from_utf8_lossy(&sent.body),
        "grant_type=refresh_token&client_id=client-1&refresh_token=old-refresh-SECRET\
         &resource=http%3A%2F%2Fissuer%2Fapi%2F"
    );

    let after = load(folder.path());
    let auth = &after["envs"]["dev"]["auth"];
    assert!(auth["expiresAt"].as_str().unwrap() > "2026-11", "{auth}");
    let mut expected = before;
    let kept = &mut expected["envs"]["dev"]["auth"];
    kept["accessToken"] = json!("new-access-SECRET");
    kept["refreshToken"] = json!("new-refresh-SECRET");
    kept["scope"] = json!("api");
    kept["issuer"] = json!(server.base());
    kept["expiresAt"] = auth["expiresAt"].clone();
    assert_eq!(after, expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_renewed() {
    let server = server().await;
    server.on("idpOAuth/token", [Reply::recorded("oauth refresh reused")]);
    let folder = store(&server, PAST);
    let before = load(folder.path());
    let error = client(folder.path()).create_backup().await.unwrap_err();
    assert_eq!(error.code(), "sign_in_needed");
    assert!(
        error
            .to_string()
            .ends_with("invalid_grant grant request is invalid"),
        "{error}"
    );
    assert_eq!(
        error.hint(),
        "Run `nb env auth dev` to sign in again, then try again."
    );
    assert_eq!(server.seen("idpOAuth/token").len(), 1);
    assert!(!error.may_have_happened());
    assert_eq!(load(folder.path()), before);
    assert!(!format!("{error} {error:?}").contains("SECRET"));
}

#[tokio::test]
async fn a_refusal_that_repeats_the_token_does_not_make_us_say_it() {
    let server = server().await;
    let refusal = json!({ "error": "invalid_grant", "error_description": "unknown: old-refresh-SECRET" });
    server.on("idpOAuth/token", [Reply::json(400, &refusal.to_string())]);
    let folder = store(&server, PAST);
    let error = client(folder.path()).identity().await.unwrap_err();
    assert!(
        error.to_string().ends_with("invalid_grant unknown: ****"),
        "{error}"
    );
    assert!(!format!("{error} {error:?} {}", error.hint()).contains("SECRET"));
}

#[tokio::test]
async fn a_renewal_is_not_tried_for_ever() {
    let server = server().await;
    server.on("idpOAuth/token", [Reply::Lost]);
    let folder = store(&server, PAST);
    let error = client(folder.path()).create_backup().await.unwrap_err();
    assert_eq!(
        (error.code(), error.may_have_happened()),
        ("connection_lost", false)
    );
    assert_eq!(server.seen("idpOAuth/token").len(), 4);
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again() {
    let server = server().await;
    let renewed = Reply::json(200, r#"{"access_token":"new"}"#);
    server.on("idpOAuth/token", [Reply::typed(503, "text/html", b""), renewed]);
    let folder = store(&server, PAST);
    client(folder.path()).identity().await.unwrap();
    assert_eq!(server.seen("idpOAuth/token").len(), 2);
    let auth = load(folder.path())["envs"]["dev"]["auth"].clone();
    assert_eq!(auth["accessToken"], "new");
    assert_eq!(auth["refreshToken"], "old-refresh-SECRET");
    assert_eq!(auth["expiresAt"], Value::Null);
}

#[tokio::test]
async fn a_store_that_was_changed_in_between() {
    let server = server().await;
    let folder = store(&server, FUTURE);
    let client = client(folder.path());
    server.on(
        "auth:check",
        [Reply::recorded("invalid token"), Reply::recorded("auth check")],
    );
    // refused, and nothing new in the store
    assert_eq!(client.identity().await.unwrap_err().code(), "unauthorized");
    let mut config = load(folder.path());
    config["envs"]["dev"]["auth"]["accessToken"] = json!("by-nb");
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    client.identity().await.unwrap();
    assert_eq!(bearers(&server), ["Bearer old-access-SECRET", "Bearer by-nb"]);

    config["envs"]["dev"]["apiBaseUrl"] = json!("http://elsewhere.example/api");
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let error = client.identity().await.unwrap_err();
    assert_eq!(error.code(), "sign_in_needed");
    assert!(error.to_string().contains("its address was changed"), "{error}");
}
