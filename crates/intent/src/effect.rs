//! Questions about what a run does to people and things: "while it is restored, can we log in?",
//! "is the mail in the backup?".
//!
//! They speak of a run without asking for it; how a request sounds is left to `asking`.

use crate::act::Verb;
use crate::clause::Standing;
use crate::part::Read;
use crate::words::{Role, RoleSet};

/// Signs that a clause asks something.
const ASKS: RoleSet = RoleSet::of(&[
    Role::Tag,
    Role::Question,
    Role::QuestionWord,
    Role::How,
    Role::Hypothetical,
    Role::Capability,
]);

/// Words of a request in the form of a question.
const WANTS: RoleSet = RoleSet::of(&[Role::ConsentTag, Role::Polite, Role::Notify]);

/// What a backup, a rule or a run holds: asked about, not asked for.
const HELD: RoleSet = RoleSet::of(&[
    Role::Part,
    Role::Structure,
    Role::UserTables,
    Role::SystemTables,
    Role::NounContent,
]);

/// What is asked about.
const ABOUT: RoleSet = RoleSet::of(&[
    Role::NounPackage,
    Role::NounPackages,
    Role::NounRule,
    Role::NounRules,
    Role::NounMigrations,
]);

/// Whether a sentence asks, and every run in it stands in a condition or a time clause.
pub(crate) fn asks_of_effects(read: &[Read<'_>]) -> bool {
    read.iter()
        .filter(|part| part.clause.standing != Standing::Main && part.acts.iter().any(|act| is_run(act.verb)))
        .any(|supposed| {
            let sentence = || {
                read.iter()
                    .filter(|part| part.clause.sentence == supposed.clause.sentence)
            };
            let main = || sentence().filter(|part| part.clause.standing == Standing::Main);
            let asked = |part: &Read<'_>| part.clause.asks || part.clause.has_any(ASKS);
            supposed.clause.standing != Standing::Reason
                && main().any(asked)
                && main().all(|part| part.acts.is_empty())
                && !sentence().any(|part| part.clause.has_any(WANTS))
        })
}

/// "are the attachments in the backup?": what something holds is asked, and nothing is to be done.
pub(crate) fn asks_what_it_holds(read: &[Read<'_>]) -> bool {
    let asks = |part: &Read<'_>| part.clause.asks || part.clause.has_any(RoleSet::of(&[Role::Tag]));
    let holds = |part: &Read<'_>| {
        part.acts.is_empty()
            && !part.is_elsewhere()
            && part.clause.has_any(ABOUT)
            && part.clause.has_any(HELD)
            && !part.clause.has_any(WANTS)
            && asks(part)
    };
    read.iter().any(holds) && read.iter().all(|part| part.acts.is_empty())
}

fn is_run(verb: Verb) -> bool {
    matches!(verb, Verb::Restore | Verb::Migrate | Verb::Backup | Verb::Undo)
}
