//! What the journeys stand on: the binary as a user has it, a home of its own, simulated or real environments.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a stage that cannot be set up fails its test"
)]

mod bad_packages;
mod binary;
mod secrets;
mod stage;

pub use bad_packages::{BadPackage, bad_packages};
pub use binary::{Done, binary, workspace};
pub use secrets::{first_secret, written};
pub use stage::{Stage, truncate_data};
