//! Resources: environments, plans, runs and reports to read, without a tool call.
//!
//! | address | what it holds |
//! | --- | --- |
//! | `release://environments` | the configured environments |
//! | `release://environments/{environment}` | one of them |
//! | `release://plans/{plan}` | a plan in plain lines |
//! | `release://runs` | the last runs, newest first |
//! | `release://runs/{run}` | how a run stands, as data |
//! | `release://runs/{run}/report` | its report as a document in Markdown |
//!
//! Reading asks no NocoBase server. Text from servers in it is bounded and made harmless.

use release_engine::Engine;
use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;

use crate::text::{clean, clean_value};
use crate::views::{EnvironmentView, RunView};

const JSON: &str = "application/json";
const PLAIN: &str = "text/plain";
const MARKDOWN: &str = "text/markdown";
/// The most runs in a list.
const MOST_RUNS: usize = 20;
const LONGEST_TEXT: usize = 64_000;

/// What is always there, and the last runs.
pub(crate) fn list(engine: &Engine) -> Vec<Resource> {
    let mut list = vec![
        Resource::new("release://environments", "environments")
            .with_title("Environments")
            .with_description("The configured NocoBase environments")
            .with_mime_type(JSON),
        Resource::new("release://runs", "runs")
            .with_title("Runs")
            .with_description("The last runs of this machine, newest first")
            .with_mime_type(JSON),
    ];
    // A home that cannot be read has no runs to list; `run_status` says what is wrong with it.
    for run in engine.runs(MOST_RUNS).unwrap_or_default() {
        let report = Resource::new(
            format!("release://runs/{}/report", run.run),
            format!("{}-report", run.run),
        )
        .with_title(format!("Report of {}", run.run))
        .with_description(clean(&run.summary, 300))
        .with_mime_type(MARKDOWN);
        list.push(report);
    }
    list
}

/// The addresses with something to fill in.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    [
        (
            "release://environments/{environment}",
            "environment",
            "One environment",
            JSON,
        ),
        ("release://plans/{plan}", "plan", "A plan in plain lines", PLAIN),
        ("release://runs/{run}", "run", "How a run stands", JSON),
        (
            "release://runs/{run}/report",
            "run-report",
            "A run's report: what happened when, the evidence, the way back",
            MARKDOWN,
        ),
    ]
    .into_iter()
    .map(|(address, name, title, kind)| {
        ResourceTemplate::new(address, name)
            .with_title(title)
            .with_mime_type(kind)
    })
    .collect()
}

/// The content of one address.
pub(crate) fn read(engine: &Engine, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let not_found = || ErrorData::resource_not_found(format!("no resource {:?}", clean(uri, 200)), None);
    let path = uri.strip_prefix("release://").ok_or_else(not_found)?;
    let parts: Vec<&str> = path.split('/').collect();
    let failed = |error: release_engine::EngineError| {
        ErrorData::resource_not_found(clean(&error.to_string(), 500), None)
    };
    match parts.as_slice() {
        ["environments"] => {
            let all: Vec<EnvironmentView> = engine.environments().into_iter().map(Into::into).collect();
            as_json(uri, &all)
        }
        ["environments", name] => {
            let name = engine.resolve(name).map_err(failed)?;
            let one = engine.environments().into_iter().find(|one| one.name == name);
            as_json(uri, &EnvironmentView::from(one.ok_or_else(not_found)?))
        }
        ["plans", plan] => {
            let plan = engine.load_plan(plan).map_err(failed)?;
            // Whoever has the phrase could confirm a plan that they did not ask for.
            let text = if engine.may_confirm(&plan) {
                plan.to_text()
            } else {
                plan.to_text_for_others()
            };
            Ok(as_text(uri, &text, PLAIN))
        }
        ["runs"] => {
            let runs = engine.runs(MOST_RUNS).map_err(failed)?;
            let all: Vec<RunView> = runs.iter().map(RunView::from).collect();
            as_json(uri, &all)
        }
        ["runs", run] => {
            let run = engine.find_run(Some(run)).map_err(failed)?;
            as_json(uri, &RunView::from(&engine.run(&run).map_err(failed)?))
        }
        ["runs", run, "report"] => {
            let run = engine.find_run(Some(run)).map_err(failed)?;
            let document = engine.document(&run).map_err(failed)?;
            Ok(as_text(uri, &document.to_markdown(), MARKDOWN))
        }
        _ => Err(not_found()),
    }
}

fn as_json(uri: &str, data: &impl Serialize) -> Result<ReadResourceResult, ErrorData> {
    let failed = |error: serde_json::Error| ErrorData::internal_error(error.to_string(), None);
    let mut value = serde_json::to_value(data).map_err(failed)?;
    clean_value(&mut value);
    let text = serde_json::to_string_pretty(&value).map_err(failed)?;
    let content = ResourceContents::text(text, uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![content]))
}

fn as_text(uri: &str, text: &str, kind: &str) -> ReadResourceResult {
    let content = ResourceContents::text(clean(text, LONGEST_TEXT), uri).with_mime_type(kind);
    ReadResourceResult::new(vec![content])
}
