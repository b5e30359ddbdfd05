//! Streamable HTTP: who gets in, how much is taken, whose sessions and confirmations are whose, and the end.

use std::time::Duration;

use release_engine::{Policy, RunSecrets, RunStanding};
use release_mcp::{Handler, HttpError, HttpOptions, HttpServer, TlsFiles};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http_client::{ALICE, BOB, Call, Server, exchange, people, serve};
use crate::support::{silent_engine, simulated};

fn list(server: &Server) -> Call {
    Call::modern(server, "tools/list", json!({}), json!({}))
}

fn tool(server: &Server, name: &str, arguments: Value, capabilities: Value) -> Call {
    let params = json!({ "name": name, "arguments": arguments });
    Call::modern(server, "tools/call", params, capabilities)
}

#[tokio::test]
async fn both_lifecycles_are_served() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |_| {}).await;
    let greeting = Call::initialize(&server).send().await;
    assert_eq!(greeting.status, 200);
    assert_eq!(
        greeting.json()["result"]["serverInfo"]["name"],
        "nocobase-release"
    );
    let session = greeting.header("mcp-session-id").unwrap();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let ready = Call::post(&server, ready).with("Mcp-Session-Id", session);
    assert_eq!(ready.send().await.status, 202);
    let older = Call::post(
        &server,
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }),
    )
    .with("Mcp-Session-Id", session)
    .send()
    .await
    .json();
    let newer = list(&server).send().await.json();
    assert_eq!(older["result"]["tools"], newer["result"]["tools"]);
    assert_eq!(newer["result"]["resultType"], "complete");
    assert!(newer["result"]["tools"].as_array().unwrap().len() >= 8);
}

#[tokio::test]
async fn names_that_are_not_ours_are_refused_everywhere() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |_| {}).await;
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
    ] {
        for call in [
            list(&server),
            Call::initialize(&server),
            Call::get(&server, "/health"),
            Call::get(&server, "/.well-known/oauth-protected-resource"),
        ] {
            assert_eq!(call.with("Host", host).send().await.status, 403, "{host}");
        }
    }
    for origin in ["http://evil.example", "null", "https://localhost.evil.example"] {
        for call in [list(&server), Call::initialize(&server)] {
            assert_eq!(call.with("Origin", origin).send().await.status, 403, "{origin}");
        }
    }
    for origin in ["http://localhost:6274", "http://127.0.0.1"] {
        assert_eq!(
            list(&server).with("Origin", origin).send().await.status,
            200,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn health_and_metadata_need_no_token() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |options| options.tokens = Some(people())).await;
    let health = Call::get(&server, "/health").send().await;
    assert_eq!(
        (health.status, health.json()["status"].clone()),
        (200, json!("ok"))
    );
    let about = Call::get(&server, "/.well-known/oauth-protected-resource/mcp")
        .send()
        .await;
    assert_eq!(
        about.json(),
        json!({
            "resource": format!("http://{}/mcp", server.address),
            "resource_name": "NocoBase Release",
            "bearer_methods_supported": ["header"],
        })
    );
}

#[tokio::test]
async fn without_a_right_token_nobody_gets_in() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |options| options.tokens = Some(people())).await;
    let unknown = list(&server).send().await;
    assert_eq!(unknown.status, 401);
    assert_eq!(
        unknown.header("www-authenticate").unwrap(),
        format!(
            "Bearer resource_metadata=\"http://{}/.well-known/oauth-protected-resource/mcp\"",
            server.address
        )
    );
    for value in [
        format!("Bearer {ALICE}x"),
        format!("Basic {ALICE}"),
        ALICE.to_owned(),
        "Bearer ".to_owned(),
    ] {
        let refused = list(&server).with("Authorization", &value).send().await;
        assert_eq!(refused.status, 401, "{value}");
    }
    assert_eq!(list(&server).by(ALICE).send().await.status, 200);
    assert_eq!(list(&server).by(BOB).send().await.status, 200);
    // Trying tokens out comes to an end, but not for those who share the address and have a right one.
    for _ in 0..10 {
        list(&server).by("guess").send().await;
    }
    let stopped = list(&server).by("guess").send().await;
    assert_eq!(stopped.status, 429);
    assert!(stopped.header("retry-after").is_some());
    assert_eq!(list(&server).by(ALICE).send().await.status, 200);
}

