//! What all cases came to, and the block that is printed at the end.

use std::collections::BTreeMap;
use std::fmt;

use crate::case::Outcome;
use crate::cells::{Row, rows};
use crate::faults::Column;

/// Runs that claim nothing, in percent of all, beyond which the matrix fails: a tool that never says anything does not
/// lie either.
pub(crate) const MOST_WITHOUT_CLAIM: usize = 15;

/// Sums over outcomes.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    cases: usize,
    runs: usize,
    deaths: usize,
    verdicts: BTreeMap<&'static str, usize>,
    ways_back: BTreeMap<&'static str, usize>,
    cells: BTreeMap<(Row, Column), usize>,
    pub(crate) wrong: usize,
}

impl Tally {
    pub(crate) fn of(outcomes: &[Outcome]) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes {
            tally.cases += 1;
            tally.runs += outcome.runs;
            tally.deaths += outcome.deaths;
            tally.wrong += usize::from(!outcome.complaints.is_empty());
            *tally.verdicts.entry(outcome.verdict).or_default() += 1;
            *tally.ways_back.entry(outcome.way_back).or_default() += 1;
            for cell in &outcome.hit {
                *tally.cells.entry(*cell).or_default() += 1;
            }
        }
        tally
    }

    /// Cells that no case has reached, of those that there are.
    pub(crate) fn missing(&self) -> Vec<String> {
        let all = rows()
            .into_iter()
            .flat_map(|row| Column::ALL.map(|column| (row, column)));
        all.filter(|(row, column)| exists(*row, *column) && !self.cells.contains_key(&(*row, *column)))
            .map(|(row, column)| format!("{} x {}", row.title(), column.title()))
            .collect()
    }

    /// Verdicts that claim nothing, in percent.
    pub(crate) fn without_claim(&self) -> usize {
        let count = |name| self.verdicts.get(name).copied().unwrap_or_default();
        100 * (count("unknown") + count("unverified")) / self.cases.max(1)
    }
}

/// Whether a step can meet a fault at all: making a plan is no process that could leave a run behind, and judging sends
/// nothing.
fn exists(row: Row, column: Column) -> bool {
    use release_engine::StepName;
    match (row.step, column) {
        (None, Column::Killed) => false,
        (Some(StepName::Judge), column) => {
            matches!(column, Column::Killed)
                || (matches!(column, Column::Refused | Column::Cut)
                    && row.journey != crate::plot::Journey::Undo)
        }
        _ => true,
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "=== fault matrix ===")?;
        writeln!(
            f,
            "{} cases, {} runs, {} deaths of the executing process",
            self.cases, self.runs, self.deaths
        )?;
        writeln!(f, "verdicts: {}", words(&self.verdicts))?;
        writeln!(f, "ways back: {}", words(&self.ways_back))?;
        write!(f, "{:<28}", "cases that hit (step x fault)")?;
        for column in Column::ALL {
            write!(f, "{:>11}", column.title())?;
        }
        writeln!(f)?;
        for row in rows() {
            write!(f, "{:<29}", row.title())?;
            for column in Column::ALL {
                match self.cells.get(&(row, column)) {
                    Some(count) => write!(f, "{count:>11}")?,
                    None if exists(row, column) => write!(f, "{:>11}", "MISSING")?,
                    None => write!(f, "{:>11}", "-")?,
                }
            }
            writeln!(f)?;
        }
        let cells = rows().len() * Column::ALL.len();
        let there_are = rows()
            .into_iter()
            .flat_map(|row| Column::ALL.map(|column| exists(row, column)))
            .filter(|exists| *exists)
            .count();
        writeln!(
            f,
            "{} of {there_are} cells covered ({} of the {cells} do not exist)",
            there_are - self.missing().len(),
            cells - there_are
        )?;
        writeln!(
            f,
            "{} % without a claim (at most {MOST_WITHOUT_CLAIM} %)",
            self.without_claim()
        )?;
        write!(
            f,
            "{} lies, repetitions or lost ways back\n====================",
            self.wrong
        )
    }
}

fn words(counts: &BTreeMap<&'static str, usize>) -> String {
    let words: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    words.join(", ")
}
