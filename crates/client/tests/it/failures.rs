//! Each way a call can fail: its cause, whether it may have happened, and how often it was sent.

use nocobase_client::{ApiBase, Client, Credentials, Error};

use crate::server::{Reply, Server, quick};

fn html(status: u16) -> Reply {
    Reply::typed(status, "text/html", b"<html>\x1b[31mproxy\x1b[0m</html>")
}

fn faults() -> Vec<(&'static str, Reply, &'static str, bool)> {
    vec![
        ("lost", Reply::Lost, "connection_lost", true),
        ("silent", Reply::Silent, "timed_out", true),
        ("cut", Reply::Cut(b"{\"da".to_vec()), "connection_lost", true),
        ("stalled", Reply::Stalled(b"{\"da".to_vec()), "timed_out", true),
        ("502", html(502), "gateway", true),
        ("503", html(503), "gateway", true),
        ("504", html(504), "gateway", true),
        ("524", html(524), "gateway", true),
        ("429", html(429), "gateway", true),
        ("maintenance", Reply::recorded("commanding"), "maintenance", false),
        ("refused", Reply::recorded("database down"), "refused", false),
        (
            "no permissions",
            Reply::recorded("no permissions"),
            "forbidden",
            false,
        ),
        ("no token", Reply::recorded("empty token"), "unauthorized", false),
        (
            "unknown",
            Reply::recorded("unknown resource"),
            "plugin_missing",
            false,
        ),
        ("spa", Reply::recorded("health html"), "not_nocobase", true),
        ("408", Reply::typed(408, "", b""), "upload_too_slow", false),
        ("413", html(413), "too_large", false),
        ("500 of a proxy", html(500), "unexpected", true),
        ("400 of a proxy", html(400), "unexpected", false),
        ("401 of a proxy", html(401), "unexpected", false),
        ("not json", Reply::json(200, "{\"data\":"), "unexpected", true),
        ("no data", Reply::json(200, "{}"), "unexpected", true),
        (
            "text",
            Reply::typed(200, "text/plain", b"hello"),
            "unexpected",
            true,
        ),
        (
            "elsewhere",
            Reply::typed(302, "", b"").with("location", "/signin?token=x"),
            "redirected",
            false,
        ),
    ]
}

#[tokio::test]
async fn a_mutation_is_sent_once_whatever_happens() {
    for (fault, reply, code, doubt) in faults() {
        let server = Server::start().await;
        server.on("backup:create", [reply]);
        let error = server.client().create_backup().await.unwrap_err();
        assert_eq!(error.code(), code, "{fault}: {error}");
        assert_eq!(error.may_have_happened(), doubt, "{fault}: {error}");
        assert_eq!(server.seen("backup:create").len(), 1, "{fault}");
        assert!(error.to_string().starts_with("dev: backup:create "), "{error}");
        assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
        let warned = error.hint().starts_with("It may have taken effect");
        assert_eq!(warned, doubt, "{fault}: {}", error.hint());
    }
}

#[tokio::test]
async fn every_mutation_is_sent_once() {
    let server = Server::start().await;
    let client = server.client();
    let calls = [
        "backup:remove",
        "environmentVariables:create",
        "environmentVariables:destroy",
    ];
    for call in calls {
        server.on(call, [Reply::Lost]);
    }
    let name = "backup_20261122_180813_1440.nbdata";
    for error in [
        client.remove_backup(name).await.unwrap_err(),
        client.create_variable("A", "b").await.unwrap_err(),
        client.remove_variable("A").await.unwrap_err(),
    ] {
        assert_eq!(
            (error.code(), error.may_have_happened()),
            ("connection_lost", true),
            "{error}"
        );
    }
    for call in calls {
        assert_eq!(server.seen(call).len(), 1, "{call}");
    }
}

#[tokio::test]
async fn a_read_is_tried_again_only_where_that_may_help() {
    for (fault, reply, code, _) in faults() {
        let server = Server::start().await;
        server.on("backup:list", [reply, Reply::recorded("backup list")]);
        let outcome = server.client().list_backups().await;
        let passing = ["connection_lost", "timed_out"].contains(&code) || code == "gateway" && fault != "429";
        assert_eq!(outcome.is_ok(), passing, "{fault}: {outcome:?}");
        assert_eq!(
            server.seen("backup:list").len(),
            1 + usize::from(passing),
            "{fault}"
        );
        if let Err(error) = outcome {
            assert!(!error.may_have_happened(), "{fault}: a read changes nothing");
        }
    }
}

