//! The official conformance suite over HTTP: both requirement sets against the handler and HTTP stack with the suite's
//! fixtures added, and what needs no fixtures against the shipped binary.

use std::process::Command;

use release_tests::{Done, Stage, binary, workspace};

use crate::tools::{Served, listening, node, run};

/// Builds the server with the fixtures, where this test's own binary was built.
fn with_fixtures() -> std::path::PathBuf {
    let folder = binary().parent().unwrap().to_owned();
    let mut build = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    build
        .args([
            "build",
            "--locked",
            "-q",
            "-p",
            "release-mcp",
            "--example",
            "conformance",
            "--target-dir",
        ])
        .arg(folder.parent().unwrap())
        .current_dir(workspace());
    if folder.ends_with("release") {
        build.arg("--release");
    }
    run(&mut build);
    folder.join("examples/conformance")
}

async fn suite(server: &Served, options: &[&str]) -> Done {
    let results = tempfile::tempdir().unwrap();
    let node = tokio::task::spawn_blocking(node).await.unwrap();
    let mut command = node.package("@modelcontextprotocol/conformance/dist/index.js");
    command
        .args(["server", "--url", &server.url, "-o"])
        .arg(results.path())
        .args(options)
        .current_dir(results.path());
    Done::new(command.output().await.unwrap()).expect(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_requirement_sets_pass_without_a_failure() {
    let program = tokio::task::spawn_blocking(with_fixtures).await.unwrap();
    let mut command = tokio::process::Command::new(program);
    command.arg("127.0.0.1:0");
    let server = listening(command).await;
    for (requirements, at_least) in [("2025-11-25", 80), ("2026-07-28", 190)] {
        let done = suite(&server, &["--requirements", requirements]).await;
        let total = done
            .stdout
            .lines()
            .find(|line| line.starts_with("Total: "))
            .unwrap();
        let passed: usize = total.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(
            total.ends_with(" 0 failed") && passed >= at_least,
            "{requirements}: {total}\n{}",
            done.stdout
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_binary_passes_what_needs_no_fixtures() {
    let stage = Stage::new().await;
    let server = listening(stage.command(&["mcp", "--http", "127.0.0.1:0"])).await;
    for (scenario, version) in [
        ("server-initialize", "2025-11-25"),
        ("ping", "2025-11-25"),
        ("completion-complete", "2025-11-25"),
        ("tools-list", "2025-11-25"),
        ("prompts-list", "2025-11-25"),
        ("resources-list", "2025-11-25"),
        ("server-sse-multiple-streams", "2025-11-25"),
        ("dns-rebinding-protection", "2025-11-25"),
        ("completion-complete", "2026-07-28"),
        ("tools-list", "2026-07-28"),
        ("prompts-list", "2026-07-28"),
        ("resources-list", "2026-07-28"),
        ("sep-2164-resource-not-found", "2026-07-28"),
        ("http-header-validation", "2026-07-28"),
        ("caching", "2026-07-28"),
        ("dns-rebinding-protection", "2026-07-28"),
    ] {
        let done = suite(&server, &["--scenario", scenario, "--spec-version", version]).await;
        assert!(!done.stdout.contains("✗"), "{scenario}: {}", done.stdout);
    }
}
