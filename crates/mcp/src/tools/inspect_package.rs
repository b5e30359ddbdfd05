//! `inspect_package`: what is in a package of an environment, without restoring it.
//!
//! Only packages that `list_packages` names can be opened: a path would let callers feel their way through the files
//! of this machine.

use std::path::PathBuf;

use release_engine::package::Inspection;
use release_engine::{EngineError, PackageSummary, Severity, Verified};
use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::description;
use crate::arguments;
use crate::fetches::Fetched;
use crate::handler::Handler;
use crate::offered::step;
use crate::reply::{Reply, ToolError};
use crate::text::{one_line, quoted};
use crate::views::{FindingView, InspectionView};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InspectPackageArguments {
    /// Name or alias of the environment that the package is of, or `@current`.
    #[schemars(length(min = 1, max = 100))]
    environment: String,
    /// The package's name, exactly as `list_packages` gives it.
    #[schemars(length(min = 1, max = 1024))]
    package: String,
}

/// What is in the package.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InspectAnswer {
    /// `answered`, or `fetching`: the package is still on its way to this machine, call again.
    status: InspectStatus,
    /// The environment.
    environment: String,
    /// The package's name.
    package: String,
    /// What was found, once it is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection: Option<InspectionView>,
    /// What to do next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum InspectStatus {
    Answered,
    Fetching,
}

#[tool_router(router = inspect_package_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "inspect_package",
        title = "Look into a package",
        description = description!("inspect_package"),
        output_schema = schema_for_output::<InspectAnswer>(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn inspect_package(
        &self,
        Parameters(arguments): Parameters<InspectPackageArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Reply<InspectAnswer>, ToolError> {
        let name = arguments::environment("environment", &arguments.environment)?;
        let environment = self.engine().resolve(name)?;
        let package = arguments::package(&arguments.package)?.to_owned();
        let listed = self.engine().packages(&environment).await?;
        let Some(path) = self.here(&environment, &package, listed, &context).await? else {
            return Ok(still_fetching(environment, package));
        };
        let inspection = self.engine().inspect_file(&path, self.secrets()).await?;
        let verified = self.engine().verified(&inspection.sha256);
        Ok(found(environment, package, path, &inspection, verified))
    }

    /// Where the package lies on this machine; none while it is being fetched.
    async fn here(
        &self,
        environment: &str,
        package: &str,
        listed: Vec<PackageSummary>,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<PathBuf>, ToolError> {
        let named: Vec<&PackageSummary> = listed.iter().filter(|entry| entry.name == package).collect();
        if let Some(path) = named.iter().find_map(|entry| entry.path.clone()) {
            return Ok(Some(path));
        }
        let Some(on_server) = named.first() else {
            return Err(ToolError::new(
                "package_not_found",
                format!("{environment} has no package named {package:?}"),
                step(
                    "list_packages",
                    "call list_packages for the names",
                    format!(
                        "the user sees the names at a terminal: nocobase-release packages list {environment}"
                    ),
                ),
            ));
        };
        if on_server.in_progress {
            return Err(ToolError::new(
                "package_in_progress",
                format!("{package:?} is still being made on {environment}"),
                "wait a moment, then call inspect_package again",
            ));
        }
        match self
            .fetches()
            .fetch(self.engine(), environment, package, context)
            .await?
        {
            Fetched::Here(path) => Ok(Some(path)),
            Fetched::Underway => Ok(None),
        }
    }
}

fn still_fetching(environment: String, package: String) -> Reply<InspectAnswer> {
    let next = vec!["call inspect_package again with the same arguments".to_owned()];
    let mut text = format!(
        "the package is still on its way from {} to this machine\n",
        one_line(&environment, 100)
    );
    super::push_next(&mut text, &next);
    Reply {
        text,
        data: InspectAnswer {
            status: InspectStatus::Fetching,
            environment,
            package,
            inspection: None,
            next,
        },
    }
}

fn found(
    environment: String,
    package: String,
    path: PathBuf,
    inspection: &Inspection,
    verified: Result<Vec<Verified>, EngineError>,
) -> Reply<InspectAnswer> {
    let mut view = InspectionView {
        path: path.display().to_string(),
        ..InspectionView::from(inspection)
    };
    let mut places = String::new();
    match verified {
        Ok(verified) => {
            let told: Vec<String> = verified.iter().map(Verified::to_text).collect();
            places = told.join("; ");
            view.verified = verified.iter().map(Into::into).collect();
        }
        // what is in a package can be seen where a journal cannot be read, too
        Err(error) => view.findings.push(FindingView {
            code: error.code().to_owned(),
            text: format!("where it was verified cannot be told: {error}"),
            next_step: error.hint(),
        }),
    }
    let sound = if view.usable {
        let judges = step("restore", "; `restore` judges it for its target", "");
        format!("nothing speaks against it so far{judges}")
    } else {
        "it cannot be used".to_owned()
    };
    let mut lines = format!(
        "{}: {} bytes, NocoBase {}, {}, {} tables, {} rows, {} files{}\n",
        one_line(&package, 300),
        view.bytes,
        view.version.as_deref().unwrap_or("unknown"),
        view.dialect.as_deref().unwrap_or("unknown database"),
        view.tables,
        view.rows,
        view.files,
        if view.encrypted { ", encrypted" } else { "" },
    );
    if !places.is_empty() {
        lines.push_str(&one_line(&places, 500));
        lines.push('\n');
    }
    for finding in &view.findings {
        lines.push_str(&one_line(&format!("{} [{}]", finding.text, finding.code), 500));
        lines.push('\n');
    }
    Reply {
        text: format!(
            "package of {}: {sound}\n{}",
            one_line(&environment, 100),
            quoted(&lines)
        ),
        data: InspectAnswer {
            status: InspectStatus::Answered,
            environment,
            package,
            inspection: Some(view),
            next: Vec::new(),
        },
    }
}

impl From<&Inspection> for InspectionView {
    fn from(inspection: &Inspection) -> Self {
        let metadata = inspection.metadata.as_ref();
        Self {
            path: String::new(),
            bytes: inspection.bytes,
            sha256: inspection.sha256.clone(),
            encrypted: inspection.encrypted,
            usable: !inspection.is_blocked(),
            version: metadata.map(|metadata| metadata.version.clone()),
            dialect: metadata.map(|metadata| metadata.database.dialect.clone()),
            plugins: metadata.map_or(0, |metadata| metadata.plugins.len()),
            tables: inspection.content.tables.len(),
            rows: inspection
                .content
                .tables
                .iter()
                .filter_map(|table| table.rows)
                .sum(),
            files: inspection.uploads.files,
            verified: Vec::new(),
            findings: inspection
                .findings
                .iter()
                .filter(|finding| finding.severity != Severity::Note)
                .map(FindingView::from)
                .collect(),
        }
    }
}
