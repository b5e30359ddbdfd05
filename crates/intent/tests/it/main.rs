//! What the reader promises, as data beside the words and as properties of any sentence.

mod corpus;
mod metamorphic;
mod names;
mod robustness;
mod support;
