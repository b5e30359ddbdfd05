//! A clause: a stretch of tokens with at most one verb that matters, and how it stands beside the
//! others.
//!
//! Cutting a sentence into clauses is left to `split`; what a clause means, to `mood` and `frame`.

use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Why a clause stands beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Says something of its own.
    Main,
    /// Gives a reason.
    Reason,
    /// Names a condition.
    Condition,
    /// Says what comes later than the main clause.
    Before,
    /// Says what comes earlier than the main clause.
    After,
}

/// A stretch of tokens with at most one verb that matters.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) tokens: Vec<Token>,
    pub(crate) standing: Standing,
    /// Which sentence it belongs to.
    pub(crate) sentence: usize,
    /// Its sentence ends with a question mark.
    pub(crate) asks: bool,
    /// What stood before it inside its sentence.
    pub(crate) lead: Option<Token>,
}

impl Clause {
    /// Whether a word of it plays the role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.tokens.iter().any(|token| token.is(role))
    }

    /// Whether a word of it plays one of the roles.
    pub(crate) fn has_any(&self, roles: RoleSet) -> bool {
        self.tokens.iter().any(|token| token.is_any(roles))
    }

    /// Whether something of that kind is in it.
    pub(crate) fn has_kind(&self, wanted: impl Fn(Kind) -> bool) -> bool {
        self.tokens.iter().any(|token| wanted(token.kind))
    }

    /// Whether a colon announced it.
    pub(crate) fn is_announced(&self) -> bool {
        self.lead.is_some_and(|lead| lead.kind == Kind::Pause(':'))
    }

    /// Whether the word before it asks for it: "before you".
    pub(crate) fn is_asked(&self) -> bool {
        self.lead.is_some_and(|lead| lead.is(Role::Request))
    }

    /// Whether "and", "then" or a colon ties it to the clause before it.
    pub(crate) fn is_tied(&self) -> bool {
        self.lead
            .is_some_and(|lead| lead.is_any(TIES) || lead.kind == Kind::Pause(':'))
    }

    /// Whether it follows from the clause before it: "so".
    pub(crate) fn is_result(&self) -> bool {
        self.lead.is_some_and(|lead| lead.is(Role::So))
    }

    /// Whether a comma stood before it.
    pub(crate) fn follows_comma(&self) -> bool {
        self.lead.is_some_and(|lead| lead.kind == Kind::Pause(','))
    }

    /// Whether a comma or the like stood before it, not a word.
    pub(crate) fn after_pause(&self) -> bool {
        self.lead.is_some_and(|lead| matches!(lead.kind, Kind::Pause(_)))
    }
}

/// Words that name an action, in any form.
pub(crate) const ACTS: RoleSet = RoleSet::of(&[
    Role::RestoreDo,
    Role::RestoreName,
    Role::RestoreDone,
    Role::MigrateDo,
    Role::MigrateName,
    Role::MigrateDone,
    Role::BackupDo,
    Role::BackupName,
    Role::BackupDone,
    Role::TransferDo,
    Role::TransferName,
    Role::TransferDone,
    Role::OverwriteDo,
    Role::OverwriteDone,
    Role::ListDo,
    Role::DownloadDo,
    Role::RemoveDo,
    Role::RemoveDone,
    Role::CheckDo,
    Role::StatusDo,
    Role::HistoryDo,
    Role::UndoDo,
    Role::UndoName,
    Role::UndoDone,
    Role::HelpDo,
]);

/// Words that tie a clause to the one before it.
pub(crate) const TIES: RoleSet = RoleSet::of(&[Role::And, Role::Then, Role::Chain]);

/// Small words without weight.
pub(crate) const SMALL: RoleSet = RoleSet::of(&[
    Role::Filler,
    Role::Determiner,
    Role::Polite,
    Role::Greeting,
    Role::Correction,
    Role::Label,
    Role::Closing,
    Role::Confirmation,
    Role::Local,
]);

/// Whether the clause has a verb, or a noun that acts as one; "do" and "take" alone are none.
pub(crate) fn has_act(clause: &Clause) -> bool {
    clause.has_any(ACTS)
}

/// "the branch in Surabaya has opened, …": several words nobody knows, none of them like a name, and none that could
/// limit, deny or put off what is asked for afterwards.
pub(crate) fn sets_the_scene(clause: &Clause) -> bool {
    // "The invoices survive" may be a wish: a few words alone tell nothing.
    const MANY: usize = 4;
    let unknown = |token: &&Token| token.kind == Kind::Unknown;
    clause.standing == Standing::Main
        && clause.tokens.iter().filter(unknown).count() >= MANY
        && limits_nothing(clause)
}

/// Whether none of its words could limit, deny or put off what another clause asks for.
pub(crate) fn limits_nothing(clause: &Clause) -> bool {
    const LIMITS: RoleSet = RoleSet::of(&[
        Role::Except,
        Role::Only,
        Role::Part,
        Role::Structure,
        Role::All,
        Role::Touch,
        Role::Or,
        Role::Negation,
        Role::Contrast,
        Role::Cancel,
        Role::ConditionEnd,
        Role::Hypothetical,
        Role::Reporting,
        Role::Example,
        Role::TimeFuture,
        Role::UserTables,
        Role::SystemTables,
        Role::SchemaOnly,
        Role::Overwrite,
        Role::OverwriteFirst,
        Role::NounRule,
        Role::LightDo,
        Role::How,
        Role::QuestionWord,
    ]);
    let unknown = |token: &&Token| token.kind == Kind::Unknown;
    let named = |token: &Token| token.name_like || token.stage_like;
    !clause.tokens.iter().filter(unknown).any(named)
        && !clause
            .has_kind(|kind| matches!(kind, Kind::Quote | Kind::Number | Kind::Package | Kind::Disputed))
        && !clause.has_any(LIMITS.union(ACTS))
}
