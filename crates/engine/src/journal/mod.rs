//! The journal of a run: one folder a run, append-only JSON lines, and one total function from events to state.
//!
//! - [`Event`], [`Line`]: what can be written down; each line carries the format's version.
//! - [`RunState`]: what a sequence of events comes to; [`RunState::apply`] is the only code that changes it.
//! - [`Resumption`]: how a process that takes a run up may go on.
//! - `Journal`: the one writer of a run; an event that precedes a mutation is on disk before the mutation is sent.
//! - [`read`], [`Reader`]: any number of readers.
//!
//! Doing it is left to the run.

mod event;
mod file;
mod state;
mod witness;

pub use event::{ConfirmedBy, Event, Line, PackageRole, StepOutcome, StoredPackage};
pub(crate) use file::{Journal, create, last_overwrite, list_runs};
pub use file::{Reader, read};
pub use state::{AcceptedUpload, IllegalEvent, Phase, Resumption, RunState, StepState};
pub use witness::Witness;

/// The version of the journal's lines. A reader takes newer lines as far as it knows them; a writer refuses.
pub const JOURNAL_FORMAT: u32 = 1;
