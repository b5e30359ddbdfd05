//! The simulated server over real HTTP, as a client meets it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod backups;
mod caller;
mod faults;
mod migrations;
mod recorded;
mod restores;
mod sandbox;
mod strictness;
mod tokens;
