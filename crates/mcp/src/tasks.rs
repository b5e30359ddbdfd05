//! The tasks extension: clients that speak it get a task in place of "running", and poll it to the run's verdict.
//!
//! A task only waits. The run has a process and a journal of its own, so neither a task that expires nor one that is
//! cancelled stops it. Tasks are told apart by their callers, which rmcp does not do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use release_engine::{CommandLine, Engine, RunId, RunReport, RunStanding};
use rmcp::handler::server::tool::IntoCallToolResult;
use rmcp::model::{
    CallToolResponse, CallToolResult, ContentBlock, CreateTaskResult, DetailedTask, InputResponses,
    ProtocolVersion,
};
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskExit, TaskManager, TaskOptions};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use crate::http::caller_of;
use crate::offered::{self, Offered};
use crate::reply::ToolError;
use crate::runnable;
use crate::text::one_line;
use crate::tools::{RunAnswer, finished};

/// Longer than any run; rmcp forgets a task one lifetime after its end.
const LIFETIME_MS: u64 = 6 * 60 * 60 * 1_000;
const POLL_MS: u64 = 2_000;
/// Tasks that wait at one time; beyond them, callers get a run id and poll with `run_status`.
const MOST: usize = 200;

type Owner = Option<Arc<str>>;

/// The tasks of a server.
#[derive(Default)]
pub(crate) struct Tasks {
    manager: TaskManager,
    owners: Mutex<HashMap<String, Owner>>,
}

impl Tasks {
    /// A task in place of an answer that says "running", for clients that declared the extension with this request.
    pub(crate) fn instead_of(
        &self,
        response: CallToolResponse,
        engine: &Engine,
        commands: &Arc<CommandLine>,
        offered: &Arc<Offered>,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResponse {
        let CallToolResponse::Complete(result) = &response else {
            return response;
        };
        let speaks = context
            .client_capabilities()
            .is_some_and(|capabilities| capabilities.supports_tasks())
            && context
                .protocol_version()
                .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        let Some((run, answer)) = running(result).filter(|_| speaks) else {
            return response;
        };
        if self.manager.running_task_count() >= MOST {
            return response;
        }
        let options = TaskOptions::new()
            .with_ttl_ms(LIFETIME_MS)
            .with_poll_interval_ms(POLL_MS)
            .with_status_message(format!("{run} is running"));
        let (engine, commands) = (engine.clone(), Arc::clone(commands));
        let offered = Arc::clone(offered);
        let task = self.manager.spawn(options, |task| {
            Box::pin(offered::within(offered, async move {
                let mut follower = engine.follow(&run);
                let report = loop {
                    let news = tokio::select! {
                        // The run goes on; only the waiting ends.
                        () = task.cancelled() => return Err(TaskExit::Cancelled),
                        news = follower.news() => news,
                    };
                    match news {
                        Ok(lines) if lines.is_empty() => break engine.run(&run),
                        Ok(_) => {}
                        Err(error) => break Err(error),
                    }
                    if let Some(report) = follower.report() {
                        task.set_status_message(message(&report));
                        if report.state == RunStanding::Ended {
                            break Ok(report);
                        }
                    }
                };
                let mut ended = match report {
                    Ok(report) => completed(answer, &report),
                    Err(error) => failed(ToolError::from(error)),
                }?;
                runnable::result(&commands, &mut ended);
                Ok(ended)
            }))
        });
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.retain(|id, _| self.manager.get_task(id).is_ok());
        owners.insert(task.task_id.clone(), caller_of(context));
        CreateTaskResult::new(task).into()
    }

    /// How a task stands, for its owner.
    pub(crate) fn get(
        &self,
        id: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<DetailedTask, ErrorData> {
        self.check_owner(id, context)?;
        self.manager.get_task(id)
    }

    /// Answers to questions of a task; none of ours asks any.
    pub(crate) fn update(
        &self,
        id: &str,
        answers: InputResponses,
        context: &RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.check_owner(id, context)?;
        self.manager.update_task(id, answers)
    }

    /// Ends the waiting, not the run.
    pub(crate) fn cancel(&self, id: &str, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.check_owner(id, context)?;
        self.manager.cancel_task(id)
    }

    /// To others it is as if the task were not there.
    fn check_owner(&self, id: &str, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        match owners.get(id) {
            Some(owner) if *owner == caller_of(context) => Ok(()),
            Some(_) | None => Err(ErrorData::invalid_params("there is no such task", None)),
        }
    }
}

/// The run of an answer that says "running", and that answer.
fn running(result: &CallToolResult) -> Option<(RunId, Value)> {
    let data = result.structured_content.as_ref()?;
    let run = data.pointer("/run/run")?.as_str()?;
    let is_running = matches!(data.get("status")?.as_str()?, "running" | "started");
    is_running
        .then(|| RunId::parse(run))
        .flatten()
        .map(|run| (run, data.clone()))
}

fn message(report: &RunReport) -> String {
    let step = report.progress.clone().unwrap_or_else(|| report.summary.clone());
    format!("{}: {}", report.run, one_line(&step, 300))
}

/// The answer as its tool would have given it at the run's end.
fn completed(mut answer: Value, report: &RunReport) -> Result<CallToolResult, TaskExit> {
    let text = finished(RunAnswer::new(report), |status, run, next| {
        let Value::Object(fields) = &mut answer else {
            return;
        };
        // `release` calls a run that is on `started`.
        if fields.get("status") != Some(&json!("started")) || status != json!("running") {
            fields.insert("status".into(), status);
        }
        fields.insert("run".into(), run);
        fields.insert("next".into(), next);
    })?;
    let mut result = CallToolResult::structured(answer);
    result.content = vec![ContentBlock::text(text)];
    Ok(result)
}

fn failed(error: ToolError) -> Result<CallToolResult, TaskExit> {
    match error.into_call_tool_result()? {
        CallToolResponse::Complete(result) => Ok(result),
        _ => Err(TaskExit::Error(ErrorData::internal_error(
            "the run cannot be read",
            None,
        ))),
    }
}
