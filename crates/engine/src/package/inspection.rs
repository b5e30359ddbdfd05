//! What an inspection found: plain data, kept in plans and shown by both faces.
//!
//! Every text that came out of the package is bounded and escaped before it is put here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};

/// One package, as far as it can be known from the file alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file as it is (encrypted, if it is encrypted), in lower-case hexadecimal.
    pub sha256: String,
    /// Whether the file is encrypted, as far as can be told: an encrypted package carries no marker.
    pub encrypted: bool,
    /// `_metadata.json`, where it could be read.
    pub metadata: Option<Metadata>,
    /// The database dump.
    pub content: Content,
    /// Uploaded files that travel along.
    pub uploads: Uploads,
    /// Whether the package carries its source's key of secrets (`aes_key.dat`).
    pub holds_key: bool,
    /// What is wrong with the package or worth knowing about it.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// Whether something was found that must stop a release.
    pub fn is_blocked(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Blocker)
    }

    /// The table of that name, in whichever schema it is met first.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.content.tables.iter().find(|table| table.name == name)
    }
}

/// What the package says about the environment that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Metadata {
    /// Version of the metadata's own format: 1 in NocoBase 2.0, 2 since 2.1.
    pub metadata_version: Option<u64>,
    /// NocoBase's version.
    pub version: String,
    /// The database.
    pub database: Database,
    /// Plugins that were enabled.
    pub plugins: Vec<Plugin>,
    /// Whether uploaded files were to be included; unknown in old packages.
    pub files_backup: Option<bool>,
    /// What a person wrote about the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// The database that the package was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Database {
    /// `postgres`, `mysql`, `mariadb`, `sqlite`, `kingbase`.
    pub dialect: String,
    /// The tools that made the dump, where the package names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolchain: Option<String>,
    /// Whether names in the database are in `snake_case`.
    pub underscored: bool,
    /// Prefix of every table; `None` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_prefix: Option<String>,
    /// The schema as configured: `None` and `public` are two different things to NocoBase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The database server's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version of `pg_dump` or `mysqldump` that made the dump.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_client_version: Option<String>,
}

/// A plugin that was enabled in the environment that made the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plugin {
    /// Short name, as in `applicationPlugins`.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Name of its npm package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_name: Option<String>,
}

/// The database dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Content {
    /// What kind of dump it is.
    pub format: Format,
    /// The tables it creates or fills, in the dump's order.
    pub tables: Vec<Table>,
}

/// Kinds of database dumps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Format {
    /// `pg_dump -F c`.
    PostgresCustom {
        /// Version of the archive format, as `1.14`.
        archive_version: String,
        /// `none`, `gzip`, `lz4` or `zstd`.
        compression: String,
        /// Version of the server that was dumped.
        server_version: Option<String>,
        /// Version of `pg_dump`.
        dump_version: Option<String>,
        /// Name of the database that was dumped.
        database_name: Option<String>,
    },
    /// SQL statements, as `mysqldump` writes them.
    SqlText {
        /// `mysqldump`, `mariadb-dump`, `pg_dump` or `unknown`.
        tool: String,
    },
    /// A copy of an SQLite database; its tables are not looked at.
    Sqlite {
        /// Size in pages, as the file's header has it.
        pages: u64,
    },
    /// Nothing that is known, or nothing that could be read.
    Unknown,
}

/// One table of the dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Its schema; empty where the dump names none.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Rows in the dump; `None` where they could not be counted or no data travels along.
    pub rows: Option<u64>,
    /// Bytes of the rows as text; `None` as for [`rows`](Self::rows).
    pub bytes: Option<u64>,
}

/// Uploaded files in the package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Uploads {
    /// How many.
    pub files: u64,
    /// Their size, inflated.
    pub bytes: u64,
}
