//! The only printer. stdout is data, stderr is talk.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::OnceLock;

use nocobase_client::Secret;
use release_engine::{CommandLine, EngineError};
use serde::Serialize;

use crate::arguments::Globals;

/// How this binary was called, with the options that decide what it works on.
static COMMAND: OnceLock<CommandLine> = OnceLock::new();

/// Commands that are shown shall run as they stand: in the sandbox, and in another home.
pub(crate) fn show_commands_as(globals: &Globals) {
    // Only the first call counts, and there is only one.
    COMMAND.get_or_init(|| CommandLine::new(globals.sandbox, globals.home.as_deref()));
}

/// The text with its commands as they can be typed here.
pub(crate) fn runnable(text: &str) -> String {
    match COMMAND.get() {
        Some(command) => command.runnable(text),
        None => text.to_owned(),
    }
}

/// Data for people.
pub(crate) fn data(text: &str) {
    write(&mut io::stdout().lock(), &runnable(text));
}

/// A document whose commands are runnable already: to stdout, or into a file that must not exist yet.
pub(crate) fn document(text: &str, out: Option<&Path>) -> Result<(), EngineError> {
    let Some(path) = out else {
        write(&mut io::stdout().lock(), text);
        return Ok(());
    };
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(harmless(text).as_bytes()));
    written.map_err(|source| EngineError::Local {
        what: format!("cannot write {}", path.display()),
        source,
    })?;
    talk(&format!("written to {}", path.display()));
    Ok(())
}

/// Data, as JSON.
pub(crate) fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => write(&mut io::stdout().lock(), &text),
        Err(error) => talk(&format!("error: cannot write the result as JSON: {error}")),
    }
}

/// Talk.
pub(crate) fn talk(text: &str) {
    write(&mut io::stderr().lock(), &runnable(text));
}

/// An error: what happened, and what to do.
pub(crate) fn error(error: &EngineError, as_json: bool) {
    let report = error.report();
    if as_json {
        json(&serde_json::json!({ "error": report }));
    }
    talk(&format!("error: {} [{}]", report.message, report.code));
    if !report.next_step.is_empty() {
        talk(&format!("what to do: {}", report.next_step));
    }
}

/// Whether a person can be asked.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal; none at the end of input.
pub(crate) fn ask(question: &str) -> Option<String> {
    let mut stderr = io::stderr().lock();
    let asked = write!(stderr, "{question} ").and_then(|()| stderr.flush());
    drop(stderr);
    let mut answer = String::new();
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    match read {
        Ok(length) if length > 0 => Some(answer.trim().to_owned()),
        _ => None,
    }
}

/// The text without what a terminal obeys: names and messages come from servers.
fn harmless(text: &str) -> String {
    let kept = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    text.chars()
        .map(|letter| if kept(letter) { letter } else { '\u{fffd}' })
        .collect()
}

/// Asks on the terminal for something that is not shown while it is typed; none where nothing is.
pub(crate) fn ask_secret(question: &str) -> Option<Secret> {
    let terminal = console::Term::stderr();
    let typed = write!(&terminal, "{question} ").and_then(|()| terminal.read_secure_line());
    typed.ok().filter(|typed| !typed.is_empty()).map(Secret::new)
}

/// A reader that went away (`| head`) is not our problem.
fn write(stream: &mut impl io::Write, text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let text = harmless(text);
    let written = write!(stream, "{text}{end}").and_then(|()| stream.flush());
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        tracing::debug!(%error, "cannot write");
    }
}
