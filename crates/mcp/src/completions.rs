//! Completions: environments, migration rules, runs and packages, as a person types them into prompts and templates.

use std::time::Duration;

use release_engine::Engine;
use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};
use tokio::time::timeout;

use crate::prompts::{self, About};
use crate::text::one_line;

/// How long a server may take to name its packages; a person who types does not wait longer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Pairs of methods as people say them; `prompts/mcp/prompts/migrate.md` explains them to the model.
const PRESETS: [&str; 3] = [
    "structure and configuration",
    "structure only",
    "overwrite user data",
];

/// What fits what has been typed so far, at most 100.
pub(crate) async fn complete(engine: &Engine, request: &CompleteRequestParams) -> CompletionInfo {
    let argument = request.argument.name.as_str();
    let about = match &request.r#ref {
        Reference::Prompt(prompt) => prompts::find(&prompt.name).and_then(|text| {
            let found = text.arguments.iter().find(|(name, _, _)| *name == argument);
            found.map(|(_, about, _)| *about)
        }),
        Reference::Resource(template) => match argument {
            "environment" if template.uri.starts_with("release://") => Some(About::Environment),
            "run" if template.uri.starts_with("release://") => Some(About::Run),
            _ => None,
        },
        _ => None,
    };
    let values = match about {
        Some(About::Environment) => environments(engine),
        Some(About::Rule) => rules(engine, request).await,
        Some(About::Run) => runs(engine),
        Some(About::Words) => sentences(engine, request).await,
        None => Vec::new(),
    };
    fitting(values, &request.argument.value)
}

fn environments(engine: &Engine) -> Vec<String> {
    let all = engine.environments();
    let names = all.iter().map(|environment| environment.name.clone());
    let aliases = all.iter().flat_map(|environment| environment.aliases.clone());
    names.chain(aliases).collect()
}

fn runs(engine: &Engine) -> Vec<String> {
    let runs = engine.runs(CompletionInfo::MAX_VALUES).unwrap_or_default();
    runs.into_iter().map(|run| run.run.to_string()).collect()
}

/// Sentences that would be understood, with the packages of the current environment in them.
async fn sentences(engine: &Engine, request: &CompleteRequestParams) -> Vec<String> {
    let names: Vec<String> = engine.environments().into_iter().map(|one| one.name).collect();
    let mut all = Vec::new();
    for source in &names {
        for target in names.iter().filter(|target| *target != source) {
            all.push(format!("Restore {source} to {target}"));
        }
    }
    all.extend(names.iter().map(|name| format!("Back up {name}")));
    all.extend(
        names
            .iter()
            .map(|name| format!("Undo the last restore of {name}")),
    );
    if request.argument.value.to_lowercase().starts_with("restore using") {
        all.extend(
            packages(engine)
                .await
                .into_iter()
                .map(|package| format!("Restore using {package}")),
        );
    }
    all
}

/// What a migration can go by: the usual pairs of methods in words, then the rules of the source that was filled in.
async fn rules(engine: &Engine, request: &CompleteRequestParams) -> Vec<String> {
    let mut all = PRESETS.map(str::to_owned).to_vec();
    let filled = request
        .context
        .as_ref()
        .and_then(|context| context.get_argument("source"));
    let source = engine.resolve(filled.map_or("@current", String::as_str));
    if let Ok(source) = source
        && let Ok(Ok(rules)) = timeout(PATIENCE, engine.migration_rules(&source)).await
    {
        all.extend(rules.into_iter().map(|rule| one_line(&rule.id, 200)));
    }
    all
}

async fn packages(engine: &Engine) -> Vec<String> {
    let Ok(current) = engine.resolve("@current") else {
        return Vec::new();
    };
    match timeout(PATIENCE, engine.packages(&current)).await {
        Ok(Ok(packages)) => packages
            .into_iter()
            .map(|package| one_line(&package.name, 200))
            .collect(),
        // A server that is away has nothing to suggest; a tool call says why.
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// Those that begin as typed, then those that hold it.
fn fitting(values: Vec<String>, typed: &str) -> CompletionInfo {
    let typed = typed.to_lowercase();
    let (mut first, rest): (Vec<String>, Vec<String>) = values
        .into_iter()
        .partition(|value| value.to_lowercase().starts_with(&typed));
    first.extend(
        rest.into_iter()
            .filter(|value| value.to_lowercase().contains(&typed)),
    );
    let all = first.len();
    first.truncate(CompletionInfo::MAX_VALUES);
    let total = u32::try_from(all).ok();
    let more = all > first.len();
    CompletionInfo::with_pagination(first, total, more).unwrap_or_default()
}