#[tokio::test]
async fn reads_are_not_tried_for_ever() {
    let server = Server::start().await;
    server.on("backup:list", [Reply::Lost]);
    let error = server.client().list_backups().await.unwrap_err();
    assert_eq!(error.code(), "connection_lost");
    assert_eq!(server.seen("backup:list").len(), 4);
}

#[tokio::test]
async fn what_fails_before_a_mutation_leaves_no_doubt_about_it() {
    let server = Server::start().await;
    server.on("auth:check", [Reply::Silent]);
    server.on(
        "environmentVariables:create",
        [Reply::recorded("variable create")],
    );
    let error = server.client().create_variable("A", "b").await.unwrap_err();
    assert_eq!(
        (error.code(), error.may_have_happened()),
        ("timed_out", false),
        "{error}"
    );
    assert_eq!(server.seen("environmentVariables:create").len(), 0);
}

#[tokio::test]
async fn nobody_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = Server::start().await;
    let mut environment = server.environment(Credentials::None);
    environment.api_base = ApiBase::parse(&format!("http://{address}/api")).unwrap();
    let error = Client::new(&environment, quick())
        .unwrap()
        .health()
        .await
        .unwrap_err();
    assert_eq!(error.code(), "unreachable");
    assert_eq!(
        error.to_string(),
        "dev: __health_check could not be sent: no connection to the server"
    );
    assert!(std::error::Error::source(&error).is_some());

    // a server that does not speak TLS
    environment.api_base = ApiBase::parse(&server.base().replace("http://", "https://")).unwrap();
    let error = Client::new(&environment, quick())
        .unwrap()
        .health()
        .await
        .unwrap_err();
    assert_eq!(error.code(), "tls", "{error:?}");
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let server = Server::start().await;
    server.on("backup:list", [Reply::json(200, &" ".repeat(17 * 1024 * 1024))]);
    let error = server.client().list_backups().await.unwrap_err();
    assert_eq!(error.code(), "answer_too_large");
}

#[tokio::test]
async fn only_the_step_to_https_is_followed() {
    let server = Server::start().await;
    let https = server.base().replace("http://", "https://");
    server.on(
        "app:getInfo",
        [Reply::typed(301, "", b"").with("location", &format!("{https}/app:getInfo"))],
    );
    let client = server.client();
    // the server speaks no TLS, so that following ends there
    assert_eq!(client.app_info().await.unwrap_err().code(), "tls");
    // and the step is remembered for mutations
    assert_eq!(client.create_backup().await.unwrap_err().code(), "tls");

    server.on(
        "app:getInfo",
        [Reply::typed(302, "", b"").with("location", "http://evil.example/x?token=y")],
    );
    let error = server.client().app_info().await.unwrap_err();
    assert!(
        matches!(&error, Error::Redirected { to, .. } if to == "http://evil.example/x"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unknown_core_resource_is_not_nocobase() {
    let server = Server::start().await;
    let error = server.client().app_info().await.unwrap_err();
    assert_eq!(error.code(), "not_nocobase");
    assert!(error.hint().contains("/api"), "{}", error.hint());
}

#[test]
fn addresses() {
    let parse = |text: &str| ApiBase::parse(text).map(|base| base.to_string());
    assert_eq!(
        parse(" https://dev.example/api/ ").unwrap(),
        "https://dev.example/api"
    );
    assert_eq!(
        parse("http://dev.example:13000/nb/api//?a=b#c").unwrap(),
        "http://dev.example:13000/nb/api"
    );
    assert_eq!(
        parse("HTTPS://Dev.Example/api").unwrap(),
        "https://dev.example/api"
    );
    assert_eq!(parse("https://dev.example").unwrap(), "https://dev.example");
    for wrong in [
        "",
        "dev.example/api",
        "ftp://dev.example/api",
        "http://",
        "file:///etc/passwd",
    ] {
        let error = ApiBase::parse(wrong).unwrap_err();
        assert_eq!(error.code(), "invalid_address", "{wrong}");
    }
    for held in [
        "https://u:hunter22@dev.example/api",
        "u:hunter22@dev.example",
        "https://hunter22@dev.example",
    ] {
        let error = ApiBase::parse(held).unwrap_err();
        assert!(
            !format!("{error} {error:?} {}", error.hint()).contains("hunter22"),
            "{error}"
        );
    }
}
