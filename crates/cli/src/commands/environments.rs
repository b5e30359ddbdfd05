//! The configured environments, and whether they can take part in a release.

use release_engine::{EngineError, EnvironmentFacts};

use super::Context;
use crate::arguments::Envs;
use crate::exit::Exit;
use crate::output;

pub(crate) async fn run(context: &Context, what: Envs) -> Result<Exit, EngineError> {
    match what {
        Envs::List => list(context),
        Envs::Check { environments } if environments.is_empty() => {
            check(context, &[context.environment(None)?]).await
        }
        Envs::Check { environments } => check(context, &environments).await,
    }
}

pub(crate) fn list(context: &Context) -> Result<Exit, EngineError> {
    let environments = context.engine.environments();
    if context.globals.json {
        output::json(&environments);
        return Ok(Exit::Verified);
    }
    if environments.is_empty() {
        output::talk("no environment is set up; see `nocobase-release doctor`");
    }
    for environment in environments {
        let current = if environment.current { '*' } else { ' ' };
        let protected = if environment.protected { "protected" } else { "" };
        output::data(&format!(
            "{current} {:<16} {:<40} {:<12} {protected}",
            environment.name, environment.api_base, environment.origin
        ));
    }
    Ok(Exit::Verified)
}

/// Checks each; the first failure decides the exit code, the others are checked all the same.
pub(crate) async fn check(context: &Context, names: &[String]) -> Result<Exit, EngineError> {
    let mut first_failure = None;
    let mut found = Vec::new();
    for name in names {
        match context.engine.check_environment(name).await {
            Ok(facts) => found.push(facts),
            Err(error) => {
                output::error(&error, context.globals.json);
                first_failure.get_or_insert(Exit::from(&error));
            }
        }
    }
    if context.globals.json {
        output::json(&found);
    } else {
        for facts in &found {
            output::data(&in_words(facts));
        }
    }
    Ok(first_failure.unwrap_or(Exit::Verified))
}

pub(crate) fn in_words(facts: &EnvironmentFacts) -> String {
    format!(
        "{}: NocoBase {} at {}, {}{}, as {}, {} backups, logs {}",
        facts.environment,
        facts.version,
        facts.api_base,
        facts.dialect,
        facts
            .schema
            .as_deref()
            .map(|schema| format!(" schema {schema}"))
            .unwrap_or_default(),
        facts.identity.username,
        facts.backups.len(),
        if facts.logs_readable {
            "readable"
        } else {
            "not readable"
        }
    )
}
