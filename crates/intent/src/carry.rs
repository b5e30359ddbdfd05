//! Lets clauses that are tied together share how they are meant: "don't back up dev and restore it".

use crate::act::Form;
use crate::mood::Stance;
use crate::part::Read;
use crate::surround::DENIALS;
use crate::words::{Role, RoleSet};

/// Lets clauses that are tied together share how they are meant.
pub(crate) fn carry(read: &mut [Read<'_>]) {
    // The sentence, how its last clause is meant, and whether that clause named both sides.
    let mut earlier: Option<(usize, Stance, bool)> = None;
    let mut denied: Option<usize> = None;
    for place in 0..read.len() {
        let next_is_tied = read.get(place + 1).is_some_and(|next| next.clause.is_tied());
        let Some(part) = read.get_mut(place) else { break };
        let sentence = part.clause.sentence;
        match part.stance {
            // "do not, under any circumstances, restore dev"
            Some(_) if denied == Some(sentence) => {
                part.stance = Some(Stance::Negated);
                earlier = Some((sentence, Stance::Negated, false));
            }
            Some(stance) => {
                // "don't restore test from dev, the other way round: restore dev from test"
                let both = part.names().count() > 1;
                let instead = |named: bool| named && both && part.clause.is_announced();
                let stance = earlier
                    .filter(|(same, _, named)| *same == sentence && !instead(*named))
                    .and_then(|(_, earlier, _)| carried(earlier, part))
                    .unwrap_or(stance);
                part.stance = Some(stance);
                // "备份了，再恢复": a step that is done first makes no past of the next one.
                let steps = stance == Stance::Past && !part.has(Role::TimePast) && !part.has(Role::Statement);
                earlier = Some((sentence, stance, both)).filter(|_| !steps);
            }
            // "不要" alone before a word that ties it to the next clause denies that clause.
            None if part.has(Role::Negation)
                && part.clause.tokens.iter().all(|token| token.is_any(DENIALS)) =>
            {
                let first = earlier.is_none_or(|(same, ..)| same != sentence);
                if next_is_tied {
                    part.spent = true;
                    earlier = Some((sentence, Stance::Negated, false));
                } else if first && !part.has(Role::Answer) {
                    denied = Some(sentence);
                }
            }
            None => {}
        }
    }
}

/// "don't back up dev and restore it": what is said of the first verb is said of the second.
fn carried(earlier: Stance, part: &Read<'_>) -> Option<Stance> {
    let carries = matches!(
        earlier,
        Stance::Negated | Stance::Statement | Stance::Quoted | Stance::Past | Stance::Check
    );
    let own = part.clause.has_any(RoleSet::of(&[
        Role::Request,
        Role::Want,
        Role::Polite,
        Role::ConsentTag,
    ]));
    // "could you back up dev and restore it?" asks for both.
    let noun = part.acts.first().is_some_and(|act| act.form == Form::Name)
        && part.stance == Some(Stance::Statement)
        && !part
            .clause
            .has_any(RoleSet::of(&[Role::Statement, Role::Narrates]));
    if earlier == Stance::Request && part.clause.is_tied() && (part.stance == Some(Stance::Unsure) || noun) {
        return Some(Stance::Request);
    }
    (carries && part.clause.is_tied() && !own).then_some(earlier)
}
