//! The fault matrix: every step of a run x everything that can happen to it, a death at every journal line, and random
//! combinations of them, each with a server that behaves or does not.
//!
//! Whatever happens, the verdict is what the simulation's data says, nothing that changes something was received
//! twice, and the way back brings the data back. "Unknown" and "unverified" claim nothing; they are counted and bounded.
//!
//! - `cells`, `random`: which cases there are (`plot`, made of `faults`).
//! - `case`: one case from its plan to its way back (`stage`, `onlooker`); `truth`: what the data says.
//! - `clock`: a time that goes on only when nothing can run, so that no machine is too slow.
//! - `tally`: the block at the end.
//!
//! A death is the executor's future that unwinds at a line ([`onlooker`]), once right before and once right after each
//! line of each kind of run: what a `SIGKILL` there leaves behind, without a process for each. `killed` sends real ones
//! to a sample.
//!
//! `MATRIX_RUNS` says how many random seeds are played on top of the enumeration, `MATRIX_SEED` which one is the first,
//! `MATRIX_ONLY=n,m` plays single cases of the list by their numbers, which a failure
//! prints, `MATRIX_SHOW=1` prints them whatever they come to, `MATRIX_TIMES=1` how long each took.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and the figures are for whoever reads the log"
)]

mod case;
mod cells;
mod clock;
mod dice;
mod faults;
mod found;
mod killed;
mod onlooker;
mod plot;
mod random;
mod stage;
mod tally;
mod truth;

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::case::{Outcome, play};
use crate::faults::Behaviour;
use crate::plot::{From, Journey, Plot, Shape};
use crate::tally::{MOST_WITHOUT_CLAIM, Tally};

/// Random seeds in an ordinary test run.
const SEEDS: u64 = 300;

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str, default: u64) -> u64 {
    setting(name)
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// One case in a time of its own; a panic in it is its failure.
fn played(plot: &Plot) -> Result<Outcome, String> {
    if plot.journey == Journey::Migrate {
        case::migrate_undisturbed();
    }
    let playing = AssertUnwindSafe(|| clock::in_its_own_time(play(plot)));
    std::panic::catch_unwind(playing).map_err(|panic| {
        panic
            .downcast_ref::<String>()
            .cloned()
            .unwrap_or_else(|| "panicked".into())
    })
}

/// The runs whose every line is a death: a good one, one that is reverted, one that takes itself back, one whose package
/// is its own way back, an undo; a good migration, over the surface that sets variables first, and one that is taken back over the other.
fn mortal() -> [Plot; 7] {
    let plot = Plot::default;
    [
        plot(),
        Plot {
            behaviour: Behaviour::RevertsSilently,
            ..plot()
        },
        Plot {
            behaviour: Behaviour::LosesTable,
            rolls_back: true,
            ..plot()
        },
        Plot {
            from: From::Itself,
            ..plot()
        },
        Plot {
            journey: Journey::Undo,
            ..plot()
        },
        Plot {
            journey: Journey::Migrate,
            behaviour: Behaviour::CommandLineOnly,
            ..plot()
        },
        Plot {
            journey: Journey::Migrate,
            behaviour: Behaviour::StopsHalfway,
            rolls_back: true,
            ..plot()
        },
    ]
}

fn plots() -> Vec<Plot> {
    let mut plots: Vec<Plot> = Behaviour::ALL
        .into_iter()
        .flat_map(|behaviour| [(behaviour, false), (behaviour, true)])
        .flat_map(|(behaviour, rolls_back)| {
            [From::Dev, From::Itself].map(|from| Plot {
                behaviour,
                rolls_back,
                from,
                ..Plot::default()
            })
        })
        .collect();
    plots.extend(Behaviour::ALL.into_iter().flat_map(|behaviour| {
        let shapes = [Shape::Fewer, Shape::Alike];
        shapes.into_iter().flat_map(move |shape| {
            [Journey::Restore, Journey::Undo].map(|journey| Plot {
                journey,
                behaviour,
                shape,
                ..Plot::default()
            })
        })
    }));
    plots.extend(Behaviour::OF_MIGRATIONS.into_iter().flat_map(|behaviour| {
        [false, true].map(|rolls_back| Plot {
            journey: Journey::Migrate,
            behaviour,
            rolls_back,
            ..Plot::default()
        })
    }));
    plots.extend(cells::all());
    plots.extend(cells::in_flight());
    for plot in mortal() {
        let lines = played(&plot).unwrap().lines;
        plots.extend(cells::deaths(&plot, lines));
    }
    let first = number("MATRIX_SEED", 1);
    plots.extend((first..first + number("MATRIX_RUNS", SEEDS)).map(random::plot));
    plots
}

/// Prints what is wrong with a case, at once: whoever waits for thousands of cases wants to know.
fn show(number: usize, plot: &Plot, outcome: &Result<Outcome, String>) {
    match outcome {
        Ok(outcome) if outcome.complaints.is_empty() && setting("MATRIX_SHOW").is_none() => {}
        Ok(outcome) => println!(
            "--- MATRIX_ONLY={number} {}: {:?}\n{plot:?}\n{:?}",
            outcome.verdict, outcome.complaints, outcome.report
        ),
        Err(panic) => println!("--- MATRIX_ONLY={number}: {panic}\n{plot:?}"),
    }
}

/// Plays all of them, as many at once as there are processors: nothing in them waits.
fn play_all(plots: &[Plot], wanted: &[usize]) -> Vec<(usize, Result<Outcome, String>)> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let worker = || {
        let mut outcomes = Vec::new();
        while let Some(number) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let begun = Instant::now();
            let outcome = played(plots.get(*number).unwrap());
            if setting("MATRIX_TIMES").is_some() {
                println!("{number} took {} ms", begun.elapsed().as_millis());
            }
            show(*number, plots.get(*number).unwrap(), &outcome);
            outcomes.push((*number, outcome));
        }
        outcomes
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    })
}

#[test]
fn every_verdict_is_the_truth_and_nothing_is_sent_twice() {
    let begun = Instant::now();
    let plots = plots();
    let only: Vec<usize> = setting("MATRIX_ONLY")
        .map(|list| list.split(',').filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    println!(
        "{} cases, listed after {:.1} s",
        plots.len(),
        begun.elapsed().as_secs_f32()
    );
    let wanted: Vec<usize> = if only.is_empty() {
        (0..plots.len()).collect()
    } else {
        only.clone()
    };
    let mut outcomes = Vec::new();
    let mut failures = Vec::new();
    for (number, outcome) in play_all(&plots, &wanted) {
        match outcome {
            Ok(outcome) => {
                if !outcome.complaints.is_empty() {
                    failures.push(number);
                }
                outcomes.push(outcome);
            }
            Err(_) => failures.push(number),
        }
    }
    failures.sort_unstable();
    let tally = Tally::of(&outcomes);
    // past the harness, which keeps to itself what a good test prints
    let took = begun.elapsed().as_secs_f32();
    writeln!(std::io::stdout(), "{tally}\n{took:.0} s").unwrap();
    if !only.is_empty() {
        return;
    }
    assert!(failures.is_empty(), "MATRIX_ONLY={failures:?}");
    assert!(outcomes.len() >= 1000);
    assert!(tally.without_claim() <= MOST_WITHOUT_CLAIM);
    assert_eq!(tally.missing(), Vec::<String>::new());
}
