//! A package against the environment that is to receive it; pure.
//!
//! Facts: `#assertMetadata` and `#restoreData` of NocoBase 2.2.15 (`managers/restore.js`), and what was
//! measured on servers. What a server refuses is a blocker here, so that it is known before anything is
//! uploaded; what it accepts without a word, and people should know, is a warning or a note.

use std::collections::BTreeSet;

use super::text::{clean, listing};
use super::version::{major, release};
use super::{Database, Inspection, Metadata};
use crate::finding::Finding;

/// What is known of the environment that is to receive a package.
///
/// What is `None` is not known and not judged, but for [`schema`](Self::schema).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// NocoBase's version.
    pub version: String,
    /// `postgres`, `mysql`, `mariadb`, `sqlite`, `kingbase`.
    pub dialect: String,
    /// The schema as configured; `None` where none is: to NocoBase that and `public` are two different things.
    pub schema: Option<String>,
    /// Whether names in the database are in `snake_case`.
    pub underscored: Option<bool>,
    /// Prefix of every table; `Some("")` where there is none.
    pub table_prefix: Option<String>,
    /// Plugins, name and version.
    pub plugins: Option<Vec<(String, String)>>,
    /// The database server's version, as `PostgreSQL 15.18 …`.
    pub database_version: Option<String>,
}

/// What stands between this package and this target, and what a restore will bring along, beyond what the
/// inspection itself found.
pub fn judge(inspection: &Inspection, target: &Target) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(metadata) = &inspection.metadata {
        findings.extend(judge_version(&metadata.version, &target.version));
        findings.extend(judge_database(&metadata.database, target));
        findings.extend(judge_database_version(&metadata.database, target));
        if let Some(plugins) = &target.plugins {
            findings.extend(judge_plugins(metadata, &target.version, plugins));
        }
    }
    findings.extend(judge_content(inspection));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn judge_version(package: &str, target: &str) -> Option<Finding> {
    let Some(from) = release(package) else {
        return Some(Finding::blocker(
            "version_unreadable",
            format!("The package's version cannot be compared: {}.", clean(package)),
            "Make the package again with NocoBase's Backup Manager.",
        ));
    };
    let Some(to) = release(target) else {
        return Some(Finding::warning(
            "target_version_unreadable",
            format!("The target's version cannot be compared: {}.", clean(target)),
            "Check that the target is not older than the package's source.",
        ));
    };
    let (package, target) = (clean(package), clean(target));
    if from > to {
        return Some(Finding::blocker(
            "version_newer",
            format!(
                "The package was made by NocoBase {package}; the target runs {target}, which is older and will refuse it."
            ),
            format!(
                "Upgrade the target to {package} or later, or use a package made by {target} or earlier."
            ),
        ));
    }
    if from.first() < to.first() {
        return Some(Finding::warning(
            "version_much_older",
            format!(
                "The package was made by NocoBase {package}; the target runs {target} and will upgrade the content across a major version."
            ),
            "Read the upgrade notes of the versions between, and check the target afterwards.",
        ));
    }
    if from < to {
        return Some(Finding::note(
            "version_older",
            format!(
                "The package was made by NocoBase {package}; the target runs {target} and will upgrade the content."
            ),
        ));
    }
    (package != target).then(|| {
        Finding::note(
            "version_tail_differs",
            format!("The package was made by NocoBase {package}, the target runs {target}; the server takes them for the same version."),
        )
    })
}

fn judge_database(database: &Database, target: &Target) -> Vec<Finding> {
    let mut findings = Vec::new();
    if database.dialect != target.dialect {
        findings.push(Finding::blocker(
            "dialect_mismatch",
            format!(
                "The package was made from {}, the target uses {}.",
                clean(&database.dialect),
                clean(&target.dialect)
            ),
            "Use a target with the same kind of database.",
        ));
    }
    if let Some(underscored) = target
        .underscored
        .filter(|underscored| *underscored != database.underscored)
    {
        findings.push(Finding::blocker(
            "underscored_mismatch",
            format!(
                "DB_UNDERSCORED is {} in the package's source and {underscored} in the target.",
                database.underscored
            ),
            "Use a target with the same DB_UNDERSCORED.",
        ));
    }
    let prefix = database.table_prefix.as_deref().unwrap_or_default();
    if let Some(own) = target.table_prefix.as_deref().filter(|own| *own != prefix) {
        findings.push(Finding::blocker(
            "table_prefix_mismatch",
            format!(
                "DB_TABLE_PREFIX is {} in the package's source and {} in the target.",
                quoted(prefix),
                quoted(own)
            ),
            "Use a target with the same DB_TABLE_PREFIX.",
        ));
    }
    let (schema, own) = (
        database.schema.as_deref().unwrap_or_default(),
        target.schema.as_deref().unwrap_or_default(),
    );
    if schema != own {
        let can_remap = matches!(target.dialect.as_str(), "postgres" | "kingbase");
        findings.push(Finding::blocker(
            "schema_mismatch",
            format!(
                "DB_SCHEMA is {} in the package's source and {} in the target; the server counts not set and \"public\" as different.",
                quoted(schema),
                quoted(own)
            ),
            if can_remap {
                let remapped = if own.is_empty() { "public" } else { own };
                format!(
                    "Give both the same DB_SCHEMA, or have NocoBase move the content into the target's schema \"{}\": \
                     --accept schema_mismatch, at a terminal.",
                    clean(remapped)
                )
            } else {
                "Use a target with the same DB_SCHEMA.".to_owned()
            },
        ));
    }
    findings
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        "not set".to_owned()
    } else {
        format!("\"{}\"", clean(text))
    }
}

