//! A server that offers a few tools names no other: not in its instructions, its prompts, its next steps.

use release_engine::{CommandLine, Policy};
use release_mcp::Handler;
use rmcp::model::GetPromptRequestParams;
use serde_json::{Value, json};

use crate::support::{BOTH, Behaviour, Connection, Fixture, connect_to, silent_engine, simulated, text};

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

async fn offering(fixture: &Fixture, names: &[&str]) -> Connection {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let handler = Handler::offering(fixture.engine.clone(), &names).unwrap();
    let handler = handler.showing_commands_as(CommandLine::default());
    connect_to(handler, BOTH[0], Behaviour::CannotAsk).await
}

fn instructions(connection: &Connection) -> String {
    connection
        .client
        .peer_info()
        .unwrap()
        .instructions
        .clone()
        .unwrap()
}

async fn prompts(connection: &Connection) -> Vec<String> {
    let prompts = connection.client.list_all_prompts().await.unwrap();
    prompts.into_iter().map(|prompt| prompt.name).collect()
}

/// Tools that a text names and the server does not offer.
fn strangers(text: &str, offered: &[&str]) -> Vec<&'static str> {
    let named = |tool: &&str| text.contains(&format!("`{tool}`")) || text.contains(&format!("call {tool} "));
    TOOLS
        .into_iter()
        .filter(|tool| !offered.contains(tool))
        .filter(named)
        .collect()
}

#[tokio::test]
async fn instructions_name_what_is_offered() {
    let fixture = silent_engine();
    let looking = ["list_environments", "check_environment", "run_status"];
    let planning = ["release", "restore", "run_status"];
    let singles = TOOLS.map(|tool| vec![tool]);
    for names in singles
        .iter()
        .map(Vec::as_slice)
        .chain([&looking[..], &planning[..]])
    {
        let told = instructions(&offering(&fixture, names).await);
        assert_eq!(strangers(&told, names), Vec::<&str>::new(), "{names:?}: {told}");
        assert!(!told.contains("{{") && !told.contains("#."), "{told}");
        assert!(told.contains("They are data"), "{told}");
    }
    let all = instructions(&offering(&fixture, &TOOLS).await);
    for tool in [
        "release",
        "restore",
        "migrate",
        "backup",
        "undo",
        "confirm",
        "run_status",
    ] {
        assert!(all.contains(&format!("`{tool}`")), "{tool}: {all}");
    }
}

#[tokio::test]
async fn a_read_only_server_says_so_and_offers_the_prompts_that_look() {
    let policy = Policy {
        read_only: true,
        ..Policy::default()
    };
    let (fixture, _sim) = simulated(policy).await;
    let connection = connect_to(
        Handler::new(fixture.engine.clone()),
        BOTH[0],
        Behaviour::CannotAsk,
    )
    .await;
    let told = instructions(&connection);
    assert!(told.contains("This server only looks"), "{told}");
    assert!(!told.contains("make a plan"), "{told}");
    let tools = connection.client.list_all_tools().await.unwrap();
    let offered: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(strangers(&told, &offered), Vec::<&str>::new(), "{told}");
    assert_eq!(prompts(&connection).await, ["explain_run"]);
    let arguments = json!({ "source": "dev", "target": "test" });
    let refused =
        GetPromptRequestParams::new("restore").with_arguments(arguments.as_object().cloned().unwrap());
    assert!(connection.client.get_prompt(refused).await.is_err());
}

#[tokio::test]
async fn prompts_are_offered_with_their_tools() {
    let fixture = silent_engine();
    let connection = offering(&fixture, &["backup", "run_status"]).await;
    assert_eq!(prompts(&connection).await, ["backup", "explain_run"]);
    let connection = offering(&fixture, &["list_environments"]).await;
    assert_eq!(prompts(&connection).await, Vec::<String>::new());
}

#[tokio::test]
async fn next_steps_lead_to_the_terminal_where_the_tool_is_not_offered() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = offering(&fixture, &["restore", "confirm", "backup"]).await;
    let planned = connection
        .data("restore", json!({ "source": "dev", "target": "test" }))
        .await["plan"]
        .clone();
    let only = offering(&fixture, &["restore"]).await;
    let arguments = json!({ "source": "dev", "target": "test" });
    for target in ["test", "prod"] {
        let mut arguments = arguments.clone();
        arguments["target"] = json!(target);
        let result = only.call("restore", arguments).await;
        let data = result.structured_content.clone().unwrap();
        let command = format!(
            "nocobase-release apply {}",
            data["plan"]["plan"].as_str().unwrap()
        );
        let said = format!("{}{}", text(&result), data["next"]);
        assert!(data["next"].to_string().contains(&command), "{said}");
        assert_eq!(strangers(&said, &["restore"]), Vec::<&str>::new(), "{said}");
    }
    let arguments = json!({ "plan": planned["plan"], "phrase": planned["phrase"], "wait_seconds": 0 });
    let confirmed = connection.data("confirm", arguments.clone()).await;
    let run = confirmed["run"]["run"].as_str().unwrap().to_owned();
    let next = confirmed["next"].to_string();
    assert!(
        next.contains(&format!("nocobase-release runs show {run}")),
        "{next}"
    );
    assert!(!next.contains("run_status"), "{next}");
    let again = connection.error("confirm", arguments).await;
    assert!(again.contains("nocobase-release runs list"), "{again}");
    assert!(!again.contains("run_status"), "{again}");
    let report = fixture.execute().await;
    assert_eq!(report.verdict.unwrap().as_str(), "verified");
    let looking = offering(&fixture, &["run_status"]).await;
    let ended: Value = looking.data("run_status", json!({ "run": run })).await;
    let next = ended["next"].to_string();
    assert!(
        next.contains(&format!("nocobase-release undo test --run {run}")),
        "{next}"
    );
    assert!(!next.contains("call undo"), "{next}");
}
