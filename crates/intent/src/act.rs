//! Finds the word that says what a clause is about.
//!
//! Whether the clause asks for it, denies it or tells of it is left to `mood`.

use crate::clause::{Clause, SMALL};
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
    (
        Verb::Undo,
        Role::UndoDo,
        Some(Role::UndoName),
        Some(Role::UndoDone),
    ),
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
    Role::Of,
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
            // "it went wrong with the restore"
            let used = |before: &Token| before.is(Role::WithBefore) && !before.is(Role::LightDo);
            // "that release is rubbish"
            let pointed = before.is_some_and(|before| before.is(Role::Pronoun))
                && after.is_some_and(|after| after.is_any(RoleSet::of(&[Role::Narrates, Role::Opener])));
            let noun_here = is(*naming)
                && (pointed
                    || before.is_some_and(|before| before.is_any(BEFORE_NOUN) || used(before))
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
    let position = |role: Role| clause.tokens.iter().position(|token| token.is(role));
    if clause.has(Role::LikeBefore)
        && let Some(place) = position(Role::LightDo).or_else(|| position(Role::Want))
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
    // "dev to test with rule 3": a rule is a migration's.
    if !clause.asks
        && !clause.has_any(RoleSet::of(&[
            Role::Negation,
            Role::Contrast,
            Role::Narrates,
            Role::NounRules,
        ]))
        && clause.has_any(RoleSet::of(&[Role::ToBefore, Role::ToAfter]))
        && clause
            .tokens
            .iter()
            .filter(|token| matches!(token.kind, Kind::Environment(_)))
            .count()
            == 2
        && let Some(place) = position(Role::NounRule)
    {
        return Some(Act {
            verb: Verb::Migrate,
            form: Form::Do,
            place,
        });
    }
    // "still running?"
    const STANDS: RoleSet = SMALL.union(RoleSet::of(&[
        Role::StatusWord,
        Role::Opener,
        Role::Pronoun,
        Role::Tag,
        Role::NounOperation,
    ]));
    if (clause.asks || clause.has(Role::Tag))
        && clause.tokens.iter().all(|token| token.is_any(STANDS))
        && let Some(place) = position(Role::StatusWord)
    {
        return Some(Act {
            verb: Verb::Status,
            form: Form::Do,
            place,
        });
    }
    // "a fresh dump of dev, please"
    let listing = clause.has_any(RoleSet::of(&[Role::NounPackages, Role::QuestionWord]));
    if clause.has(Role::Fresh)
        && !listing
        && !clause.has_any(RoleSet::of(&[Role::ToBefore, Role::ToAfter, Role::Negation]))
        && let Some(place) = position(Role::NounPackage)
        && clause
            .tokens
            .iter()
            .skip(place + 1)
            .any(|token| token.is_any(RoleSet::of(&[Role::Of, Role::FromBefore])))
    {
        return Some(Act {
            verb: Verb::Backup,
            form: Form::Do,
            place,
        });
    }
    // "the latest backup of prod onto my laptop"
    let package = |token: &Token| {
        token.is_any(RoleSet::of(&[Role::NounPackage, Role::Latest])) || token.kind == Kind::Package
    };
    if let Some(place) = position(Role::Local)
        && clause.tokens.iter().any(package)
        && !clause.has_any(RoleSet::of(&[
            Role::Negation,
            Role::ToBefore,
            Role::ToAfter,
            Role::Narrates,
            Role::Statement,
            Role::Past,
        ]))
    {
        return Some(Act {
            verb: Verb::Download,
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
    let does = |token: &Token| token.is(Role::LightDo) && !token.is(Role::Polite);
    !clause.has_any(RoleSet::of(&[Role::Touch, Role::Negation])) && !clause.tokens.iter().any(does)
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
