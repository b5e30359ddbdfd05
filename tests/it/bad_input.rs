//! Bad input and bad circumstances: a clear error that says what to do, its own exit code, and a target untouched.

use nocobase_sim::{Fault, FaultKind};
use release_tests::{Done, Stage, truncate_data};

/// What is wrong, and what must be said about it.
struct Case {
    arguments: &'static [&'static str],
    exit: i32,
    code: &'static str,
    what_to_do: &'static str,
}

#[track_caller]
fn assert_said(done: Done, case: &Case) {
    let done = done.expect(case.exit);
    assert!(
        done.stderr.contains(&format!("[{}]", case.code)),
        "{:?}: {}",
        case.arguments,
        done.stderr
    );
    assert!(
        done.stderr.contains(case.what_to_do),
        "{:?}: {}",
        case.arguments,
        done.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_names_are_told_with_the_right_ones() {
    let stage = Stage::new().await;
    let cases = [
        Case {
            arguments: &["restore", "tset", "--from", "dev", "--yes", "tset"],
            exit: 2,
            code: "unknown_environment",
            what_to_do: "did you mean \"test\"?",
        },
        Case {
            arguments: &["restore", "test", "--from", "nowhere", "--yes", "test"],
            exit: 2,
            code: "unknown_environment",
            what_to_do: "known are: dev, prod, test",
        },
        Case {
            arguments: &[
                "restore",
                "test",
                "--package",
                "./nothing.nbdata",
                "--yes",
                "test",
            ],
            exit: 2,
            code: "file_not_found",
            what_to_do: "check the path",
        },
        Case {
            arguments: &[
                "restore",
                "test",
                "--package",
                "backup_20200101_000000_0000.nbdata",
                "--yes",
                "test",
            ],
            exit: 2,
            code: "package_not_found",
            what_to_do: "backup",
        },
        Case {
            arguments: &["restore", "test", "--from", "dev", "--yes", "dev"],
            exit: 4,
            code: "wrong_confirmation",
            what_to_do: "confirm it with the phrase",
        },
        Case {
            arguments: &["restore", "prod", "--from", "dev", "--yes", "prod"],
            exit: 3,
            code: "needs_person",
            what_to_do: "nocobase-release apply plan-",
        },
        Case {
            arguments: &["undo", "test", "--yes", "test"],
            exit: 2,
            code: "nothing_to_undo",
            what_to_do: "runs list",
        },
        Case {
            arguments: &["apply", "plan-20200101-000000-aaaa"],
            exit: 2,
            code: "plan_not_found",
            what_to_do: "make a new plan",
        },
        Case {
            arguments: &["runs", "show", "run-../../etc"],
            exit: 2,
            code: "run_not_found",
            what_to_do: "runs list",
        },
    ];
    for case in &cases {
        assert_said(stage.run(case.arguments).await, case);
    }
    for name in ["dev", "test", "prod"] {
        assert_eq!(stage.changes(name), 0, "{name}");
    }
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_backup_rights_is_told_which_right_is_missing() {
    let stage = Stage::new().await;
    let member = stage.environment("test").token_for(2, "member");
    stage.settings("", |environment| {
        let token = if environment.name() == "test" {
            member.clone()
        } else {
            environment.token()
        };
        format!("token = {token:?}")
    });
    let case = Case {
        arguments: &["restore", "test", "--from", "dev", "--yes", "test"],
        exit: 1,
        code: "forbidden",
        what_to_do: "pm.backups",
    };
    assert_said(stage.run(case.arguments).await, &case);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_a_dead_server_and_a_missing_plugin_are_told_apart() {
    let arguments: &[&str] = &["restore", "test", "--from", "dev", "--yes", "test"];

    let stage = Stage::new().await;
    stage.settings("", |environment| {
        let token = if environment.name() == "test" {
            "expired".into()
        } else {
            environment.token()
        };
        format!("token = {token:?}")
    });
    let expired = Case {
        arguments,
        exit: 1,
        code: "unauthorized",
        what_to_do: "test",
    };
    assert_said(stage.run(arguments).await, &expired);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));

    let stage = Stage::new().await;
    stage.environment("test").stop();
    let dead = Case {
        arguments,
        exit: 1,
        code: "unreachable",
        what_to_do: "test",
    };
    assert_said(stage.run(arguments).await, &dead);
    assert_eq!(stage.changes("dev"), 0);

    let stage = Stage::new().await;
    stage
        .environment("test")
        .change_settings(|settings| settings.backup_manager = false);
    let missing = Case {
        arguments,
        exit: 1,
        code: "plugin_missing",
        what_to_do: "Backup",
    };
    assert_said(stage.run(arguments).await, &missing);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_that_do_not_fit_are_refused_before_anything_is_made() {
    let arguments: &[&str] = &["restore", "test", "--from", "dev", "--yes", "test"];
    let stage = Stage::new().await;
    stage
        .environment("dev")
        .change_settings(|settings| settings.version = "2.3.0".into());
    let newer = Case {
        arguments,
        exit: 5,
        code: "version_newer",
        what_to_do: "upgrade test to 2.3.0",
    };
    assert_said(stage.run(arguments).await, &newer);

    stage.environment("dev").change_settings(|settings| {
        settings.version = "2.2.15".into();
        settings.schema = Some("app".into());
    });
    let schema = Case {
        arguments,
        exit: 5,
        code: "schema_mismatch",
        what_to_do: "DB_SCHEMA",
    };
    assert_said(stage.run(arguments).await, &schema);
    assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_whose_data_is_cut_is_refused_although_its_checksums_are_right() {
    let stage = Stage::new().await;
    let path = stage.home().join("cut.nbdata");
    std::fs::write(&path, truncate_data(&stage.environment("dev").package(None))).unwrap();
    let refused = stage
        .run(&[
            "restore",
            "test",
            "--package",
            path.to_str().unwrap(),
            "--yes",
            "test",
        ])
        .await
        .expect(5);
    assert!(refused.stderr.contains("[data_truncated]"), "{}", refused.stderr);
    assert_eq!(stage.changes("test"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_safety_backup_that_cannot_be_made_or_is_not_good_stops_everything() {
    let arguments: &[&str] = &["restore", "test", "--from", "dev", "--yes", "test"];
    for (fault, code) in [
        (
            Fault::new("backup:create", FaultKind::BackupFails("disk full".into())),
            "backup_failed",
        ),
        (
            Fault::new("backup:create", FaultKind::TornBackup(900)),
            "backup_lost",
        ),
        (
            Fault::new("backup:download", FaultKind::FlippedByte(600)).always(),
            "safety_backup_unusable",
        ),
        (
            Fault::new("backup:download", FaultKind::ShortBody(600)).always(),
            "safety_backup_unusable",
        ),
    ] {
        let stage = Stage::new().await;
        let before = stage.environment("test").rows("orders");
        stage.environment("test").faults().arm(fault.clone());
        let mut all = vec!["--json"];
        all.extend(arguments);
        let done = stage.run(&all).await;
        assert!(done.code == 5 || done.code == 8, "{fault:?}: {done:?}");
        let report = done.json();
        assert_eq!(report["verdict"], "failed_unchanged", "{fault:?}");
        assert_eq!(report["cause"]["code"], code, "{fault:?}: {report:#}");
        assert_eq!(
            stage.environment("test").mutations("backup:restoreUpload"),
            0,
            "{fault:?}"
        );
        assert_eq!(stage.environment("test").rows("orders"), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sentences_that_must_not_act_do_nothing() {
    let stage = Stage::new().await;
    for sentence in [
        "Don't restore dev to test",
        "How do I restore dev to test?",
        "What would happen if I restored dev to test?",
        "We restored dev to test yesterday",
        "The note says 'restore dev to test'",
        "restore my faith in humanity",
        "不要把 dev 还原到 test",
        "Restore dev to tset",
        "Restore dev to test and prod",
        "Restore dev to test except the users",
    ] {
        let done = stage.run(&["ask", sentence, "--yes", "test"]).await;
        assert!(done.code == 12 || done.code == 0, "{sentence}: {done:?}");
        assert!(!done.stdout.contains("plan-"), "{sentence}: {done:?}");
    }
    for name in ["dev", "test", "prod"] {
        assert_eq!(stage.changes(name), 0, "{name}");
    }
}
