//! The tasks extension: a task in place of "running", its owner, its end.

use release_engine::{Engine, Policy, RunId, RunSecrets};
use serde_json::{Value, json};

use crate::http_client::{ALICE, BOB, Call, Server, people, serve};
use crate::support::simulated;

fn speaks_tasks() -> Value {
    json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } })
}

async fn back_up(server: &Server, capabilities: Value) -> Value {
    let params = json!({ "name": "backup", "arguments": { "environment": "dev", "wait_seconds": 0 } });
    let call = Call::modern(server, "tools/call", params, capabilities);
    call.by(ALICE).send().await.json()["result"].clone()
}

async fn about(server: &Server, method: &str, task: &str, token: &str) -> Value {
    let params = json!({ "taskId": task });
    let call = Call::modern(server, method, params, speaks_tasks()).with("Mcp-Name", task);
    call.by(token).send().await.json()
}

/// Executes the newest run, as the process of its own would.
async fn execute(engine: &Engine) -> RunId {
    let run = engine.find_run(None).unwrap();
    engine.execute(&run, RunSecrets::default()).await.unwrap();
    run
}

#[tokio::test]
async fn a_client_that_speaks_tasks_gets_one_and_polls_it_to_the_verdict() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |options| {
        options.tokens = Some(people());
        options.limits.burst = 5_000;
    })
    .await;
    let task = back_up(&server, speaks_tasks()).await;
    assert_eq!(task["resultType"], "task", "{task}");
    assert_eq!(task["status"], "working");
    let id = task["taskId"].as_str().unwrap();
    // To others it is not there.
    for method in ["tasks/get", "tasks/cancel"] {
        assert_eq!(about(&server, method, id, BOB).await["error"]["code"], -32_602);
    }
    let run = execute(&fixture.engine).await;
    let ended = loop {
        let task = about(&server, "tasks/get", id, ALICE).await["result"].clone();
        if task["status"] != "working" {
            break task;
        }
        assert!(
            task["statusMessage"].as_str().unwrap().starts_with(run.as_str()),
            "{task}"
        );
    };
    assert_eq!(ended["status"], "completed", "{ended}");
    let data = &ended["result"]["structuredContent"];
    assert_eq!(
        (&data["status"], &data["run"]["verdict"]),
        (&json!("ended"), &json!("verified")),
        "{ended}"
    );
    let tools = Call::modern(&server, "tools/list", json!({}), json!({}))
        .by(ALICE)
        .send()
        .await
        .json();
    let tools = tools["result"]["tools"].as_array().unwrap();
    let backup = tools.iter().find(|tool| tool["name"] == "backup").unwrap();
    jsonschema::validate(&backup["outputSchema"], data).unwrap();
}

#[tokio::test]
async fn a_cancelled_task_stops_nothing() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |options| {
        options.tokens = Some(people());
        options.limits.burst = 5_000;
    })
    .await;
    let task = back_up(&server, speaks_tasks()).await;
    let id = task["taskId"].as_str().unwrap();
    about(&server, "tasks/cancel", id, ALICE).await;
    loop {
        let task = about(&server, "tasks/get", id, ALICE).await["result"].clone();
        if task["status"] == "cancelled" {
            break;
        }
        assert_eq!(task["status"], "working", "{task}");
    }
    let run = execute(&fixture.engine).await;
    let verdict = fixture.engine.run(&run).unwrap().verdict.unwrap();
    assert_eq!(verdict.as_str(), "verified");
}

#[tokio::test]
async fn others_get_a_run_to_look_at() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |options| options.tokens = Some(people())).await;
    let answer = back_up(&server, json!({})).await;
    assert_eq!(answer["resultType"], "complete");
    assert_eq!(answer["structuredContent"]["status"], "running");
}

#[tokio::test]
async fn a_task_of_a_sentence_ends_with_its_run() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let server = serve(&fixture.engine, |options| {
        options.tokens = Some(people());
        options.limits.burst = 5_000;
    })
    .await;
    let params = json!({ "name": "release", "arguments": { "sentence": "Back up dev" } });
    let call = Call::modern(&server, "tools/call", params, speaks_tasks());
    let task = call.by(ALICE).send().await.json()["result"].clone();
    let id = task["taskId"].as_str().unwrap();
    execute(&fixture.engine).await;
    let ended = loop {
        let task = about(&server, "tasks/get", id, ALICE).await["result"].clone();
        if task["status"] != "working" {
            break task;
        }
    };
    let data = &ended["result"]["structuredContent"];
    assert_eq!(
        (&data["status"], &data["run"]["verdict"]),
        (&json!("ended"), &json!("verified")),
        "{ended}"
    );
}
