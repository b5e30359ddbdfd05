//! `envs add`: an environment gets into the settings file without a word of it being lost, and is checked at once.

use release_tests::Stage;

fn settings(stage: &Stage) -> String {
    std::fs::read_to_string(stage.home().join("release.toml")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_is_written_behind_what_is_there_and_checked() {
    let stage = Stage::new().await;
    let before = format!("# mine\n{}", settings(&stage));
    std::fs::write(stage.home().join("release.toml"), &before).unwrap();
    std::fs::write(stage.home().join("key"), stage.environment("prod").token()).unwrap();
    let url = stage.environment("prod").url();
    let line = [
        "envs",
        "add",
        "staging \"2\"",
        "--url",
        &url,
        "--token-file",
        "key",
        "--alias",
        "预发",
        "--alias",
        "stg",
    ];

    let added = stage.run(&line).await;

    assert_eq!(added.code, 0, "{}{}", added.stdout, added.stderr);
    assert!(
        added.stdout.contains("staging \"2\": NocoBase 2.2.15"),
        "{}",
        added.stdout
    );
    assert!(
        settings(&stage).starts_with(before.trim_end()),
        "{}",
        settings(&stage)
    );
    let listed = stage.run(&["--json", "envs", "list"]).await.json();
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dev", "prod", "staging \"2\"", "test"]);
    assert_eq!(stage.run(&["envs", "check", "预发"]).await.code, 0);
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = stage.command(&["envs", "check", "stg"]);
    let output = command.current_dir(elsewhere.path()).output().await.unwrap();
    assert!(
        output.status.success(),
        "the file of the key is found from anywhere"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_an_environment_changes_nothing() {
    let stage = Stage::new().await;
    let before = settings(&stage);
    for (line, said) in [
        (
            vec!["envs", "add", "DEV", "--url", "https://a.example/api"],
            "there is an environment of that name",
        ),
        (vec!["envs", "add", "new", "--url", "ftp://a.example/api"], "new"),
        (
            vec!["envs", "add", "@current", "--url", "https://a.example/api"],
            "does not begin with @",
        ),
        (
            vec![
                "envs",
                "add",
                "new",
                "--url",
                "https://a.example/api",
                "--account",
                "a",
            ],
            "go together",
        ),
        (
            vec![
                "envs",
                "add",
                "new",
                "--url",
                "https://a.example/api",
                "--token-env",
                "NOBODY_SET_THIS",
            ],
            "NOBODY_SET_THIS is not set",
        ),
        (
            vec![
                "--sandbox",
                "envs",
                "add",
                "new",
                "--url",
                "https://a.example/api",
            ],
            "leave out --sandbox",
        ),
    ] {
        let refused = stage.run(&line).await;
        assert_ne!(refused.code, 0, "{line:?}");
        assert!(refused.stderr.contains(said), "{line:?}: {}", refused.stderr);
        assert_eq!(settings(&stage), before, "{line:?}");
    }

    let broken = "environments = { dev = { url = \"https://a.example/api\" } }\n";
    std::fs::write(stage.home().join("release.toml"), broken).unwrap();
    let refused = stage
        .run(&["envs", "add", "new", "--url", "https://b.example/api"])
        .await;
    assert_ne!(refused.code, 0);
    assert_eq!(settings(&stage), broken, "{}", refused.stderr);
}
