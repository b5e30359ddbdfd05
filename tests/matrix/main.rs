//! The fault matrix: scenario C again and again, each time with other faults, slowness or deaths, drawn from a seed.
//! Whatever happens, the verdict is what the simulation's data says, nothing that changes something was received
//! twice, and an undo brings the target back.
//!
//! `MATRIX_RUNS` says how many seeds, `MATRIX_SEED` which one to begin with. A failing seed is printed; with
//! `MATRIX_RUNS=1 MATRIX_SEED=n` it is run alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod case;
mod faults;
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::case::{Case, Outcome};

/// Seeds in an ordinary test run; CI takes more.
const RUNS: u64 = 150;
/// Cases at the same time: they mostly wait.
const AT_ONCE: usize = 6;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_verdict_is_the_truth_and_nothing_is_sent_twice() {
    let (runs, first) = (setting("MATRIX_RUNS", RUNS), setting("MATRIX_SEED", 1));
    let next = Arc::new(AtomicU64::new(first));
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let next = Arc::clone(&next);
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + runs {
                        return outcomes;
                    }
                    outcomes.push(Case::draw(seed).play().await);
                }
            })
        })
        .collect();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for worker in workers {
        outcomes.extend(worker.await.unwrap());
    }
    outcomes.sort_by_key(|outcome| outcome.seed);

    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in &outcomes {
        *verdicts.entry(outcome.verdict).or_default() += 1;
    }
    let wrong: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| !outcome.complaints.is_empty())
        .collect();
    println!(
        "{} runs, verdicts {verdicts:?}, {} lies or repetitions",
        outcomes.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(outcomes.len() as u64, runs);
}
