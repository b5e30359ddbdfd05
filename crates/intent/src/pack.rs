//! Which package a clause speaks of: a named one, the latest, the verified, or one that must be asked for.

use crate::act::{Act, Verb};
use crate::clause::{ACTS, Clause};
use crate::frame::{Pack, Stretch};
use crate::intent::PackageRef;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Which package the clause speaks of.
pub(crate) fn package(clause: &Clause, acts: &[Act], some: &mut bool) -> Pack {
    let tokens = &clause.tokens;
    let main = acts.first().copied();
    let noun = |place: usize| {
        tokens.get(place).is_some_and(|token| {
            token.is_any(RoleSet::of(&[Role::NounPackage, Role::NounPackages]))
                && main.is_none_or(|main| main.place != place || main.verb != Verb::Backup)
        })
    };
    let names: Vec<usize> = (0..tokens.len())
        .filter(|place| {
            tokens
                .get(*place)
                .is_some_and(|token| token.kind == Kind::Package)
                || named_by_noun(tokens, *place, &noun)
        })
        .collect();
    // A download's destination is no package.
    let names: Vec<usize> = match main {
        Some(Act {
            verb: Verb::Download, ..
        }) if names.len() > 1 => names
            .into_iter()
            .filter(|place| {
                !place
                    .checked_sub(1)
                    .and_then(|before| tokens.get(before))
                    .is_some_and(|before| before.is(Role::ToBefore))
            })
            .collect(),
        _ => names,
    };
    match names.as_slice() {
        [] => {}
        [only] => {
            return tokens.get(*only).map_or(Pack::Unclear, |token| {
                Pack::Named(PackageRef::Named(String::new()), Stretch::of(token))
            });
        }
        _ => return Pack::Unclear,
    }
    let nouns: Vec<usize> = (0..tokens.len()).filter(|place| noun(*place)).collect();
    // "dev is the current state" tells of an environment, not of a package.
    let told = |place: usize| {
        let state = tokens.get(place + 1).is_some_and(|next| next.is(Role::NounState));
        state && tokens.iter().take(place).any(|token| token.is(Role::Narrates))
    };
    let latest = (0..tokens.len())
        .find(|place| tokens.get(*place).is_some_and(|token| token.is(Role::Latest)) && !told(*place));
    let vague = tokens
        .iter()
        .any(|token| token.is_any(RoleSet::of(&[Role::Vague, Role::TimePast])));
    let all = tokens.iter().any(|token| token.is_any(RoleSet::of(&[Role::All])));
    if main.is_some_and(|main| main.verb == Verb::Undo) && nouns.is_empty() {
        return Pack::Absent;
    }
    let number_as_time = tokens
        .iter()
        .enumerate()
        .any(|(place, token)| token.kind == Kind::Number && follows_side(tokens, place));
    if (vague && (!nouns.is_empty() || tokens.iter().any(|token| token.is(Role::TimePast)))) || number_as_time
    {
        return Pack::Unclear;
    }
    if all && !nouns.is_empty() && main.is_some_and(|main| main.verb == Verb::Remove) {
        return Pack::Unclear;
    }
    if let Some(token) = tokens.iter().find(|token| is_verified(clause, token)) {
        return Pack::Named(PackageRef::Verified, Stretch::of(token));
    }
    if let Some(latest) = latest
        && !tokens.iter().any(|token| token.is(Role::Fresh))
        && (!nouns.is_empty()
            || tokens
                .get(latest + 1)
                .is_none_or(|next| !next.is_any(ACTS) && next.kind != Kind::Unknown)
            // "用最新的那个恢复": with the latest.
            || latest > 0 && tokens.get(latest - 1).is_some_and(|before| before.is(Role::WithBefore)))
    {
        return tokens.get(latest).map_or(Pack::Unclear, |token| {
            Pack::Named(PackageRef::Latest, Stretch::of(token))
        });
    }
    *some = !nouns.is_empty() && !tokens.iter().any(|token| token.is(Role::Fresh));
    Pack::Absent
}

/// "the tested package", "publish what is on test": the package that was verified there.
fn is_verified(clause: &Clause, token: &Token) -> bool {
    token.is(Role::Verified) || token.is(Role::Standing) && clause.has(Role::PublishDo)
}

/// Whether the token follows "to" or "from".
pub(crate) fn follows_side(tokens: &[Token], place: usize) -> bool {
    place
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|before| before.is_any(RoleSet::of(&[Role::ToBefore, Role::FromBefore])))
}

/// "backup nightly-1", "the package named x": an unknown word behind the noun is its name, when it
/// looks like one.
pub(crate) fn named_by_noun(tokens: &[Token], place: usize, noun: &impl Fn(usize) -> bool) -> bool {
    let Some(token) = tokens.get(place) else {
        return false;
    };
    let Some(before) = place.checked_sub(1) else {
        return false;
    };
    let named = tokens.get(before).is_some_and(|before| before.is(Role::Named));
    let labelled = noun(before) || named && before.checked_sub(1).is_some_and(noun);
    labelled && matches!(token.kind, Kind::Unknown | Kind::Number) && token.name_like
}
