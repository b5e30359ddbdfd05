//! Migration packages of the commercial Migration Manager: made, listed, fetched.
//!
//! By public documentation (nocobase/nocobase and nocobase/skills), not seen on live servers. The plugin has two
//! surfaces: `migration:*`, which the official command line uses, and the older `migrationFiles:*` of the web pages,
//! which alone tells conflicts and keeps the SQL. Packages are made and fetched here, over the first
//! where it is there; checking and executing, rules and logs are in files of their own.

use std::path::Path;

use serde_json::{Value, json};

use super::backups::{Download, safe_file_name};
use super::shapes::{entries, line, shown, text, unwrapped};
use crate::client::Client;
use crate::error::Error;
use crate::lack::MigrationLack;
use crate::transport::Request;

/// Which surfaces of Migration Manager a server offers; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationSurfaces {
    /// `migration:*`, that of the official command line.
    pub cli: bool,
    /// `migrationFiles:*`, that of the web pages.
    pub resource: bool,
}

/// How a migration package stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationStatus {
    /// It can be fetched.
    Ready,
    /// Being made.
    Running,
    /// Anything else, with the server's words.
    Failed(String),
    /// The server does not know it.
    Unknown,
}

/// A migration package on a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationEntry {
    /// File name, as the server gave it.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its size in the server's words.
    pub size: Option<String>,
    /// When it was made, in the server's words.
    pub created_at: Option<String>,
    /// How it stands, in the server's word (`ok`, `in_progress`).
    pub status: Option<String>,
    /// The rule it was made by, where the server tells.
    pub rule: Option<String>,
}

impl Client {
    /// Which surfaces of Migration Manager this server offers, asked once, by lists that change nothing. That it offers
    /// none is [`Error::MigrationUnavailable`], told apart from an empty list.
    pub async fn migration_surfaces(&self) -> Result<MigrationSurfaces, Error> {
        let found = self.shared.migration_surfaces.get_or_try_init(|| async {
            let cli = self.offered(&Request::get("migration:list")).await?;
            let resource = Request::get("migrationFiles:list")
                .query("page", "1")
                .query("pageSize", "1");
            let resource = self.offered(&resource).await?;
            match (cli, resource) {
                (Err(one), Err(other)) => Err(more_telling(one, other)),
                (cli, resource) => Ok(MigrationSurfaces {
                    cli: cli.is_ok(),
                    resource: resource.is_ok(),
                }),
            }
        });
        found.await.copied()
    }

