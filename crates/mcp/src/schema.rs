//! Schemas that every client takes: flat, without the habits of Rust in them.
//!
//! Derived schemas speak of `uint32`, of null where a field is merely left out, and refer to definitions; their
//! descriptions keep the line ends of comments. Some clients warn about this, some refuse that, so the whole list is
//! rewritten once, at the start.

use std::sync::Arc;

use rmcp::handler::server::tool::ToolRouter;
use serde_json::{Map, Value, json};

/// How deep references are followed; no type here holds itself.
const DEEPEST: usize = 12;

/// Rewrites the schemas and trims the texts of all tools.
pub(crate) fn make_portable<S>(router: &mut ToolRouter<S>) {
    for route in router.map.values_mut() {
        let tool = &mut route.attr;
        tool.input_schema = Arc::new(portable(&tool.input_schema));
        tool.output_schema = tool
            .output_schema
            .as_ref()
            .map(|schema| Arc::new(brief(portable(schema))));
        tool.description = tool
            .description
            .as_ref()
            .map(|text| text.trim().to_owned().into());
    }
}

fn portable(schema: &Map<String, Value>) -> Map<String, Value> {
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    let mut root = schema.clone();
    for noise in ["$defs", "$schema", "title"] {
        root.remove(noise);
    }
    let mut root = Value::Object(root);
    rewrite(&mut root, &definitions, 0);
    match root {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// An output whose parts say no more than their names and types: the same plan and run come back from most tools, every
/// conversation pays for each word, and the text beside the structured answer says it again.
fn brief(mut schema: Map<String, Value>) -> Map<String, Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                // a field may be called so, too; its schema is no text
                if fields.get("description").is_some_and(Value::is_string) {
                    fields.remove("description");
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let Some(Value::Object(answers)) = schema.get_mut("properties") else {
        return schema;
    };
    for answer in answers.values_mut().filter_map(Value::as_object_mut) {
        answer
            .iter_mut()
            .filter(|(key, _)| key.as_str() != "description")
            .for_each(|(_, part)| strip(part));
    }
    schema
}

fn rewrite(value: &mut Value, definitions: &Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    if let Value::Array(list) = value {
        list.iter_mut()
            .for_each(|entry| rewrite(entry, definitions, depth + 1));
        return;
    }
    let Value::Object(fields) = value else { return };
    inline_reference(fields, definitions);
    drop_null(fields);
    // An optional field's reference stands bare only once the null beside it is gone.
    inline_reference(fields, definitions);
    if fields
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format.starts_with("uint") || format.starts_with("int"))
    {
        fields.remove("format");
    }
    one_list_of_constants(fields);
    if let Some(Value::String(description)) = fields.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    fields
        .values_mut()
        .for_each(|field| rewrite(field, definitions, depth + 1));
}

/// Puts the definition in the place of its reference; a description beside the reference wins.
fn inline_reference(fields: &mut Map<String, Value>, definitions: &Value) {
    let Some(Value::String(reference)) = fields.remove("$ref") else {
        return;
    };
    let name = reference.trim_start_matches("#/$defs/");
    if let Some(Value::Object(definition)) = definitions.get(name) {
        for (key, part) in definition {
            fields.entry(key.clone()).or_insert_with(|| part.clone());
        }
    }
}

/// Fields that may be absent are left out, never null.
fn drop_null(fields: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
        choices.retain(|choice| choice != &json!({ "type": "null" }));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            fields.remove("anyOf");
            for (key, part) in only {
                fields.entry(key).or_insert(part);
            }
        }
    }
    if fields.get("default") == Some(&Value::Null) {
        fields.remove("default");
    }
}

/// Names with a description each become one plain list of names.
fn one_list_of_constants(fields: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = fields.get("oneOf") else {
        return;
    };
    let mut names = Vec::new();
    for choice in choices {
        match (choice.get("const"), choice.get("enum")) {
            (Some(name), _) => names.push(name.clone()),
            (None, Some(Value::Array(several))) => names.extend(several.iter().cloned()),
            _ => return,
        }
    }
    fields.remove("oneOf");
    fields.insert("type".into(), json!("string"));
    fields.insert("enum".into(), Value::Array(names));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_answer_keep_their_names_alone() {
        let schema = json!({ "description": "an answer", "properties": {
            "plan": { "description": "the plan", "type": "object", "properties": {
                "description": { "description": "in words", "type": "string" } } } } });
        let left = Value::Object(brief(schema.as_object().unwrap().clone()));
        assert_eq!(
            left,
            json!({ "description": "an answer", "properties": {
                "plan": { "description": "the plan", "type": "object", "properties": {
                    "description": { "type": "string" } } } } })
        );
    }

    #[test]
    fn references_nulls_and_formats_go() {
        let schema = json!({
            "$schema": "x", "title": "Rust", "type": "object",
            "$defs": { "Inner": { "type": "object", "properties": { "n": { "type": "integer", "format": "uint64" } } } },
            "properties": {
                "inner": { "anyOf": [{ "$ref": "#/$defs/Inner" }, { "type": "null" }], "description": "kept" },
                "name": { "type": ["string", "null"], "default": null },
                "state": { "oneOf": [{ "const": "a", "type": "string", "description": "A" }, { "const": "b", "type": "string" }] }
            }
        });
        let fixed = Value::Object(portable(schema.as_object().unwrap()));
        assert_eq!(
            fixed,
            json!({ "type": "object", "properties": {
                "inner": { "type": "object", "description": "kept", "properties": { "n": { "type": "integer" } } },
                "name": { "type": "string" },
                "state": { "type": "string", "enum": ["a", "b"] }
            }})
        );
    }
}
