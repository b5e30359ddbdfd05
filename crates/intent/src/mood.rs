//! The gate before every reading that could destroy something: is it asked for, asked about,
//! denied, supposed, told of, or quoted?
//!
//! `asking` and `telling` know the signs of either; which environments are meant is left to `frame`.

use crate::act::{Act, Form, Verb};
use crate::asking::{
    asks_politely, asks_what_is_wanted, merely_infinitive, name_before, named_request, plain_noun,
    questions_the_request,
};
use crate::clause::{Clause, SMALL};
use crate::telling::{asks_back, dated, judged, names_a_noun, told, told_behind};
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
        // "show me what we released in march": the runs of a time.
        let run = matches!(act.verb, Verb::Restore | Verb::Migrate | Verb::Transfer);
        if run && act.form != Form::Do && clause.has(Role::TimePast) {
            return Some(Stance::History);
        }
        // "show me what restoring does"
        return Some(Stance::Help);
    }
    if before.iter().any(|token| token.is(Role::Others)) && !clause.asks && !clause.has(Role::ConsentTag) {
        return Some(Stance::Statement);
    }
    let asked = clause.asks || clause.has_any(RoleSet::of(&[Role::Question, Role::Tag]));
    if !asked && asks_back(clause, act) {
        return Some(Stance::Request);
    }
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
    // "undo the restore that was just done": what is told of is what is undone.
    let undoes = act.verb == Verb::Undo && act.form != Form::Done;
    let told_past = before.iter().any(|token| token.is(Role::Past)) || !undoes && clause.has(Role::Past);
    let done = act.form == Form::Done || told_past || dated(clause, act) || told_of;
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
    let told_of_itself = !questioned && ended_itself(clause, act);
    if status
        && !request
        && (questioned || told_of_itself || act.form == Form::Name || act.form == Form::Done)
    {
        return Some(if questioned { Stance::Status } else { Stance::Past });
    }
    if (asked || clause.has(Role::Capability)) && !request {
        let possible =
            clause.has(Role::Capability) && (act.form == Form::Done || name_before(clause, Role::Capability));
        // "dev is ready and can be migrated": nothing is asked, but something may be wanted.
        let able = before.iter().any(|token| token.is(Role::Capability));
        let told = !questioned && able && name_before(clause, Role::Capability);
        return Some(match act.verb {
            Verb::Restore | Verb::Migrate if possible && told && act.form != Form::Name => Stance::Unsure,
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
        // "a backup of prod": there is nothing else to be done with it.
        Form::Name if act.verb == Verb::Backup && names_a_backup(clause) => Stance::Request,
        // Nobody tells of a migration by its rule.
        Form::Name if act.verb == Verb::Migrate && plain_noun(clause) && has_rule(clause) => Stance::Request,
        Form::Name if plain_noun(clause) => Stance::Unsure,
        Form::Name => Stance::Statement,
        Form::Do if told_behind(clause, act) || names_a_noun(clause, act) => Stance::Unsure,

        Form::Do if merely_infinitive(clause, act) || clause.has(Role::May) && !request => Stance::Unsure,
        Form::Do | Form::Done => Stance::Request,
    })
}

/// "a backup of prod": a noun, whose it is, and nothing else.
fn names_a_backup(clause: &Clause) -> bool {
    const REST: RoleSet = SMALL.union(RoleSet::of(&[
        Role::BackupName,
        Role::Of,
        Role::NounEnvironment,
        Role::Fresh,
    ]));
    let name = |token: &Token| matches!(token.kind, Kind::Environment(_));
    clause.tokens.iter().any(name)
        && clause
            .tokens
            .iter()
            .all(|token| name(token) || token.is_any(REST))
}

/// "миграция на prod прошла ночью": a noun that could be a verb opens the clause, and how it went ends it.
fn ended_itself(clause: &Clause, act: &Act) -> bool {
    const NAMES: RoleSet = RoleSet::of(&[Role::RestoreName, Role::MigrateName, Role::BackupName]);
    const TIMES: RoleSet = SMALL.union(RoleSet::of(&[Role::TimePast, Role::TimeFuture, Role::Except]));
    let named = clause
        .tokens
        .get(act.place)
        .is_some_and(|token| token.is_any(NAMES));
    let opens = clause
        .tokens
        .iter()
        .take(act.place)
        .all(|token| token.is_any(SMALL));
    let how = clause
        .tokens
        .iter()
        .rposition(|token| token.is(Role::StatusWord) && !token.is(Role::Filler));
    let dated = clause.has(Role::TimePast) || clause.has(Role::TimeFuture);
    named
        && opens
        && dated
        && how.is_some_and(|how| {
            let mut behind = clause.tokens.iter().skip(how + 1);
            how > act.place && behind.all(|token| token.is_any(TIMES) || token.kind == Kind::Unknown)
        })
}

fn has_rule(clause: &Clause) -> bool {
    clause.has_any(RoleSet::of(&[
        Role::NounRule,
        Role::RuleId,
        Role::SchemaOnly,
        Role::OverwriteFirst,
    ]))
}
