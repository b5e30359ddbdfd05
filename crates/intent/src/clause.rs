//! Cuts a sentence into clauses: at its pauses, at "and then", before another verb.
//!
//! A contrasted name ("not prod but staging") is taken out here, and a piece without a verb
//! ("…, with rule 3") goes back to the clause it belongs to. What a clause means is left to `mood`
//! and `frame`.

use crate::leftover::spares;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Why a clause stands beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Says something of its own.
    Main,
    /// Gives a reason.
    Reason,
    /// Names a condition.
    Condition,
    /// Says what comes later than the main clause.
    Before,
    /// Says what comes earlier than the main clause.
    After,
}

/// A stretch of tokens with at most one verb that matters.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) tokens: Vec<Token>,
    pub(crate) standing: Standing,
    /// Which sentence it belongs to.
    pub(crate) sentence: usize,
    /// Its sentence ends with a question mark.
    pub(crate) asks: bool,
    /// What stood before it inside its sentence.
    lead: Option<Token>,
}

impl Clause {
    /// Whether a word of it plays the role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.tokens.iter().any(|token| token.is(role))
    }

    /// Whether a word of it plays one of the roles.
    pub(crate) fn has_any(&self, roles: RoleSet) -> bool {
        self.tokens.iter().any(|token| token.is_any(roles))
    }

    /// Whether something of that kind is in it.
    pub(crate) fn has_kind(&self, wanted: impl Fn(Kind) -> bool) -> bool {
        self.tokens.iter().any(|token| wanted(token.kind))
    }

    /// Whether a colon announced it.
    pub(crate) fn is_announced(&self) -> bool {
        self.lead.is_some_and(|lead| lead.kind == Kind::Pause(':'))
    }

    /// Whether the word before it asks for it: "before you".
    pub(crate) fn is_asked(&self) -> bool {
        self.lead.is_some_and(|lead| lead.is(Role::Request))
    }

    /// Whether "and", "then" or a colon ties it to the clause before it.
    pub(crate) fn is_tied(&self) -> bool {
        self.lead
            .is_some_and(|lead| lead.is_any(TIES) || lead.kind == Kind::Pause(':'))
    }

    /// Whether it follows from the clause before it: "so".
    pub(crate) fn is_result(&self) -> bool {
        self.lead.is_some_and(|lead| lead.is(Role::So))
    }

    /// Whether a comma or the like stood before it, not a word.
    pub(crate) fn after_pause(&self) -> bool {
        self.lead.is_some_and(|lead| matches!(lead.kind, Kind::Pause(_)))
    }
}

/// Words that name an action, in any form.
pub(crate) const ACTS: RoleSet = RoleSet::of(&[
    Role::RestoreDo,
    Role::RestoreName,
    Role::RestoreDone,
    Role::MigrateDo,
    Role::MigrateName,
    Role::MigrateDone,
    Role::BackupDo,
    Role::BackupName,
    Role::BackupDone,
    Role::TransferDo,
    Role::TransferName,
    Role::TransferDone,
    Role::OverwriteDo,
    Role::OverwriteDone,
    Role::ListDo,
    Role::DownloadDo,
    Role::RemoveDo,
    Role::RemoveDone,
    Role::CheckDo,
    Role::StatusDo,
    Role::HistoryDo,
    Role::UndoDo,
    Role::UndoDone,
    Role::HelpDo,
]);

/// Words that tie a clause to the one before it.
const TIES: RoleSet = RoleSet::of(&[Role::And, Role::Then, Role::Chain]);

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

/// Small words without weight.
pub(crate) const SMALL: RoleSet = RoleSet::of(&[
    Role::Filler,
    Role::Determiner,
    Role::Polite,
    Role::Greeting,
    Role::Correction,
]);

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
    Role::All,
    Role::TimePast,
    Role::TimeFuture,
    Role::Request,
    Role::Want,
    Role::ConsentTag,
    Role::Tag,
    Role::Or,
]);

