//! Clauses that only say why something is asked for: a complaint beside an undo, a told sentence beside a
//! request whose sides are said.
//!
//! Such a clause limits, denies and puts off nothing. What else clauses say about a request is left to `surround`.

use crate::act::{Form, Verb};
use crate::clause::{SMALL, Standing};
use crate::frame::{Pack, Place};
use crate::intent::Action;
use crate::leftover::names_an_occasion;
use crate::mention::Side;
use crate::mood::Stance;
use crate::part::Read;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Words that could change what is asked for, wherever they stand.
const LIMITS: RoleSet = RoleSet::of(&[
    Role::Except,
    Role::Only,
    Role::Part,
    Role::Structure,
    Role::Touch,
    Role::Or,
    Role::Cancel,
    Role::Correction,
    Role::Condition,
    Role::ConditionEnd,
    Role::Hypothetical,
    Role::Reporting,
    Role::Example,
    Role::How,
    Role::Question,
    Role::QuestionWord,
    Role::TimeFuture,
    Role::UserTables,
    Role::SystemTables,
    Role::SchemaOnly,
    Role::Overwrite,
    Role::OverwriteFirst,
    Role::NounRule,
    Role::LightDo,
    Role::Request,
    Role::Want,
    Role::Polite,
]);

const DENIES: RoleSet = RoleSet::of(&[Role::Negation, Role::Contrast]);

/// "undo it, my colleagues can't find their records": beside an undo that says where, a complaint is why.
pub(crate) fn complains_beside_undo(place: usize, read: &[Read<'_>]) -> bool {
    let Some(part) = read.get(place) else { return false };
    let undo = |other: &Read<'_>| {
        other.clause.sentence == part.clause.sentence
            && other.stance == Some(Stance::Request)
            && other.frame.action == Some(Action::Undo)
            && !matches!(other.frame.target, Place::Unclear)
    };
    let Some(asked) = read.iter().position(undo) else {
        return false;
    };
    apart(place, asked, read) && part.names().next().is_none() && complains(place, part, read)
}

/// Whether it says more than a denial, in words of its own, and nothing that could limit the request.
fn complains(place: usize, part: &Read<'_>, read: &[Read<'_>]) -> bool {
    const SAYS: RoleSet = RoleSet::of(&[
        Role::Others,
        Role::NounContent,
        Role::Capability,
        Role::May,
        Role::Narrates,
        Role::Past,
        Role::Verdict,
    ]);
    let said = |token: &Token| token.kind == Kind::Unknown || token.is_any(SAYS);
    let held = |kind: Kind| matches!(kind, Kind::Quote | Kind::Number | Kind::Package | Kind::Disputed);
    let named = |token: &Token| token.kind == Kind::Unknown && (token.name_like || token.stage_like);
    let tokens = &part.clause.tokens;
    let mut words = tokens.iter().filter(|token| !token.is_any(SMALL.without(DENIES)));
    // "no, leave it": an answer that opens the clause may take the request back; "can't log in" does not.
    let answers = words.next().is_some_and(|first| first.is(Role::Answer))
        && !part.clause.is_result()
        && !words.next().is_some_and(|next| next.is_any(SAYS));
    let acts = match part.stance {
        None | Some(Stance::Past) => true,
        // "the forms are gone since the restore": the run that is spoken of.
        _ => part.clause.standing == Standing::After && place > 0 && named_run(part),
    };
    // "undo it after the backup" waits; "everything is gone after the restore, undo it" tells.
    let waits = matches!(part.clause.standing, Standing::After | Standing::Before)
        && !place
            .checked_sub(1)
            .and_then(|before| read.get(before))
            .is_some_and(|before| before.acts.is_empty() && before.clause.standing == Standing::Main);
    acts && !waits
        && !answers
        && part.clause.standing != Standing::Condition
        && !part.clause.asks
        && tokens.iter().any(said)
        && !tokens.iter().any(named)
        && !part.clause.has_kind(held)
        && !part.clause.has_any(LIMITS)
}

/// Whether the clause speaks of a run and asks for nothing.
fn named_run(part: &Read<'_>) -> bool {
    const RUNS: RoleSet = RoleSet::of(&[
        Role::RestoreName,
        Role::MigrateName,
        Role::RestoreDone,
        Role::MigrateDone,
    ]);
    part.acts.iter().all(|act| {
        let token = part.clause.tokens.get(act.place);
        act.form != Form::Do || token.is_some_and(|token| token.is_any(RUNS))
    })
}

