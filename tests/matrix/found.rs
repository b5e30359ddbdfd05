//! What the matrix has found in the engine, each defect as a case of its own, so that it fails under its own name.

use std::time::Duration;

use nocobase_sim::FaultKind;
use release_engine::StepName;

use crate::cells::Row;
use crate::faults::{Behaviour, Column, FileFault};
use crate::played;
use crate::plot::{Death, Journey, Plot, Side, Strike, What, When};

fn meets(step: StepName, call: &str, kind: FaultKind) -> Strike {
    Strike {
        row: Row {
            journey: Journey::Restore,
            step: Some(step),
        },
        column: Column::Repeated,
        when: When::During(step),
        what: What::Call {
            side: Side::Target,
            call: call.into(),
            kind,
            nth: 1,
            lasting: false,
        },
    }
}

/// The verdict of a plot that must be told without a lie.
fn verdict(plot: &Plot) -> &'static str {
    let outcome = played(plot).unwrap();
    assert_eq!(outcome.complaints, Vec::<String>::new(), "{:?}", outcome.report);
    outcome.verdict
}

/// Whoever took the run up saw no marker, because the run itself had taken it away, and called the target damaged.
#[test]
fn a_marker_that_the_run_took_away_before_it_died_is_no_sign_of_replaced_data() {
    let plot = Plot {
        behaviour: Behaviour::RevertsSilently,
        deaths: vec![Death::AfterStep(StepName::TidyUp)],
        ..Plot::default()
    };
    assert_eq!(verdict(&plot), "failed_reverted");
}

/// A proxy sent the upload twice and handed on the gateway's 503 for the second one, while the first was being restored.
#[test]
fn a_refusal_from_an_application_that_is_down_is_no_proof_that_nothing_was_taken() {
    let plot = Plot {
        strikes: vec![meets(
            StepName::Restore,
            "backup:restoreUpload",
            FaultKind::Repeated,
        )],
        ..Plot::default()
    };
    assert_ne!(verdict(&plot), "failed_unchanged");
}

/// The way back was judged and then spoiled on this machine, and the target was overwritten all the same.
#[test]
fn a_way_back_that_was_spoiled_after_it_was_judged_stops_the_run() {
    for (_, fault) in FileFault::ALL {
        let strike = Strike {
            what: What::File {
                side: Side::Target,
                fault,
            },
            ..meets(StepName::PlantCanary, "", FaultKind::Repeated)
        };
        let plot = Plot {
            strikes: vec![strike],
            ..Plot::default()
        };
        assert_eq!(verdict(&plot), "failed_unchanged");
    }
}

/// A collection that could not be counted was a mere warning, and what it had lost was verified.
#[test]
fn a_collection_that_could_not_be_counted_is_not_verified() {
    let strike = Strike {
        what: What::Call {
            side: Side::Target,
            call: "orders:list".into(),
            kind: FaultKind::server_error("no"),
            nth: 1,
            lasting: true,
        },
        ..meets(StepName::Verify, "", FaultKind::Repeated)
    };
    let plot = Plot {
        behaviour: Behaviour::LosesRows,
        strikes: vec![strike],
        ..Plot::default()
    };
    assert_eq!(verdict(&plot), "unverified");
}

/// The upload of the way back came to the server after everybody had given up waiting, and mended what was called damaged.
#[test]
fn a_way_back_that_may_yet_begin_is_unknown() {
    let plot = Plot {
        behaviour: Behaviour::LosesTable,
        rolls_back: true,
        strikes: vec![meets(
            StepName::RollBack,
            "backup:restoreUpload",
            FaultKind::Slow(Duration::from_secs(30)),
        )],
        ..Plot::default()
    };
    assert_eq!(verdict(&plot), "unknown");
}

/// Nobody could sign in any more, and the migration was called unverified, with an undo that nobody could plan.
#[test]
fn users_that_a_migration_lost_are_not_passed_over() {
    let plot = Plot {
        journey: Journey::Migrate,
        behaviour: Behaviour::LosesUsers,
        ..Plot::default()
    };
    assert_eq!(verdict(&plot), "unknown");
}

/// The way back was judged and then spoiled on this machine, and the migration was executed all the same.
#[test]
fn a_way_back_that_was_spoiled_stops_a_migration_too() {
    for (column, fault) in FileFault::ALL {
        let step = StepName::CheckPackage;
        let strike = Strike {
            row: Row {
                journey: Journey::Migrate,
                step: Some(step),
            },
            column,
            when: When::During(step),
            what: What::File {
                side: Side::Target,
                fault,
            },
        };
        let plot = Plot {
            journey: Journey::Migrate,
            strikes: vec![strike],
            ..Plot::default()
        };
        assert_eq!(verdict(&plot), "failed_unchanged");
    }
}
