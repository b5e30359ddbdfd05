//! The commercial Migration Manager, as far as its public contract tells: rules, packages, execution.
//!
//! Nothing here was compared with a live server; sources are the public documentation of NocoBase and the public
//! repositories nocobase/nocobase and nocobase/skills. What is not public is made up in the simplest way and kept in one
//! place: the inside of a package (`file`), the members of a check beside `pass`, and how rules of single tables are
//! stored (`rules`). `execute` is the job behind an execution; answering calls is for `api/migrations.rs`.

pub(crate) mod execute;
pub(crate) mod file;
pub(crate) mod names;
pub(crate) mod rules;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Whether an environment has the Migration Manager, and which of its surfaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MigrationManager {
    /// As in the open-source edition: 404.
    #[default]
    Missing,
    /// The plugin is there and the licence does not cover it.
    Unlicensed,
    /// `migration:*`, `migrationRule:create`, `migrationLog:*`.
    Cli,
    /// `migrationFiles:*`, `migrationRules:*`, `migrationLogs:*`.
    Resource,
    /// Both.
    Both,
}

impl MigrationManager {
    /// Whether this call belongs to a surface that is there.
    pub(crate) fn offers(self, resource: &str, action: &str) -> bool {
        let (cli, web) = (
            matches!(self, Self::Cli | Self::Both),
            matches!(self, Self::Resource | Self::Both),
        );
        match (resource, action) {
            ("migration" | "migrationRule" | "migrationLog", _) => cli,
            ("migrationRules", "list" | "get") => cli || web,
            _ => web,
        }
    }
}

/// What an environment holds of migrations besides its rules, which are a table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Migrations {
    /// Packages by file name.
    #[serde(skip)]
    pub(crate) files: BTreeMap<String, MigrationFile>,
    /// Packages that were uploaded for a check, by task.
    #[serde(skip)]
    pub(crate) tasks: BTreeMap<String, Bytes>,
    /// Logs, the newest last.
    pub(crate) logs: Vec<MigrationLog>,
}

/// A package in the server's folder.
#[derive(Clone, Debug)]
pub(crate) struct MigrationFile {
    pub(crate) title: String,
    pub(crate) rule: String,
    pub(crate) created_at: String,
    pub(crate) made: Made,
}

/// How far a package is.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Running,
    Done(Bytes),
    Failed(String),
}

/// What is kept of an execution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MigrationLog {
    pub(crate) name: String,
    pub(crate) created_at: String,
    pub(crate) success: bool,
    pub(crate) lines: Vec<String>,
    pub(crate) sql: String,
}
