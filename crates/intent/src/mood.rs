//! The gate before every reading that could destroy something: is it asked for, asked about,
//! denied, supposed, told of, or quoted?
//!
//! Which environments and packages are meant is left to `frame`.

use crate::act::{Act, Form, Verb};
use crate::clause::{Clause, SMALL};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// How a clause with an act is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stance {
    /// It is asked for.
    Request,
    /// It may be asked for: the user must say.
    Unsure,
    /// Asked how, why, or whether.
    Help,
    /// Supposed.
    Hypothetical,
    /// Asked whether it is possible.
    Check,
    /// Asked how it stands.
    Status,
    /// Asked what was done.
    History,
    /// Denied.
    Negated,
    /// Told as past.
    Past,
    /// Someone else's words.
    Quoted,
    /// Told as what someone does.
    Statement,
}

/// Verbs that change nothing: a question about them is a request.
fn is_look(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::List | Verb::Check | Verb::Status | Verb::History | Verb::Help
    )
}

/// How the clause is meant, as far as its own words say.
pub(crate) fn stance(clause: &Clause, acts: &[Act]) -> Option<Stance> {
    let act = acts.first()?;
    if clause.has_any(RoleSet::of(&[Role::Reporting, Role::Example])) {
        return Some(Stance::Quoted);
    }
    if clause.has(Role::How) {
        return Some(Stance::Help);
    }
    if clause.has(Role::Hypothetical) {
        return Some(Stance::Hypothetical);
    }
    if clause.has_any(RoleSet::of(&[Role::Negation, Role::Contrast, Role::Cancel])) {
        return Some(Stance::Negated);
    }
    if is_look(act.verb) {
        return Some(Stance::Request);
    }
    let before = clause.tokens.get(..act.place).unwrap_or(&[]);
    if before.iter().any(|token| token.is(Role::ListDo)) {
        // "show me what restoring does"
        return Some(Stance::Help);
    }
    if before.iter().any(|token| token.is(Role::Others)) && !clause.asks {
        return Some(Stance::Statement);
    }
    let asked = clause.asks || clause.has_any(RoleSet::of(&[Role::Question, Role::Tag]));
    if !asked && judged(clause, act) {
        return Some(Stance::Statement);
    }
    let request = asks_politely(clause, act);
    if request && (questions_the_request(before) || asks_what_is_wanted(clause, before)) {
        return Some(Stance::Unsure);
    }
    // A clause that asks who or when and ends like "恢复的" asks for the past.
    let told_of =
        clause.has(Role::QuestionWord) && clause.tokens.last().is_some_and(|last| last.is(Role::Possessive));
    let done = act.form == Form::Done || clause.has(Role::Past) || dated(clause, act) || told_of;
    let status = clause.has(Role::StatusWord);
    let opened = clause
        .tokens
        .iter()
        .find(|token| !token.is_any(SMALL))
        .is_some_and(|token| token.is(Role::Opener));
    let asked = opened || clause.has(Role::Question);
    let questioned = asked || clause.has_any(RoleSet::of(&[Role::QuestionWord, Role::Tag])) || clause.asks;
    if clause.has(Role::QuestionWord) {
        return Some(if done || act.form == Form::Name {
            Stance::History
        } else {
            Stance::Help
        });
    }
    if status && !request && (questioned || act.form == Form::Name || act.form == Form::Done) {
        return Some(if questioned { Stance::Status } else { Stance::Past });
    }
    if (asked || clause.has(Role::Capability)) && !request {
        let possible =
            clause.has(Role::Capability) && (act.form == Form::Done || name_before(clause, Role::Capability));
        return Some(match act.verb {
            Verb::Restore | Verb::Migrate | Verb::Transfer if possible => Stance::Check,
            _ if done && clause.has(Role::TimePast) => Stance::History,
            _ if done => Stance::Status,
            _ => Stance::Help,
        });
    }
    if clause.has(Role::May)
        && name_before(clause, Role::May)
        && !clause.has(Role::ConsentTag)
        && !clause
            .tokens
            .iter()
            .any(|token| token.is(Role::Request) && !token.is(Role::May))
    {
        let questioned = questioned
            || clause
                .tokens
                .iter()
                .any(|token| token.is(Role::Request) && token.is(Role::May));
        return Some(if questioned {
            Stance::Check
        } else {
            Stance::Statement
        });
    }
    if questioned && !request {
        let about_something = clause
            .has_kind(|kind| matches!(kind, Kind::Environment(_) | Kind::Disputed | Kind::Package))
            || clause.has(Role::Current);
        return Some(match (done, about_something) {
            (true, _) => Stance::Status,
            (false, true) => Stance::Unsure,
            (false, false) => Stance::Help,
        });
    }
    if done && request && act.form == Form::Do {
        return Some(Stance::Unsure);
    }
    if done && !request {
        return Some(Stance::Past);
    }

    if act.form == Form::Do && told(clause, act) {
        return Some(Stance::Statement);
    }
    if clause
        .tokens
        .iter()
        .any(|token| token.is(Role::StatusWord) && !token.is(Role::Filler))
    {
        return Some(Stance::Unsure);
    }
    Some(match act.form {
        Form::Name if named_request(clause, acts) => Stance::Request,
        Form::Name if act.verb == Verb::Backup && plain_noun(clause) => Stance::Request,
        // Nobody tells of a migration by its rule.
        Form::Name if act.verb == Verb::Migrate && plain_noun(clause) && has_rule(clause) => Stance::Request,
        Form::Name if plain_noun(clause) => Stance::Unsure,
        Form::Name => Stance::Statement,
        Form::Do if told_behind(clause, act) || names_a_noun(clause, act) => Stance::Unsure,

        Form::Do if merely_infinitive(clause, act) || clause.has(Role::May) && !request => Stance::Unsure,
        Form::Do | Form::Done => Stance::Request,
    })
}

