//! Puts two clauses together that ask for one thing: a request said twice, a move whose method is
//! named behind it, a question with "please check" behind it.

use crate::act::{Act, Form, Verb};
use crate::clause::SMALL;
use crate::frame::{Frame, Pack, Place};
use crate::intent::{Action, Slot};
use crate::mention::Who;
use crate::mood::Stance;
use crate::part::Read;
use crate::words::{Role, RoleSet};

/// Lets a clause take up the next where both are one request; the next then says nothing more.
pub(crate) fn restate(read: &mut [Read<'_>]) {
    for place in 1..read.len() {
        let (before, rest) = read.split_at_mut(place);
        let between = before.iter().rev().take_while(|part| is_aside(part)).count();
        let (before, asides) = before.split_at_mut(place - between);
        let (Some(first), Some(second)) = (before.last_mut(), rest.first_mut()) else {
            continue;
        };
        if corrects(first, asides, second) {
            asides.iter_mut().for_each(|aside| aside.spent = true);
            second.acts.clear();
            second.stance = None;
            second.spent = true;
            continue;
        }
        takes_subject(first, second);
        if looks_into(first, second) {
            first.acts.clear();
            first.stance = None;
            first.spent = true;
            continue;
        }
        let spent = asks_again(first, second)
            || names_method(first, second)
            || carries_on(first, second)
            || asks_to_check(first, second)
            || says_again(first, second)
            || names_the_run(first, second);
        if spent {
            second.acts.clear();
            second.stance = None;
            second.spent = true;
        }
    }
}

/// A clause that only takes back what was said: "no, wait".
fn is_aside(part: &Read<'_>) -> bool {
    const ASIDE: RoleSet = SMALL.union(RoleSet::of(&[
        Role::Answer,
        Role::Verdict,
        Role::Contrast,
        Role::Negation,
    ]));
    part.acts.is_empty() && part.clause.tokens.iter().all(|token| token.is_any(ASIDE))
}

/// "restore dev to prod, no, restore to test": the target is put right.
fn corrects(first: &mut Read<'_>, asides: &[Read<'_>], second: &Read<'_>) -> bool {
    const TAKES_BACK: RoleSet = RoleSet::of(&[Role::Correction, Role::Answer, Role::Contrast]);
    let (one, other) = (&first.frame, &second.frame);
    let opens = second.clause.tokens.first();
    let taken_back = asides.iter().any(|aside| aside.clause.has_any(TAKES_BACK))
        || first
            .clause
            .tokens
            .last()
            .is_some_and(|last| last.is_any(TAKES_BACK))
        || opens.is_some_and(|opens| opens.is_any(TAKES_BACK));
    let requests = first.stance == Some(Stance::Request) && second.stance == Some(Stance::Request);
    let deed = one.action == other.action && matches!(one.action, Some(Action::Restore | Action::Migrate));
    let same = first.clause.sentence == second.clause.sentence && deed;
    let named = matches!(other.target, Place::Who(Who::Environment(_) | Who::Current, _));
    let sourceless = other.source == Place::Absent && other.package == Pack::Absent && !other.some_package;
    let put_right = taken_back && requests && same && named && sourceless && !second.has_unknown();
    if put_right {
        first.frame.target = second.frame.target;
        first.frame.ask.retain(|slot| *slot != Slot::Target);
    }
    put_right
}

/// "does x.nbdata fit prod? please check": what is asked about is what is looked at.
fn takes_subject(first: &Read<'_>, second: &mut Read<'_>) {
    let looks = matches!(
        second.acts.first(),
        Some(Act {
            verb: Verb::Check,
            ..
        })
    );
    let nothing = second.names().next().is_none() && second.frame.package == Pack::Absent;
    let mut names = first.names();
    if let (true, Some(only), None) = (
        looks && nothing && first.acts.is_empty() && first.clause.asks,
        names.next(),
        names.next(),
    ) {
        second.frame.target = Place::Told(only);
        second.frame.package = first.frame.package.clone();
    }
}

/// "please check, whether prod can take a migration": what is looked into stands behind the comma.
fn looks_into(first: &Read<'_>, second: &mut Read<'_>) -> bool {
    let looks = matches!(
        first.acts.first(),
        Some(Act {
            verb: Verb::Check,
            ..
        })
    );
    let nothing =
        first.names().next().is_none() && first.frame.package == Pack::Absent && !first.has_unknown();
    let same = second.clause.sentence == first.clause.sentence && second.clause.after_pause();
    let moves = matches!(
        second.frame.action,
        Some(Action::Restore | Action::Migrate | Action::Check) | None
    );
    let whether = second.has(Role::Question) || second.stance == Some(Stance::Check);
    let into = first.stance == Some(Stance::Request) && looks && nothing && same && moves && whether;
    if into && second.names().next().is_some() && !second.acts.is_empty() {
        second.stance = Some(Stance::Check);
        return true;
    }
    false
}

