//! The MCP server as official clients see it: the Python SDK over stdio, in both lifecycles of the protocol, from a
//! sentence to a verdict, against the simulation.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::path::PathBuf;
use std::process::Command;

use release_tests::{Done, Stage, binary, workspace};
use serde_json::Value;

/// A virtual environment with the pinned SDK, kept beside the build.
fn python() -> PathBuf {
    let venv = binary().parent().unwrap().join("mcp-clients-venv");
    let requirements = workspace().join("tests/mcp-clients/requirements.txt");
    let python = venv.join("bin/python");
    let marker = venv.join("requirements.txt");
    let wanted = std::fs::read(&requirements).unwrap();
    // Tests run in processes of their own, and one of them makes it for all.
    let lock = std::fs::File::create(venv.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if std::fs::read(&marker).ok() != Some(wanted.clone()) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        // A download may be tried again; what is installed is pinned.
        let mut install = Command::new(&python);
        run(install
            .args(["-m", "pip", "install", "-q", "--retries", "5", "-r"])
            .arg(&requirements));
        std::fs::write(&marker, wanted).unwrap();
    }
    python
}

fn run(command: &mut Command) {
    let done = Done::new(command.output().unwrap());
    assert_eq!(done.code, 0, "{command:?}: {}", done.stderr);
}

/// Drives the server through `session.py`, off the threads that serve the simulation.
async fn sessions(stage: &Stage, options: &[&str]) -> Vec<Value> {
    let server = format!("{} --home {} mcp", binary().display(), stage.home().display());
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let mut command = tokio::process::Command::new(python);
    command
        .arg(workspace().join("tests/mcp-clients/session.py"))
        .args(["--command", &server])
        .args(options);
    command.env("NB_CLI_ROOT", stage.home());
    let done = Done::new(command.output().await.unwrap()).expect(0);
    done.json()["sessions"].as_array().unwrap().clone()
}

fn status<'a>(session: &'a Value, step: &str) -> &'a str {
    session["steps"][step]["data"]["status"]
        .as_str()
        .unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_becomes_a_plan_and_only_its_own_phrase_runs_it() {
    for lifecycle in ["legacy", "auto"] {
        let stage = Stage::new().await;
        let devs_orders = stage.environment("dev").rows("orders");
        let session = &sessions(&stage, &["--lifecycle", lifecycle]).await[0];

        let tools: Vec<&str> = session["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap())
            .collect();
        for tool in [
            "backup",
            "check_environment",
            "confirm",
            "inspect_package",
            "list_environments",
            "list_packages",
            "release",
            "restore",
            "run_status",
            "undo",
        ] {
            assert!(tools.contains(&tool), "{tools:?}");
        }
        assert_eq!(status(session, "plan"), "confirmation_required");
        assert_eq!(status(session, "question"), "question");
        for (step, code) in [
            ("unknown_environment", "unknown_environment"),
            ("confirm_wrongly", "wrong_confirmation"),
            ("confirm_foreign", "wrong_confirmation"),
            ("confirm_again", "plan_used"),
        ] {
            let refused = &session["steps"][step];
            assert_eq!(refused["is_error"], true, "{step}: {refused:#}");
            assert!(
                refused["text"].as_str().unwrap().contains(code),
                "{step}: {refused:#}"
            );
        }
        let ended = &session["steps"]["ended"]["data"]["run"];
        assert_eq!(ended["verdict"], "verified", "{ended:#}");
        assert_eq!(stage.environment("test").rows("orders"), devs_orders);
        assert_eq!(
            stage.environment("test").mutations("backup:restoreUpload"),
            1,
            "only the right phrase ran"
        );

        // A protected target takes a person: declined once, then typed.
        assert_eq!(
            session["asked"].as_array().unwrap().len(),
            2,
            "{:#}",
            session["asked"]
        );
        assert_eq!(
            session["steps"]["ended_protected"]["data"]["run"]["verdict"],
            "verified"
        );
        assert_eq!(stage.environment("prod").mutations("backup:restoreUpload"), 1);
        let longest = session["steps"]
            .as_object()
            .unwrap()
            .values()
            .map(|step| step["seconds"].as_f64().unwrap());
        assert!(
            longest.fold(0.0, f64::max) < 50.0,
            "no call may last as long as clients wait"
        );
        stage.assert_no_violation();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_plan_is_not_run_by_its_own_phrase() {
    let stage = Stage::new().await;
    stage.settings("[policy]\nplan-minutes = 0\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    for session in sessions(&stage, &["--late"]).await {
        let refused = &session["steps"]["confirm"];
        assert_eq!(refused["is_error"], true, "{refused:#}");
        assert!(
            refused["text"].as_str().unwrap().contains("plan_expired"),
            "{refused:#}"
        );
    }
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}
