//! Every combination of signals that was seen on servers, and some that must never be called verified.

use release_engine::{
    Acceptance, Canary, Comparison, Difference, Evidence, Identity, LogStory, Standing, Verdict, decide,
};

fn whole(tables: usize) -> Option<Comparison> {
    Some(Comparison {
        tables,
        rows: 10,
        ..Comparison::default()
    })
}

fn missing(found: Option<u64>) -> Option<Comparison> {
    let lost = Difference {
        table: "orders".into(),
        expected: 5,
        found,
    };
    Some(Comparison {
        tables: 3,
        rows: 10,
        missing: vec![lost],
        grown: Vec::new(),
    })
}

/// A restore as it should be.
fn good() -> Evidence {
    Evidence {
        acceptance: Acceptance::Accepted,
        went_down: true,
        process_died: false,
        standing: Standing::Up,
        failure_message: None,
        log: LogStory::Restored,
        log_shows_end: true,
        log_lines: Vec::new(),
        canary: Canary::Gone,
        against_package: whole(3),
        against_before: missing(Some(1)),
        tables_not_reachable: 0,
        collections_not_counted: Vec::new(),
        users: Some(2),
        identity: Identity::Same,
    }
}

fn reverted() -> Evidence {
    Evidence {
        log: LogStory::Reverted {
            errors: vec!["pg_restore: error".into()],
        },
        canary: Canary::Present,
        against_package: missing(Some(1)),
        against_before: whole(3),
        ..good()
    }
}

#[track_caller]
fn assert_verdict(evidence: &Evidence, expected: Verdict) {
    let decision = decide(evidence);
    assert_eq!(decision.verdict, expected, "{:?}", decision.reasons);
    assert!(!decision.reasons.is_empty());
}

#[test]
fn what_is_proven_is_verified() {
    assert_verdict(&good(), Verdict::Verified);
}

#[test]
fn what_a_person_should_look_at_is_a_warning() {
    let grown = Difference {
        table: "orders".into(),
        expected: 5,
        found: Some(6),
    };
    let busy = Some(Comparison {
        tables: 3,
        rows: 10,
        missing: Vec::new(),
        grown: vec![grown],
    });
    for evidence in [
        Evidence {
            against_package: busy,
            ..good()
        },
        Evidence {
            log: LogStory::Unreadable { reason: "403".into() },
            ..good()
        },
        Evidence {
            log: LogStory::Silent,
            acceptance: Acceptance::ReplyLost {
                message: "504".into(),
            },
            ..good()
        },
        Evidence {
            identity: Identity::Refused {
                code: None,
                first_user: false,
                message: "401".into(),
            },
            ..good()
        },
        Evidence {
            users: None,
            ..good()
        },
        Evidence {
            tables_not_reachable: 90,
            ..good()
        },
        Evidence {
            log_shows_end: false,
            ..good()
        },
        Evidence {
            canary: Canary::NotPlanted { reason: "403".into() },
            ..good()
        },
    ] {
        assert_verdict(&evidence, Verdict::VerifiedWithWarnings);
    }
}

#[test]
fn what_could_not_be_counted_is_neither_verified_nor_reverted() {
    let uncounted = |evidence| Evidence {
        collections_not_counted: vec!["orders".into()],
        ..evidence
    };
    assert_verdict(&uncounted(good()), Verdict::Unverified);
    assert_verdict(&uncounted(reverted()), Verdict::Unknown);
}

#[test]
fn what_lost_something_is_partial() {
    for evidence in [
        Evidence {
            against_package: missing(None),
            ..good()
        },
        Evidence {
            against_package: missing(Some(4)),
            ..good()
        },
        Evidence {
            log: LogStory::Tolerated { errors: Vec::new() },
            ..good()
        },
        Evidence {
            against_before: missing(Some(0)),
            ..reverted()
        },
        Evidence {
            log: LogStory::RevertedLate { errors: Vec::new() },
            ..reverted()
        },
        Evidence {
            log: LogStory::Failed { errors: Vec::new() },
            ..good()
        },
        Evidence {
            canary: Canary::NotPlanted { reason: "403".into() },
            against_package: missing(Some(1)),
            ..good()
        },
    ] {
        assert_verdict(&evidence, Verdict::Partial);
    }
}

