//! Tools that ask before they answer, as clients of 2026-07-28 are asked: the call comes back with the answers.

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value, json};

/// A question with a form.
pub(crate) fn asks(key: &str, message: &str, properties: Value) -> (String, InputRequest) {
    let required: Vec<&String> = properties
        .as_object()
        .map(Map::keys)
        .into_iter()
        .flatten()
        .collect();
    let form = json!({ "mode": "form", "message": message, "requestedSchema":
        { "type": "object", "properties": properties, "required": required } });
    let params: ElicitRequestParams = serde_json::from_value(form).expect("a form");
    (
        key.to_owned(),
        InputRequest::Elicitation(ElicitRequest::new(params)),
    )
}

/// The answer of that name; what is no object is none.
pub(crate) fn answered(answers: Option<&InputResponses>, key: &str) -> Option<Value> {
    answers?.get(key).filter(|answer| answer.is_object()).cloned()
}

fn for_a_name() -> (String, InputRequest) {
    asks(
        "user_name",
        "What is your name?",
        json!({ "name": { "type": "string" } }),
    )
}

fn for_a_greeting() -> (String, InputRequest) {
    let prompt = SamplingMessage::user_text("Write a greeting.");
    let request = CreateMessageRequest::new(CreateMessageRequestParams::new(vec![prompt], 100));
    ("greeting".to_owned(), InputRequest::CreateMessage(request))
}

fn for_roots() -> (String, InputRequest) {
    (
        "client_roots".to_owned(),
        InputRequest::ListRoots(ListRootsRequest::default()),
    )
}

fn says(text: impl Into<String>) -> Option<CallToolResponse> {
    Some(CallToolResult::success(vec![ContentBlock::text(text.into())]).into())
}

fn come_back<const N: usize>(
    questions: [(String, InputRequest); N],
    state: Option<String>,
) -> Option<CallToolResponse> {
    Some(InputRequiredResult::new(Some(questions.into()), state).into())
}

/// The answer of a tool that asks; none for other tools.
pub(crate) fn call(
    codec: &RequestStateCodec,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Option<CallToolResponse>, ErrorData> {
    let answers = request.input_responses.as_ref();
    let seal = |round: i64| {
        codec
            .seal_json(&json!({ "round": round }))
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    };
    // State that was altered ends the call, whatever comes with it.
    let round = match request.request_state.as_deref() {
        None => None,
        Some(sealed) => {
            let state: Value = codec
                .open_json(sealed)
                .map_err(|_| ErrorData::invalid_params("the state was altered", None))?;
            state.get("round").and_then(Value::as_i64)
        }
    };
    let name = request.name.trim_start_matches("test_input_required_result_");
    Ok(match name {
        "elicitation" => match answered(answers, "user_name") {
            Some(answer) => says(format!(
                "Hello, {}!",
                answer.pointer("/content/name").unwrap_or(&Value::Null)
            )),
            None => come_back([for_a_name()], None),
        },
        "sampling" => match answered(answers, "capital_question") {
            Some(answer) => says(format!("The model said: {answer}")),
            None => {
                let (_, question) = for_a_greeting();
                come_back([("capital_question".to_owned(), question)], None)
            }
        },
        "list_roots" => match answered(answers, "client_roots") {
            Some(answer) => says(format!("The roots are: {answer}")),
            None => come_back([for_roots()], None),
        },
        "request_state" | "tampered_state" => match round {
            Some(_) => says("state-ok"),
            None => {
                let question = asks("confirm", "Go on?", json!({ "ok": { "type": "boolean" } }));
                come_back([question], Some(seal(1)?))
            }
        },
        "multiple_inputs" => {
            let keys = ["user_name", "greeting", "client_roots"];
            if round.is_some() && keys.iter().all(|key| answered(answers, key).is_some()) {
                says("all three came back")
            } else {
                come_back([for_a_name(), for_a_greeting(), for_roots()], Some(seal(1)?))
            }
        }
        "multi_round" => match round.unwrap_or(0) {
            0 => come_back(
                [asks("step1", "First?", json!({ "name": { "type": "string" } }))],
                Some(seal(1)?),
            ),
            1 => come_back(
                [asks("step2", "Second?", json!({ "color": { "type": "string" } }))],
                Some(seal(2)?),
            ),
            _ => says("both rounds are over"),
        },
        "capabilities" => {
            let may = context.client_capabilities().unwrap_or_default();
            let questions: InputRequests = [
                (may.elicitation.is_some(), for_a_name()),
                (may.sampling.is_some(), for_a_greeting()),
                (may.roots.is_some(), for_roots()),
            ]
            .into_iter()
            .filter_map(|(may, question)| may.then_some(question))
            .collect();
            if answers.is_some() || questions.is_empty() {
                says("nothing left to ask")
            } else {
                Some(InputRequiredResult::new(Some(questions), None).into())
            }
        }
        "test_streaming_elicitation" => come_back(
            [asks(
                "value",
                "Which value?",
                json!({ "value": { "type": "string" } }),
            )],
            None,
        ),
        _ => None,
    })
}
