//! Puts a name right that is taken back at once: "restore dev to test, no, staging".
//!
//! What is taken back with another verb is left to `decide`.

use crate::clause::SMALL;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// "… sang test không?": a denial that ends its clause asks, where the language uses it so. "qa하고
/// test": a joint between names joins them.
pub(crate) fn settle_particles(tokens: &mut [Token]) {
    const DENIES: RoleSet = RoleSet::of(&[Role::Negation, Role::Contrast, Role::Answer]);
    const RETURNS: RoleSet = RoleSet::of(&[Role::RestoreDo, Role::RemoveDo, Role::UndoDo]);
    let parts = |token: &Token| matches!(token.kind, Kind::Pause(_) | Kind::Stop);
    for place in 0..tokens.len() {
        let behind = place.checked_sub(1).and_then(|before| tokens.get(before));
        let follows = behind.is_some_and(|before| !parts(before));
        let ends = tokens
            .get(place + 1..)
            .unwrap_or(&[])
            .iter()
            .find(|next| !next.is_any(SMALL))
            .is_none_or(parts);
        let is_name = |token: &Token| matches!(token.kind, Kind::Environment(_));
        let joins = behind.is_some_and(is_name) && tokens.get(place + 1).is_some_and(is_name);
        // "restaure le sur test", "spiel die auf test ein": an article with nothing to stand before is "it".
        let stands_alone = behind.is_some_and(|before| before.is_any(RETURNS))
            && tokens
                .get(place + 1)
                .is_none_or(|next| parts(next) || next.is(Role::ToBefore));
        if let Some(token) = tokens.get_mut(place)
            && token.is(Role::Chain)
            && joins
        {
            token.roles = RoleSet::of(&[Role::And]);
        }
        if let Some(token) = tokens.get_mut(place)
            && token.roles == RoleSet::of(&[Role::Determiner])
            && stands_alone
        {
            token.roles = RoleSet::of(&[Role::Pronoun]);
        }
        if let Some(token) = tokens.get_mut(place)
            && token.is(Role::Negation)
            && token.is(Role::Tag)
        {
            let other = if follows && ends {
                DENIES
            } else {
                RoleSet::of(&[Role::Tag])
            };
            token.roles = token.roles.without(other);
        }
    }
}

/// "Could you, when you have a minute, restore …": takes the pauses out around what changes nothing
/// between what asks and the verb.
pub(crate) fn close_up(tokens: &mut Vec<Token>) {
    const ASKS: RoleSet = SMALL.union(RoleSet::of(&[Role::Request, Role::Pronoun]));
    let small = |token: &Token| token.is_any(ASKS) && !token.is(Role::Cancel);
    let parts = |token: &Token| matches!(token.kind, Kind::Pause(_) | Kind::Stop);
    let mut place = 0;
    let (mut asked, mut opens) = (false, true);
    while let Some(token) = tokens.get(place) {
        match token.kind {
            Kind::Stop => (asked, opens) = (false, true),
            Kind::Pause(',') if asked && opens => {
                let aside = tokens.iter().skip(place + 1).take_while(|token| !parts(token));
                let length = aside.clone().count();
                let end = place + 1 + length;
                if aside.clone().all(small)
                    && tokens
                        .get(end)
                        .is_some_and(|token| token.kind == Kind::Pause(','))
                {
                    tokens.remove(end);
                    tokens.remove(place);
                    continue;
                }
                opens = false;
            }
            _ => {
                asked |= token.is(Role::Request);
                opens &= small(token);
            }
        }
        place += 1;
    }
}

/// Exchanges the last name before a correction for the name behind it, if that name is all there is
/// behind it.
pub(crate) fn put_right(tokens: &mut Vec<Token>) {
    let mut place = 0;
    while place < tokens.len() {
        if let Some((wrong, right, end)) = correction(tokens, place)
            && let Some(name) = tokens.get(right).copied()
            && let Some(old) = tokens.get_mut(wrong)
        {
            *old = name;
            tokens.drain(place..end);
            continue;
        }
        place += 1;
    }
}

/// The wrong name, the right one, and where the correction that begins at `pause` ends.
fn correction(tokens: &[Token], pause: usize) -> Option<(usize, usize, usize)> {
    const TAIL: RoleSet = RoleSet::of(&[Role::NounEnvironment, Role::OnAfter, Role::Filler]);
    let is_name = |token: &Token| matches!(token.kind, Kind::Environment(_) | Kind::Disputed | Kind::Unknown);
    let is_pause = |token: &Token| matches!(token.kind, Kind::Pause(_));
    let parts = |token: &Token| is_pause(token) || token.kind == Kind::Stop && !token.asks;
    if !tokens.get(pause).is_some_and(parts) {
        return None;
    }
    // "…to test," or "到test上,": the name that was said last, with the mark of its side.
    let wrong = tokens
        .get(..pause)?
        .iter()
        .rposition(|token| !token.is_any(TAIL))
        .filter(|wrong| tokens.get(*wrong).is_some_and(is_name))?;
    let side = tokens
        .get(..wrong)?
        .iter()
        .rev()
        .find(|token| !token.is_any(RoleSet::of(&[Role::Determiner, Role::Filler])))
        .and_then(|mark| {
            [Role::ToBefore, Role::FromBefore]
                .into_iter()
                .find(|side| mark.is(*side) && !mark.is(Role::Of))
        })?;
    let (mut corrects, mut marked) = (false, false);
    let mut right = pause + 1;
    while let Some(token) = tokens.get(right) {
        let small = token.is_any(SMALL.union(RoleSet::of(&[Role::Answer])));
        if !(small || is_pause(token) || corrects && (token.is(side) || token.is(Role::NounEnvironment))) {
            break;
        }
        corrects |= token.is_any(RoleSet::of(&[Role::Correction, Role::Answer]));
        marked |= corrects && token.is(side);
        right += 1;
    }
    let ends = |token: &Token| token.kind == Kind::Stop;
    let mut end = right + 1;
    while tokens
        .get(end)
        .is_some_and(|token| token.is_any(SMALL.union(TAIL)) || is_pause(token))
    {
        end += 1;
    }
    let named = tokens
        .get(right)
        .is_some_and(|token| matches!(token.kind, Kind::Environment(_)));
    if marked && named {
        // "from sandbox, sorry, from lab to main": the mark of the side says enough.
        return Some((wrong, right, right + 1));
    }
    (corrects && named && tokens.get(end).is_none_or(ends)).then_some((wrong, right, end))
}
