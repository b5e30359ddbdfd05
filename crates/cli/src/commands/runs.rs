//! The journal for people: what ran, how it stands, what to finish.

use std::io::Read as _;
use std::path::Path;

use release_engine::{EngineError, RunReport, RunSecrets, RunStanding};

use super::{Context, releases};
use crate::arguments::Runs;
use crate::exit::Exit;
use crate::{follow, output, page, settings};

pub(crate) async fn run(context: &Context, what: Runs) -> Result<Exit, EngineError> {
    match what {
        Runs::List { limit } => list(context, limit),
        Runs::Show { run, follow } => show(context, run.as_deref(), follow).await,
        Runs::Report { run, html, out } => report(context, run.as_deref(), html, out.as_deref()),
        Runs::Resume { run, secrets } => {
            let run = context.engine.find_run(run.as_deref())?;
            let follower = context.engine.resume(&run, &settings::secrets(&secrets)?)?;
            let report = follow::to_the_end(&context.engine, &run, follower).await?;
            releases::show_run(context, &report);
            Ok(Exit::from(&report))
        }
    }
}

pub(crate) fn list(context: &Context, limit: usize) -> Result<Exit, EngineError> {
    let runs = context.engine.runs(limit)?;
    if context.globals.json {
        output::json(&runs);
    } else if runs.is_empty() {
        output::talk("nothing ran yet");
    } else {
        let lines: Vec<String> = runs.iter().map(one_line).collect();
        output::data(&lines.join("\n"));
    }
    Ok(Exit::Verified)
}

pub(crate) async fn show(context: &Context, run: Option<&str>, following: bool) -> Result<Exit, EngineError> {
    let run = context.engine.find_run(run)?;
    let report = if following {
        follow::follow(&context.engine, &run).await?
    } else {
        context.engine.run(&run)?
    };
    releases::show_run(context, &report);
    Ok(if following {
        Exit::from(&report)
    } else {
        Exit::Verified
    })
}

fn report(context: &Context, run: Option<&str>, html: bool, out: Option<&Path>) -> Result<Exit, EngineError> {
    let run = context.engine.find_run(run)?;
    let mut document = context.engine.document(&run)?;
    if context.globals.json {
        output::json(&serde_json::json!({ "report": document.report, "timeline": document.timeline }));
        return Ok(Exit::Verified);
    }
    for command in &mut document.report.next {
        *command = output::runnable(command);
    }
    let text = if html {
        page::page(&document)
    } else {
        document.to_markdown()
    };
    output::document(&text, out)?;
    Ok(Exit::Verified)
}

/// The hidden command that executes a run in a process of its own. Secrets come by the pipe on stdin.
pub(crate) async fn execute(context: &Context, run: &str) -> Result<Exit, EngineError> {
    let mut piped = Vec::new();
    let read = std::io::stdin().lock().take(64 * 1024).read_to_end(&mut piped);
    read.map_err(|source| EngineError::Local {
        what: "cannot read the pipe".into(),
        source,
    })?;
    ignore_hang_ups();
    let run = context.engine.find_run(Some(run))?;
    context
        .engine
        .execute(&run, RunSecrets::from_pipe(&piped))
        .await?;
    Ok(Exit::Verified)
}

/// A terminal or a client that goes away does not stop a restore half-way.
fn ignore_hang_ups() {
    #[cfg(unix)]
    if let Ok(mut hang_ups) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        tokio::spawn(async move { while hang_ups.recv().await.is_some() {} });
    }
}

fn one_line(report: &RunReport) -> String {
    let standing = match (report.state, report.verdict) {
        (RunStanding::Ended, Some(verdict)) => verdict.as_str(),
        (RunStanding::Interrupted, _) => "interrupted",
        (RunStanding::Created, _) => "created",
        (RunStanding::Running | RunStanding::Ended, _) => "running",
    };
    format!("{}  {standing:<22}  {}", report.run, report.summary)
}
