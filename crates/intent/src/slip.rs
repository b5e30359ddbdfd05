//! A verb with a slip of the pen: "migreate". What was meant is only proposed, so that a request that could destroy
//! something asks.
//!
//! Names are never put right: likeness only suggests (`suggest`).

use crate::clause::ACTS;
use crate::suggest::is_slip;
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Role, RoleSet};

/// A shorter word is like too many others, and so is a shorter verb.
const SHORTEST: usize = 5;
const SHORTEST_VERB: usize = 6;

/// Verbs that are looked for.
const VERBS: RoleSet = RoleSet::of(&[
    Role::RestoreDo,
    Role::MigrateDo,
    Role::BackupDo,
    Role::UndoDo,
    Role::TransferDo,
    Role::DownloadDo,
]);

/// Words that are things beside a verb: "downlaod the latest backup".
const THINGS: RoleSet = RoleSet::of(&[Role::NounPackage, Role::NounPackages]);

/// Where nothing says what is asked for, takes an unknown word for the verb it is like.
pub(crate) fn settle_slips(tokens: &mut Tokens<'_>) {
    let acts = |token: &Token| token.is_any(ACTS);
    let thing = |token: &Token| token.is_any(THINGS);
    if tokens.list.iter().any(|token| acts(token) && !thing(token)) {
        return;
    }
    let things = tokens.list.iter().any(thing);
    // Beside a thing that could be the deed, only what is done with things can be meant.
    let wanted = match things && tokens.list.iter().any(acts) {
        true => RoleSet::of(&[Role::DownloadDo, Role::RestoreDo]),
        false => VERBS,
    };
    let meant = tokens.list.iter().enumerate().find_map(|(place, token)| {
        let word = tokens.text(token);
        let plain = token.kind == Kind::Unknown && !token.name_like && word.chars().count() >= SHORTEST;
        let start = word.chars().next().filter(|_| plain)?.to_string();
        let verbs = tokens.language.words_beginning_with(&start);
        let (_, meaning) = verbs.into_iter().find(|(verb, meaning)| {
            meaning.roles.meets(wanted) && verb.chars().count() >= SHORTEST_VERB && is_slip(word, verb)
        })?;
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
