//! Packages at rest: judged against an environment, moved into another schema, drilled, tidied away.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use nocobase_sim::{EnvironmentConfig, SimConfig};
use release_tests::Stage;
use serde_json::Value;

fn codes(findings: &Value) -> Vec<&str> {
    findings
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["code"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_judged_against_an_environment_that_is_only_read() {
    let newer = EnvironmentConfig::dev().with_settings(|settings| settings.version = "2.3.0".into());
    let stage = Stage::with(SimConfig::new([newer, EnvironmentConfig::test()])).await;
    stage.package_file("dev", "dev.nbdata");
    let alone = stage.report(&["packages", "inspect", "dev.nbdata"], 0).await;
    assert!(!codes(&alone["findings"]).contains(&"version_newer"));
    assert_eq!(alone["verified"], serde_json::json!([]), "no run put it anywhere");
    let against = stage
        .report(&["packages", "inspect", "dev.nbdata", "--against", "test"], 5)
        .await;
    assert!(
        codes(&against["findings"]).contains(&"version_newer"),
        "{against:#}"
    );
    assert_eq!(stage.changes("test"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_schema_is_refused_and_moved_into_only_when_asked_for_by_name() {
    let dev = EnvironmentConfig::dev().with_settings(|settings| settings.schema = Some("apps".into()));
    let stage = Stage::with(SimConfig::new([dev, EnvironmentConfig::test()])).await;
    let refused = stage
        .run(&["plan", "restore", "test", "--from", "dev"])
        .await
        .expect(5);
    assert!(
        refused.stderr.contains("--accept schema_mismatch"),
        "{}",
        refused.stderr
    );
    let arguments = [
        "plan",
        "restore",
        "test",
        "--from",
        "dev",
        "--accept",
        "schema_mismatch",
    ];
    let plan = stage.run(&arguments).await.expect(0);
    assert!(plan.stdout.contains("into the schema public"), "{}", plan.stdout);

    let mut arguments = arguments.to_vec();
    arguments.remove(0);
    arguments.extend(["--yes", "test"]);
    let report = stage.report(&arguments, 0).await;

    assert_eq!(report["verdict"], "verified", "{report:#}");
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    assert_eq!(dev.rows("orders"), test.rows("orders"));
    stage.assert_no_violation();
    // Nothing of the kind is sent for a package of the same schema, accepted or not.
    let undone = stage.report(&["undo", "test", "--yes", "test"], 0).await;
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_proves_the_safety_backup_somewhere_else_and_can_itself_be_undone() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let before = test.rows("orders");
    let restored = stage
        .report(&["restore", "test", "--from", "prod", "--yes", "test"], 0)
        .await;
    let run = restored["run"].as_str().unwrap();
    let refused = stage.run(&["drill", "test", "--yes", "test"]).await.expect(2);
    assert!(
        refused.stderr.contains("no scratch environment"),
        "{}",
        refused.stderr
    );

    let scratch = stage.environment("dev").rows("orders");
    let drill = stage
        .report(&["drill", "dev", "--run", run, "--yes", "dev"], 0)
        .await;

    assert_eq!(drill["action"], "drill");
    assert_eq!(drill["verdict"], "verified", "{drill:#}");
    assert_eq!(stage.environment("dev").rows("orders"), before);
    assert_ne!(test.rows("orders"), before, "test itself stays as it is");
    stage.report(&["undo", "dev", "--yes", "dev"], 0).await;
    assert_eq!(stage.environment("dev").rows("orders"), scratch);
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
    assert_eq!(test.rows("orders"), before);
}

/// The packages on this machine, all of them made old.
fn aged(stage: &Stage) -> Vec<PathBuf> {
    let long_ago = SystemTime::now() - Duration::from_secs(40 * 24 * 3600);
    let files = kept(stage);
    for file in &files {
        let file = std::fs::File::options().append(true).open(file).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    files
}

fn kept(stage: &Stage) -> Vec<PathBuf> {
    let folder = stage.home().join("release");
    let mut files: Vec<_> = ["dev", "test", "prod"]
        .iter()
        .filter_map(|name| std::fs::read_dir(folder.join(name)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn path(package: &Value) -> PathBuf {
    package["path"].as_str().unwrap().into()
}

const PRUNE: [&str; 5] = ["packages", "prune", "--older-than", "30", "--yes"];

#[tokio::test(flavor = "multi_thread")]
async fn old_packages_go_and_what_an_undo_needs_stays() {
    let stage = Stage::new().await;
    let to_test = ["restore", "test", "--from", "dev", "--yes", "test"];
    stage.report(&to_test, 0).await;
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
    stage.report(&to_test, 0).await;
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
    let last = stage
        .report(&["restore", "test", "--from", "prod", "--yes", "test"], 0)
        .await;
    let count = kept(&stage).len();
    stage.run(&PRUNE).await.expect(0);
    assert_eq!(kept(&stage).len(), count, "they are young");
    aged(&stage);
    let shown = stage.run(&PRUNE[..4]).await.expect(0);
    assert!(shown.stdout.contains("would remove") && shown.stdout.contains("an undo may need it"));
    assert_eq!(kept(&stage).len(), count, "nothing goes before --yes");
    stage.run(&PRUNE).await.expect(0);
    let mut staying = [path(&last["package"]), path(&last["safety_backup"])];
    staying.sort();
    assert_eq!(kept(&stage), staying);
    stage.report(&["undo", "test", "--yes", "test"], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_taken_further_stays_until_it_is_asked_for_or_a_newer_one_is_verified() {
    let stage = Stage::new().await;
    stage.settings(
        "[policy]\nunprotected = [\"prod\"]\nkeep-days = 30\n",
        |environment| format!("token = {:?}", environment.token()),
    );
    let restore = ["restore", "test", "--from", "dev", "--yes", "test"];
    let first = stage.report(&restore, 0).await;
    let migrate = ["migrate", "test", "--from", "dev", "--yes", "test"];
    let migrated = stage.report(&migrate, 0).await;
    aged(&stage);
    // A run tidies up behind it by keep-days.
    stage.report(&["backup", "dev"], 0).await;
    for report in [&first, &migrated] {
        assert!(
            kept(&stage).contains(&path(&report["package"])),
            "the newest of its kind"
        );
    }
    assert!(
        !kept(&stage).contains(&path(&first["safety_backup"])),
        "an undo takes the later one"
    );
    let shown = stage.run(&PRUNE).await.expect(0).stdout;
    assert_eq!(
        shown
            .matches("the newest that was verified on an environment (--verified")
            .count(),
        2,
        "{shown}"
    );
    let promote = [
        "restore",
        "prod",
        "--from",
        "test",
        "--package",
        "@verified",
        "--yes",
        "prod",
    ];
    let promoted = stage.report(&promote, 0).await;
    assert_eq!(promoted["package"]["sha256"], first["package"]["sha256"]);

    // Another one takes its place on test, but on prod it is still the newest.
    stage.environment("dev").set_rows("products", Vec::new());
    let second = stage.report(&restore, 0).await;
    assert_ne!(second["package"]["sha256"], first["package"]["sha256"]);
    aged(&stage);
    stage.run(&PRUNE).await.expect(0);
    assert!(kept(&stage).contains(&path(&first["package"])));
    stage.report(&["undo", "prod", "--yes", "prod"], 0).await;
    aged(&stage);
    stage.run(&PRUNE).await.expect(0);
    assert!(
        !kept(&stage).contains(&path(&first["package"])),
        "what was taken back is no proof"
    );
    assert!(kept(&stage).contains(&path(&second["package"])));

    let told = stage.report(&[&PRUNE[..4], &["--verified"]].concat(), 0).await;
    assert_eq!(told["verified"], serde_json::json!([]), "{told:#}");
    stage.run(&[&PRUNE[..], &["--verified"]].concat()).await.expect(0);
    assert!(!kept(&stage).contains(&path(&second["package"])));
    assert!(
        kept(&stage).contains(&path(&second["safety_backup"])),
        "an undo needs it all the same"
    );
    let gone = stage.run(&promote).await.expect(2);
    assert!(gone.stderr.contains("release to test again"), "{}", gone.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_package_is_written_in_plain_for_the_host_and_nothing_else() {
    let stage = Stage::new().await;
    let locked = stage.home().join("locked.nbdata");
    std::fs::write(&locked, stage.environment("test").package(Some("open sesame"))).unwrap();
    std::fs::write(stage.home().join("right"), "open sesame\n").unwrap();
    std::fs::write(stage.home().join("wrong"), "open barley\n").unwrap();
    let decrypt = [
        "packages",
        "decrypt",
        "locked.nbdata",
        "plain.nbdata",
        "--password-file",
    ];
    stage.run(&[&decrypt[..], &["wrong"]].concat()).await.expect(5);
    stage.run(&decrypt[..4]).await.expect(5);
    assert!(!stage.home().join("plain.nbdata").exists());
    stage.run(&[&decrypt[..], &["right"]].concat()).await.expect(0);
    let plain = stage.report(&["packages", "inspect", "plain.nbdata"], 0).await;
    assert_eq!(plain["encrypted"], false, "{plain:#}");
    stage.run(&[&decrypt[..], &["right"]].concat()).await.expect(1);
    let again = [
        "packages",
        "decrypt",
        "plain.nbdata",
        "other.nbdata",
        "--password-file",
        "right",
    ];
    assert_ne!(stage.run(&again).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_is_said_to_remove_its_oldest_backup_and_the_planned_one_is_fetched_first() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    stage.report(&["backup", "test"], 0).await;
    let oldest = test.backups().first().cloned().unwrap();
    let mut settings = test.rows("backupSettings");
    settings[0]["keep"] = 1.into();
    test.set_rows("backupSettings", settings);

    let plan = stage
        .report(&["plan", "restore", "test", "--package", &oldest], 0)
        .await;
    assert!(
        codes(&plan["plan"]["findings"]).contains(&"oldest_backup_removed"),
        "{plan:#}"
    );
    let report = stage
        .report(&["restore", "test", "--package", &oldest, "--yes", "test"], 0)
        .await;

    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert!(!test.backups().contains(&oldest), "the server made room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_is_larger_than_policy_lets_it_be_is_not_fetched() {
    let stage = Stage::new().await;
    stage.settings("[policy]\nmax-package-mb = 1\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    let (large, fits) = (
        "backup_20260101_000000_0001.nbdata",
        "backup_20260101_000000_0002.nbdata",
    );
    let dev = stage.environment("dev");
    dev.add_backup(large, vec![0; 1_000_001]);
    dev.add_backup(fits, vec![0; 1_000_000]);
    stage.run(&["packages", "download", "dev", fits]).await.expect(0);
    let refused = stage.run(&["packages", "download", "dev", large]).await.expect(1);
    for words in ["[package_too_large]", "more than 1000000 bytes", "max-package-mb"] {
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
    assert_eq!(kept(&stage).len(), 1);

    // A run ends unchanged for it, before anything was overwritten.
    let arguments = [
        "restore",
        "test",
        "--from",
        "dev",
        "--package",
        large,
        "--yes",
        "test",
    ];
    let report = stage.report(&arguments, 8).await;
    assert_eq!(report["verdict"], "failed_unchanged", "{report:#}");
    assert_eq!(report["cause"]["code"], "package_too_large");
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 0);
    stage.settings("[policy]\nmax-package-mb = 0\n", |environment| {
        format!("token = {:?}", environment.token())
    });
    let nothing = stage.run(&["envs", "list"]).await;
    assert!(
        nothing.code != 0 && nothing.stderr.contains("nonzero"),
        "{}",
        nothing.stderr
    );
    stage.assert_no_violation();
}
