//! A verb with a slip of the pen: "migreate". What was meant is only proposed, so that the request
//! asks.
//!
//! Names are never put right: likeness only suggests (`suggest`).

use crate::clause::ACTS;
use crate::suggest::is_slip;
use crate::tokens::{Kind, Tokens};
use crate::words::{Role, RoleSet};

/// A shorter word is like too many others.
const SHORTEST: usize = 6;

/// Verbs that are looked for.
const VERBS: RoleSet = RoleSet::of(&[
    Role::RestoreDo,
    Role::MigrateDo,
    Role::BackupDo,
    Role::UndoDo,
    Role::TransferDo,
]);

/// Where nothing says what is asked for, takes an unknown word for the verb it is like.
pub(crate) fn settle_slips(tokens: &mut Tokens<'_>) {
    if tokens.list.iter().any(|token| token.is_any(ACTS)) {
        return;
    }
    let meant = tokens.list.iter().enumerate().find_map(|(place, token)| {
        let word = tokens.text(token);
        let plain = token.kind == Kind::Unknown && !token.name_like && word.chars().count() >= SHORTEST;
        let start = word.chars().next().filter(|_| plain)?.to_string();
        let verbs = tokens.language.words_beginning_with(&start);
        let (_, meaning) = verbs
            .into_iter()
            .find(|(verb, meaning)| meaning.roles.meets(VERBS) && is_slip(word, verb))?;
        Some((place, meaning.roles))
    });
    if let Some((place, roles)) = meant
        && let Some(token) = tokens.list.get_mut(place)
    {
        token.kind = Kind::Word;
        token.roles = roles;
        token.doubtful = true;
    }
}
