//! What passes over stdio, frame by frame, in both lifecycles of the protocol: scenarios A to D from a sentence to a
//! verdict. Every line on stdout is JSON-RPC, every result fits the output schema of its tool, no call takes as long as
//! clients wait; and a client that goes away in the middle stops nothing.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use release_tests::Stage;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lifecycle {
    Initialize,
    Discover,
}

/// One conversation, with everything that was said in it.
struct Conversation {
    lifecycle: Lifecycle,
    server: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    schemas: BTreeMap<String, Value>,
    next_id: u64,
    progress: usize,
}

impl Conversation {
    async fn begin(stage: &Stage, lifecycle: Lifecycle) -> Self {
        Self::begin_with(stage, lifecycle, &["mcp"]).await
    }

    async fn begin_with(stage: &Stage, lifecycle: Lifecycle, command: &[&str]) -> Self {
        let mut server = stage
            .command(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut conversation = Self {
            lifecycle,
            stdin: server.stdin.take().unwrap(),
            stdout: BufReader::new(server.stdout.take().unwrap()).lines(),
            server,
            schemas: BTreeMap::new(),
            next_id: 0,
            progress: 0,
        };
        let greeting = match lifecycle {
            Lifecycle::Initialize => {
                let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                    "clientInfo": { "name": "transcript", "version": "0" } });
                let greeting = conversation.ask("initialize", params).await;
                conversation
                    .tell(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
                    .await;
                greeting
            }
            Lifecycle::Discover => conversation.ask("server/discover", json!({})).await,
        };
        assert!(
            greeting["result"]["instructions"].as_str().unwrap().len() < 2_100,
            "{greeting}"
        );
        let tools = conversation.ask("tools/list", json!({})).await;
        for tool in tools["result"]["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap().to_owned();
            conversation.schemas.insert(name, tool["outputSchema"].clone());
        }
        conversation
    }

    async fn tell(&mut self, message: Value) {
        self.stdin
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn ask(&mut self, method: &str, mut params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        if self.lifecycle == Lifecycle::Discover {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
            meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "transcript", "version": "0" });
        }
        self.tell(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
        loop {
            let line = self.stdout.next_line().await.unwrap().unwrap();
            let frame = frame(&line);
            if frame.get("id") == Some(&json!(id)) {
                return frame;
            }
            assert_eq!(frame["method"], "notifications/progress", "{frame}");
            assert_eq!(frame["params"]["progressToken"], "token", "{frame}");
            self.progress += 1;
        }
    }