#[tokio::test]
async fn other_addresses_demand_tokens() {
    let fixture = silent_engine();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let options = HttpOptions::new(address.parse().unwrap());
        let refused = HttpServer::bind(Handler::new(fixture.engine.clone()), options).await;
        assert!(matches!(refused, Err(HttpError::TokensNeeded(_))), "{address}");
    }
    let mut options = HttpOptions::new("0.0.0.0:0".parse().unwrap());
    options.tokens = Some(people());
    assert!(
        HttpServer::bind(Handler::new(fixture.engine.clone()), options)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn oversized_bodies_are_refused() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |options| options.limits.body_bytes = 10_000).await;
    let announced = Call::post(
        &server,
        json!({ "jsonrpc": "2.0", "id": 1, "method": "x".repeat(20_000) }),
    );
    assert_eq!(announced.send().await.status, 413);
    // In pieces, with no length given.
    let call = Call::post(&server, "");
    let mut bytes = call.head() + "Transfer-Encoding: chunked\r\n\r\n";
    for _ in 0..20 {
        bytes.push_str(&format!("400\r\n{}\r\n", "x".repeat(0x400)));
    }
    bytes.push_str("0\r\n\r\n");
    let stream = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(exchange(stream, &bytes).await.status, 413);
    assert_eq!(list(&server).send().await.status, 200);
}

#[tokio::test]
async fn requests_that_do_not_arrive_are_given_up() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |options| {
        options.limits.arrival = Duration::from_millis(200);
    })
    .await;
    // A body that stops after its first byte.
    let slow = Call::post(&server, "").head() + "Content-Length: 100\r\n\r\n{";
    let stream = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(exchange(stream, &slow).await.status, 408);
    // A head that never ends.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"POST /mcp HTTP/1.1\r\nHost: ").await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    // A connection that says nothing at all.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.read_to_end(&mut received).await.unwrap();
}

#[tokio::test]
async fn what_is_no_message_is_told_so() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |_| {}).await;
    for (body, code) in [
        ("{", -32_700),
        ("", -32_700),
        ("[1", -32_700),
        ("[]", -32_600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32_600),
        ("17", -32_600),
        (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, -32_600),
    ] {
        let answer = Call::post(&server, body).send().await;
        assert_eq!(answer.status, 400, "{body}");
        let message = answer.json();
        assert_eq!(
            (&message["error"]["code"], &message["id"]),
            (&json!(code), &Value::Null),
            "{body}"
        );
    }
    for body in [
        "{}",
        r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
    ] {
        let status = Call::post(&server, body).send().await.status;
        assert!((400..500).contains(&status), "{status} {body}");
    }
    let plain = Call::post(&server, "hello")
        .with("Content-Type", "text/plain")
        .send()
        .await;
    assert_eq!(plain.status, 415);
    assert_eq!(list(&server).send().await.status, 200);
}

#[tokio::test]
async fn a_thousand_idle_sessions_leave_room_for_others() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |options| {
        options.tokens = Some(people());
        options.limits.sessions = 30;
        options.limits.sessions_each = 20;
        options.limits.burst = 5_000;
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..1_000 {
        let answer = Call::initialize(&server).by(ALICE).send().await;
        match answer.status {
            200 => open.push(answer.header("mcp-session-id").unwrap().to_owned()),
            status => {
                assert_eq!(status, 503);
                assert_eq!(answer.header("retry-after"), Some("30"));
            }
        }
    }
    assert_eq!(open.len(), 20);
    // Others still get a session, and requests that need none are served.
    assert_eq!(Call::initialize(&server).by(BOB).send().await.status, 200);
    assert_eq!(list(&server).by(ALICE).send().await.status, 200);
    // One that is closed makes room for one.
    let closed = Call::delete(&server)
        .by(ALICE)
        .with("Mcp-Session-Id", &open[0])
        .send()
        .await;
    assert!((200..300).contains(&closed.status), "{closed:?}");
    assert_eq!(Call::initialize(&server).by(ALICE).send().await.status, 200);
    assert_eq!(Call::initialize(&server).by(ALICE).send().await.status, 503);
}

