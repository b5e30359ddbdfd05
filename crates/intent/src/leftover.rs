//! Judges what no rule used: words nobody knows, quotations, and words that limit a request.
//!
//! What a leftover does to a request is left to `decide`.

use crate::clause::{ACTS, Clause, SMALL, Standing};
use crate::frame::{Frame, Pack, Stretch};
use crate::intent::Slot;
use crate::mention::{Mention, Side, Who, describes_a_name};
use crate::pack::follows_side;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Judges what no rule used: unknown words, quotations, and words that limit a request.
pub(crate) fn leftovers(frame: &mut Frame, clause: &Clause, mentions: &[Mention], rule_tokens: &[usize]) {
    let tokens = &clause.tokens;
    let package = match &frame.package {
        Pack::Named(_, place) => Some(*place),
        _ => None,
    };
    for (place, token) in tokens.iter().enumerate() {
        let mention = mentions.iter().find(|mention| mention.place == place);
        let taken = rule_tokens.contains(&place) || package == Some(Stretch::of(token));
        frame.on_topic |= taken || is_topic(token);
        if taken {
            continue;
        }
        match (token.kind, mention) {
            (_, Some(mention)) if mention.who == Who::Unknown => {
                let slot = match mention.side {
                    Side::To => Some(Slot::Target),
                    Side::From | Side::Owner => Some(Slot::Source),
                    Side::With | Side::On | Side::FromOrOn | Side::Bare | Side::Unclear => None,
                };
                frame.unknown.push((*token, slot));
            }
            // "to 2026-11-20" asks for a package of that time.
            (Kind::Number, _) if frame.package == Pack::Unclear && follows_side(tokens, place) => {}
            // Tables that no method speaks of limit the request.
            (Kind::Word, _) if token.is_any(RoleSet::of(&[Role::UserTables, Role::SystemTables])) => {
                frame.left_over.push(*token);
            }
            (Kind::Unknown, None) if describes_a_name(tokens, place) => {}
            (Kind::Unknown | Kind::Quote | Kind::Number, _) => frame.left_over.push(*token),
            _ => {}
        }
    }
}

/// Whether the clause puts the request off to a later time.
pub(crate) fn is_put_off(clause: &Clause) -> bool {
    clause.has(Role::TimeFuture)
}

/// "the demo is tomorrow at 10": an occasion and its time; "at the demo tomorrow" could be when to act.
pub(crate) fn names_an_occasion(clause: &Clause) -> bool {
    const WITHIN: RoleSet = RoleSet::of(&[Role::OnBefore, Role::ToBefore, Role::LightDo]);
    let mut before = None;
    clause.has(Role::TimeFuture)
        && clause.tokens.iter().any(|token| {
            let apart = !before.is_some_and(|before: &Token| before.is_any(WITHIN));
            if !token.is_any(SMALL) {
                before = Some(token);
            }
            token.roles.has(Role::Occasion) && apart
        })
        && !clause.has(Role::LightDo)
}

/// Whether words limit the request to a part of what it would replace.
pub(crate) fn is_limited(clause: &Clause) -> bool {
    let everywhere = |place: usize| {
        clause
            .tokens
            .iter()
            .take(place)
            .rev()
            .find(|token| {
                !token.is_any(RoleSet::of(&[
                    Role::Filler,
                    Role::Determiner,
                    Role::All,
                    Role::Vague,
                ]))
            })
            .is_some_and(|token| token.is(Role::ToBefore))
    };
    clause.tokens.iter().enumerate().any(|(place, token)| {
        token.is_any(RoleSet::of(&[Role::Except, Role::Part]))
            || token.is(Role::Structure) && !clause.has(Role::SchemaOnly)
            || token.is(Role::NounEnvironments) && !everywhere(place)
            || token.is(Role::All)
                && !everywhere(place)
                && !counts_names(&clause.tokens, place)
                && clause
                    .tokens
                    .get(place + 1)
                    .is_some_and(|next| next.is(Role::NounEnvironment))
            || token.is(Role::Only) && !only_this(&clause.tokens, place) && {
                let next = clause
                    .tokens
                    .iter()
                    .skip(place + 1)
                    .find(|next| !next.is_any(RoleSet::of(&[Role::Filler, Role::Determiner])));
                !next.is_some_and(|next| {
                    matches!(next.kind, Kind::Environment(_) | Kind::Package)
                        || next.is_any(ACTS.union(RoleSet::of(&[
                            Role::ObjectBefore,
                            Role::Current,
                            Role::ToBefore,
                            Role::FromBefore,
                            Role::Latest,
                            Role::WithBefore,
                        ])))
                })
            }
    })
}

