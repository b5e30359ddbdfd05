//! Finds who is named in a clause, and on which side: by the markers around the name, never by
//! its place in the order of names.
//!
//! What the markers say is `marker`'s; what the sides mean for the action is left to `frame`.

use crate::act::Act;
use crate::clause::Clause;
use crate::marker::{MARKS_BEFORE, View};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Who is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Environment(usize),
    Current,
    /// "it": what was spoken of before.
    Pronoun,
    /// "over there": a place without a name.
    There,
    /// A name that is not in the list.
    Unknown,
}

/// What the markers around a name say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    From,
    To,
    With,
    /// "on dev": where something is or happens.
    On,
    /// "dev에서": from there, or there.
    FromOrOn,
    /// "dev's backup": whose.
    Owner,
    /// No marker, or only that of the object.
    Bare,
    /// "to dev's backup": the markers contradict each other.
    Unclear,
}

/// A name in a clause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mention {
    pub(crate) who: Who,
    pub(crate) side: Side,
    /// Which token of the clause it is.
    pub(crate) place: usize,
}

/// The names of a clause with their sides, in the order of the text.
pub(crate) fn mentions(clause: &Clause, acts: &[Act]) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for (place, token) in clause.tokens.iter().enumerate() {
        let view = View {
            tokens: &clause.tokens,
            place,
            acts,
        };
        let who = match token.kind {
            // "the old test" is not "test".
            Kind::Environment(_)
                if place > 0
                    && clause
                        .tokens
                        .get(place - 1)
                        .is_some_and(|left| left.is(Role::Vague)) =>
            {
                Who::Unknown
            }
            Kind::Environment(environment) => Who::Environment(environment),
            Kind::Disputed => Who::Unknown,
            // "qa 這台": says of a name that it is this one.
            Kind::Word if token.is(Role::Current) && view.follows_a_name() => continue,
            Kind::Word if token.is(Role::Current) => Who::Current,
            Kind::Word if token.is_any(RoleSet::of(&[Role::There, Role::Local])) => Who::There,
            Kind::Word if token.is(Role::Pronoun) => Who::Pronoun,
            Kind::Unknown => Who::Unknown,
            Kind::Word if view.is_everywhere() || view.leads_nowhere() => Who::There,
            _ => continue,
        };
        if who == Who::Unknown && describes_a_name(&clause.tokens, place) {
            continue;
        }
        let marked = view.marked_side();
        if token.kind == Kind::Unknown
            && marked.is_none()
            && !view.stands_for_a_name()
            && !view.coordinated(&found)
        {
            continue;
        }
        let side = match marked {
            Some(side) => side,
            // "test and prod": the second stands on the side of the first.
            None if view.coordinated(&found) => found.last().map_or(Side::Bare, |last| last.side),
            None => Side::Bare,
        };
        // "keep dev's users" names what is kept, not a side.
        let kept = clause
            .tokens
            .iter()
            .take(place)
            .any(|token| token.is(Role::Except));
        if kept && side == Side::Owner {
            continue;
        }
        found.push(Mention {
            who,
            side: if who == Who::There { Side::To } else { side },
            place,
        });
    }
    // "over to test", "to test, locally": the adverb says no other place.
    let placed = |mention: &Mention| {
        mention.side == Side::To && matches!(mention.who, Who::Environment(_) | Who::Current)
    };
    // "on staging: restore dev there": the word is its own mark, the name is said before it.
    let there = |mention: &Mention| {
        mention.who == Who::Pronoun
            && clause
                .tokens
                .get(mention.place)
                .is_some_and(|token| token.is(Role::ToAfter))
    };
    let on = |mention: &Mention| {
        matches!(mention.side, Side::On | Side::To) && matches!(mention.who, Who::Environment(_))
    };
    if let Some(first) = found.first().copied().filter(on)
        && found.iter().filter(|mention| on(mention)).count() == 1
        && found
            .iter()
            .any(|mention| there(mention) && mention.place > first.place)
    {
        found.retain(|mention| !there(mention));
        if let Some(first) = found.first_mut() {
            first.side = Side::To;
        }
    }
    if found.iter().any(placed) {
        let marks = |place: usize| {
            clause
                .tokens
                .get(place)
                .is_some_and(|token| token.is_any(MARKS_BEFORE))
        };
        let adverb = |place: usize| {
            clause
                .tokens
                .get(place)
                .is_some_and(|token| token.is_any(RoleSet::of(&[Role::There, Role::Local])))
                && !place.checked_sub(1).is_some_and(marks)
        };
        found.retain(|mention| !(mention.who == Who::There && adverb(mention.place)));
    }
    found
}

/// "生产环境prod": a word for the kind of environment, its name right behind.
pub(crate) fn describes_a_name(tokens: &[Token], place: usize) -> bool {
    let at = |ahead: usize| tokens.get(place + ahead);
    at(1).is_some_and(|next| next.glued && next.is(Role::NounEnvironment))
        && at(2).is_some_and(|next| next.glued && matches!(next.kind, Kind::Environment(_)))
}
