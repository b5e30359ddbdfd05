//! Packages on servers and on this machine.

use std::path::Path;

use release_engine::package::{Format, Inspection};
use release_engine::{EngineError, Severity};

use super::{Context, shown};
use crate::arguments::Packages;
use crate::exit::Exit;
use crate::{output, settings};

pub(crate) async fn run(context: &Context, what: Packages) -> Result<Exit, EngineError> {
    match what {
        Packages::List { environment } => list(context, &context.environment(environment.as_deref())?).await,
        Packages::Download { environment, package } => download(context, &environment, &package).await,
        Packages::Inspect { file, secrets } => {
            let inspection = context
                .engine
                .inspect_file(&file, &settings::secrets(&secrets)?)
                .await?;
            show_inspection(context, &file, &inspection);
            Ok(if inspection.is_blocked() {
                Exit::Preflight
            } else {
                Exit::Verified
            })
        }
        Packages::Remove {
            environment,
            package,
            yes,
        } => {
            let by_person = yes.is_none() && output::can_ask();
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

pub(crate) async fn list(context: &Context, environment: &str) -> Result<Exit, EngineError> {
    let packages = context.engine.packages(environment).await?;
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

fn show_inspection(context: &Context, file: &Path, inspection: &Inspection) {
    if context.globals.json {
        output::json(inspection);
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
    for finding in &inspection.findings {
        let mark = match finding.severity {
            Severity::Blocker => "✗",
            Severity::Warning => "!",
            Severity::Note => "·",
        };
        output::data(&format!("  {mark} {} [{}]", finding.text, finding.code));
    }
}
