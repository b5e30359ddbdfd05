//! Takes out names that are only there to be told apart: "not prod" of "not prod but staging".
//!
//! Whether a denial denies a verb or tells names apart is decided here; what a denied verb means is
//! left to `mood`.

use crate::clause::{ACTS, SMALL};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

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
            // "not dev to test, I wanted test to dev": a wish put right, not a tale.
            let said = |token: &&mut Token| !matches!(token.kind, Kind::Pause(_));
            if let Some(wish) = tokens.iter_mut().skip(first).find(said)
                && wish.is(Role::Statement)
            {
                wish.roles = RoleSet::of(&[Role::Correction]);
            }
            continue;
        }
        if let Some((act, but)) = contrasted_sides(tokens, first) {
            // The verb stays with the sides that are said behind.
            dropped.extend(tokens.drain(act + 1..=but));
            dropped.extend(tokens.drain(first..act));
            continue;
        }
        if let Some((start, end)) = contrasted_act(tokens, first) {
            dropped.extend(tokens.drain(start..end));
            ask_for(tokens, start);
            first = start;
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

/// "nicht test auf dev wiederherstellen, sondern dev auf test": where the verb stands whose sides are
/// denied, and the word that brings the others.
fn contrasted_sides(tokens: &[Token], first: usize) -> Option<(usize, usize)> {
    let denies = RoleSet::of(&[Role::Negation, Role::Contrast]);
    if !tokens.get(first)?.is_any(denies) {
        return None;
    }
    let rest = tokens.get(first + 1..)?;
    let ends = rest
        .iter()
        .position(|token| token.kind == Kind::Stop)
        .unwrap_or(rest.len());
    let but = rest.iter().take(ends).position(|token| token.is(Role::But))?;
    let (denied, instead) = (rest.get(..but)?, rest.get(but + 1..ends)?);
    let names = |tokens: &[Token]| {
        tokens
            .iter()
            .filter(|token| matches!(token.kind, Kind::Environment(_)))
            .count()
    };
    let acts = |tokens: &[Token]| tokens.iter().filter(|token| token.is_any(ACTS)).count();
    let act = denied
        .iter()
        .position(|token| token.is_any(RESTORES.union(MIGRATES)) || token.is(Role::BackupDo))?;
    let turns = names(denied) == 2 && names(instead) == 2 && acts(denied) == 1 && acts(instead) == 0;
    // "nicht prod sichern, sondern test": one name in the other's place, marked as it is.
    let one = names(denied) == 1 && names(instead) == 1 && acts(denied) == 1 && acts(instead) == 0;
    let turns = turns || one && only_names(instead) && marks(denied) == marks(instead);
    turns.then_some((first + 1 + act, first + 1 + but))
}

const SIDES: RoleSet = RoleSet::of(&[
    Role::FromBefore,
    Role::FromAfter,
    Role::ToBefore,
    Role::ToAfter,
    Role::WithBefore,
    Role::WithAfter,
    Role::OnBefore,
    Role::OnAfter,
    Role::Of,
    Role::Possessive,
]);

/// Whether nothing but names and their marks is said.
fn only_names(tokens: &[Token]) -> bool {
    const REST: RoleSet = SMALL.union(SIDES).union(RoleSet::of(&[
        Role::NounEnvironment,
        Role::ObjectBefore,
        Role::ObjectAfter,
    ]));
    tokens
        .iter()
        .all(|token| matches!(token.kind, Kind::Environment(_)) || token.is_any(REST))
}

/// The marks of sides among these words.
fn marks(tokens: &[Token]) -> Vec<RoleSet> {
    let marks = tokens.iter().filter(|token| token.is_any(SIDES));
    marks.map(|token| token.roles).collect()
}

const RESTORES: RoleSet = RoleSet::of(&[Role::RestoreDo, Role::RestoreName]);
const MIGRATES: RoleSet = RoleSet::of(&[Role::MigrateDo, Role::MigrateName]);

/// "not a restore but a migration", "移行じゃなくて復元": where the method begins and ends that another
/// behind it takes the place of.
fn contrasted_act(tokens: &[Token], place: usize) -> Option<(usize, usize)> {
    let token = tokens.get(place)?;
    let other = |one: &Token, two: &Token| {
        one.is_any(RESTORES) && two.is_any(MIGRATES) || one.is_any(MIGRATES) && two.is_any(RESTORES)
    };
    let small =
        |token: &&Token| token.is_any(SMALL) || matches!(token.kind, Kind::Pause(_)) || token.is(Role::But);
    if token.is(Role::ContrastEnd) {
        let start = place.checked_sub(1)?;
        let next = tokens.iter().skip(place + 1).find(|token| !small(token))?;
        return other(tokens.get(start)?, next).then_some((start, place + 1));
    }
    let denied = place
        + 1
        + tokens
            .iter()
            .skip(place + 1)
            .take_while(|token| token.is_any(SMALL))
            .count();
    let gap = tokens.iter().skip(denied + 1).take_while(small).count();
    let next = tokens.get(denied + 1 + gap)?;
    let parted = tokens
        .iter()
        .skip(denied + 1)
        .take(gap)
        .any(|token| token.is(Role::But) || matches!(token.kind, Kind::Pause(_)));
    (token.is(Role::Contrast) && parted && other(tokens.get(denied)?, next))
        .then_some((place, denied + 1 + gap))
}

/// Makes a request of the method that takes another's place.
fn ask_for(tokens: &mut [Token], from: usize) {
    for token in tokens.iter_mut().skip(from) {
        if let Some((_, asked)) = [(RESTORES, Role::RestoreDo), (MIGRATES, Role::MigrateDo)]
            .into_iter()
            .find(|(roles, _)| token.is_any(*roles))
        {
            token.roles = RoleSet::of(&[asked]);
            return;
        }
    }
}

/// "不是dev还原到test,是把test还原到dev": how long the whole clause is that a correction behind its
/// pause takes the place of.
fn contrasted_clause(tokens: &[Token], first: usize, length: usize) -> Option<usize> {
    let acts = |tokens: &[Token]| tokens.iter().any(|token| token.is_any(ACTS));
    let rest = tokens.get(first + length..)?;
    // "dev迁移到test,不是test迁移到dev": the other way round is denied with its verb.
    let sentence = tokens
        .get(..first)?
        .rsplit(|token| token.kind == Kind::Stop)
        .next()?;
    let ends = rest
        .iter()
        .position(|token| matches!(token.kind, Kind::Pause(_) | Kind::Stop))
        .unwrap_or(rest.len());
    let denied = rest.get(..ends)?;
    let paused = sentence
        .last()
        .is_some_and(|token| matches!(token.kind, Kind::Pause(_)));
    let last = rest
        .get(ends..)?
        .iter()
        .take_while(|token| token.kind != Kind::Stop)
        .all(|token| token.is_any(SMALL) || matches!(token.kind, Kind::Pause(_)));
    let plain = tokens.get(first).is_some_and(|token| !token.is(Role::Negation));
    if plain && paused && acts(sentence) && acts(denied) && last {
        return Some(length + ends);
    }
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
    let sentence = before
        .rsplit(|token| token.kind == Kind::Stop)
        .next()
        .unwrap_or(&[]);
    // "dev to test, not test to dev" tells the two directions apart.
    let said: Vec<Kind> = names(sentence);
    let turned = denied.len() == 2 && said.iter().rev().take(2).eq(denied.iter());
    // "to prod — sorry, to test, not prod": it was taken back already.
    let last = sentence.iter().rposition(|token| denied.contains(&token.kind));
    let put_right = last.is_some_and(|last| {
        let since = sentence.get(last + 1..).unwrap_or(&[]);
        let corrected = since.iter().position(|token| token.is(Role::Correction));
        corrected.is_some_and(|place| !names(since.get(place..).unwrap_or(&[])).is_empty())
    });
    behind.is_empty()
        && !turned
        && !put_right
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
        Role::Of,
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
                    Role::ConsentTag,
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
