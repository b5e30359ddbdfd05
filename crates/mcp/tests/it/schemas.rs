//! The tool list is a contract: every schema is kept beside the tests, and what clients stumble over is absent.

use std::path::Path;

use rmcp::model::Tool;
use serde_json::Value;

use crate::support::{BOTH, Behaviour, Lifecycle, connect, silent_engine};

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

async fn tools(lifecycle: Lifecycle) -> Vec<Tool> {
    let fixture = silent_engine();
    let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
    connection.client.list_all_tools().await.unwrap()
}

#[tokio::test]
async fn the_list_is_the_same_in_both_lifecycles_and_in_order() {
    let one = tools(Lifecycle::Initialize).await;
    let other = tools(Lifecycle::Discover).await;
    assert_eq!(one, other);
    let names: Vec<_> = one.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names, TOOLS);
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says so by a variable"
)]
pub(crate) fn wants_update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

#[tokio::test]
async fn schemas_are_as_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = wants_update();
    for tool in tools(Lifecycle::Initialize).await {
        let path = folder.join(format!("{}.json", tool.name));
        let found = serde_json::to_string_pretty(&tool).unwrap() + "\n";
        if update {
            std::fs::write(&path, &found).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            kept, found,
            "the contract of {} changed; if that is meant, run again with UPDATE_GOLDEN=1",
            tool.name
        );
    }
}

#[tokio::test]
async fn every_tool_says_what_clients_ask_for() {
    for tool in tools(Lifecycle::Initialize).await {
        let name = tool.name.as_ref();
        assert!(tool.title.is_some(), "{name}");
        let description = tool.description.unwrap_or_default();
        assert!((100..=1_024).contains(&description.chars().count()), "{name}");
        let hints = tool.annotations.unwrap();
        assert!(
            [
                hints.read_only_hint,
                hints.destructive_hint,
                hints.idempotent_hint,
                hints.open_world_hint
            ]
            .iter()
            .all(Option::is_some),
            "{name}"
        );
        assert_eq!(hints.destructive_hint, Some(name == "confirm"), "{name}");
        // Those that only read what lies on this machine reach no server.
        let stays_here = ["list_environments", "run_status"].contains(&name);
        assert_eq!(hints.open_world_hint, Some(!stays_here), "{name}");
        if ["restore", "migrate", "undo"].contains(&name) {
            assert!(
                tool.title.unwrap().contains("nothing changes before confirm"),
                "{name}"
            );
            assert!(description.contains("until `confirm`"), "{name}");
        }
        let input = Value::Object((*tool.input_schema).clone());
        let output = Value::Object((*tool.output_schema.unwrap()).clone());
        assert_eq!(input["additionalProperties"], false, "{name}");
        for (side, schema) in [("input", input), ("output", output)] {
            assert_eq!(schema["type"], "object", "{name} {side}");
            for combinator in ["anyOf", "oneOf", "allOf"] {
                assert_eq!(schema.get(combinator), None, "{name} {side}");
            }
            for stumbling_block in ["$ref", "$defs", "$schema", "\"uint", "\"null\""] {
                assert!(
                    !schema.to_string().contains(stumbling_block),
                    "{name} {side} {stumbling_block}"
                );
            }
            described(&schema, side == "input", &format!("{name} {side}"));
            jsonschema::meta::validate(&schema).unwrap();
        }
    }
}

/// Every property says what it is; with `deep` the parts of properties, too.
fn described(schema: &Value, deep: bool, place: &str) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    for (field, property) in properties {
        let place = format!("{place}.{field}");
        assert!(
            property.get("description").is_some(),
            "{place} has no description"
        );
        if deep {
            described(property, deep, &place);
            described(property.get("items").unwrap_or(&Value::Null), deep, &place);
        }
    }
}

#[tokio::test]
async fn the_whole_list_stays_small() {
    let bytes: usize = tools(Lifecycle::Initialize)
        .await
        .iter()
        .map(|tool| serde_json::to_string(tool).unwrap().len())
        .sum();
    assert!(bytes < 36_000, "{bytes} bytes are paid for by every conversation");
}

#[tokio::test]
async fn instructions_reach_both_lifecycles() {
    for lifecycle in BOTH {
        let fixture = silent_engine();
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        let info = connection.client.peer_info().unwrap();
        let instructions = info.instructions.clone().unwrap();
        assert!(instructions.contains("only make a plan"), "{lifecycle:?}");
        assert!(instructions.chars().count() < 2_000);
    }
}
