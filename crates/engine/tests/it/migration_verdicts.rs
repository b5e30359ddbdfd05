//! Verdicts of migrations, and of the way back that a run takes by itself, over every combination of what can be seen.

use release_engine::{
    Acceptance, Canary, Comparison, Damage, Evidence, Identity, LogStory, MigrationEvidence, MigrationStory,
    Standing, Verdict, decide_migration, decide_roll_back,
};

use crate::migration_evidence::{differing, exact, failed, good, structure, succeeded};

fn refused() -> Identity {
    Identity::Refused {
        code: None,
        first_user: false,
        message: "Your session has expired".into(),
    }
}

#[test]
fn what_is_proven_is_verified_and_who_is_locked_out_claims_nothing() {
    assert_eq!(decide_migration(&good()).verdict, Verdict::Verified);
    let unseen = MigrationEvidence {
        structure: None,
        kept: None,
        replaced: None,
        against_before: None,
        users: None,
        ..good()
    };
    assert_eq!(decide_migration(&unseen).verdict, Verdict::Unverified);
    let locked_out = MigrationEvidence {
        identity: refused(),
        ..unseen
    };
    let decision = decide_migration(&locked_out);
    assert_eq!(decision.verdict, Verdict::Unknown, "{:?}", decision.reasons);
}

#[test]
fn no_migration_is_verified_or_called_unchanged_without_proof() {
    let contents = [
        None,
        exact(3),
        differing(Some(120)),
        differing(Some(0)),
        differing(Some(10)),
    ];
    let stories = [succeeded(), failed(), MigrationStory::Silent];
    let mut seen = 0;
    for log in &stories {
        for answered in [None, Some(true), Some(false)] {
            for kept in &contents {
                for replaced in &contents {
                    for before in &contents {
                        for (lacks, went_down, distinguishable) in [
                            (0, true, true),
                            (0, false, true),
                            (0, true, false),
                            (2, true, true),
                            (2, false, true),
                        ] {
                            let evidence = MigrationEvidence {
                                log: log.clone(),
                                answered,
                                kept: kept.clone(),
                                replaced: replaced.clone(),
                                against_before: before.clone(),
                                structure: structure(lacks),
                                structure_as_before: Some(lacks > 0),
                                went_down,
                                distinguishable,
                                ..good()
                            };
                            seen += 1;
                            let verdict = decide_migration(&evidence).verdict;
                            let complete = |side: &Option<Comparison>| {
                                side.as_ref().is_none_or(|side| side.missing.is_empty())
                            };
                            if verdict.is_good() {
                                assert!(complete(kept) && complete(replaced), "{evidence:?}");
                                assert!(kept.is_some() || replaced.is_some(), "{evidence:?}");
                                assert_eq!(lacks, 0, "{evidence:?}");
                                assert_ne!(*log, failed(), "{evidence:?}");
                                assert_ne!(answered, Some(false), "{evidence:?}");
                            }
                            if verdict == Verdict::FailedReverted {
                                let proven = before.as_ref().is_some_and(Comparison::is_exact)
                                    || (kept.is_none() && replaced.is_none());
                                assert!(proven && went_down, "{evidence:?}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 3 * 3 * 5 * 5 * 5 * 5);
}

/// What was seen after the safety backup was uploaded over that damage.
fn brought_back() -> Evidence {
    Evidence {
        acceptance: Acceptance::Accepted,
        process_died: false,
        went_down: true,
        standing: Standing::Up,
        failure_message: None,
        log: LogStory::Restored,
        log_shows_end: true,
        log_lines: Vec::new(),
        canary: Canary::NotPlanted {
            reason: "a migration needs none".into(),
        },
        against_package: exact(3),
        against_before: None,
        tables_not_reachable: 0,
        collections_not_counted: Vec::new(),
        users: Some(2),
        identity: Identity::Same,
    }
}

#[test]
fn a_way_back_from_a_migration_is_reverted_only_with_proof() {
    let logs = [
        LogStory::Restored,
        LogStory::Tolerated { errors: Vec::new() },
        LogStory::Reverted { errors: Vec::new() },
        LogStory::RevertFailed { errors: Vec::new() },
        LogStory::Begun,
        LogStory::Silent,
    ];
    let acceptances = [
        Acceptance::Accepted,
        Acceptance::Refused {
            message: "no space left".into(),
        },
        Acceptance::ReplyLost {
            message: "lost".into(),
        },
    ];
    let mut reverted = 0;
    for before in [None, exact(3), differing(Some(120)), differing(Some(10))] {
        let damage = Damage::of_migration(&MigrationEvidence {
            answered: Some(false),
            log: failed(),
            replaced: differing(Some(10)),
            against_before: before.clone(),
            ..good()
        });
        for log in &logs {
            for acceptance in &acceptances {
                for content in [None, exact(3), differing(Some(120)), differing(Some(10))] {
                    for (went_down, standing) in [
                        (true, Standing::Up),
                        (false, Standing::Up),
                        (
                            true,
                            Standing::Busy {
                                message: String::new(),
                            },
                        ),
                    ] {
                        let after = Evidence {
                            log: log.clone(),
                            acceptance: acceptance.clone(),
                            against_package: content.clone(),
                            went_down,
                            standing,
                            ..brought_back()
                        };
                        if decide_roll_back(&damage, &after).verdict != Verdict::FailedReverted {
                            continue;
                        }
                        reverted += 1;
                        assert!(content.as_ref().is_some_and(Comparison::is_whole), "{after:?}");
                        assert_eq!(after.standing, Standing::Up);
                        let taken = !matches!(acceptance, Acceptance::Refused { .. }) || went_down;
                        assert!(taken, "{after:?}");
                        let mended = matches!(log, LogStory::Begun | LogStory::Silent)
                            && before.as_ref().is_some_and(|before| !before.is_exact())
                            && before != content;
                        assert!(*log == LogStory::Restored || mended, "{before:?} {after:?}");
                    }
                }
            }
        }
    }
    assert!(reverted > 0);
}