/// "Can test be restored from dev? Please do it.": the question was a request.
fn asks_again(first: &mut Read<'_>, second: &Read<'_>) -> bool {
    const WORDS: RoleSet = SMALL.union(RoleSet::of(&[
        Role::Request,
        Role::Want,
        Role::LightDo,
        Role::Pronoun,
    ]));
    let all = |roles: RoleSet| second.clause.tokens.iter().all(|token| token.is_any(roles));
    let asks = second.acts.is_empty()
        && all(WORDS)
        && second.has(Role::LightDo)
        && (second.has(Role::Request) || second.has(Role::Polite));
    let asked = matches!(first.stance, Some(Stance::Help | Stance::Unsure | Stance::Check));
    let how = first
        .clause
        .has_any(RoleSet::of(&[Role::How, Role::QuestionWord, Role::Hypothetical]));
    if asks && asked && !how {
        first.stance = Some(Stance::Request);
    }
    asks && asked && !how
}

/// "copy dev to test, as a restore": the method of the move before it.
fn names_method(first: &mut Read<'_>, second: &Read<'_>) -> bool {
    let sides = first.frame.source_who().is_some() && first.frame.target_who().is_some();
    let asked = matches!(first.stance, Some(Stance::Request | Stance::Unsure))
        && matches!(second.stance, Some(Stance::Request | Stance::Unsure));
    let names =
        asked && first.frame.transfers && sides && second.frame.says_only_how() && !second.has_unknown();
    if names {
        first.frame.action = second.frame.action;
        first.frame.ask.retain(|slot| *slot != Slot::Action);
        first.frame.ask_only = false;
        first.frame.transfers = false;
        first.stance = Some(Stance::Request);
    }
    names
}

/// "take dev's backup and put it on test", "load dev and restore it onto test": one way in two steps.
fn carries_on(first: &mut Read<'_>, second: &Read<'_>) -> bool {
    let verb = |part: &Read<'_>| part.acts.first().map(|act| act.verb);
    let requests = first.stance == Some(Stance::Request) && second.stance == Some(Stance::Request);
    let same_sentence = first.clause.sentence == second.clause.sentence;
    let tied = second.clause.is_tied() || second.clause.after_pause() && same_sentence;
    let takes = verb(first) == Some(Verb::Transfer);
    let puts = matches!(verb(second), Some(Verb::Restore | Verb::Migrate | Verb::Transfer));
    let (one, other) = (&first.frame, &second.frame);
    let it = other.pronoun || matches!(other.source, Place::Who(Who::Pronoun, _));
    let nothing = other.package == Pack::Absent
        && matches!(other.source, Place::Absent | Place::Who(Who::Pronoun, _))
        && (it || second.clause.is_tied());
    let something = one.source != Place::Absent || one.package != Pack::Absent;
    let homeless = matches!(one.target, Place::Absent | Place::Unclear);
    if !(requests && tied && takes && puts && nothing && something)
        || !homeless && verb(second) == Some(Verb::Transfer)
        || first.has_unknown() && one.source != Place::Unclear
    {
        return false;
    }
    let said = other.target_who().is_some_and(|who| who != Who::Pronoun);
    let target = if !said && !homeless {
        one.target
    } else {
        other.target
    };
    let action = other.action.or(one.action);
    let asks = one.ask.iter().chain(&other.ask).copied();
    let kept = |slot: &Slot| match slot {
        Slot::Action => action.is_none(),
        Slot::Target => target == Place::Unclear,
        Slot::Source | Slot::Package => true,
    };
    first.frame = Frame {
        action,
        target,
        source: one.source,
        package: one.package.clone(),
        ask: asks.filter(kept).collect(),
        ask_only: action.is_none() && one.ask_only,
        transfers: action.is_none(),
        lone: false,
        pronoun: false,
        on_topic: true,
        unknown: one.unknown.iter().chain(&other.unknown).copied().collect(),
        left_over: one.left_over.iter().chain(&other.left_over).copied().collect(),
        ..other.clone()
    };
    first.limited |= second.limited;
    first.put_off |= second.put_off;
    true
}

