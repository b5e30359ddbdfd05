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
//! - `normal`, `accent`, `script`: one form for every text, with the way back to the original
//! - `words`, `prefix`: the words of all languages and their roles, from `prompts/`
//! - `tokens`, `cut`, `inflect`, `join`, `package`, `quote`: environments, files, words, quotations
//! - `clause`, `correct`: clauses; contrasts taken out, names put right
//! - `act`, `mood`: what a clause is about, and whether it is asked for
//! - `mention`, `sides`, `pack`, `method`, `leftover`, `frame`: who is named on which side, which
//!   package, which rule, and what is left over
//! - `reader`, `part`, `decide`, `request`: the clauses decide together
//! - `finish`, `suggest`, `question`: what is missing, what may have been meant, what to ask
//! - `intent`, `reading`, `known`, `batch`: the types that go in and out

mod accent;
mod act;
mod batch;
mod clause;
mod correct;
mod cut;
mod decide;
mod finish;
mod frame;
mod inflect;
mod intent;
mod join;
mod known;
mod leftover;
mod mention;
mod method;
mod mood;
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
mod script;
mod sides;
mod suggest;
mod tokens;
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
