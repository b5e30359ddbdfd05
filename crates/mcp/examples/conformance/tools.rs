//! Tools that the suite calls: content of every kind, progress, and what older clients are asked in a call.

use std::sync::Arc;

use rmcp::model::*;
use rmcp::service::{RequestContext, SubscriptionSink};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use crate::content::{PIXEL, SILENCE};

const PLAIN: &[&str] = &[
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_error_handling",
    "test_tool_with_progress",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_logging_tool",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

pub(crate) fn list() -> Vec<Tool> {
    let plain = PLAIN.iter().chain(crate::jobs::JOBS);
    let mut list: Vec<Tool> = plain.map(|name| tool(name, json!({}), &[])).collect();
    let text = json!({ "type": "string" });
    list.push(tool("test_sampling", json!({ "prompt": text }), &["prompt"]));
    list.push(tool("test_elicitation", json!({ "message": text }), &["message"]));
    let header = json!({ "value": { "type": "string", "x-mcp-header": "Value" } });
    list.push(tool("test_custom_header", header, &["value"]));
    list.push(schema_2020_12());
    list
}

pub(crate) fn find(name: &str) -> Option<Tool> {
    list().into_iter().find(|tool| tool.name == name)
}

fn tool(name: &str, properties: Value, required: &[&str]) -> Tool {
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(
        name.to_owned(),
        "a fixture of the conformance suite",
        Arc::new(schema),
    )
}

/// A schema with every keyword that the suite looks for, to see that none gets lost on the way.
fn schema_2020_12() -> Tool {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": { "$anchor": "address", "type": "object", "properties": {
            "street": { "type": "string" }, "city": { "type": "string" } } } },
        "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" } },
        "allOf": [{ "anyOf": [{ "required": ["name"] }, { "required": ["address"] }] }],
        "if": { "required": ["address"] },
        "then": { "properties": { "address": { "required": ["street"] } } },
        "else": { "required": ["name"] },
        "additionalProperties": false,
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(
        "json_schema_2020_12_tool",
        "a fixture of the conformance suite",
        Arc::new(schema),
    )
}

fn said(text: impl Into<String>) -> Vec<ContentBlock> {
    vec![ContentBlock::text(text.into())]
}

