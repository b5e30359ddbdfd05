//! Exchanges with a real NocoBase 2.2.15, replayed: same status, same head, same shape, same words of refusal.
//!
//! A line of `tests/recorded/*.jsonl` is one exchange. `as` says who asks; `<cut>` stands for an answer that was too
//! long to keep. Names of packages are carried over from the answers seen here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use nocobase_sim::{Environment, EnvironmentConfig, Seed, Sim, SimConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::Caller;

/// Package names: as recorded, as here.
type Names = BTreeMap<String, String>;

#[tokio::test]
async fn the_surface() {
    replay(include_str!("../recorded/surface.jsonl")).await;
}

#[tokio::test]
async fn settings_plugins_and_logs() {
    replay(include_str!("../recorded/settings.jsonl")).await;
}

#[tokio::test]
async fn tokens_and_roles() {
    replay(include_str!("../recorded/auth.jsonl")).await;
}

#[tokio::test]
async fn what_is_compared() {
    replay(include_str!("../recorded/compare.jsonl")).await;
}

async fn replay(recorded: &str) {
    let config = SimConfig::new([EnvironmentConfig::new("dev", Seed::Installed)]);
    let sim = Sim::start(config).await.expect("starts");
    let environment = sim.environment("dev");
    let key = Caller::new(&environment);
    let account = json!({"account": environment.account(), "password": environment.password()});
    let session = key.with_token("").post("auth:signIn", account).await;
    let root = key.with_token(session.body["data"]["token"].as_str().expect("a token"));
    let fields = json!([
        {"name": "title", "type": "string"}, {"name": "qty", "type": "integer"}, {"name": "body", "type": "text"},
    ]);
    root.post(
        "collections:create",
        json!({"name": "orders", "title": "Orders", "fields": fields}),
    )
    .await;
    for qty in 0..20 {
        root.post(
            "orders:create",
            json!({"title": format!("o0-{qty}"), "qty": qty, "body": "text"}),
        )
        .await;
    }
    // settings are changed by exchanges, and some ask for what is in the future: today's log files
    let today = root.get("logger:list").await.body.to_string();
    let (_, today) = today.split_once("system_2").expect("a log file of today");
    let today = format!("2{}", &today[..9]);

    let mut names = Names::from([(
        "backup_20261122_183757_8753.nbdata".to_owned(),
        root.back_up().await,
    )]);
    let mut ops = String::new();
    let mut differences = String::new();
    for line in recorded.lines() {
        let line = line.replace("2026-11-22.log", &format!("{today}.log"));
        let exchange: Value = serde_json::from_str(&names.translate(&line)).expect("JSON");
        let caller = match exchange["as"].as_str().expect("someone") {
            "nobody" => root.with_token(""),
            "garbage" => root.with_token("garbage"),
            "ops" => root.with_token(ops.clone()),
            _ => root.clone(),
        };
        let found = ask(&caller, &environment, &exchange).await;
        if found["answer"]["data"]["user"]["username"] == json!("ops") {
            ops = found["answer"]["data"]["token"]
                .as_str()
                .expect("a token")
                .to_owned();
        }
        if exchange["path"] == "/api/backup:create" && found["status"] == 200 {
            let name = exchange["answer"]["data"]["name"]
                .as_str()
                .expect("a name")
                .to_owned();
            let here = found["answer"]["data"]["name"]
                .as_str()
                .expect("a name")
                .to_owned();
            while !environment.backups().contains(&here) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            names.insert(name, here);
        }
        let mut wrong = Vec::new();
        compare("", &exchange["status"], &found["status"], true, &mut wrong);
        compare(
            "head",
            &exchange["answer_headers"],
            &found["answer_headers"],
            true,
            &mut wrong,
        );
        if exchange["answer"] != json!("<cut>") {
            compare("", &exchange["answer"], &found["answer"], false, &mut wrong);
        }
        if !wrong.is_empty() {
            let asked = [
                &exchange["as"],
                &exchange["method"],
                &exchange["path"],
                &exchange["query"],
                &exchange["note"],
            ];
            writeln!(differences, "{asked:?}\n    {}", wrong.join("\n    ")).expect("a line");
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

trait Translate {
    fn translate(&self, text: &str) -> String;
}

impl Translate for Names {
    fn translate(&self, text: &str) -> String {
        self.iter().fold(text.to_owned(), |text, (recorded, here)| {
            text.replace(recorded, here)
        })
    }
}

/// Sends a recorded request and returns the answer in the form of the recording.
async fn ask(caller: &Caller, environment: &Environment, exchange: &Value) -> Value {
    let method =
        Method::from_bytes(exchange["method"].as_str().expect("a method").as_bytes()).expect("a method");
    let mut caller = caller.clone();
    caller.url = environment.url().replace("/api", "");
    let path = exchange["path"].as_str().expect("a path").trim_start_matches('/');
    let query = exchange["query"]
        .as_str()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut request = caller.request(method, &format!("{path}{query}"));
    for (name, value) in exchange["headers"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().expect("a header"));
    }
    if let Some(body) = exchange.get("body") {
        request = request.json(body);
    }
    let response = request.send().await.expect("an answer");
    let mut head = serde_json::Map::new();
    for name in ["content-type", "content-disposition"] {
        if let Some(value) = response.headers().get(name) {
            head.insert(name.to_owned(), json!(value.to_str().expect("text")));
        }
    }
    head.insert(
        "x-request-id".to_owned(),
        json!(response.headers().contains_key("x-request-id")),
    );
    let status = response.status().as_u16();
    let bytes = response.bytes().await.expect("a body");
    let answer = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
    json!({"status": status, "answer_headers": head, "answer": answer})
}

/// Notes where an answer differs: in its members and kinds, and under `errors` and where `exact` in its words.
fn compare(place: &str, recorded: &Value, found: &Value, exact: bool, wrong: &mut Vec<String>) {
    match (recorded, found) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(recorded), Value::Object(found)) => {
            for name in recorded.keys().filter(|name| !found.contains_key(*name)) {
                wrong.push(format!("{place}.{name} is missing"));
            }
            for (name, value) in found {
                match recorded.get(name) {
                    Some(recorded) => {
                        let exact = exact || ["errors", "error"].contains(&name.as_str());
                        compare(&format!("{place}.{name}"), recorded, value, exact, wrong);
                    }
                    None => wrong.push(format!("{place}.{name} is new")),
                }
            }
        }
        (Value::Array(recorded), Value::Array(found)) => {
            for (number, value) in found.iter().enumerate() {
                let best = recorded.iter().map(|recorded| {
                    let mut wrong = Vec::new();
                    compare(&format!("{place}[{number}]"), recorded, value, exact, &mut wrong);
                    wrong
                });
                wrong.extend(best.min_by_key(Vec::len).unwrap_or_default());
            }
        }
        (Value::Number(one), Value::Number(other)) if !exact || one == other => {}
        (Value::Bool(one), Value::Bool(other)) if !exact || one == other => {}
        (Value::String(one), Value::String(other)) if !exact || one == other => {}
        _ => wrong.push(format!("{place} is {found}, was {recorded}")),
    }
}
