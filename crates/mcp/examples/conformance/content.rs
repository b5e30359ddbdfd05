//! Prompts and resources that the suite reads.

use rmcp::model::*;
use serde_json::{Value, json};

use crate::rounds::{answered, asks};

/// One red pixel, as PNG.
pub(crate) const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";
/// No sound at all, as WAV.
pub(crate) const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

pub(crate) fn prompts() -> Vec<Prompt> {
    let plain = |name: &str| Prompt::new(name, Some("a fixture of the conformance suite"), None);
    let argument = |name: &str| {
        PromptArgument::new(name)
            .with_description("goes into the text")
            .with_required(true)
    };
    vec![
        plain("test_simple_prompt"),
        Prompt::new(
            "test_prompt_with_arguments",
            Some("a fixture of the conformance suite"),
            Some(vec![argument("arg1"), argument("arg2")]),
        ),
        plain("test_prompt_with_embedded_resource"),
        plain("test_prompt_with_image"),
        plain("test_input_required_result_prompt"),
    ]
}

pub(crate) fn prompt(request: &GetPromptRequestParams) -> Option<GetPromptResponse> {
    let said = |text: String| PromptMessage::new_text(Role::User, text);
    let argument = |name: &str| {
        let given = request.arguments.as_ref().and_then(|given| given.get(name));
        given.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let messages = match request.name.as_str() {
        "test_simple_prompt" => vec![said("A prompt and nothing more.".into())],
        "test_prompt_with_arguments" => {
            vec![said(format!(
                "arg1 is '{}', arg2 is '{}'.",
                argument("arg1"),
                argument("arg2")
            ))]
        }
        "test_prompt_with_embedded_resource" => {
            let uri = match argument("resourceUri") {
                none if none.is_empty() => "test://example-resource".to_owned(),
                given => given,
            };
            let content =
                ResourceContents::text("What the resource holds.", uri).with_mime_type("text/plain");
            vec![
                PromptMessage::new(Role::User, ContentBlock::resource(content)),
                said("Read that.".into()),
            ]
        }
        "test_prompt_with_image" => vec![
            PromptMessage::new(Role::User, ContentBlock::image(PIXEL, "image/png")),
            said("Look at that.".into()),
        ],
        "test_input_required_result_prompt" => {
            let Some(answer) = answered(request.input_responses.as_ref(), "user_context") else {
                let question = asks(
                    "user_context",
                    "In which context?",
                    json!({ "context": { "type": "string" } }),
                );
                return Some(InputRequiredResult::new(Some([question].into()), None).into());
            };
            let context = answer.pointer("/content/context").and_then(Value::as_str);
            vec![said(format!(
                "The context is {}.",
                context.unwrap_or("not known")
            ))]
        }
        _ => return None,
    };
    Some(GetPromptResult::new(messages).into())
}

pub(crate) fn resources() -> Vec<Resource> {
    [
        ("test://static-text", "text/plain"),
        ("test://static-binary", "image/png"),
        ("test://watched-resource", "text/plain"),
    ]
    .into_iter()
    .map(|(uri, kind)| {
        Resource::new(uri, uri.trim_start_matches("test://"))
            .with_description("a fixture of the conformance suite")
            .with_mime_type(kind)
    })
    .collect()
}

pub(crate) fn template() -> ResourceTemplate {
    ResourceTemplate::new("test://template/{id}/data", "template")
        .with_description("a fixture of the conformance suite")
        .with_mime_type("application/json")
}

pub(crate) fn read(uri: &str) -> Option<ReadResourceResult> {
    let content = match uri {
        "test://static-text" | "test://watched-resource" => {
            ResourceContents::text("This text never changes.", uri).with_mime_type("text/plain")
        }
        "test://static-binary" => ResourceContents::blob(PIXEL, uri).with_mime_type("image/png"),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            ResourceContents::text(data.to_string(), uri).with_mime_type("application/json")
        }
    };
    Some(ReadResourceResult::new(vec![content]))
}
