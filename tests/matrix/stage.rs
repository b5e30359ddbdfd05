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
    tempfile::tempdir_in(memory)
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// Name, address and token of every environment.
pub(crate) fn addresses(sim: &Sim) -> Vec<[String; 3]> {
    let address = |environment: &nocobase_sim::Environment| {
        let name = environment.name().to_owned();
        [name, environment.url(), environment.token()]
    };
    sim.environments().iter().map(address).collect()
}

pub(crate) fn engine(addresses: Vec<[String; 3]>, home: &Path, rolls_back: bool) -> Engine {
    let environments = addresses
        .into_iter()
        .map(|[name, address, token]| Environment {
            name,
            api_base: ApiBase::parse(&address).unwrap(),
            credentials: Credentials::Token(Secret::new(token)),
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
            poll: Duration::from_millis(60),
            poll_slow: Duration::from_millis(120),
            early: Duration::from_millis(120),
            settle: Duration::from_millis(2400),
            no_restart: Duration::from_millis(3600),
            broken: Duration::from_millis(2000),
        },
        client: ClientOptions {
            connect_timeout: Duration::from_secs(8),
            read_timeout: Duration::from_secs(8),
            stall_timeout: Duration::from_secs(8),
            upload_answer_timeout: Duration::from_secs(12),
            retry_pause: Duration::from_millis(80),
            ..ClientOptions::default()
        },
        runner: Vec::new(),
    })
}
