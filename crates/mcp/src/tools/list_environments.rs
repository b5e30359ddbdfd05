//! `list_environments`: the configured environments; no server is asked.

use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::description;
use crate::handler::Handler;
use crate::reply::{Reply, ToolError};
use crate::text::one_line;
use crate::views::EnvironmentView;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListEnvironmentsArguments {}

/// The configured environments.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EnvironmentsAnswer {
    /// Always `answered`.
    status: super::Answered,
    /// The environments, in order of their names.
    environments: Vec<EnvironmentView>,
}

#[tool_router(router = list_environments_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "list_environments",
        title = "List environments",
        description = description!("list_environments"),
        output_schema = schema_for_output::<EnvironmentsAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = false)
    )]
    async fn list_environments(
        &self,
        Parameters(ListEnvironmentsArguments {}): Parameters<ListEnvironmentsArguments>,
    ) -> Result<Reply<EnvironmentsAnswer>, ToolError> {
        let environments = self.environment_views();
        Ok(Reply {
            text: environments_text(&environments),
            data: EnvironmentsAnswer {
                status: super::Answered::Answered,
                environments,
            },
        })
    }

    pub(super) fn environment_views(&self) -> Vec<EnvironmentView> {
        self.engine().environments().into_iter().map(Into::into).collect()
    }
}

pub(super) fn environments_text(environments: &[EnvironmentView]) -> String {
    if environments.is_empty() {
        return "no environment is set up yet: tell the user to run `nocobase-release doctor` in a terminal"
            .into();
    }
    environments
        .iter()
        .map(|environment| {
            let mut line = format!(
                "{} at {}",
                one_line(&environment.name, 100),
                one_line(&environment.api_base, 200)
            );
            if !environment.aliases.is_empty() {
                line.push_str(&format!(
                    ", also called {}",
                    one_line(&environment.aliases.join(", "), 200)
                ));
            }
            if environment.current {
                line.push_str(", current");
            }
            if environment.protected {
                line.push_str(", protected");
            }
            line + "\n"
        })
        .collect()
}
