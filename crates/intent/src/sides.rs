//! What the names in a clause are for its action: which is the source, which the target.
//!
//! Which side the markers say is `mention`'s; here the sides are weighed by what the verb does.

use crate::act::Verb;
use crate::frame::{Frame, Pack, Place};
use crate::intent::Slot;
use crate::mention::{Mention, Side, Who};

/// The mentions of a clause by side, each environment once.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    pub(crate) from: Vec<Mention>,
    pub(crate) to: Vec<Mention>,
    pub(crate) on: Vec<Mention>,
    pub(crate) owner: Vec<Mention>,
    pub(crate) with: Vec<Mention>,
    pub(crate) bare: Vec<Mention>,
    pub(crate) unclear: bool,
    /// A place that may be source or target, and no other target.
    pub(crate) homeless: bool,
}

pub(crate) fn sort_sides(mentions: &[Mention]) -> Sides {
    let mut sides = Sides::default();
    for mention in mentions
        .iter()
        .filter(|mention| mention.who != Who::Pronoun || mention.side != Side::Bare)
    {
        let list = match mention.side {
            Side::From => &mut sides.from,
            Side::To => &mut sides.to,
            Side::On => &mut sides.on,
            Side::Owner => &mut sides.owner,
            Side::With => &mut sides.with,
            Side::Bare => &mut sides.bare,
            // Where to is said: it is from there. Where not, it must be asked for.
            Side::FromOrOn => {
                sides.homeless = mentions
                    .iter()
                    .all(|other| !matches!(other.side, Side::To | Side::Bare));
                &mut sides.from
            }
            Side::Unclear => {
                sides.unclear = true;
                continue;
            }
        };
        let again = |other: &Mention| other.who == mention.who && mention.who != Who::Unknown;
        if !list.iter().any(again) {
            list.push(*mention);
        }
    }
    sides
}

/// Restore, migrate and their like: from one environment to another.
pub(crate) fn moves(frame: &mut Frame, verb: Verb, sides: &Sides) {
    let mut from: Vec<Mention> = sides.from.iter().chain(&sides.owner).copied().collect();
    // "sync test with dev" goes both ways; "restore test with dev" does not.
    if verb == Verb::Transfer && !sides.with.is_empty() {
        frame.source = Place::Unclear;
        frame.target = Place::Unclear;
        return;
    }
    from.extend(sides.with.iter().copied());
    from = distinct(from);
    let mut to = sides.to.clone();
    if to.is_empty() {
        to.extend(sides.on.iter().copied());
        // "restore dev on test" may be a restore of dev that runs there.
        if let (Verb::Restore | Verb::Migrate, true, [bare], false) =
            (verb, from.is_empty(), sides.bare.as_slice(), sides.on.is_empty())
            && !matches!(bare.who, Who::Pronoun)
        {
            frame.ask(Slot::Target);
            frame.source = one(frame, &sides.bare, Slot::Source);
            frame.target = Place::Unclear;
            return;
        }
    } else {
        from.extend(sides.on.iter().copied());
    }
    let mut bare: Vec<Mention> = sides.bare.clone();
    // "it is prod: migrate dev to prod" names the target twice.
    if bare.len() > 1 {
        bare.retain(|mention| {
            !to.iter()
                .any(|other| other.who == mention.who && other.who != Who::Unknown)
        });
    }
    let package = !matches!(frame.package, Pack::Absent);
    if !bare.is_empty() {
        match (from.is_empty(), to.is_empty()) {
            (true, false) if verb != Verb::Overwrite => from = bare,
            (false, true) => to = bare,
            (true, true) if bare.len() > 1 => {
                // Two names and no marker: order alone decides nothing.
                frame.source = Place::Unclear;
                frame.target = Place::Unclear;
                return;
            }
            (true, true)
                if package
                    || frame.some_package && verb == Verb::Restore
                    || matches!(verb, Verb::Restore | Verb::Overwrite) =>
            {
                to = bare
            }
            (true, true) => from = bare,
            // Said twice: "restore dev, from dev to test".
            (false, false)
                if bare.iter().all(|mention| {
                    from.iter()
                        .chain(&to)
                        .any(|other| other.who == mention.who && other.who != Who::Unknown)
                }) => {}
            _ => {
                // "restore demo to live using backup": one name too many.
                frame.ask(Slot::Source);
                frame.target = one(frame, &to, Slot::Target);
                frame.source = Place::Unclear;
                return;
            }
        }
    }
    // "restore dev's backup" says whose backup, not where to.
    let only_owned =
        to.is_empty() && !sides.owner.is_empty() && sides.from.is_empty() && sides.with.is_empty();
    frame.source = one(frame, &from, Slot::Source);
    frame.target = if only_owned {
        Place::Unclear
    } else {
        one(frame, &to, Slot::Target)
    };
    if sides.homeless && frame.target == Place::Absent {
        frame.ask(Slot::Target);
        frame.target = Place::Unclear;
    }
    let both = (frame.source_place(), frame.target_place());
    if let (Some((from, one)), Some((to, other))) = both
        && verb == Verb::Restore
        && from == to
        && one != other
    {
        // "restore dev to dev": one of the two must be another.
        frame.ask(Slot::Target);
        frame.target = Place::Unclear;
    }
    if frame.all && frame.target == Place::Absent && frame.source != Place::Absent {
        // "restore all from dev"
        frame.ask(Slot::Target);
        frame.target = Place::Unclear;
    }
}

