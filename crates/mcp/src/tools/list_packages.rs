//! `list_packages`: the backup or migration packages of one environment.

use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::description;
use crate::arguments;
use crate::handler::Handler;
use crate::offered::step;
use crate::reply::{Reply, ToolError};
use crate::text::{one_line, quoted};
use crate::views::PackageView;

/// The most packages in one answer.
const MOST: usize = 50;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPackagesArguments {
    /// Name or alias of the environment, as `list_environments` gives it, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    environment: String,
    /// `backup` when left out; `migration` lists what `migrate` can take.
    #[serde(default)]
    kind: PackageKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PackageKind {
    #[default]
    Backup,
    Migration,
}

/// The packages of one environment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PackagesAnswer {
    /// Always `answered`.
    status: super::Answered,
    /// The environment.
    environment: String,
    /// The packages: those on the server, newest first, then local ones.
    packages: Vec<PackageView>,
    /// How many more there are.
    more: usize,
}

#[tool_router(router = list_packages_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "list_packages",
        title = "List packages",
        description = description!("list_packages"),
        output_schema = schema_for_output::<PackagesAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_packages(
        &self,
        Parameters(arguments): Parameters<ListPackagesArguments>,
    ) -> Result<Reply<PackagesAnswer>, ToolError> {
        let name = arguments::environment("environment", &arguments.environment)?;
        let environment = self.engine().resolve(name)?;
        let (packages, more) = self.package_views(&environment, arguments.kind).await?;
        Ok(Reply {
            text: packages_text(&environment, arguments.kind, &packages, more),
            data: PackagesAnswer {
                status: super::Answered::Answered,
                environment,
                packages,
                more,
            },
        })
    }

    /// The first packages, and how many more there are.
    pub(super) async fn package_views(
        &self,
        environment: &str,
        kind: PackageKind,
    ) -> Result<(Vec<PackageView>, usize), ToolError> {
        let packages = match kind {
            PackageKind::Backup => self.engine().packages(environment).await?,
            PackageKind::Migration => self.engine().migration_packages(environment).await?,
        };
        let more = packages.len().saturating_sub(MOST);
        Ok((packages.into_iter().take(MOST).map(Into::into).collect(), more))
    }
}

pub(super) fn packages_text(
    environment: &str,
    kind: PackageKind,
    packages: &[PackageView],
    more: usize,
) -> String {
    let environment = one_line(environment, 100);
    if packages.is_empty() {
        return match kind {
            PackageKind::Backup => {
                let makes = step("backup", "; `backup` makes one", "");
                format!("{environment} has no backup packages{makes}")
            }
            PackageKind::Migration => {
                let makes = step("migrate", "; `migrate` makes one", "");
                format!("{environment} has no migration packages{makes}")
            }
        };
    }
    let lines: String = packages
        .iter()
        .map(|package| {
            let when = match &package.created_at {
                Some(when) => when.as_str(),
                None if package.in_progress => "",
                None => "at an unknown time",
            };
            let state = if package.in_progress {
                "still being made"
            } else {
                ""
            };
            // A package that is being made has no size and no time yet.
            let about: Vec<&str> = [package.place.as_str(), package.size.as_str(), when, state]
                .into_iter()
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            one_line(&format!("{} ({})", package.name, about.join(", ")), 400) + "\n"
        })
        .collect();
    let mut text = format!(
        "packages of {environment} (names come from its server):\n{}",
        quoted(&lines)
    );
    if more > 0 {
        text.push_str(&format!("and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_yet_is_left_out() {
        let made = PackageView {
            name: "a.nbdata".into(),
            place: "server".into(),
            size: String::new(),
            created_at: None,
            in_progress: true,
            path: None,
        };
        let text = packages_text("dev", PackageKind::Backup, &[made], 0);
        assert!(text.contains("> a.nbdata (server, still being made)"), "{text}");
    }
}
