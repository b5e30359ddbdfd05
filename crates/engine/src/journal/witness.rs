//! Whoever looks on while a run writes its journal, in the very process that writes it.
//!
//! This is how tests put a fault between two lines, or a death: what unwinds out of a witness takes the run with it, as
//! a `SIGKILL` at that line would, and everything after that line never happens. Readers in other processes follow the
//! file instead ([`super::Reader`]).

use std::fmt;

use super::event::Line;

/// Sees every line of a run, before and after it is on disk.
pub trait Witness: fmt::Debug + Send + Sync {
    /// The line is about to be written; what it speaks of has happened.
    fn before(&self, _line: &Line) {}

    /// The line is written; what it announces has not happened yet.
    fn after(&self, _line: &Line) {}
}