/// "测试和演示两个环境": says how many were named right before, and limits nothing.
fn counts_names(tokens: &[Token], place: usize) -> bool {
    let name = |token: Option<&Token>| token.is_some_and(|token| matches!(token.kind, Kind::Environment(_)));
    let back = |steps: usize| place.checked_sub(steps).and_then(|at| tokens.get(at));
    name(back(1)) && back(2).is_some_and(|token| token.is(Role::And)) && name(back(3))
}

/// "with the latest backup only": the word behind a thing or a name, at the end, limits nothing.
fn only_this(tokens: &[Token], place: usize) -> bool {
    const WHOLE: RoleSet = RoleSet::of(&[
        Role::NounPackage,
        Role::Latest,
        Role::NounEnvironment,
        Role::Current,
    ]);
    let before = place.checked_sub(1).and_then(|before| tokens.get(before));
    let named = before.is_some_and(|before| {
        matches!(before.kind, Kind::Environment(_) | Kind::Package) || before.is_any(WHOLE.union(ACTS))
    });
    named && tokens.iter().skip(place + 1).all(|token| token.is_any(SMALL))
}

/// "x.nbdata on test just sits there": what is said of a file limits nothing.
pub(crate) fn tells_of_a_file(clause: &Clause) -> bool {
    const LIMITS: RoleSet = RoleSet::of(&[
        Role::Except,
        Role::Part,
        Role::Structure,
        Role::All,
        Role::NounEnvironments,
        Role::NounContent,
    ]);
    let opens = clause.tokens.iter().find(|token| !token.is_any(SMALL));
    let said = clause.has(Role::Narrates) || clause.has_kind(|kind| kind == Kind::Unknown);
    opens.is_some_and(|first| first.kind == Kind::Package) && said && !clause.has_any(ACTS.union(LIMITS))
}

/// "it wiped our forms": tells what happened to a part, and limits nothing.
pub(crate) fn tells(clause: &Clause) -> bool {
    const TOLD: RoleSet = RoleSet::of(&[Role::Touch, Role::Narrates, Role::Past]);
    const LIMITS: RoleSet = RoleSet::of(&[Role::Except, Role::Only, Role::Negation, Role::Contrast]);
    let opens = clause.tokens.first().is_some_and(|first| first.is(Role::Pronoun));
    // "because test lost all forms"
    let why = clause.standing == Standing::Reason;
    (opens || why) && clause.has_any(TOLD) && !clause.has_any(ACTS.union(LIMITS))
}

/// "不要动生产", "except prod": names that are to be left alone, and nothing else.
pub(crate) fn spares(clause: &Clause) -> bool {
    let name = |token: &Token| matches!(token.kind, Kind::Environment(_)) || token.is(Role::Current);
    const REST: RoleSet = SMALL.union(RoleSet::of(&[
        Role::Except,
        Role::Negation,
        Role::NounEnvironment,
        Role::And,
        Role::Touch,
        Role::ObjectBefore,
    ]));
    clause.has(Role::Except)
        && clause.tokens.iter().any(name)
        && clause
            .tokens
            .iter()
            .all(|token| name(token) || token.is_any(REST))
}

/// Whether the token speaks of environments, packages or rules.
pub(crate) fn is_topic(token: &Token) -> bool {
    matches!(token.kind, Kind::Environment(_) | Kind::Package | Kind::Disputed)
        || token.is_any(RoleSet::of(&[
            Role::Current,
            Role::NounPackage,
            Role::NounPackages,
            Role::NounEnvironment,
            Role::NounEnvironments,
            Role::NounMigrations,
            Role::NounRule,
            Role::NounRules,
            Role::NounOperation,
            Role::NounContent,
            Role::SchemaOnly,
            Role::UserTables,
            Role::SystemTables,
            Role::There,
        ]))
}
