//! `restore`: a plan to replace an environment's content by a package. Changes nothing itself.

use release_engine::{PackageChoice, Request, package_choice};
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
pub(crate) struct RestoreArguments {
    /// The environment whose content is taken, or on whose server the named package lies. Needed unless `package`
    /// is given; may be the same as `target`.
    #[schemars(length(min = 1, max = 100))]
    source: Option<String>,
    /// The environment that is overwritten: a name or alias from `list_environments`, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    target: String,
    /// Left out: a new backup of `source` is made. `@latest`: its newest backup. `@verified`: the very package that was
    /// last restored to `source`, verified, and not taken back. A name: that backup on the source's server (on the
    /// target's when no source is given). A path: a file on the machine of this server.
    #[schemars(length(min = 1, max = 1024))]
    package: Option<String>,
}

#[tool_router(router = restore_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "restore",
        title = "Plan a restore (nothing changes before confirm)",
        description = description!("restore"),
        output_schema = schema_for_output::<PlanAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn restore(
        &self,
        Parameters(arguments): Parameters<RestoreArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Reply<PlanAnswer>, ToolError> {
        let plan = self.plan(&arguments.into_request()?, &context).await?;
        Ok(PlanAnswer::reply(&plan))
    }
}

impl RestoreArguments {
    fn into_request(self) -> Result<Request, ToolError> {
        let target = arguments::environment("target", &self.target)?.to_owned();
        let source = match &self.source {
            Some(source) => Some(arguments::environment("source", source)?.to_owned()),
            None => None,
        };
        let (source, package) = match self.package.as_deref().map(arguments::package).transpose()? {
            // Without either, "restore test" would quietly mean "back up test and restore it into itself".
            None if source.is_none() => {
                return Err(ToolError::argument(
                    "source",
                    "is missing: name the environment to take the content from (the target itself to back it up \
                     and restore it), or a package",
                ));
            }
            None => (source, PackageChoice::New),
            Some("@latest") => (source.or_else(|| Some(target.clone())), PackageChoice::Latest),
            Some(package) => package_choice(package, source, &target),
        };
        Ok(Request::Restore {
            source,
            target,
            package,
            accepted: Vec::new(),
        })
    }
}
