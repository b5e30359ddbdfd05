//! NocoBase's HTTP API in NocoBase's words.

mod secret;

pub use secret::Secret;
