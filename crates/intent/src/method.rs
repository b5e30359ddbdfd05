//! Reads migration rules: a rule's id, or methods for user and system tables.
//!
//! Whether the action can use a rule is left to `frame`.

use crate::clause::{ACTS, Clause};
use crate::intent::{RuleRef, SystemMethod, UserMethod};
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Role, RoleSet};

const TABLES: RoleSet = RoleSet::of(&[Role::UserTables, Role::SystemTables]);
const METHODS: RoleSet = RoleSet::of(&[Role::SchemaOnly, Role::Overwrite, Role::OverwriteFirst]);

/// How many small words may stand between tables and their method.
const REACH: usize = 4;

/// The rule a clause names, and the tokens that name it.
pub(crate) fn rule(clause: &Clause, tokens: &Tokens<'_>) -> (Option<RuleRef>, Vec<usize>) {
    if let Some(place) = id_place(&clause.tokens) {
        let id = clause
            .tokens
            .get(place)
            .map_or("", |token| tokens.written(token))
            .to_owned();
        return (Some(RuleRef::Id { id }), vec![place]);
    }
    let (mut user, mut system, mut used) = (None, None, Vec::new());
    for (place, token) in clause
        .tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.is_any(METHODS))
    {
        let tables = tables_near(&clause.tokens, place);
        // "overwrite test" is a request, "overwrite the user data" a method.
        let acts = token.roles.has(Role::OverwriteDo) || token.roles.has(Role::OverwriteDone);
        if token.is(Role::Overwrite) && acts && tables.is_none() {
            continue;
        }
        used.push(place);
        used.extend(tables.map(|(place, _)| place));
        let for_system = tables.is_some_and(|(_, tables)| tables.is(Role::SystemTables));
        let for_user = tables.is_none_or(|(_, tables)| tables.is(Role::UserTables));
        if for_system {
            system = Some(if token.is(Role::SchemaOnly) {
                SystemMethod::SchemaOnly
            } else {
                SystemMethod::OverwriteFirst
            });
        }
        if for_user {
            if token.is(Role::OverwriteFirst) && tables.is_none() {
                system = Some(SystemMethod::OverwriteFirst);
            } else {
                user = Some(if token.is(Role::SchemaOnly) {
                    UserMethod::SchemaOnly
                } else {
                    UserMethod::Overwrite
                });
            }
        }
    }
    if user.is_none() && system.is_none() {
        (None, used)
    } else {
        (Some(RuleRef::Methods { user, system }), used)
    }
}

/// The tables a method is for: named beside it, no other method between, the nearer side first.
fn tables_near(tokens: &[Token], place: usize) -> Option<(usize, Token)> {
    let ahead = near(tokens.iter().enumerate().skip(place + 1));
    let behind = near(tokens.iter().enumerate().take(place).rev());
    match (ahead, behind) {
        (Some(ahead), Some(behind)) => {
            // "user tables overwrite system tables schema-only": the next tables have their own.
            let taken = tokens.get(ahead.0 + 1).is_some_and(|next| next.is_any(METHODS));
            let (back, on) = (place - behind.0, ahead.0 - place);
            Some(if back < on || back == on && taken {
                behind
            } else {
                ahead
            })
        }
        (found, None) | (None, found) => found,
    }
}

fn near<'t>(tokens: impl Iterator<Item = (usize, &'t Token)>) -> Option<(usize, Token)> {
    tokens
        .take(REACH)
        .take_while(|(_, token)| {
            !token.is_any(METHODS)
                && !matches!(token.kind, Kind::Environment(_))
                && (matches!(token.kind, Kind::Pause(':' | '—' | '-'))
                    || !matches!(token.kind, Kind::Pause(_)))
        })
        .find(|(_, token)| token.is_any(TABLES))
        .map(|(place, token)| (place, *token))
}

/// "rule 3", "ruleId abc", "3号规则".
fn id_place(tokens: &[Token]) -> Option<usize> {
    let rule = tokens
        .iter()
        .position(|token| token.is(Role::NounRule) || token.is(Role::RuleId))?;
    let small = RoleSet::of(&[
        Role::RuleId,
        Role::Filler,
        Role::Named,
        Role::NounRule,
        Role::Narrates,
        Role::Correction,
        Role::Determiner,
        Role::WithBefore,
    ]);
    let is_id = |token: &Token| {
        matches!(token.kind, Kind::Number | Kind::Quote)
            || matches!(token.kind, Kind::Unknown | Kind::Package)
    };
    // "ruleId は p9x2": a particle may stand behind the word that heads an id.
    let heads = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| tokens.get(before));
        before.is_some_and(|before| before.is(Role::RuleId))
    };
    let after = tokens
        .iter()
        .enumerate()
        .skip(rule + 1)
        .find(|(place, token)| !(token.is_any(small) || token.is(Role::ObjectAfter) && heads(*place)))
        .filter(|(_, token)| is_id(token))
        .map(|(place, _)| place);
    after.or_else(|| {
        let before = tokens
            .iter()
            .enumerate()
            .take(rule)
            .rev()
            .find(|(_, token)| !token.is_any(small))?;
        (before.1.kind == Kind::Number).then_some(before.0)
    })
}

