//! Gives pieces without a verb ("…, with rule 3") back to the clause they belong to.

use crate::clause::{Clause, SMALL, Standing, has_act, sets_the_scene};
use crate::leftover::{names_an_occasion, spares};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// A clause with one of these stands on its own even without a verb.
const ALONE: RoleSet = RoleSet::of(&[
    Role::Cancel,
    Role::Hypothetical,
    Role::Notify,
    Role::Greeting,
    Role::Narrates,
    Role::Statement,
    Role::Others,
    Role::Past,
    Role::Reporting,
    Role::Example,
    Role::How,
    Role::StatusWord,
    Role::Negation,
    Role::Touch,
    Role::Capability,
]);

/// Words that carry a part of a request even without a verb.
const SLOTS: RoleSet = RoleSet::of(&[
    Role::FromBefore,
    Role::FromAfter,
    Role::ToBefore,
    Role::ToAfter,
    Role::WithBefore,
    Role::WithAfter,
    Role::OnBefore,
    Role::OnAfter,
    Role::ObjectBefore,
    Role::ObjectAfter,
    Role::LikeBefore,
    Role::There,
    Role::SchemaOnly,
    Role::Overwrite,
    Role::OverwriteFirst,
    Role::UserTables,
    Role::SystemTables,
    Role::RuleId,
    Role::NounRule,
    Role::NounPackage,
    Role::NounPackages,
    Role::NounEnvironment,
    Role::NounState,
    Role::Latest,
    Role::Current,
    Role::Except,
    Role::Only,
    Role::Part,
    Role::Structure,
    Role::All,
    Role::TimePast,
    Role::TimeFuture,
    Role::Request,
    Role::Want,
    Role::ConsentTag,
    Role::Tag,
    Role::Or,
]);

fn carries_slots(clause: &Clause) -> bool {
    clause.has_any(SLOTS)
        || clause.has_kind(|kind| {
            matches!(
                kind,
                Kind::Environment(_) | Kind::Disputed | Kind::Package | Kind::Number
            )
        })
}

/// Gives pieces without a verb back to the clause they belong to.
pub(crate) fn merge(clauses: Vec<Clause>) -> Vec<Clause> {
    let mut merged: Vec<Clause> = Vec::new();
    let mut waiting: Option<Clause> = None;
    for mut clause in clauses {
        let loose = clause.standing == Standing::Main
            && !has_act(&clause)
            && !clause.has_any(ALONE)
            && carries_slots(&clause)
            && !(sets_the_scene(&clause) && !merged.iter().any(has_act)
                || names_both_anew(&clause)
                || someone_wants(&clause)
                || describes(&clause)
                || names_an_occasion(&clause)
                || spares(&clause) && merged.is_empty());
        if let Some(earlier) = waiting.take() {
            // "System tables overwrite-first. Migrate dev to test.": the method of what follows.
            const METHODS: RoleSet = RoleSet::of(&[Role::SchemaOnly, Role::OverwriteFirst]);
            let how = earlier.has_any(METHODS)
                && !earlier.has_kind(|kind| matches!(kind, Kind::Environment(_)))
                && clause.has_any(RoleSet::of(&[Role::MigrateDo, Role::MigrateName]))
                && !clause.has_any(METHODS);
            let same = earlier.sentence == clause.sentence || how;
            if clause.standing == Standing::Main && same && !clause.is_result() {
                let lead = earlier.lead;
                clause = append(earlier, clause);
                clause.lead = lead;
            } else {
                merged.push(earlier);
            }
        }
        let small = clause.after_pause() && clause.tokens.iter().all(|token| token.is_any(SMALL));
        if let (true, Some(last)) = (small, merged.last_mut())
            && last.sentence == clause.sentence
        {
            // "…, please": belongs to what it follows.
            last.tokens.extend(clause.tokens);
            continue;
        }
        if loose && !has_act(&clause) {
            match merged.last_mut() {
                Some(last) if last.standing == Standing::Main && has_act(last) => {
                    let whole = append(last.clone(), clause);
                    *last = whole;
                }
                _ => waiting = Some(clause),
            }
        } else {
            merged.push(clause);
        }
    }
    merged.extend(waiting);
    merged
}

/// "staging went haywire, …", "x.nbdata on test just sits there, …": an environment or a file, and words nobody
/// knows.
fn describes(clause: &Clause) -> bool {
    let mut words = clause
        .tokens
        .iter()
        .filter(|token| !token.is_any(SMALL))
        .peekable();
    let named = match words.next().map(|token| token.kind) {
        Some(Kind::Environment(_)) => true,
        Some(Kind::Package) => {
            let place = |token: &&Token| {
                matches!(token.kind, Kind::Environment(_))
                    || token.is_any(RoleSet::of(&[Role::OnBefore, Role::Only]))
            };
            while words.next_if(|token| place(token)).is_some() {}
            true
        }
        _ => false,
    };
    let unknown = |token: &Token| token.kind == Kind::Unknown && !token.name_like && !token.stage_like;
    named && words.next().is_some_and(unknown)
}

/// "QA needs fresh data": tells of another's wish.
fn someone_wants(clause: &Clause) -> bool {
    let pairs = clause.tokens.iter().zip(clause.tokens.iter().skip(1));
    let someone = |token: &Token| token.kind == Kind::Unknown;
    pairs
        .into_iter()
        .any(|(who, wants)| someone(who) && wants.is(Role::Want))
}

/// "…, I meant test to dev": a correction of both sides.
fn names_both_anew(clause: &Clause) -> bool {
    let names = clause
        .tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::Environment(_)));
    clause.has(Role::Correction) && names.count() > 1
}

fn append(mut first: Clause, second: Clause) -> Clause {
    first
        .tokens
        .extend(second.lead.filter(|lead| matches!(lead.kind, Kind::Pause(_))));
    first.tokens.extend(second.tokens);
    first.asks |= second.asks;
    first
}
