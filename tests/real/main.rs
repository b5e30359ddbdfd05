//! Two real NocoBase servers: the scenarios from their sentences, the way back, and a package that NocoBase's own
//! command line calls restored although the server went back.
//!
//! `tests/real/servers run -- cargo nextest run -p release-tests --features real --test real` brings the servers up,
//! runs this, and tears them down. The tests share the servers and take turns.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod ai;
mod bad_packages;
mod broken_backups;
mod dumps;
mod encrypted;
mod hooks;
mod no_migrations;
mod packages;
mod proxy;
mod rights;
mod server;
mod server_killed;
mod servers;
mod tool;
mod tool_killed;
mod truth;
mod two_at_once;

use release_tests::truncate_data;
use serde_json::json;

use crate::servers::Real;

#[tokio::test(flavor = "multi_thread")]
async fn restore_dev_to_test_and_undo() {
    let real = Real::take_turn().await;
    real.test.add_order("tests-own-1").await;
    real.dev.add_order("devs-1").await;
    let (devs, tests) = (real.dev.orders().await, real.test.orders().await);
    assert_ne!(devs, tests);

    let report = real.report(&["ask", "Restore dev to test", "--yes", "test"], 0);

    println!("{report:#}");
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(real.test.orders().await, devs);
    assert_eq!(real.dev.orders().await, devs, "the source is as it was");
    let says: Vec<(&str, &str)> = report["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| (signal["name"].as_str().unwrap(), signal["says"].as_str().unwrap()))
        .collect();
    for signal in [
        ("server log", "for"),
        ("marker", "for"),
        ("content", "for"),
        ("users", "for"),
    ] {
        assert!(says.contains(&signal), "{says:?}");
    }

    let undone = real.report(&["undo", "test", "--yes", "test"], 0);
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    assert_eq!(real.test.orders().await, tests);
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_using_a_backup_of_the_current_environment() {
    let real = Real::take_turn().await;
    real.run(&["backup", "test"], 0);
    let listed = real.report(&["packages", "list", "test"], 0);
    let newest = listed[0]["name"].as_str().unwrap().to_owned();
    let then = real.test.orders().await;
    real.test.add_order("tests-later-2").await;

    let report = real.report(
        &["ask", &format!("Restore using {newest} backup"), "--yes", "test"],
        0,
    );

    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(real.test.orders().await, then);
}

#[tokio::test(flavor = "multi_thread")]
async fn back_up_and_restore_the_current_environment() {
    let real = Real::take_turn().await;
    real.test.add_order("tests-own-3").await;
    let then = real.test.orders().await;

    let report = real.report(
        &[
            "ask",
            "Back up and restore the current environment",
            "--yes",
            "test",
        ],
        0,
    );

    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(real.test.orders().await, then);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_with_truncated_data_is_told_for_what_it_is_and_the_official_command_says_success() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-4").await;
    real.test.add_order("tests-own-4").await;
    let then = real.test.orders().await;
    let made = real.report(&["backup", "dev"], 0);
    let whole = std::fs::read(made["package"]["path"].as_str().unwrap()).unwrap();
    let path = real.home().join("truncated.nbdata");
    std::fs::write(&path, truncate_data(&whole)).unwrap();
    let path = path.to_str().unwrap();

    // As it is meant: refused before the target hears of it.
    let refused = real.run(&["restore", "test", "--package", path, "--yes", "test"], 5);
    assert!(refused.stderr.contains("[data_truncated]"), "{}", refused.stderr);

    // Somebody insists.
    let insisting = [
        "restore",
        "test",
        "--package",
        path,
        "--accept",
        "data_truncated",
        "--yes",
        "test",
    ];
    let report = real.report(&insisting, 9);
    assert_eq!(report["verdict"], "failed_reverted", "{report:#}");
    assert_eq!(real.test.orders().await, then);

    // NocoBase's own command line, the same file, the same server.
    let official = real.official_restore("test", path);
    println!("nb backup restore: exit {}\n{}", official.code, official.stdout);
    assert_eq!(official.code, 0);
    assert!(official.stdout.contains("Backup restored"), "{}", official.stdout);
    real.test.until_up().await;
    assert_eq!(real.test.orders().await, then, "nothing was restored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_backup_rights_a_wrong_token_and_a_stopped_server_are_told_apart() {
    let real = Real::take_turn().await;
    let clerk = real.test.clerk().await;
    let then = real.test.orders().await;
    let restore = ["restore", "test", "--from", "dev", "--yes", "test"];

    let refused = real.run_as(&clerk, &restore, 1);
    assert!(
        refused.stderr.contains("[forbidden]") && refused.stderr.contains("pm.backups"),
        "{}",
        refused.stderr
    );
    let refused = real.run_as("not-a-token", &restore, 1);
    assert!(refused.stderr.contains("[unauthorized]"), "{}", refused.stderr);
    assert_eq!(real.test.orders().await, then);

    real.control(&["stop", "test"]);
    let refused = real.run(&restore, 1);
    real.control(&["start", "test"]);
    assert!(refused.stderr.contains("[unreachable]"), "{}", refused.stderr);
    assert_eq!(real.test.orders().await, then);
    assert_eq!(real.report(&["runs", "list"], 0), json!([]), "nothing ran");
}
