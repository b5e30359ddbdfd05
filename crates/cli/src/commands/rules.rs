//! Migration rules: listed, shown, made.

use release_engine::{EngineError, PlannedRule, RuleChoice};

use super::Context;
use crate::arguments::Rules;
use crate::exit::Exit;
use crate::output;

pub(crate) async fn run(context: &Context, what: Rules) -> Result<Exit, EngineError> {
    match what {
        Rules::List { environment } => list(context, &context.environment(environment.as_deref())?).await,
        Rules::Show { environment, rule } => {
            let found = context
                .engine
                .find_migration_rule(&environment, &RuleChoice::Named(rule))
                .await?;
            show(context, &found);
            Ok(Exit::Verified)
        }
        Rules::Create {
            environment,
            name,
            user,
            system,
            yes,
        } => {
            let environment = context.engine.resolve(&environment)?;
            let typed = match &yes {
                Some(_) => None,
                None if !output::can_ask() => None,
                None => output::ask(&format!("Type \"{environment}\" to make a rule there:")),
            };
            let named = yes.as_deref().or(typed.as_deref());
            if named != Some(environment.as_str()) {
                return Err(EngineError::Unsupported {
                    what: format!("no rule was made on {environment}: its name has to be given once more"),
                    instead: format!("type it when asked, or give --yes {environment}"),
                });
            }
            let made = context
                .engine
                .create_migration_rule(&environment, name.as_deref(), &user, &system, typed.is_some())
                .await?;
            if !made.made {
                output::talk("a rule with these methods is there already");
            }
            show(context, &made.rule);
            Ok(Exit::Verified)
        }
    }
}

/// All rules of one environment.
pub(crate) async fn list(context: &Context, environment: &str) -> Result<Exit, EngineError> {
    let rules = context.engine.migration_rules(environment).await?;
    if context.globals.json {
        output::json(&rules);
        return Ok(Exit::Verified);
    }
    if rules.is_empty() {
        output::talk(&format!(
            "{environment} has no migration rules; a migration proposes one"
        ));
    }
    let lines: String = rules
        .iter()
        .map(|rule| line(&PlannedRule::from(rule)) + "\n")
        .collect();
    output::data(&lines);
    Ok(Exit::Verified)
}

fn show(context: &Context, rule: &PlannedRule) {
    if context.globals.json {
        output::json(rule);
        return;
    }
    let mut lines = line(rule) + "\n";
    for (table, method) in &rule.independent {
        lines.push_str(&format!("  {table}: {method}\n"));
    }
    if rule.independent_unread {
        lines.push_str("  single tables have rules of their own that cannot be read here\n");
    }
    output::data(&lines);
}

fn line(rule: &PlannedRule) -> String {
    format!(
        "{}  {}  tables of people: {}, system tables: {}",
        rule.id.as_deref().unwrap_or("-"),
        rule.name,
        rule.user,
        rule.system
    )
}
