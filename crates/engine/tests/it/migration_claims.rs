//! Verdicts of migrations: every combination of what can be seen, against what must never be claimed.

use release_engine::{
    Acceptance, Comparison, MigrationEvidence, MigrationStory, StructureComparison, Verdict, decide_migration,
};

use crate::migration_evidence::{differing, exact, failed, good, structure, succeeded};

fn refused() -> Acceptance {
    Acceptance::Refused { message: "no".into() }
}

fn lost() -> Acceptance {
    Acceptance::ReplyLost {
        message: "500".into(),
    }
}

/// What counting and structure say when nothing was changed.
fn as_before(evidence: MigrationEvidence) -> MigrationEvidence {
    MigrationEvidence {
        structure_as_before: Some(true),
        against_before: exact(6),
        ..evidence
    }
}

/// The earlier orders are more than those that were to come, and still there.
fn nothing_done() -> MigrationEvidence {
    as_before(MigrationEvidence {
        replaced: differing(Some(500)),
        not_replaced: vec!["orders".into()],
        ..good()
    })
}

fn verdict(evidence: &MigrationEvidence) -> Verdict {
    decide_migration(evidence).verdict
}

/// Every combination of the parts; more than a hundred thousand.
fn combinations() -> impl Iterator<Item = MigrationEvidence> {
    type Set = Vec<Box<dyn Fn(&mut MigrationEvidence)>>;
    fn of<T: Clone + 'static>(values: &[T], set: fn(&mut MigrationEvidence, T)) -> Set {
        values
            .iter()
            .cloned()
            .map(|value| {
                Box::new(move |evidence: &mut MigrationEvidence| set(evidence, value.clone()))
                    as Box<dyn Fn(&mut MigrationEvidence)>
            })
            .collect()
    }
    let dimensions: Vec<Set> = vec![
        of(&[Acceptance::Accepted, lost(), refused()], |e, v| {
            e.acceptance = v
        }),
        of(&[None, Some(true), Some(false)], |e, v| e.answered = v),
        of(&[true, false], |e, v| e.went_down = v),
        of(
            &[
                succeeded(),
                failed(),
                MigrationStory::Open { name: "m.log".into() },
                MigrationStory::Silent,
            ],
            |e, v| e.log = v,
        ),
        of(&[None, structure(0), structure(1)], |e, v| e.structure = v),
        of(&[None, Some(true), Some(false)], |e, v| e.structure_as_before = v),
        of(&[true, false], |e, v| e.structure_binds = v),
        of(
            &[None, exact(3), differing(Some(120)), differing(Some(0))],
            |e, v| e.kept = v,
        ),
        of(
            &[None, exact(3), differing(Some(120)), differing(Some(0))],
            |e, v| e.replaced = v,
        ),
        of(&[None, exact(6), differing(Some(10))], |e, v| {
            e.against_before = v
        }),
        of(&[true, false], |e, v| e.distinguishable = v),
        of(&[vec![], vec!["orders".to_owned()]], |e, v| {
            e.collections_not_counted = v;
        }),
    ];
    let all: usize = dimensions.iter().map(Vec::len).product();
    (0..all).map(move |mut number| {
        let mut evidence = good();
        for choices in &dimensions {
            choices[number % choices.len()](&mut evidence);
            number /= choices.len();
        }
        evidence
    })
}

