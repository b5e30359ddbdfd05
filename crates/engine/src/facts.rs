//! Facts: what was read from the environments (and from a package file) before a plan is made.
//!
//! Reading changes nothing anywhere. What the facts mean is left to the plan; the part of them that must not
//! change until execution is compared by [`Facts::differences`].

use std::path::PathBuf;

use futures_util::future::{join, try_join};
use jiff::Timestamp;
use nocobase_client::{Client, Health};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::EngineError;
use crate::finding::{Finding, Severity};
use crate::ids::RunId;
use crate::migration::MigrationFacts;
use crate::package::Inspection;
use crate::verdict::Verdict;

/// One environment as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentFacts {
    /// Its configured name.
    pub environment: String,
    /// Where its API is.
    pub api_base: String,
    /// The application's own name.
    pub app_name: String,
    /// NocoBase's version.
    pub version: String,
    /// The main database's dialect.
    pub dialect: String,
    /// The PostgreSQL schema the application keeps to, when it does.
    pub schema: Option<String>,
    /// Who we are there.
    pub identity: IdentityFacts,
    /// By which credentials, without what is secret about them.
    #[serde(default)]
    pub credential: CredentialFacts,
    /// Installed plugins with versions; none when the role may not read them.
    pub plugins: Option<Vec<PluginFact>>,
    /// The backups on its server, newest first.
    pub backups: Vec<BackupFact>,
    /// How many backups the server keeps before it removes the oldest; none when the role may not read that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups_kept: Option<usize>,
    /// What it works with that no backup holds.
    #[serde(default)]
    pub outside: OutsideFacts,
    /// Whether its log files can be read.
    pub logs_readable: bool,
}

/// Who a token belongs to on a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityFacts {
    /// The user's number.
    pub id: u64,
    /// The user's name, or what stands in for it.
    pub username: String,
}

/// A kind of credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Not known.
    #[default]
    Unknown,
    /// An account with its password.
    Account,
    /// A session signed in by OAuth.
    OAuth,
    /// An API key.
    ApiKey,
    /// The token of a session.
    Session,
}

/// The credentials of an environment, as far as a restore has something to do with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CredentialFacts {
    /// Their kind.
    pub kind: CredentialKind,
    /// When they expire; none where they do not, or do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// Whether there are others to fall back on.
    pub has_fallback: bool,
}

impl From<nocobase_client::Credential> for CredentialFacts {
    fn from(credential: nocobase_client::Credential) -> Self {
        use nocobase_client::CredentialKind as Kind;
        Self {
            kind: match credential.kind {
                Kind::Nobody | Kind::Token => CredentialKind::Unknown,
                Kind::Account => CredentialKind::Account,
                Kind::OAuth => CredentialKind::OAuth,
                Kind::ApiKey => CredentialKind::ApiKey,
                Kind::Session => CredentialKind::Session,
            },
            expires_at: credential
                .expires_at
                .and_then(|seconds| Timestamp::from_second(seconds).ok()),
            has_fallback: credential.has_fallback,
        }
    }
}

/// What an environment works with that no backup holds; names only, empty where there is nothing or it cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutsideFacts {
    /// Data sources beside the main one.
    pub data_sources: Vec<String>,
    /// Applications that this one manages.
    pub sub_applications: Vec<String>,
    /// File storages that are not on the server's own disk.
    pub remote_storages: Vec<String>,
}

/// An installed plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginFact {
    /// Its short name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it is in use.
    pub enabled: bool,
}

impl From<nocobase_client::Plugin> for PluginFact {
    fn from(plugin: nocobase_client::Plugin) -> Self {
        Self {
            name: one_line(&plugin.name),
            version: one_line(&plugin.version),
            enabled: plugin.enabled,
        }
    }
}

/// A backup on a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupFact {
    /// Its file name.
    pub name: String,
    /// Its size, in the server's words.
    pub size: String,
    /// When it was made, in the server's words.
    pub created_at: Option<String>,
    /// Whether it is being made.
    pub in_progress: bool,
}

