//! Packages on servers and on this machine.

use std::path::Path;

use release_engine::package::{Format, Inspection};
use release_engine::{EngineError, PackageSummary, Prune, Severity, Verified};
use serde::Serialize;

use super::{Context, shown};
use crate::arguments::Packages;
use crate::exit::Exit;
use crate::{output, settings};

pub(crate) async fn run(context: &Context, what: Packages) -> Result<Exit, EngineError> {
    match what {
        Packages::List { environment } => list(context, &context.environment(environment.as_deref())?).await,
        Packages::Download { environment, package } => download(context, &environment, &package).await,
        Packages::Inspect {
            file,
            against,
            secrets,
        } => {
            let (engine, secrets) = (&context.engine, settings::secrets(&secrets)?);
            let inspection = match against {
                Some(environment) => engine.inspect_against(&file, &environment, &secrets).await?,
                None => engine.inspect_file(&file, &secrets).await?,
            };
            // what is in a package can be seen where a journal cannot be read, too
            let verified = engine.verified(&inspection.sha256).unwrap_or_else(|error| {
                output::talk(&format!("where it was verified cannot be told: {error}"));
                Vec::new()
            });
            show_inspection(context, &file, &inspection, &verified);
            Ok(if inspection.is_blocked() {
                Exit::Preflight
            } else {
                Exit::Verified
            })
        }
        Packages::Ledger => ledger(context),
        Packages::Decrypt { file, out, secrets } => {
            let secrets = settings::secrets(&secrets)?;
            context.engine.decrypt_file(&file, &secrets, &out).await?;
            output::talk(&format!(
                "{} holds the package in plain, its source's credentials included: remove it when it has served",
                shown(&out)
            ));
            Ok(Exit::Verified)
        }
        Packages::Prune {
            older_than,
            verified,
            yes,
        } => prune(context, older_than, verified, yes),
        Packages::Remove {
            environment,
            package,
            yes,
        } => {
            let by_person = yes.is_none() && output::can_ask();
            // What is typed, or given with --yes, is the name itself.
            let package = context.engine.name_of_package(&environment, &package).await?;
            let confirmation = match yes {
                Some(name) => name,
                None if by_person => {
                    let question = format!("Type \"{package}\" to remove it from {environment}:");
                    output::ask(&question).unwrap_or_default()
                }
                None => String::new(),
            };
            context
                .engine
                .remove_package(&environment, &package, &confirmation, by_person)
                .await?;
            output::talk(&format!("removed {package} from {environment}"));
            Ok(Exit::Verified)
        }
    }
}

/// The first digits of a SHA-256 tell packages apart well enough to look at.
const DIGITS: usize = 12;

fn ledger(context: &Context) -> Result<Exit, EngineError> {
    let entries = context.engine.ledger()?;
    if context.globals.json {
        output::json(&entries);
        return Ok(Exit::Verified);
    }
    if entries.is_empty() {
        output::talk("no run of this machine has put a package anywhere yet");
    }
    for entry in entries {
        output::data(&format!(
            "{}  {} of {}, {}",
            entry.sha256.get(..DIGITS).unwrap_or_default(),
            if entry.migration {
                "migration package"
            } else {
                "backup"
            },
            entry.source.as_deref().unwrap_or("unknown origin"),
            shown(&entry.path)
        ));
        for placement in entry.placements {
            let taken_back = placement
                .taken_back_by
                .map(|run| format!(", taken back by {run}"));
            output::data(&format!(
                "  {:<10}  {:<22}  {}  {}{}",
                placement.environment,
                placement.verdict.as_str(),
                placement.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
                placement.run,
                taken_back.unwrap_or_default()
            ));
        }
    }
    Ok(Exit::Verified)
}

