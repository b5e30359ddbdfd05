//! Cuts a sentence into clauses: at its pauses, at "and then", before another verb.
//!
//! A piece without a verb goes back to the clause it belongs to; that is left to `merge`.

use crate::clause::{ACTS, Clause, SMALL, Standing, TIES};
use crate::merge::merge;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// After "and", these begin another clause.
const BEGINS: RoleSet = RoleSet::of(&[
    Role::RestoreDo,
    Role::MigrateDo,
    Role::BackupDo,
    Role::TransferDo,
    Role::OverwriteDo,
    Role::ListDo,
    Role::DownloadDo,
    Role::RemoveDo,
    Role::CheckDo,
    Role::StatusDo,
    Role::HistoryDo,
    Role::UndoDo,
    Role::LightDo,
    Role::Notify,
    Role::Negation,
    Role::Contrast,
    Role::Request,
    Role::Cancel,
    Role::Touch,
    Role::Want,
    Role::Statement,
    Role::Others,
    Role::How,
    Role::Except,
]);

/// Cuts the tokens into clauses.
pub(crate) fn split(tokens: &[Token]) -> Vec<Clause> {
    let mut cutter = Cutter {
        clauses: Vec::new(),
        sentence: 0,
        lead: None,
        standing: Standing::Main,
    };
    let mut current: Vec<Token> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let following = tokens.get(place + 1..).unwrap_or(&[]);
        match token.kind {
            Kind::Stop => {
                cutter.close(&mut current, None, Standing::Main);
                for clause in cutter
                    .clauses
                    .iter_mut()
                    .rev()
                    .take_while(|clause| clause.sentence == cutter.sentence)
                {
                    clause.asks |= token.asks;
                }
                cutter.sentence += 1;
            }
            Kind::Pause('/') => current.push(*token),
            Kind::Pause('、') if joins_names(&current, following) => current.push(*token),
            Kind::Pause(_) => cutter.close(&mut current, Some(*token), Standing::Main),
            Kind::Word => {
                let roles = token.roles;
                let another = roles.has(Role::And) && begins(following);
                // "备份test不还原": what is denied behind a backup is another clause.
                let denies = roles.has(Role::Negation) && only_backs_up(&current) && acts_next(following);
                if denies {
                    cutter.close(&mut current, Some(*token), Standing::Main);
                    current.push(*token);
                } else if let Some(standing) = ended(roles)
                    && !current.is_empty()
                {
                    cutter.standing = standing;
                    cutter.close(&mut current, Some(*token), Standing::Main);
                } else if roles.has(Role::Chain) {
                    // "…して test に戻して": only a verb's ending before another verb is a joint.
                    if follows_act(&current) && acts_later(following) {
                        // "하지 말고 …": what is denied is not tied to what is asked for instead.
                        let denied = current.last().is_some_and(|last| last.is(Role::Negation));
                        cutter.close(&mut current, Some(*token).filter(|_| !denied), Standing::Main);
                    }
                } else if begins_in_earnest(cutter.standing, &current, token, following) {
                    cutter.close(&mut current, None, Standing::Main);
                    current.push(*token);
                } else if roles.has(Role::Then) || roles.has(Role::So) || roles.has(Role::But) || another {
                    cutter.close(&mut current, Some(*token), Standing::Main);
                } else if let Some(standing) = opened(roles) {
                    cutter.close(&mut current, Some(*token), standing);
                } else {
                    current.push(*token);
                }
            }
            Kind::Environment(_) if begins_in_earnest(cutter.standing, &current, token, following) => {
                cutter.close(&mut current, None, Standing::Main);
                current.push(*token);
            }
            _ => current.push(*token),
        }
    }
    cutter.close(&mut current, None, Standing::Main);
    merge(cutter.clauses)
}

struct Cutter {
    clauses: Vec<Clause>,
    sentence: usize,
    lead: Option<Token>,
    standing: Standing,
}

impl Cutter {
    fn close(&mut self, current: &mut Vec<Token>, lead: Option<Token>, standing: Standing) {
        let closed_nothing = current.is_empty();
        if !closed_nothing || self.standing == Standing::Condition {
            self.clauses.push(Clause {
                tokens: std::mem::take(current),
                standing: self.standing,
                sentence: self.sentence,
                asks: false,
                lead: self.lead,
            });
        }
        // "…して、": the pause behind a joint adds nothing.
        let paused = lead.is_some_and(|lead| matches!(lead.kind, Kind::Pause(',' | '、')));
        if !(closed_nothing && paused && self.lead.is_some_and(|lead| lead.is_any(TIES))) {
            self.lead = lead;
        }
        self.standing = standing;
    }
}

