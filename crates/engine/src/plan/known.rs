//! What is known beforehand of a target's NocoBase version, and of what no backup holds; pure.
//!
//! Facts: seen on live servers of NocoBase 2.2.15, and read in the public history of the Backup Manager plugin since it
//! was opened (2.0.56).

use crate::facts::{EnvironmentFacts, OutsideFacts};
use crate::finding::Finding;
use crate::plan::PlannedPackage;
use crate::version::is_newer;

/// The newest version that the hazards below were seen on, and this tool was tried with.
const NEWEST_SEEN: &str = "2.2.15";
/// The first version whose packages leave the tables of running processes out.
const RUNTIME_LEFT_OUT: &str = "2.1.7";
/// The first line that works where the application's path has blanks in it (#9946).
const BLANKS_MENDED: &str = "2.2.0";

/// A migration package in a backup's place: what is inside of one is not public, but the Migration Manager names them
/// `migration_<milliseconds since 1970>`.
pub(super) fn named_like_a_migration(package: &PlannedPackage, target: &EnvironmentFacts) -> Option<Finding> {
    let name = match package {
        PlannedPackage::New { .. } => return None,
        PlannedPackage::Server { name, .. } => name.as_str(),
        PlannedPackage::File { path, .. } => path.file_name()?.to_str()?,
    };
    let number = name.strip_prefix("migration_")?.strip_suffix(".nbdata")?;
    let is_one = number.len() > 9 && number.chars().all(|letter| letter.is_ascii_digit());
    is_one.then(|| {
        Finding::blocker(
            "migration_not_backup",
            format!("{name} is named like a migration package, and a restore needs a full backup"),
            format!(
                "to execute it: nocobase-release migrate {} --package FILE; a backup that is only named so is restored \
                 under another name",
                target.environment
            ),
        )
    })
}

/// What this version does to restores, whatever the package.
pub(super) fn hazards(target: &EnvironmentFacts) -> Vec<Finding> {
    let (name, version) = (&target.environment, &target.version);
    let mut findings = Vec::new();
    if is_newer(version, NEWEST_SEEN) {
        findings.push(Finding::warning(
            "version_not_seen",
            format!(
                "{name} runs NocoBase {version}; this tool was tried with {NEWEST_SEEN} and earlier, and its server log \
                 may be worded otherwise"
            ),
            "look at the evidence of the run, not at its verdict alone",
        ));
    } else {
        findings.push(Finding::note(
            "server_goes_on",
            format!(
                "NocoBase {version} ignores statements of a dump that fail, and goes back without a word when all of it \
                 fails, to a dump that may be an older one: the run counts every table afterwards and never trusts that"
            ),
        ));
    }
    if is_newer(BLANKS_MENDED, version) {
        findings.push(Finding::note(
            "blanks_in_paths",
            format!(
                "NocoBase {version} cannot back up or restore where the application's path has blanks in it"
            ),
        ));
    }
    if is_newer(RUNTIME_LEFT_OUT, version) {
        findings.push(Finding::note(
            "runtime_tables_packed",
            format!("packages of NocoBase {version} also hold the tables of running processes, which are replaced, too"),
        ));
    }
    findings
}

/// What no backup holds, with the names of what there is on the source.
pub(super) fn not_covered(source: Option<&EnvironmentFacts>) -> Finding {
    let none = OutsideFacts::default();
    let outside = source.map_or(&none, |source| &source.outside);
    let parts = [
        ("external data sources", &outside.data_sources),
        ("sub-applications", &outside.sub_applications),
        ("files in remote storages", &outside.remote_storages),
    ];
    let listed: Vec<String> = parts
        .iter()
        .map(|(what, names)| match names.as_slice() {
            [] => (*what).to_owned(),
            names => format!("{what} ({})", names.join(", ")),
        })
        .collect();
    let text = format!("not part of a backup: {}", listed.join(", "));
    match source {
        Some(source) if parts.iter().any(|(_, names)| !names.is_empty()) => Finding::warning(
            "not_covered",
            text,
            format!("carry over by hand what {} needs of these", source.environment),
        ),
        _ => Finding::note("not_covered", text),
    }
}
