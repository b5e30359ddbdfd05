//! Journeys of the binary over simulated environments: what a user types, what the servers then hold, and what
//! the tool says about it. Real servers are in `tests/real`, official MCP clients in `tests/clients`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod architecture;
mod bad_input;
mod confirmation;
mod crash;
mod outcomes;
mod readme;
mod roll_back;
mod scenarios;
mod secrets;
mod transcripts;
