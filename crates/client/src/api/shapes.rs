//! Answers whose shape is only roughly known: read with tolerance, bounded, and never guessed at beyond that.
//!
//! Migration Manager is commercial; its public contract names members and not always their nesting (what is expected
//! under `data` has been seen under `data.data`). Nothing here decides what a member means.

use serde_json::Value;

use crate::error::clean;

/// Entries of a list that are looked at.
pub(super) const ENTRIES: usize = 1000;

/// What `data` holds, without envelopes within envelopes.
pub(super) fn unwrapped(mut data: Value) -> Value {
    for _ in 0..3 {
        match &mut data {
            Value::Object(members) if members.get("data").is_some_and(|inner| !inner.is_null()) => {
                data = members.get_mut("data").map(Value::take).unwrap_or_default();
            }
            _ => break,
        }
    }
    data
}

/// The entries of a list, wherever they are: `data`, `data.data`, `data.rows`, `data.list`.
pub(super) fn entries(data: Value) -> Option<Vec<Value>> {
    let mut data = unwrapped(data);
    if let Value::Object(members) = &mut data {
        let rows = ["rows", "list", "items"]
            .into_iter()
            .find_map(|name| members.remove(name));
        data = rows.unwrap_or_default();
    }
    match data {
        Value::Array(mut entries) => {
            entries.truncate(ENTRIES);
            Some(entries)
        }
        _ => None,
    }
}

/// The first of these members that holds a text or a number, as one line.
pub(super) fn text(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| line(value.get(*name)?))
}

/// A text or a number as one line.
pub(super) fn line(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(clean(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A name out of a list of names: itself, or a member of it.
pub(super) fn name_of(value: &Value) -> Option<String> {
    line(value).or_else(|| text(value, &["name", "key", "packageName", "table", "collection"]))
}

/// Anything as one bounded line.
pub(super) fn shown(value: &Value) -> String {
    line(value).unwrap_or_else(|| clean(&value.to_string()))
}

/// Whether a word says that something went well; none when it says neither.
pub(super) fn went_well(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "ok" | "success" | "succeeded" | "successful" | "done" | "finished" | "completed" | "passed" => {
            Some(true)
        }
        "failed" | "fail" | "failure" | "error" | "errored" => Some(false),
        _ => None,
    }
}

/// The same of an answer's members: any that says no outweighs those that say yes.
pub(super) fn success_of(value: &Value) -> Option<bool> {
    let stated = ["pass", "success", "succeeded", "ok"]
        .iter()
        .filter_map(|name| value.get(*name)?.as_bool());
    let worded = ["status", "state", "checkStatus", "result"]
        .iter()
        .filter_map(|name| went_well(&text(value, &[name])?));
    stated.chain(worded).reduce(|one, other| one && other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_found_where_they_are() {
        for data in [
            json!([1]),
            json!({"data": [1]}),
            json!({"data": {"data": [1]}}),
            json!({"rows": [1]}),
            json!({"data": {"rows": [1]}}),
        ] {
            assert_eq!(entries(data.clone()), Some(vec![json!(1)]), "{data}");
        }
        assert_eq!(entries(json!({"status": "ok"})), None);
        assert_eq!(entries(json!(null)), None);
    }

    #[test]
    fn texts_are_one_line() {
        let value = json!({"a": " ", "b": "x\n\u{1b}[31my", "c": 7});
        assert_eq!(text(&value, &["a", "b"]), Some("x [31my".into()));
        assert_eq!(text(&value, &["c"]), Some("7".into()));
        assert_eq!(success_of(&json!({"checkStatus": "failed"})), Some(false));
        for contradiction in [
            json!({"success": true, "status": "failed"}),
            json!({"success": true, "pass": false}),
            json!({"pass": true, "checkStatus": "error"}),
        ] {
            assert_eq!(success_of(&contradiction), Some(false), "{contradiction}");
        }
        assert_eq!(success_of(&json!({"status": "in_progress"})), None);
    }
}
