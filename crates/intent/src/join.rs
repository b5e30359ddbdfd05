//! Joins tokens that belong together: letters written onto a name, words in two pieces.

use crate::act::BEFORE_NOUN;
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Role, RoleSet};

/// "新生产" and "test库存" are other names than "生产" and "test": a name that unknown letters are
/// written onto becomes one unknown word with them.
pub(crate) fn merge_written_together(list: &mut Vec<Token>) {
    let is_name = |token: &Token| matches!(token.kind, Kind::Environment(_) | Kind::Disputed);
    let is_rest = |token: &Token| matches!(token.kind, Kind::Unknown | Kind::Number);
    let mut kept: Vec<Token> = Vec::with_capacity(list.len());
    for token in list.drain(..) {
        if let Some(last) = kept.last_mut()
            && token.glued
            && last.end == token.start
            && (is_name(last) && is_rest(&token) || is_rest(last) && is_name(&token))
        {
            *last = Token {
                end: token.end,
                kind: Kind::Unknown,
                roles: RoleSet::default(),
                name_like: true,
                ..*last
            };
            continue;
        }
        kept.push(token);
    }
    *list = kept;
}

/// Joins the pieces of split words: the first takes the roles, the second means nothing more.
pub(crate) fn join_splits(tokens: &mut Tokens<'_>) {
    const REACH: usize = 12;
    const ENDS: RoleSet = RoleSet::of(&[
        Role::And,
        Role::Then,
        Role::But,
        Role::RestoreDo,
        Role::MigrateDo,
        Role::BackupDo,
        Role::TransferDo,
        Role::RemoveDo,
    ]);
    let splits = tokens.language.splits;
    if splits.is_empty() {
        return;
    }
    for first in 0..tokens.list.len() {
        let Some(token) = tokens.list.get(first).copied() else {
            break;
        };
        if !matches!(token.kind, Kind::Word | Kind::Unknown) {
            continue;
        }
        let text = tokens.text(&token);
        let begin = splits.partition_point(|split| split.first < text);
        let found = splits
            .iter()
            .skip(begin)
            .take_while(|split| split.first == text)
            .find_map(|split| {
                let second = tokens
                    .list
                    .iter()
                    .enumerate()
                    .skip(first + 2)
                    .take(REACH)
                    .take_while(|(place, other)| {
                        // "take the last restore back": a verb that is a thing here ends nothing.
                        let thing = tokens
                            .list
                            .get(place - 1)
                            .is_some_and(|before| before.is_any(BEFORE_NOUN));
                        !matches!(other.kind, Kind::Stop | Kind::Pause(_)) && (thing || !other.is_any(ENDS))
                    })
                    .find(|(_, other)| {
                        matches!(other.kind, Kind::Word | Kind::Unknown)
                            && holds(tokens.text(other), split.second)
                    })?;
                Some((second.0, split.roles))
            });
        if let Some((second, roles)) = found {
            let whole = tokens
                .list
                .get(second)
                .is_some_and(|other| splits.iter().any(|split| split.second == tokens.text(other)));
            let rest = whole.then_some((second, RoleSet::of(&[Role::Filler])));
            for (place, roles) in std::iter::once((first, roles)).chain(rest) {
                if let Some(token) = tokens.list.get_mut(place) {
                    token.kind = Kind::Word;
                    token.roles = roles;
                }
            }
        }
    }
}

/// Whether a token is the second piece, or a phrase that begins with it: "back to".
fn holds(text: &str, second: &str) -> bool {
    text.strip_prefix(second)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
