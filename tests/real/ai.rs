//! NocoBase's own AI plugin as a client of our MCP server, over HTTP and stdio: its connection test, and the tools that
//! its AI employees are then offered.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use release_tests::binary;
use serde_json::{Value, json};

use crate::servers::{Real, Server};

const TOKEN: &str = "a-token-for-the-ai-of-nocobase";

const TOOLS: [&str; 12] = [
    "backup",
    "check_environment",
    "confirm",
    "inspect_package",
    "list_environments",
    "list_packages",
    "migrate",
    "migration_rules",
    "release",
    "restore",
    "run_status",
    "undo",
];

/// Our server over HTTP, until it is dropped.
struct Served {
    process: Child,
    url: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn serve(real: &Real) -> Served {
    let tokens = real.home().join("tokens");
    std::fs::write(&tokens, format!("nocobase-ai:{TOKEN}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let tokens = tokens.display().to_string();
    let mut process = real
        .command(&["mcp", "--http", "127.0.0.1:0", "--tokens", &tokens])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(process.stderr.take().unwrap());
    let url = stderr
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("MCP over HTTP: ").map(str::to_owned))
        .expect("the server listens");
    Served { process, url }
}

/// How the plugin is told to start the binary; it passes on nothing but these variables.
fn over_stdio(real: &Real) -> Value {
    let command = real.command(&[]);
    let variables: serde_json::Map<String, Value> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), json!(value?.to_str()?))))
        .collect();
    json!({ "transport": "stdio", "command": binary().display().to_string(), "args": ["mcp"], "env": variables })
}

async fn connects(server: &Server, connection: &Value) {
    let tested = server
        .send("aiMcpClients:testConnection", connection.clone())
        .await["data"]
        .clone();
    assert_eq!(tested["success"], true, "{tested:#}");
    assert_eq!(tested["toolsCount"], TOOLS.len(), "{tested:#}");
    let names: BTreeSet<&str> = tested["tools"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(names, BTreeSet::from(TOOLS));
}

#[tokio::test(flavor = "multi_thread")]
async fn nocobase_ai_connects_over_http_and_stdio_and_offers_every_tool() {
    let real = Real::take_turn().await;
    let served = serve(&real);
    let headers = json!({ "Authorization": format!("Bearer {TOKEN}") });
    let over_http = json!({ "transport": "http", "url": served.url, "headers": headers });
    let connections = [("release-http", over_http), ("release-stdio", over_stdio(&real))];
    for (_, connection) in &connections {
        connects(&real.dev, connection).await;
    }
    let mut wrong = connections[0].1.clone();
    wrong["headers"] = json!({ "Authorization": "Bearer wrong" });
    let refused = real.dev.send("aiMcpClients:testConnection", wrong).await;
    assert_eq!(refused["data"]["success"], false, "{refused:#}");
    assert!(!refused.to_string().contains(TOKEN));

    for (name, connection) in &connections {
        let mut row = connection.clone();
        row["name"] = json!(name);
        row["title"] = json!("NocoBase Release");
        row["enabled"] = json!(true);
        real.dev.send("aiMcpClients:create", row).await;
    }
    real.dev.send("aiMcpClients:rebuildClient", json!({})).await;
    let offered = real.dev.read("aiMcpClients:listTools").await["data"].clone();
    // What is left behind would take all tools away from others once our server is gone.
    for (name, _) in &connections {
        real.dev
            .send(&format!("aiMcpClients:destroy?filterByTk={name}"), json!({}))
            .await;
    }
    real.dev.send("aiMcpClients:rebuildClient", json!({})).await;
    for (name, _) in &connections {
        let tools = offered[name].as_array().unwrap_or_else(|| panic!("{offered:#}"));
        let names: BTreeSet<String> = tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect();
        let expected: BTreeSet<String> = TOOLS.iter().map(|tool| format!("mcp-{name}-{tool}")).collect();
        assert_eq!(names, expected);
        assert!(names.iter().all(|name| name.len() <= 64));
        // Every one is asked about before it is called, which is what a person has a say in.
        for tool in tools {
            assert_eq!(tool["permission"], "ASK", "{tool:#}");
        }
    }
}