fn grown() -> Option<Comparison> {
    let more = Difference {
        table: "orders".into(),
        expected: 5,
        found: Some(6),
    };
    Some(Comparison {
        tables: 3,
        rows: 10,
        missing: Vec::new(),
        grown: vec![more],
    })
}

#[test]
fn what_others_may_have_done_meanwhile_is_no_damage() {
    let lost = Acceptance::ReplyLost {
        message: "502".into(),
    };
    for evidence in [
        // somebody deleted a row while nobody knows whether the package was taken
        Evidence {
            acceptance: lost.clone(),
            went_down: false,
            log: LogStory::Silent,
            canary: Canary::Present,
            against_package: missing(Some(1)),
            against_before: missing(Some(4)),
            ..good()
        },
        // or added one, where no marker could be put
        Evidence {
            acceptance: lost,
            went_down: false,
            log: LogStory::Silent,
            canary: Canary::NotPlanted { reason: "403".into() },
            against_package: missing(Some(1)),
            against_before: grown(),
            ..good()
        },
        Evidence {
            against_before: missing(Some(4)),
            ..reverted()
        },
        Evidence {
            canary: Canary::NotPlanted { reason: "403".into() },
            against_before: grown(),
            ..reverted()
        },
    ] {
        assert_verdict(&evidence, Verdict::Unknown);
        assert!(!evidence.damage_is_certain());
    }
}

#[test]
fn without_the_servers_word_only_the_very_same_rows_are_the_package() {
    for log in [
        LogStory::Silent,
        LogStory::Begun,
        LogStory::Unreadable { reason: "403".into() },
    ] {
        let evidence = Evidence {
            log: log.clone(),
            against_package: grown(),
            ..good()
        };
        assert_verdict(&evidence, Verdict::Unverified);
        let exact = Evidence { log, ..good() };
        assert_verdict(&exact, Verdict::VerifiedWithWarnings);
    }
    let died = Evidence {
        log: LogStory::Begun,
        process_died: true,
        ..good()
    };
    assert_verdict(&died, Verdict::Unverified);
}

#[test]
fn what_stands_as_before_is_called_unchanged_only_when_nothing_was_accepted() {
    assert_verdict(&reverted(), Verdict::FailedReverted);
    let refused = Acceptance::Refused {
        message: "database schema mismatch".into(),
    };
    let untouched = Evidence {
        acceptance: refused,
        went_down: false,
        log: LogStory::Silent,
        ..reverted()
    };
    assert_verdict(&untouched, Verdict::FailedUnchanged);
    // A request whose answer is lost may wait in a proxy.
    let lost = Acceptance::ReplyLost {
        message: "connection closed".into(),
    };
    assert_verdict(
        &Evidence {
            acceptance: lost,
            ..untouched.clone()
        },
        Verdict::Unknown,
    );
    // Somebody else's restore is not ours.
    assert_verdict(
        &Evidence {
            canary: Canary::Gone,
            against_package: whole(3),
            ..untouched
        },
        Verdict::Unknown,
    );
}

#[test]
fn an_application_that_is_down_or_empty_is_lost() {
    let broken = Standing::Broken {
        code: "APP_ERROR".into(),
        message: "no relation".into(),
    };
    assert_verdict(
        &Evidence {
            standing: broken,
            ..good()
        },
        Verdict::Lost,
    );
    assert_verdict(
        &Evidence {
            users: Some(0),
            ..good()
        },
        Verdict::Lost,
    );
    let gone = Identity::Refused {
        code: Some("NOT_EXIST_USER".into()),
        first_user: true,
        message: "no user".into(),
    };
    assert_verdict(
        &Evidence {
            identity: gone,
            ..good()
        },
        Verdict::Lost,
    );
}

