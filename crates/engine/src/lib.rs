//! Facts, plan, confirmation, execution, evidence, verdict, undo, over a journal.
//!
//! | module | what it is for |
//! | --- | --- |
//! | `engine` | the verbs that both faces call |
//! | `request`, `facts`, `plan` | what is wanted, what was found, and the pure function from both to a [`Plan`] |
//! | `confirm` | the only way from a plan to a run |
//! | `run` | one execution: packages, upload, watch, evidence |
//! | `migration` | what rules do, what is read for a migration, what was seen of it |
//! | `evidence`, `verdict` | what was seen, and the pure function from it to a [`Verdict`] |
//! | [`journal`] | what a run writes down, and the one function from events to state |
//! | `ledger` | which package was verified where, read out of the journals |
//! | [`package`] | opening and judging a package before any server sees it |
//! | `timeline`, `document` | what happened when, and the report that is kept |
//! | `command_line` | commands in texts, as they can be typed here |
//! | `policy`, `lock`, `home`, `report`, `error` | rules, one run a target, files, words, errors |
//!
//! HTTP is left to `nocobase-client`, sentences to `release-intent`, printing and settings to the faces.

mod address;
mod command_line;
mod confirm;
mod document;
mod engine;
mod error;
mod evidence;
mod facts;
mod finding;
mod home;
mod ids;
pub mod journal;
mod ledger;
mod lock;
mod migration;
pub mod package;
mod plan;
mod policy;
mod report;
mod request;
mod run;
mod timeline;
mod verdict;
mod version;

pub use command_line::CommandLine;
pub use confirm::{Approval, ConfirmedPlan, Proof};
pub use document::RunDocument;
pub use engine::{
    Engine, EngineSettings, EnvironmentSummary, Follower, MadeRule, PackageSummary, Prune, Pruned, Understood,
};
pub use error::{EngineError, ErrorKind, ErrorReport};
pub use evidence::{
    Acceptance, Canary, Comparison, Difference, Evidence, Identity, LogStory, Says, Signal, Standing,
};
pub use facts::{
    BackupFact, CredentialFacts, CredentialKind, EnvironmentFacts, Facts, FileFacts, IdentityFacts, InDoubt,
    OutsideFacts, PluginFact, Verified,
};
pub use finding::{Finding, Severity};
pub use home::Home;
pub use ids::{PlanId, RunId};
pub use ledger::{LedgerEntry, Placement, ledger};
pub use migration::{
    CollectionFact, KnownPackage, MigrationBaseline, MigrationEvidence, MigrationFacts, MigrationPackageFact,
    MigrationStory, PlannedMigration, PlannedRule, RuleChoice, RuleFact, StructureComparison, TableMethod,
    VariableFact,
};
pub use plan::{Plan, PlanAction, PlannedPackage, Step, StepName, Strength, Undone, plan};
pub use policy::{Direction, Policy, RollBack};
pub use report::{RunReport, RunStanding, step_title};
pub use request::{Lookup, PackageChoice, Request, Wanted, package_choice};
pub use run::{Pace, RunSecrets};
pub use timeline::{Bar, BarEnd, Mark, Timeline, spell_duration};
pub use verdict::{Damage, Decision, Verdict, decide, decide_migration, decide_roll_back};
