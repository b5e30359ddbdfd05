//! Why a verb of the engine could not be carried out: one enum, each variant with a stable code and a next step.
//!
//! Failures inside a run are no errors of this kind: they end in a verdict. Both carry an [`ErrorReport`],
//! which is what faces print and journals keep.

use release_intent::PackageRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};
use crate::migration::RuleFact;
use crate::package::PackageError;

/// An error as data: for journals, structured results and printing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorReport {
    /// Stable name in `snake_case`.
    pub code: String,
    /// What happened and why.
    pub message: String,
    /// What to do next.
    pub next_step: String,
}

/// What a script should make of an error; the command line maps it to exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request itself is wrong: unknown names, missing files, a broken plan file.
    Usage,
    /// Policy says no, or wants a person.
    Policy,
    /// The confirmation is missing, wrong, used or expired.
    NotConfirmed,
    /// Facts or the package speak against it; nothing was touched.
    Preflight,
    /// Another run holds the target.
    Locked,
    /// A server or this machine failed; nothing was touched.
    Failed,
}

/// Why a verb could not be carried out. Nothing was changed on any environment when one is returned.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A name that is not configured.
    #[error("no environment is named {name:?}")]
    UnknownEnvironment {
        /// The name as given.
        name: String,
        /// The configured names.
        known: Vec<String>,
    },
    /// No name was given and none is current.
    #[error("no environment is current")]
    NoCurrentEnvironment,
    /// Two configured environments share one name.
    #[error("the environment {name:?} has no usable settings: {reason}")]
    BadEnvironment {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A call to NocoBase failed while facts were read.
    #[error("{0}")]
    Client(nocobase_client::Error),
    /// Blockers stand against the plan.
    #[error("{}", summary(.findings))]
    Preflight {
        /// All findings, blockers first.
        findings: Vec<Finding>,
    },
    /// A package could not be opened at all.
    #[error("{0}")]
    Package(#[from] PackageError),
    /// No package of that name is on the server.
    #[error("{}", no_package(environment, name, *migration))]
    PackageNotFound {
        /// Whether a migration package is meant.
        migration: bool,
        /// Where it was looked for.
        environment: String,
        /// The name as given.
        name: String,
        /// What is there, newest first; bounded.
        available: Vec<String>,
    },
    /// A local file that is not there.
    #[error("there is no file {path:?}")]
    FileNotFound {
        /// The path as given.
        path: String,
    },
    /// No plan has that id.
    #[error("no plan is named {plan:?}")]
    PlanNotFound {
        /// The id as given.
        plan: String,
    },
    /// The plan's time is over.
    #[error("the plan {plan} expired at {expired_at}")]
    PlanExpired {
        /// Its id.
        plan: String,
        /// When it expired.
        expired_at: String,
    },
    /// The plan was executed before.
    #[error("the plan {plan} was used before: it became {run}")]
    PlanUsed {
        /// Its id.
        plan: String,
        /// The run it became.
        run: String,
    },
    /// Somebody else made the plan.
    #[error("the plan {plan} was made by {}, and only they can confirm it", maker.as_deref().unwrap_or(ITS_OWNER))]
    PlanOfAnother {
        /// Its id.
        plan: String,
        /// Who made it, as this server calls them; nobody where it was made on this machine itself.
        maker: Option<String>,
    },
    /// The stored plan does not match its own hash.
    #[error("the plan {plan} was altered after it was made")]
    PlanAltered {
        /// Its id.
        plan: String,
    },
    /// A confirmation that does not fit.
    #[error("the confirmation does not belong to the plan {plan}")]
    WrongConfirmation {
        /// Its id.
        plan: String,
        /// Whether the phrase that is wanted may be told (never for protected targets).
        wanted: Option<String>,
    },
    /// No confirmation was given.
    #[error("the plan {plan} was not confirmed")]
    Unconfirmed {
        /// Its id.
        plan: String,
        /// The phrase that confirms it.
        phrase: String,
    },
    /// A package that is to be removed was not named once more.
    #[error("{package} was not removed: its name has to be given once more")]
    NotNamed {
        /// The package.
        package: String,
    },
    /// A protected target wants a person.
    #[error("{environment} is protected: a person has to confirm this plan at a terminal")]
    NeedsPerson {
        /// The plan.
        plan: String,
        /// The protected environment.
        environment: String,
    },
    /// Policy forbids it.
    #[error("policy forbids it: {rule}")]
    Forbidden {
        /// The rule in words.
        rule: String,
    },
    /// Another run holds the target.
    #[error("{environment} is held by another run: {owner}")]
    Locked {
        /// The environment.
        environment: String,
        /// Who holds it and since when.
        owner: String,
    },
    /// A run that began to overwrite the target has not ended.
    #[error("{run} began to overwrite {environment} and has not ended")]
    UnfinishedRun {
        /// The environment.
        environment: String,
        /// The run.
        run: String,
    },
    /// What a plan says of an environment is not what the settings say.
    #[error("the plan {plan} does not fit the settings: {reason}")]
    PlanForeign {
        /// Its id.
        plan: String,
        /// What does not fit.
        reason: String,
    },
    /// No run has that id.
    #[error("no run is named {run:?}")]
    RunNotFound {
        /// The id as given.
        run: String,
    },
    /// There is no run at all, or none of theirs.
    #[error("{}", match caller { Some(caller) => format!("{caller} has started no run here yet"), None => "nothing was run from this machine yet".to_owned() })]
    NoRuns {
        /// Whose was looked for; none where any would do.
        caller: Option<String>,
    },
    /// There is nothing that could be undone.
    #[error("nothing to undo on {environment}: {reason}")]
    NothingToUndo {
        /// The environment.
        environment: String,
        /// Why not.
        reason: String,
    },
    /// The source has several migration rules, and none was named.
    #[error("{environment} has {} migration rules that could be meant", rules.len())]
    RuleUndecided {
        /// Where they are.
        environment: String,
        /// They.
        rules: Vec<RuleFact>,
    },
    /// No migration rule has that id or name.
    #[error("{environment} has no migration rule {rule:?}")]
    RuleNotFound {
        /// Where it was looked for.
        environment: String,
        /// As given.
        rule: String,
        /// Each as `id (name)`.
        available: Vec<String>,
    },
    /// Something that this version does not do.
    #[error("{what}")]
    Unsupported {
        /// What was asked.
        what: String,
        /// What can be done instead.
        instead: String,
    },
    /// A journal or plan that cannot be read.
    #[error("{what} cannot be read: {reason}")]
    BrokenRecord {
        /// Which record.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The disk or the operating system of this machine failed.
    #[error("{what}: {source}")]
    Local {
        /// What was being done.
        what: String,
        /// The operating system's word.
        source: std::io::Error,
    },
}

fn no_package(environment: &str, name: &str, migration: bool) -> String {
    let kind = if migration { "migration package" } else { "backup" };
    if name == PackageRef::Latest.as_str() {
        format!("{environment} has no {kind} that is finished")
    } else {
        format!("{environment} has no {kind} named {name:?}")
    }
}

/// Whoever works on this machine itself, and not through a server's network.
const ITS_OWNER: &str = "someone at this machine itself";

fn summary(findings: &[Finding]) -> String {
    let blockers: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Blocker)
        .map(|finding| finding.text.as_str())
        .collect();
    blockers.join("; ")
}

impl From<nocobase_client::Error> for EngineError {
    fn from(error: nocobase_client::Error) -> Self {
        Self::Client(error)
    }
}

impl EngineError {
    /// Whether something on a server may have been changed all the same.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Client(error) if error.may_have_happened())
    }

    pub(crate) fn local(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Local {
            what: what.into(),
            source,
        }
    }

    /// Stable name in `snake_case`.
    pub fn code(&self) -> &str {
        match self {
            Self::UnknownEnvironment { .. } => "unknown_environment",
            Self::NoCurrentEnvironment => "no_current_environment",
            Self::BadEnvironment { .. } => "bad_environment",
            Self::Client(error) => error.code(),
            Self::Preflight { findings } => {
                let blocker = findings
                    .iter()
                    .find(|finding| finding.severity == Severity::Blocker);
                blocker.map_or("preflight", |finding| finding.code.as_str())
            }
            Self::Package(error) => error.code(),
            Self::PackageNotFound { .. } => "package_not_found",
            Self::FileNotFound { .. } => "file_not_found",
            Self::PlanNotFound { .. } => "plan_not_found",
            Self::PlanExpired { .. } => "plan_expired",
            Self::PlanUsed { .. } => "plan_used",
            Self::PlanOfAnother { .. } => "plan_of_another",
            Self::PlanAltered { .. } => "plan_altered",
            Self::WrongConfirmation { .. } => "wrong_confirmation",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::NotNamed { .. } => "not_named",
            Self::NeedsPerson { .. } => "needs_person",
            Self::Forbidden { .. } => "forbidden_by_policy",
            Self::Locked { .. } => "target_locked",
            Self::UnfinishedRun { .. } => "unfinished_run",
            Self::PlanForeign { .. } => "plan_foreign",
            Self::RunNotFound { .. } | Self::NoRuns { .. } => "run_not_found",
            Self::NothingToUndo { .. } => "nothing_to_undo",
            Self::RuleUndecided { .. } => "rule_undecided",
            Self::RuleNotFound { .. } => "rule_not_found",
            Self::Unsupported { .. } => "unsupported",
            Self::BrokenRecord { .. } => "broken_record",
            Self::Local { .. } => "local_failure",
        }
    }

    /// What a script should make of it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownEnvironment { .. }
            | Self::NoCurrentEnvironment
            | Self::BadEnvironment { .. }
            | Self::PackageNotFound { .. }
            | Self::FileNotFound { .. }
            | Self::PlanNotFound { .. }
            | Self::RunNotFound { .. }
            | Self::NoRuns { .. }
            | Self::NothingToUndo { .. }
            | Self::RuleUndecided { .. }
            | Self::RuleNotFound { .. }
            | Self::Unsupported { .. }
            | Self::BrokenRecord { .. } => ErrorKind::Usage,
            Self::NeedsPerson { .. } | Self::Forbidden { .. } => ErrorKind::Policy,
            Self::PlanExpired { .. }
            | Self::PlanUsed { .. }
            | Self::PlanOfAnother { .. }
            | Self::PlanAltered { .. }
            | Self::PlanForeign { .. }
            | Self::Unconfirmed { .. }
            | Self::NotNamed { .. }
            | Self::WrongConfirmation { .. } => ErrorKind::NotConfirmed,
            Self::Preflight { .. } | Self::Package(_) => ErrorKind::Preflight,
            Self::Locked { .. } | Self::UnfinishedRun { .. } => ErrorKind::Locked,
            Self::Client(_) | Self::Local { .. } => ErrorKind::Failed,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownEnvironment { name, known } => unknown_environment_hint(name, known),
            Self::NoCurrentEnvironment => {
                "name the environment, or choose one with `nb env use NAME` or `current` in the settings"
                    .into()
            }
            Self::BadEnvironment { .. } => "see `nocobase-release doctor`".into(),
            Self::Client(error) => error.hint(),
            Self::Preflight { findings } => {
                let steps: Vec<&str> = findings
                    .iter()
                    .filter(|finding| finding.severity == Severity::Blocker && !finding.next_step.is_empty())
                    .map(|finding| finding.next_step.as_str())
                    .collect();
                steps.join("; ")
            }
            Self::Package(error) => error.hint().into(),
            Self::PackageNotFound {
                environment,
                available,
                migration,
                ..
            } => match available.first() {
                Some(_) => format!("on {environment} there are: {}", available.join(", ")),
                None if *migration => format!("{environment} has none; leave the package out to make one"),
                None => format!(
                    "{environment} has no backups; make one with `nocobase-release backup {environment}`"
                ),
            },
            Self::FileNotFound { .. } => {
                "check the path; a name without a slash means a package on the server".into()
            }
            Self::PlanNotFound { .. } => {
                "make a new plan; plans are kept on the machine that made them".into()
            }
            Self::PlanUsed { run, .. } => {
                format!("see how that run stands (`nocobase-release runs show {run}`) before you plan anew")
            }
            Self::PlanOfAnother { maker, .. } => format!(
                "make a plan of your own, or let {} confirm this one",
                maker.as_deref().unwrap_or(ITS_OWNER)
            ),
            Self::PlanExpired { .. } | Self::PlanAltered { .. } => {
                "make a new plan and confirm that one".into()
            }
            Self::WrongConfirmation { wanted, .. } => match wanted {
                Some(phrase) => format!("if this is what you want, confirm with exactly: {phrase}"),
                None => "read the plan and confirm it with the phrase that stands in it".into(),
            },
            Self::Unconfirmed { plan, phrase } => {
                format!("the plan is kept; confirm it with: nocobase-release apply {plan} --confirm {phrase:?}")
            }
            Self::NotNamed { package } => format!("type it when asked, or give --yes {package}"),
            Self::NeedsPerson { plan, .. } => {
                format!(
                    "ask the person in charge to run it: nocobase-release apply {plan} (or to approve it, before it is \
                     confirmed here again: nocobase-release approve {plan})"
                )
            }
            Self::Forbidden { .. } => {
                "ask whoever answers for these environments; only they decide about the policy, which is in the settings file \
                 or was given when this was started"
                    .into()
            }
            Self::Locked { .. } => {
                "wait for that run to end (`nocobase-release runs list` shows it). Where its process is dead already, \
                 `nocobase-release runs resume` finishes it"
                    .into()
            }
            Self::UnfinishedRun { run, .. } => format!("finish it first: nocobase-release runs resume {run}"),
            Self::PlanForeign { .. } => "make a new plan with the settings of this machine".into(),
            Self::RunNotFound { .. } => "see `nocobase-release runs list`".into(),
            Self::NoRuns { .. } => {
                "a run begins with a backup or with a plan that is confirmed; see `nocobase-release runs list` for all \
                 runs of this machine"
                    .into()
            }
            Self::NothingToUndo { .. } => "see `nocobase-release runs list`".into(),
            Self::RuleUndecided { rules, .. } => {
                let listed: Vec<String> = rules.iter().map(RuleFact::listed).collect();
                format!(
                    "name one of them by its id, with --rule ID or by saying \"… with rule ID\": {}",
                    bounded_list(&listed)
                )
            }
            Self::RuleNotFound { available, .. } if available.is_empty() => {
                "there is none; without --rule, one with the documented defaults is proposed".into()
            }
            Self::RuleNotFound { available, .. } => format!("there are: {}", bounded_list(available)),
            Self::Unsupported { instead, .. } => instead.clone(),
            Self::BrokenRecord { .. } => {
                "it is left as it is, as evidence; to go on without it, move it out of the folder release-state".into()
            }
            Self::Local { .. } => "check disk space and permissions of the tool's home folder".into(),
        }
    }

    /// That there is no such package on an environment, with the first of those that there are.
    pub(crate) fn package_not_found<'name>(
        environment: &str,
        name: &str,
        migration: bool,
        available: impl IntoIterator<Item = &'name str>,
    ) -> Self {
        Self::PackageNotFound {
            migration,
            environment: environment.to_owned(),
            name: name.to_owned(),
            available: available.into_iter().take(10).map(Into::into).collect(),
        }
    }

    /// The error as data.
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            code: self.code().to_owned(),
            message: self.to_string(),
            next_step: self.hint(),
        }
    }
}

fn bounded_list(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
    shown.join(", ")
}

fn unknown_environment_hint(name: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "no environment is set up yet: see `nocobase-release doctor`".into();
    }
    let wanted = name.to_lowercase();
    let near = known.iter().find(|candidate| {
        let candidate = candidate.to_lowercase();
        candidate.starts_with(&wanted) || wanted.starts_with(&candidate) || same_letters(&candidate, &wanted)
    });
    let list = known.join(", ");
    match near {
        Some(near) => format!("did you mean {near:?}? known are: {list}"),
        None => format!("known are: {list}"),
    }
}

/// Catches swapped letters ("tset"), the commonest slip; it only suggests.
fn same_letters(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(one) == sorted(other)
}

/// The client's error as data, inside a run.
pub(crate) fn client_report(error: &nocobase_client::Error) -> ErrorReport {
    ErrorReport {
        code: error.code().to_owned(),
        message: error.to_string(),
        next_step: error.hint(),
    }
}
