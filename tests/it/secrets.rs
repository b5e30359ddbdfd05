//! Tokens and passwords reach no output and no file of ours. The stage looks for them in every journey of these tests;
//! here are those where most of them are at stake, with everything logged that can be.

use nocobase_sim::{Environment, Fault, FaultKind};
use release_tests::{Done, Stage};

const PACKAGE_PASSWORD: &str = "open sesame, said Cassim";

/// prod by an account, test by a key with an account to fall back on, dev by NocoBase CLI's own store.
fn settings(stage: &Stage) {
    stage.settings(
        "[policy]\nroll-back = \"damaged\"\n",
        |environment| match environment.name() {
            "prod" => format!(
                "account = {:?}\npassword = {:?}",
                environment.account(),
                environment.password()
            ),
            "test" => format!(
                "token = {:?}\n[environments.test.fallback]\naccount = {:?}\npassword = {:?}",
                environment.token(),
                environment.account(),
                environment.password()
            ),
            _ => String::new(),
        },
    );
    let dev = stage.environment("dev");
    let store = serde_json::json!({ "lastEnv": "dev", "envs": { "dev": {
        "kind": "http", "apiBaseUrl": dev.url(), "authType": "token",
        "auth": { "type": "token", "accessToken": dev.token() },
    } } });
    let folder = stage.home().join(".nocobase");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.json"), store.to_string()).unwrap();
}

async fn said(stage: &Stage, arguments: &[&str]) -> Done {
    let output = stage
        .command(arguments)
        .env("NOCOBASE_RELEASE_LOG", "trace")
        .env("PACKAGE_PASSWORD", PACKAGE_PASSWORD)
        .output()
        .await
        .unwrap();
    let done = Done::new(output);
    stage.assert_holds_no_secret("said", &format!("{}{}", done.stdout, done.stderr));
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_said_or_written_on_any_journey_at_any_level_of_logging() {
    let stage = Stage::new().await;
    settings(&stage);
    stage.secret(PACKAGE_PASSWORD);
    let sealed = stage.environment("dev").package(Some(PACKAGE_PASSWORD));
    std::fs::write(stage.home().join("sealed.nbdata"), sealed).unwrap();
    let mut ends = Vec::new();
    for line in [
        "doctor",
        "--json doctor",
        "--json envs check dev prod",
        "backup prod",
        "--json restore test --from prod --yes test",
        "--json undo test --yes test",
        "drill dev --yes dev",
        "--json runs list",
        "--json plan restore prod --from dev --out plan.json",
        "apply plan.json --confirm wrong",
        "restore nowhere",
        "packages inspect sealed.nbdata --password-env PACKAGE_PASSWORD",
        "--json restore test --package ./sealed.nbdata --password-env PACKAGE_PASSWORD --yes test",
        "restore test --package ./sealed.nbdata --password-env NOT_SET --yes test",
        "restore test --package ./sealed.nbdata --yes test",
        "packages decrypt sealed.nbdata plain.nbdata --password-env PACKAGE_PASSWORD",
        "--json packages list test",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        ends.push((line, said(&stage, &arguments).await.code));
    }
    let ended = |line: &str| {
        ends.iter()
            .find(|(known, _)| *known == line)
            .map(|(_, code)| *code)
    };
    for line in [ends[4].0, ends[5].0, ends[12].0] {
        assert_eq!(ended(line), Some(0), "{line}");
    }
    assert!(stage.written().contains("run_ended"), "the journeys were made");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_said_when_things_go_wrong() {
    let restore = ["restore", "test", "--from", "prod", "--yes", "test"];
    let upload = "backup:restoreUpload";
    let answer = |status, message: &str| FaultKind::Answer {
        status,
        message: message.into(),
        code: None,
    };
    for fault in [
        Fault::new(upload, FaultKind::RestoreLosesTable("orders".into())),
        Fault::new(upload, FaultKind::CloseAfterEffect),
        Fault::new(upload, answer(500, "no")),
        Fault::new("*", FaultKind::ProxyAnswer(502)).on_call(9),
        Fault::new("auth:check", answer(401, "Your session has expired")).on_call(2),
        Fault::new("backup:create", FaultKind::BackupFails("pg_dump: error".into())),
    ] {
        let stage = Stage::new().await;
        settings(&stage);
        stage.environment("test").faults().arm(fault);
        said(&stage, &restore).await;
    }
    let stage = Stage::new().await;
    settings(&stage);
    let wrong = |environment: &Environment| format!("token = {:?}", format!("{}x", environment.token()));
    stage.settings("", wrong);
    said(&stage, &restore).await;
    stage.environment("test").stop();
    said(&stage, &restore).await;
}
