//! An encrypted package: without its password, or with a wrong one, the target never hears of it.

use serde_json::json;

use crate::servers::Real;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_password_reaches_the_target() {
    let mut real = Real::take_turn().await;
    real.dev.add_order("devs-encrypted-1").await;
    real.test.add_order("tests-encrypted-1").await;
    let (devs, tests) = (real.truth("dev"), real.truth("test"));
    let password = |password: &str| json!({ "encryptionPassword": password });
    real.tool.set_secret("RIGHT", "correct horse");
    real.tool.set_secret("WRONG", "battery staple");
    real.dev
        .send("backupSettings:update?filterByTk=1", password("correct horse"))
        .await;
    let made = real.report(&["backup", "dev", "--password-env", "RIGHT"], 0);
    real.dev
        .send("backupSettings:update?filterByTk=1", password(""))
        .await;
    let file = made["package"]["path"].as_str().unwrap();
    let restore = ["restore", "test", "--package", file, "--yes", "test"];
    let sent = real.uploads("test");

    let without = real.run(&restore, 5);
    assert!(
        without.stderr.contains("[password_missing]"),
        "{}",
        without.stderr
    );
    let wrong = real.run(&[&restore[..], &["--password-env", "WRONG"]].concat(), 5);
    assert!(wrong.stderr.contains("[password_wrong]"), "{}", wrong.stderr);
    assert_eq!(real.uploads("test"), sent);
    real.truth("test").assert_is(&tests);

    let report = real.report(&[&restore[..], &["--password-env", "RIGHT"]].concat(), 0);
    assert_eq!(report["verdict"], "verified", "{report:#}");
    let now = real.truth("test");
    assert_eq!((&now.orders, &now.users), (&devs.orders, &devs.users));
    assert_eq!(real.uploads("test"), sent + 1);

    // The package brought its source's setting along: backups of test are encrypted now, the safety backup is not.
    let undone = real.report(&["undo", "test", "--yes", "test", "--password-env", "RIGHT"], 0);
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    real.truth("test").assert_is(&tests);
}
