//! Credentials that a restore ends: foreseen in the plan, replaced afterwards where the settings allow.

use release_tests::{Done, Stage};

const RESTORE: [&str; 6] = ["restore", "prod", "--from", "dev", "--yes", "prod"];
/// A user of prod whose number nobody has in dev.
const CARL: i64 = 5;

/// dev by account; prod by an API key of Carl, who is gone once dev's users are there.
async fn stage(fallback: &str) -> Stage {
    let stage = Stage::new().await;
    stage.settings(
        "[policy]\nunprotected = [\"prod\"]\n",
        |environment| match environment.name() {
            "prod" => format!("token = {:?}\n{fallback}", environment.token_for(CARL, "admin")),
            _ => format!(
                "account = {:?}\npassword = {:?}",
                environment.account(),
                environment.password()
            ),
        },
    );
    stage
}

fn findings(plan: &serde_json::Value) -> String {
    plan["plan"]["findings"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_user_is_gone_afterwards_is_foreseen_and_never_called_verified() {
    let stage = stage("").await;
    let plan = stage
        .report(&["plan", "restore", "prod", "--from", "dev"], 0)
        .await;
    assert!(findings(&plan).contains("key_changes_owner"), "{plan:#}");

    let report = stage.report(&RESTORE, 11).await;

    assert_eq!(report["verdict"], "unknown", "{report:#}");
    assert!(
        report["evidence"].to_string().contains("no longer work"),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sources_account_takes_over_where_the_settings_say_so() {
    let stage = stage("[environments.prod.fallback]\nsame-as = \"dev\"\n").await;
    let plan = stage
        .report(&["plan", "restore", "prod", "--from", "dev"], 0)
        .await;
    assert!(findings(&plan).contains("used then"), "{plan:#}");

    let report = stage.report(&RESTORE, 0).await;

    assert_eq!(report["verdict"], "verified_with_warnings", "{report:#}");
    let (dev, prod) = (stage.environment("dev"), stage.environment("prod"));
    assert_eq!(dev.rows("orders"), prod.rows("orders"));
    assert!(report["reasons"].to_string().contains("fall back"), "{report:#}");
    assert_eq!(prod.mutations("backup:restoreUpload"), 1);
    // What was overwritten by Carl's key can be taken back by the account alone.
    let undone = stage.report(&["undo", "prod", "--yes", "prod"], 0).await;
    assert!(
        undone["verdict"]
            .as_str()
            .is_some_and(|verdict| verdict.starts_with("verified")),
        "{undone:#}"
    );
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_may_be_that_of_an_environment_which_only_variables_name() {
    let stage = Stage::new().await;
    let (dev, prod) = (stage.environment("dev"), stage.environment("prod"));
    let settings = format!(
        "[environments.dev]\nurl = {:?}\naccount = {:?}\npassword = {:?}\n[environments.prod.fallback]\nsame-as = \"dev\"\n",
        dev.url(),
        dev.account(),
        dev.password()
    );
    std::fs::write(stage.home().join("release.toml"), settings).unwrap();
    let mut command = stage.command(&["--json", "plan", "restore", "prod", "--from", "dev"]);
    command
        .env("NOCOBASE_RELEASE_ENV_PROD_URL", prod.url())
        .env("NOCOBASE_RELEASE_ENV_PROD_TOKEN", prod.token_for(CARL, "admin"));
    let done = Done::new(command.output().await.unwrap()).expect(0);
    stage.assert_holds_no_secret("said", &format!("{}{}", done.stdout, done.stderr));
    let plan = done.json();
    assert!(findings(&plan).contains("used then"), "{plan:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_that_is_no_account_is_said_by_doctor_and_stops_nothing_else() {
    let stage = stage("[environments.prod.fallback]\nsame-as = \"nowhere\"\n").await;
    let doctor = stage.run(&["doctor"]).await;
    let said = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(said.contains("nowhere"), "{said}");
    stage.run(&["envs", "check", "dev"]).await.expect(0);
}
