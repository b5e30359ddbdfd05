//! Secrets are not to be seen in anything that people look at.

use std::error::Error as _;

use nocobase_client::{Credentials, RestoreOptions, Secret};

use crate::server::{PASSWORD, Reply, Server, TOKEN, account};

fn assert_clean(text: &str) {
    assert!(!text.contains(TOKEN) && !text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn values_mask_them() {
    let server = Server::start().await;
    let token = Credentials::Token(Secret::new(TOKEN));
    let options = RestoreOptions {
        password: Some(Secret::new(PASSWORD)),
        database_schema: None,
    };
    assert_clean(&format!("{token:?} {:?} {options:?}", account()));
    assert_clean(&format!("{:?}", server.environment(account())));
    assert_clean(&format!(
        "{:?} {:?}",
        server.client(),
        server.client_with(account())
    ));
}

#[tokio::test]
async fn errors_mask_them_even_when_the_server_repeats_them() {
    let server = Server::start().await;
    let echo = format!("you said {TOKEN} and {PASSWORD}");
    let said = serde_json::json!({ "errors": [{ "message": echo, "code": echo }] }).to_string();
    let gateway = serde_json::json!({ "error": { "code": echo, "message": echo } }).to_string();
    server.on(
        "auth:signIn",
        [Reply::json(200, &format!(r#"{{"data":{{"token":"{TOKEN}"}}}}"#))],
    );
    for reply in [
        Reply::json(500, &said),
        Reply::json(401, &said),
        Reply::json(403, &said),
        Reply::json(503, &gateway),
        Reply::typed(500, "text/plain", echo.as_bytes()),
        Reply::typed(200, "text/html", echo.as_bytes()),
        Reply::json(200, &echo),
        Reply::json(200, &serde_json::json!({ "data": echo }).to_string()),
        Reply::typed(302, "", b"").with("location", &format!("/x?token={TOKEN}")),
        Reply::Lost,
    ] {
        server.on("auth:check", [reply]);
        for client in [server.client(), server.client_with(account())] {
            let error = client.identity().await.unwrap_err();
            // the password was not part of this request, only the token was
            let text = format!("{error} {error:?} {} {:?}", error.hint(), error.source());
            assert!(!text.contains(TOKEN), "{text}");
        }
    }
    for reply in [
        Reply::json(401, &said),
        Reply::json(200, &said),
        Reply::typed(502, "", echo.as_bytes()),
    ] {
        server.on("auth:signIn", [reply]);
        let error = server.client_with(account()).sign_in().await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains(PASSWORD), "{text}");
    }
}
