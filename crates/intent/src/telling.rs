//! The signs that a clause tells of something: a date, a verdict, a finite verb.

use crate::act::{Act, Form, Verb};
use crate::clause::{Clause, SMALL};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// "yesterday" before the verb, where it does not date a backup: the clause tells of the past.
pub(crate) fn dated(clause: &Clause, act: &Act) -> bool {
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
        Role::Latest,
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
                && next.is_some_and(|next| {
                    next.glued && next.is_any(RoleSet::of(&[Role::ObjectBefore, Role::FromBefore]))
                });
            last_time
                || token.is(Role::TimePast)
                    && !before.is_some_and(|before| before.is_any(NAMES_A_STATE))
                    && !clause
                        .tokens
                        .get(place + 1)
                        .is_some_and(|after| after.is_any(IS_DATED))
        })
}

/// "restore dev to prod is dangerous", "dev还原到test报错": what the verb says is judged, not asked for.
pub(crate) fn judged(clause: &Clause, act: &Act) -> bool {
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

/// "restore dev to test is what I did": a finite verb behind makes no request of it.
pub(crate) fn told_behind(clause: &Clause, act: &Act) -> bool {
    let behind = clause.tokens.get(act.place + 1..).unwrap_or(&[]);
    behind.iter().enumerate().any(|(place, token)| {
        // "delete it takes up space": a remark that ends the clause says why; "restore dev to test
        // works" tells.
        let rest = behind.get(place + 1..).unwrap_or(&[]);
        let explains = matches!(act.verb, Verb::Remove | Verb::Undo);
        let remark = explains
            && !token.is(Role::Opener)
            && !token.glued
            && rest.iter().all(|token| token.is_any(SMALL));
        // "…, only the schema, tá": a copula with nothing behind it tells nothing.
        let tag = token.is(Role::Opener) && !token.glued && rest.is_empty();
        token.is(Role::Narrates) && !remark && !tag
    })
}

/// "test restore to main": a name right before a word that is also a noun may only describe it.
pub(crate) fn names_a_noun(clause: &Clause, act: &Act) -> bool {
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
        // "prod restore 到 test": a verb of another language.
        && !(verb.borrowed && clause.tokens.get(act.place + 1).is_some_and(|next| next.is(Role::ToBefore)))
}

/// "I restore…", "they will restore…": someone tells what is done.
pub(crate) fn told(clause: &Clause, act: &Act) -> bool {
    let before = clause.tokens.get(..act.place).unwrap_or(&[]);
    let told = before.iter().any(|token| token.is(Role::Statement));
    told && !before
        .iter()
        .any(|token| token.is_any(RoleSet::of(&[Role::Request, Role::Want])))
}

/// "undo the restore I just made", "さっきした復元を取り消して": what is told of is what is undone.
pub(crate) fn asks_back(clause: &Clause, act: &Act) -> bool {
    const TELLS: RoleSet = RoleSet::of(&[Role::Statement, Role::Others, Role::Past, Role::Opener]);
    const ENDS: RoleSet = SMALL.union(RoleSet::of(&[
        Role::Request,
        Role::Want,
        Role::ConsentTag,
        Role::Chain,
    ]));
    let before = clause.tokens.get(..act.place).unwrap_or(&[]);
    let behind = clause.tokens.get(act.place + 1..).unwrap_or(&[]);
    let tells = |tokens: &[Token]| tokens.iter().any(|token| token.is_any(TELLS));
    let opens = !tells(before) && tells(behind);
    let dated = before.iter().any(|token| token.is(Role::TimePast));
    let ends =
        (tells(before) || dated) && behind.iter().all(|token| token.is_any(ENDS)) && run_before(before);
    act.verb == Verb::Undo && act.form == Form::Do && (opens || ends)
}

/// Whether the last word that counts is a run: "… the restore".
fn run_before(before: &[Token]) -> bool {
    const RUNS: RoleSet = RoleSet::of(&[
        Role::RestoreDo,
        Role::RestoreName,
        Role::MigrateDo,
        Role::MigrateName,
    ]);
    const SMALLER: RoleSet = SMALL.union(RoleSet::of(&[Role::ObjectAfter]));
    before
        .iter()
        .rev()
        .find(|token| !token.is_any(SMALLER))
        .is_some_and(|token| token.is_any(RUNS))
}
