//! What the reader promises, as data beside the words and as properties of any sentence.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod corpus;
mod frames;
mod metamorphic;
mod names;
mod robustness;
mod support;
