//! The configured environments, and whether they can take part in a release.

use release_engine::{EngineError, EnvironmentFacts, EnvironmentSummary};

use super::{Context, shown};
use crate::arguments::{AddEnvironment, Envs};
use crate::exit::Exit;
use crate::{output, settings};

pub(crate) async fn run(context: &Context, what: Envs) -> Result<Exit, EngineError> {
    match what {
        Envs::List => list(context),
        Envs::Check { environments } if environments.is_empty() => {
            check(context, &[context.environment(None)?]).await
        }
        Envs::Check { environments } => check(context, &environments).await,
        Envs::Add(new) => add(context, &new).await,
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

/// Writes an environment into the settings file, then asks its server whether it can take part.
async fn add(context: &Context, new: &AddEnvironment) -> Result<Exit, EngineError> {
    let known = |one: &EnvironmentSummary| one.name.to_lowercase() == new.name.to_lowercase();
    if context.globals.sandbox || context.engine.environments().iter().any(known) {
        let reason = match context.globals.sandbox {
            true => "the sandbox has its own environments: leave out --sandbox",
            false => {
                "there is an environment of that name: change it in the settings file, or choose another name"
            }
        };
        return Err(EngineError::BadEnvironment {
            name: new.name.clone(),
            reason: reason.to_owned(),
        });
    }
    let named = [&new.token_env, &new.account, &new.password_env];
    let given = named.iter().any(|given| given.is_some()) || new.token_file.is_some();
    let typed = match given || !output::can_ask() {
        true => None,
        false => output::ask_secret(&format!("API key of {} (not shown; none: Enter):", new.name)),
    };
    let path = settings::add(&context.globals, new, typed.as_ref())?;
    output::talk(&format!("{} is in {}", new.name, shown(&path)));
    let context = Context::open(context.globals.clone()).await?;
    check(&context, std::slice::from_ref(&new.name)).await
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
