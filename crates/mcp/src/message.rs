//! What is no message of the protocol, and what to answer to it.
//!
//! rmcp is silent about text that is not JSON, leaves out the id where it refuses a message, takes a known method with
//! wrong params for an unknown method, and over HTTP speaks of media types. Clients then wait for their timeout, so the
//! words of JSON-RPC are put in here, for both transports.

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, ClientRequest, CompleteRequestParams, CustomRequest, ErrorCode,
    GetPromptRequestParams, GetTaskParams, InitializeRequestParams, ReadResourceRequestParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The answer to something that could not be read as a message; none where nobody waits for one.
pub(crate) fn refusal(message: &[u8]) -> Option<Value> {
    let value = match serde_json::from_slice::<Value>(message) {
        Ok(value) => value,
        Err(error) => {
            let text = format!("Parse error: this is no JSON ({error})");
            return Some(answer(&Value::Null, ErrorCode::PARSE_ERROR, &text));
        }
    };
    let Value::Object(fields) = &value else {
        let text = if value.is_array() {
            "Invalid Request: batches are not part of the protocol; send one message at a time"
        } else {
            "Invalid Request: a message is a JSON object"
        };
        return Some(answer(&Value::Null, ErrorCode::INVALID_REQUEST, text));
    };
    let id = fields
        .get("id")
        .filter(|id| id.is_string() || id.is_i64() || id.is_u64());
    let method = fields.get("method").and_then(Value::as_str);
    let is_answer = fields.contains_key("result") || fields.contains_key("error");
    let says_version = fields.get("jsonrpc").and_then(Value::as_str) == Some("2.0");
    let invalid = |text: &str| {
        Some(answer(
            id.unwrap_or(&Value::Null),
            ErrorCode::INVALID_REQUEST,
            &format!("Invalid Request: {text}"),
        ))
    };
    match method {
        // An answer to an answer would be answered again.
        None if is_answer => None,
        None => invalid("`method` is missing, or is no string"),
        Some(_) if !says_version => invalid("`jsonrpc` has to be \"2.0\""),
        Some(_) if id.is_none() && fields.contains_key("id") => {
            invalid("`id` has to be a string or a whole number")
        }
        // Nobody waits for an answer to a notification.
        Some(_) if id.is_none() => None,
        Some(method) => {
            let params = fields.get("params");
            let problem = params_problem(method, params)
                .unwrap_or_else(|| format!("the params of {method} are not what it takes"));
            let error = invalid_params(&problem);
            Some(answer(id.unwrap_or(&Value::Null), error.code, &error.message))
        }
    }
}

/// A request that rmcp read as one of a method that it does not know, although it knows the method.
pub(crate) fn misread(request: &ClientRequest) -> Option<ErrorData> {
    match request {
        ClientRequest::CustomRequest(custom) => wrong_params(custom),
        _ => None,
    }
}

/// The same for such a request by itself.
pub(crate) fn wrong_params(request: &CustomRequest) -> Option<ErrorData> {
    params_problem(&request.method, request.params.as_ref()).map(|problem| invalid_params(&problem))
}

/// An answer that carries this error.
pub(crate) fn answer(id: &Value, code: ErrorCode, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code.0, "message": message } })
}

fn invalid_params(problem: &str) -> ErrorData {
    ErrorData::invalid_params(format!("Invalid params: {problem}"), None)
}

/// What is wrong with the params of a method that this server knows.
fn params_problem(method: &str, params: Option<&Value>) -> Option<String> {
    let check = match method {
        "initialize" => takes::<InitializeRequestParams>,
        "tools/call" => takes::<CallToolRequestParams>,
        "prompts/get" => takes::<GetPromptRequestParams>,
        "resources/read" => takes::<ReadResourceRequestParams>,
        "completion/complete" => takes::<CompleteRequestParams>,
        "tasks/get" | "tasks/cancel" | "tasks/update" => takes::<GetTaskParams>,
        "ping"
        | "server/discover"
        | "tools/list"
        | "prompts/list"
        | "resources/list"
        | "resources/templates/list" => takes::<serde_json::Map<String, Value>>,
        _ => return None,
    };
    let empty = json!({});
    let problem = check(params.unwrap_or(&empty));
    Some(format!(
        "{} ({method})",
        problem.unwrap_or_else(|| "they are not what this method takes".to_owned())
    ))
}

fn takes<T: DeserializeOwned>(params: &Value) -> Option<String> {
    serde_json::from_value::<T>(params.clone())
        .err()
        .map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_notifications_are_not_answered() {
        for message in [
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":5}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":7}"#,
        ] {
            assert_eq!(refusal(message.as_bytes()), None, "{message}");
        }
    }
}
