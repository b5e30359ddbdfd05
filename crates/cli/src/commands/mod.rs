//! One file a command. Each reads its arguments, calls the engine, and shows what comes back.

mod ask;
mod doctor;
mod environments;
mod mcp;
mod packages;
mod parse;
mod releases;
mod rules;
mod runs;
mod sandbox;

use std::path::Path;

use release_engine::{Engine, EngineError};

use crate::arguments::{Arguments, Command, Globals, completions};
use crate::exit::Exit;
use crate::output;
use crate::sandbox::Sandbox;
use crate::settings;

/// What a command needs.
pub(crate) struct Context {
    pub(crate) engine: Engine,
    pub(crate) globals: Globals,
    /// Remarks of the settings, for `doctor`.
    remarks: Vec<String>,
    /// Keeps the simulated servers alive as long as the command runs.
    sandbox: Option<Sandbox>,
}

impl Context {
    async fn open(globals: Globals) -> Result<Self, EngineError> {
        if globals.sandbox {
            let sandbox = Sandbox::open(&globals).await?;
            let settings = sandbox.settings(&globals)?;
            return Ok(Self {
                engine: Engine::new(settings),
                globals,
                remarks: Vec::new(),
                sandbox: Some(sandbox),
            });
        }
        let loaded = settings::load(&globals)?;
        Ok(Self {
            engine: Engine::new(loaded.engine),
            globals,
            remarks: loaded.remarks,
            sandbox: None,
        })
    }

    /// The name as given, or the current environment.
    fn environment(&self, name: Option<&str>) -> Result<String, EngineError> {
        self.engine.resolve(name.unwrap_or("@current"))
    }
}

/// Runs a command to its exit code.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let as_json = arguments.globals.json;
    output::show_commands_as(&arguments.globals);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(source) => {
            output::error(
                &EngineError::Local {
                    what: "cannot start".into(),
                    source,
                },
                as_json,
            );
            return Exit::Failed;
        }
    };
    match runtime.block_on(dispatch(arguments)) {
        Ok(exit) => exit,
        Err(error) => {
            output::error(&error, as_json);
            Exit::from(&error)
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<Exit, EngineError> {
    let globals = arguments.globals;
    match arguments.command {
        // Reading sentences needs no settings when the environments are given.
        Command::Parse(parse) => parse::run(&globals, parse).await,
        Command::Sandbox { reset } => sandbox::run(globals, reset).await,
        Command::Completions { shell } => {
            output::document(&completions(shell), None)?;
            Ok(Exit::Verified)
        }
        command => match (Context::open(globals.clone()).await, command) {
            (Ok(context), command) => with_context(context, command).await,
            (Err(error), Command::Doctor) => Ok(doctor::without_settings(&globals, &error)),
            (Err(error), _) => Err(error),
        },
    }
}

async fn with_context(context: Context, command: Command) -> Result<Exit, EngineError> {
    match command {
        Command::Ask {
            sentence,
            consent,
            secrets,
        } => ask::run(&context, &sentence, &consent, &secrets).await,
        Command::Plan { what, out } => releases::plan(&context, what, out.as_deref()).await,
        Command::Apply {
            plan,
            confirm,
            secrets,
        } => releases::apply(&context, &plan, confirm.as_deref(), &secrets).await,
        Command::Approve { plan } => releases::approve(&context, &plan),
        Command::Backup { what, secrets } => releases::backup(&context, &what, &secrets).await,
        Command::Restore {
            what,
            consent,
            secrets,
        } => releases::restore(&context, &what, &consent, &secrets).await,
        Command::Migrate {
            what,
            consent,
            secrets,
        } => releases::migrate(&context, &what, &consent, &secrets).await,
        Command::Rules { what } => rules::run(&context, what).await,
        Command::Drill {
            what,
            consent,
            secrets,
        } => releases::drill(&context, &what, &consent, &secrets).await,
        Command::Undo {
            what,
            consent,
            secrets,
        } => releases::undo(&context, &what, &consent, &secrets).await,
        Command::Runs { what } => runs::run(&context, what).await,
        Command::Packages { what } => packages::run(&context, what).await,
        Command::Envs { what } => environments::run(&context, what).await,
        Command::Doctor => doctor::run(&context).await,
        Command::Mcp(options) => mcp::run(&context, options).await,
        Command::Execute { run } => runs::execute(&context, &run).await,
        Command::Parse(_) | Command::Sandbox { .. } | Command::Completions { .. } => Ok(Exit::Usage),
    }
}

/// A path as people write it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
