//! Bad packages: each kind is refused with a code of its own before the target hears of it.

use std::collections::BTreeSet;

use release_tests::{Stage, bad_packages, workspace};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_refused_with_its_own_code_before_the_target_is_touched() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let dev = stage.environment("dev");
    let dumps = |name: &str| {
        std::fs::read(
            workspace()
                .join("crates/engine/tests/package/fixtures")
                .join(name),
        )
        .unwrap()
    };
    let kinds = bad_packages(&dev.package(None), &dev.package(Some("right")), dumps);
    let codes: BTreeSet<&str> = kinds.iter().map(|kind| kind.code).collect();
    assert!(codes.len() >= 40, "{} kinds", codes.len());
    assert_eq!(codes.len(), kinds.len(), "two kinds share a code");
    let mut wrong = Vec::new();
    for kind in &kinds {
        std::fs::write(stage.home().join("bad.nbdata"), &kind.bytes).unwrap();
        let mut arguments = vec!["restore", "test", "--package", "./bad.nbdata", "--yes", "test"];
        if let Some(password) = kind.password {
            std::fs::write(stage.home().join("password"), password).unwrap();
            arguments.extend(["--password-file", "password"]);
        }
        let done = stage.run(&arguments).await;
        let said = done.stderr.contains(&format!("[{}]", kind.code)) && done.stderr.contains("what to do:");
        if done.code != 5 || !said {
            wrong.push(format!(
                "{}: {} expected, exit {}: {}",
                kind.what, kind.code, done.code, done.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(stage.changes("test"), 0);
    assert_eq!(test.mutations("backup:restoreUpload"), 0);
    stage.assert_no_violation();
}
