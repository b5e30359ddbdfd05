//! The result's types: what a sentence asks for, in the words of the product.
//!
//! These types are data for every other part (schemas, journals, the batch form); deciding their
//! values is left to the reader.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

const CURRENT: &str = "@current";
const LATEST: &str = "@latest";
const VERIFIED: &str = "@verified";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Put a backup into an environment, replacing what is there.
    Restore,
    /// Carry changes over by a migration rule.
    Migrate,
    /// Make a backup.
    Backup,
    /// List backup packages.
    ListBackups,
    /// List migration packages.
    ListMigrations,
    /// List migration rules.
    ListRules,
    /// List environments.
    ListEnvs,
    /// Fetch a package to this machine.
    Download,
    /// Delete a package.
    Remove,
    /// Judge whether an environment can take a release, or a package fits it.
    Check,
    /// Say how a running operation stands.
    Status,
    /// Say what was released before.
    History,
    /// Take the last release back.
    Undo,
    /// Explain how something works or would work.
    Help,
    /// Nothing for this tool: another subject, or a sentence that must not act.
    None,
}

impl Action {
    /// All actions, in the order of the catalogue.
    pub const ALL: [Action; 15] = [
        Action::Restore,
        Action::Migrate,
        Action::Backup,
        Action::ListBackups,
        Action::ListMigrations,
        Action::ListRules,
        Action::ListEnvs,
        Action::Download,
        Action::Remove,
        Action::Check,
        Action::Status,
        Action::History,
        Action::Undo,
        Action::Help,
        Action::None,
    ];

    /// The action's name as it is serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Restore => "restore",
            Action::Migrate => "migrate",
            Action::Backup => "backup",
            Action::ListBackups => "list_backups",
            Action::ListMigrations => "list_migrations",
            Action::ListRules => "list_rules",
            Action::ListEnvs => "list_envs",
            Action::Download => "download",
            Action::Remove => "remove",
            Action::Check => "check",
            Action::Status => "status",
            Action::History => "history",
            Action::Undo => "undo",
            Action::Help => "help",
            Action::None => "none",
        }
    }

    /// The action of that name.
    pub fn from_name(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.as_str() == name)
    }

    /// Whether carrying it out replaces or deletes data.
    pub fn is_destructive(self) -> bool {
        crate::words::needs(self).destructive
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An environment a sentence speaks of; serialised as its name, or `@current`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum EnvironmentRef {
    /// The environment in use, whichever that is.
    Current,
    /// A known environment, by its configured name (never an alias).
    Named(String),
}

impl EnvironmentRef {
    /// The name, or `@current`.
    pub fn as_str(&self) -> &str {
        match self {
            EnvironmentRef::Current => CURRENT,
            EnvironmentRef::Named(name) => name,
        }
    }
}

impl From<String> for EnvironmentRef {
    fn from(text: String) -> Self {
        if text == CURRENT {
            EnvironmentRef::Current
        } else {
            EnvironmentRef::Named(text)
        }
    }
}

impl From<EnvironmentRef> for String {
    fn from(reference: EnvironmentRef) -> Self {
        match reference {
            EnvironmentRef::Current => CURRENT.to_owned(),
            EnvironmentRef::Named(name) => name,
        }
    }
}

impl fmt::Display for EnvironmentRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A package a sentence speaks of; serialised as written, `@latest`, or `@verified`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum PackageRef {
    /// The newest one there is.
    Latest,
    /// The one that was brought to the source and verified there.
    Verified,
    /// A file name or a local path, exactly as written.
    Named(String),
}

impl PackageRef {
    /// The name or path as written, `@latest`, or `@verified`.
    pub fn as_str(&self) -> &str {
        match self {
            PackageRef::Latest => LATEST,
            PackageRef::Verified => VERIFIED,
            PackageRef::Named(name) => name,
        }
    }
}

impl From<String> for PackageRef {
    fn from(text: String) -> Self {
        if text == LATEST {
            PackageRef::Latest
        } else if text == VERIFIED {
            PackageRef::Verified
        } else {
            PackageRef::Named(text)
        }
    }
}

impl From<PackageRef> for String {
    fn from(reference: PackageRef) -> Self {
        match reference {
            PackageRef::Latest => LATEST.to_owned(),
            PackageRef::Verified => VERIFIED.to_owned(),
            PackageRef::Named(name) => name,
        }
    }
}

impl fmt::Display for PackageRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What happens to user-made tables in a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UserMethod {
    /// Structure only; data stays.
    SchemaOnly,
    /// Structure and data are replaced.
    Overwrite,
}

/// What happens to system tables in a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SystemMethod {
    /// Replaced where they differ.
    OverwriteFirst,
    /// Structure only; data stays.
    SchemaOnly,
}

/// The migration rule a sentence asks for: one that exists, or methods for one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum RuleRef {
    /// A rule that exists, by its id.
    Id {
        /// The id as written.
        id: String,
    },
    /// Methods; a side that was not mentioned is null.
    Methods {
        /// For user-made tables.
        #[schemars(required)]
        user: Option<UserMethod>,
        /// For system tables.
        #[schemars(required)]
        system: Option<SystemMethod>,
    },
}

/// Something that must be asked before a plan can exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// What to do.
    Action,
    /// Which package.
    Package,
    /// Which environment it comes from.
    Source,
    /// Which environment it goes to.
    Target,
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Slot::Action => "action",
            Slot::Package => "package",
            Slot::Source => "source",
            Slot::Target => "target",
        })
    }
}

/// A stretch of the original text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Where in the text each part of the intent was found; null where it was inferred.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spans {
    /// The words that name the action.
    pub action: Option<Span>,
    /// The words that name the source.
    pub source: Option<Span>,
    /// The words that name the target.
    pub target: Option<Span>,
    /// The words that name the package.
    pub package: Option<Span>,
    /// The words that name the rule.
    pub rule: Option<Span>,
}

/// What a sentence asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// Null only when `clarify` contains `action`.
    pub action: Option<Action>,
    /// Where it comes from.
    pub source: Option<EnvironmentRef>,
    /// Where it goes to.
    pub target: Option<EnvironmentRef>,
    /// The package to use; null to make a new one.
    pub package: Option<PackageRef>,
    /// The migration rule to use.
    pub rule: Option<RuleRef>,
    /// What must be asked first, sorted by name, without repetition.
    pub clarify: Vec<Slot>,
    /// The language of the sentence: `en`, `zh-CN`, …
    pub language: String,
    /// Where the parts were found.
    pub spans: Spans,
}