#[test]
fn what_no_combination_of_evidence_may_claim() {
    let mut count = 0;
    for evidence in combinations() {
        count += 1;
        let verdict = verdict(&evidence);
        let says = |claim: &str, holds: bool| assert!(holds, "{claim}: {verdict:?} of {evidence:#?}");
        let is_exact = |side: &Option<Comparison>| side.as_ref().is_none_or(Comparison::is_exact);
        let refused = matches!(evidence.acceptance, Acceptance::Refused { .. });
        let claims_failure =
            evidence.answered == Some(false) || matches!(evidence.log, MigrationStory::Failed { .. });
        if verdict.is_good() {
            says(
                "rows that were to come are there exactly",
                is_exact(&evidence.replaced),
            );
            says("and were compared", evidence.replaced.is_some());
            says(
                "rows that were to stay are there",
                evidence.kept.as_ref().is_none_or(Comparison::is_whole),
            );
            says("nothing was called a failure", !claims_failure);
            says(
                "everything was counted",
                evidence.collections_not_counted.is_empty(),
            );
            says("it was not refused", !refused);
            says(
                "its log says so, or the content is new",
                evidence.distinguishable || evidence.log == succeeded(),
            );
            says(
                "no structure is missing",
                evidence
                    .structure
                    .as_ref()
                    .is_none_or(StructureComparison::is_whole),
            );
            let stands = evidence.structure_as_before == Some(true)
                && evidence.against_before.as_ref().is_some_and(Comparison::is_exact);
            says(
                "the content is not the earlier one",
                !(evidence.distinguishable && stands),
            );
        }
        if verdict == Verdict::Verified {
            says("the log says so", evidence.log == succeeded());
            says("content tells", evidence.distinguishable);
            says("structure was compared", evidence.structure.is_some());
        }
        says(
            "equal numbers prove no way back",
            verdict != Verdict::FailedReverted,
        );
        if verdict == Verdict::FailedUnchanged {
            says("only what was refused", refused);
            says("by a server that stayed up", !evidence.went_down);
            says("without a log of it", evidence.log == MigrationStory::Silent);
            says(
                "with no change in sight",
                evidence.structure_as_before != Some(false),
            );
            says(
                "with no row less",
                evidence
                    .against_before
                    .as_ref()
                    .is_none_or(|before| before.missing.is_empty()),
            );
        }
        if verdict == Verdict::Partial {
            says(
                "it is over",
                evidence.went_down || claims_failure || evidence.log == succeeded(),
            );
        }
    }
    assert!(count > 100_000, "{count}");
}

#[test]
fn a_migration_as_it_should_be_is_verified() {
    assert_eq!(verdict(&good()), Verdict::Verified);
    let grown = MigrationEvidence {
        kept: differing(Some(120)),
        ..good()
    };
    assert_eq!(verdict(&grown), Verdict::VerifiedWithWarnings);
}