/// A package file of this machine, opened and inspected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileFacts {
    /// Its absolute path.
    pub path: PathBuf,
    /// What is in it.
    pub inspection: Inspection,
    /// Where this very package was verified by runs of this machine, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified: Vec<Verified>,
}

/// A run that left an environment in a state that is not known to be good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InDoubt {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub verdict: Verdict,
}

/// An environment that was verified to hold a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Its configured name.
    pub environment: String,
    /// The run that put it there.
    pub run: RunId,
    /// When that run ended.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

impl Verified {
    /// The same in one line.
    pub fn to_text(&self) -> String {
        format!(
            "verified on {} at {} by {}",
            self.environment,
            self.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
            self.run
        )
    }
}

/// Everything a plan is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// Where the package comes from.
    pub source: Option<EnvironmentFacts>,
    /// What is overwritten; none for a backup.
    pub target: Option<EnvironmentFacts>,
    /// The package, when it is a file of this machine.
    pub file: Option<FileFacts>,
    /// The last run of this machine that overwrote the target.
    #[serde(default)]
    pub last_run: Option<RunId>,
    /// How the last run ended that overwrote the source, where what it left is not known to be good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_in_doubt: Option<InDoubt>,
    /// What a migration is planned of; none for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Box<MigrationFacts>>,
}

/// Reads one environment; the first thing that makes a release impossible is the error.
pub(crate) async fn read_environment(client: &Client) -> Result<EnvironmentFacts, EngineError> {
    match client.health().await? {
        Health::Up => {}
        Health::Maintenance { code, message, .. } => {
            return Err(refuse(
                "app_not_running",
                format!("{} is not running: {code} {message}", client.environment_name()),
                "wait until it is up, or start it on its server",
            ));
        }
        Health::Other { status, excerpt } => {
            return Err(refuse(
                "app_not_healthy",
                format!(
                    "{} answered its health check with {status}: {excerpt}",
                    client.environment_name()
                ),
                "check the base URL (it ends in /api) and the server",
            ));
        }
    }
    let (app, identity) = try_join(client.app_info(), client.identity()).await?;
    client.backup_surface().await?;
    let (database, backups) = try_join(client.database_info(), client.list_backups()).await?;
    let plugins = client.plugins().await.ok();
    let manages = plugins
        .iter()
        .flatten()
        .any(|plugin| plugin.enabled && SUB_APPLICATION_PLUGINS.contains(&plugin.name.as_str()));
    let (backups_kept, outside) = join(client.backups_kept(), read_outside(client, manages)).await;
    let backups_kept = backups_kept.ok();
    let username = identity.username.or(identity.email).or(identity.nickname);
    let [name, version, dialect] = [&app.name, &app.version, &app.dialect].map(|text| one_line(text));
    Ok(EnvironmentFacts {
        environment: client.environment_name().to_owned(),
        api_base: client.api_base().to_string(),
        app_name: name,
        version,
        dialect,
        schema: database.schema.as_deref().map(one_line),
        identity: IdentityFacts {
            id: identity.id,
            username: username.map_or_else(|| format!("user {}", identity.id), |name| one_line(&name)),
        },
        credential: client.credential().into(),
        plugins: plugins.map(|plugins| plugins.into_iter().take(PLUGINS).map(PluginFact::from).collect()),
        backups: backups
            .into_iter()
            .take(BACKUPS)
            .map(|entry| BackupFact {
                name: one_line(&entry.name),
                size: one_line(&entry.file_size),
                created_at: entry.created_at.as_deref().map(one_line),
                in_progress: entry.in_progress,
            })
            .collect(),
        backups_kept,
        outside,
        logs_readable: client.log_files().await.is_ok(),
    })
}

/// Plugins and backups that are kept of one environment; a server that lists more is no application but a mistake.
const PLUGINS: usize = 1000;
const BACKUPS: usize = 1000;
/// Characters of one text of a server; whoever confirms a plan reads it in one line.
const LONGEST_TEXT: usize = 300;

