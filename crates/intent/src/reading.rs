//! What comes with an intent: suggestions for unknown names, an explanation, questions to ask.

use crate::intent::{Intent, Slot, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Do it.
    Request,
    /// Do not do it.
    Negated,
    /// Asked about: how, which, why.
    Question,
    /// What if.
    Hypothetical,
    /// It was done.
    Past,
    /// Someone else's words.
    Quoted,
}

/// An unknown name, and known names like it; never applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suggestion {
    /// The side the unknown name stands on; null when that is not clear.
    pub slot: Option<Slot>,
    /// The name as written.
    pub written: String,
    /// Where it stands.
    pub span: Span,
    /// Known names like it, nearest first.
    pub nearest: Vec<String>,
}

/// A word of the text and the part it played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// As written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// The part it played, for people to read.
    pub role: String,
}

/// Why a sentence was read as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The rule that fired.
    pub rule: String,
    /// How the sentence is meant.
    pub mood: Mood,
    /// Words that were used.
    pub words: Vec<Word>,
    /// Words that were not understood.
    pub left_over: Vec<Word>,
}

/// The whole result of reading a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// What is asked for.
    pub intent: Intent,
    /// Unknown names and what may have been meant.
    pub suggestions: Vec<Suggestion>,
    /// Why it was read so.
    pub explanation: Explanation,
}

/// A question back to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// What the answer fills.
    pub slot: Slot,
    /// The question, in the user's language.
    pub text: String,
    /// Answers to choose from; empty when any text may answer.
    pub choices: Vec<Choice>,
}

/// One answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// What fills the slot: an action's or environment's name, a package, `@latest`, `@verified`, or `@new` for a new backup.
    pub value: String,
    /// The same in the user's language.
    pub label: String,
}

impl Question {
    /// The choice that an answer means: by its number, its value, or its label with or without what stands in brackets.
    pub fn chosen(&self, answer: &str) -> Option<&Choice> {
        let answer = answer.trim().to_lowercase();
        if let Ok(number) = answer.parse::<usize>()
            && !self.choices.iter().any(|choice| choice.value == answer)
        {
            return self.choices.get(number.checked_sub(1)?);
        }
        self.choices.iter().find(|choice| {
            let label = choice.label.to_lowercase();
            let bare = label.split(['(', '（']).next().unwrap_or_default().trim();
            !answer.is_empty()
                && [choice.value.to_lowercase().as_str(), label.as_str(), bare].contains(&answer.as_str())
        })
    }
}
