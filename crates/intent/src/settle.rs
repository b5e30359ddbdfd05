//! Settles words that could be two things: a name that is also a word, "backup" the thing and
//! "back up" the deed.

use crate::clause::{ACTS, SMALL};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Takes the verb's roles from "backup" where it is a thing: a package's name follows, or a marker
/// stands before it ("use backup x.nbdata", "with backup").
pub(crate) fn settle_things(tokens: &mut [Token]) {
    const ACTING: RoleSet = RoleSet::of(&[Role::BackupDo, Role::BackupName, Role::BackupDone]);
    const MARKS: RoleSet = RoleSet::of(&[
        Role::WithBefore,
        Role::FromBefore,
        Role::Named,
        Role::Latest,
        Role::Vague,
        Role::TimePast,
    ]);
    const DATED: RoleSet = RoleSet::of(&[Role::Latest, Role::Vague, Role::TimePast]);
    const TAKES: RoleSet = RoleSet::of(&[
        Role::RestoreDo,
        Role::TransferDo,
        Role::OverwriteDo,
        Role::DownloadDo,
        Role::RemoveDo,
    ]);
    const LISTS: RoleSet = RoleSet::of(&[Role::Possessive, Role::ListDo, Role::All, Role::Filler]);
    const ENDS: RoleSet = RoleSet::of(&[Role::Filler, Role::Tag, Role::Polite]);
    for place in 0..tokens.len() {
        let before = place
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .copied();
        let named = tokens
            .get(place + 1)
            .is_some_and(|next| next.kind == Kind::Package);
        let marked = before.is_some_and(|before| {
            before.is_any(MARKS) && !before.is(Role::LightDo) || before.kind == Kind::Package
        });
        // "the latest prod snapshot", "backup terbaru"
        let earlier = place.checked_sub(2).and_then(|earlier| tokens.get(earlier));
        let owned = before.is_some_and(|before| matches!(before.kind, Kind::Environment(_)))
            && earlier.is_some_and(|earlier| earlier.is_any(DATED));
        let dated = tokens.get(place + 1).is_some_and(|next| next.is(Role::Latest));
        let marked = marked || owned;
        let is_used = used(tokens.get(..place).unwrap_or(&[]));
        // "列出dev的迁移": what is listed is no deed.
        let listed = before.is_some_and(|before| before.is_any(LISTS))
            && tokens
                .get(place + 1)
                .is_none_or(|next| next.kind == Kind::Stop || next.is_any(ENDS))
            && tokens.iter().take(place).any(|token| token.is(Role::ListDo));
        // "trae la última copia": behind another verb it is a thing.
        let copied = before.is_some_and(|before| before.is(Role::Latest))
            && tokens.iter().take(place).any(|token| token.is_any(TAKES));
        let Some(token) = tokens.get_mut(place) else { break };
        if copied && token.is(Role::TransferDo) && !token.is(Role::TransferName) {
            token.roles = RoleSet::of(&[Role::NounPackage]);
        }
        if token.is(Role::MigrateDo) && listed {
            token.roles = RoleSet::of(&[Role::NounMigrations]);
        }
        if token.is(Role::NounPackage) && (named || marked || is_used || dated && place > 0) {
            token.roles = token.roles.without(ACTING);
        } else if token.is(Role::BackupDo) && dated && !token.is(Role::NounPackage) {
            // "ambil backup terbaru": what is there already is taken.
            token.roles = RoleSet::of(&[Role::TransferDo, Role::NounPackage]);
        }
    }
}

/// Whether what stands before a noun says that it is used: "with dev's latest …".
fn used(before: &[Token]) -> bool {
    const OWNER: RoleSet = RoleSet::of(&[
        Role::Possessive,
        Role::Latest,
        Role::Fresh,
        Role::Vague,
        Role::NounEnvironment,
        Role::OnAfter,
        Role::Filler,
        Role::Determiner,
        Role::Current,
    ]);
    before
        .iter()
        .rev()
        .find(|token| !token.is_any(OWNER) && !matches!(token.kind, Kind::Environment(_)))
        .is_some_and(|token| token.is(Role::WithBefore) && !token.is(Role::LightDo))
}

