//! Tokens: signing in, renewing, and what is not done again.

use nocobase_client::{Client, Credentials};

use crate::server::{PASSWORD, Reply, Server, TOKEN, account, quick};

fn signed_in(token: &str) -> Reply {
    Reply::json(
        200,
        &format!(r#"{{"data":{{"user":{{"id":1}},"token":"{token}"}}}}"#),
    )
}

fn tokens(server: &Server, call: &str) -> Vec<String> {
    let bearer = |seen: &crate::server::Seen| seen.header("authorization").unwrap_or("none").to_owned();
    server.seen(call).iter().map(bearer).collect()
}

#[tokio::test]
async fn signs_in_when_first_needed_and_once() {
    let server = Server::start().await;
    server.on("auth:signIn", [Reply::recorded("sign in")]);
    server.on("backup:list", [Reply::recorded("backup list")]);
    let client = server.client_with(account());
    let (one, two) = tokio::join!(client.list_backups(), client.identity());
    one.unwrap();
    two.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&server.only("auth:signIn").body).unwrap();
    assert_eq!(
        sent,
        serde_json::json!({ "account": "nocobase", "password": PASSWORD })
    );
    assert_eq!(tokens(&server, "auth:check"), ["Bearer <token>"]);
}

#[tokio::test]
async fn an_address_signs_in_as_email() {
    let server = Server::start().await;
    server.on("auth:signIn", [Reply::recorded("sign in")]);
    let password = nocobase_client::Secret::new(PASSWORD);
    let client = server.client_with(Credentials::Password {
        account: "a@b.c".into(),
        password,
    });
    client.sign_in().await.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&server.only("auth:signIn").body).unwrap();
    assert_eq!(sent["email"], "a@b.c");
}

#[tokio::test]
async fn a_wrong_password_is_said_so() {
    let server = Server::start().await;
    server.on("auth:signIn", [Reply::recorded("sign in wrong")]);
    let error = server.client_with(account()).create_backup().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: auth:signIn was refused: The username/email or password is incorrect, please re-enter (401)"
    );
    assert_eq!(server.seen("auth:signIn").len(), 1);
    assert_eq!(error.hint(), "Check the account and password of `dev`.");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn an_expired_session_is_renewed_once() {
    let server = Server::start().await;
    server.on("auth:signIn", [signed_in("first"), signed_in("second")]);
    server.on(
        "backup:list",
        [Reply::recorded("invalid token"), Reply::recorded("backup list")],
    );
    let client = server.client_with(account());
    client.list_backups().await.unwrap();
    assert_eq!(tokens(&server, "backup:list"), ["Bearer first", "Bearer second"]);

    server.on("backup:list", [Reply::recorded("invalid token")]);
    assert_eq!(client.list_backups().await.unwrap_err().code(), "unauthorized");
    assert_eq!(server.seen("backup:list").len(), 4);
}

#[tokio::test]
async fn a_mutation_is_not_sent_with_a_session_in_doubt() {
    let server = Server::start().await;
    server.on("auth:signIn", [signed_in("first"), signed_in("second")]);
    server.on(
        "auth:check",
        [Reply::recorded("invalid token"), Reply::recorded("auth check")],
    );
    server.on(
        "environmentVariables:create",
        [Reply::recorded("variable create")],
    );
    let client = server.client_with(account());
    client.create_variable("A", "b").await.unwrap();
    assert_eq!(tokens(&server, "auth:check"), ["Bearer first", "Bearer second"]);
    assert_eq!(tokens(&server, "environmentVariables:create"), ["Bearer second"]);

    // refused all the same: not sent again, and looked into before the next one
    server.on("environmentVariables:create", [Reply::recorded("invalid token")]);
    assert_eq!(
        client.create_variable("A", "b").await.unwrap_err().code(),
        "unauthorized"
    );
    assert_eq!(server.seen("environmentVariables:create").len(), 2);
    let checks = server.seen("auth:check").len();
    client.create_variable("A", "b").await.unwrap_err();
    assert_eq!(server.seen("auth:check").len(), checks + 1);
}

#[tokio::test]
async fn a_role_that_is_not_the_users_is_no_reason_to_sign_in() {
    let server = Server::start().await;
    server.on("auth:signIn", [signed_in("first")]);
    server.on("auth:check", [Reply::recorded("role not found")]);
    let error = server.client_with(account()).identity().await.unwrap_err();
    assert_eq!(server.seen("auth:signIn").len(), 1);
    assert!(error.hint().contains("role"), "{}", error.hint());
}

#[tokio::test]
async fn a_renewed_token_replaces_the_old_one() {
    let server = Server::start().await;
    server.on(
        "auth:check",
        [
            Reply::recorded("auth check").with("x-new-token", "renewed"),
            Reply::recorded("auth check"),
        ],
    );
    let client = server.client();
    client.identity().await.unwrap();
    client.clone().identity().await.unwrap();
    assert_eq!(
        tokens(&server, "auth:check"),
        [format!("Bearer {TOKEN}"), "Bearer renewed".to_owned()]
    );
}

#[tokio::test]
async fn a_token_that_is_refused_stays_refused() {
    let server = Server::start().await;
    server.on("auth:check", [Reply::recorded("invalid token")]);
    let error = server.client().identity().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: auth:check was refused: Your session has expired. Please sign in again. (401 INVALID_TOKEN)"
    );
    assert_eq!(server.seen("auth:check").len(), 1);
    server.on("auth:check", [Reply::recorded("empty token")]);
    let client = Client::new(&server.environment(Credentials::None), quick()).unwrap();
    assert!(
        client
            .identity()
            .await
            .unwrap_err()
            .hint()
            .contains("credentials")
    );
    assert_eq!(tokens(&server, "auth:check")[1], "none");
}
