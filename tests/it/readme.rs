//! README keeps its word: every command in it is run here or by `.ci/run`, and every snippet is read as its reader would.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use release_tests::{Done, binary, workspace};
use serde_json::{Value, json};

fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let opening = format!("```{language}\n");
    readme
        .split(&opening)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// A command line's words; double quotes hold words together.
fn words(line: &str) -> Vec<String> {
    line.split('"')
        .enumerate()
        .flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

#[test]
fn every_command_is_run_here_or_in_ci() {
    let home = tempfile::tempdir().unwrap();
    let ci = fs::read_to_string(workspace().join(".ci/run")).unwrap();
    let mut run_here = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        let Some(arguments) = line.strip_prefix("nocobase-release ") else {
            assert!(ci.contains(&format!("readme '{line}'")), "nobody runs: {line}");
            continue;
        };
        let mut command = Command::new(binary());
        command
            .args(words(arguments))
            .env_clear()
            .env("NOCOBASE_RELEASE_HOME", home.path())
            .current_dir(home.path());
        let done = Done::new(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(done.code, 0, "{line}\n{}{}", done.stdout, done.stderr);
        run_here += 1;
    }
    assert!(run_here >= 10, "{run_here} commands were run");
}

#[test]
fn the_settings_shown_are_read() {
    let home = tempfile::tempdir().unwrap();
    let secret = home.path().join("secret");
    fs::write(&secret, "a-password\n").unwrap();
    let [settings] = &blocks("toml")[..] else {
        panic!("README shows one settings file")
    };
    let settings = settings.replace("/run/secrets/nocobase-test", secret.to_str().unwrap());
    fs::write(home.path().join("release.toml"), settings).unwrap();
    let mut command = Command::new(binary());
    command
        .args(["--json", "envs", "list"])
        .env_clear()
        .env("NOCOBASE_RELEASE_HOME", home.path())
        .env("NB_CLI_ROOT", home.path())
        .env("NOCOBASE_DEV_TOKEN", "a-token");
    let listed = Done::new(command.output().unwrap()).expect(0).json();
    let told: Vec<Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["name"], one["api_base"], one["current"], one["protected"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["dev", "https://dev.example.com/api", true, false]),
            json!(["test", "https://test.example.com/api", false, true]),
        ]
    );
}

#[test]
fn the_client_entry_shown_starts_a_server() {
    let home = tempfile::tempdir().unwrap();
    let [entry] = &blocks("json")[..] else {
        panic!("README shows one client entry")
    };
    let entry: Value = serde_json::from_str(entry).unwrap();
    let server = &entry["mcpServers"]["nocobase-release"];
    assert_eq!(
        (&server["type"], &server["command"]),
        (&json!("stdio"), &json!("nocobase-release"))
    );
    let arguments: Vec<&str> = server["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    let mut child = Command::new(binary())
        .args(arguments)
        .env_clear()
        .env("NOCOBASE_RELEASE_HOME", home.path())
        .env("NB_CLI_ROOT", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "readme", "version": "1" } } });
    writeln!(stdin, "{hello}").unwrap();
    let mut answer = String::new();
    stdout.read_line(&mut answer).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer["result"]["serverInfo"]["name"], "nocobase-release",
        "{answer:#}"
    );
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(
        fs::read_dir(home.path()).unwrap().count(),
        0,
        "starting a server writes nothing"
    );
}
