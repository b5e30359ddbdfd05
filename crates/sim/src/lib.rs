//! A strict simulated NocoBase 2.2.15 over real HTTP.

mod api;
mod archive;
mod backup;
mod clock;
mod config;
mod database;
mod environment;
mod faults;
mod journal;
mod logs;
pub mod package;
mod pattern;
mod restore;
mod seed;
mod server;
mod sim;
mod store;
mod tokens;
mod world;

pub use config::{EnvironmentConfig, LogTransport, Pace, Seed, Settings, SimConfig, SimError};
pub use environment::Environment;
pub use faults::{Fault, FaultKind, Faults, RestoreStage};
pub use journal::RequestRecord;
pub use sim::Sim;
