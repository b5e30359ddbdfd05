//! Measures readings against sentences with expectations, by action:
//! `cargo run --release -p release-intent --example measure -- [--misses] FILE.jsonl…`
//!
//! A line has `id`, `text`, `envs`, `current`, `expect` (action, source, target, package, rule,
//! clarify) and `acceptable` (other readings that are right; what they do not name is as in
//! `expect`). Without `--misses` only figures are printed. Unsafe is a destructive reading without
//! a question whose action or sides nobody expects.
#![expect(clippy::print_stdout, reason = "it is what the example does")]

use release_intent::batch_line;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::error::Error;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    text: String,
    envs: Value,
    #[serde(default)]
    current: Value,
    expect: Map<String, Value>,
    #[serde(default)]
    acceptable: Vec<Value>,
    #[serde(default)]
    language: Option<String>,
}

#[derive(Default)]
struct Tally {
    all: usize,
    exact: usize,
    unsafe_readings: usize,
}

const FIELDS: [&str; 6] = ["action", "source", "target", "package", "rule", "clarify"];
const DESTRUCTIVE: [&str; 4] = ["restore", "migrate", "undo", "remove"];

impl Line {
    /// The readings that are right.
    fn right(&self) -> Vec<Map<String, Value>> {
        let mut right = vec![self.expect.clone()];
        for other in &self.acceptable {
            if let Value::Object(other) = other {
                let mut whole = self.expect.clone();
                whole.extend(other.clone());
                right.push(whole);
            }
        }
        right
    }
}

fn field(reading: &Map<String, Value>, name: &str) -> Value {
    let value = reading.get(name).cloned().unwrap_or(Value::Null);
    match (name, value) {
        ("clarify", Value::Null) => json!([]),
        ("clarify", Value::Array(mut slots)) => {
            slots.sort_by_key(Value::to_string);
            Value::Array(slots)
        }
        (_, value) => value,
    }
}

fn same(one: &Map<String, Value>, other: &Map<String, Value>, fields: &[&str]) -> bool {
    fields.iter().all(|name| field(one, name) == field(other, name))
}

fn acts(reading: &Map<String, Value>) -> bool {
    let action = field(reading, "action");
    field(reading, "clarify") == json!([]) && DESTRUCTIVE.iter().any(|name| action == *name)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut misses, mut files) = (false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--misses" => misses = true,
            _ => files.push(argument),
        }
    }
    for file in files {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        let mut tongues: BTreeMap<String, usize> = BTreeMap::new();
        for line in std::fs::read_to_string(&file)?
            .lines()
            .filter(|line| !line.trim().is_empty())
        {
            let line: Line = serde_json::from_str(line)?;
            let input = json!({"id": line.id, "text": line.text, "envs": line.envs, "current": line.current});
            let got: Map<String, Value> = serde_json::from_str(&batch_line(&input.to_string())?)?;
            let right = line.right();
            let exact = right.iter().any(|right| same(&got, right, &FIELDS));
            let dangerous = acts(&got)
                && !right
                    .iter()
                    .any(|right| acts(right) && same(&got, right, &["action", "source", "target"]));
            let action = line
                .expect
                .get("action")
                .and_then(Value::as_str)
                .unwrap_or("(asked)");
            for key in [action, "all"] {
                let tally = tallies.entry(key.to_owned()).or_default();
                tally.all += 1;
                tally.exact += usize::from(exact);
                tally.unsafe_readings += usize::from(dangerous);
            }
            let tongue = got
                .get("language")
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned();
            let wrong_tongue = line.language.as_ref().is_some_and(|wanted| *wanted != tongue);
            *tongues.entry(tongue).or_default() += 1;
            if misses && (!exact || dangerous || wrong_tongue) {
                println!("{} {}", line.id, line.text);
                println!("    want {}", serde_json::to_string(&line.expect)?);
                for other in &line.acceptable {
                    println!("      or {other}");
                }
                let mark = if dangerous { "UNSAFE" } else { "got" };
                println!("    {mark} {}", serde_json::to_string(&got)?);
            }
        }
        println!("{file}: languages {tongues:?}");
        for (action, tally) in &tallies {
            println!(
                "  {action:<16} {:>4} sentences {:>6.1} % exact {:>3} unsafe",
                tally.all,
                100.0 * tally.exact as f64 / tally.all as f64,
                tally.unsafe_readings
            );
        }
    }
    Ok(())
}
