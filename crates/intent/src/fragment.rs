//! Clauses without a verb of their own: "dev to test", and "I meant test to dev" behind a denial.

use crate::clause::{SMALL, Standing};
use crate::finish::Decision;
use crate::frame::{Frame, Place, Stretch};
use crate::intent::Action;
use crate::leftover::spares;
use crate::mention::{Mention, Side, Who};
use crate::mood::Stance;
use crate::part::Read;
use crate::reading::Mood;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// No clause asks for anything: perhaps a fragment of a request.
pub(crate) fn without_request(read: &[Read<'_>]) -> Decision {
    let told = read.iter().any(|part| {
        part.has_unknown() || part.has(Role::Narrates) || part.has(Role::Statement) || part.has(Role::Past)
    });
    let mut frame = Frame::default();
    let mut fragments = 0;
    for part in read {
        // "that is all" names nothing.
        let names = |mention: &Mention| !matches!(mention.who, Who::Pronoun | Who::There);
        let named = part.mentions.iter().any(names) || part.clause.has_kind(|kind| kind == Kind::Package);
        if named {
            fragments += 1;
            frame = fragment(part);
        }
    }
    // "hands off prod" asks for nothing.
    let spared = read.iter().all(|part| spares(part.clause));
    // "leave test alone": takes back what nobody asked for.
    let cancelled = read
        .iter()
        .any(|part| part.has(Role::Cancel) && part.names().next().is_some() || denies_runs(part));
    // "wipe test": nothing that could be done.
    let touched = read.iter().any(|part| part.has(Role::Touch));
    if told || touched || spared || cancelled || fragments != 1 {
        return Decision::plain(Action::None, "nothing_asked", Mood::Request);
    }
    Decision::ask(frame, "no_verb")
}

/// "no migrations on prod today": what is not to be done.
fn denies_runs(part: &Read<'_>) -> bool {
    const RUNS: RoleSet = RoleSet::of(&[Role::NounMigrations, Role::RestoreName, Role::MigrateName]);
    let denied = |(place, token): (usize, &Token)| {
        let next = part
            .clause
            .tokens
            .iter()
            .skip(place + 1)
            .find(|next| !next.is_any(SMALL.union(RoleSet::of(&[Role::Of]))));
        token.is(Role::Negation) && next.is_some_and(|next| next.is_any(RUNS))
    };
    part.acts.is_empty() && part.clause.tokens.iter().enumerate().any(denied)
}

/// "don't restore dev to test, I meant test to dev": what is denied is asked for with other sides.
pub(crate) fn take_up(read: &mut [Read<'_>]) {
    for place in 1..read.len() {
        let (before, rest) = read.split_at_mut(place);
        let (Some(denied), Some(part)) = (before.last(), rest.first_mut()) else {
            continue;
        };
        let corrects = part.acts.is_empty()
            && part.has(Role::Correction)
            && !part.has_unknown()
            && !part
                .clause
                .has_any(RoleSet::of(&[Role::Negation, Role::Contrast]));
        if !corrects || denied.stance != Some(Stance::Negated) || !denied.is_destructive() {
            continue;
        }
        let sides = fragment(part);
        if sides.source_who().is_some() && sides.target_who().is_some() && !denied.acts.is_empty() {
            part.frame = Frame {
                source: sides.source,
                target: sides.target,
                ..denied.frame.clone()
            };
            part.acts = denied.acts.clone();
            part.stance = Some(Stance::Request);
        }
    }
}

/// "dev to test, not test to dev! restore it like that": a request that names nothing takes the sides
/// of the one clause that does.
pub(crate) fn take_sides(read: &mut [Read<'_>]) {
    const DENIES: RoleSet = RoleSet::of(&[
        Role::Negation,
        Role::Contrast,
        Role::Hypothetical,
        Role::Reporting,
    ]);
    let mut naming = read.iter().filter(|part| {
        part.acts.is_empty() && part.names().next().is_some() && part.clause.standing == Standing::Main
    });
    let (Some(only), None) = (naming.next(), naming.next()) else {
        return;
    };
    let sides = fragment(only);
    let both = sides.source_who().is_some() && sides.target_who().is_some();
    if !both || only.clause.has_any(DENIES) || only.has_unknown() {
        return;
    }
    let mut requests = read.iter_mut().filter(|part| !part.acts.is_empty());
    if let (Some(request), None) = (requests.next(), requests.next())
        && request.stance == Some(Stance::Request)
        && request.frame.says_only_how()
    {
        request.frame.source = sides.source;
        request.frame.target = sides.target;
    }
}

/// Sides and package of a clause without a verb: "dev to test".
fn fragment(part: &Read<'_>) -> Frame {
    let mut frame = part.frame.clone();
    let bare: Vec<&Mention> = part
        .mentions
        .iter()
        .filter(|mention| mention.side == Side::Bare)
        .collect();
    let side = |wanted: &[Side]| -> Vec<&Mention> {
        part.mentions
            .iter()
            .filter(|mention| wanted.contains(&mention.side))
            .collect()
    };
    let mut to = side(&[Side::To]);
    if to.is_empty() {
        to = side(&[Side::On]);
    }
    let mut from = side(&[Side::From, Side::Owner]);
    if let ([_], []) = (to.as_slice(), from.as_slice()) {
        from = bare;
    }
    for (mentions, place) in [(from, &mut frame.source), (to, &mut frame.target)] {
        if let [only] = mentions.as_slice()
            && let (Who::Environment(_) | Who::Current, Some(token)) =
                (only.who, part.clause.tokens.get(only.place))
        {
            *place = Place::Who(only.who, Stretch::of(token));
        }
    }
    frame
}
