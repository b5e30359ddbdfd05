//! The words of results and errors: what a model reads, and what it is told to do next.

use release_engine::Policy;
use serde_json::json;

use crate::support::{BOTH, Behaviour, connect, mutations, silent_engine, simulated, text};

#[tokio::test]
async fn a_name_that_is_like_no_other_stands_on_a_line_of_its_own() {
    let fixture = silent_engine();
    let connection = connect(&fixture.engine, BOTH[0], Behaviour::CannotAsk).await;
    let result = connection
        .call("release", json!({ "sentence": "Restore staging to test" }))
        .await;
    let said = text(&result);
    assert!(said.contains("\"staging\" is not configured\nnext: "), "{said}");
    assert!(!said.contains("similar"), "{said}");
}

#[tokio::test]
async fn nothing_is_there_in_words() {
    let (fixture, sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, BOTH[0], Behaviour::CannotAsk).await;
    let said = connection.error("run_status", json!({})).await;
    assert_eq!(
        said,
        "error: run_not_found\nnothing was run from this machine yet\nnext step: nothing is on: a run begins with a backup \
         or with a plan that is confirmed"
    );
    let said = connection
        .error(
            "restore",
            json!({ "source": "dev", "target": "test", "package": "@latest" }),
        )
        .await;
    assert_eq!(
        said,
        "error: package_not_found\ndev has no backup that is finished\nnext step: ask the user whether to make one: call \
         backup with environment \"dev\""
    );
    let said = connection
        .error("run_status", json!({ "run": "run-20260101-000000-aaaa" }))
        .await;
    assert!(
        said.contains("next step: call release with the sentence"),
        "{said}"
    );
    let said = connection.error("undo", json!({ "target": "test" })).await;
    assert!(
        said.contains("next step: call release with the sentence"),
        "{said}"
    );
    assert_eq!(mutations(&sim), Vec::<String>::new());
}

#[tokio::test]
async fn packages_are_not_removed_by_what_stands_for_one() {
    let fixture = silent_engine();
    let connection = connect(&fixture.engine, BOTH[0], Behaviour::CannotAsk).await;
    for sentence in ["delete the backups on dev", "delete the latest backup on dev"] {
        let data = connection.data("release", json!({ "sentence": sentence })).await;
        let said = data.to_string();
        assert!(!said.contains('@'), "{said}");
        if data["status"] == "nothing_to_do" {
            assert!(said.contains("nocobase-release packages list dev"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_backup_from_a_sentence_that_has_ended_says_so() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, BOTH[0], Behaviour::CannotAsk).await;
    let executed = async {
        while fixture.engine.find_run(None).is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        fixture.execute().await
    };
    let called = connection.data("release", json!({ "sentence": "Back up dev" }));
    let (data, report) = tokio::join!(called, executed);
    assert_eq!(report.verdict.unwrap().as_str(), "verified");
    assert_eq!(
        (&data["status"], &data["run"]["verdict"]),
        (&json!("ended"), &json!("verified"))
    );
}

#[tokio::test]
async fn a_phrase_counts_letter_by_letter_and_the_words_say_so() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, BOTH[0], Behaviour::CannotAsk).await;
    let tools = connection.client.list_all_tools().await.unwrap();
    let confirm = tools.iter().find(|tool| tool.name == "confirm").unwrap();
    let described = serde_json::to_string(confirm).unwrap();
    assert!(!described.contains("exactly"), "{described}");
    assert!(described.contains("case and blanks do not matter"), "{described}");
    let plan = connection
        .data("restore", json!({ "source": "dev", "target": "test" }))
        .await["plan"]
        .clone();
    let phrase = plan["phrase"].as_str().unwrap();
    let wrong = json!({ "plan": plan["plan"], "phrase": format!("{phrase}x") });
    let said = connection.error("confirm", wrong).await;
    assert!(said.contains("letter by letter"), "{said}");
    let given = format!("  {} ", phrase.to_uppercase());
    let arguments = json!({ "plan": plan["plan"], "phrase": given, "wait_seconds": 0 });
    assert_eq!(connection.data("confirm", arguments).await["status"], "running");
}

#[tokio::test]
async fn a_plan_is_short_in_the_text_and_whole_in_the_data() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, BOTH[0], Behaviour::CannotAsk).await;
    for (tool, arguments) in [
        ("restore", json!({ "source": "dev", "target": "test" })),
        ("release", json!({ "sentence": "Restore dev to test" })),
    ] {
        let result = connection.call(tool, arguments).await;
        let said = text(&result);
        let data = result.structured_content.unwrap();
        let plan = &data["plan"];
        let whole = plan["text"].as_str().unwrap();
        assert!(whole.contains("steps:"), "{whole}");
        assert!(!said.contains("steps:"), "{said}");
        assert!(said.lines().count() <= 15 && said.len() < whole.len(), "{said}");
        assert!(said.contains("> overwrites: "), "{said}");
        assert!(said.contains(plan["summary"].as_str().unwrap()), "{said}");
        for warning in plan["warnings"].as_array().unwrap() {
            assert!(said.contains(warning["code"].as_str().unwrap()), "{said}");
        }
        assert!(said.contains(plan["phrase"].as_str().unwrap()), "{said}");
    }
}

#[tokio::test]
async fn rules_are_not_promised_where_migrations_are_not_offered() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, BOTH[0], Behaviour::CannotAsk).await;
    let result = connection
        .call("migration_rules", json!({ "environment": "dev" }))
        .await;
    let said = text(&result);
    assert!(said.contains("Migration Manager"), "{said}");
    assert!(!said.contains("a migration from it proposes one"), "{said}");
}
