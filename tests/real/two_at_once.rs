//! Two restores at one target at once, by two homes that know nothing of each other: NocoBase takes both. (By one home
//! the second is refused: see `tool_killed`.)

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Barrier;

use crate::proxy::{Proxy, Uploads};
use crate::servers::Real;
use crate::tool::Tool;
use crate::truth::Truth;

/// Whether a verdict says what the database shows.
fn is_true(report: &Value, wanted: &Truth, before: &Truth, now: &Truth) -> bool {
    match report["verdict"].as_str().unwrap() {
        "verified" | "verified_with_warnings" => now.differences(wanted).is_empty(),
        "failed_unchanged" | "failed_reverted" => now.differences(before).is_empty(),
        "lost" | "partial" | "unknown" | "unverified" => {
            !now.differences(wanted).is_empty() || report["next"].to_string().contains("undo")
        }
        other => unreachable!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_two_homes_neither_is_told_a_lie() {
    let real = Real::take_turn().await;
    real.may_spoil_test();
    real.dev.add_order("devs-twice-1").await;
    real.test.add_order("tests-twice-1").await;
    let (devs, before, sent) = (real.truth("dev"), real.truth("test"), real.uploads("test"));
    let proxy = Proxy::before(&real.test.url, Uploads::Together(Arc::new(Barrier::new(2)))).await;
    let homes: Vec<Tool> = (0..2)
        .map(|_| {
            let mut tool = real.another_tool();
            tool.set_environment("TEST", "URL", &proxy.url);
            tool
        })
        .collect();

    let restore = ["restore", "test", "--from", "dev", "--yes", "test"];
    let runs: Vec<_> = homes.iter().map(|tool| tool.start(&restore)).collect();
    let done: Vec<_> = runs.into_iter().map(|run| run.end()).collect();
    let reports: Vec<Value> = done.iter().map(release_tests::Done::json).collect();

    assert_eq!((proxy.uploads(), real.uploads("test")), (2, sent + 2));
    let now = real.truth("test");
    for report in &reports {
        println!("{}: {}", report["verdict"], report["reasons"]);
        println!("{:?}", now.differences(&devs));
        assert!(
            is_true(report, &devs, &before, &now),
            "{:?} {report:#}",
            now.differences(&devs)
        );
    }
    let lost = reports.iter().find(|report| report["verdict"] == "lost");
    if let Some(report) = lost {
        real.follow_host_route(report).await;
        real.truth("test").assert_is(&before);
    }
}
