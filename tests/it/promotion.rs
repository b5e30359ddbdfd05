//! The same package, from one environment to the next: what was verified where, and a policy that wants to see it.

use release_tests::Stage;
use serde_json::Value;

use crate::migrations::numbers;

const TO_TEST: [&str; 6] = ["migrate", "test", "--from", "dev", "--yes", "test"];
const TO_PROD: [&str; 8] = [
    "migrate",
    "prod",
    "--from",
    "test",
    "--package",
    "@verified",
    "--yes",
    "prod",
];

/// prod takes what was verified on test; it is not protected, so that a script can show it.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    policy(&stage, "verified-first = { prod = \"test\" }");
    stage
}

fn policy(stage: &Stage, rules: &str) {
    let rules = format!("[policy]\nunprotected = [\"prod\"]\n{rules}\n");
    stage.settings(&rules, |environment| format!("token = {:?}", environment.token()));
}

async fn ledger(stage: &Stage) -> Value {
    stage.report(&["packages", "ledger"], 0).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_verified_on_test_goes_to_prod_and_nothing_else_does() {
    let stage = stage().await;
    let (dev, prod) = (stage.environment("dev"), stage.environment("prod"));
    let file = stage.package_file("dev", "dev.nbdata");
    let file = file.to_str().unwrap();
    for refused in [
        vec!["migrate", "prod", "--from", "dev", "--yes", "prod"],
        vec!["restore", "prod", "--from", "dev", "--yes", "prod"],
        vec!["restore", "prod", "--package", file, "--yes", "prod"],
    ] {
        let refused = stage.run(&refused).await.expect(5);
        for word in [
            "[not_verified_first]",
            "verified on test",
            "--from test --package @verified",
        ] {
            assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
        }
    }
    let nothing = stage.run(&TO_PROD).await.expect(2);
    assert!(
        nothing
            .stderr
            .contains("no migration package was verified on test"),
        "{}",
        nothing.stderr
    );
    assert_eq!((stage.changes("dev"), stage.changes("prod")), (0, 0));

    stage.report(&TO_TEST, 0).await;
    let orders = numbers(&prod);
    let plan = stage.run(&[&["plan"], &TO_PROD[..6]].concat()).await.expect(0);
    assert!(plan.stdout.contains("verified on test at "), "{}", plan.stdout);
    let report = stage.report(&TO_PROD, 0).await;

    assert_eq!(
        report["verdict"], "verified",
        "its rule is known from its first run: {report:#}"
    );
    assert_eq!(numbers(&prod), orders, "schema-only keeps the rows");
    assert_eq!(prod.rows("workflows"), dev.rows("workflows"));
    assert_eq!(dev.mutations("migration:create"), 1, "no other package was made");
    let told = ledger(&stage).await;
    let [entry] = &told.as_array().unwrap()[..] else {
        panic!("{told:#}")
    };
    assert_eq!(entry["sha256"], report["package"]["sha256"]);
    let places: Vec<(&str, &str)> = entry["placements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|placement| (text(&placement["environment"]), text(&placement["verdict"])))
        .collect();
    assert_eq!(places, [("prod", "verified"), ("test", "verified")]);
    let shown = stage.run(&["packages", "ledger"]).await.expect(0).stdout;
    assert!(shown.contains("migration package of dev"), "{shown}");
    let path = text(&report["package"]["path"]);
    let inspected = stage.run(&["packages", "inspect", path]).await;
    assert!(
        inspected.stdout.contains("verified on prod at "),
        "{}",
        inspected.stdout
    );
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_promoted_the_same_way_and_an_undo_needs_no_proof() {
    let stage = stage().await;
    let (dev, prod) = (stage.environment("dev"), stage.environment("prod"));
    let before = prod.rows("orders");
    stage
        .report(&["restore", "test", "--from", "dev", "--yes", "test"], 0)
        .await;
    let promote = [&["restore"], &TO_PROD[1..]].concat();
    let report = stage.report(&promote, 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(prod.rows("orders"), dev.rows("orders"));
    assert_eq!(dev.mutations("backup:create"), 1, "no other package was made");

    let undone = stage.report(&["undo", "prod", "--yes", "prod"], 0).await;
    assert_eq!(undone["verdict"], "verified");
    assert_eq!(prod.rows("orders"), before);
    stage.report(&promote, 0).await;

    // What was taken back on test is no proof any more.
    let taken_back = stage.report(&["undo", "test", "--yes", "test"], 0).await;
    stage.run(&promote).await.expect(2);
    let path = text(&report["package"]["path"]);
    let refused = stage
        .run(&["restore", "prod", "--package", path, "--yes", "prod"])
        .await
        .expect(5);
    assert!(
        refused.stderr.contains("[not_verified_first]"),
        "{}",
        refused.stderr
    );
    let told = ledger(&stage).await.to_string();
    assert!(
        told.contains(&format!("\"taken_back_by\":{}", taken_back["run"])),
        "{told}"
    );
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_on_a_server_is_judged_once_its_digest_is_known() {
    let stage = stage().await;
    let (dev, prod) = (stage.environment("dev"), stage.environment("prod"));
    stage.report(&TO_TEST, 0).await;
    let verified = dev.migrations().pop().unwrap();
    let by_name = |name| {
        [
            "migrate",
            "prod",
            "--from",
            "dev",
            "--package",
            name,
            "--yes",
            "prod",
        ]
    };
    let plan = stage
        .report(&[&["plan"], &by_name(&verified)[..6]].concat(), 0)
        .await;
    assert!(
        plan["plan"]["findings"]
            .to_string()
            .contains("is seen when it is fetched"),
        "{plan:#}"
    );
    // Another package, made on dev by the way.
    policy(&stage, "");
    let made = [
        "migrate",
        "test",
        "--from",
        "dev",
        "--user",
        "overwrite",
        "--yes",
        "test",
    ];
    stage.report(&made, 0).await;
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
    policy(&stage, "verified-first = { prod = \"test\" }");
    let other = dev
        .migrations()
        .into_iter()
        .find(|name| *name != verified)
        .unwrap();

    let report = stage.report(&by_name(&other), 5).await;
    assert_eq!(report["verdict"], "failed_unchanged", "{report:#}");
    assert_eq!(report["cause"]["code"], "not_verified_first");
    assert_eq!(prod.mutations("migrationFiles:runTask"), 0);
    let report = stage.report(&by_name(&verified), 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    stage.assert_no_violation();
}

/// A plan is a file: what it says of its package is not believed, and policy may have changed since it was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_older_plan_does_not_get_past_the_ledger() {
    let stage = stage().await;
    let prod = stage.environment("prod");
    stage
        .report(&["restore", "test", "--from", "dev", "--yes", "test"], 0)
        .await;
    let foreign = stage.package_file("prod", "foreign.nbdata");
    let foreign = foreign.to_str().unwrap();

    // A plan from before the rule.
    policy(&stage, "");
    let early = stage
        .report(&["plan", "restore", "prod", "--package", foreign], 0)
        .await;
    let earlier = stage
        .report(&["plan", "restore", "prod", "--from", "dev"], 0)
        .await;
    policy(&stage, "verified-first = { prod = \"test\" }");
    for plan in [&early, &earlier] {
        let refused = stage
            .run(&[
                "apply",
                text(&plan["plan"]["id"]),
                "--confirm",
                text(&plan["phrase"]),
            ])
            .await
            .expect(5);
        assert!(
            refused.stderr.contains("[not_verified_first]"),
            "{}",
            refused.stderr
        );
    }

    // A plan of what was verified, whose file is another one; and one that says it undoes something.
    let promote = [
        "plan",
        "restore",
        "prod",
        "--from",
        "test",
        "--package",
        "@verified",
    ];
    let plan = stage.report(&promote, 0).await;
    let text_of = plan["plan"].to_string();
    let path = text(&plan["plan"]["package"]["path"]);
    for (what, is, forged, code, exit) in [
        ("another file", path, foreign, "package_changed", 5),
        (
            "an undo",
            "\"action\":\"restore\"",
            "\"action\":\"undo\"",
            "plan_foreign",
            4,
        ),
    ] {
        assert!(text_of.contains(is), "{what}");
        let mut plan: release_engine::Plan = serde_json::from_str(&text_of.replace(is, forged)).unwrap();
        plan.hash = plan.compute_hash();
        let forged = stage.home().join("forged.json");
        std::fs::write(&forged, serde_json::to_string(&plan).unwrap()).unwrap();
        std::fs::remove_dir_all(stage.home().join("release-state/plans")).ok();
        let refused = stage
            .run(&["--json", "apply", "forged.json", "--confirm", &plan.phrase()])
            .await
            .expect(exit);
        assert!(refused.stdout.contains(code), "{what}: {}", refused.stdout);
    }
    assert_eq!(prod.mutations("backup:restoreUpload"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_follows_the_server_and_closes_where_its_words_mean_nothing() {
    let stage = Stage::new().await;
    let url = stage.environment("prod").url();
    policy(
        &stage,
        &format!(
            "verified-first = {{ live-shop = [\"test\"] }}\n[environments.live-shop]\nurl = \"{url}\"\ntoken = \"t\""
        ),
    );
    let refused = stage
        .run(&["plan", "restore", "prod", "--from", "dev"])
        .await
        .expect(5);
    assert!(
        refused.stderr.contains("[not_verified_first]"),
        "by another name: {}",
        refused.stderr
    );
    policy(&stage, "verified-first = { prod = \"staging\" }");
    let refused = stage
        .run(&["plan", "restore", "prod", "--from", "dev"])
        .await
        .expect(3);
    assert!(
        refused.stderr.contains("staging, which is no environment here"),
        "{}",
        refused.stderr
    );
    let doctor = stage.run(&["doctor"]).await;
    assert!(
        format!("{}{}", doctor.stdout, doctor.stderr).contains("the policy names staging"),
        "{}",
        doctor.stdout
    );
    stage
        .run(&["plan", "restore", "test", "--from", "dev"])
        .await
        .expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_with_the_verified_package() {
    let stage = stage().await;
    let report = stage
        .report(&["restore", "test", "--from", "dev", "--yes", "test"], 0)
        .await;
    let sha256 = text(&report["package"]["sha256"]);
    let asked = stage
        .at_a_terminal("ask restore", "@verified\nno")
        .await
        .expect(4);
    assert!(
        asked.stdout.contains(&format!("sha256 {sha256}")),
        "{}",
        asked.stdout
    );
    // It is on this machine already; the latest is fetched.
    let verified = stage
        .report(&["packages", "download", "test", "@verified"], 0)
        .await;
    assert_eq!(verified["sha256"], sha256);
    let sentence = ["ask", "download the latest backup of dev"];
    let latest = stage.report(&sentence, 0).await;
    let newest = stage.environment("dev").backups().pop().unwrap();
    assert!(text(&latest["path"]).ends_with(&newest), "{latest}");
    stage
        .run(&["packages", "download", "prod", "@latest"])
        .await
        .expect(2);
    stage.assert_no_violation();
}
