//! What is wanted, in fields: the common form of a sentence, a command line and a tool call.
//!
//! A request names environments as configured and says nothing about what is found there; that is the facts'
//! part. Turning a sentence's reading into a request or into a lookup is done here, too.

use std::path::PathBuf;

use release_intent::{Action, EnvironmentRef, Intent, PackageRef, RuleRef, SystemMethod, UserMethod};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RunId;
use crate::migration::RuleChoice;

/// Which package a restore takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageChoice {
    /// A backup made for this restore.
    New,
    /// The newest finished backup on the source's server.
    Latest,
    /// The backup of that name on the source's server; `@verified` is the newest package that a run of this machine brought
    /// to the source, verified.
    Named(String),
    /// A file on this machine.
    File(PathBuf),
}

/// Something that needs a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Make a backup, fetch it, prove it good.
    Backup {
        /// Where.
        environment: String,
    },
    /// Replace the target's content by a package.
    Restore {
        /// Where the package is made or lies; none for a file of this machine.
        source: Option<String>,
        /// What is overwritten.
        target: String,
        /// Which package.
        package: PackageChoice,
        /// Codes of findings about the package's data that the person takes upon himself.
        accepted: Vec<String>,
    },
    /// Bring the target up to the source by a migration rule.
    Migrate {
        /// Where the package is made or lies; none for a file of this machine.
        source: Option<String>,
        /// What is changed.
        target: String,
        /// By which rule.
        rule: RuleChoice,
        /// Which package.
        package: PackageChoice,
        /// Whether the server leaves out its own backup; the safety backup is always made.
        skip_server_backup: bool,
        /// Codes of findings that the person takes upon himself.
        accepted: Vec<String>,
    },
    /// Prove that the safety backup of an earlier run restores, by restoring it into another environment.
    Drill {
        /// What is overwritten for it.
        scratch: String,
        /// That run; without one, the newest that has a safety backup.
        run: Option<RunId>,
    },
    /// Bring back the safety backup of an earlier run.
    Undo {
        /// The environment; its last run that can be undone is taken when no run is named.
        target: String,
        /// That run.
        run: Option<RunId>,
    },
}

/// What a sentence comes to, once the environments are known.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Something that needs a plan.
    Plan(Request),
    /// A question to answer by reading.
    Look(Lookup),
    /// Nothing; the text says why and what could be said instead.
    Nothing(String),
}

/// Questions that are answered by reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The environments.
    Environments,
    /// The packages of one environment.
    Packages(String),
    /// The migration rules of one environment.
    Rules(String),
    /// The migration packages of one environment.
    Migrations(String),
    /// Whether an environment can take part in a release.
    Check(Vec<String>),
    /// How the last run stands.
    Status,
    /// What ran before.
    History,
    /// Fetch a package to this machine.
    Download {
        /// Where it lies.
        environment: String,
        /// Its name.
        package: String,
    },
    /// How sentences are meant.
    Help,
}