#[tokio::test]
async fn a_session_is_its_owners_alone() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |options| options.tokens = Some(people())).await;
    let greeting = Call::initialize(&server).by(ALICE).send().await;
    let session = greeting.header("mcp-session-id").unwrap();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let ready = Call::post(&server, ready).with("Mcp-Session-Id", session);
    assert_eq!(ready.clone().by(BOB).send().await.status, 404);
    assert_eq!(
        Call::delete(&server)
            .by(BOB)
            .with("Mcp-Session-Id", session)
            .send()
            .await
            .status,
        404
    );
    assert_eq!(
        Call::get(&server, "/mcp")
            .by(BOB)
            .with("Mcp-Session-Id", session)
            .send()
            .await
            .status,
        404
    );
    assert_eq!(ready.by(ALICE).send().await.status, 202);
}

#[tokio::test]
async fn who_calls_too_often_has_to_wait() {
    let fixture = silent_engine();
    let server = serve(&fixture.engine, |options| {
        options.tokens = Some(people());
        options.limits.burst = 3;
        options.limits.per_second = 1;
    })
    .await;
    let mut refused = None;
    for _ in 0..50 {
        let answer = list(&server).by(ALICE).send().await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    assert!(refused.unwrap().header("retry-after").is_some());
    assert_eq!(list(&server).by(BOB).send().await.status, 200);
}

#[tokio::test]
async fn a_confirmation_is_bound_to_who_was_asked_and_altered_ones_are_refused() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |options| {
        options.tokens = Some(people());
        options.limits.burst = 100_000;
    })
    .await;
    let asks = json!({ "elicitation": {} });
    let planned = tool(
        &server,
        "restore",
        json!({ "source": "dev", "target": "prod" }),
        asks.clone(),
    )
    .by(ALICE)
    .send()
    .await
    .json();
    let plan = planned["result"]["structuredContent"]["plan"]["plan"]
        .as_str()
        .unwrap()
        .to_owned();
    let question = tool(&server, "confirm", json!({ "plan": plan }), asks.clone())
        .by(ALICE)
        .send()
        .await
        .json();
    assert_eq!(question["result"]["resultType"], "input_required", "{question}");
    let state = question["result"]["requestState"].as_str().unwrap().to_owned();
    let phrase = fixture.engine.load_plan(&plan).unwrap().phrase();
    let answer = |state: &str| {
        let params = json!({
            "name": "confirm", "arguments": { "plan": plan }, "requestState": state,
            "inputResponses": { "phrase": { "action": "accept", "content": { "phrase": phrase } } },
        });
        Call::modern(&server, "tools/call", params, asks.clone())
    };
    let text = |answer: &Value| {
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    // Bob has the state and the phrase, and still is not who was asked.
    let stolen = answer(&state).by(BOB).send().await.json();
    assert!(text(&stolen).starts_with("error: question_expired"), "{stolen}");
    // Every place counts, and at the ends (version, signature) every bit.
    for place in 0..state.len() {
        let at_an_end = place < 6 || place + 6 > state.len();
        for bit in (0..7).filter(|bit| at_an_end || place % 7 == *bit) {
            let mut bytes = state.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let altered = String::from_utf8(bytes).unwrap();
            let refused = answer(&altered).by(ALICE).send().await;
            assert!(
                refused.status == 400 || text(&refused.json()).starts_with("error: question_expired"),
                "bit {bit} of byte {place}: {refused:?}"
            );
        }
    }
    assert!(fixture.engine.runs(1).unwrap().is_empty());
    // The right answer starts the run once, in Alice's name.
    let done = answer(&state).by(ALICE).send().await.json();
    assert_eq!(done["result"]["structuredContent"]["status"], "running", "{done}");
    assert_eq!(done["result"]["structuredContent"]["run"]["asked_by"], "alice");
    let again = answer(&state).by(ALICE).send().await.json();
    assert!(text(&again).starts_with("error: plan_used"), "{again}");
    let runs = fixture.engine.runs(10).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].caller.as_deref(), Some("alice"));
}

