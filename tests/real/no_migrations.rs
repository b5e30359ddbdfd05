//! Real servers without the commercial Migration Manager: whatever asks for it is told what is missing and what remains,
//! and neither server changes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::servers::Real;
use crate::tool::until;
use crate::truth::Truth;

/// What must stand in every refusal.
const WORDS: [&str; 4] = [
    "migration_unavailable",
    "@nocobase/plugin-migration-manager",
    "Professional edition",
    "Restore dev to test",
];

/// What could have changed on a server: its data, its packages, and what was asked of it that changes something.
async fn standing(real: &Real, name: &str) -> (Truth, Vec<String>, usize) {
    let listing = "POST /api/backup:list";
    let listed = || real.logged(name, |request| request == listing);
    let before = listed();
    let server = if name == "dev" { &real.dev } else { &real.test };
    let backups = server.backups().await;
    // the log is in order: with this request it tells of all before it
    until("the log tells of the list", || listed() > before).await;
    let changes = |request: &str| {
        !request.starts_with("GET ") && request != listing && request != "POST /api/auth:signIn"
    };
    (real.truth(name), backups, real.logged(name, changes))
}

/// Calls a tool over stdio, as a client that can do nothing but that.
fn call(real: &Real, tool: &str, arguments: Value) -> Value {
    let mut server = real
        .command(&["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = server.stdin.take().unwrap();
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "real", "version": "0" } });
    for message in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } }),
    ] {
        writeln!(stdin, "{message}").unwrap();
    }
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let answer = lines
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .find(|message| message["id"] == 2)
        .expect("an answer");
    drop(stdin);
    assert!(server.wait().unwrap().success());
    answer["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_without_the_plugin_is_refused_and_nothing_is_changed() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-not-migrated").await;
    real.test.add_order("tests-not-migrated").await;
    let asked = |name: &str| real.logged(name, |request| request.starts_with("GET /api/migration:list"));
    let before = (standing(&real, "dev").await, standing(&real, "test").await);
    let (devs, tests) = (asked("dev"), asked("test"));

    let refused = real.run(&["ask", "Migrate dev to test", "--yes", "test"], 5);
    for word in WORDS {
        assert!(refused.stderr.contains(word), "{word} in {}", refused.stderr);
    }
    let rules = real.run(&["rules", "list", "dev"], 1);
    for word in &WORDS[..3] {
        assert!(rules.stderr.contains(word), "{word} in {}", rules.stderr);
    }
    let said = call(&real, "migrate", json!({ "source": "dev", "target": "test" }));
    assert_eq!(said["isError"], true, "{said:#}");
    let text = said["content"][0]["text"].as_str().unwrap();
    for word in WORDS {
        assert!(text.contains(word), "{word} in {text}");
    }

    let (dev, test) = (standing(&real, "dev").await, standing(&real, "test").await);
    dev.0.assert_is(&before.0.0);
    test.0.assert_is(&before.1.0);
    assert_eq!((dev.1, test.1), (before.0.1, before.1.1), "backups");
    assert_eq!(
        (dev.2, test.2),
        (before.0.2, before.1.2),
        "requests that change something"
    );
    assert!(
        asked("dev") > devs && asked("test") > tests,
        "the logs tell of the questions"
    );
    assert_eq!(real.report(&["runs", "list"], 0), json!([]), "nothing ran");
}
