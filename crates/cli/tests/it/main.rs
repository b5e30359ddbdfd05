//! The binary on its own: help, usage, an empty home. Journeys over simulated environments are in `tests/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_nocobase-release"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .current_dir(home.path())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_names_every_command() {
    let output = run(&["--help"]);
    let help = text(&output.stdout);
    for command in [
        "ask", "parse", "plan", "apply", "backup", "restore", "undo", "runs", "packages", "envs", "doctor",
        "mcp", "sandbox",
    ] {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command} is not in\n{help}"
        );
    }
    assert!(
        !help.contains("execute"),
        "the runner's command is not for people"
    );
}

#[test]
fn wrong_usage_is_exit_code_2() {
    assert_eq!(run(&["frobnicate"]).status.code(), Some(2));
    assert_eq!(run(&["restore", "--package"]).status.code(), Some(2));
}

#[test]
fn without_any_set_up_doctor_says_what_to_do() {
    let output = run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("nb env add")
            && said.contains("release.toml")
            && said.contains("NOCOBASE_RELEASE_ENV_DEV_URL"),
        "{said}"
    );
}

#[test]
fn an_unknown_environment_is_named_with_the_known_ones() {
    let output = Command::new(env!("CARGO_BIN_EXE_nocobase-release"))
        .args(["restore", "tset", "--yes", "tset"])
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("NOCOBASE_RELEASE_ENV_TEST_URL", "http://127.0.0.1:9/api")
        .env("NOCOBASE_RELEASE_ENV_TEST_TOKEN", "secret-token-1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("did you mean \"test\"?"), "{said}");
    assert!(!said.contains("secret-token-1"));
}

#[test]
fn a_batch_keeps_order_and_marks_bad_lines() {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_nocobase-release"))
        .args(["parse", "--batch"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = concat!(
        r#"{"id":1,"text":"Restore dev to test","envs":["dev","test"],"current":"dev"}"#,
        "\n{not json\n",
        r#"{"id":"c","text":"don't restore dev to test","envs":["dev","test"],"current":null}"#,
        "\n"
    );
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let answers: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(
        (&answers[0]["action"], &answers[0]["target"]),
        (&"restore".into(), &"test".into())
    );
    assert!(answers[1]["error"].is_string());
    assert_eq!(
        (&answers[2]["id"], &answers[2]["action"]),
        (&"c".into(), &"none".into())
    );
    assert_eq!(output.status.code(), Some(2), "a bad line is wrong usage");
}

#[test]
fn shells_get_a_script_that_completes_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = text(&output.stdout);
        for command in ["ask", "restore", "packages", "report"] {
            assert!(script.contains(command), "{command} in {shell}");
        }
    }
    let output = run(&["completions", "bash"]);
    let mut shell = Command::new("bash");
    shell.args(["-n"]).stdin(std::process::Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    std::io::Write::write_all(shell.stdin.as_mut().unwrap(), &output.stdout).unwrap();
    assert!(shell.wait().unwrap().success(), "bash reads the script");
}