/// Reads a complete intent as a request; `resolve` turns `@current` into a name.
pub(crate) fn wanted<E>(
    intent: &Intent,
    mut resolve: impl FnMut(&EnvironmentRef) -> Result<String, E>,
) -> Result<Wanted, E> {
    let source = intent.source.as_ref().map(&mut resolve).transpose()?;
    let target = intent.target.as_ref().map(&mut resolve).transpose()?;
    let mut current = |side: &Option<String>| match side {
        Some(name) => Ok(name.clone()),
        None => resolve(&EnvironmentRef::Current),
    };
    Ok(match intent.action {
        Some(Action::Restore) => {
            let target = current(&target)?;
            let (source, package) = restore_package(intent, source, &target);
            Wanted::Plan(Request::Restore {
                source,
                target,
                package,
                accepted: Vec::new(),
            })
        }
        Some(Action::Backup) => Wanted::Plan(Request::Backup {
            environment: current(&source)?,
        }),
        Some(Action::Undo) => Wanted::Plan(Request::Undo {
            target: current(&target)?,
            run: None,
        }),
        Some(Action::ListBackups) => Wanted::Look(Lookup::Packages(current(&source)?)),
        Some(Action::ListEnvs) => Wanted::Look(Lookup::Environments),
        Some(Action::Check) => {
            let sides: Vec<String> = [source, target].into_iter().flatten().collect();
            let sides = if sides.is_empty() {
                vec![current(&None)?]
            } else {
                sides
            };
            Wanted::Look(Lookup::Check(sides))
        }
        Some(Action::Status) => Wanted::Look(Lookup::Status),
        Some(Action::History) => Wanted::Look(Lookup::History),
        Some(Action::Help) => Wanted::Look(Lookup::Help),
        Some(Action::Download) => match &intent.package {
            Some(package) => Wanted::Look(Lookup::Download {
                environment: current(&source)?,
                package: package.as_str().to_owned(),
            }),
            None => Wanted::Nothing("name the package to download".into()),
        },
        Some(Action::Remove) => {
            let environment = current(&source)?;
            // What stands for a package is no name: whoever removes one has to know which.
            let named = intent.package.as_ref().map(PackageRef::as_str);
            Wanted::Nothing(match named.filter(|name| !name.starts_with('@')) {
                Some(package) => format!(
                    "packages are removed by name at a terminal only: nocobase-release packages remove {environment} \
                     {package}"
                ),
                None => format!(
                    "packages are removed at a terminal only, one by one and by name: see `nocobase-release packages list \
                     {environment}`, then nocobase-release packages remove {environment} NAME"
                ),
            })
        }
        Some(Action::Migrate) => {
            let target = current(&target)?;
            let (source, package) = match &intent.package {
                None => (source, PackageChoice::New),
                Some(PackageRef::Latest) => (source, PackageChoice::Latest),
                Some(package) => package_choice(package.as_str(), source, &target),
            };
            Wanted::Plan(Request::Migrate {
                source,
                target,
                rule: rule_choice(intent.rule.as_ref()),
                package,
                skip_server_backup: false,
                accepted: Vec::new(),
            })
        }
        Some(Action::ListMigrations) => Wanted::Look(Lookup::Migrations(current(&source)?)),
        Some(Action::ListRules) => Wanted::Look(Lookup::Rules(current(&source)?)),
        Some(Action::None) | None => Wanted::Nothing(
            "nothing to do: the sentence asks for no release. Say for example \"Restore dev to test\"".into(),
        ),
    })
}

/// A side that a sentence does not speak of has the documented default, but "only the structure" speaks of both: it is
/// the preset of that name.
fn rule_choice(rule: Option<&RuleRef>) -> RuleChoice {
    match rule {
        None => RuleChoice::Only,
        Some(RuleRef::Id { id }) => RuleChoice::Named(id.clone()),
        Some(RuleRef::Methods {
            user: Some(UserMethod::SchemaOnly),
            system: None,
        }) => RuleChoice::Global {
            user: "schema-only".to_owned(),
            system: "schema-only".to_owned(),
        },
        Some(RuleRef::Methods { user, system }) => RuleChoice::Global {
            user: match user {
                Some(UserMethod::Overwrite) => "overwrite",
                Some(UserMethod::SchemaOnly) | None => "schema-only",
            }
            .to_owned(),
            system: match system {
                Some(SystemMethod::SchemaOnly) => "schema-only",
                Some(SystemMethod::OverwriteFirst) | None => "overwrite-first",
            }
            .to_owned(),
        },
    }
}

/// A path is a file of this machine, a bare name lies on the source's server (the target's when none is named).
fn restore_package(intent: &Intent, source: Option<String>, target: &str) -> (Option<String>, PackageChoice) {
    let on_server = |source: Option<String>| source.or_else(|| Some(target.to_owned()));
    match &intent.package {
        None => (on_server(source), PackageChoice::New),
        Some(PackageRef::Latest) => (on_server(source), PackageChoice::Latest),
        Some(package) => package_choice(package.as_str(), source, target),
    }
}

/// The same rule for names that come from a command line or a tool call.
pub fn package_choice(text: &str, source: Option<String>, target: &str) -> (Option<String>, PackageChoice) {
    let path = text.contains(['/', '\\']) || text.starts_with('~');
    if path {
        (source, PackageChoice::File(PathBuf::from(text)))
    } else {
        (
            source.or_else(|| Some(target.to_owned())),
            PackageChoice::Named(text.to_owned()),
        )
    }
}
