//! Tokens and passwords reach no output and no file of ours.

use release_tests::{Done, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn no_token_and_no_password_is_said_or_written_anywhere() {
    let stage = Stage::new().await;
    let mut secrets: Vec<String> = stage
        .sim
        .environments()
        .iter()
        .map(nocobase_sim::Environment::token)
        .collect();
    // prod by account, so that a password and the session it yields are at stake, too
    stage.settings("", |environment| {
        if environment.name() == "prod" {
            format!(
                "account = {:?}\npassword = {:?}",
                environment.account(),
                environment.password()
            )
        } else {
            format!("token = {:?}", environment.token())
        }
    });
    secrets.push(stage.environment("prod").password().to_owned());
    secrets.push("eyJhbGciOi".into());
    let mut said = String::new();
    let mut note = |done: Done| {
        said.push_str(&done.stdout);
        said.push_str(&done.stderr);
    };
    for arguments in [
        &["doctor"][..],
        &["--json", "doctor"],
        &["--json", "envs", "check", "dev", "prod"],
        &["--verbose", "backup", "prod"],
        &[
            "--json",
            "--verbose",
            "restore",
            "test",
            "--from",
            "prod",
            "--yes",
            "test",
        ],
        &["--json", "undo", "test", "--yes", "test"],
        &["--json", "runs", "list"],
        &["--json", "plan", "restore", "prod", "--from", "dev"],
        &["restore", "nowhere"],
    ] {
        note(stage.run(arguments).await);
    }
    stage.environment("test").stop();
    note(
        stage
            .run(&["--verbose", "restore", "test", "--from", "dev", "--yes", "test"])
            .await,
    );
    let written = stage.written();
    assert!(
        said.contains("verified") && written.contains("run_ended"),
        "the journeys were made"
    );
    for secret in secrets {
        assert!(!said.contains(&secret), "said: {secret}");
        assert!(!written.contains(&secret), "written: {secret}");
    }
}