pub(crate) async fn call(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    listeners: &[SubscriptionSink],
) -> Result<CallToolResponse, ErrorData> {
    let argument = |name: &str| {
        let given = request.arguments.as_ref().and_then(|given| given.get(name));
        given.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let resource = |uri: &str, kind: &str, text: &str| {
        ContentBlock::resource(ResourceContents::text(text, uri).with_mime_type(kind))
    };
    let content = match request.name.as_ref() {
        "test_simple_text" => said("This is a simple text response for testing."),
        "test_image_content" => vec![ContentBlock::image(PIXEL, "image/png")],
        "test_audio_content" => vec![ContentBlock::Audio(AudioContent::new(SILENCE, "audio/wav"))],
        "test_embedded_resource" => vec![resource("test://embedded-resource", "text/plain", "embedded")],
        "test_multiple_content_types" => vec![
            ContentBlock::text("several kinds at once"),
            ContentBlock::image(PIXEL, "image/png"),
            resource(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            ),
        ],
        "test_error_handling" => {
            return Ok(
                CallToolResult::error(said("This tool intentionally returns an error for testing")).into(),
            );
        }
        "test_tool_with_logging" => {
            for step in ["began", "goes on", "is over"] {
                log(context, LoggingLevel::Info, step).await;
            }
            said("three lines were logged")
        }
        "test_logging_tool" => {
            if let Some(level) = context.meta.log_level() {
                log(context, level, "asked for").await;
            }
            said("logged where asked for")
        }
        "test_tool_with_progress" => {
            for done in [0.0, 50.0, 100.0] {
                if let Some(token) = context.meta.get_progress_token() {
                    let progress = ProgressNotificationParam::new(token, done).with_total(100.0);
                    context.peer.notify_progress(progress).await.map_err(broken)?;
                }
            }
            said("all the way")
        }
        "test_custom_header" => said(argument("value")),
        "json_schema_2020_12_tool" => said(format!("Hello, {}!", argument("name"))),
        "test_sampling" => {
            let prompt = SamplingMessage::user_text(argument("prompt"));
            let asked = CreateMessageRequestParams::new(vec![prompt], 100);
            let answer = context.peer.create_message(asked).await.map_err(broken)?;
            let answer = serde_json::to_value(&answer).map_err(broken)?;
            let text = answer
                .pointer("/content/text")
                .or(answer.pointer("/content/0/text"));
            said(format!(
                "LLM response: {}",
                text.and_then(Value::as_str).unwrap_or_default()
            ))
        }
        "test_elicitation" => {
            let text = json!({ "type": "string", "description": "who you are" });
            let properties = json!({ "username": text, "email": text });
            said(format!(
                "User response: {}",
                ask(context, &argument("message"), properties).await?
            ))
        }
        "test_elicitation_sep1034_defaults" => {
            let properties = json!({
                "name": { "type": "string", "default": "John Doe" },
                "age": { "type": "integer", "default": 30 },
                "score": { "type": "number", "default": 95.5 },
                "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
                "verified": { "type": "boolean", "default": true },
            });
            said(format!(
                "Elicitation completed: {}",
                ask(context, "defaults", properties).await?
            ))
        }
        "test_elicitation_sep1330_enums" => {
            let titled = |key: &str| {
                let choice =
                    |number: u8, title: &str| json!({ "const": format!("value{number}"), "title": title });
                json!({ key: [choice(1, "First Option"), choice(2, "Second Option"), choice(3, "Third Option")] })
            };
            let mut single = titled("oneOf");
            single["type"] = json!("string");
            let plain = json!(["option1", "option2", "option3"]);
            let properties = json!({
                "untitledSingle": { "type": "string", "enum": plain },
                "titledSingle": single,
                "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"] },
                "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
                "titledMulti": { "type": "array", "items": titled("anyOf") },
            });
            said(format!(
                "Elicitation completed: {}",
                ask(context, "enums", properties).await?
            ))
        }
        "test_trigger_tool_change" => {
            for listener in listeners {
                listener.notify_tool_list_changed().await.map_err(broken)?;
            }
            said("told those who listen")
        }
        "test_trigger_prompt_change" => {
            for listener in listeners {
                listener.notify_prompt_list_changed().await.map_err(broken)?;
            }
            said("told those who listen")
        }
        "test_missing_capability" => {
            let may = context.client_capabilities().unwrap_or_default();
            if may.sampling.is_none() {
                return Err(ErrorData::missing_required_client_capability(
                    ClientCapabilities::builder().enable_sampling().build(),
                ));
            }
            said("the capability is there")
        }
        other => return Err(ErrorData::invalid_params(format!("no fixture {other:?}"), None)),
    };
    Ok(CallToolResult::success(content).into())
}

/// Asks an older client and returns what came back.
async fn ask(
    context: &RequestContext<RoleServer>,
    message: &str,
    properties: Value,
) -> Result<String, ErrorData> {
    let form = json!({ "mode": "form", "message": message, "requestedSchema":
        { "type": "object", "properties": properties } });
    let form: ElicitRequestParams = serde_json::from_value(form).map_err(broken)?;
    let answer = context.peer.create_elicitation(form).await.map_err(broken)?;
    let action = serde_json::to_value(&answer.action).map_err(broken)?;
    let action = action.as_str().unwrap_or_default();
    let content = serde_json::to_string(&answer.content).map_err(broken)?;
    Ok(format!("action={action}, content={content}"))
}

async fn log(context: &RequestContext<RoleServer>, level: LoggingLevel, text: &str) {
    let line = LoggingMessageNotificationParam::new(level, json!(text)).with_logger("conformance");
    // A client that does not listen misses a line of a fixture.
    drop(context.peer.notify_logging_message(line).await);
}

fn broken(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
