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
//! - `intent`: the result's types
//! - `known`: the closed list of environments
//! - `batch`: one JSON line in, one JSON line out
#![warn(missing_docs)]

mod batch;
mod intent;
mod known;
mod reading;

pub use batch::{BatchError, batch_line};
pub use intent::{
    Action, EnvironmentRef, Intent, PackageRef, RuleRef, Slot, Span, Spans, SystemMethod, UserMethod,
};
pub use known::Known;
pub use reading::{Explanation, Mood, Question, Reading, Suggestion, Word};

/// Reads `text` against the closed list of environments.
pub fn read(text: &str, known: &Known) -> Reading {
    let _ = (text, known);
    Reading {
        intent: Intent {
            action: None,
            source: None,
            target: None,
            package: None,
            rule: None,
            clarify: vec![Slot::Action],
            language: "en".to_owned(),
            spans: Spans::default(),
        },
        suggestions: Vec::new(),
        explanation: Explanation {
            rule: "nothing_understood".to_owned(),
            mood: Mood::Request,
            words: Vec::new(),
            left_over: Vec::new(),
        },
    }
}

/// What to ask the user, in the user's language, one question for each slot to clarify.
pub fn questions(reading: &Reading, known: &Known) -> Vec<Question> {
    reading
        .intent
        .clarify
        .iter()
        .map(|slot| Question {
            slot: *slot,
            text: format!("{slot}?"),
            choices: match slot {
                Slot::Source | Slot::Target => known.names().map(str::to_owned).collect(),
                Slot::Action | Slot::Package => Vec::new(),
            },
        })
        .collect()
}
