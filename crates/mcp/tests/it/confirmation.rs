//! Plans and phrases: nothing destructive starts but by the phrase of that very plan, once, in time.

use release_engine::Policy;
use serde_json::{Value, json};

use crate::support::{BOTH, Behaviour, Connection, Fixture, Lifecycle, connect, mutations, simulated};

async fn plan(connection: &Connection, target: &str) -> Value {
    let data = connection
        .data("restore", json!({ "source": "dev", "target": target }))
        .await;
    assert_eq!(data["status"], "confirmation_required");
    data["plan"].clone()
}

fn runs(fixture: &Fixture) -> usize {
    fixture.engine.runs(10).unwrap().len()
}

#[tokio::test]
async fn a_restore_is_a_plan_first() {
    for lifecycle in BOTH {
        let (fixture, sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        let plan = plan(&connection, "test").await;
        assert_eq!(plan["action"], "restore");
        assert_eq!(
            (&plan["source"], &plan["target"]),
            (&json!("dev"), &json!("test"))
        );
        assert_eq!(plan["confirmed_by"], "phrase");
        let phrase = plan["phrase"].as_str().unwrap();
        assert!(phrase.starts_with("test "), "{phrase}");
        assert!(plan["text"].as_str().unwrap().contains("overwrites:"));
        assert_eq!(mutations(&sim), Vec::<String>::new());
        assert_eq!(runs(&fixture), 0);
    }
}

#[tokio::test]
async fn a_sentence_is_a_plan_first() {
    for lifecycle in BOTH {
        let (fixture, sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        let data = connection
            .data("release", json!({ "sentence": "Restore dev to test" }))
            .await;
        assert_eq!(data["status"], "confirmation_required");
        assert_eq!(data["plan"]["source"], "dev");
        assert_eq!(data["plan"]["target"], "test");
        assert_eq!(mutations(&sim), Vec::<String>::new());
        assert_eq!(runs(&fixture), 0);
    }
}

#[tokio::test]
async fn the_right_phrase_starts_one_run() {
    for lifecycle in BOTH {
        let (fixture, _sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        let plan = plan(&connection, "test").await;
        let arguments = json!({ "plan": plan["plan"], "phrase": plan["phrase"], "wait_seconds": 0 });
        let confirmed = connection.data("confirm", arguments.clone()).await;
        assert_eq!(confirmed["status"], "running");
        let run = confirmed["run"]["run"].as_str().unwrap();
        assert!(confirmed["next"][0].as_str().unwrap().contains(run));
        let looked = connection.data("run_status", json!({})).await;
        assert_eq!(looked["run"]["run"], run);
        // A lost answer that is tried again must not do the work twice, nor talk anyone into a second plan.
        let again = connection.error("confirm", arguments).await;
        assert!(again.starts_with("error: plan_used"), "{again}");
        assert!(again.contains("call run_status"), "{again}");
        assert_eq!(runs(&fixture), 1);
    }
}

#[tokio::test]
async fn wrong_phrases_start_nothing() {
    let (fixture, sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, Lifecycle::Initialize, Behaviour::CannotAsk).await;
    let (one, other) = (plan(&connection, "test").await, plan(&connection, "test").await);
    assert_ne!(one["phrase"], other["phrase"]);
    for phrase in [
        json!("yes"),
        json!("test"),
        json!("dev aaaaa"),
        other["phrase"].clone(),
    ] {
        let text = connection
            .error("confirm", json!({ "plan": one["plan"], "phrase": phrase }))
            .await;
        assert!(text.starts_with("error: wrong_confirmation"), "{phrase}: {text}");
        assert!(
            !text.contains(one["phrase"].as_str().unwrap()),
            "the error must not tell the phrase"
        );
    }
    let text = connection.error("confirm", json!({ "plan": one["plan"] })).await;
    assert!(text.starts_with("error: unconfirmed"), "{text}");
    assert!(!text.contains(one["phrase"].as_str().unwrap()), "{text}");
    assert_eq!(mutations(&sim), Vec::<String>::new());
    assert_eq!(runs(&fixture), 0);
}

#[tokio::test]
async fn an_expired_plan_starts_nothing() {
    let policy = Policy {
        plan_minutes: 0,
        ..Policy::default()
    };
    let (fixture, sim) = simulated(policy).await;
    let connection = connect(&fixture.engine, Lifecycle::Initialize, Behaviour::CannotAsk).await;
    let plan = plan(&connection, "test").await;
    let text = connection
        .error(
            "confirm",
            json!({ "plan": plan["plan"], "phrase": plan["phrase"] }),
        )
        .await;
    assert!(text.starts_with("error: plan_expired"), "{text}");
    assert_eq!(mutations(&sim), Vec::<String>::new());
    assert_eq!(runs(&fixture), 0);
}

#[tokio::test]
async fn read_only_mode_beats_everything() {
    let policy = Policy {
        read_only: true,
        ..Policy::default()
    };
    let (fixture, sim) = simulated(policy).await;
    let connection = connect(&fixture.engine, Lifecycle::Initialize, Behaviour::CannotAsk).await;
    for (tool, arguments) in [
        ("restore", json!({ "source": "dev", "target": "test" })),
        ("backup", json!({ "environment": "dev" })),
    ] {
        let text = connection.error(tool, arguments).await;
        assert!(text.starts_with("error: forbidden_by_policy"), "{text}");
    }
    assert_eq!(mutations(&sim), Vec::<String>::new());
    assert_eq!(runs(&fixture), 0);
}

#[tokio::test]
async fn a_backup_needs_no_confirmation() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, Lifecycle::Initialize, Behaviour::CannotAsk).await;
    let data = connection
        .data("backup", json!({ "environment": "dev", "wait_seconds": 0 }))
        .await;
    assert_eq!(data["status"], "running");
    assert_eq!(data["run"]["action"], "backup");
    assert_eq!(data["run"].get("target"), None);
    assert_eq!(runs(&fixture), 1);
}
