//! Journeys of the binary over simulated environments: what a user types, what the servers then hold, and what
//! the tool says about it. Real servers are in `tests/real`, official MCP clients in `tests/clients`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod adding;
mod approval;
mod architecture;
mod at_a_terminal;
mod bad_input;
mod bad_packages;
mod confirmation;
mod crash;
mod credentials;
mod disguises;
mod frames;
mod migration_crash;
mod migration_doubt;
mod migration_failures;
mod migration_values;
mod migrations;
mod outcomes;
mod packages;
mod promotion;
mod questions;
mod readme;
mod reports;
mod roll_back;
mod scenarios;
mod secret_sessions;
mod secrets;
mod transcripts;