/// Takes out names that are only there to be told apart: "not prod" of "not prod but staging".
pub(crate) fn drop_contrasts(tokens: &mut Vec<Token>) -> Vec<Token> {
    let mut dropped = Vec::new();
    let mut first = 0;
    while first < tokens.len() {
        if tokens.get(first).is_some_and(|token| token.is(Role::Contrast))
            && let Some(length) = contrast_length(tokens.get(first..).unwrap_or(&[]))
            && !denies(tokens, first, length)
            && !takes_back(tokens, first, length)
        {
            let length = contrasted_clause(tokens, first, length).unwrap_or(length);
            dropped.extend(tokens.drain(first..first + length));
            continue;
        }
        if tokens.get(first).is_some_and(|token| token.is(Role::ContrastEnd))
            && let Some(start) = contrast_start(tokens, first)
        {
            dropped.extend(tokens.drain(start..=first));
            first = start;
            continue;
        }
        first += 1;
    }
    dropped
}

/// "不是dev还原到test,是把test还原到dev": how long the whole clause is that a correction behind its
/// pause takes the place of.
fn contrasted_clause(tokens: &[Token], first: usize, length: usize) -> Option<usize> {
    let acts = |tokens: &[Token]| tokens.iter().any(|token| token.is_any(ACTS));
    let rest = tokens.get(first + length..)?;
    let pause = rest
        .iter()
        .position(|token| matches!(token.kind, Kind::Pause(_) | Kind::Stop))?;
    let behind = rest.get(pause + 1..)?;
    let corrects = behind.first().is_some_and(|token| token.is(Role::Correction));
    (acts(rest.get(..pause)?) && corrects && acts(behind)).then_some(length + pause + 1)
}

/// Whether a word that contrasts names or denies verbs ("nicht", "no", "не") does the latter: it
/// stands inside its clause and no "but" follows, or the verb does.
fn denies(tokens: &[Token], first: usize, length: usize) -> bool {
    let last = tokens.get(first + length - 1);
    if !tokens.get(first).is_some_and(|token| token.is(Role::Negation))
        || last.is_some_and(|last| last.is(Role::But))
    {
        return false;
    }
    let inside = first
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|before| {
            !matches!(before.kind, Kind::Pause(_) | Kind::Stop)
                && !before.is_any(SMALL)
                && !before.is(Role::And)
        });
    let mut rest = tokens.iter().skip(first + length);
    let ends = rest
        .next()
        .is_none_or(|next| matches!(next.kind, Kind::Pause(_) | Kind::Stop) || next.is(Role::And));
    let but = tokens
        .iter()
        .skip(first + length)
        .take_while(|token| token.kind != Kind::Stop)
        .find(|token| !matches!(token.kind, Kind::Pause(_)))
        .is_some_and(|token| token.is(Role::But));
    !but && (inside || !ends)
}

/// "restore dev to test, not test": the name was said before and no other is said behind.
fn takes_back(tokens: &[Token], first: usize, length: usize) -> bool {
    let names = |tokens: &[Token]| -> Vec<Kind> {
        tokens
            .iter()
            .take_while(|token| token.kind != Kind::Stop)
            .map(|token| token.kind)
            .filter(|kind| matches!(kind, Kind::Environment(_) | Kind::Unknown | Kind::Package))
            .collect()
    };
    let denied = names(tokens.get(first..first + length).unwrap_or(&[]));
    let behind = names(tokens.get(first + length..).unwrap_or(&[]));
    let before = tokens.get(..first).unwrap_or(&[]);
    behind.is_empty()
        && denied.iter().any(|name| {
            before
                .iter()
                .any(|token| token.kind == *name && *name != Kind::Unknown)
        })
}

