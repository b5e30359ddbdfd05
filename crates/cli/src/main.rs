//! The binary `nocobase-release`: settings, commands, printing and exit codes over the engine.
//!
//! | module | what it is for |
//! | --- | --- |
//! | `arguments` | the command line's shape |
//! | `settings` | the only reader of environment variables and settings files |
//! | `sandbox` | simulated environments that any command can run against |
//! | `commands` | one file a command, each a few calls of the engine |
//! | `follow` | a run's journal as progress on the terminal |
//! | `output`, `exit` | the only printer, and the documented exit codes |
//!
//! What a release is and how it is done is the engine's.

mod arguments;
mod commands;
mod exit;
mod follow;
mod output;
mod page;
mod sandbox;
mod settings;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = arguments::parse();
    settings::start_logging(arguments.globals.verbose);
    commands::run(arguments).into()
}
