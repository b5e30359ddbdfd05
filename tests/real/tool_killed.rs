//! The tool is killed in the middle of a restore. The server goes on by itself, and the run is taken up again: what
//! came of it is read back, and nothing is sent a second time.

use crate::proxy::{Proxy, Uploads};
use crate::servers::Real;
use crate::tool::until;

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_server_restores() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-killed-1").await;
    real.test.add_order("tests-killed-1").await;
    let (devs, sent) = (real.truth("dev"), real.uploads("test"));
    let loading = real.hook("pg_restore", "*--clean*", "reached; hold");

    let run = real.start(&RESTORE);
    until("the package to be accepted", || {
        run.events("restore_accepted") > 0
    })
    .await;
    loading.until_reached().await;
    let name = run.run();
    let left = run.kill_runner();
    assert_eq!(left.code, 11, "it does not know: {}", left.stdout);
    let shown = real.report(&["runs", "show", &name], 0);
    assert_eq!(shown["state"], "interrupted", "{shown:#}");
    assert_eq!(
        shown["next"][0],
        format!("nocobase-release runs resume {name}").as_str()
    );
    loading.release();

    let report = real.report(&["runs", "resume", &name], 0);

    assert_eq!(report["verdict"], "verified", "{report:#}");
    real.truth("test").assert_is(&devs);
    assert_eq!(real.uploads("test"), sent + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_answer_to_the_upload_came() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-killed-2").await;
    real.test.add_order("tests-killed-2").await;
    let (devs, sent) = (real.truth("dev"), real.uploads("test"));
    let proxy = Proxy::before(&real.test.url, Uploads::LoseAnswer).await;
    let mut tool = real.another_tool();
    tool.set_environment("TEST", "URL", &proxy.url);

    let run = tool.start(&RESTORE);
    until("the server's answer", || proxy.was_answered()).await;
    assert_eq!(run.events("restore_accepted"), 0);
    run.kill_runner();

    let report = tool.report(&["runs", "resume"], 0);

    // The request's id was in the answer, so the log tells nothing of it.
    assert_eq!(report["verdict"], "verified_with_warnings", "{report:#}");
    real.truth("test").assert_is(&devs);
    assert_eq!((real.uploads("test"), proxy.uploads()), (sent + 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_upload_while_another_waited() {
    let real = Real::take_turn().await;
    real.test.add_order("tests-killed-3").await;
    let (before, sent) = (real.truth("test"), real.uploads("test"));
    let dumping = real.hook("pg_dump", "*-F\\ c*", "reached; hold");

    let run = real.start(&RESTORE);
    dumping.until_reached().await;
    assert!(run.began("make_safety_backup"));
    let name = run.run();
    // The same home: the target is taken, and by whom is said.
    let refused = real.run(&RESTORE, 6);
    for said in ["[target_locked]", &name, "since"] {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    run.kill_runner();

    let report = real.report(&["runs", "resume", &name], 8);
    dumping.release();

    assert_eq!(report["verdict"], "failed_unchanged", "{report:#}");
    assert_eq!(report["cause"]["code"], "interrupted", "{report:#}");
    real.truth("test").assert_is(&before);
    assert_eq!(real.uploads("test"), sent);
    real.run(&["envs", "check", "test"], 0);
}
