//! Helpers: a reading in short form, to be compared whole.

use release_intent::{Known, Reading, RuleRef, read};
use serde_json::Value;
use std::path::PathBuf;

/// The folder of all languages.
pub(crate) fn languages() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../prompts/languages")
}

pub(crate) fn known(names: &[&str]) -> Known {
    Known::from_names(names.iter().copied(), None)
}

/// `action source>target package rule ?asked`, with `-` for null.
pub(crate) fn short(reading: &Reading) -> String {
    let intent = &reading.intent;
    let text = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    let part = |value: serde_json::Result<Value>| text(value.unwrap());
    let mut line = format!(
        "{} {}>{}",
        part(serde_json::to_value(intent.action)),
        part(serde_json::to_value(&intent.source)),
        part(serde_json::to_value(&intent.target)),
    );
    if let Some(package) = &intent.package {
        line.push_str(&format!(" package={package}"));
    }
    match &intent.rule {
        None => {}
        Some(RuleRef::Id { id }) => line.push_str(&format!(" rule={id}")),
        Some(rule @ RuleRef::Methods { .. }) => {
            line.push_str(&format!(" rule={}", serde_json::to_string(rule).unwrap()))
        }
    }
    for slot in &intent.clarify {
        line.push_str(&format!(" ?{slot}"));
    }
    line
}

pub(crate) fn short_of(text: &str, names: &[&str]) -> String {
    short(&read(text, &known(names)))
}

/// Whether a reading could lead to a plan that replaces or deletes something, without a question.
pub(crate) fn acts(reading: &Reading) -> bool {
    reading.intent.clarify.is_empty()
        && reading
            .intent
            .action
            .is_some_and(|action| action.is_destructive())
}
