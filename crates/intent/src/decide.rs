//! Lets the clauses of a text decide together which one is the request.
//!
//! What the others say about it is `surround`'s; what it takes from them is left to `request`.

use crate::act::Verb;
use crate::effect::{asks_of_effects, asks_what_it_holds};
use crate::finish::Decision;
use crate::fragment::without_request;
use crate::frame::{Frame, Pack, Place};
use crate::intent::Action;
use crate::known::Known;
use crate::mood::Stance;
use crate::part::Read;
use crate::reading::Mood;
use crate::request::chosen;
use crate::surround::{Surroundings, judge, judge_without_act};
use crate::tokens::Tokens;
use crate::words::{Role, RoleSet};

pub(crate) fn decide(read: &[Read<'_>], tokens: &Tokens<'_>, known: &Known) -> Decision {
    let chosen = |place, around: &Surroundings| chosen(place, read, around, tokens, known);
    let mut around = Surroundings::default();
    let mut requests: Vec<usize> = Vec::new();
    let mut reported = None;

    for (place, part) in read.iter().enumerate() {
        let quoted = reported == Some(part.clause.sentence);
        // "he wants that you …": what follows is someone else's wish.
        let others = part.acts.is_empty()
            && part.has(Role::Others)
            && !part.has(Role::Narrates)
            // "colleagues ask for fresh data": what for, not someone else's order.
            && !part.clause.has_any(RoleSet::of(&[Role::Fresh, Role::NounContent]))
            && !part.has_unknown()
            && part.clause.has_any(RoleSet::of(&[Role::Request, Role::Want]));
        if part.has(Role::Reporting) || part.has(Role::Example) || others {
            reported = Some(part.clause.sentence);
        }
        match part.stance {
            None if part.spent => {}
            None => {
                let opens = read.iter().take(place).all(|earlier| earlier.acts.is_empty());
                judge_without_act(place, part, &mut around, quoted, opens, read);
            }
            // "he says test is broken, could you restore it?" is asked by who writes.
            Some(_) if quoted && asks_anew(part) => {
                judge(place, part, Stance::Unsure, read, &mut around, &mut requests);
                around.doubt("reported");
            }
            Some(_) if quoted => around.refused = Some(("reported", Mood::Quoted)),
            Some(stance) => judge(place, part, stance, read, &mut around, &mut requests),
        }
    }
    if let Some((rule, mood)) = around.help
        && read
            .iter()
            .any(|part| (!part.acts.is_empty() || part.frame.on_topic) && !asks_of_others(part))
    {
        return Decision::plain(Action::Help, rule, mood);
    }
    if requests.is_empty() && (asks_of_effects(read) || asks_what_it_holds(read)) {
        return Decision::plain(Action::Help, "asked_of_effects", Mood::Question);
    }
    let removes = |place: &usize| {
        read.get(*place)
            .is_some_and(|part| part.frame.action == Some(Action::Remove))
    };
    let useless = around.useless.filter(|_| !requests.iter().all(removes));
    if let Some(cancelled) = around.cancelled_after.or(useless)
        && requests.iter().any(|request| *request < cancelled)
    {
        let instead: Vec<usize> = requests
            .iter()
            .copied()
            .filter(|request| *request > cancelled)
            .collect();
        // "restore dev to test, no, restore it to staging": the second request stands.
        let replaced = requests.iter().copied().find(|request| *request < cancelled);
        let (Some(new), 1, Some(old)) = (instead.first(), instead.len(), replaced) else {
            return Decision::plain(Action::None, "cancelled", Mood::Negated);
        };
        return instead_of(old, *new, read, &around, tokens, known);
    }
    let destructive: Vec<usize> = requests
        .iter()
        .copied()
        .filter(|place| read.get(*place).is_some_and(Read::is_destructive))
        .collect();
    // "copy it over and restore it": the second verb names the method of the first.
    let destructive: Vec<usize> = destructive
        .iter()
        .enumerate()
        .filter(|(order, place)| {
            let next = destructive.get(order + 1).and_then(|next| read.get(*next));
            let moved = read
                .get(**place)
                .is_some_and(|part| matches!(part.acts.first(), Some(act) if act.verb == Verb::Transfer));
            // "the last restore, undo it": the verb behind says what is to become of it.
            let undone = read.get(**place).is_some_and(|part| {
                part.frame.says_only_what()
                    && next.is_some_and(|next| {
                        next.frame.action == Some(Action::Undo)
                            && next.clause.after_pause()
                            && next.clause.sentence == part.clause.sentence
                    })
            });
            // "load x.nbdata into qa, then restore with it": the file is moved to be restored.
            let carried = read
                .get(**place)
                .is_some_and(|part| matches!(part.frame.package, Pack::Named(..)))
                && next.is_some_and(|next| next.frame.speaks_of_it());
            let named = next.is_some_and(|next| next.clause.is_tied() && next.frame.says_only_how());
            !(undone || moved && (named || carried))
        })
        .map(|(_, place)| *place)
        .collect();
    match destructive.as_slice() {
        [] => {}
        [only] => return chosen(*only, &around),
        [first, rest @ ..] => {
            let frame = read
                .get(*first)
                .map(|part| part.frame.clone())
                .unwrap_or_default();
            let repeated = rest.iter().all(|place| {
                read.get(*place).is_some_and(|part| {
                    part.frame.action == frame.action
                        && part.frame.source_who() == frame.source_who()
                        && part.frame.target_who() == frame.target_who()
                        && part.frame.package == frame.package
                })
            });
            if repeated {
                return chosen(*first, &around);
            }
            return Decision::ask(Frame::default(), "two_destructive");
        }
    }
    let useful = |place: &&usize| {
        read.get(**place).is_some_and(|part| matches!(part.acts.first(), Some(act) if matches!(act.verb, Verb::Backup | Verb::Download)))
    };
    if let Some(place) = requests.iter().find(useful).or_else(|| requests.first()) {
        return chosen(*place, &around);
    }
    if let Some((rule, mood)) = around.refused {
        return Decision::plain(Action::None, rule, mood);
    }
    without_request(read)
}

/// Whether the clause asks politely, behind a comma.
fn asks_anew(part: &Read<'_>) -> bool {
    part.clause.follows_comma() && part.clause.asks && part.has(Role::Request)
}

/// The request that takes the place of one that was taken back, with the source it leaves out.
fn instead_of(
    old: usize,
    new: usize,
    read: &[Read<'_>],
    around: &Surroundings,
    tokens: &Tokens<'_>,
    known: &Known,
) -> Decision {
    let mut decision = chosen(new, read, around, tokens, known);
    let Some(old) = read.get(old) else { return decision };
    let frame = &mut decision.frame;
    let same = frame.action == old.frame.action && frame.action.is_none_or(Action::is_destructive);
    let sourceless = frame.source == Place::Absent && frame.package == Pack::Absent;
    if same && sourceless && frame.target_who().is_some() {
        frame.source = old.frame.source;
        frame.package = old.frame.package.clone();
    }
    decision
}

/// "who brings the cake?": a verb that moves something, who does it, and nothing that is known.
fn asks_of_others(part: &Read<'_>) -> bool {
    part.has(Role::QuestionWord)
        && !part.has(Role::How)
        && !part.frame.on_topic
        && part.has_unknown()
        && part.acts.iter().all(|act| act.verb == Verb::Transfer)
}
