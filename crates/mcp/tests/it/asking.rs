//! Protected targets: only what a person typed in their client (or at a terminal) starts a run.

use release_engine::Policy;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use serde_json::{Value, json};

use crate::support::{BOTH, Behaviour, Connection, Lifecycle, connect, mutations, simulated, text};

async fn plan(connection: &Connection) -> Value {
    let data = connection
        .data("restore", json!({ "source": "dev", "target": "prod" }))
        .await;
    assert_eq!(data["plan"]["confirmed_by"], "person");
    assert_eq!(
        data["plan"].get("phrase"),
        None,
        "a model must not have the phrase"
    );
    data["plan"].clone()
}

#[tokio::test]
async fn the_person_types_the_phrase() {
    for lifecycle in BOTH {
        let (fixture, _sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::TypesPhrase).await;
        let plan = plan(&connection).await;
        let data = connection
            .data("confirm", json!({ "plan": plan["plan"], "wait_seconds": 0 }))
            .await;
        assert_eq!(data["status"], "running", "{lifecycle:?}");
        let run = fixture.engine.runs(1).unwrap().remove(0);
        assert_eq!(
            serde_json::to_value(run.confirmed_by).unwrap(),
            "person_in_client"
        );
        let asked = connection.asked();
        assert_eq!(asked.len(), 1, "{lifecycle:?}");
        assert!(
            asked[0].contains("prod is protected") && asked[0].contains("> all data of prod"),
            "{}",
            asked[0]
        );
    }
}

#[tokio::test]
async fn something_else_typed_starts_nothing_and_keeps_the_phrase_from_the_model() {
    for lifecycle in BOTH {
        let (fixture, sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::TypesNonsense).await;
        let plan = plan(&connection).await;
        let text = connection.error("confirm", json!({ "plan": plan["plan"] })).await;
        assert!(text.starts_with("error: wrong_confirmation"), "{text}");
        let asked = connection.asked().remove(0);
        let phrase = asked
            .split("type exactly: ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        assert!(!text.contains(phrase), "{text}");
        assert_eq!(mutations(&sim), Vec::<String>::new());
        assert!(fixture.engine.runs(1).unwrap().is_empty());
    }
}

#[tokio::test]
async fn declined_or_unavailable_leads_to_the_terminal() {
    for lifecycle in BOTH {
        for behaviour in [Behaviour::Declines, Behaviour::CannotAsk] {
            let (fixture, sim) = simulated(Policy::default()).await;
            let connection = connect(&fixture.engine, lifecycle, behaviour).await;
            let plan = plan(&connection).await;
            let id = plan["plan"].as_str().unwrap();
            // A phrase as an argument, even the right one, is no person.
            let phrase = fixture.engine.load_plan(id).unwrap().phrase();
            for arguments in [json!({ "plan": id }), json!({ "plan": id, "phrase": phrase })] {
                let data = connection.data("confirm", arguments).await;
                assert_eq!(data["status"], "person_required", "{lifecycle:?} {behaviour:?}");
                assert_eq!(data["terminal_command"], format!("nocobase-release apply {id}"));
                assert_eq!(data.get("run"), None);
            }
            assert_eq!(mutations(&sim), Vec::<String>::new());
            assert!(fixture.engine.runs(1).unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn what_a_person_approved_at_a_terminal_can_be_confirmed_here_once() {
    for lifecycle in BOTH {
        let (fixture, _sim) = simulated(Policy::default()).await;
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        let (plan, other) = (plan(&connection).await, plan(&connection).await);
        let id = |plan: &Value| plan["plan"].as_str().unwrap().to_owned();
        let refused = connection.data("confirm", json!({ "plan": id(&plan) })).await;
        let told = refused["next"].to_string();
        assert!(
            told.contains(&format!("nocobase-release approve {}", id(&plan))),
            "{told}"
        );
        let kept = fixture.engine.load_plan(&id(&plan)).unwrap();
        fixture.engine.approve(&kept, &kept.phrase(), "somebody").unwrap();
        // That was one plan, and no other.
        let still = connection.data("confirm", json!({ "plan": id(&other) })).await;
        assert_eq!(still["status"], "person_required");
        let arguments = json!({ "plan": id(&plan), "wait_seconds": 0 });
        let data = connection.data("confirm", arguments.clone()).await;
        assert_eq!(data["status"], "running", "{lifecycle:?}");
        let again = connection.error("confirm", arguments).await;
        assert!(again.starts_with("error: plan_used"), "{again}");
        assert_eq!(fixture.engine.runs(10).unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_counts_only_for_the_question_that_was_asked() {
    let (fixture, _sim) = simulated(Policy::default()).await;
    let connection = connect(&fixture.engine, Lifecycle::Discover, Behaviour::TypesPhrase).await;
    let (one, other) = (plan(&connection).await, plan(&connection).await);
    let call = |plan: &Value| {
        let arguments = json!({ "plan": plan["plan"] }).as_object().cloned().unwrap();
        CallToolRequestParams::new("confirm").with_arguments(arguments)
    };
    let CallToolResponse::InputRequired(question) =
        connection.client.call_tool_once(call(&one)).await.unwrap()
    else {
        panic!("a question was expected");
    };
    let state = question.request_state.unwrap();
    let phrase = |plan: &Value| {
        fixture
            .engine
            .load_plan(plan["plan"].as_str().unwrap())
            .unwrap()
            .phrase()
    };
    let answer = |plan: &Value| {
        [(
            "phrase".to_owned(),
            json!({ "action": "accept", "content": { "phrase": phrase(plan) } }),
        )]
        .into()
    };
    // Another plan's question, and state that was tampered with.
    for (plan, state) in [(&other, state.clone()), (&one, format!("{state}A"))] {
        let retried = call(plan)
            .with_input_responses(answer(plan))
            .with_request_state(state);
        let CallToolResponse::Complete(result) = connection.client.call_tool_once(retried).await.unwrap()
        else {
            panic!("an error was expected");
        };
        assert!(
            text(&result).starts_with("error: question_expired"),
            "{}",
            text(&result)
        );
    }
    // An answer nobody was asked for is a new question, not a confirmation.
    let unasked = call(&one).with_input_responses(answer(&one));
    let again = connection.client.call_tool_once(unasked).await.unwrap();
    assert!(matches!(again, CallToolResponse::InputRequired(_)));
    assert!(fixture.engine.runs(1).unwrap().is_empty());
    // The question's own answer starts the run, and only once.
    let retried = call(&one)
        .with_input_responses(answer(&one))
        .with_request_state(state);
    let first = connection.client.call_tool_once(retried.clone()).await.unwrap();
    let CallToolResponse::Complete(first) = first else {
        panic!("a run was expected")
    };
    assert_ne!(first.is_error, Some(true), "{}", text(&first));
    let CallToolResponse::Complete(second) = connection.client.call_tool_once(retried).await.unwrap() else {
        panic!("an error was expected");
    };
    assert!(text(&second).starts_with("error: plan_used"), "{}", text(&second));
    assert_eq!(fixture.engine.runs(10).unwrap().len(), 1);
}
