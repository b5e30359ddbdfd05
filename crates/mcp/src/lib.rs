//! The engine as MCP tools; the only crate that knows rmcp.
//!
//! | module | what it is for |
//! | --- | --- |
//! | `handler` | [`Handler`]: what the server is, its tool list, and the guard around every call |
//! | `serve` | [`serve_stdio`], [`serve_http`]: the life of a server, to its end |
//! | `stdio`, `message` | lines on stdin and stdout, and answers to what is no message |
//! | `http` | [`HttpServer`]: many clients over Streamable HTTP, told apart by their tokens |
//! | `tools` | one file a tool: its arguments, its hints, its result, its call |
//! | `call` | whether a call is one of a tool there is, with arguments it takes |
//! | `arguments` | what a caller may pass, checked in code, because schemas are not enforced |
//! | `ask` | asking the person at the client, in both lifecycles of the protocol |
//! | `follow`, `fetches` | waiting within a call for what goes on by itself: runs, packages on their way |
//! | `prompts`, `resources`, `completions`, `skill` | what people pick and read, and what teaches assistants |
//! | `manifest` | [`manifest`]: `skill-manifest.json`, made from all of these |
//! | `tasks` | the tasks extension, for clients that speak it |
//! | `aliases` | other names of tools |
//! | `offered` | which tools may be named, where a server offers a few only |
//! | `runnable` | commands in what is given out, as a person can type them |
//! | `reply`, `views`, `text`, `schema` | results, their parts, foreign text made harmless, portable schemas |
//!
//! What the tools tell models is language and lives in `prompts/mcp/`. Decisions (what a sentence means, what
//! blocks a plan, what confirms it, how a run ended) are the engine's; this crate passes them on. Runs are
//! executed by processes of their own, so nothing is lost when a client ends its server.

mod aliases;
mod arguments;
mod ask;
mod call;
mod completions;
mod deadline;
mod fetches;
mod follow;
mod handler;
mod http;
mod manifest;
mod message;
mod offered;
mod prompts;
mod reply;
mod resources;
mod runnable;
mod schema;
mod serve;
mod skill;
mod stdio;
mod tasks;
mod text;
mod tools;
mod views;

pub use handler::{Handler, UnknownTool};
pub use http::{HttpError, HttpLimits, HttpOptions, HttpServer, TlsFiles, TokenError, Tokens};
pub use manifest::manifest;
pub use serve::{ServeError, serve_http, serve_stdio};
