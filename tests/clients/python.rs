//! The official Python SDK over stdio and HTTP, in both lifecycles: from a sentence to a verdict.

use release_tests::{Done, Stage, binary, workspace};
use serde_json::Value;

use crate::tools::{CALLER, TOKEN, python, serve};

/// Drives the server through `session.py`, off the threads that serve the simulation.
async fn sessions(stage: &Stage, over_http: bool, options: &[&str]) -> Vec<Value> {
    let (served, server) = if over_http {
        let served = serve(stage).await;
        let url = served.url.clone();
        (
            Some(served),
            vec!["--url".to_owned(), url, "--token".to_owned(), TOKEN.to_owned()],
        )
    } else {
        let command = format!("{} --home {} mcp", binary().display(), stage.home().display());
        (None, vec!["--command".to_owned(), command])
    };
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let mut command = tokio::process::Command::new(python);
    command
        .arg(workspace().join("tests/mcp-clients/session.py"))
        .args(server)
        .args(options);
    command.env("NB_CLI_ROOT", stage.home());
    let done = Done::new(command.output().await.unwrap()).expect(0);
    drop(served);
    done.json()["sessions"].as_array().unwrap().clone()
}

fn status<'a>(session: &'a Value, step: &str) -> &'a str {
    session["steps"][step]["data"]["status"]
        .as_str()
        .unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_becomes_a_plan_and_only_its_own_phrase_runs_it() {
    for (over_http, lifecycle) in [
        (false, "legacy"),
        (false, "auto"),
        (true, "legacy"),
        (true, "auto"),
    ] {
        let stage = Stage::new().await;
        let devs_orders = stage.environment("dev").rows("orders");
        let session = &sessions(&stage, over_http, &["--lifecycle", lifecycle]).await[0];

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
            "migrate",
            "migration_rules",
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
        let version = if lifecycle == "auto" {
            "2026-07-28"
        } else {
            "2025-11-25"
        };
        assert_eq!(session["protocol_version"], version);
        let runs = stage.run(&["--json", "runs", "list"]).await.expect(0).json();
        for run in runs.as_array().unwrap() {
            let caller = run.get("caller").and_then(Value::as_str);
            assert_eq!(caller, over_http.then_some(CALLER), "{run:#}");
        }
        stage.assert_no_violation();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_plan_is_not_run_by_its_own_phrase() {
    let stage = Stage::new().await;
    stage.settings("[policy]\nplan-minutes = 0\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    for session in sessions(&stage, false, &["--late"]).await {
        let refused = &session["steps"]["confirm"];
        assert_eq!(refused["is_error"], true, "{refused:#}");
        assert!(
            refused["text"].as_str().unwrap().contains("plan_expired"),
            "{refused:#}"
        );
    }
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}
