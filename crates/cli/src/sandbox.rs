//! The sandbox: simulated environments dev, test and prod that any command can run against.
//!
//! The first process that needs them serves them, and keeps their content in a folder, so that one command can
//! undo what an earlier one did. Other processes (the one that executes a run, a second terminal) find the
//! servers by the file that the first one writes. Nothing of this touches real settings.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nocobase_client::{ApiBase, ClientOptions, Credentials, Environment, Origin, Secret};
use nocobase_sim::{Pace as SimPace, Sim, SimConfig};
use release_engine::{Engine, EngineError, EngineSettings, Home, Pace, Policy, RunStanding};
use serde::{Deserialize, Serialize};

use crate::arguments::Globals;
use crate::settings;

/// Counts what the sandbox's folder holds. One that an earlier version made is made anew: it is there to play with.
const FORMAT: &str = "2";
/// How long a process that ends goes on serving for a run that is on.
const FOR_RUNS: Duration = Duration::from_secs(120);

/// The sandbox as this process has it.
pub(crate) struct Sandbox {
    /// The servers, when this process serves them; they end with it.
    sim: Option<Sim>,
    pub(crate) servers: Vec<Server>,
    folder: PathBuf,
}

/// Where a simulated server is. Its token opens nothing but the simulation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) account: String,
    pub(crate) password: String,
}

impl Sandbox {
    /// Serves the sandbox, or finds the process that does.
    pub(crate) async fn open(globals: &Globals) -> Result<Self, EngineError> {
        let folder = settings::home(globals).join("release-sandbox");
        fs::create_dir_all(&folder).map_err(|source| failed("cannot make the sandbox's folder", source))?;
        let file = folder.join("servers.json");
        let start = || {
            let config = SimConfig::sandbox().with_pace(SimPace::lifelike());
            Sim::start(config.with_folder(folder.join("environments")))
        };
        let format = folder.join("format");
        let started = match start().await {
            // Nobody else serves it, so it can be made anew.
            Ok(sim) if fs::read_to_string(&format).ok().as_deref() != Some(FORMAT) => {
                drop(sim);
                Self::reset(globals)?;
                fs::create_dir_all(&folder)
                    .and_then(|()| fs::write(&format, FORMAT))
                    .map_err(|source| failed("cannot make the sandbox's folder", source))?;
                start().await
            }
            started => started,
        };
        match started {
            Ok(sim) => {
                let servers: Vec<Server> = sim
                    .environments()
                    .iter()
                    .map(|environment| Server {
                        name: environment.name().to_owned(),
                        url: environment.url(),
                        token: environment.token(),
                        account: environment.account().to_owned(),
                        password: environment.password().to_owned(),
                    })
                    .collect();
                let text = serde_json::to_vec(&servers).unwrap_or_default();
                fs::write(&file, text).map_err(|source| failed("cannot write the sandbox's file", source))?;
                Ok(Self {
                    sim: Some(sim),
                    servers,
                    folder,
                })
            }
            Err(nocobase_sim::SimError::FolderInUse(_)) => {
                let servers = find(&file).await?;
                Ok(Self {
                    sim: None,
                    servers,
                    folder,
                })
            }
            Err(error) => Err(failed("cannot start the sandbox", std::io::Error::other(error))),
        }
    }

    /// Where this process serves it: waits, for a while, until no run needs the servers any more.
    pub(crate) async fn stay_for_runs(&self, engine: &Engine) {
        let needed = || {
            let runs = engine.runs(20).unwrap_or_default();
            runs.iter()
                .any(|run| matches!(run.state, RunStanding::Running | RunStanding::Created))
        };
        let until = tokio::time::Instant::now() + FOR_RUNS;
        while self.sim.is_some() && needed() && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Forgets what was done in it; only while nobody serves it.
    pub(crate) fn reset(globals: &Globals) -> Result<(), EngineError> {
        let folder = settings::home(globals).join("release-sandbox");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(failed("cannot empty the sandbox's folder", error))
            }
            _ => Ok(()),
        }
    }

    /// Settings for the engine: the sandbox's environments, its own home, a quicker pace.
    pub(crate) fn settings(&self, globals: &Globals) -> Result<EngineSettings, EngineError> {
        let environments = self.servers.iter().map(|server| {
            Ok(Environment {
                name: server.name.clone(),
                api_base: ApiBase::parse(&server.url)?,
                credentials: Credentials::Token(Secret::new(server.token.clone())),
                fallback: None,
                role: None,
                aliases: Vec::new(),
                origin: Origin::Sandbox,
            })
        });
        Ok(EngineSettings {
            home: Home::new(self.folder.join("home")),
            environments: environments.collect::<Result<_, nocobase_client::Error>>()?,
            unusable: BTreeMap::new(),
            current: Some("dev".into()),
            // Where the sandbox's servers ended with the command that served them, nobody waits for long.
            policy: Policy {
                watch_minutes: 1,
                ..Policy::default()
            },
            pace: Pace {
                poll: Duration::from_millis(120),
                poll_slow: Duration::from_millis(250),
                early: Duration::from_millis(300),
                settle: Duration::from_secs(2),
                no_restart: Duration::from_secs(5),
                broken: Duration::from_secs(3),
            },
            client: ClientOptions::default(),
            runner: settings::runner(globals),
        })
    }
}

/// The process that serves the sandbox may have been faster with its lock than with its file.
async fn find(file: &Path) -> Result<Vec<Server>, EngineError> {
    for _ in 0..50 {
        if let Ok(bytes) = fs::read(file)
            && let Ok(servers) = serde_json::from_slice::<Vec<Server>>(&bytes)
        {
            return Ok(servers);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(failed(
        "another process serves the sandbox, but does not say where",
        std::io::Error::other("no servers.json"),
    ))
}

fn failed(what: &str, source: std::io::Error) -> EngineError {
    EngineError::Local {
        what: what.to_owned(),
        source,
    }
}