/// "yesterday" before the verb, where it does not date a backup: the clause tells of the past.
fn dated(clause: &Clause, act: &Act) -> bool {
    const NAMES_A_STATE: RoleSet = RoleSet::of(&[
        Role::ToBefore,
        Role::FromBefore,
        Role::WithBefore,
        Role::Of,
        Role::LikeBefore,
        Role::Latest,
        Role::Possessive,
        Role::Determiner,
    ]);
    const IS_DATED: RoleSet = RoleSet::of(&[
        Role::Possessive,
        Role::NounPackage,
        Role::NounPackages,
        Role::NounState,
        Role::NounContent,
        Role::ToAfter,
        Role::WithAfter,
    ]);
    clause
        .tokens
        .iter()
        .enumerate()
        .take(act.place)
        .any(|(place, token)| {
            let before = place.checked_sub(1).and_then(|before| clause.tokens.get(before));
            let next = clause.tokens.get(place + 1);
            // "上次把dev还原到prod"
            let last_time = token.is(Role::Latest)
                && next.is_some_and(|next| next.is_any(RoleSet::of(&[Role::ObjectBefore, Role::FromBefore])));
            last_time
                || token.is(Role::TimePast)
                    && !before.is_some_and(|before| before.is_any(NAMES_A_STATE))
                    && !clause
                        .tokens
                        .get(place + 1)
                        .is_some_and(|after| after.is_any(IS_DATED))
        })
}

