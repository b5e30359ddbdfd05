//! The verb that decides, where a method says more than the verb: "publish dev's backup", "sync only
//! the structure".

use crate::act::{Act, Form, Verb};
use crate::clause::Clause;
use crate::frame::{Frame, Pack};
use crate::intent::{Action, RuleRef, Slot, UserMethod};
use crate::mention::{Mention, Side, Who};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// The verb that decides, where a method says more than the verb: "publish dev's backup",
/// "sync only the structure".
pub(crate) fn choose_verb(clause: &Clause, acts: &[Act], mentions: &[Mention], frame: &mut Frame) -> Verb {
    let main = acts.first().map_or(Verb::Help, |act| act.verb);
    let has = |verb: Verb| acts.iter().any(|act| act.verb == verb);
    let methods = matches!(frame.rule, Some(RuleRef::Id { .. } | RuleRef::Methods { .. }));
    match main {
        // "roll test back to the latest backup" names what to restore.
        Verb::Undo
            if matches!(frame.package, Pack::Named(..))
                || (frame.package == Pack::Unclear || frame.some_package)
                    && clause.has_any(RoleSet::of(&[Role::ToBefore, Role::ToAfter])) =>
        {
            frame.rule_name = "back_to_a_package";
            Verb::Restore
        }
        // Only a restore or a migration can be undone, and neither twice.
        Verb::Undo if !undoes_a_run(clause, acts) => {
            frame.ask(Slot::Action);
            frame.rule_name = "cannot_be_undone";
            Verb::Undo
        }
        // "復原上一次的還原": what is put back is a run.
        Verb::Restore if restores_a_run(clause, acts) => {
            frame.rule_name = "puts_a_run_back";
            Verb::Undo
        }
        Verb::Restore if has(Verb::Migrate) => {
            frame.ask(Slot::Action);
            frame.rule_name = "two_methods";
            Verb::Transfer
        }
        // A restore brings the data along in any case.
        Verb::Restore if only_overwrites(frame) => {
            frame.rule = None;
            Verb::Restore
        }
        Verb::Restore if methods => {
            frame.ask(Slot::Action);
            frame.rule_name = "restore_has_no_rule";
            Verb::Transfer
        }
        Verb::Overwrite | Verb::Transfer if methods => {
            frame.rule_name = "rule_means_migration";
            Verb::Migrate
        }
        // "pull prod down onto dev with a restore"
        Verb::Download if restores_with(clause, acts) && goes_to_a_name(mentions) => {
            frame.rule_name = "by_a_restore";
            Verb::Restore
        }
        Verb::Transfer if fetches(clause, mentions, frame) => {
            frame.rule_name = "fetched";
            Verb::Download
        }
        Verb::Overwrite if overwritten_with_a_backup(clause) && frame.package != Pack::Unclear => {
            frame.rule_name = "backup_means_restore";
            Verb::Restore
        }
        // "get the backup of prod poured into staging": what is got is what is moved.
        Verb::Transfer if got_and_moved(clause, acts, mentions) => {
            frame.rule_name = "backup_means_restore";
            Verb::Restore
        }
        Verb::Transfer | Verb::Overwrite if owned_package(clause, frame) => {
            frame.rule_name = "backup_means_restore";
            Verb::Restore
        }
        verb => verb,
    }
}

/// Whether what is undone is not an undo itself, and not a backup.
fn undoes_a_run(clause: &Clause, acts: &[Act]) -> bool {
    let undoing = |act: &&Act| act.verb == Verb::Undo && act.form != Form::Name;
    let again = acts.iter().filter(undoing).count() > 1;
    let run = acts
        .iter()
        .any(|act| matches!(act.verb, Verb::Restore | Verb::Migrate | Verb::Transfer));
    let backup = clause.has_any(RoleSet::of(&[
        Role::NounPackage,
        Role::BackupName,
        Role::BackupDo,
    ]));
    let other = clause.has_any(RoleSet::of(&[
        Role::RemoveDo,
        Role::DownloadDo,
        Role::NounRule,
        Role::NounRules,
    ]));
    !again && (run || !backup) && !other
}

/// Whether the object is the last run: "the last restore", with no place to go to.
fn restores_a_run(clause: &Clause, acts: &[Act]) -> bool {
    const RUNS: RoleSet = RoleSet::of(&[
        Role::RestoreDo,
        Role::RestoreName,
        Role::MigrateDo,
        Role::MigrateName,
    ]);
    let main = acts.first().map_or(0, |act| act.place);
    let goes = clause.has_any(RoleSet::of(&[
        Role::ToBefore,
        Role::ToAfter,
        Role::FromBefore,
        Role::FromAfter,
    ]));
    let run = clause
        .tokens
        .iter()
        .enumerate()
        .skip(main + 1)
        .find(|(_, token)| token.is_any(RUNS));
    let latest = run.and_then(|(place, _)| {
        clause
            .tokens
            .get(..place)?
            .iter()
            .rev()
            .find(|token| !token.is(Role::Possessive))
    });
    !goes && latest.is_some_and(|before| before.is(Role::Latest))
}