#[test]
fn one_case_after_another() {
    let open = || MigrationStory::Open { name: "m.log".into() };
    let cases = [
        (
            "a success that replaced nothing",
            nothing_done(),
            Verdict::Unknown,
        ),
        (
            "more rows than were to come, of a table that was not replaced",
            MigrationEvidence {
                structure_as_before: Some(false),
                ..nothing_done()
            },
            Verdict::Partial,
        ),
        (
            "more rows than were to come, and others than before",
            MigrationEvidence {
                replaced: differing(Some(120)),
                ..good()
            },
            Verdict::Unverified,
        ),
        (
            "a 500 or a gateway's 503, with the content from before",
            MigrationEvidence {
                acceptance: lost(),
                answered: None,
                went_down: false,
                log: MigrationStory::Silent,
                ..nothing_done()
            },
            Verdict::Unknown,
        ),
        (
            "the same, with half of the tables changed",
            MigrationEvidence {
                acceptance: lost(),
                answered: None,
                log: failed(),
                replaced: differing(Some(0)),
                ..good()
            },
            Verdict::Partial,
        ),
        (
            "an answer before the work, which has not begun",
            MigrationEvidence {
                went_down: false,
                log: MigrationStory::Silent,
                ..nothing_done()
            },
            Verdict::Unknown,
        ),
        (
            "an answer before the work, which is half-way",
            MigrationEvidence {
                went_down: false,
                log: open(),
                replaced: differing(Some(0)),
                ..good()
            },
            Verdict::Unknown,
        ),
        (
            "an answer alone, where the content does not tell",
            as_before(MigrationEvidence {
                distinguishable: false,
                log: MigrationStory::Silent,
                ..good()
            }),
            Verdict::Unverified,
        ),
        (
            "the log's word, where the content does not tell",
            as_before(MigrationEvidence {
                distinguishable: false,
                ..good()
            }),
            Verdict::VerifiedWithWarnings,
        ),
        (
            "structure only, that brought none",
            as_before(MigrationEvidence {
                structure: structure(1),
                structure_binds: false,
                distinguishable: false,
                replaced: None,
                replaced_expected: 0,
                replaces: Some(false),
                ..good()
            }),
            Verdict::Unknown,
        ),
        (
            "structure only, refused",
            as_before(MigrationEvidence {
                acceptance: refused(),
                answered: None,
                went_down: false,
                log: MigrationStory::Silent,
                structure: structure(1),
                structure_binds: false,
                replaced: None,
                replaced_expected: 0,
                replaces: Some(false),
                ..good()
            }),
            Verdict::FailedUnchanged,
        ),
        (
            "rows that came without a structure that was not promised",
            MigrationEvidence {
                structure: structure(1),
                structure_binds: false,
                ..good()
            },
            Verdict::Unverified,
        ),
        (
            "a failure with the numbers from before",
            MigrationEvidence {
                answered: Some(false),
                log: failed(),
                ..nothing_done()
            },
            Verdict::Unknown,
        ),
        (
            "nothing compared, called a failure",
            MigrationEvidence {
                answered: Some(false),
                log: failed(),
                structure: None,
                structure_as_before: None,
                kept: None,
                replaced: None,
                against_before: None,
                ..good()
            },
            Verdict::Unknown,
        ),
        (
            "one replaced table of seventy compared",
            MigrationEvidence {
                replaced: exact(1),
                replaced_expected: 70,
                ..good()
            },
            Verdict::Unverified,
        ),
        (
            "most of them",
            MigrationEvidence {
                replaced: exact(60),
                replaced_expected: 70,
                ..good()
            },
            Verdict::VerifiedWithWarnings,
        ),
        (
            "none of them",
            MigrationEvidence {
                replaced: None,
                replaced_expected: 0,
                ..good()
            },
            Verdict::Unverified,
        ),
        (
            "the rule was only assumed",
            MigrationEvidence {
                rule_assumed: true,
                ..good()
            },
            Verdict::VerifiedWithWarnings,
        ),
        (
            "and does not fit",
            MigrationEvidence {
                rule_assumed: true,
                replaced: differing(Some(0)),
                ..good()
            },
            Verdict::Unknown,
        ),
        (
            "never sent",
            MigrationEvidence {
                acceptance: refused(),
                not_sent: true,
                ..nothing_done()
            },
            Verdict::FailedUnchanged,
        ),
        (
            "never sent, after variables were made",
            MigrationEvidence {
                acceptance: refused(),
                not_sent: true,
                variables_set: vec!["API_KEY".into()],
                ..nothing_done()
            },
            Verdict::Partial,
        ),
        (
            "a refusal in doubt: tables hold fewer rows",
            MigrationEvidence {
                acceptance: refused(),
                answered: None,
                went_down: false,
                log: MigrationStory::Silent,
                structure_as_before: Some(true),
                replaced: differing(Some(0)),
                ..good()
            },
            Verdict::Unknown,
        ),
        (
            "no rows of those that were to stay",
            MigrationEvidence {
                kept: Some(Comparison {
                    tables: 1,
                    rows: 100,
                    missing: differing(Some(0)).unwrap_or_default().missing,
                    grown: Vec::new(),
                }),
                ..good()
            },
            Verdict::Lost,
        ),
    ];
    for (what, evidence, expected) in cases {
        let decision = decide_migration(&evidence);
        assert_eq!(decision.verdict, expected, "{what}: {:#?}", decision.reasons);
        assert!(!decision.reasons.is_empty(), "{what}");
    }
}

#[test]
fn variables_that_stay_are_named() {
    let evidence = MigrationEvidence {
        acceptance: refused(),
        answered: None,
        went_down: false,
        log: MigrationStory::Silent,
        variables_set: vec!["API_KEY".into()],
        ..nothing_done()
    };
    let decision = decide_migration(&evidence);
    assert_eq!(decision.verdict, Verdict::Partial);
    assert!(decision.reasons.iter().any(|reason| reason.contains("API_KEY")));
}