fn prune(context: &Context, older_than: Option<u32>, verified: bool, yes: bool) -> Result<Exit, EngineError> {
    let Some(days) = older_than.or(context.engine.settings().policy.keep_days) else {
        return Err(EngineError::Unsupported {
            what: "it is not said how old a package must be".into(),
            instead: "give --older-than DAYS, or set keep-days in the policy".into(),
        });
    };
    let pruned = context.engine.prune_packages(Prune {
        days,
        verified,
        dry: !yes,
    })?;
    if context.globals.json {
        output::json(&pruned);
        return Ok(Exit::Verified);
    }
    for path in &pruned.removed {
        output::data(&format!(
            "{} {}",
            if yes { "removed " } else { "would remove" },
            shown(path)
        ));
    }
    for path in &pruned.pinned {
        output::data(&format!("kept, an undo may need it: {}", shown(path)));
    }
    for path in &pruned.verified {
        output::data(&format!(
            "kept, the newest that was verified on an environment (--verified removes it, too): {}",
            shown(path)
        ));
    }
    for path in &pruned.foreign {
        output::data(&format!("kept, no run has put it there: {}", shown(path)));
    }
    if !yes && !pruned.removed.is_empty() {
        output::talk("nothing was removed; to do so, add --yes");
    }
    Ok(Exit::Verified)
}

pub(crate) async fn list(context: &Context, environment: &str) -> Result<Exit, EngineError> {
    let packages = context.engine.packages(environment).await?;
    show_list(context, environment, packages)
}

/// The migration packages on an environment's server.
pub(crate) async fn migrations(context: &Context, environment: &str) -> Result<Exit, EngineError> {
    let packages = context.engine.migration_packages(environment).await?;
    show_list(context, environment, packages)
}

fn show_list(
    context: &Context,
    environment: &str,
    packages: Vec<PackageSummary>,
) -> Result<Exit, EngineError> {
    if context.globals.json {
        output::json(&packages);
        return Ok(Exit::Verified);
    }
    if packages.is_empty() {
        output::talk(&format!("{environment} has no packages"));
    }
    for package in packages {
        let when = package.created_at.as_deref().unwrap_or("-");
        let size = if package.in_progress {
            "being made"
        } else {
            package.size.as_str()
        };
        output::data(&format!(
            "{:<6}  {:<42}  {size:>14}  {when}",
            package.place, package.name
        ));
    }
    Ok(Exit::Verified)
}

pub(crate) async fn download(
    context: &Context,
    environment: &str,
    package: &str,
) -> Result<Exit, EngineError> {
    let stored = context
        .engine
        .download_package(environment, package, |_| {})
        .await?;
    if context.globals.json {
        output::json(&stored);
    } else {
        output::data(&format!(
            "{} ({} bytes, sha256 {})",
            shown(&stored.path),
            stored.bytes,
            stored.sha256
        ));
    }
    Ok(Exit::Verified)
}

fn show_inspection(context: &Context, file: &Path, inspection: &Inspection, verified: &[Verified]) {
    #[derive(Serialize)]
    struct Shown<'package> {
        #[serde(flatten)]
        inspection: &'package Inspection,
        verified: &'package [Verified],
    }
    if context.globals.json {
        output::json(&Shown { inspection, verified });
        return;
    }
    output::data(&format!(
        "{}: {} bytes, sha256 {}",
        shown(file),
        inspection.bytes,
        inspection.sha256
    ));
    if let Some(metadata) = &inspection.metadata {
        output::data(&format!(
            "NocoBase {}, {} {}, {} plugins{}",
            metadata.version,
            metadata.database.dialect,
            metadata.database.version.as_deref().unwrap_or(""),
            metadata.plugins.len(),
            if inspection.encrypted { ", encrypted" } else { "" }
        ));
    }
    let rows: u64 = inspection
        .content
        .tables
        .iter()
        .filter_map(|table| table.rows)
        .sum();
    let format = match &inspection.content.format {
        Format::PostgresCustom { .. } => "PostgreSQL archive",
        Format::SqlText { .. } => "SQL text",
        Format::Sqlite { .. } => "SQLite file",
        Format::Unknown => "unknown data",
    };
    output::data(&format!(
        "{format}: {} tables, {rows} rows; {} files",
        inspection.content.tables.len(),
        inspection.uploads.files
    ));
    for one in verified {
        output::data(&one.to_text());
    }
    for finding in &inspection.findings {
        let mark = match finding.severity {
            Severity::Blocker => "✗",
            Severity::Warning => "!",
            Severity::Note => "·",
        };
        output::data(&format!("  {mark} {} [{}]", finding.text, finding.code));
    }
}
