//! `undo`: a plan to bring back an environment's safety backup. Changes nothing itself.

use release_engine::Request;
use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{PlanAnswer, description};
use crate::arguments;
use crate::handler::Handler;
use crate::reply::{Reply, ToolError};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoArguments {
    /// The environment to bring back: a name or alias from `list_environments`, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    target: String,
    /// The run to take back, as `run_status` names it; the environment's last run that can be undone when left out.
    #[schemars(length(min = 1, max = 64))]
    run: Option<String>,
}

#[tool_router(router = undo_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "undo",
        title = "Plan an undo (nothing changes before confirm)",
        description = description!("undo"),
        output_schema = schema_for_output::<PlanAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn undo(
        &self,
        Parameters(arguments): Parameters<UndoArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Reply<PlanAnswer>, ToolError> {
        let target = arguments::environment("target", &arguments.target)?.to_owned();
        let run = match &arguments.run {
            Some(run) => Some(self.engine().find_run(Some(arguments::id("run", run)?))?),
            None => None,
        };
        let plan = self.plan(&Request::Undo { target, run }, &context).await?;
        Ok(PlanAnswer::reply(&plan))
    }
}