    /// The result of a tool, which must fit its schema when it is no error.
    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let began = Instant::now();
        let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": "token" } });
        let answer = self.ask("tools/call", params).await;
        assert!(
            began.elapsed() < Duration::from_secs(50),
            "{tool} takes longer than clients wait"
        );
        let result = answer["result"].clone();
        assert!(
            !result["content"][0]["text"].as_str().unwrap().is_empty(),
            "{answer}"
        );
        if result["isError"] == json!(true) {
            assert_eq!(result.get("structuredContent"), None, "{answer}");
        } else if let Err(error) = jsonschema::validate(&self.schemas[tool], &result["structuredContent"]) {
            panic!("{tool} breaks its own output schema: {error}\n{answer:#}");
        }
        result
    }

    /// From a sentence to the run that was confirmed.
    async fn start(&mut self, sentence: &str) -> String {
        let planned = self.call("release", json!({ "sentence": sentence })).await;
        let plan = planned["structuredContent"]["plan"].clone();
        assert_eq!(
            planned["structuredContent"]["status"], "confirmation_required",
            "{planned:#}"
        );
        let arguments = json!({ "plan": plan["plan"], "phrase": plan["phrase"], "wait_seconds": 0 });
        let confirmed = self.call("confirm", arguments).await;
        confirmed["structuredContent"]["run"]["run"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn until_ended(&mut self, run: &str) -> Value {
        loop {
            let looked = self
                .call("run_status", json!({ "run": run, "wait_seconds": 20 }))
                .await;
            if looked["structuredContent"]["status"] != "running" {
                return looked["structuredContent"]["run"].clone();
            }
        }
    }

    /// The client closes its end; what is still to be said must be JSON-RPC, and the process must end well.
    async fn leave(mut self) {
        drop(self.stdin);
        while let Some(line) = self.stdout.next_line().await.unwrap() {
            frame(&line);
        }
        assert!(self.server.wait().await.unwrap().success());
    }
}

/// A line of stdout, which is nothing but JSON-RPC.
fn frame(line: &str) -> Value {
    let frame: Value = match serde_json::from_str(line) {
        Ok(frame) => frame,
        Err(error) => panic!("{error}: {line}"),
    };
    assert_eq!(frame["jsonrpc"], "2.0", "{frame}");
    frame
}

async fn every_scenario(lifecycle: Lifecycle) {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let package = "backup_20261122_180813_6029.nbdata";
    test.add_backup(package, test.package(None));
    let mut conversation = Conversation::begin(&stage, lifecycle).await;
    let (dev, kept) = (stage.environment("dev"), test.rows("orders"));
    let run = conversation.start("Migrate dev to test").await;
    let ended = conversation.until_ended(&run).await;
    assert_eq!(ended["verdict"], "verified", "{ended:#}");
    assert_eq!(
        test.rows("orders").len(),
        kept.len(),
        "schema-only keeps the rows"
    );
    assert_ne!(test.rows("orders"), dev.rows("orders"));
    let run = conversation
        .start("Migrate dev to test and overwrite the user data")
        .await;
    let ended = conversation.until_ended(&run).await;
    assert_eq!(ended["verdict"], "verified", "{ended:#}");
    assert_eq!(test.rows("orders"), dev.rows("orders"));
    for sentence in [
        format!("Restore using {package} backup"),
        "Back up and restore the current environment".to_owned(),
        "Restore dev to test".to_owned(),
    ] {
        let run = conversation.start(&sentence).await;
        let ended = conversation.until_ended(&run).await;
        assert_eq!(ended["verdict"], "verified", "{sentence}: {ended:#}");
    }
    assert_eq!(test.rows("orders"), dev.rows("orders"));
    assert!(conversation.progress > 0, "progress was asked for");
    conversation.leave().await;
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_in_the_lifecycle_that_initializes() {
    every_scenario(Lifecycle::Initialize).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_in_the_lifecycle_of_2026_07_28() {
    every_scenario(Lifecycle::Discover).await;
}

/// Values that a migration asks for are given to the server by whoever runs it, and pass no tool.
#[tokio::test(flavor = "multi_thread")]
async fn values_come_from_whoever_runs_the_server() {
    let stage = Stage::new().await;
    let value = "value-of-the-server-5af3-SECRET";
    stage.secret(value);
    let row = json!({ "name": "API_KEY", "type": "secret", "value": "devs" });
    stage
        .environment("dev")
        .add_row("environmentVariables", row.as_object().unwrap().clone());
    let mut conversation = Conversation::begin(&stage, Lifecycle::Initialize).await;
    let run = conversation.start("Migrate dev to test").await;
    let ended = conversation.until_ended(&run).await;
    assert_eq!(ended["verdict"], "failed_unchanged", "{ended:#}");
    assert_eq!(ended["cause"]["code"], "variables_missing");
    assert!(
        ended["cause"]["text"].as_str().unwrap().contains("API_KEY"),
        "{ended:#}"
    );
    conversation.leave().await;

    let file = stage.home().join("values");
    std::fs::write(&file, format!("API_KEY={value}\n")).unwrap();
    let command = ["mcp", "--values-file", file.to_str().unwrap()];
    let mut conversation = Conversation::begin_with(&stage, Lifecycle::Discover, &command).await;
    let run = conversation.start("Migrate dev to test").await;
    let ended = conversation.until_ended(&run).await;
    assert_eq!(ended["verdict"], "verified", "{ended:#}");
    let set = stage.environment("test").rows("environmentVariables");
    assert!(
        set.iter()
            .any(|row| row["name"] == json!("API_KEY") && row["value"] == json!(value))
    );
    conversation.leave().await;
    std::fs::remove_file(file).unwrap();
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_stops_nothing() {
    for lifecycle in [Lifecycle::Initialize, Lifecycle::Discover] {
        let stage = Stage::new().await;
        let mut conversation = Conversation::begin(&stage, lifecycle).await;
        let run = conversation.start("Restore dev to test").await;
        conversation.leave().await;
        // Another client finds the run, and its end.
        let mut conversation = Conversation::begin(&stage, lifecycle).await;
        let ended = conversation.until_ended(&run).await;
        assert_eq!(ended["verdict"], "verified", "{ended:#}");
        assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 1);
        conversation.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_only_looks_leaves_no_trace() {
    let stage = Stage::new().await;
    let before = std::fs::read_dir(stage.home()).unwrap().count();
    // Started twice at once, as clients do that probe for the newer lifecycle.
    let one = Conversation::begin(&stage, Lifecycle::Discover).await;
    let other = Conversation::begin(&stage, Lifecycle::Initialize).await;
    one.leave().await;
    other.leave().await;
    assert_eq!(std::fs::read_dir(stage.home()).unwrap().count(), before);
    for name in ["dev", "test", "prod"] {
        assert_eq!(stage.environment(name).requests().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_the_sandbox_ends_although_its_client_has_left() {
    let stage = Stage::new().await;
    let mut conversation =
        Conversation::begin_with(&stage, Lifecycle::Initialize, &["--sandbox", "mcp"]).await;
    let run = conversation.start("Restore dev to test").await;
    conversation.leave().await;
    let shown = stage
        .run(&["--sandbox", "--json", "runs", "show", &run])
        .await
        .expect(0)
        .json();
    assert_eq!(shown["verdict"], "verified", "{shown:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_of_an_earlier_version_is_made_anew() {
    let stage = Stage::new().await;
    let folder = stage.home().join("release-sandbox");
    let list = ["--sandbox", "--json", "packages", "list", "dev"];
    stage.run(&["--sandbox", "backup", "dev"]).await.expect(0);
    let kept = stage.run(&list).await.expect(0).json();
    std::fs::write(folder.join("format"), "1").unwrap();
    let anew = stage.run(&list).await.expect(0).json();
    assert_ne!(kept, anew);
    assert_eq!(anew, serde_json::json!([]));
    assert_eq!(stage.run(&list).await.expect(0).json(), anew, "once is enough");
}
