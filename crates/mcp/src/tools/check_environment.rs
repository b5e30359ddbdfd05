//! `check_environment`: one environment as it is found right now.

use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::description;
use crate::arguments;
use crate::handler::Handler;
use crate::reply::{Reply, ToolError};
use crate::text::{one_line, quoted};
use crate::views::CheckView;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckEnvironmentArguments {
    /// Name or alias of the environment, as `list_environments` gives it, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    environment: String,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckAnswer {
    /// Always `answered`.
    status: super::Answered,
    /// The environment as it was just found.
    check: CheckView,
}

#[tool_router(router = check_environment_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "check_environment",
        title = "Check an environment",
        description = description!("check_environment"),
        output_schema = schema_for_output::<CheckAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn check_environment(
        &self,
        Parameters(arguments): Parameters<CheckEnvironmentArguments>,
    ) -> Result<Reply<CheckAnswer>, ToolError> {
        let name = arguments::environment("environment", &arguments.environment)?;
        let check = self.check_view(name).await?;
        Ok(Reply {
            text: quoted(&check_line(&check)),
            data: CheckAnswer {
                status: super::Answered::Answered,
                check,
            },
        })
    }

    pub(super) async fn check_view(&self, name: &str) -> Result<CheckView, ToolError> {
        Ok(self.engine().check_environment(name).await?.into())
    }
}

/// The same in one line.
pub(super) fn check_line(check: &CheckView) -> String {
    let logs = if check.logs_readable {
        "readable"
    } else {
        "not readable"
    };
    let line = format!(
        "{}: up at {}, NocoBase {}, {}, as {}, {} backups, log files {logs}",
        check.environment, check.api_base, check.version, check.dialect, check.user, check.backups,
    );
    one_line(&line, 400) + "\n"
}
