//! The client against a small server of its own that replays recorded exchanges and fails on demand.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, too"
)]

mod calls;
mod errors;
mod failures;
mod logs;
mod migration_contract;
mod migrations;
mod nb_cli;
mod oauth;
mod secrets;
mod server;
mod sessions;
mod transfers;
