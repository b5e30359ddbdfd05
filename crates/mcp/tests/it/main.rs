//! The MCP face over an in-process connection, in both lifecycles of the protocol.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, too"
)]

mod asking;
mod commands;
mod confirmation;
mod deadlines;
mod http;
mod http_client;
mod migrations;
mod offered;
mod offers;
mod promotion;
mod results;
mod schemas;
mod support;
mod tasks;
mod tools;
mod words;
