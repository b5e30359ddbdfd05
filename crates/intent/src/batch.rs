//! The batch form: one JSON object a line in, one out, for tests and tools.
//!
//! Reading lines and writing them is left to the caller.

use crate::intent::{Action, EnvironmentRef, PackageRef, RuleRef, Slot};
use crate::known::Known;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line of a batch that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("bad batch line: {reason}")]
pub struct BatchError {
    /// The line's id, if it could be read.
    pub id: Option<Value>,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum EnvironmentInput {
    Name(String),
    Full {
        name: String,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(default)]
    id: Value,
    text: String,
    #[serde(default)]
    envs: Vec<EnvironmentInput>,
    #[serde(default)]
    current: Option<String>,
}

#[derive(Serialize)]
struct Output {
    id: Value,
    action: Option<Action>,
    source: Option<EnvironmentRef>,
    target: Option<EnvironmentRef>,
    package: Option<PackageRef>,
    rule: Option<RuleRef>,
    clarify: Vec<Slot>,
    language: String,
}

/// Reads one line of the batch form and gives the answer as one line of JSON.
pub fn batch_line(json_line: &str) -> Result<String, BatchError> {
    let value: Value = serde_json::from_str(json_line).map_err(|error| BatchError {
        id: None,
        reason: error.to_string(),
    })?;
    let id = value.get("id").cloned();
    let input: Input = serde_json::from_value(value).map_err(|error| BatchError {
        id: id.clone(),
        reason: error.to_string(),
    })?;
    let known = Known::new(
        input.envs.into_iter().map(|environment| match environment {
            EnvironmentInput::Name(name) => (name, Vec::new()),
            EnvironmentInput::Full { name, aliases } => (name, aliases),
        }),
        input.current.as_deref(),
    );
    let intent = crate::read(&input.text, &known).intent;
    serde_json::to_string(&Output {
        id: input.id,
        action: intent.action,
        source: intent.source,
        target: intent.target,
        package: intent.package,
        rule: intent.rule,
        clarify: intent.clarify,
        language: intent.language,
    })
    .map_err(|error| BatchError {
        id,
        reason: error.to_string(),
    })
}