#[test]
fn what_cannot_be_told_is_not_told() {
    let busy = Standing::Busy {
        message: "upgrade".into(),
    };
    assert_verdict(
        &Evidence {
            standing: busy,
            ..good()
        },
        Verdict::Unknown,
    );
    let away = Standing::Unreachable {
        message: "refused".into(),
    };
    assert_verdict(
        &Evidence {
            standing: away,
            ..good()
        },
        Verdict::Unknown,
    );
    // gone marker and fitting rows, and yet the log says that the server went back to an older dump
    let contradiction = Evidence {
        log: LogStory::Reverted { errors: Vec::new() },
        ..good()
    };
    assert_verdict(&contradiction, Verdict::Unknown);
    for log in [LogStory::RevertFailed { errors: Vec::new() }, LogStory::Restored] {
        assert_verdict(&Evidence { log, ..reverted() }, Verdict::Unknown);
    }
    // the one moment when the API tells the truth outweighs a fitting content
    let told = Evidence {
        failure_message: Some("pg_restore: error".into()),
        ..good()
    };
    assert_verdict(&told, Verdict::Unknown);
    let blind = Evidence {
        log: LogStory::Unreadable { reason: "403".into() },
        canary: Canary::NotPlanted { reason: "403".into() },
        against_package: None,
        against_before: None,
        ..good()
    };
    assert_verdict(&blind, Verdict::Unknown);
    assert_verdict(
        &Evidence {
            log: LogStory::Restored,
            ..blind
        },
        Verdict::Unverified,
    );
}

#[test]
fn credentials_that_no_longer_work_are_named_as_the_reason() {
    let refused = "The username/email or password is incorrect";
    let locked_out = Evidence {
        log: LogStory::Unreadable {
            reason: refused.into(),
        },
        canary: Canary::Unreadable {
            reason: refused.into(),
        },
        against_package: None,
        against_before: None,
        users: None,
        identity: Identity::Refused {
            code: None,
            message: refused.into(),
            first_user: true,
        },
        ..good()
    };
    let decision = decide(&locked_out);
    assert_eq!(decision.verdict, Verdict::Unknown);
    for said in [refused, "our credentials no longer work there", "`fallback`"] {
        assert!(
            decision.reasons.iter().any(|reason| reason.contains(said)),
            "{said}: {decision:?}"
        );
    }
}

/// Over all combinations: "verified" needs the marker gone (or provably other content), all rows, and an
/// application that is up.
#[test]
fn nothing_is_verified_without_proof() {
    let logs = [
        LogStory::Restored,
        LogStory::Tolerated { errors: Vec::new() },
        LogStory::Reverted { errors: Vec::new() },
        LogStory::RevertFailed { errors: Vec::new() },
        LogStory::Begun,
        LogStory::Silent,
        LogStory::Unreadable {
            reason: String::new(),
        },
    ];
    let canaries = [
        Canary::Gone,
        Canary::Present,
        Canary::NotPlanted {
            reason: String::new(),
        },
        Canary::Unreadable {
            reason: String::new(),
        },
    ];
    let contents = [None, whole(0), whole(3), missing(None), missing(Some(1))];
    let standings = [
        Standing::Up,
        Standing::Busy {
            message: String::new(),
        },
    ];
    let mut seen = 0;
    for log in &logs {
        for canary in &canaries {
            for package in &contents {
                for before in &contents {
                    for standing in &standings {
                        let evidence = Evidence {
                            log: log.clone(),
                            canary: canary.clone(),
                            against_package: package.clone(),
                            against_before: before.clone(),
                            standing: standing.clone(),
                            ..good()
                        };
                        seen += 1;
                        if decide(&evidence).verdict.is_good() {
                            assert_eq!(standing, &Standing::Up, "{evidence:?}");
                            assert!(!matches!(canary, Canary::Present), "{evidence:?}");
                            assert_eq!(package, &whole(3), "{evidence:?}");
                            assert!(
                                !matches!(
                                    log,
                                    LogStory::Tolerated { .. }
                                        | LogStory::Reverted { .. }
                                        | LogStory::RevertFailed { .. }
                                ),
                                "{evidence:?}"
                            );
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 7 * 4 * 5 * 5 * 2);
}

/// A server that goes back to an old dump of its own brings no marker with it: the earlier counts are no missing content.
#[test]
fn exactly_the_earlier_counts_without_the_marker_are_unknown() {
    let evidence = Evidence {
        canary: Canary::Gone,
        ..reverted()
    };
    assert_verdict(&evidence, Verdict::Unknown);
    let fewer = Evidence {
        against_before: missing(Some(1)),
        ..evidence
    };
    assert_verdict(&fewer, Verdict::Partial);
}
