//! What a call must look like before a tool sees it: a tool there is, and arguments that it takes.
//!
//! rmcp would refuse these, too, but in words of Rust and without a way out. A model that reads these puts its call
//! right by itself: every problem at once, what the tool takes, and an example.

use rmcp::ErrorData;
use rmcp::model::{JsonObject, Tool};
use serde_json::{Map, Value};

use crate::reply::ToolError;
use crate::text::one_line;

/// A call of each tool that is right as it stands.
const EXAMPLES: &[(&str, &str)] = &[
    ("backup", r#"{"environment": "dev"}"#),
    ("check_environment", r#"{"environment": "test"}"#),
    (
        "confirm",
        r#"{"plan": "plan-20261122-100000-aaaa", "phrase": "test abcde"}"#,
    ),
    (
        "inspect_package",
        r#"{"environment": "dev", "package": "backup_20261122_100000_0001.nbdata"}"#,
    ),
    ("list_environments", "{}"),
    ("list_packages", r#"{"environment": "dev", "kind": "backup"}"#),
    ("migrate", r#"{"source": "dev", "target": "test"}"#),
    ("migration_rules", r#"{"environment": "dev"}"#),
    ("release", r#"{"sentence": "Restore dev to test"}"#),
    ("restore", r#"{"source": "dev", "target": "test"}"#),
    ("run_status", r#"{"wait_seconds": 30}"#),
    ("undo", r#"{"target": "test"}"#),
];

/// Takes out arguments that are null, which is how some clients leave one out.
pub(crate) fn without_nulls(tool: &Tool, arguments: &mut Option<JsonObject>) {
    let known = properties(tool);
    if let Some(arguments) = arguments {
        arguments
            .retain(|name, value| !value.is_null() || !known.is_some_and(|known| known.contains_key(name)));
    }
}

/// Why these are no arguments of this tool.
pub(crate) fn bad_arguments(tool: &Tool, arguments: Option<&JsonObject>) -> Option<ToolError> {
    let none = Map::new();
    let known = properties(tool).unwrap_or(&none);
    let given = arguments.unwrap_or(&none);
    let unknown = given.keys().filter(|name| !known.contains_key(*name));
    let mut problems: Vec<String> = unknown
        .map(|name| format!("unknown field `{}`", one_line(name, 100)))
        .collect();
    let missing = required(tool).filter(|name| !given.contains_key(*name));
    problems.extend(missing.map(|name| format!("missing field `{name}`")));
    for (name, value) in given {
        if let Some(problem) = known.get(name).and_then(|schema| value_problem(schema, value)) {
            problems.push(format!("`{name}` {problem}"));
        }
    }
    if problems.is_empty() {
        return None;
    }
    let example = EXAMPLES.iter().find(|(name, _)| *name == tool.name);
    Some(ToolError::new(
        "bad_arguments",
        format!("nothing was done: {}", problems.join("; ")),
        format!(
            "call {} again with what it takes: {}; for example {}",
            tool.name,
            takes(tool, known),
            example.map_or("{}", |(_, example)| example)
        ),
    ))
}

/// That there is no such tool, with those that there are, the likeliest first. An error of the protocol, as its text on
/// tools demands (2025-11-25, "Error Handling").
pub(crate) fn unknown_tool<'name>(name: &str, offered: impl Iterator<Item = &'name str>) -> ErrorData {
    let name = one_line(name, 100);
    let mut near: Vec<(f64, &str)> = offered
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    let names: Vec<&str> = near.iter().map(|(_, name)| *name).collect();
    let text = format!(
        "unknown tool: nothing was done, there is no tool {name:?}; call one of these, the nearest names first: {}",
        names.join(", ")
    );
    ErrorData::invalid_params(text, None)
}

fn properties(tool: &Tool) -> Option<&Map<String, Value>> {
    tool.input_schema.get("properties").and_then(Value::as_object)
}

fn required(tool: &Tool) -> impl Iterator<Item = &str> {
    let names = tool.input_schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

/// The arguments with their kinds, those that are needed first.
fn takes(tool: &Tool, known: &Map<String, Value>) -> String {
    let needed: Vec<&str> = required(tool).collect();
    let mut listed: Vec<(bool, String)> = known
        .iter()
        .map(|(name, schema)| {
            let optional = !needed.contains(&name.as_str());
            let kind = match choices(schema) {
                Some(choices) => choices,
                None => kind_of(schema).to_owned(),
            };
            let word = if optional { "may be left out" } else { "needed" };
            (optional, format!("{name} ({kind}, {word})"))
        })
        .collect();
    listed.sort();
    if listed.is_empty() {
        return "no arguments".to_owned();
    }
    let listed: Vec<String> = listed.into_iter().map(|(_, text)| text).collect();
    listed.join(", ")
}

fn kind_of(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or("value")
}

fn choices(schema: &Value) -> Option<String> {
    let list = schema.get("enum")?.as_array()?;
    let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    Some(format!("one of {}", names.join(" | ")))
}

fn value_problem(schema: &Value, value: &Value) -> Option<String> {
    let wanted = kind_of(schema);
    let fits = match wanted {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => true,
    };
    if !fits {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) if wanted == "integer" => "a fraction",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        return Some(format!("has to be of type {wanted}, but is {found}"));
    }
    if let (Some(choices), Some(list)) = (choices(schema), schema.get("enum").and_then(Value::as_array))
        && !list.contains(value)
    {
        return Some(format!("has to be {choices}"));
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let number = value.as_i64().or_else(|| value.is_u64().then_some(i64::MAX))?;
    if bound("minimum").is_some_and(|least| number < least) {
        return Some(format!(
            "has an invalid value: it is {value}, but may be at least {}",
            bound("minimum").unwrap_or_default()
        ));
    }
    if bound("maximum").is_some_and(|most| number > most) {
        return Some(format!(
            "has an invalid value: it is {value}, but may be at most {}",
            bound("maximum").unwrap_or_default()
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schema, tools};

    #[test]
    fn every_tool_has_an_example_that_is_right() {
        let mut router = tools::router(false);
        schema::make_portable(&mut router);
        for tool in router.list_all() {
            let (_, example) = EXAMPLES.iter().find(|(name, _)| *name == tool.name).unwrap();
            let example: JsonObject = serde_json::from_str(example).unwrap();
            assert_eq!(bad_arguments(&tool, Some(&example)), None, "{}", tool.name);
        }
    }
}
