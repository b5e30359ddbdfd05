//! Questions back at a terminal: in the language of the sentence, with choices, at most two rounds; and what comes of
//! the answers.

use release_tests::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn one_round_of_answers_makes_the_plan_and_nothing_runs_without_its_phrase() {
    let stage = Stage::new().await;
    // by number, in words, and a refusal of the plan
    let done = stage
        .at_a_terminal("ask 'move dev over there'", "1\nprod\nno")
        .await
        .expect(4);
    for words in [
        "1  restore (",
        "2  migrate (",
        "  1  prod",
        "every table with its rows",
        "wrong_confirmation",
    ] {
        assert!(done.stdout.contains(words), "{words} in {}", done.stdout);
    }
    assert_eq!(
        (stage.changes("dev"), stage.changes("test"), stage.changes("prod")),
        (0, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_nothing_is_asked_once_more_and_not_a_third_time() {
    let stage = Stage::new().await;
    let done = stage
        .at_a_terminal("ask '把 dev 发布到 test'", "也许\n还是不知道\n还原\ntest")
        .await
        .expect(12);
    let asked = done.stdout.matches("要做什么").count();
    // two rounds, and the question that stays open
    assert_eq!(asked, 3, "{}", done.stdout);
    assert!(!done.stdout.contains("plan-"), "{}", done.stdout);
    let again = stage
        .at_a_terminal("ask '把 dev 发布到 test'", "也许\n还原\nno")
        .await
        .expect(4);
    assert!(again.stdout.contains("plan-"), "{}", again.stdout);
    assert_eq!(stage.changes("test"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_are_offered_with_size_and_time_and_a_new_one_is_a_choice() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let name = "backup_20261122_180813_6029.nbdata";
    test.add_backup(name, test.package(None));
    let done = stage.at_a_terminal("ask restore", "3\nno").await.expect(4);
    assert!(done.stdout.contains(&format!("3  {name} (")), "{}", done.stdout);
    assert!(
        done.stdout.contains(&format!("{name} of test")) || done.stdout.contains("package: "),
        "{}",
        done.stdout
    );
    let done = stage
        .at_a_terminal("ask restore", "a new backup\nno")
        .await
        .expect(4);
    assert!(done.stdout.contains("a new backup of test"), "{}", done.stdout);
    // no terminal: the questions are the answer
    let done = stage.run(&["--json", "ask", "restore"]).await.expect(12);
    let questions = done.json()["questions"].clone();
    assert_eq!(questions[0]["slot"], "package");
    assert_eq!(questions[0]["choices"][2]["value"], name);
    // a server that is away has nothing to offer, and the question stands
    test.stop();
    let done = stage.run(&["--json", "ask", "restore"]).await.expect(12);
    assert_eq!(
        done.json()["questions"][0]["choices"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_migration_rules_one_is_chosen() {
    let stage = Stage::new().await;
    for (name, method) in [("everything", "overwrite"), ("structure", "schema-only")] {
        stage
            .run(&[
                "rules", "create", "dev", "--user", method, "--name", name, "--yes", "dev",
            ])
            .await
            .expect(0);
    }
    let done = stage
        .at_a_terminal("ask 'Migrate dev to test'", "2\nno")
        .await
        .expect(4);
    assert!(
        done.stdout.contains("by the rule \"structure\""),
        "{}",
        done.stdout
    );
    let done = stage
        .at_a_terminal("ask 'Migrate dev to test'", "perhaps")
        .await
        .expect(2);
    assert!(done.stdout.contains("rule_undecided"), "{}", done.stdout);
    assert_eq!(stage.changes("test"), 0);
}