/// What a word that stands behind its clause makes of it.
fn ended(roles: RoleSet) -> Option<Standing> {
    if roles.has(Role::TimeBeforeEnd) {
        Some(Standing::Before)
    } else if roles.has(Role::ConditionEnd) {
        Some(Standing::Condition)
    } else {
        None
    }
}

/// Whether the sign between them is one of a list ("dev、test"), not the pause behind a verb or a
/// particle, as in Japanese.
fn joins_names(current: &[Token], following: &[Token]) -> bool {
    const LISTED: RoleSet = RoleSet::of(&[
        Role::Part,
        Role::Structure,
        Role::Current,
        Role::NounEnvironment,
        Role::NounPackage,
        Role::NounContent,
        Role::UserTables,
        Role::SystemTables,
    ]);
    let listed = |token: &Token| token.kind != Kind::Word || token.is_any(LISTED);
    current.last().is_some_and(listed) && following.first().is_some_and(listed)
}

fn follows_act(current: &[Token]) -> bool {
    const ENDINGS: RoleSet = RoleSet::of(&[Role::Filler, Role::Polite, Role::ObjectAfter]);
    current
        .iter()
        .rev()
        .find(|token| !token.is_any(ENDINGS))
        .is_some_and(|token| {
            token.is_any(ACTS) || token.is_any(RoleSet::of(&[Role::LightDo, Role::Negation]))
        })
}

fn acts_later(following: &[Token]) -> bool {
    following
        .iter()
        .take_while(|token| !matches!(token.kind, Kind::Stop | Kind::Pause(_)))
        .any(|token| token.is_any(ACTS))
}

fn opened(roles: RoleSet) -> Option<Standing> {
    Some(if roles.has(Role::Reason) {
        Standing::Reason
    } else if roles.has(Role::Condition) {
        Standing::Condition
    } else if roles.has(Role::TimeBefore) {
        Standing::Before
    } else if roles.has(Role::TimeAfter) {
        Standing::After
    } else {
        return None;
    })
}

/// Whether the tokens ask for a backup and nothing that could destroy something.
fn only_backs_up(tokens: &[Token]) -> bool {
    const OTHERS: RoleSet = ACTS.without(RoleSet::of(&[Role::BackupDo, Role::BackupName, Role::BackupDone]));
    tokens.iter().any(|token| token.is(Role::BackupDo)) && !tokens.iter().any(|token| token.is_any(OTHERS))
}

/// "перед работами | сделай бэкап", "bevor wir anfangen | bitte dev sichern": what is to be done before
/// something begins without a pause, if it can destroy nothing.
fn begins_in_earnest(standing: Standing, current: &[Token], token: &Token, following: &[Token]) -> bool {
    const ASKS: RoleSet = RoleSet::of(&[Role::Request, Role::Polite, Role::LightDo]);
    const SUBJECTS: RoleSet = RoleSet::of(&[Role::Statement, Role::Others, Role::Pronoun]);
    let said = current.iter().any(|token| !token.is_any(SMALL));
    let saves = |token: &Token| token.is(Role::BackupDo) && !token.is(Role::RestoreDo);
    let rest = following
        .iter()
        .take_while(|token| !matches!(token.kind, Kind::Stop | Kind::Pause(_)));
    let destroys = |token: &Token| {
        token.is_any(ACTS.without(RoleSet::of(&[Role::BackupDo, Role::BackupName, Role::BackupDone])))
    };
    let mut rest = rest.peekable();
    // "vor dem Update prod sichern": the verb comes last, and no subject stands before the name.
    let named =
        matches!(token.kind, Kind::Environment(_)) && !current.iter().any(|token| token.is_any(SUBJECTS));
    let saved = saves(token) || (named || token.is_any(ASKS)) && rest.clone().any(saves);
    standing == Standing::Before
        && said
        && saved
        && !current.iter().any(saves)
        && !destroys(token)
        && !rest.any(destroys)
}

fn acts_next(following: &[Token]) -> bool {
    following.first().is_some_and(|next| next.is_any(ACTS))
}

fn begins(following: &[Token]) -> bool {
    following
        .iter()
        .find(|token| !token.is_any(SMALL.union(RoleSet::of(&[Role::Then]))))
        .is_some_and(|token| token.is_any(BEGINS))
}