/// "Could you…", "I want … restored", "能不能…": the form of a question, the sense of a request.
fn asks_politely(clause: &Clause, act: &Act) -> bool {
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
fn asks_what_is_wanted(clause: &Clause, before: &[Token]) -> bool {
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
fn questions_the_request(before: &[Token]) -> bool {
    before
        .iter()
        .zip(before.iter().skip(1))
        .any(|(first, second)| first.is(Role::Question) && second.is(Role::Request) && !second.is(Role::May))
}

/// "restore dev to prod is dangerous", "dev还原到test报错": what the verb says is judged, not asked for.
fn judged(clause: &Clause, act: &Act) -> bool {
    let named = |token: &Token| {
        matches!(token.kind, Kind::Environment(_) | Kind::Disputed | Kind::Package) || token.is(Role::Current)
    };
    let Some(behind) = clause.tokens.get(act.place + 1..) else {
        return false;
    };
    // Behind the last name, or behind a verb that ends its clause.
    let last = behind.iter().rposition(named).map_or(0, |last| last + 1);
    if last == 0 && !clause.tokens.iter().take(act.place).any(named) {
        return false;
    }
    let mut rest = behind
        .iter()
        .skip(last)
        .skip_while(|token| token.is(Role::Filler) || token.is(Role::NounEnvironment))
        .peekable();
    let Some(first) = rest.peek() else { return false };
    let finite = first.is(Role::Narrates) && first.is(Role::Opener);
    let ended = first.is(Role::StatusWord) && !first.is(Role::Filler) && !clause.asks;
    let verdict = behind.iter().skip(last).any(|token| token.is(Role::Verdict));
    finite
        || verdict
        || ended && rest.all(|token| token.is_any(SMALL.union(RoleSet::of(&[Role::StatusWord, Role::Past]))))
}

/// Whether a name stands before the word with that role.
fn name_before(clause: &Clause, role: Role) -> bool {
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
fn named_request(clause: &Clause, acts: &[Act]) -> bool {
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
        || acts.iter().any(|other| other.form == Form::Do && other.place < act.place)
}

/// "restoring dev to test", "backup of dev": a noun with its sides and nothing else.
fn plain_noun(clause: &Clause) -> bool {
    !clause.has_any(RoleSet::of(&[Role::Statement, Role::Narrates]))
        && clause.tokens.iter().all(|token| token.kind != Kind::Unknown)
        && !starts_with_the(clause)
}

fn has_rule(clause: &Clause) -> bool {
    clause.has_any(RoleSet::of(&[
        Role::NounRule,
        Role::RuleId,
        Role::SchemaOnly,
        Role::OverwriteFirst,
    ]))
}

/// "restore dev to test is what I did": a finite verb behind makes no request of it.
fn told_behind(clause: &Clause, act: &Act) -> bool {
    clause
        .tokens
        .iter()
        .skip(act.place + 1)
        .any(|token| token.is(Role::Narrates))
}

/// "test restore to main": a name right before a word that is also a noun may only describe it.
fn names_a_noun(clause: &Clause, act: &Act) -> bool {
    let (Some(before), Some(verb)) = (
        act.place
            .checked_sub(1)
            .and_then(|before| clause.tokens.get(before)),
        clause.tokens.get(act.place),
    ) else {
        return false;
    };
    let first = clause
        .tokens
        .iter()
        .take(act.place.saturating_sub(1))
        .all(|token| token.is_any(SMALL));
    first
        && matches!(before.kind, Kind::Environment(_))
        && verb.is_any(RoleSet::of(&[Role::RestoreName, Role::MigrateName]))
}

fn starts_with_the(clause: &Clause) -> bool {
    clause
        .tokens
        .first()
        .is_some_and(|token| token.is(Role::Determiner))
}

/// "I restore…", "they will restore…": someone tells what is done.
fn told(clause: &Clause, act: &Act) -> bool {
    let before = clause.tokens.get(..act.place).unwrap_or(&[]);
    let told = before.iter().any(|token| token.is(Role::Statement));
    told && !before
        .iter()
        .any(|token| token.is_any(RoleSet::of(&[Role::Request, Role::Want])))
}

/// "to restore dev to test": an infinitive that hangs on nothing.
fn merely_infinitive(clause: &Clause, act: &Act) -> bool {
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
    before.get(last).is_some_and(|token| token.is(Role::ToBefore)) && !hangs
}