/// "undo that mess, the last restore": which run is meant.
fn names_the_run(first: &Read<'_>, second: &Read<'_>) -> bool {
    let noun = second.acts.first().is_some_and(|act| act.form == Form::Name);
    let undoes = first.frame.action == Some(Action::Undo) && first.stance == Some(Stance::Request);
    undoes && noun && second.clause.after_pause() && second.frame.says_only_what() && !second.has_unknown()
}

/// "can prod be migrated to? please check": what was asked about is looked at.
fn asks_to_check(first: &mut Read<'_>, second: &Read<'_>) -> bool {
    let moves = matches!(first.frame.action, Some(Action::Restore | Action::Migrate) | None);
    let named = first.names().next().is_some();
    let looks = matches!(
        second.acts.first(),
        Some(Act {
            verb: Verb::Check,
            ..
        })
    );
    let nothing = second.names().next().is_none() && second.frame.package == Pack::Absent;
    let asked = matches!(first.stance, Some(Stance::Help | Stance::Check | Stance::Unsure));
    let checks = moves && named && looks && nothing && asked && second.stance == Some(Stance::Request);
    if checks {
        first.stance = Some(Stance::Check);
    }
    checks
}

/// "put it back onto nord, that is, overwrite nord with ost": the same, with what was left out.
fn says_again(first: &mut Read<'_>, second: &Read<'_>) -> bool {
    let noun = first.acts.first().is_some_and(|act| act.form == Form::Name);
    let titled =
        first.has(Role::Label) && first.stance.is_some() && (noun || first.frame.source == Place::Absent);
    let requests =
        (first.stance == Some(Stance::Request) || titled) && second.stance == Some(Stance::Request);
    let apart = second.clause.after_pause() || second.clause.is_result() || titled;
    if repeats(first, second) {
        first.stance = Some(Stance::Request);
        return true;
    }
    let Some(frame) = same(&first.frame, &second.frame).filter(|_| requests && apart) else {
        return false;
    };
    first.frame = frame;
    first.stance = Some(Stance::Request);
    true
}

/// "x.nbdata on test may go, delete it": the same deed, and nothing new.
fn repeats(first: &Read<'_>, second: &Read<'_>) -> bool {
    let verb = |part: &Read<'_>| part.acts.first().map(|act| act.verb);
    let (one, other) = (&first.frame, &second.frame);
    let deed = one.action == other.action && other.action.is_some_and(Action::is_destructive);
    let nothing = other.source == Place::Absent
        && other.target == Place::Absent
        && other.package == Pack::Absent
        && !other.some_package
        && other.rule.is_none();
    let meant = matches!(
        first.stance,
        Some(Stance::Request | Stance::Unsure | Stance::Help | Stance::Check)
    );
    let said = one.source != Place::Absent || one.target != Place::Absent || one.package != Pack::Absent;
    let alone = second.clause.sentence == first.clause.sentence && !second.has_unknown() && !second.limited;
    let same_verb = verb(first) == verb(second) || verb(first) == Some(Verb::Transfer);
    deed && nothing && meant && said && alone && same_verb && second.stance == Some(Stance::Request)
}

/// Both requests in one, if they do not contradict each other and name a side in common.
fn same(one: &Frame, other: &Frame) -> Option<Frame> {
    let moves = |frame: &Frame| matches!(frame.action, Some(Action::Restore | Action::Migrate) | None);
    let action = one.action.or(other.action)?;
    let alike = |frame: &Frame| frame.action.is_none_or(|said| said == action);
    let (source, common_source) = either(one.source, other.source)?;
    let (target, common_target) = either(one.target, other.target)?;
    let package = match (&one.package, &other.package) {
        (Pack::Absent, package) | (package, Pack::Absent) => package.clone(),
        (one, other) if one == other => one.clone(),
        _ => return None,
    };
    let fits = moves(one) && moves(other) && alike(one) && alike(other) && (common_source || common_target);
    let asked = |frame: &Frame| frame.ask.iter().any(|slot| *slot != Slot::Action);
    (fits && !asked(one) && !asked(other)).then(|| Frame {
        action: Some(action),
        source,
        target,
        package,
        rule: one.rule.clone().or(other.rule.clone()),
        ask: Vec::new(),
        ask_only: false,
        ..one.clone()
    })
}

/// The one place of two that do not contradict each other, and whether both say it.
fn either(one: Place, other: Place) -> Option<(Place, bool)> {
    match (one, other) {
        (Place::Absent, place) | (place, Place::Absent) => Some((place, false)),
        (Place::Who(who, _), Place::Who(again, _)) if who == again => Some((one, true)),
        _ => None,
    }
}
