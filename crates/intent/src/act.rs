//! Finds the word that says what a clause is about, and settles names that are also words.
//!
//! Whether the clause asks for it, denies it or tells of it is left to `mood`.

use crate::clause::{ACTS, Clause, SMALL};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// What a clause's main word is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Restore,
    Migrate,
    Backup,
    Transfer,
    Overwrite,
    List,
    Download,
    Remove,
    Check,
    Status,
    History,
    Undo,
    Help,
}

/// The form a verb stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Imperative or infinitive.
    Do,
    /// Noun or gerund.
    Name,
    /// Participle or past.
    Done,
}

/// A clause's main word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(crate) verb: Verb,
    pub(crate) form: Form,
    /// Which token of the clause it is.
    pub(crate) place: usize,
}

/// Verbs with the roles of their forms; where several stand in a clause the earlier row wins,
/// because it is the one that speaks of the other ("undo the last restore").
const VERBS: &[(Verb, Role, Option<Role>, Option<Role>)] = &[
    (Verb::Help, Role::HelpDo, None, None),
    (Verb::Undo, Role::UndoDo, None, Some(Role::UndoDone)),
    (Verb::History, Role::HistoryDo, None, None),
    (Verb::Status, Role::StatusDo, None, None),
    (Verb::Check, Role::CheckDo, None, None),
    (Verb::List, Role::ListDo, None, None),
    (Verb::Download, Role::DownloadDo, None, None),
    (Verb::Remove, Role::RemoveDo, None, Some(Role::RemoveDone)),
    (
        Verb::Restore,
        Role::RestoreDo,
        Some(Role::RestoreName),
        Some(Role::RestoreDone),
    ),
    (
        Verb::Migrate,
        Role::MigrateDo,
        Some(Role::MigrateName),
        Some(Role::MigrateDone),
    ),
    (
        Verb::Overwrite,
        Role::OverwriteDo,
        None,
        Some(Role::OverwriteDone),
    ),
    (
        Verb::Transfer,
        Role::TransferDo,
        Some(Role::TransferName),
        Some(Role::TransferDone),
    ),
    (
        Verb::Backup,
        Role::BackupDo,
        Some(Role::BackupName),
        Some(Role::BackupDone),
    ),
];

/// Things that are listed.
pub(crate) const LISTED: RoleSet = RoleSet::of(&[
    Role::NounPackage,
    Role::NounPackages,
    Role::NounMigrations,
    Role::NounRule,
    Role::NounRules,
    Role::NounEnvironment,
    Role::NounEnvironments,
    Role::BackupName,
    Role::MigrateName,
]);

/// Words before a verb's form that make a noun of it.
pub(crate) const BEFORE_NOUN: RoleSet = RoleSet::of(&[
    Role::Determiner,
    Role::Possessive,
    Role::Latest,
    Role::Fresh,
    Role::Vague,
]);

/// The clause's acts, the main one first.
pub(crate) fn acts(clause: &Clause) -> Vec<Act> {
    let mut found = Vec::new();
    let listed = clause.has_any(LISTED);
    for (verb, acting, naming, ended) in VERBS {
        for (place, token) in clause.tokens.iter().enumerate() {
            let is = |role: Option<Role>| role.is_some_and(|role| token.is(role));
            let before = place.checked_sub(1).and_then(|before| clause.tokens.get(before));
            let after = clause.tokens.get(place + 1);
            let noun_here = is(*naming)
                && (before.is_some_and(|before| before.is_any(BEFORE_NOUN))
                    || after.is_some_and(|after| after.is(Role::Of))
                        && !(token.is(*acting) && goes_from_to(clause, place)));
            let form = if noun_here {
                Form::Name
            } else if token.is(*acting) {
                Form::Do
            } else if is(*naming) {
                Form::Name
            } else if is(*ended) {
                Form::Done
            } else {
                continue;
            };
            // "show" without anything to list is about something else, and so is a "which" behind
            // another verb; "the state of dev" is a thing where another verb rules.
            if *verb == Verb::List && (!listed || acted_before(clause, place))
                || token.is(Role::NounState)
                    && (acted_before(clause, place) || after.is_some_and(|after| after.is(Role::ToAfter)))
            {
                continue;
            }
            found.push(Act {
                verb: *verb,
                form,
                place,
            });
        }
    }
    // Of one verb the form that asks stands for the others.
    if let Some(main) = found.first().map(|act: &Act| act.verb)
        && let Some(asking) = found
            .iter()
            .position(|act| act.verb == main && act.form == Form::Do)
    {
        found.swap(0, asking);
    }
    if found.is_empty() {
        found.extend(implied(clause, listed));
    }
    found
}

/// "restore de dev a test": the word behind the verb says from where, and another where to.
fn goes_from_to(clause: &Clause, place: usize) -> bool {
    let mut behind = clause.tokens.iter().skip(place + 1);
    behind.next().is_some_and(|next| next.is(Role::FromBefore))
        && behind.any(|token| token.is(Role::ToBefore))
}

/// Acts that no verb names: "make test look like dev", "any rules on dev?".
fn implied(clause: &Clause, listed: bool) -> Option<Act> {
    const PLURALS: RoleSet = RoleSet::of(&[
        Role::NounPackages,
        Role::NounMigrations,
        Role::NounRules,
        Role::NounEnvironments,
    ]);
    if clause.has(Role::LikeBefore)
        && let Some(place) = clause.tokens.iter().position(|token| token.is(Role::LightDo))
    {
        return Some(Act {
            verb: Verb::Overwrite,
            form: Form::Do,
            place,
        });
    }
    // A request for the structure alone has one method.
    if clause.has_any(RoleSet::of(&[Role::ToBefore, Role::ToAfter]))
        && clause.has_kind(|kind| matches!(kind, Kind::Environment(_)))
        && let Some(place) = clause.tokens.iter().position(|token| token.is(Role::SchemaOnly))
    {
        return Some(Act {
            verb: Verb::Migrate,
            form: Form::Do,
            place,
        });
    }
    let told = clause.has_any(RoleSet::of(&[Role::Narrates, Role::Statement])) && !clause.asks;
    let understood = clause.tokens.iter().all(|token| token.kind != Kind::Unknown);
    let place = clause.tokens.iter().position(|token| token.is_any(PLURALS))?;
    (listed_alone(clause) && listed && !told && understood).then_some(Act {
        verb: Verb::List,
        form: Form::Do,
        place,
    })
}

/// Whether nothing else is done with the things that are listed.
fn listed_alone(clause: &Clause) -> bool {
    !clause.has_any(RoleSet::of(&[Role::LightDo, Role::Touch, Role::Negation]))
}

/// Whether a verb that changes something stands before `place`.
fn acted_before(clause: &Clause, place: usize) -> bool {
    clause.tokens.iter().take(place).any(|token| {
        token.is_any(RoleSet::of(&[
            Role::RestoreDo,
            Role::MigrateDo,
            Role::TransferDo,
            Role::OverwriteDo,
            Role::RemoveDo,
            Role::DownloadDo,
            Role::UndoDo,
        ]))
    })
}

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
        let is_used = used(tokens.get(..place).unwrap_or(&[]));
        if let Some(token) = tokens.get_mut(place)
            && token.is(Role::NounPackage)
            && (named || marked || is_used)
        {
            token.roles = token.roles.without(ACTING);
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
            word |= name_follows || behind.is_none_or(|behind| !behind.is_any(BEHIND_NAMES));
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
            .union(RoleSet::of(&[Role::LightDo]));
        doubtful |= !token.roles.without(small).is_empty();
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
