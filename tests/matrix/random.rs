//! Random combinations: what no enumeration holds, several faults and deaths in one run, each drawn from a seed.

use release_engine::StepName;

use crate::cells::{Row, calls, rows};
use crate::dice::Dice;
use crate::faults::{Behaviour, variants};
use crate::plot::{Death, From, Journey, Plot, Shape, Strike, What, When};

/// Longer than any journal of these runs.
const LINES: usize = 60;

/// What a seed means.
pub(crate) fn plot(seed: u64) -> Plot {
    let mut dice = Dice::new(seed);
    let journey = match dice.roll(5) {
        0 => Journey::Undo,
        1 => Journey::Migrate,
        _ => Journey::Restore,
    };
    let behaviour = match dice.roll(4) {
        0 => Behaviour::Whole,
        _ => dice.pick(Behaviour::of(journey)),
    };
    let strikes = (0..dice.roll(4)).map(|_| strike(&mut dice, journey)).collect();
    let deaths = match dice.roll(4) {
        0 => vec![death(&mut dice)],
        1 if dice.roll(2) == 0 => vec![death(&mut dice), death(&mut dice)],
        _ => Vec::new(),
    };
    let from = if dice.roll(8) == 0 && journey != Journey::Migrate {
        From::Itself
    } else {
        From::Dev
    };
    let rolls_back = dice.roll(3) == 0;
    let shape = match journey {
        Journey::Migrate => Shape::More,
        Journey::Restore | Journey::Undo => dice.pick(&[Shape::More, Shape::Fewer, Shape::Alike]),
    };
    Plot {
        journey,
        from,
        shape,
        behaviour,
        rolls_back,
        strikes,
        deaths,
    }
}

fn death(dice: &mut Dice) -> Death {
    let line = 2 + dice.roll(LINES) as u64;
    if dice.roll(2) == 0 {
        Death::After(line)
    } else {
        Death::Before(line)
    }
}

fn strike(dice: &mut Dice, journey: Journey) -> Strike {
    let able: Vec<Row> = rows()
        .into_iter()
        .filter(|row| row.journey == journey && !calls(*row).is_empty())
        .collect();
    let row = match dice.roll(3) {
        // The plan can only fail before anything happens, so most strikes come where more is at stake.
        0 => dice.pick(&able),
        _ => {
            let late: Vec<Row> = able
                .into_iter()
                .filter(|row| row.step >= Some(StepName::PlantCanary))
                .collect();
            dice.pick(&late)
        }
    };
    let (side, call) = dice.pick(calls(row));
    let (column, kind) = dice.pick(&variants(call));
    Strike {
        row,
        column,
        when: row.step.map_or(When::Planning, When::During),
        what: What::Call {
            side,
            call: call.into(),
            kind,
            nth: 1 + dice.roll(3),
            lasting: dice.roll(3) == 0,
        },
    }
}
