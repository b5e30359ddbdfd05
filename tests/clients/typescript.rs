//! The official TypeScript SDKs, the present and the one before it, over stdio and HTTP, in both lifecycles: from a
//! sentence to a verdict, and a protected target with a person who types the phrase.

use release_tests::{Done, Stage, binary};
use serde_json::{Value, json};

use crate::tools::{CALLER, TOKEN, node, serve};

async fn session(options: &[&str]) -> Value {
    let node = tokio::task::spawn_blocking(node).await.unwrap();
    let mut command = node.script("session.mjs");
    Done::new(command.args(options).output().await.unwrap())
        .expect(0)
        .json()
}

fn judge(session: &Value, stage: &Stage, what: &str) {
    let steps = &session["steps"];
    assert_eq!(steps["question"]["data"]["status"], "question", "{what}");
    assert_eq!(steps["plan"]["data"]["status"], "confirmation_required", "{what}");
    for (step, code) in [
        ("confirm_wrongly", "wrong_confirmation"),
        ("confirm_again", "plan_used"),
    ] {
        assert_eq!(steps[step]["is_error"], true, "{what} {step}");
        assert!(
            steps[step]["text"].as_str().unwrap().contains(code),
            "{what} {step}"
        );
    }
    for step in ["ended", "ended_protected"] {
        assert_eq!(
            steps[step]["data"]["run"]["verdict"], "verified",
            "{what} {step}: {steps:#}"
        );
    }
    assert_eq!(session["asked"].as_array().unwrap().len(), 1, "{what}");
    for name in ["test", "prod"] {
        assert_eq!(
            stage.environment(name).mutations("backup:restoreUpload"),
            1,
            "{what} {name}"
        );
    }
    assert!(
        session["prompts"].as_array().unwrap().contains(&json!("release")),
        "{what}"
    );
    assert!(
        session["resources"]
            .as_array()
            .unwrap()
            .contains(&json!("release://environments")),
        "{what}"
    );
    stage.assert_no_violation();
}

const WAYS: [(&str, &str, &str); 4] = [
    ("2", "legacy", "2025-11-25"),
    ("2", "auto", "2026-07-28"),
    ("2", "pinned", "2026-07-28"),
    ("1", "legacy", "2025-11-25"),
];

#[tokio::test(flavor = "multi_thread")]
async fn over_stdio() {
    for (sdk, lifecycle, version) in WAYS {
        let stage = Stage::new().await;
        let home = stage.home().display().to_string();
        let command = json!([binary().display().to_string(), "--home", home, "mcp"]).to_string();
        let session = session(&["--sdk", sdk, "--lifecycle", lifecycle, "--command", &command]).await;
        let what = format!("{sdk} {lifecycle}");
        if sdk == "2" {
            assert_eq!(session["version"], version, "{what}");
        }
        judge(&session, &stage, &what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http() {
    for (sdk, lifecycle, version) in WAYS {
        let stage = Stage::new().await;
        let server = serve(&stage).await;
        let options = [
            "--sdk",
            sdk,
            "--lifecycle",
            lifecycle,
            "--url",
            &server.url,
            "--token",
            TOKEN,
        ];
        let session = session(&options).await;
        let what = format!("{sdk} {lifecycle}");
        if sdk == "2" {
            assert_eq!(session["version"], version, "{what}");
        }
        judge(&session, &stage, &what);
        let runs = stage.run(&["--json", "runs", "list"]).await.expect(0).json();
        for run in runs.as_array().unwrap() {
            assert_eq!(run["caller"], CALLER, "{run:#}");
        }
    }
}
