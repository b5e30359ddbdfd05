//! What a judgement found: one shape for preflight, package inspection and warnings of a plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing, changes nothing.
    Note,
    /// The plan may go on; the person who confirms must see it.
    Warning,
    /// The target is not touched while this stands.
    Blocker,
}

/// One thing that was found, with its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable name in `snake_case`, for scripts and models.
    pub code: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What was found, in one or two sentences.
    pub text: String,
    /// What to do about it; empty where nothing needs doing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next_step: String,
}

impl Finding {
    /// A finding that stops everything before the target is touched.
    pub fn blocker(code: &str, text: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Blocker,
            text: text.into(),
            next_step: next_step.into(),
        }
    }

    /// A finding that the person who confirms must see.
    pub fn warning(code: &str, text: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Warning,
            text: text.into(),
            next_step: next_step.into(),
        }
    }

    /// A finding that is worth knowing.
    pub fn note(code: &str, text: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Note,
            text: text.into(),
            next_step: String::new(),
        }
    }
}
