//! Lines on stdin that are no message, or a wrong one: the client is told so at once, with the id it waits for.

use std::process::Stdio;
use std::time::Duration;

use release_tests::Stage;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

#[tokio::test]
async fn wrong_lines_are_answered_with_the_id_they_came_with() {
    let stage = Stage::new().await;
    let mut server = stage
        .command(&["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = server.stdin.take().unwrap();
    let mut stdout = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut ask = async |line: &str| -> Value {
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(10), stdout.next_line()).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {line}"));
        serde_json::from_str(&answer.unwrap().unwrap()).unwrap()
    };
    // Nothing of this ends the conversation, before the greeting and after it.
    for greeted in [false, true] {
        if greeted {
            let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": { "name": "frames", "version": "0" } });
            let greeting = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
            let greeting = ask(&greeting.to_string()).await;
            assert_eq!(greeting["result"]["serverInfo"]["name"], "nocobase-release");
        }
        for (line, code, id) in [
            ("{", -32_700, Value::Null),
            ("hello", -32_700, Value::Null),
            ("[]", -32_600, Value::Null),
            ("17", -32_600, Value::Null),
            ("{}", -32_600, Value::Null),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
                -32_600,
                json!(1),
            ),
            (
                r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
                -32_600,
                Value::Null,
            ),
            (
                r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":5}"#,
                -32_602,
                json!(2),
            ),
            (
                r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":[]}"#,
                -32_602,
                json!("c"),
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{}}"#,
                -32_602,
                json!(4),
            ),
            (
                r#"{"jsonrpc":"2.0","id":5,"method":"tools/call"}"#,
                -32_602,
                json!(5),
            ),
            (
                r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"release","arguments":"x"}}"#,
                -32_602,
                json!(6),
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{}}"#,
                -32_602,
                json!(7),
            ),
            (
                r#"{"jsonrpc":"2.0","id":8,"method":"initialize","params":{}}"#,
                -32_602,
                json!(8),
            ),
        ] {
            let answer = ask(line).await;
            assert_eq!(answer["error"]["code"], code, "{line}: {answer}");
            assert_eq!(answer.get("id"), Some(&id), "{line}: {answer}");
            assert_eq!(answer["jsonrpc"], "2.0");
        }
    }
    // What nobody waits for is not answered: the next answer is that of the next question.
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":7}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
        "",
    ] {
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
    let line = r#"{"jsonrpc":"2.0","id":9,"method":"something/else"}"#;
    stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let answer: Value = serde_json::from_str(&stdout.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!(9), &json!(-32_601))
    );
    drop(stdin);
    assert!(server.wait().await.unwrap().success());
}