/// Decides for each name that is also a word which of the two it is here.
pub(crate) fn settle_names(tokens: &mut [Token]) {
    const MINOR: RoleSet = RoleSet::of(&[
        Role::Latest,
        Role::Fresh,
        Role::Vague,
        Role::Current,
        Role::Filler,
        Role::Determiner,
        Role::Polite,
    ]);
    const PACKAGES: RoleSet = RoleSet::of(&[Role::NounPackage, Role::NounPackages]);
    const HOLDERS: RoleSet = RoleSet::of(&[Role::NounEnvironment, Role::NounContent]);
    const DO: RoleSet = RoleSet::of(&[
        Role::RestoreDo,
        Role::MigrateDo,
        Role::BackupDo,
        Role::TransferDo,
        Role::OverwriteDo,
        Role::ListDo,
        Role::DownloadDo,
        Role::RemoveDo,
        Role::CheckDo,
        Role::UndoDo,
        Role::StatusDo,
        Role::HistoryDo,
    ]);
    // A verb that opens a clause has none of these behind it, a name has.
    const BEHIND_NAMES: RoleSet = RoleSet::of(&[
        Role::ToBefore,
        Role::FromBefore,
        Role::FromAfter,
        Role::ToAfter,
        Role::OnAfter,
        Role::WithAfter,
        Role::ObjectAfter,
        Role::Possessive,
    ]);
    let mut act_seen = false;
    let mut restores = false;
    for place in 0..tokens.len() {
        let Some(token) = tokens.get(place).copied() else {
            break;
        };
        if token.kind == Kind::Stop || token.is(Role::Then) {
            act_seen = false;
            restores = false;
        }
        act_seen |= token.is_any(DO);
        restores |= token.is(Role::RestoreDo);
        if !matches!(token.kind, Kind::Environment(_) | Kind::Disputed) || token.roles.is_empty() {
            continue;
        }
        let before = place
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .copied();
        let after = tokens.get(place + 1).copied();
        let before_is = |roles: RoleSet| before.is_some_and(|before| before.is_any(roles));
        let after_is = |roles: RoleSet| after.is_some_and(|after| after.is_any(roles));
        let first = tokens
            .get(..place)
            .unwrap_or(&[])
            .iter()
            .rev()
            .take_while(|earlier| earlier.kind != Kind::Stop && !earlier.is(Role::Then))
            .all(|earlier| {
                earlier.is_any(SMALL.union(RoleSet::of(&[Role::Request])))
                    || matches!(earlier.kind, Kind::Pause(_))
            });
        let name_follows =
            after.is_some_and(|after| matches!(after.kind, Kind::Environment(_) | Kind::Disputed));
        let mut word = false;
        let mut doubtful = false;
        if token.roles.meets(PACKAGES) {
            word |= before_is(RoleSet::of(&[
                Role::Possessive,
                Role::Latest,
                Role::Fresh,
                Role::Vague,
            ])) || before.is_some_and(|before| before.kind == Kind::Package)
                || after.is_some_and(|after| matches!(after.kind, Kind::Package | Kind::Number))
                || after_is(RoleSet::of(&[Role::Of, Role::Named, Role::FromBefore]));
            // "restore the backup": names have no article.
            let article = before_is(RoleSet::of(&[Role::Determiner]));
            let led = place
                .checked_sub(2)
                .and_then(|led| tokens.get(led))
                .is_some_and(|led| led.is(Role::ToBefore));
            word |= article && restores && !led;
            // "restore live from backup" may name no environment at all.
            doubtful |= article || before_is(RoleSet::of(&[Role::WithBefore, Role::FromBefore]));
        }
        if token.roles.meets(DO) && !act_seen && first {
            // "検証環境を": what kind of thing it is stands before what marks it.
            let behind = tokens
                .iter()
                .skip(place + 1)
                .find(|behind| !behind.is(Role::NounEnvironment));
            // "검증 백업본을 … 복원": whose copy it is, where another verb follows.
            let owns = behind.is_some_and(|behind| behind.is_any(PACKAGES))
                && tokens
                    .iter()
                    .skip(place + 1)
                    .any(|later| later.is_any(DO) && !later.is_any(PACKAGES));
            let verb = behind.is_none_or(|behind| !behind.is_any(BEHIND_NAMES)) && !owns;
            word |= name_follows || verb;
        }
        if token.roles.meets(MINOR) {
            word |= after_is(PACKAGES.union(HOLDERS)) || name_follows;
        }
        if token.roles.meets(HOLDERS) {
            word |= before_is(RoleSet::of(&[Role::Possessive, Role::Current]))
                || before.is_some_and(|before| matches!(before.kind, Kind::Environment(_)));
        }
        let small = ACTS
            .union(PACKAGES)
            .union(MINOR)
            .union(HOLDERS)
            .union(RoleSet::of(&[Role::LightDo, Role::PublishDo]));
        let led = before_is(RoleSet::of(&[Role::ToBefore, Role::FromBefore]));
        // "restaure avant sur après": a verb before it, a marked name behind it.
        let marked = after_is(RoleSet::of(&[Role::ToBefore, Role::FromBefore]))
            && before_is(DO)
            && tokens
                .get(place + 2)
                .is_some_and(|name| matches!(name.kind, Kind::Environment(_)));
        doubtful |= !led && !marked && !token.roles.without(small).is_empty();
        if let Some(token) = tokens.get_mut(place) {
            if word {
                token.kind = Kind::Word;
                act_seen |= token.roles.meets(DO);
            } else {
                token.doubtful = doubtful;
            }
        }
    }
}

