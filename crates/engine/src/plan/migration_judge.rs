//! A migration package, opened on this machine: damage of the file itself stops it, and so does a backup in its place.
//! Pure.
//!
//! What a migration package looks like inside is not public, so nothing else is held against it here: entries that no
//! backup has, or metadata of another form, are left to the check on the target.

use crate::facts::EnvironmentFacts;
use crate::finding::{Finding, Severity};
use crate::package::Inspection;

/// Findings about the file itself, whatever is in it. A password that was not needed may be that of the safety backup.
const DAMAGE: [&str; 21] = [
    "not_a_package",
    "password_missing",
    "password_wrong",
    "package_changed",
    "package_empty",
    "package_truncated",
    "zip_empty",
    "zip_malformed",
    "zip_trailing_bytes",
    "zip_foreign_bytes",
    "entries_overlap",
    "entry_damaged",
    "entry_duplicate",
    "entry_traversal",
    "entry_absolute",
    "entry_drive_letter",
    "entry_backslash",
    "entry_name_malformed",
    "entry_symlink",
    "too_many_entries",
    "inflates_too_much",
];

/// Judges an opened migration package: damage stops it, the rest is left to the check on the target.
pub(crate) fn judge_migration(inspection: &Inspection, target: &EnvironmentFacts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = inspection
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Blocker && DAMAGE.contains(&finding.code.as_str()))
        .cloned()
        .collect();
    if is_full_backup(inspection) {
        findings.push(Finding::blocker(
            "backup_not_migration",
            "the package is a full backup, and no migration package",
            format!(
                "to replace all of {} by it: nocobase-release restore {} --package FILE",
                target.environment, target.environment
            ),
        ));
    }
    if inspection.content.tables.is_empty() && findings.is_empty() {
        findings.push(Finding::warning(
            "migration_package_unread",
            "the package's inside could not be read here, as its form is not public: only the check on the target judges it",
            "",
        ));
    }
    let version = inspection
        .metadata
        .as_ref()
        .map(|metadata| metadata.version.as_str());
    if let Some(version) = version.filter(|version| crate::version::is_newer(version, &target.version)) {
        findings.push(Finding::blocker(
            "version_newer",
            format!(
                "the package was made by NocoBase {version}, {} runs only {}",
                target.environment, target.version
            ),
            format!("upgrade {} to {version} first", target.environment),
        ));
    }
    findings
}

/// Tables of a running application's own, whose rows no rule brings along by default.
const OWN: [&str; 4] = ["users", "rolesUsers", "migrations", "applicationVersion"];

/// Whether it is what the Backup Manager makes: metadata, and a dump with the rows of all of an application's own tables.
fn is_full_backup(inspection: &Inspection) -> bool {
    let Some(metadata) = &inspection.metadata else {
        return false;
    };
    let prefix = metadata.database.table_prefix.as_deref().unwrap_or_default();
    let holds_rows = |name: &&str| {
        let plain = |text: &str| text.to_lowercase().replace('_', "");
        inspection.content.tables.iter().any(|table| {
            let known = table.name.strip_prefix(prefix).unwrap_or(&table.name);
            plain(known) == plain(name) && table.rows.is_some_and(|rows| rows > 0)
        })
    };
    OWN.iter().filter(|name| holds_rows(name)).count() >= 3
}
