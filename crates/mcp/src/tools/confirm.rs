//! `confirm`: the one tool that sets something destructive going.
//!
//! The engine weighs the phrase. When it says that a person is needed, the person is asked through the client; an
//! argument can never stand in for that.

use std::time::Duration;

use release_engine::{EngineError, Plan, Proof};
use rmcp::handler::server::tool::{InputResponses, IntoCallToolResult, RequestState, schema_for_output};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResponse;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FIRST_LOOK, RunAnswer, description, push_next};
use crate::arguments;
use crate::ask::{Asked, EarlierRound, ask};
use crate::handler::Handler;
use crate::reply::{Reply, ToolError, terminal_command, terminal_step};
use crate::views::RunView;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmArguments {
    /// The plan's id, as `release`, `restore` or `undo` gave it.
    #[schemars(length(min = 1, max = 64))]
    plan: String,
    /// The plan's phrase, letter by letter (case and blanks do not matter), and only after the user agreed to this plan. Left out for protected targets: the
    /// user is asked to type it.
    #[schemars(length(min = 1, max = 200))]
    phrase: Option<String>,
    /// Seconds to wait for the run before answering, 0 to 45; 3 when left out.
    #[schemars(range(min = 0, max = 45))]
    wait_seconds: Option<u32>,
}

/// What came of a confirmation.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ConfirmAnswer {
    /// `running`, `ended` (see `run.verdict`), `interrupted`, or `person_required`: nothing was started.
    status: ConfirmStatus,
    /// The plan.
    plan: String,
    /// How the run stands, when one was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunView>,
    /// The command with which the user confirms at a terminal, when a person is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_command: Option<String>,
    /// What to do next.
    next: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ConfirmStatus {
    Running,
    Ended,
    Interrupted,
    PersonRequired,
}

#[tool_router(router = confirm_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "confirm",
        title = "Confirm a plan and start it",
        description = description!("confirm"),
        output_schema = schema_for_output::<ConfirmAnswer>(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn confirm(
        &self,
        Parameters(arguments): Parameters<ConfirmArguments>,
        RequestState(state): RequestState,
        InputResponses(answers): InputResponses,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let earlier = EarlierRound { state, answers };
        match self.confirm_plan(&arguments, earlier, &context).await {
            Ok(response) => Ok(response),
            Err(refused) => refused.into_call_tool_result(),
        }
    }

    async fn confirm_plan(
        &self,
        arguments: &ConfirmArguments,
        earlier: EarlierRound,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ToolError> {
        let wait = arguments::wait(arguments.wait_seconds, FIRST_LOOK)?;
        let proof = match &arguments.phrase {
            Some(phrase) => Proof::Phrase(arguments::phrase(phrase)?.to_owned()),
            None => Proof::None,
        };
        let plan = self.engine().load_plan(arguments::id("plan", &arguments.plan)?)?;
        // The engine looks at everything else first, so nobody is asked about a plan that is used or expired.
        match self.engine_for(context).confirm(plan.clone(), &proof) {
            Ok(confirmed) => {
                let report = self.start(confirmed, wait, context).await?;
                respond(run_reply(&plan, RunAnswer::new(&report)))
            }
            Err(EngineError::NeedsPerson { .. }) => {
                self.confirm_by_person(plan, wait, earlier, context).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn confirm_by_person(
        &self,
        plan: Plan,
        wait: Duration,
        earlier: EarlierRound,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ToolError> {
        match ask(self.seal(), &plan, earlier, context).await? {
            Asked::ComeBack(question) => Ok((*question).into()),
            Asked::NotAnswered(reason) => respond(person_required(&plan, reason)),
            Asked::Typed(typed) => {
                let proof = Proof::AnsweredInClient(typed);
                let confirmed = match self.engine_for(context).confirm(plan.clone(), &proof) {
                    Ok(confirmed) => confirmed,
                    Err(EngineError::WrongConfirmation { .. }) => return Err(not_what_was_asked(&plan)),
                    Err(error) => return Err(error.into()),
                };
                let report = self.start(confirmed, wait, context).await?;
                respond(run_reply(&plan, RunAnswer::new(&report)))
            }
        }
    }
}

/// The phrase of a protected target is for the person's eyes: the error must not tell it to the model.
fn not_what_was_asked(plan: &Plan) -> ToolError {
    ToolError::new(
        "wrong_confirmation",
        "the user typed something else than the phrase of this plan; nothing was started",
        format!(
            "ask the user whether to try again (call confirm once more), or {}",
            terminal_step(plan.id.as_str())
        ),
    )
}

fn run_reply(plan: &Plan, answer: RunAnswer) -> Reply<ConfirmAnswer> {
    let answer = answer.into_reply();
    Reply {
        text: answer.text,
        data: ConfirmAnswer {
            status: match answer.data.status {
                super::RunStatus::Running => ConfirmStatus::Running,
                super::RunStatus::Ended => ConfirmStatus::Ended,
                super::RunStatus::Interrupted => ConfirmStatus::Interrupted,
            },
            plan: plan.id.to_string(),
            run: Some(answer.data.run),
            terminal_command: None,
            next: answer.data.next,
        },
    }
}

fn person_required(plan: &Plan, reason: &str) -> Reply<ConfirmAnswer> {
    let next = vec![
        terminal_step(plan.id.as_str()),
        format!(
            "or, to go on here: tell the user to run nocobase-release approve {} in a terminal, then call confirm with \
             this plan again",
            plan.id
        ),
    ];
    let mut text = format!(
        "a person has to confirm {}; nothing was started ({reason})\n",
        plan.id
    );
    push_next(&mut text, &next);
    Reply {
        text,
        data: ConfirmAnswer {
            status: ConfirmStatus::PersonRequired,
            plan: plan.id.to_string(),
            run: None,
            terminal_command: Some(terminal_command(plan.id.as_str())),
            next,
        },
    }
}

fn respond(reply: Reply<ConfirmAnswer>) -> Result<CallToolResponse, ToolError> {
    reply
        .into_call_tool_result()
        .map_err(|error| ToolError::new("internal_error", error.message, ""))
}
