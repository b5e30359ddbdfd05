//! Commands in results: a person pastes them, so they name the sandbox and the home of this server.

use std::path::Path;

use release_engine::{CommandLine, Policy};
use release_mcp::Handler;
use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams};
use serde_json::json;

use crate::http_client::{Call, serve_handler};
use crate::support::{BOTH, Behaviour, Fixture, connect_to, simulated, text};

const HERE: &str = "nocobase-release --sandbox --home '/a home'";

fn handler(fixture: &Fixture) -> Handler {
    Handler::new(fixture.engine.clone())
        .showing_commands_as(CommandLine::new(true, Some(Path::new("/a home"))))
}

/// Every command in the text names what it works on.
fn runs_here(text: &str) {
    assert!(text.contains(&format!("{HERE} ")), "{text}");
    let others = text.replace(HERE, "");
    assert!(!others.contains("nocobase-release "), "{text}");
}

#[tokio::test]
async fn commands_in_results_can_be_pasted() {
    for lifecycle in BOTH {
        let (fixture, _sim) = simulated(Policy::default()).await;
        let connection = connect_to(handler(&fixture), lifecycle, Behaviour::CannotAsk).await;
        let planned = connection
            .call("restore", json!({ "source": "dev", "target": "prod" }))
            .await;
        runs_here(&text(&planned));
        let data = planned.structured_content.unwrap();
        let plan = data["plan"]["plan"].as_str().unwrap().to_owned();
        assert_eq!(data["plan"]["terminal_command"], format!("{HERE} apply {plan}"));
        runs_here(&data.to_string());
        let refused = connection.call("confirm", json!({ "plan": plan })).await;
        runs_here(&text(&refused));
        let data = refused.structured_content.unwrap();
        assert_eq!(data["terminal_command"], format!("{HERE} apply {plan}"));
        runs_here(&data.to_string());
        let read = ReadResourceRequestParams::new(format!("release://plans/{plan}"));
        let read = connection.client.read_resource(read).await.unwrap();
        let read = serde_json::to_string(&read).unwrap();
        runs_here(&read);
    }
}

#[tokio::test]
async fn commands_in_errors_and_prompts_can_be_pasted() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect_to(handler(&fixture), BOTH[0], Behaviour::CannotAsk).await;
    let said = connection
        .data("release", json!({ "sentence": "delete backup_x.nbdata on dev" }))
        .await;
    runs_here(&said.to_string());
    // A person's own words are completed, too, where they hold a command.
    let words = json!({ "sentence": "nocobase-release runs list" });
    let prompt = GetPromptRequestParams::new("release").with_arguments(words.as_object().cloned().unwrap());
    let prompt = connection.client.get_prompt(prompt).await.unwrap();
    runs_here(&serde_json::to_string(&prompt).unwrap());
}

#[tokio::test]
async fn the_end_of_a_task_can_be_pasted() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve_handler(handler(&fixture), |options| options.limits.burst = 5_000).await;
    let speaks = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let tool = |name: &str, arguments: serde_json::Value| {
        let params = json!({ "name": name, "arguments": arguments });
        Call::modern(&server, "tools/call", params, speaks.clone())
    };
    let planned = tool("restore", json!({ "source": "dev", "target": "test" }))
        .send()
        .await
        .json();
    let plan = &planned["result"]["structuredContent"]["plan"];
    let arguments = json!({ "plan": plan["plan"], "phrase": plan["phrase"], "wait_seconds": 0 });
    let task = tool("confirm", arguments).send().await.json();
    let id = task["result"]["taskId"].as_str().unwrap().to_owned();
    fixture.execute().await;
    let ended = loop {
        let about = Call::modern(&server, "tasks/get", json!({ "taskId": id }), speaks.clone());
        let task = about.with("Mcp-Name", &id).send().await.json();
        if task["result"]["status"] != "working" {
            break task;
        }
    };
    runs_here(&ended.to_string());
}
