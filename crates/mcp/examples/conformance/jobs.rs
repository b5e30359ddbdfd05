//! Jobs of the tasks extension: tools that become a task for clients that speak it.

use std::time::Duration;

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskContext, TaskExit, TaskManager, TaskOptions};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::rounds::{answered, asks};

pub(crate) const JOBS: &[&str] = &[
    "greet",
    "slow_compute",
    "failing_job",
    "protocol_error_job",
    "confirm_delete",
    "multi_input",
    "test_tool_with_task",
];
/// Jobs that cannot be done in a plain call.
const ONLY_AS_TASK: &[&str] = &[
    "failing_job",
    "confirm_delete",
    "multi_input",
    "test_tool_with_task",
];

type Done = Result<CallToolResult, TaskExit>;

fn says(text: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text.into())])
}

/// What one job does, with the arguments of its call.
async fn work(name: &str, arguments: Value, user: String, task: Option<&TaskContext>) -> Done {
    let text = |key: &str, otherwise: &str| arguments[key].as_str().unwrap_or(otherwise).to_owned();
    match name {
        "greet" => Ok(says(format!("Hello, {}!", text("name", "friend")))),
        "slow_compute" => {
            let pause = sleep(Duration::from_secs_f64(
                arguments["seconds"].as_f64().unwrap_or(1.0),
            ));
            let Some(task) = task else {
                pause.await;
                return Ok(says("computed"));
            };
            tokio::select! {
                () = task.cancelled() => Err(TaskExit::Cancelled),
                () = pause => Ok(says("computed")),
            }
        }
        "failing_job" => {
            sleep(Duration::from_secs(1)).await;
            Ok(CallToolResult::error(vec![ContentBlock::text(
                "it failed on purpose",
            )]))
        }
        "protocol_error_job" => {
            sleep(Duration::from_millis(200)).await;
            Err(ErrorData::internal_error("it broke on purpose", None).into())
        }
        "confirm_delete" => {
            let confirm = json!({ "confirm": { "type": "boolean" } });
            let question = asks("confirm", &format!("Delete {}?", text("filename", "it")), confirm);
            let answer = ask(task, question).await?;
            Ok(says(format!(
                "confirmed: {}",
                answer.pointer("/content/confirm").unwrap_or(&Value::Null)
            )))
        }
        "multi_input" => {
            let value = || json!({ "value": { "type": "string" } });
            let (one, other) = tokio::join!(
                ask(task, asks("input-a", "A?", value())),
                ask(task, asks("input-b", "B?", value()))
            );
            Ok(says(format!("got {} and {}", one?, other?)))
        }
        _ => Ok(says(format!("Hello, {user}!"))),
    }
}

async fn ask(task: Option<&TaskContext>, question: (String, InputRequest)) -> Result<Value, TaskExit> {
    match task {
        Some(task) => task.request_input(question.0, question.1).await,
        None => Err(ErrorData::internal_error("only a task can ask", None).into()),
    }
}

pub(crate) async fn call(
    tasks: &TaskManager,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let name = request.name.to_string();
    let speaks = context
        .client_capabilities()
        .is_some_and(|may| may.supports_tasks());
    if !speaks && ONLY_AS_TASK.contains(&name.as_str()) {
        return Err(ErrorData::missing_required_client_capability(
            ClientCapabilities::builder().enable_tasks().build(),
        ));
    }
    let mut user = String::new();
    if name == "test_tool_with_task" {
        let Some(answer) = answered(request.input_responses.as_ref(), "user_name") else {
            let question = asks(
                "user_name",
                "What is your name?",
                json!({ "name": { "type": "string" } }),
            );
            return Ok(InputRequiredResult::new(Some([question].into()), None).into());
        };
        user = answer
            .pointer("/content/name")
            .and_then(Value::as_str)
            .unwrap_or("friend")
            .to_owned();
    }
    let arguments = Value::Object(request.arguments.clone().unwrap_or_default());
    if !speaks || name == "greet" {
        return match work(&name, arguments, user, None).await {
            Ok(result) => Ok(result.into()),
            Err(TaskExit::Error(error)) => Err(error),
            Err(TaskExit::Cancelled) => Err(ErrorData::internal_error("cancelled", None)),
        };
    }
    let task = tasks.spawn(TaskOptions::default(), |task| {
        Box::pin(async move { work(&name, arguments, user, Some(&task)).await })
    });
    Ok(CreateTaskResult::new(task).into())
}