/// A server's text as it stands in facts and so in plans: bounded, in one line, without characters that a terminal obeys.
pub(crate) fn one_line(text: &str) -> String {
    let shown = |letter: char| {
        !letter.is_control()
            && !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .filter(|letter| shown(*letter))
        .take(LONGEST_TEXT)
        .collect()
}

/// The plugins that bring sub-applications (NocoBase 2.2.15); without one there is no such resource to ask.
const SUB_APPLICATION_PLUGINS: [&str; 2] = ["multi-app-manager", "app-supervisor"];
/// Names shown of each kind, and letters of each name.
const NAMES_SHOWN: usize = 10;
const LONGEST_NAME: usize = 60;

/// What lies outside of backups; what cannot be read says nothing.
async fn read_outside(client: &Client, manages_applications: bool) -> OutsideFacts {
    let names = async |collection: &str, name: &str, fields: &[&str], keep: fn(&Value) -> bool| {
        let rows = client.list_fields(collection, fields).await.unwrap_or_default();
        rows.iter()
            .filter(|row| keep(row))
            .filter_map(|row| row.get(name)?.as_str())
            .map(|name| {
                name.chars()
                    .filter(|letter| !letter.is_control())
                    .take(LONGEST_NAME)
                    .collect()
            })
            .take(NAMES_SHOWN)
            .collect::<Vec<String>>()
    };
    OutsideFacts {
        data_sources: names("dataSources", "key", &["key"], |row| {
            row.get("key").is_some_and(|key| key != "main")
        })
        .await,
        sub_applications: if manages_applications {
            names("applications", "name", &["name"], |_| true).await
        } else {
            Vec::new()
        },
        remote_storages: names("storages", "name", &["name", "type"], |row| {
            row.get("type").is_some_and(|kind| kind != "local")
        })
        .await,
    }
}

pub(crate) fn refuse(code: &str, text: String, next_step: &str) -> EngineError {
    EngineError::Preflight {
        findings: vec![Finding::blocker(code, text, next_step)],
    }
}

impl Facts {
    /// What differs from facts that were read earlier, in words; empty when a plan still stands.
    pub fn differences(&self, earlier: &Facts, package_name: Option<&str>) -> Vec<String> {
        let mut differences = Vec::new();
        for (now, then) in [(&self.source, &earlier.source), (&self.target, &earlier.target)] {
            if let (Some(now), Some(then)) = (now, then) {
                now.differ(then, &mut differences);
            }
        }
        if self.last_run != earlier.last_run
            && let Some(run) = &self.last_run
        {
            differences.push(format!("{run} has overwritten the target since"));
        }
        if let (Some(now), Some(then)) = (&self.migration, &earlier.migration) {
            differences.extend(now.differences(then, package_name));
            // a migration package is none of the backups
            return differences;
        }
        if let (Some(name), Some(now), Some(then)) = (package_name, &self.source, &earlier.source)
            && now.backup(name) != then.backup(name)
        {
            differences.push(format!(
                "the package {name} on {} is another one now",
                now.environment
            ));
        }
        differences
    }
}

impl EnvironmentFacts {
    /// The backup of that name.
    pub fn backup(&self, name: &str) -> Option<&BackupFact> {
        self.backups.iter().find(|backup| backup.name == name)
    }

    fn differ(&self, then: &EnvironmentFacts, differences: &mut Vec<String>) {
        let pairs = [
            ("address", self.api_base.clone(), then.api_base.clone()),
            ("version", self.version.clone(), then.version.clone()),
            ("database", self.dialect.clone(), then.dialect.clone()),
            (
                "schema",
                format!("{:?}", self.schema),
                format!("{:?}", then.schema),
            ),
            (
                "user",
                self.identity.username.clone(),
                then.identity.username.clone(),
            ),
        ];
        for (what, now, then_value) in pairs {
            if now != then_value {
                differences.push(format!("{}: {what} was {then_value}, is {now}", self.environment));
            }
        }
    }
}

/// Whether any finding stops the release, given the codes that were accepted.
pub(crate) fn blocked(findings: &[Finding], accepted: &[String]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Blocker && !accepted.contains(&finding.code))
}