/// "Put test back to the state before the migration" asks for an undo: takes what names that state
/// for the verb.
pub(crate) fn settle_undo(tokens: &mut [Token]) {
    const RUNS: RoleSet = RoleSet::of(&[
        Role::RestoreDo,
        Role::RestoreName,
        Role::MigrateDo,
        Role::MigrateName,
        Role::TransferDo,
        Role::TransferName,
    ]);
    const BRINGS: RoleSet = RoleSet::of(&[
        Role::RestoreDo,
        Role::OverwriteDo,
        Role::TransferDo,
        Role::UndoDo,
        Role::LightDo,
    ]);
    const STATES: RoleSet = RoleSet::of(&[
        Role::NounState,
        Role::StatusDo,
        Role::LikeBefore,
        Role::How,
        Role::Past,
        Role::Vague,
    ]);
    const MINOR: RoleSet = SMALL.union(RoleSet::of(&[
        Role::Latest,
        Role::Of,
        Role::Possessive,
        Role::Vague,
    ]));
    const PARTS: fn(&Token) -> bool = |token| matches!(token.kind, Kind::Stop | Kind::Pause(_));
    let names = |token: &&Token| matches!(token.kind, Kind::Environment(_) | Kind::Package | Kind::Disputed);
    let mut start = 0;
    while start < tokens.len() {
        let length = tokens
            .iter()
            .skip(start)
            .take_while(|token| !PARTS(token))
            .count();
        let clause = tokens.get(start..start + length).unwrap_or(&[]);
        if let Some((first, last)) = state_before(clause, RUNS, MINOR)
            && let Some(outside) = clause.get(..first).zip(clause.get(last + 1..))
            && outside.0.iter().chain(outside.1).filter(names).count() < 2
            && outside
                .0
                .iter()
                .chain(outside.1)
                .any(|token| token.is_any(BRINGS))
            && !outside
                .0
                .iter()
                .chain(outside.1)
                .any(|token| token.is_any(RoleSet::of(&[Role::BackupDo, Role::CheckDo])))
            && clause
                .iter()
                .any(|token| token.is_any(STATES.union(RoleSet::of(&[Role::UndoDo]))))
        {
            let place = start + first;
            for (at, token) in tokens.iter_mut().enumerate().skip(start).take(length) {
                let within = at >= place && at <= start + last;
                if within || token.is_any(STATES.union(RoleSet::of(&[Role::RestoreDo, Role::OverwriteDo]))) {
                    token.roles = if at == place {
                        RoleSet::of(&[Role::UndoName])
                    } else {
                        RoleSet::of(&[Role::Filler])
                    };
                }
            }
        }
        start += length + 1;
    }
}

/// Where a clause speaks of the time before a run: "before the last restore", "迁移前".
fn state_before(clause: &[Token], runs: RoleSet, minor: RoleSet) -> Option<(usize, usize)> {
    const BEFORE: RoleSet = RoleSet::of(&[Role::TimeBefore, Role::TimeBeforeEnd]);
    let before = clause.iter().position(|token| token.is_any(BEFORE))?;
    let ahead = clause
        .iter()
        .enumerate()
        .skip(before + 1)
        .find(|(_, token)| !token.is_any(minor));
    if let Some((run, token)) = ahead
        && token.is_any(runs)
    {
        return Some((before, run));
    }
    let run = before.checked_sub(1)?;
    clause
        .get(run)
        .filter(|token| token.is_any(runs))
        .map(|_| (run, before))
}