#[tokio::test]
async fn several_people_at_once_get_one_run_each_under_their_names() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |options| options.tokens = Some(people())).await;
    let back_up = |environment: &str, token: &str| {
        let arguments = json!({ "environment": environment, "wait_seconds": 0 });
        tool(&server, "backup", arguments, json!({})).by(token)
    };
    let (devs, tests) = (back_up("dev", ALICE), back_up("test", BOB));
    let (one, other) = tokio::join!(devs.send(), tests.send());
    for answer in [one, other] {
        assert_eq!(answer.json()["result"]["structuredContent"]["status"], "running");
    }
    let mut names: Vec<(Option<String>, String)> = fixture
        .engine
        .runs(10)
        .unwrap()
        .into_iter()
        .map(|run| (run.caller, run.source.unwrap_or_default()))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            (Some("alice".into()), "dev".into()),
            (Some("bob".into()), "test".into())
        ]
    );
}

#[tokio::test]
async fn two_people_cannot_overwrite_the_same_target_at_once() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |options| options.tokens = Some(people())).await;
    let mut plans = Vec::new();
    for token in [ALICE, BOB] {
        let arguments = json!({ "source": "dev", "target": "test" });
        let planned = tool(&server, "restore", arguments, json!({}))
            .by(token)
            .send()
            .await
            .json();
        plans.push(planned["result"]["structuredContent"]["plan"].clone());
    }
    let confirm = |plan: &Value, token: &str| {
        let arguments = json!({ "plan": plan["plan"], "phrase": plan["phrase"], "wait_seconds": 0 });
        tool(&server, "confirm", arguments, json!({})).by(token)
    };
    let first = confirm(&plans[0], ALICE).send().await.json();
    assert_eq!(
        first["result"]["structuredContent"]["status"], "running",
        "{first}"
    );
    // Executed here, as the process of its own would; it holds the target from its beginning to its end.
    let run = fixture.engine.find_run(None).unwrap();
    let (engine, held) = (fixture.engine.clone(), run.clone());
    let executing = tokio::spawn(async move { engine.execute(&held, RunSecrets::default()).await });
    while fixture.engine.run(&run).unwrap().state != RunStanding::Running {
        tokio::task::yield_now().await;
    }
    let second = confirm(&plans[1], BOB).send().await.json();
    let text = second["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("error: target_locked"), "{text}");
    executing.abort();
    let runs = fixture.engine.runs(10).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].caller.as_deref(), Some("alice"));
}

#[tokio::test]
async fn tls_from_files() {
    let fixture = silent_engine();
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.path().join("certificate.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let server = serve(&fixture.engine, |options| options.tls = Some(files.clone())).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let stream = TcpStream::connect(server.address).await.unwrap();
    let stream = connector
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .unwrap();
    let answer = list(&server).send_over(stream).await;
    assert_eq!(answer.status, 200);
    // A key that is none names the file and nothing of its content.
    std::fs::write(&files.key, "certainly-secret").unwrap();
    let mut options = HttpOptions::new("127.0.0.1:0".parse().unwrap());
    options.tls = Some(files);
    let Err(error) = HttpServer::bind(Handler::new(fixture.engine.clone()), options).await else {
        panic!("a key was needed");
    };
    assert!(
        error.to_string().contains("key.pem") && !error.to_string().contains("certainly"),
        "{error}"
    );
}

#[tokio::test]
async fn the_end_answers_who_waits_and_cuts_who_only_listens() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |_| {}).await;
    let greeting = Call::initialize(&server).send().await;
    let session = greeting.header("mcp-session-id").unwrap();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    Call::post(&server, ready)
        .with("Mcp-Session-Id", session)
        .send()
        .await;
    let listens = Call::get(&server, "/mcp")
        .with("Mcp-Session-Id", session)
        .with("Accept", "text/event-stream");
    let listens = tokio::spawn(async move { listens.send().await });
    // A run that nobody executes does not end by itself.
    let arguments = json!({ "environment": "dev", "wait_seconds": 0 });
    tool(&server, "backup", arguments, json!({})).send().await;
    // In a session the answer's head comes at once, and the rest when there is an answer.
    let params = json!({ "name": "run_status", "arguments": { "wait_seconds": 45 } });
    let waits = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
    let waits = Call::post(&server, waits).with("Mcp-Session-Id", session);
    let (head, rest) = waits.begin().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    server.end.cancel();
    let answer = rest.await.unwrap();
    assert_eq!(answer.json()["result"]["structuredContent"]["status"], "running");
    assert_eq!(listens.await.unwrap().status, 200);
    server.over.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
