//! `migration_rules`: what migrations of an environment can go by. Rules are made by confirmed plans, or at a terminal.

use release_engine::RuleFact;
use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answered, description};
use crate::arguments;
use crate::handler::Handler;
use crate::offered::step;
use crate::reply::{Reply, ToolError};
use crate::text::{one_line, quoted};

/// The most rules in one answer, and the most tables of one rule.
const MOST: usize = 50;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MigrationRulesArguments {
    /// Name or alias of the environment that migrations come from, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    environment: String,
}

/// The migration rules of one environment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RulesAnswer {
    /// Always `answered`.
    status: Answered,
    /// The environment.
    environment: String,
    /// Its rules.
    rules: Vec<RuleView>,
    /// How many more there are.
    more: usize,
}

/// A migration rule.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RuleView {
    /// Its id, for `migrate`.
    id: String,
    /// Its name.
    name: String,
    /// What it does to tables that people made: `schema-only` keeps their rows, `overwrite` replaces them.
    user_tables: String,
    /// What it does to system tables: `overwrite-first` brings the configuration, `schema-only` only structure.
    system_tables: String,
    /// Single tables with methods of their own, as `table: method`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    single_tables: Vec<String>,
    /// Whether there are such tables that could not be read.
    single_tables_unread: bool,
}

impl From<RuleFact> for RuleView {
    fn from(rule: RuleFact) -> Self {
        Self {
            id: rule.id,
            name: rule.name,
            user_tables: rule.user,
            system_tables: rule.system,
            single_tables_unread: rule.independent_unread,
            single_tables: rule
                .independent
                .into_iter()
                .take(MOST)
                .map(|(table, method)| format!("{table}: {method}"))
                .collect(),
        }
    }
}

#[tool_router(router = migration_rules_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "migration_rules",
        title = "List migration rules",
        description = description!("migration_rules"),
        output_schema = schema_for_output::<RulesAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn migration_rules(
        &self,
        Parameters(arguments): Parameters<MigrationRulesArguments>,
    ) -> Result<Reply<RulesAnswer>, ToolError> {
        let name = arguments::environment("environment", &arguments.environment)?;
        let environment = self.engine().resolve(name)?;
        let (rules, more) = self.rule_views(&environment).await?;
        Ok(Reply {
            text: rules_text(&environment, &rules, more),
            data: RulesAnswer {
                status: Answered::Answered,
                environment,
                rules,
                more,
            },
        })
    }

    /// The first rules, and how many more there are.
    pub(super) async fn rule_views(&self, environment: &str) -> Result<(Vec<RuleView>, usize), ToolError> {
        let rules = self.engine().migration_rules(environment).await?;
        let more = rules.len().saturating_sub(MOST);
        Ok((rules.into_iter().take(MOST).map(Into::into).collect(), more))
    }
}

pub(super) fn rules_text(environment: &str, rules: &[RuleView], more: usize) -> String {
    let environment = one_line(environment, 100);
    if rules.is_empty() {
        let proposes = step(
            "migrate",
            "; `migrate` proposes one, where the Migration Manager is enabled and licensed on both sides",
            "",
        );
        return format!("{environment} has no migration rules{proposes}");
    }
    let lines: String = rules
        .iter()
        .map(|rule| {
            let single = if rule.single_tables.is_empty() && !rule.single_tables_unread {
                ""
            } else {
                ", single tables otherwise"
            };
            let line = format!(
                "{} {}: tables of people {}, system tables {}{single}",
                rule.id, rule.name, rule.user_tables, rule.system_tables
            );
            one_line(&line, 400) + "\n"
        })
        .collect();
    let mut text = format!(
        "migration rules of {environment} (names come from its server):\n{}",
        quoted(&lines)
    );
    if more > 0 {
        text.push_str(&format!("and {more} more"));
    }
    text
}
