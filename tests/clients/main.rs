//! The MCP server as official clients see it: the conformance suite, the Python and TypeScript SDKs and the Inspector,
//! over stdio and HTTP, in both lifecycles of the protocol, against the simulation. And the simulation itself as
//! NocoBase's own command line sees it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod conformance;
mod end;
mod inspector;
mod nb;
mod python;
mod tools;
mod typescript;