fn judge_database_version(database: &Database, target: &Target) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(server) = target.database_version.as_deref().and_then(major) else {
        return findings;
    };
    let is_postgres = database.dialect == "postgres" && target.dialect == "postgres";
    if !is_postgres {
        return findings;
    }
    if let Some(client) = database
        .backup_client_version
        .as_deref()
        .and_then(major)
        .filter(|client| *client > server)
    {
        findings.push(Finding::warning(
            "dump_client_newer",
            format!(
                "The dump was made by pg_dump {client}, the target's PostgreSQL is {server}: statements it does not know fail, and the server goes on and calls the restore complete."
            ),
            format!("Make the package with pg_dump {server} or earlier, or compare all tables after the restore."),
        ));
    }
    if let Some(source) = database
        .version
        .as_deref()
        .and_then(major)
        .filter(|source| *source > server)
    {
        findings.push(Finding::warning(
            "database_server_newer",
            format!("The package's database was PostgreSQL {source}, the target's is {server}."),
            "Upgrade the target's PostgreSQL, or compare all tables after the restore.",
        ));
    }
    findings
}

fn judge_plugins(metadata: &Metadata, target_version: &str, plugins: &[(String, String)]) -> Vec<Finding> {
    let own = |name: &str| {
        plugins
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, version)| version.as_str())
    };
    let mut missing = Vec::new();
    let mut newer = Vec::new();
    let mut other = Vec::new();
    // the preset stands among the packed plugins, but not among those that a server lists
    let preset = |name: &Option<String>| {
        name.as_deref()
            .is_some_and(|name| name.starts_with("@nocobase/preset-"))
    };
    for plugin in metadata
        .plugins
        .iter()
        .filter(|plugin| !preset(&plugin.package_name))
    {
        let Some(installed) = own(&plugin.name) else {
            missing.push(plugin.name.clone());
            continue;
        };
        let Some(packed) = plugin.version.as_deref() else {
            continue;
        };
        // a plugin that goes with NocoBase's own version says nothing that the version did not say
        if packed == installed || (packed == metadata.version && installed == target_version) {
            continue;
        }
        let text = format!("{} {packed} (target {installed})", plugin.name);
        match (release(packed), release(installed)) {
            (Some(packed), Some(installed)) if packed > installed => newer.push(text),
            _ => other.push(text),
        }
    }
    let named = |names: &[String]| listing(names.iter().map(String::as_str));
    let mut findings = Vec::new();
    if !missing.is_empty() {
        findings.push(Finding::warning(
            "plugins_missing",
            format!(
                "{} plugins that the package's source uses are missing in the target: {}. The server restores all the same.",
                missing.len(),
                named(&missing)
            ),
            "Install these plugins in the target first; what depends on them will not work otherwise.",
        ));
    }
    if !newer.is_empty() {
        findings.push(Finding::warning(
            "plugins_newer",
            format!(
                "Plugins of the package's source are newer than the target's: {}.",
                named(&newer)
            ),
            "Update these plugins in the target first; the server does not compare their versions.",
        ));
    }
    if !other.is_empty() {
        findings.push(Finding::note(
            "plugins_differ",
            format!("Plugins have other versions in the target: {}.", named(&other)),
        ));
    }
    findings
}

/// What a restore brings along or leaves out, whatever the target.
fn judge_content(inspection: &Inspection) -> Vec<Finding> {
    let mut findings = Vec::new();
    if inspection.encrypted {
        findings.push(Finding::note(
            "encrypted",
            "The package is encrypted; NocoBase's command line cannot restore it, only the server's API with the password.",
        ));
    } else if inspection.metadata.is_some() {
        findings.push(Finding::note(
            "holds_credentials",
            "The package holds password hashes, API keys and settings of its source in plain; keep it as you would keep a password.",
        ));
    }
    if inspection.holds_key {
        findings.push(Finding::note(
            "key_replaced",
            "The package carries its source's key of secrets (aes_key.dat), which replaces the target's and does not come back by itself.",
        ));
    }
    let Some(metadata) = &inspection.metadata else {
        return findings;
    };
    let uploads = inspection.uploads;
    if uploads.files > 0 {
        findings.push(Finding::note(
            "files_merged",
            format!(
                "{} uploaded files ({} bytes) are merged into the target's; files of the same name are overwritten, none is deleted.",
                uploads.files, uploads.bytes
            ),
        ));
    } else if metadata.files_backup == Some(false) {
        findings.push(Finding::note(
            "files_not_included",
            "Uploaded files are not in the package; links to files that the target does not have will be broken.",
        ));
    }
    findings.extend(other_schemas(inspection, &metadata.database));
    let excludes_runtime = release(&metadata.version).is_some_and(|version| version >= [2, 1, 7]);
    if excludes_runtime {
        findings.push(Finding::note(
            "runtime_tables_left_out",
            "Tables of running processes (such as lcCheckpoint…) are not in the package; the target makes them anew, empty.",
        ));
    }
    findings
}

/// Tables of other applications that were dumped along, because no schema was set.
fn other_schemas(inspection: &Inspection, database: &Database) -> Option<Finding> {
    let own = database.schema.as_deref().unwrap_or("public");
    let others: BTreeSet<&str> = inspection
        .content
        .tables
        .iter()
        .map(|table| table.schema.as_str())
        .filter(|schema| !schema.is_empty() && *schema != own)
        .collect();
    (!others.is_empty()).then(|| {
        Finding::note(
            "other_schemas",
            format!(
                "The dump also holds tables of these schemas, which are restored along: {}.",
                listing(others)
            ),
        )
    })
}