/// "migrate dev to test, leave the data behind": a denial of the data alone is the method that carries
/// over the structure.
pub(crate) fn settle_data(tokens: &mut [Token]) {
    const DENIES: RoleSet = RoleSet::of(&[Role::Negation, Role::Except]);
    const OTHERS: RoleSet = ACTS
        .without(RoleSet::of(&[
            Role::TransferDo,
            Role::OverwriteDo,
            Role::RemoveDo,
        ]))
        .union(RoleSet::of(&[
            Role::Part,
            Role::Only,
            Role::UserTables,
            Role::SystemTables,
            Role::Latest,
            Role::Current,
            Role::Hypothetical,
            Role::How,
        ]));
    /// More words than these say something else.
    const UNKNOWN: usize = 2;
    let migrates = tokens
        .iter()
        .any(|token| token.is_any(RoleSet::of(&[Role::MigrateDo, Role::MigrateName])));
    let parts = |token: &Token| matches!(token.kind, Kind::Stop | Kind::Pause(_)) || token.is(Role::But);
    let mut start = 0;
    while migrates && start < tokens.len() {
        let length = tokens
            .iter()
            .skip(start)
            .take_while(|token| !parts(token))
            .count();
        let piece = tokens.get(start..start + length).unwrap_or(&[]);
        let data = piece.iter().position(|token| token.is(Role::NounContent));
        let unknown = piece.iter().filter(|token| token.kind == Kind::Unknown).count();
        let plain = |token: &Token| {
            matches!(token.kind, Kind::Word | Kind::Unknown | Kind::Number)
                && !token.is_any(OTHERS)
                && !token.name_like
        };
        let asks = tokens.get(start + length).is_some_and(|end| end.asks);
        if let Some(data) = data
            && start > 0
            && unknown <= UNKNOWN
            && !asks
            && piece.iter().all(plain)
            && piece.iter().any(|token| token.is_any(DENIES))
        {
            for (at, token) in tokens.iter_mut().enumerate().skip(start).take(length) {
                token.kind = Kind::Word;
                token.roles = RoleSet::of(&[if at == start + data {
                    Role::SchemaOnly
                } else {
                    Role::Filler
                }]);
            }
        }
        start += length + 1;
    }
}

/// "Sync only dev's structure": makes the method of "only" and "structure", whatever stands between.
pub(crate) fn settle_structure(tokens: &mut [Token]) {
    let parts = |token: &Token| matches!(token.kind, Kind::Pause(_) | Kind::Stop) || token.is(Role::Then);
    for place in 0..tokens.len() {
        if !tokens.get(place).is_some_and(|token| token.is(Role::Structure)) {
            continue;
        }
        let (before, behind) = tokens.split_at(place);
        let led = before
            .iter()
            .rev()
            .take_while(|token| !parts(token) && !token.is(Role::Part))
            .position(|token| token.is(Role::Only))
            .map(|back| place - 1 - back);
        let followed = behind
            .iter()
            .skip(1)
            .take_while(|token| token.is_any(RoleSet::of(&[Role::Only, Role::Filler, Role::Structure])))
            .position(|token| token.is(Role::Only))
            .map(|ahead| place + 1 + ahead);
        let Some(only) = led.or(followed) else { continue };
        for (at, roles) in [(place, Role::SchemaOnly), (only, Role::Filler)] {
            if let Some(token) = tokens.get_mut(at) {
                token.roles = RoleSet::of(&[roles]);
            }
        }
    }
}

/// Takes the verb's roles from a word that only names a method: "overwrite the user data".
pub(crate) fn settle_methods(tokens: &mut [Token]) {
    const DOING: RoleSet = RoleSet::of(&[Role::OverwriteDo, Role::OverwriteDone]);
    let mut migrates = false;
    for place in 0..tokens.len() {
        let Some(token) = tokens.get(place).copied() else {
            break;
        };
        migrates |= token.is(Role::MigrateDo) || token.is(Role::MigrateName);
        let tables = tables_near(tokens, place).is_some();
        if !(token.is(Role::Overwrite) || migrates && tables) || !token.is_any(DOING) {
            continue;
        }
        let names_follow = tokens
            .iter()
            .skip(place + 1)
            .find(|next| !next.is_any(RoleSet::of(&[Role::Filler, Role::Determiner, Role::All])))
            .is_some_and(|next| {
                matches!(next.kind, Kind::Environment(_) | Kind::Unknown) || next.is(Role::Current)
            });
        if (tables || migrates && !names_follow)
            && let Some(token) = tokens.get_mut(place)
        {
            let method = RoleSet::of(&[Role::Overwrite]);
            token.roles = token.roles.without(DOING).union(method);
        }
    }
}