/// "the department has approved it, so migrate …": a told sentence beside a request that says both its sides.
pub(crate) fn tells_beside(place: usize, asked: usize, read: &[Read<'_>]) -> bool {
    const TOLD: RoleSet = RoleSet::of(&[
        Role::Narrates,
        Role::Statement,
        Role::Others,
        Role::Past,
        Role::Verdict,
    ]);
    let (Some(part), Some(request)) = (read.get(place), read.get(asked)) else {
        return false;
    };
    let frame = &request.frame;
    let from = frame.source_who().is_some() || frame.package != Pack::Absent;
    let settled = from && frame.target_who().is_some();
    let told = match part.stance {
        None => part.clause.has_any(TOLD),
        Some(stance) => matches!(stance, Stance::Past),
    };
    let named = |token: &Token| token.kind == Kind::Unknown && (token.name_like || token.stage_like);
    let held = |kind: Kind| matches!(kind, Kind::Quote | Kind::Package | Kind::Disputed);
    settled
        && told
        && part.clause.standing == Standing::Main
        && !part.clause.asks
        && apart(place, asked, read)
        && !part.clause.tokens.iter().any(named)
        && !part.clause.has_kind(held)
        && (part.explains && !part.limited || !part.clause.has_any(LIMITS.union(DENIES)))
}

/// "the intern deleted the orders, restore …": what was lost, set off from the request, limits nothing.
pub(crate) fn settle_losses(read: &mut [Read<'_>]) {
    const LIMITED: RoleSet = RoleSet::of(&[
        Role::Except,
        Role::Only,
        Role::Structure,
        Role::UserTables,
        Role::SystemTables,
    ]);
    for place in 0..read.len() {
        let asked = read.iter().position(|other| {
            other.stance == Some(Stance::Request) && other.is_destructive() && !other.acts.is_empty()
        });
        let lost = read.get(place).is_some_and(|part| {
            let removed = part.acts.iter().all(|act| act.verb == Verb::Remove);
            removed
                && part.stance == Some(Stance::Past)
                && part.clause.standing == Standing::Main
                && !part.clause.asks
                && !part.clause.has_any(DENIES.union(LIMITED))
        });
        let parted = asked.is_some_and(|asked| apart(place, asked, read));
        if let Some(part) = read.get_mut(place)
            && lost
            && parted
        {
            part.limited = false;
            part.explains = true;
        }
    }
}

/// Whether a pause, "so" or "because" stands between them.
fn apart(place: usize, asked: usize, read: &[Read<'_>]) -> bool {
    let parted = |part: &Read<'_>| {
        part.clause.after_pause() || part.clause.is_result() || part.clause.standing == Standing::Reason
    };
    let between = if place < asked {
        place + 1..asked + 1
    } else {
        asked + 1..place + 1
    };
    place != asked && read.get(between).is_some_and(|parts| parts.iter().any(parted))
}

/// "it was not qa to dev: migrate dev to qa": both sides denied, and asked for in the other order.
pub(crate) fn denies_the_other_way(part: &Read<'_>, read: &[Read<'_>]) -> bool {
    let denials = part
        .clause
        .tokens
        .iter()
        .filter(|token| token.is_any(DENIES))
        .count();
    let [first, second, ..] = part.mentions.as_slice() else {
        return false;
    };
    // What was meant may stand in the same clause: only its first two names are denied.
    denials == 1
        && (first.side, second.side) == (Side::From, Side::To)
        && read.iter().any(|other| {
            other.stance == Some(Stance::Request)
                && other.frame.source_who() == Some(second.who)
                && other.frame.target_who() == Some(first.who)
        })
}

/// "…, tomorrow the new cashiers are trained": tells why, with words of its own behind the time.
pub(crate) fn tells_of_later(part: &Read<'_>) -> bool {
    const ASKS: RoleSet = RoleSet::of(&[
        Role::Request,
        Role::Polite,
        Role::Condition,
        Role::Except,
        Role::Only,
        Role::Negation,
        Role::Part,
        Role::TimeAfter,
    ]);
    let words = || part.clause.tokens.iter().filter(|token| !token.is_any(SMALL));
    let opens = words().next().is_some_and(|token| token.is(Role::TimeFuture));
    let said = words()
        .filter(|token| token.kind == Kind::Unknown || token.is(Role::Others))
        .count();
    let number = part.clause.has_kind(|kind| kind == Kind::Number);
    if part.clause.has_any(ASKS) {
        return false;
    }
    part.clause.after_pause() && opens && said > 1 && !number
        || matches!(part.clause.standing, Standing::Main | Standing::Reason) && names_an_occasion(part.clause)
}
