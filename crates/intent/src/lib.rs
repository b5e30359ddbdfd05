//! Reads a sentence and says what release it asks for.
//!
//! [`read`] turns text into a [`Reading`]: an [`Intent`] that is complete, or one that names in
//! [`Intent::clarify`] what must be asked first, or one whose action is harmless (`help`, `none`).
//! The crate is pure: no clock, no input or output, no async, and no word of any human language in
//! its code; words live in `prompts/`.
//!
//! It only proposes. Nothing here plans, confirms or runs anything, and an [`Intent`] has no field
//! with which a sentence could confirm or skip anything.
//!
//! The way of a sentence through the modules:
//! - one form for every text, with the way back to the original: `normal`, `accent`, `script`
//! - the words of all languages and their roles, from `prompts/`: `words`, `prefix`
//! - tokens: `cut` with `boundary`, `inflect`, `package`, `quote`, `unknown`; then `join`, `slip`,
//!   `label`, `settle`, `method`, `correct`, `contrast` put them right
//! - clauses: `split` and `merge` make a `clause` each; `part` holds all that is found in one
//! - what a clause is about, and whether it is asked for: `act`, `mood` with `asking` and `telling`
//! - who is named on which side: `mention` with `marker` and `naming`, then `sides`
//! - what the clause asks for: `frame` with `verb`, `pack`, `method` and `leftover`
//! - the clauses together: `reader`, `carry`, `restate`, `fragment`, `decide`, `surround`, `request`, `inherit`
//! - what is missing, what may have been meant, what to ask: `finish`, `suggest`, `question`
//! - the types that go in and out: `intent`, `reading`, `known`, `batch`

mod accent;
mod act;
mod asking;
mod batch;
mod boundary;
mod carry;
mod clause;
mod contrast;
mod correct;
mod cut;
mod decide;
mod effect;
mod finish;
mod fragment;
mod frame;
mod inflect;
mod inherit;
mod intent;
mod join;
mod known;
mod label;
mod leftover;
mod marker;
mod mention;
mod merge;
mod method;
mod mood;
mod naming;
mod normal;
mod pack;
mod package;
mod part;
mod prefix;
mod question;
mod quote;
mod reader;
mod reading;
mod request;
mod restate;
mod script;
mod settle;
mod sides;
mod slip;
mod split;
mod suggest;
mod surround;
mod telling;
mod tokens;
mod unknown;
mod verb;
mod why;
mod words;

pub use batch::{BatchError, batch_line};
pub use intent::{
    Action, EnvironmentRef, Intent, PackageRef, RuleRef, Slot, Span, Spans, SystemMethod, UserMethod,
};
pub use known::Known;
pub use question::questions;
pub use reader::read;
pub use reading::{Choice, Explanation, Mood, Question, Reading, Suggestion, Word};
pub use words::supported_languages;
