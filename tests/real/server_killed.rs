//! The server is killed in the middle of a restore: while it dumps its own data, while pg_restore loads (which lives
//! on, or dies with it). The verdict is what the database shows, and the way back that is printed works.

use serde_json::Value;

use crate::servers::Real;
use crate::tool::until;

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];

/// Loads only what comes before a table's rows, then waits.
const LOAD_A_PART: &str = "for file; do :; done
\"$program\" -l \"$file\" | sed '/ TABLE DATA public users /,$d' >\"$hook.list\"
\"$program\" \"$@\" -L \"$hook.list\"
reached; hold";

fn verdict(report: &Value) -> &str {
    report["verdict"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_dumps_its_own_data() {
    let real = Real::take_turn().await;
    real.test.add_order("tests-dump-1").await;
    let (before, sent) = (real.truth("test"), real.uploads("test"));
    let dumping = real.hook("pg_dump", "*before-restore*", "reached; hold");

    let run = real.start(&RESTORE);
    dumping.until_reached().await;
    until("the package to be accepted", || {
        run.events("restore_accepted") > 0
    })
    .await;
    real.control(&["kill", "test"]);
    real.control(&["start", "test"]);
    let report = run.end().expect(9).json();

    assert_eq!(verdict(&report), "failed_reverted", "{report:#}");
    real.truth("test").assert_is(&before);
    assert_eq!(real.uploads("test"), sent + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_pg_restore_loads_which_finishes_by_itself() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-orphan-1").await;
    real.test.add_order("tests-orphan-1").await;
    let devs = real.truth("dev");
    let loading = real.hook("pg_restore", "*--clean*", "reached; hold");

    let run = real.start(&RESTORE);
    loading.until_reached().await;
    until("the package to be accepted", || {
        run.events("restore_accepted") > 0
    })
    .await;
    real.control(&["crash", "test"]);
    loading.release();
    let report = run.end().expect(7).json();

    // all rows are there; whether pg_restore got to its last constraint is not to be seen
    assert_eq!(verdict(&report), "unverified", "{report:#}");
    let now = real.truth("test");
    now.assert_is(&devs);
    assert!(!now.is_upgraded());
    let upgrade = "yarn nocobase upgrade --skip-code-update";
    assert!(report["reasons"].to_string().contains(upgrade), "{report:#}");
    let mut words = vec!["exec", "test"];
    words.extend(upgrade.split(' '));
    real.control(&words);
    assert!(real.truth("test").is_upgraded());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_pg_restore_so_that_the_database_is_half_empty() {
    let mut real = Real::take_turn().await;
    real.may_spoil_test();
    real.test.add_order("tests-half-1").await;
    // As README advises: an account cannot even sign in where there are no users.
    let key = real.test.api_key(&real.test.token, "root").await;
    real.tool.set_environment("TEST", "TOKEN", &key);
    let before = real.truth("test");
    let loading = real.hook("pg_restore", "*--clean*", LOAD_A_PART);

    let run = real.start(&RESTORE);
    loading.until_reached().await;
    real.control(&["kill", "test"]);
    real.control(&["start", "test"]);
    assert_eq!(real.truth("test").users, Some(Vec::new()));
    let report = run.end().expect(10).json();

    assert_eq!(verdict(&report), "lost", "{report:#}");
    real.follow_host_route(&report).await;
    real.truth("test").assert_is(&before);
    real.run(&["envs", "check", "test"], 0);
}
