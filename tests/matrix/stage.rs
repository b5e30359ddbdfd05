//! What a case stands on: a home that is gone afterwards, and an engine at the pace of the simulation.

use std::path::Path;
use std::time::Duration;

use nocobase_client::{ApiBase, ClientOptions, Credentials, Environment, Origin, Secret};
use nocobase_sim::Sim;
use release_engine::{Engine, EngineSettings, Home, Pace, Policy, RollBack};
use tempfile::TempDir;

/// In memory where the system offers that: thousands of journals reach the disk line by line.
pub(crate) fn home() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn engine(sim: &Sim, home: &Path, rolls_back: bool) -> Engine {
    let environments = sim
        .environments()
        .iter()
        .map(|environment| Environment {
            name: environment.name().to_owned(),
            api_base: ApiBase::parse(&environment.url()).unwrap(),
            credentials: Credentials::Token(Secret::new(environment.token())),
            fallback: None,
            role: None,
            aliases: Vec::new(),
            origin: Origin::Settings,
        })
        .collect();
    Engine::new(EngineSettings {
        home: Home::new(home),
        environments,
        unusable: std::collections::BTreeMap::new(),
        current: Some("test".into()),
        policy: Policy {
            watch_minutes: 1,
            roll_back: if rolls_back {
                RollBack::Damaged
            } else {
                RollBack::Never
            },
            ..Policy::default()
        },
        // The relations are those of the defaults to a real server: it settles for longer than a revert takes.
        pace: Pace {
            poll: Duration::from_millis(15),
            poll_slow: Duration::from_millis(30),
            early: Duration::from_millis(30),
            settle: Duration::from_millis(600),
            no_restart: Duration::from_millis(900),
            broken: Duration::from_millis(500),
        },
        client: ClientOptions {
            connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(2),
            stall_timeout: Duration::from_secs(2),
            upload_answer_timeout: Duration::from_secs(3),
            retry_pause: Duration::from_millis(20),
            ..ClientOptions::default()
        },
        runner: Vec::new(),
    })
}
