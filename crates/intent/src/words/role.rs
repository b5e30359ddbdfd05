//! The roles a word can play, shared by the reader and the build script.
//!
//! A role's name is the place of its words in `prompts/languages/<language>/words.toml`:
//! `[marker] from_before = […]` is `marker.from_before`. What a role does to a reading is left to
//! the reader's rules.

macro_rules! roles {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// A part a word can play.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Role { $($(#[doc = $doc])* $variant,)* }

        impl Role {
            /// Every role, in the order of its number.
            pub(crate) const ALL: &'static [Role] = &[$(Role::$variant,)*];

            /// The place of its words in the language files.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Role::$variant => $name,)* }
            }
        }
    };
}

roles! {
    /// Imperative or infinitive.
    RestoreDo = "restore.do",
    /// Noun or gerund: a request only beside a verb such as "start".
    RestoreName = "restore.name",
    /// Participle or past: a request only beside "I want", "should be"…
    RestoreDone = "restore.done",
    MigrateDo = "migrate.do",
    MigrateName = "migrate.name",
    MigrateDone = "migrate.done",
    BackupDo = "backup.do",
    BackupName = "backup.name",
    BackupDone = "backup.done",
    /// Publish, release, copy, …: says that something moves, not by which method.
    TransferDo = "transfer.do",
    TransferName = "transfer.name",
    TransferDone = "transfer.done",
    /// Publish, release, …: verbs of transfer that bring out what was tried.
    PublishDo = "transfer.publish",
    /// Overwrite, replace, …: as transfer, but the object is the target.
    OverwriteDo = "overwrite.do",
    OverwriteDone = "overwrite.done",
    ListDo = "list.do",
    DownloadDo = "download.do",
    RemoveDo = "remove.do",
    RemoveDone = "remove.done",
    CheckDo = "check.do",
    StatusDo = "status.do",
    /// Finished, running, …: status when a question is asked about an operation.
    StatusWord = "status.word",
    HistoryDo = "history.do",
    UndoDo = "undo.do",
    /// "As it was before": an undo beside a verb that moves something.
    UndoName = "undo.name",
    UndoDone = "undo.done",
    HelpDo = "help.do",
    /// Do, run, start, …: makes a request of a noun.
    LightDo = "light.do",

    NounPackage = "noun.package",
    NounPackages = "noun.packages",
    NounMigrations = "noun.migrations",
    NounRule = "noun.rule",
    NounRules = "noun.rules",
    NounEnvironment = "noun.environment",
    NounEnvironments = "noun.environments",
    /// Data, database, app, …: what an environment holds, taken whole.
    NounContent = "noun.content",
    /// State, level: "to dev's state" makes dev the source.
    NounState = "noun.state",
    /// Task, job: a running thing.
    NounOperation = "noun.operation",

    FromBefore = "marker.from_before",
    FromAfter = "marker.from_after",
    ToBefore = "marker.to_before",
    ToAfter = "marker.to_after",
    WithBefore = "marker.with_before",
    WithAfter = "marker.with_after",
    OnBefore = "marker.on_before",
    OnAfter = "marker.on_after",
    ObjectBefore = "marker.object_before",
    ObjectAfter = "marker.object_after",
    Of = "marker.of",
    Possessive = "marker.possessive",
    /// "look like": the name behind it is the source, the object is the target.
    LikeBefore = "marker.like_before",
    /// "there": a target that is not named.
    There = "marker.there",

    Negation = "mood.negation",
    /// "not", where it may contrast names: "not prod but staging".
    Contrast = "mood.contrast",
    /// As contrast, but standing behind the name: "prodではなく".
    ContrastEnd = "mood.contrast_end",
    /// How, why, explain, …: help, whatever the action.
    How = "mood.how",
    /// Asks about an action: help when the action is destructive.
    Question = "mood.question",
    /// Is, did, will: asks about an action when it opens the clause.
    Opener = "mood.opener",
    /// What, when, who, …: with a past form, asks for history.
    QuestionWord = "mood.question_word",
    /// A particle that makes a question of the sentence.
    Tag = "mood.tag",
    /// A tag that asks for consent: "好吗".
    ConsentTag = "mood.consent_tag",
    Hypothetical = "mood.hypothetical",
    /// If, when, unless: a request that waits for something.
    Condition = "mood.condition",
    /// As condition, but standing behind its clause: "…たら".
    ConditionEnd = "mood.condition_end",
    Past = "mood.past",
    Reporting = "mood.reporting",
    Request = "mood.request",
    /// Want, need, get: makes a request of a participle or a noun.
    Want = "mood.want",
    /// Can, may: a request when it opens a question, a question behind a name.
    May = "mood.may",
    /// Can, as a question about what is possible.
    Capability = "mood.capability",
    /// A subject that acts itself: "I restore…", "they will…".
    Statement = "mood.statement",
    /// Someone else who acts or wants something.
    Others = "mood.others",
    Cancel = "mood.cancel",
    /// "No" as an answer: denies what was said before it, not what follows.
    Answer = "mood.answer",
    /// "is dangerous", "went wrong": behind a verb it judges what the verb says.
    Verdict = "mood.verdict",
    Correction = "mood.correction",
    /// For example, quote: the words that follow are not a request.
    Example = "mood.example",

    Except = "scope.except",
    Only = "scope.only",
    Part = "scope.part",
    /// Structure, schema: a part, or behind "only" the method that carries over nothing else.
    Structure = "scope.structure",
    All = "scope.all",

    SchemaOnly = "method.schema_only",
    Overwrite = "method.overwrite",
    OverwriteFirst = "method.overwrite_first",
    UserTables = "method.user_tables",
    SystemTables = "method.system_tables",
    RuleId = "method.rule_id",

    TimePast = "time.past",
    TimeFuture = "time.future",
    TimeBefore = "time.before",
    TimeAfter = "time.after",
    /// Demo, audit, training, …: with a time it says why something is asked for, not when it is to be done.
    Occasion = "time.occasion",
    /// As before, but standing behind its clause.
    TimeBeforeEnd = "time.before_end",

    Latest = "reference.latest",
    /// The package that was verified: "the tested package", "what was verified on".
    Verified = "reference.verified",
    /// "What is on": with a verb of publishing it is the package that was verified.
    Standing = "reference.standing",
    Current = "reference.current",
    Pronoun = "reference.pronoun",
    /// A new backup.
    Fresh = "reference.fresh",
    /// Old, previous, another: a package that is not said exactly.
    Vague = "reference.vague",
    /// What environments are usually called: a name even where it is not known.
    Stage = "reference.stage",
    /// "To my laptop": where a file is downloaded to; no environment.
    Local = "reference.local",
    /// Named, called: what follows is a name.
    Named = "reference.named",

    And = "join.and",
    Or = "join.or",
    Then = "join.then",
    /// A verb's ending that ties it to a later verb: "…して", "…하고".
    Chain = "join.chain",
    But = "join.but",
    /// So, therefore: what follows stands on its own.
    So = "join.so",

    Filler = "talk.filler",
    Determiner = "talk.determiner",
    Polite = "talk.polite",
    Greeting = "talk.greeting",
    /// "let me know when it is done".
    Notify = "talk.notify",
    /// Shows that a clause tells something: "is", "we".
    Narrates = "talk.narrates",
    Reason = "talk.reason",
    /// Touch, change: an act without a name.
    Touch = "talk.touch",
    /// Ticket, subject, action: heads a line, with a number or a colon behind it.
    Label = "talk.label",
    /// Regards: who it is from stands behind it.
    Closing = "talk.closing",
    /// Password, phone, faith: what no release has to do with.
    Elsewhere = "talk.elsewhere",
    /// Confirmation, question, ask: "without asking" changes nothing.
    Confirmation = "talk.confirmation",
}

/// A set of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RoleSet(pub(crate) u128);

impl RoleSet {
    /// The set of these roles.
    pub(crate) const fn of(roles: &[Role]) -> RoleSet {
        let mut bits = 0;
        let mut rest = roles;
        while let [first, tail @ ..] = rest {
            bits |= 1u128 << (*first as u8);
            rest = tail;
        }
        RoleSet(bits)
    }

    /// Whether the role is in the set.
    pub(crate) const fn has(self, role: Role) -> bool {
        self.0 & (1u128 << (role as u8)) != 0
    }

    /// Whether the sets share a role.
    pub(crate) const fn meets(self, other: RoleSet) -> bool {
        self.0 & other.0 != 0
    }

    /// The roles of both sets.
    pub(crate) const fn union(self, other: RoleSet) -> RoleSet {
        RoleSet(self.0 | other.0)
    }

    /// The roles that are not in the other set.
    pub(crate) const fn without(self, other: RoleSet) -> RoleSet {
        RoleSet(self.0 & !other.0)
    }

    /// Whether there is no role.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles in it.
    pub(crate) fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.has(*role))
    }
}
