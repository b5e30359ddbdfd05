//! Facts, plan, confirmation, execution, evidence, verdict, undo, over a journal.

mod finding;
pub mod package;

pub use finding::{Finding, Severity};
