//! `run_status`: how a run stands, and waiting for its end.

use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{RunAnswer, description};
use crate::arguments;
use crate::follow::follow;
use crate::handler::Handler;
use crate::reply::{Reply, ToolError};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunStatusArguments {
    /// The run's id; the newest run of whoever calls when left out.
    #[schemars(length(min = 1, max = 64))]
    run: Option<String>,
    /// Seconds to wait for its end before answering, 0 to 45; 0 when left out.
    #[schemars(range(min = 0, max = 45))]
    wait_seconds: Option<u32>,
}

#[tool_router(router = run_status_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "run_status",
        title = "Look at a run",
        description = description!("run_status"),
        output_schema = schema_for_output::<RunAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = false)
    )]
    async fn run_status(
        &self,
        Parameters(arguments): Parameters<RunStatusArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Reply<RunAnswer>, ToolError> {
        let wait = arguments::wait(arguments.wait_seconds, 0)?;
        let id = arguments
            .run
            .as_deref()
            .map(|run| arguments::id("run", run))
            .transpose()?;
        let run = self.engine_for(&context).find_run(id)?;
        let report = follow(self, &run, wait, &context).await?;
        Ok(RunAnswer::new(&report).into_reply())
    }
}
