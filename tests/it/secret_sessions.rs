//! Secrets in long sessions: a conversation over MCP with everything that can go wrong in it, the OAuth session of
//! NocoBase CLI, and a run that is killed and taken up again; all at the highest level of logging, and then every file of
//! the home is looked through, except those that people keep their credentials in.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use release_tests::{Done, Stage};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

const REFRESH: &str = "refresh-7c1f0b94e2aa-of-the-store";
const ACCESS: &str = "access-5d20e8b7713c-of-the-store";
const PASSWORD: &str = "sesame 9b3e51 & öffne dich";

/// Files in which a person keeps credentials, and packages, which hold data of their source.
fn may_hold_them(path: &Path) -> bool {
    let keeps = ["release.toml", ".nocobase/config.json", "password"];
    keeps.iter().any(|name| path.ends_with(name))
        || path.extension().is_some_and(|extension| extension == "nbdata")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Looks through the whole home, names of files included.
fn assert_home_holds_no_secret(stage: &Stage) {
    let mut found = Vec::new();
    files(stage.home(), &mut found);
    let looked_at = found.iter().filter(|path| !may_hold_them(path)).map(|path| {
        stage.assert_holds_no_secret("a file's name", &path.to_string_lossy());
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        stage.assert_holds_no_secret(&path.to_string_lossy(), &text);
    });
    assert!(looked_at.count() > 0, "nothing was written");
}

async fn said(stage: &Stage, arguments: &[&str]) -> Done {
    let output = stage
        .command(arguments)
        .env("NOCOBASE_RELEASE_LOG", "trace")
        .output()
        .await
        .unwrap();
    let done = Done::new(output);
    stage.assert_holds_no_secret("said", &format!("{}{}", done.stdout, done.stderr));
    done
}

/// A server of ours, spoken to frame by frame; everything it says is kept.
struct Conversation {
    server: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    /// What it logs: read all the while, since a server whose logs nobody reads stands still.
    logged: JoinHandle<String>,
    heard: String,
    asked: u64,
}

impl Conversation {
    async fn begin(stage: &Stage) -> Self {
        let mut server = stage
            .command(&["mcp"])
            .env("NOCOBASE_RELEASE_LOG", "trace")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = server.stdin.take().unwrap();
        let stdout = BufReader::new(server.stdout.take().unwrap()).lines();
        let mut stderr = server.stderr.take().unwrap();
        let logged = tokio::spawn(async move {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).await.unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut conversation = Self {
            server,
            stdin,
            stdout,
            logged,
            heard: String::new(),
            asked: 0,
        };
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "secrets", "version": "0" } });
        conversation.ask("initialize", params).await;
        conversation
            .tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
            .await;
        conversation
    }

    async fn tell(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.stdin.write_all(line.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.tell(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
        loop {
            let line = self.stdout.next_line().await.unwrap().unwrap();
            self.heard.push_str(&line);
            let frame: Value = serde_json::from_str(&line).unwrap();
            if frame["id"] == id {
                return frame;
            }
        }
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self
            .ask("tools/call", json!({ "name": tool, "arguments": arguments }))
            .await;
        answer["result"].clone()
    }

    /// Ends the conversation; everything that was said on both of its streams.
    async fn end(self) -> String {
        let Self {
            mut server,
            stdin,
            logged,
            mut heard,
            ..
        } = self;
        drop(stdin);
        server.wait().await.unwrap();
        heard.push_str(&logged.await.unwrap());
        heard
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_said_over_mcp_whatever_is_asked() {
    let stage = Stage::new().await;
    let wrong = "wrong-key-0d9f4e6c1b";
    stage.secret(wrong);
    // prod refuses its key, so that errors have something to repeat
    stage.settings("", |environment| {
        let token = if environment.name() == "prod" {
            wrong.to_owned()
        } else {
            environment.token()
        };
        format!("token = {token:?}")
    });
    let sealed = stage.environment("dev").package(Some(PASSWORD));
    stage.environment("dev").add_backup("sealed.nbdata", sealed);
    stage.secret(PASSWORD);

    let mut server = Conversation::begin(&stage).await;
    for (tool, arguments) in [
        ("list_environments", json!({})),
        ("check_environment", json!({ "environment": "dev" })),
        ("check_environment", json!({ "environment": "prod" })),
        ("list_packages", json!({ "environment": "dev" })),
        ("list_packages", json!({ "environment": "prod" })),
        (
            "inspect_package",
            json!({ "environment": "dev", "package": "sealed.nbdata" }),
        ),
        (
            "inspect_package",
            json!({ "environment": "dev", "package": "../../etc/passwd" }),
        ),
        ("release", json!({ "sentence": "Restore dev to prod" })),
        ("release", json!({ "sentence": "Restore nowhere to test" })),
        (
            "restore",
            json!({ "target": "test", "package": "./release.toml" }),
        ),
        (
            "restore",
            json!({ "source": "dev", "target": "test", "package": "sealed.nbdata" }),
        ),
        (
            "confirm",
            json!({ "plan": "plan-20200101-000000-aaaa", "phrase": "test aaaaa" }),
        ),
        ("backup", json!({ "environment": "prod" })),
        ("undo", json!({ "target": "test" })),
        ("run_status", json!({ "run": "run-../../etc" })),
        ("no_such_tool", json!({ "token": 1 })),
    ] {
        server.call(tool, arguments).await;
    }
    let planned = server
        .call("restore", json!({ "source": "dev", "target": "test" }))
        .await;
    let plan = &planned["structuredContent"]["plan"];
    server
        .call("confirm", json!({ "plan": plan["plan"], "phrase": "test wrong" }))
        .await;
    let confirmed = server
        .call(
            "confirm",
            json!({ "plan": plan["plan"], "phrase": plan["phrase"] }),
        )
        .await;
    let mut run = confirmed["structuredContent"].clone();
    while run["status"] == "running" {
        let status = json!({ "run": run["run"]["run"], "wait_seconds": 20 });
        run = server.call("run_status", status).await["structuredContent"].clone();
    }
    assert_eq!(
        run["run"]["verdict"], "verified",
        "{planned:#}\n{confirmed:#}\n{run:#}"
    );
    server.ask("resources/list", json!({})).await;
    server.ask("prompts/list", json!({})).await;
    let heard = server.end().await;
    assert!(heard.contains("unauthorized"), "prod refuses its key");
    stage.assert_holds_no_secret("said over MCP", &heard);
    assert_home_holds_no_secret(&stage);
}

/// dev is signed in to by NocoBase CLI, with these tokens and this end of the session.
fn store(stage: &Stage, access: &str, expires_at: &str) {
    let store = json!({ "lastEnv": "dev", "envs": { "dev": {
        "kind": "http", "apiBaseUrl": stage.environment("dev").url(), "authType": "oauth",
        "auth": { "type": "oauth", "accessToken": access, "refreshToken": REFRESH, "expiresAt": expires_at,
            "clientId": "client-1", "issuer": stage.environment("dev").url(), "scope": "openid api" },
    } } });
    let folder = stage.home().join(".nocobase");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.json"), store.to_string()).unwrap();
    // the tool's own settings would have the last word about dev
    let settings = std::fs::read_to_string(stage.home().join("release.toml")).unwrap();
    let without_dev: Vec<&str> = settings
        .split("\n[")
        .filter(|table| !table.starts_with("environments.dev]"))
        .collect();
    std::fs::write(stage.home().join("release.toml"), without_dev.join("\n[")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_an_oauth_session_is_said_or_written() {
    let stage = Stage::new().await;
    for secret in [REFRESH, ACCESS] {
        stage.secret(secret);
    }
    store(
        &stage,
        &stage.environment("dev").token(),
        "2999-01-01T00:00:00.000Z",
    );
    let restored = said(
        &stage,
        &["--json", "restore", "test", "--from", "dev", "--yes", "test"],
    )
    .await;
    assert_eq!(restored.expect(0).json()["verdict"], "verified");
    // refused by the server, and then too old to be used at all
    for expires_at in ["2999-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z"] {
        store(&stage, ACCESS, expires_at);
        for arguments in [
            &["doctor"][..],
            &["--json", "envs", "check", "dev"],
            &["restore", "test", "--from", "dev", "--yes", "test"],
        ] {
            said(&stage, arguments).await;
        }
        let failed = said(&stage, &["backup", "dev"]).await;
        assert_ne!(failed.code, 0, "{failed:?}");
    }
    assert_home_holds_no_secret(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_left_behind_by_a_run_that_is_killed_and_taken_up_again() {
    let stage = Stage::new().await;
    stage.secret(PASSWORD);
    let sealed = stage.environment("dev").package(Some(PASSWORD));
    std::fs::write(stage.home().join("sealed.nbdata"), sealed).unwrap();
    std::fs::write(stage.home().join("password"), PASSWORD).unwrap();
    let restore = [
        "restore",
        "test",
        "--package",
        "./sealed.nbdata",
        "--password-file",
        "password",
        "--yes",
        "test",
    ];
    let mut command = stage
        .command(&restore)
        .env("NOCOBASE_RELEASE_LOG", "trace")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let runner = loop {
        if let Some(runner) = runner_that_watches(&stage) {
            break runner;
        }
        assert!(
            command.try_wait().unwrap().is_none(),
            "it ended before it could be killed"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let killed = std::process::Command::new("kill")
        .args(["-9", &runner.to_string()])
        .status();
    assert!(killed.unwrap().success());
    command.wait().await.unwrap();
    assert_home_holds_no_secret(&stage);
    let resumed = said(
        &stage,
        &["--json", "runs", "resume", "--password-file", "password"],
    )
    .await
    .expect(0);
    assert!(
        resumed.json()["verdict"]
            .as_str()
            .unwrap()
            .starts_with("verified"),
        "{resumed:?}"
    );
    for arguments in [
        &["runs", "report"][..],
        &["runs", "show"],
        &["--json", "runs", "list"],
    ] {
        said(&stage, arguments).await;
    }
    assert_home_holds_no_secret(&stage);
}

/// The process of the only run, once that run watches its target.
fn runner_that_watches(stage: &Stage) -> Option<i64> {
    let run = std::fs::read_dir(stage.home().join("release-state/runs"))
        .ok()?
        .next()?
        .ok()?;
    let journal = std::fs::read_to_string(run.path().join("journal.jsonl")).ok()?;
    let lines: Vec<Value> = journal
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let watches = |line: &Value| line["event"] == "step_started" && line["step"] == "watch";
    lines.iter().find(|line| watches(line))?;
    let started = lines.iter().rfind(|line| line["event"] == "runner_started")?;
    started["pid"].as_i64()
}
