//! Starting and ending a simulation.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::config::{SimConfig, SimError};
use crate::environment::Environment;
use crate::server::Server;
use crate::store;
use crate::world::World;

/// A running simulation: one HTTP server an environment. Dropping it closes them all.
#[derive(Debug)]
pub struct Sim {
    environments: Vec<Environment>,
    /// Held so that no second simulation writes into the same folder.
    _folder_lock: Option<File>,
}

impl Sim {
    /// Starts every environment; they answer when this returns.
    ///
    /// # Errors
    /// When a port cannot be opened, or the folder is in use or unreadable.
    pub async fn start(config: SimConfig) -> Result<Self, SimError> {
        let folder_lock = config.folder.as_deref().map(store::lock).transpose()?;
        let mut environments = Vec::new();
        for environment in config.environments {
            let folder = config
                .folder
                .as_ref()
                .map(|folder| folder.join(&environment.name));
            let loaded = folder.as_deref().map(store::load).transpose()?.flatten();
            let (state, last_port) = match loaded {
                Some(kept) => (kept.state, Some(kept.port)),
                None => {
                    let seed = environment.seed;
                    let mut state = crate::seed::state(&environment.name, seed, environment.settings);
                    state.token_secret = environment.app_key.unwrap_or(state.token_secret);
                    (state, None)
                }
            };
            let server = Server::reserve(environment.port.or(last_port))
                .await
                .map_err(SimError::Listen)?;
            let world = World::new(environment.name, config.pace, folder, server, state);
            store::try_keep(&world)?;
            world
                .server
                .open(Arc::clone(&world))
                .await
                .map_err(SimError::Listen)?;
            environments.push(Environment { world });
        }
        Ok(Self {
            environments,
            _folder_lock: folder_lock,
        })
    }

    /// Where the environments of a folder listen while a simulation runs over it, and with which key.
    ///
    /// A second process cannot start over the same folder, but it can call what the first one serves.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn addresses(folder: &Path) -> Result<Vec<Address>, SimError> {
        store::addresses(folder)
    }

    /// The environment of this name.
    ///
    /// # Panics
    /// When the simulation was started without it.
    #[expect(
        clippy::panic,
        reason = "a test that names an environment it did not start is wrong"
    )]
    pub fn environment(&self, name: &str) -> Environment {
        match self
            .environments
            .iter()
            .find(|environment| environment.name() == name)
        {
            Some(environment) => environment.clone(),
            None => panic!("the simulation has no environment {name}"),
        }
    }

    /// All environments, in the order of the configuration.
    pub fn environments(&self) -> &[Environment] {
        &self.environments
    }

    /// The violations of all environments, each with the environment's name.
    pub fn violations(&self) -> Vec<String> {
        let of = |environment: &Environment| {
            let name = environment.name().to_owned();
            environment
                .violations()
                .into_iter()
                .map(move |text| format!("{name}: {text}"))
        };
        self.environments.iter().flat_map(of).collect()
    }
}

/// Where an environment of another process listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The environment's name.
    pub name: String,
    /// The base of its API.
    pub url: String,
    /// The administrator's API key.
    pub token: String,
}

impl Drop for Sim {
    fn drop(&mut self) {
        for environment in &self.environments {
            environment.world.shut_down();
        }
    }
}
