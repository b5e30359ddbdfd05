//! Commands in what is given out: a person pastes them into a terminal of their own, so they name the sandbox and the
//! home that this server works on. One pass over everything that leaves the server, so that no text can be missed.

use release_engine::CommandLine;
use rmcp::ErrorData;
use rmcp::model::{
    CallToolResponse, CallToolResult, ContentBlock, GetPromptResult, ReadResourceResult, ResourceContents,
};
use serde_json::Value;

/// The answer of a tool.
pub(crate) fn response(commands: &CommandLine, mut response: CallToolResponse) -> CallToolResponse {
    if let CallToolResponse::Complete(complete) = &mut response {
        result(commands, complete);
    }
    response
}

/// The result of a tool.
pub(crate) fn result(commands: &CommandLine, result: &mut CallToolResult) {
    for block in &mut result.content {
        content(commands, block);
    }
    if let Some(data) = &mut result.structured_content {
        value(commands, data);
    }
}

/// A prompt that was filled in.
pub(crate) fn prompt(commands: &CommandLine, prompt: &mut GetPromptResult) {
    for message in &mut prompt.messages {
        content(commands, &mut message.content);
    }
}

/// What was read.
pub(crate) fn resource(commands: &CommandLine, read: &mut ReadResourceResult) {
    for part in &mut read.contents {
        if let ResourceContents::TextResourceContents { text, .. } = part {
            *text = commands.runnable(text);
        }
    }
}

/// Why something could not be given.
pub(crate) fn error(commands: &CommandLine, mut error: ErrorData) -> ErrorData {
    error.message = commands.runnable(&error.message).into();
    error
}

fn content(commands: &CommandLine, block: &mut ContentBlock) {
    if let ContentBlock::Text(text) = block {
        text.text = commands.runnable(&text.text);
    }
}

fn value(commands: &CommandLine, value: &mut Value) {
    match value {
        Value::String(text) => *text = commands.runnable(text),
        Value::Array(list) => list.iter_mut().for_each(|one| self::value(commands, one)),
        Value::Object(fields) => fields.values_mut().for_each(|one| self::value(commands, one)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
