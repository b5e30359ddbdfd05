//! What a tool answers: structured content with a short text, or an error that a model can act on.
//!
//! Errors are text-only results marked `isError`: structured errors of a tool with an output schema are refused by
//! several clients, and protocol errors often never reach the model.

use std::borrow::Cow;

use release_engine::EngineError;
use rmcp::ErrorData;
use rmcp::handler::server::tool::IntoCallToolResult;
use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock};
use serde::Serialize;

use crate::offered::step;
use crate::text::{clean, clean_value};

/// The longest text beside structured content.
pub(crate) const LONGEST_TEXT: usize = 16_000;

/// Structured content and the same in a few lines.
pub(crate) struct Reply<T> {
    pub(crate) text: String,
    pub(crate) data: T,
}

impl<T: Serialize> IntoCallToolResult for Reply<T> {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        let mut value = serde_json::to_value(self.data)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        clean_value(&mut value);
        let mut result = CallToolResult::structured(value);
        result.content = vec![ContentBlock::text(clean(self.text.trim_end(), LONGEST_TEXT))];
        Ok(result.into())
    }
}

/// Why a tool could not do what was asked: a stable code, what happened, what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolError {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) next_step: String,
}

impl ToolError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            next_step: next_step.into(),
        }
    }

    /// An argument that is missing or out of bounds.
    pub(crate) fn argument(name: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(
            "bad_arguments",
            format!("{name} {problem}"),
            "correct the argument and call the tool again",
        )
    }

    /// The same error with another next step.
    pub(crate) fn then(mut self, next_step: impl Into<String>) -> Self {
        self.next_step = next_step.into();
        self
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "error: {}\n{}",
            self.code,
            no_lines_of_its_own(&self.message, 4_000)
        );
        if !self.next_step.is_empty() {
            text.push_str("\nnext step: ");
            text.push_str(&no_lines_of_its_own(&self.next_step, 2_000));
        }
        text
    }
}

impl From<EngineError> for ToolError {
    fn from(error: EngineError) -> Self {
        let next_step = match &error {
            // The answer to an earlier confirmation may have been lost: a second plan would do the work twice.
            EngineError::PlanUsed { .. } => {
                let look = step(
                    "run_status",
                    "call run_status to see how it stands",
                    "the user sees at a terminal how it stands: nocobase-release runs list",
                );
                format!(
                    "the plan has become a run: {look}; make a new plan only when that run is not what the user wanted"
                )
            }
            EngineError::Locked { .. } => {
                let look = step(
                    "run_status",
                    "call run_status and wait for its end",
                    "the user sees at a terminal when it has ended (nocobase-release runs list): wait for that",
                );
                format!("it may be the very run you started: {look} before repeating anything")
            }
            EngineError::WrongConfirmation { .. } | EngineError::Unconfirmed { .. } => {
                "nothing was started; pass the phrase that stands in the plan, letter by letter, and only after the user \
                 agreed to that plan"
                    .to_owned()
            }
            EngineError::RunNotFound { .. } | EngineError::NothingToUndo { .. } => step(
                "release",
                "call release with the sentence \"What ran before?\" for the runs that there are",
                error.hint(),
            ),
            EngineError::NoRuns { .. } => {
                "nothing is on: a run begins with a backup or with a plan that is confirmed".to_owned()
            }
            EngineError::PackageNotFound {
                environment,
                available,
                migration: false,
                ..
            } if available.is_empty() => step(
                "backup",
                format!("ask the user whether to make one: call backup with environment {environment:?}"),
                error.hint(),
            ),
            EngineError::RuleUndecided { .. } => step(
                "migrate",
                error.hint().replace(
                    "name one of them by its id, with --rule ID or by saying \"… with rule ID\"",
                    "ask the user which, and pass its id as `rule` to migrate",
                ),
                error.hint(),
            ),
            EngineError::NeedsPerson { plan, .. } => terminal_step(plan),
            EngineError::UnfinishedRun { run, .. } => {
                format!("tell the user to finish that run in a terminal: nocobase-release runs resume {run}")
            }
            _ => error.hint(),
        };
        Self {
            code: error.code().to_owned().into(),
            message: error.to_string(),
            next_step,
        }
    }
}

impl IntoCallToolResult for ToolError {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        tracing::debug!(code = %self.code, "a tool refused");
        Ok(CallToolResult::error(vec![ContentBlock::text(self.to_text())]).into())
    }
}

/// Errors name what servers named, which may hold line ends: what follows one stands as a quotation.
fn no_lines_of_its_own(text: &str, limit: usize) -> String {
    clean(text.trim(), limit).replace('\n', "\n> ")
}

/// The command with which a person confirms a plan at a terminal.
pub(crate) fn terminal_command(plan: &str) -> String {
    format!("nocobase-release apply {plan}")
}

/// The same as the next step of whoever reads it.
pub(crate) fn terminal_step(plan: &str) -> String {
    format!(
        "tell the user to run this command in a terminal, which asks for the phrase: {}",
        terminal_command(plan)
    )
}
