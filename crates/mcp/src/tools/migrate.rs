//! `migrate`: a plan to bring an environment up to another one by a migration rule. Changes nothing itself.

use release_engine::{PackageChoice, Request, RuleChoice, package_choice};
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
pub(crate) struct MigrateArguments {
    /// The environment that the migration package is made on, or on whose server the named package lies.
    #[schemars(length(min = 1, max = 100))]
    source: String,
    /// The environment that is changed: a name or alias from `list_environments`, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    target: String,
    /// Id or name of a rule of the source, as `migration_rules` gives it. Left out together with `user_tables` and
    /// `system_tables`: the source's only rule, or the documented default where it has none.
    #[schemars(length(min = 1, max = 200))]
    rule: Option<String>,
    /// Instead of `rule`: `schema-only` keeps the rows of tables that people made and brings their structure,
    /// `overwrite` replaces those rows, too.
    user_tables: Option<UserTables>,
    /// Instead of `rule`: `overwrite-first` brings the configuration (roles, pages, workflows …), `schema-only` only
    /// the structure of system tables.
    system_tables: Option<SystemTables>,
    /// Left out: a new migration package is made. `@latest`: the source's newest. `@verified`: the very package that
    /// was last executed on `source`, verified, and not taken back. A name: that one on its server.
    #[schemars(length(min = 1, max = 1024))]
    package: Option<String>,
    /// `true`: NocoBase makes no backup of its own on the target first. Ours is made all the same.
    skip_server_backup: Option<bool>,
}

/// Methods for tables that people made (Migration Manager's words).
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum UserTables {
    SchemaOnly,
    Overwrite,
}

/// Methods for the system's tables (Migration Manager's words).
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum SystemTables {
    OverwriteFirst,
    SchemaOnly,
}

#[tool_router(router = migrate_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "migrate",
        title = "Plan a migration (nothing changes before confirm)",
        description = description!("migrate"),
        output_schema = schema_for_output::<PlanAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn migrate(
        &self,
        Parameters(arguments): Parameters<MigrateArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Reply<PlanAnswer>, ToolError> {
        let plan = self.plan(&arguments.into_request()?, &context).await?;
        Ok(PlanAnswer::reply(&plan))
    }
}

impl MigrateArguments {
    fn into_request(self) -> Result<Request, ToolError> {
        let source = arguments::environment("source", &self.source)?.to_owned();
        let target = arguments::environment("target", &self.target)?.to_owned();
        let rule = self.rule_choice()?;
        let (source, package) = match self.package.as_deref().map(arguments::package).transpose()? {
            None => (Some(source), PackageChoice::New),
            Some("@latest") => (Some(source), PackageChoice::Latest),
            Some(package) => package_choice(package, Some(source), &target),
        };
        Ok(Request::Migrate {
            source,
            target,
            rule,
            package,
            skip_server_backup: self.skip_server_backup.unwrap_or(false),
            accepted: Vec::new(),
        })
    }

    fn rule_choice(&self) -> Result<RuleChoice, ToolError> {
        let by_methods = self.user_tables.is_some() || self.system_tables.is_some();
        match &self.rule {
            Some(_) if by_methods => Err(ToolError::argument(
                "rule",
                "excludes user_tables and system_tables: a rule says what it does to every table",
            )),
            Some(rule) => Ok(RuleChoice::Named(arguments::rule(rule)?.to_owned())),
            None if !by_methods => Ok(RuleChoice::Only),
            None => Ok(RuleChoice::Global {
                user: match self.user_tables {
                    Some(UserTables::Overwrite) => "overwrite",
                    Some(UserTables::SchemaOnly) | None => "schema-only",
                }
                .to_owned(),
                system: match self.system_tables {
                    Some(SystemTables::SchemaOnly) => "schema-only",
                    Some(SystemTables::OverwriteFirst) | None => "overwrite-first",
                }
                .to_owned(),
            }),
        }
    }
}
