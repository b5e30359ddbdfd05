//! `backup`: makes a backup, fetches it, proves it good. Overwrites nothing, so it runs at once.

use release_engine::Request;
use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{FIRST_LOOK, RunAnswer, description};
use crate::arguments;
use crate::handler::Handler;
use crate::reply::{Reply, ToolError};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupArguments {
    /// Name or alias of the environment, as `list_environments` gives it, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    environment: String,
    /// Seconds to wait for the end before answering, 0 to 45; 3 when left out.
    #[schemars(range(min = 0, max = 45))]
    wait_seconds: Option<u32>,
}

#[tool_router(router = backup_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "backup",
        title = "Back up an environment",
        description = description!("backup"),
        output_schema = schema_for_output::<RunAnswer>(),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn backup(
        &self,
        Parameters(arguments): Parameters<BackupArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Reply<RunAnswer>, ToolError> {
        let wait = arguments::wait(arguments.wait_seconds, FIRST_LOOK)?;
        let request = Request::Backup {
            environment: arguments::environment("environment", &arguments.environment)?.to_owned(),
        };
        let report = self.start_backup(&request, wait, &context).await?;
        Ok(RunAnswer::new(&report).into_reply())
    }
}
