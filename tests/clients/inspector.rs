//! The Inspector's command line over stdio and HTTP, in both lifecycles. It is strict about schemas that some clients
//! refuse, and compares the skill's files with their digests.

use release_tests::{Done, Stage, binary};
use serde_json::Value;

use crate::tools::{TOKEN, node, serve};

const PROGRAM: &str = "@modelcontextprotocol/inspector/clients/launcher/build/index.js";

/// What is asked, and what must be in the answer.
const QUESTIONS: [(&[&str], &str); 8] = [
    (&["--method", "tools/list", "--strict"], "\"confirm\""),
    (
        &["--method", "tools/call", "--tool-name", "list_environments"],
        "\"protected\": true",
    ),
    (
        &[
            "--method",
            "tools/call",
            "--tool-name",
            "check_environment",
            "--tool-arg",
            "environment=dev",
        ],
        "NocoBase",
    ),
    (&["--method", "prompts/list"], "\"release\""),
    (
        &[
            "--method",
            "prompts/get",
            "--prompt-name",
            "undo",
            "--prompt-args",
            "target=test",
        ],
        "\\\"test\\\"",
    ),
    (&["--method", "resources/list"], "release://environments"),
    (&["--method", "resources/templates/list"], "release://runs/{run}"),
    (&["--method", "skills/list", "--verify"], "nocobase-release"),
];

async fn ask(stage: &Stage, options: &[&str], server: &[&str]) -> Done {
    let node = tokio::task::spawn_blocking(node).await.unwrap();
    let mut command = node.package(PROGRAM);
    // Servers get no variables but those that are named here.
    let home = format!("NOCOBASE_RELEASE_HOME={}", stage.home().display());
    command.args(["--cli", "-e", &home]).args(options).args(server);
    Done::new(command.output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn over_stdio_and_http_in_both_lifecycles() {
    let stage = Stage::new().await;
    let served = serve(&stage).await;
    let program = binary().display().to_string();
    let header = format!("Authorization: Bearer {TOKEN}");
    for era in ["legacy", "modern"] {
        for server in [
            vec![program.as_str(), "mcp"],
            vec![
                "--server-url",
                &served.url,
                "--transport",
                "http",
                "--header",
                &header,
            ],
        ] {
            for (question, expected) in QUESTIONS {
                let mut options = vec!["--protocol-era", era];
                let mut over = server.clone();
                // A command stands before the questions, so that they are not taken for its arguments.
                if over.first() == Some(&program.as_str()) {
                    options.append(&mut over);
                }
                options.extend(question);
                let done = ask(&stage, &options, &over).await.expect(0);
                assert!(
                    done.stdout.contains(expected),
                    "{era} {question:?}: {}",
                    done.stdout
                );
            }
        }
    }
    // An error of a tool is one for the Inspector, too.
    let wrong = [
        "mcp",
        "--method",
        "tools/call",
        "--tool-name",
        "check_environment",
        "--tool-arg",
        "environment=tset",
    ];
    let mut options = vec![program.as_str()];
    options.extend(wrong);
    let done = ask(&stage, &options, &[]).await.expect(5);
    assert!(!done.stdout.is_empty() || !done.stderr.is_empty());
    let list = ask(&stage, &[program.as_str(), "mcp", "--method", "tools/list"], &[])
        .await
        .expect(0);
    let list: Value = list.json();
    assert_eq!(list["tools"].as_array().unwrap().len(), 12);
}
