//! The text form of rows in a `COPY` block.

use serde_json::Value;

use crate::database::{Column, ColumnKind, Row};

/// What follows the last row.
const END: &str = "\\.\n\n\n";

/// All rows, with the end mark.
pub(super) fn encode(columns: &[Column], rows: &[Row]) -> Vec<u8> {
    let mut text = String::new();
    for row in rows {
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                text.push('\t');
            }
            match row.get(&column.name) {
                None | Some(Value::Null) => text.push_str("\\N"),
                Some(value) => escape(&printed(value, column.kind), &mut text),
            }
        }
        text.push('\n');
    }
    text.push_str(END);
    text.into_bytes()
}

/// The rows of a block; `columns` in the order of the `COPY` statement.
pub(super) fn decode(columns: &[Column], text: &str) -> Vec<Row> {
    let lines = text.lines().take_while(|line| *line != "\\.");
    lines
        .map(|line| {
            let values = line.split('\t').map(|field| {
                if field == "\\N" {
                    None
                } else {
                    Some(unescape(field))
                }
            });
            let cells = columns.iter().zip(values);
            cells
                .map(|(column, value)| (column.name.clone(), parsed(value, column.kind)))
                .collect()
        })
        .collect()
}

fn printed(value: &Value, kind: ColumnKind) -> String {
    match (kind, value) {
        (ColumnKind::Json, value) => value.to_string(),
        (ColumnKind::Boolean, Value::Bool(set)) => if *set { "t" } else { "f" }.to_owned(),
        (ColumnKind::Timestamp, Value::String(time)) => time.replace('T', " ").replace('Z', "+00"),
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

fn parsed(text: Option<String>, kind: ColumnKind) -> Value {
    let Some(text) = text else { return Value::Null };
    match kind {
        ColumnKind::BigInt | ColumnKind::Integer => {
            text.parse::<i64>().map_or(Value::String(text), Value::from)
        }
        ColumnKind::Double => text.parse::<f64>().map_or(Value::Null, Value::from),
        ColumnKind::Boolean => Value::Bool(text == "t"),
        ColumnKind::Json => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ColumnKind::Timestamp => Value::String(iso(&text)),
        ColumnKind::Varchar | ColumnKind::Text => Value::String(text),
    }
}

/// `2026-11-22 17:46:05.573+00`, where zeros at the end are left out, as `2026-11-22T17:46:05.573Z`.
fn iso(printed: &str) -> String {
    let bare = printed.trim_end_matches("+00").replacen(' ', "T", 1);
    let (seconds, fraction) = bare.split_once('.').unwrap_or((&bare, ""));
    format!("{seconds}.{fraction:0<3}Z")
}

fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            '\u{8}' => into.push_str("\\b"),
            '\u{c}' => into.push_str("\\f"),
            '\u{b}' => into.push_str("\\v"),
            other => into.push(other),
        }
    }
}

fn unescape(field: &str) -> String {
    let mut text = String::new();
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('v') => text.push('\u{b}'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_milliseconds() {
        assert_eq!(iso("2026-11-22 17:46:05.57+00"), "2026-11-22T17:46:05.570Z");
        assert_eq!(iso("2026-11-22 17:46:05+00"), "2026-11-22T17:46:05.000Z");
    }
}
