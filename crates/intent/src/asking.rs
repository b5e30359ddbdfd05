//! The signs of a request: a polite question, a wish, a noun beside "do".

use crate::act::{Act, Form, Verb};
use crate::clause::{Clause, SMALL};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// "Could you…", "I want … restored", "能不能…": the form of a question, the sense of a request.
pub(crate) fn asks_politely(clause: &Clause, act: &Act) -> bool {
    let before = clause.tokens.get(..act.place).unwrap_or(&[]);
    let has = |role: Role| before.iter().any(|token| token.is(role));
    if clause.has(Role::ConsentTag) {
        return true;
    }
    let unprompted =
        |token: &Token| token.is(Role::Request) && !(token.is(Role::May) && name_before(clause, Role::May));
    if before.iter().any(unprompted) {
        // "请问" and a plain question are told apart in the data; a polite word alone is none.
        return act.form != Form::Done || clause.has(Role::Want);
    }
    if has(Role::Want) {
        return true;
    }
    let opens_with_may = before
        .iter()
        .find(|token| !token.is_any(SMALL))
        .is_some_and(|token| token.is(Role::May));
    let tagged = clause.has(Role::Tag) || clause.asks;
    (opens_with_may && tagged && act.form == Form::Do)
        || (clause.asks
            && !clause.has_any(RoleSet::of(&[Role::Tag, Role::Question, Role::Past]))
            && clause.has(Role::Polite)
            && act.form == Form::Do)
}

/// "你要把dev还原到prod吗", "you want to restore dev?": who wants it is asked, nothing is asked for.
pub(crate) fn asks_what_is_wanted(clause: &Clause, before: &[Token]) -> bool {
    let mut asking = before
        .iter()
        .filter(|token| token.is_any(RoleSet::of(&[Role::Request, Role::Polite])));
    let wanted = asking
        .next()
        .is_some_and(|token| token.is(Role::Request) && token.is(Role::Want));
    (clause.asks || clause.has(Role::Tag))
        && wanted
        && asking.next().is_none()
        && !clause.has(Role::ConsentTag)
}

/// "是不是要…", "难道得…": it is asked whether it is wanted.
pub(crate) fn questions_the_request(before: &[Token]) -> bool {
    before
        .iter()
        .zip(before.iter().skip(1))
        .any(|(first, second)| first.is(Role::Question) && second.is(Role::Request) && !second.is(Role::May))
}

/// Whether a name stands before the word with that role.
pub(crate) fn name_before(clause: &Clause, role: Role) -> bool {
    clause
        .tokens
        .iter()
        .take_while(|token| !token.is(role))
        .any(|token| {
            matches!(
                token.kind,
                Kind::Environment(_) | Kind::Package | Kind::Unknown | Kind::Disputed
            ) || token.is(Role::Current)
        })
}

/// Whether a noun is asked for: "do a restore", "I need a backup", "restore, please".
pub(crate) fn named_request(clause: &Clause, acts: &[Act]) -> bool {
    let Some(act) = acts.first() else { return false };
    let light = clause
        .tokens
        .get(..act.place)
        .unwrap_or(&[])
        .iter()
        .any(|token| token.is(Role::LightDo))
        || clause
            .tokens
            .get(act.place..)
            .unwrap_or(&[])
            .iter()
            .any(|token| token.is(Role::LightDo));
    let told = clause.has_any(RoleSet::of(&[Role::Statement, Role::Narrates]));
    light && !told
        || clause.has_any(RoleSet::of(&[Role::Want, Role::Request, Role::Polite]))
        // "put dev's backup onto test": another verb governs the noun.
        || acts
            .iter()
            .any(|other| other.form == Form::Do && (other.place < act.place || act.verb == Verb::Undo))
}

/// "restoring dev to test", "backup of dev": a noun with its sides and nothing else.
pub(crate) fn plain_noun(clause: &Clause) -> bool {
    !clause.has_any(RoleSet::of(&[Role::Statement, Role::Narrates]))
        && clause
            .tokens
            .iter()
            .enumerate()
            .all(|(place, token)| token.kind != Kind::Unknown || is_rule(clause, place))
        && !starts_with_the(clause)
}

/// Whether the unknown word is a rule's: "rule crm-core".
fn is_rule(clause: &Clause, place: usize) -> bool {
    const RULE: RoleSet = RoleSet::of(&[Role::NounRule, Role::RuleId]);
    place
        .checked_sub(1)
        .and_then(|before| clause.tokens.get(before))
        .is_some_and(|before| before.is_any(RULE))
}

fn starts_with_the(clause: &Clause) -> bool {
    clause
        .tokens
        .first()
        .is_some_and(|token| token.is(Role::Determiner))
}

/// "to restore dev to test": an infinitive that hangs on nothing.
pub(crate) fn merely_infinitive(clause: &Clause, act: &Act) -> bool {
    let before: &[Token] = clause.tokens.get(..act.place).unwrap_or(&[]);
    let Some(last) = before.iter().rposition(|token| !token.is_any(SMALL)) else {
        return false;
    };
    let hangs = before.get(..last).unwrap_or(&[]).iter().any(|token| {
        token.is_any(RoleSet::of(&[
            Role::Request,
            Role::Want,
            Role::LightDo,
            Role::WithBefore,
        ]))
    });
    before
        .get(last)
        .is_some_and(|token| token.is(Role::ToBefore) && !token.borrowed)
        && !hangs
}
