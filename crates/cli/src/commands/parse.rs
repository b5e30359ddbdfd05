//! How sentences are read, one by one or in a batch. Nothing is done.

use std::io::{self, BufRead as _, BufWriter, Write as _};

use release_engine::EngineError;
use release_intent::{BatchError, Known, Reading, batch_line, read};

use super::Context;
use crate::arguments::{Globals, Parse};
use crate::exit::Exit;
use crate::output;

pub(crate) async fn run(globals: &Globals, parse: Parse) -> Result<Exit, EngineError> {
    if parse.batch {
        return batch().map_err(|source| EngineError::Local {
            what: "cannot read or write the batch".into(),
            source,
        });
    }
    let text = parse.text.unwrap_or_default();
    let reading = if parse.environments.is_empty() {
        Context::open(globals.clone()).await?.engine.read(&text)
    } else {
        read(
            &text,
            &Known::from_names(parse.environments, parse.current.as_deref()),
        )
    };
    if globals.json {
        output::json(&reading);
    } else {
        output::data(&in_words(&reading, parse.explain));
    }
    Ok(Exit::Verified)
}

/// Lines in, lines out, in the same order; a bad line yields an error line and the exit code of wrong usage.
fn batch() -> io::Result<Exit> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Verified;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match batch_line(&line) {
            Ok(answer) => writeln!(out, "{answer}")?,
            Err(BatchError { id, reason }) => {
                exit = Exit::Usage;
                writeln!(out, "{}", serde_json::json!({ "id": id, "error": reason }))?;
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

fn in_words(reading: &Reading, explain: bool) -> String {
    let intent = &reading.intent;
    let word = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let mut lines = vec![
        format!(
            "action:   {}",
            word(intent.action.map(|action| action.to_string()))
        ),
        format!(
            "source:   {}",
            word(intent.source.as_ref().map(ToString::to_string))
        ),
        format!(
            "target:   {}",
            word(intent.target.as_ref().map(ToString::to_string))
        ),
        format!(
            "package:  {}",
            word(intent.package.as_ref().map(|package| package.as_str().to_owned()))
        ),
        format!("language: {}", intent.language),
    ];
    if !intent.clarify.is_empty() {
        let slots: Vec<String> = intent.clarify.iter().map(ToString::to_string).collect();
        lines.push(format!("to ask:   {}", slots.join(", ")));
    }
    for suggestion in &reading.suggestions {
        lines.push(format!(
            "unknown:  {:?}, near: {}",
            suggestion.written,
            suggestion.nearest.join(", ")
        ));
    }
    if explain {
        let explanation = &reading.explanation;
        lines.push(format!("rule:     {} ({:?})", explanation.rule, explanation.mood));
        for used in &explanation.words {
            lines.push(format!("  {:<20} {}", used.text, used.role));
        }
        for left in &explanation.left_over {
            lines.push(format!("  {:<20} left over", left.text));
        }
    }
    lines.join("\n")
}