/// How many tokens a contrasted name takes, with the word that opens it.
fn contrast_length(tokens: &[Token]) -> Option<usize> {
    const CARRIES: RoleSet = RoleSet::of(&[
        Role::Filler,
        Role::Determiner,
        Role::FromBefore,
        Role::FromAfter,
        Role::ToBefore,
        Role::ToAfter,
        Role::WithBefore,
        Role::OnBefore,
        Role::OnAfter,
        Role::ObjectBefore,
        Role::NounEnvironment,
        Role::And,
        Role::Or,
        Role::Contrast,
        Role::Possessive,
    ]);
    let mut length = 1;
    let mut named = false;
    for token in tokens.iter().skip(1) {
        let name = matches!(
            token.kind,
            Kind::Environment(_) | Kind::Disputed | Kind::Unknown | Kind::Package
        ) || token.is(Role::Current);
        // Past the name, another unknown word is no part of the contrast any more.
        if name && !(named && token.kind == Kind::Unknown) {
            named = true;
        } else if !token.is_any(CARRIES) {
            if token.is(Role::But) && named {
                length += 1;
            } else if named && !matches!(token.kind, Kind::Pause(_) | Kind::Stop) && !token.is_any(SMALL) {
                // "not dev's backup", "not restore dev": more than a name is contrasted.
                let ends = token.is_any(RoleSet::of(&[
                    Role::Then,
                    Role::Reason,
                    Role::Correction,
                    Role::WithBefore,
                    Role::Narrates,
                ])) || token.is_any(ACTS);
                return ends.then_some(length);
            }
            break;
        }
        length += 1;
    }
    named.then_some(length)
}

/// Where the names begin that a word behind them contrasts: "prodではなく", "prod 말고". If both sides
/// are named again behind it, both are taken out before it.
fn contrast_start(tokens: &[Token], end: usize) -> Option<usize> {
    const CARRIES: RoleSet = RoleSet::of(&[
        Role::Filler,
        Role::Determiner,
        Role::NounEnvironment,
        Role::ToAfter,
        Role::FromAfter,
        Role::OnAfter,
        Role::WithAfter,
    ]);
    let name = |token: &Token| {
        matches!(
            token.kind,
            Kind::Environment(_) | Kind::Disputed | Kind::Unknown | Kind::Package
        ) || token.is(Role::Current)
    };
    let again = tokens
        .iter()
        .skip(end + 1)
        .take_while(|token| token.kind != Kind::Stop)
        .filter(|token| name(token))
        .count();
    let mut start = None;
    for place in (0..end).rev() {
        let token = tokens.get(place)?;
        if name(token) {
            start = Some(place);
            if again < 2 {
                break;
            }
        } else if !(token.is_any(CARRIES) || again > 1 && token.is(Role::ObjectAfter)) {
            break;
        }
    }
    // Without a name behind it nothing takes the place of the one that is denied.
    start.filter(|_| again > 0)
}

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
                } else if roles.has(Role::Then) || roles.has(Role::So) || roles.has(Role::But) || another {
                    cutter.close(&mut current, Some(*token), Standing::Main);
                } else if let Some(standing) = opened(roles) {
                    cutter.close(&mut current, Some(*token), standing);
                } else {
                    current.push(*token);
                }
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

fn acts_next(following: &[Token]) -> bool {
    following.first().is_some_and(|next| next.is_any(ACTS))
}

fn begins(following: &[Token]) -> bool {
    following
        .iter()
        .find(|token| !token.is_any(SMALL.union(RoleSet::of(&[Role::Then]))))
        .is_some_and(|token| token.is_any(BEGINS))
}

/// Whether the clause has a verb, or a noun that acts as one; "do" and "take" alone are none.
pub(crate) fn has_act(clause: &Clause) -> bool {
    clause.has_any(ACTS)
}

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
fn merge(clauses: Vec<Clause>) -> Vec<Clause> {
    let mut merged: Vec<Clause> = Vec::new();
    let mut waiting: Option<Clause> = None;
    for mut clause in clauses {
        let loose = clause.standing == Standing::Main
            && !has_act(&clause)
            && !clause.has_any(ALONE)
            && carries_slots(&clause)
            && !(names_both_anew(&clause) || spares(&clause) && merged.is_empty());
        if let Some(earlier) = waiting.take() {
            if clause.standing == Standing::Main && earlier.sentence == clause.sentence && !clause.is_result()
            {
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
