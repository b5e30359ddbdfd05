//! Arguments that several tools share, and the bounds that all of them keep to.
//!
//! rmcp checks types only, not the schema's bounds; so they are checked here, with an error a model can act on.

use std::time::Duration;

use crate::reply::ToolError;

/// The longest sentence that is read, in characters.
pub(crate) const LONGEST_SENTENCE: usize = 2_000;
/// The longest wait within one call: clients give up after 60 seconds.
pub(crate) const LONGEST_WAIT: u32 = 45;

const LONGEST_NAME: usize = 100;
const LONGEST_PACKAGE: usize = 1_024;
const LONGEST_RULE: usize = 200;
const LONGEST_ID: usize = 64;
const LONGEST_PHRASE: usize = 200;

/// A sentence.
pub(crate) fn sentence(text: &str) -> Result<&str, ToolError> {
    bounded("sentence", text, LONGEST_SENTENCE)
}

/// An environment's name.
pub(crate) fn environment<'a>(field: &str, name: &'a str) -> Result<&'a str, ToolError> {
    bounded(field, name, LONGEST_NAME)
}

/// A package's name or path.
pub(crate) fn package(text: &str) -> Result<&str, ToolError> {
    bounded("package", text, LONGEST_PACKAGE)
}

/// A migration rule's id or name.
pub(crate) fn rule(text: &str) -> Result<&str, ToolError> {
    bounded("rule", text, LONGEST_RULE)
}

/// The id of a plan or a run.
pub(crate) fn id<'a>(field: &str, text: &'a str) -> Result<&'a str, ToolError> {
    bounded(field, text, LONGEST_ID)
}

/// A confirmation phrase.
pub(crate) fn phrase(text: &str) -> Result<&str, ToolError> {
    bounded("phrase", text, LONGEST_PHRASE)
}

/// Seconds to wait.
pub(crate) fn wait(seconds: Option<u32>, otherwise: u32) -> Result<Duration, ToolError> {
    let seconds = seconds.unwrap_or(otherwise);
    if seconds > LONGEST_WAIT {
        return Err(ToolError::argument(
            "wait_seconds",
            format_args!("is {seconds}, but may be at most {LONGEST_WAIT}"),
        ));
    }
    Ok(Duration::from_secs(seconds.into()))
}

fn bounded<'a>(field: &str, text: &'a str, longest: usize) -> Result<&'a str, ToolError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(ToolError::argument(field, "is empty"));
    }
    let length = trimmed.chars().count();
    if length > longest {
        return Err(ToolError::argument(
            field,
            format_args!("is {length} characters long, but may have at most {longest}"),
        ));
    }
    Ok(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept() {
        assert_eq!(environment("target", " test "), Ok("test"));
        assert_eq!(
            environment("target", "  ").unwrap_err().message,
            "target is empty"
        );
        assert!(sentence(&"生".repeat(2_000)).is_ok());
        assert!(sentence(&"生".repeat(2_001)).is_err());
        assert_eq!(wait(Some(45), 0), Ok(Duration::from_secs(45)));
        assert_eq!(wait(Some(46), 0).unwrap_err().code, "bad_arguments");
        assert_eq!(wait(None, 3), Ok(Duration::from_secs(3)));
    }
}