/// The one environment of a side; more than one, or an unknown one, must be asked for.
pub(crate) fn one(frame: &mut Frame, mentions: &[Mention], slot: Slot) -> Place {
    match mentions {
        [] => Place::Absent,
        [only] if matches!(only.who, Who::Environment(_) | Who::Current | Who::Pronoun) => {
            Place::Named(only.who, only.place)
        }
        _ => {
            frame.ask(slot);
            Place::Unclear
        }
    }
}

pub(crate) fn one_source(frame: &mut Frame, sides: &Sides, goes_nowhere: bool) {
    let all: Vec<Mention> = [&sides.from, &sides.owner, &sides.on, &sides.bare, &sides.with]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let mut all = distinct(all);
    if !sides.to.is_empty() {
        if all.is_empty() {
            all = sides.to.clone();
        } else if goes_nowhere {
            // "back up dev to test" may mean more than a backup.
            frame.target = one(frame, &sides.to, Slot::Target);
            frame.ask(Slot::Action);
        }
    }
    frame.source = one(frame, &all, Slot::Source);
}

pub(crate) fn distinct(mentions: Vec<Mention>) -> Vec<Mention> {
    let mut kept: Vec<Mention> = Vec::new();
    for mention in mentions {
        if !kept
            .iter()
            .any(|other| other.who == mention.who && mention.who != Who::Unknown)
        {
            kept.push(mention);
        }
    }
    kept
}

/// One environment is the target; two are source and target as named.
pub(crate) fn checked(frame: &mut Frame, sides: &Sides, mentions: &[Mention]) {
    let mut from: Vec<Mention> = sides.from.clone();
    // "check dev with uat": what it is held against is the target.
    let to: Vec<Mention> = sides.to.iter().chain(&sides.with).copied().collect();
    let mut rest: Vec<Mention> = mentions
        .iter()
        .filter(|mention| {
            matches!(mention.side, Side::Bare | Side::On | Side::Owner | Side::Unclear)
                && mention.who != Who::Pronoun
        })
        .copied()
        .collect();
    rest = distinct(rest);
    let mut to = distinct(to);
    if from.is_empty() && (to.len() == 1 || rest.len() + to.len() >= 2) && !rest.is_empty() {
        from.push(rest.remove(0));
    }
    to.extend(rest);
    frame.source = one(frame, &from, Slot::Source);
    frame.target = one(frame, &to, Slot::Target);
    // "check whether dev can go": the only one named is the one looked at.
    if frame.target == Place::Absent && matches!(frame.source, Place::Named(..)) && sides.from.is_empty() {
        std::mem::swap(&mut frame.source, &mut frame.target);
    }
}

pub(crate) fn undone(frame: &mut Frame, sides: &Sides) {
    let to: Vec<Mention> = if sides.to.is_empty() {
        distinct(
            [&sides.on, &sides.bare, &sides.owner, &sides.from, &sides.with]
                .into_iter()
                .flatten()
                .copied()
                .collect(),
        )
    } else {
        let mut to = sides.to.clone();
        to.extend(sides.on.iter().copied());
        distinct(to)
    };
    frame.target = one(frame, &to, Slot::Target);
    if frame.all && to.is_empty() {
        // "undo everything"
        frame.ask(Slot::Target);
        frame.target = Place::Unclear;
    }
    if !sides.to.is_empty() && !sides.bare.is_empty() && frame.package == Pack::Absent && !frame.some_package
    {
        // "roll test back to dev" is no undo.
        frame.ask(Slot::Action);
    }
    if !matches!(frame.package, Pack::Absent) {
        // "roll test back to the latest backup" names what to restore.
        frame.ask(Slot::Action);
    }
}

pub(crate) fn told(frame: &mut Frame, sides: &Sides) {
    let to = distinct([&sides.to, &sides.on].into_iter().flatten().copied().collect());
    let from = distinct(
        [&sides.from, &sides.owner]
            .into_iter()
            .flatten()
            .copied()
            .collect(),
    );
    let bare = distinct(sides.bare.clone());
    frame.source = one(frame, &from, Slot::Source);
    frame.target = one(frame, &to, Slot::Target);
    match (&frame.source, &frame.target) {
        (Place::Absent, Place::Absent) => frame.target = one(frame, &bare, Slot::Target),
        (Place::Absent, _) => frame.source = one(frame, &bare, Slot::Source),
        (_, Place::Absent) if !bare.is_empty() => frame.target = one(frame, &bare, Slot::Target),
        (Place::Named(..), Place::Absent) if sides.from.is_empty() => {
            std::mem::swap(&mut frame.source, &mut frame.target)
        }
        _ => {}
    }
    frame.ask.clear();
}