/// Whether a backup is made or got before the verb that moves it to a name.
fn got_and_moved(clause: &Clause, acts: &[Act], mentions: &[Mention]) -> bool {
    let place = |verb: Verb| acts.iter().find(|act| act.verb == verb).map(|act| act.place);
    let ordered =
        matches!((place(Verb::Backup), place(Verb::Transfer)), (Some(got), Some(moved)) if got < moved);
    ordered && goes_to_a_name(mentions) && !clause.has(Role::Then)
}

fn only_overwrites(frame: &Frame) -> bool {
    matches!(
        frame.rule,
        Some(RuleRef::Methods {
            user: Some(UserMethod::Overwrite),
            system: None
        })
    )
}

/// Whether the thing moved is a backup: "dev's backup", "the latest backup".
fn owned_package(clause: &Clause, frame: &Frame) -> bool {
    let noun = |token: &Token| token.is_any(RoleSet::of(&[Role::NounPackage, Role::NounPackages]));
    let with_noun = clause.tokens.iter().enumerate().any(|(place, token)| {
        noun(token)
            && place
                .checked_sub(1)
                .and_then(|before| clause.tokens.get(before))
                .is_none_or(|before| !before.is(Role::WithBefore))
    });
    // "put yesterday's backup of prod on test": a backup as well, though it must be asked which.
    with_noun && (frame.package != Pack::Unclear || clause.has(Role::TimePast))
}

/// "Pull the latest backup of prod down to my machine": a package that goes to no environment.
fn fetches(clause: &Clause, mentions: &[Mention], frame: &Frame) -> bool {
    // "kopier das Backup auf prod auf meinen Rechner": of two places the first is where it is.
    let lies = |mention: &Mention| {
        mention
            .place
            .checked_sub(1)
            .and_then(|before| clause.tokens.get(before))
            .is_some_and(|mark| mark.is(Role::OnBefore) || mark.is(Role::OnAfter))
    };
    clause.has(Role::Local)
        && mentions
            .iter()
            .filter(|mention| goes_to_a_name(std::slice::from_ref(*mention)))
            .all(lies)
        && (matches!(frame.package, Pack::Named(..))
            || clause.has_any(RoleSet::of(&[Role::NounPackage, Role::NounPackages])))
}

/// Whether an environment is where to something goes.
fn goes_to_a_name(mentions: &[Mention]) -> bool {
    mentions
        .iter()
        .any(|mention| mention.side == Side::To && mention.who != Who::There)
}

/// Whether a restore is named as the means.
fn restores_with(clause: &Clause, acts: &[Act]) -> bool {
    let with = |place: usize| {
        place
            .checked_sub(1)
            .and_then(|before| clause.tokens.get(before))
            .is_some_and(|before| before.is(Role::WithBefore))
    };
    acts.iter()
        .any(|act| act.verb == Verb::Restore && with(act.place))
}

/// "Overwrite test with the backup of dev": behind what it is done with stands whose it is.
fn overwritten_with_a_backup(clause: &Clause) -> bool {
    const MINOR: RoleSet = RoleSet::of(&[
        Role::Determiner,
        Role::Filler,
        Role::Latest,
        Role::NounEnvironment,
        Role::Of,
        Role::FromBefore,
        Role::OnBefore,
        Role::Possessive,
    ]);
    let mut rest = clause.tokens.iter().peekable();
    while let Some(token) = rest.next() {
        let with = token.is(Role::WithBefore)
            && rest
                .peek()
                .is_some_and(|next| next.is_any(RoleSet::of(&[Role::NounPackage, Role::NounPackages])));
        if with {
            return rest
                .skip(1)
                .find(|next| !next.is_any(MINOR))
                .is_some_and(|name| matches!(name.kind, Kind::Environment(_)));
        }
    }
    false
}

pub(crate) fn listed(clause: &Clause) -> Action {
    const RUNS: RoleSet = RoleSet::of(&[
        Role::NounMigrations,
        Role::MigrateName,
        Role::RestoreName,
        Role::TransferName,
    ]);
    const PAST: RoleSet = RoleSet::of(&[Role::Past, Role::TimePast]);
    // "which migrations were there last month"
    if clause.has_any(RUNS)
        && clause.has_any(PAST)
        && !clause.has_any(RoleSet::of(&[Role::NounPackages, Role::NounPackage]))
    {
        return Action::History;
    }
    if clause.has_any(RoleSet::of(&[Role::NounRules, Role::NounRule])) {
        Action::ListRules
    } else if clause.has(Role::NounMigrations) {
        Action::ListMigrations
    } else if clause.has_any(RoleSet::of(&[
        Role::NounPackages,
        Role::NounPackage,
        Role::BackupName,
    ])) {
        if clause.has(Role::MigrateName) {
            Action::ListMigrations
        } else {
            Action::ListBackups
        }
    } else if clause.has(Role::MigrateName) {
        Action::ListMigrations
    } else {
        Action::ListEnvs
    }
}
