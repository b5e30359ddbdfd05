//! Who looks on while a run writes its journal: arms what is to strike during a step, and brings the process's death.
//!
//! It is called in the midst of the run, at each line, so a fault meets exactly the calls of its step, and a death
//! leaves exactly the lines up to its own. The death unwinds out of the run, whose future is gone with everything that
//! it would still have done: to server and disk the same as a `SIGKILL` (`killed` shows that with real ones).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nocobase_sim::{Environment, Fault};
use release_engine::StepName;
use release_engine::journal::{Event, Line, PackageRole, Witness};

use crate::cells::Row;
use crate::faults::Column;
use crate::plot::{Death, Journey, Side, Strike, What, When};

/// The two environments of a case.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    pub(crate) source: Environment,
    pub(crate) target: Environment,
}

impl Sides {
    pub(crate) fn get(&self, side: Side) -> &Environment {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

/// The onlooker of one execution.
#[derive(Debug)]
pub(crate) struct Onlooker {
    sides: Sides,
    journey: Journey,
    strikes: Vec<Strike>,
    death: Option<Death>,
    seen: Mutex<Seen>,
}

/// What is armed: until when, where, its number there, and the cell it stands for.
type Armed = (When, Side, usize, Row, Column);

#[derive(Debug, Default)]
struct Seen {
    dead: bool,
    step: Option<StepName>,
    packages: BTreeMap<PackageRole, std::path::PathBuf>,
    armed: Vec<Armed>,
    hit: Vec<(Row, Column)>,
    lines: u64,
}

impl Onlooker {
    pub(crate) fn new(sides: &Sides, journey: Journey, strikes: &[Strike], death: Option<Death>) -> Self {
        Self {
            sides: sides.clone(),
            journey,
            strikes: strikes.to_vec(),
            death,
            seen: Mutex::default(),
        }
    }

    /// Arms what belongs here.
    pub(crate) fn begin(&self, when: When) {
        for strike in self.strikes.iter().filter(|strike| strike.when == when) {
            match &strike.what {
                What::Call {
                    side,
                    call,
                    kind,
                    nth,
                    lasting,
                } => {
                    let fault = Fault::new(call.clone(), kind.clone()).on_call(*nth);
                    let fault = if *lasting { fault.always() } else { fault };
                    let number = self.sides.get(*side).faults().arm(fault);
                    let entry = (when, *side, number, strike.row, strike.column);
                    self.seen().armed.push(entry);
                }
                What::File { side, fault } => {
                    let role = match side {
                        Side::Source => PackageRole::Package,
                        Side::Target => PackageRole::SafetyBackup,
                    };
                    let mut seen = self.seen();
                    if let Some(path) = seen.packages.get(&role) {
                        fault.strike(path);
                        seen.hit.push((strike.row, strike.column));
                    }
                }
            }
        }
    }

    /// Disarms what belongs here, and notes what it has hit.
    pub(crate) fn end(&self, when: When) {
        let mut seen = self.seen();
        let (over, on): (Vec<Armed>, Vec<Armed>) = std::mem::take(&mut seen.armed)
            .into_iter()
            .partition(|(armed, ..)| *armed == when);
        seen.armed = on;
        for (_, side, number, row, column) in over {
            let faults = self.sides.get(side).faults();
            faults.disarm(number);
            if faults.hits(number) > 0 {
                seen.hit.push((row, column));
            }
        }
    }

    /// Everything that was hit, the death included; disarms what is left.
    pub(crate) fn over(&self) -> (Vec<(Row, Column)>, u64) {
        let left: Vec<When> = self.seen().armed.iter().map(|(when, ..)| *when).collect();
        left.into_iter().for_each(|when| self.end(when));
        let seen = self.seen();
        (seen.hit.clone(), seen.lines)
    }

    /// Notes a death that came from elsewhere.
    pub(crate) fn died_during(&self, step: StepName) {
        let row = Row {
            journey: self.journey,
            step: Some(step),
        };
        self.seen().hit.push((row, Column::Killed));
    }

    fn die(&self) -> ! {
        let step = {
            let mut seen = self.seen();
            let first = !std::mem::replace(&mut seen.dead, true);
            seen.step.filter(|_| first)
        };
        if let Some(step) = step {
            self.died_during(step);
        }
        // Without the panic hook: nothing went wrong that a test log should show.
        std::panic::resume_unwind(Box::new("the process of this run is gone"))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Onlooker {
    fn before(&self, line: &Line) {
        let dies = matches!(self.death, Some(Death::Before(at)) if line.number >= at);
        if dies || self.seen().dead {
            self.die();
        }
    }

    fn after(&self, line: &Line) {
        self.seen().lines = line.number;
        if let Event::StepStarted { step } = &line.event {
            self.seen().step = Some(*step);
        }
        let dies = match (&self.death, &line.event) {
            (Some(Death::After(at)), _) => line.number >= *at,
            (Some(Death::AfterStep(last)), Event::StepEnded { step, .. }) => last == step,
            _ => false,
        };
        if dies {
            self.die();
        }
        match &line.event {
            Event::StepStarted { step } => self.begin(When::During(*step)),
            Event::StepEnded { step, .. } => self.end(When::During(*step)),
            Event::PackageStored { role, package } => {
                self.seen().packages.insert(*role, package.path.clone());
            }
            _ => {}
        }
    }
}