    /// Whether this surface is there: the inner error is that it is not. Any other failure says nothing about it, and a
    /// surface that is thought to be missing would be replaced by one that checks less.
    async fn offered(&self, probe: &Request) -> Result<Result<(), Error>, Error> {
        let at = self.call(&probe.name);
        match self.read(probe).await.and_then(|answer| answer.json(&at)) {
            Ok(_) => Ok(Ok(())),
            Err(error) if is_unknown_action(&error) => Ok(Err(Error::MigrationUnavailable {
                at,
                why: MigrationLack::Missing,
                message: None,
            })),
            Err(error @ Error::MigrationUnavailable { .. }) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// One of two requests, by the surface: the command line's where it is there.
    pub(super) async fn by_surface(&self, cli: Request, resource: Request) -> Result<Request, Error> {
        Ok(if self.migration_surfaces().await?.cli {
            cli
        } else {
            resource
        })
    }

    /// The migration packages on the server.
    pub async fn list_migrations(&self) -> Result<Vec<MigrationEntry>, Error> {
        let resource = Request::get("migrationFiles:list")
            .query("page", "1")
            .query("pageSize", "200");
        let request = self.by_surface(Request::get("migration:list"), resource).await?;
        let at = self.call(&request.name);
        let answer = self.read(&request).await?;
        let listed = entries(answer.data(&at)?);
        let listed = listed.ok_or_else(|| answer.unexpected(&at, "no list of packages in the answer"))?;
        Ok(listed.iter().filter_map(entry).collect())
    }

    /// How a migration package stands.
    pub async fn migration_status(&self, name: &str) -> Result<MigrationStatus, Error> {
        let name = self.usable("migration:get", name)?;
        let request = self
            .by_surface(
                Request::get("migration:get").query("name", &name),
                Request::get("migrationFiles:get").query("filterByTk", &name),
            )
            .await?;
        let at = self.call(&request.name);
        let answer = self.read(&request).await?;
        if answer.status == 204 {
            return Ok(MigrationStatus::Unknown);
        }
        let data = unwrapped(answer.data(&at)?);
        if data.is_null() {
            return Ok(MigrationStatus::Unknown);
        }
        let word = text(&data, &["status", "state"]);
        Ok(match word.as_deref() {
            Some("ok") => MigrationStatus::Ready,
            Some("in_progress") => MigrationStatus::Running,
            Some(word) => {
                let words = text(&data, &["message", "error"]);
                MigrationStatus::Failed(words.unwrap_or_else(|| word.to_owned()))
            }
            None => MigrationStatus::Failed(format!("no status in the answer: {}", shown(&data))),
        })
    }

    /// Begins a migration package by a rule; its name.
    pub async fn create_migration(&self, rule: &str, title: &str) -> Result<String, Error> {
        let body = json!({ "ruleId": as_id(rule), "title": title });
        let request = self
            .by_surface(
                Request::post("migration:create").body(body.clone()),
                Request::post("migrationFiles:create").body(body),
            )
            .await?;
        let at = self.mutation(&request.name);
        let answer = self.change(&request).await?;
        let data = unwrapped(answer.data(&at)?);
        let name = line(&data).or_else(|| text(&data, &["fileName", "name", "filename"]));
        match name.as_deref().and_then(safe_file_name) {
            Some(name) => Ok(name.to_owned()),
            None => Err(answer.unexpected(&at, &format!("no usable name of a package: {}", shown(&data)))),
        }
    }

    /// Downloads a migration package as [`Client::download_backup`] does. A server that says `ok` too early refuses
    /// once; then its word is asked for again and the package once more.
    pub async fn download_migration(
        &self,
        name: &str,
        destination: &Path,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Download, Error> {
        let name = self.usable("migration:download", name)?;
        let request = self
            .by_surface(
                Request::get("migration:download").query("name", &name),
                Request::get("migrationFiles:download").query("filterByTk", &name),
            )
            .await?;
        let refusal = match self.download(&request, destination, &progress).await {
            Err(error) if may_be_early(&error) => error,
            done => return done,
        };
        match self.migration_status(&name).await? {
            MigrationStatus::Ready => self.download(&request, destination, progress).await,
            _ => Err(refusal),
        }
    }

    /// Removes a migration package from the server.
    pub async fn remove_migration(&self, name: &str) -> Result<(), Error> {
        let name = self.usable("migration:remove", name)?;
        let request = self
            .by_surface(
                Request::post("migration:remove").body(json!({ "name": &name })),
                Request::post("migrationFiles:destroy").query("filterByTk", &name),
            )
            .await?;
        let at = self.mutation(&request.name);
        self.change(&request).await?.json(&at).map(drop)
    }
}

/// A rule's id as the server counts: numbers as numbers.
pub(super) fn as_id(id: &str) -> Value {
    match id.parse::<u64>() {
        Ok(number) if number < 1 << 53 && number.to_string() == id => json!(number),
        _ => json!(id),
    }
}

fn entry(value: &Value) -> Option<MigrationEntry> {
    let status = text(value, &["status", "state"]).or_else(|| {
        let running = value.get("inProgress")?.as_bool()?;
        Some(if running { "in_progress" } else { "ok" }.to_owned())
    });
    Some(MigrationEntry {
        name: line(value).or_else(|| text(value, &["name", "fileName", "filename"]))?,
        title: text(value, &["title"]),
        size: text(value, &["fileSize", "size"]),
        created_at: text(value, &["createdAt"]),
        status,
        rule: text(value, &["ruleId", "ruleName"]),
    })
}

/// What NocoBase 2.2.15 answers for an action that a known resource does not have.
pub(super) fn is_unknown_action(error: &Error) -> bool {
    matches!(error, Error::Refused { status: 500, message, .. } if message.contains("reading 'findOne'"))
}

/// The documented refusals of a download that comes too early. What a proxy answers has been tried again already, as
/// with every read.
fn may_be_early(error: &Error) -> bool {
    match error {
        Error::Refused { status, .. } | Error::Unexpected { status, .. } => matches!(status, 400 | 503),
        Error::Maintenance { .. } => true,
        _ => false,
    }
}

/// Of two refusals the one that says more about what is lacking.
fn more_telling(one: Error, other: Error) -> Error {
    match (&one, &other) {
        (Error::MigrationUnavailable { why: left, .. }, Error::MigrationUnavailable { why: right, .. }) => {
            if right > left {
                other
            } else {
                one
            }
        }
        (Error::MigrationUnavailable { .. }, _) => other,
        _ => one,
    }
}
