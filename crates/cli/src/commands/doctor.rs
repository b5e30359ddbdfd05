//! What is set up, what is missing, what to do.

use release_engine::{EngineError, EnvironmentFacts};

use super::{Context, environments, shown};
use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;

/// Settings that cannot be read at all are a finding, too.
pub(crate) fn without_settings(globals: &Globals, error: &EngineError) -> Exit {
    let report = error.report();
    if globals.json {
        output::json(&serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "error": report }));
    } else {
        output::data(&format!(
            "version: {}\n✗ the settings: {}",
            env!("CARGO_PKG_VERSION"),
            report.message
        ));
    }
    Exit::Failed
}

pub(crate) async fn run(context: &Context) -> Result<Exit, EngineError> {
    let settings = context.engine.settings();
    let mut healthy = true;
    let mut lines = vec![
        format!("version: {}", env!("CARGO_PKG_VERSION")),
        format!("home: {}", shown(settings.home.root())),
    ];
    for remark in &context.remarks {
        healthy = false;
        lines.push(format!("! {remark}"));
    }
    let listed = context.engine.environments();
    if listed.is_empty() {
        healthy = false;
        lines.push("! no environment is set up. Any of these will do:".into());
        lines.push("    nb env add                                           (NocoBase CLI; its environments are used as they are)".into());
        lines.push(format!(
            "    nocobase-release envs add dev --url https://…/api    (into {})",
            shown(&settings.home.root().join("release.toml"))
        ));
        lines.push("    NOCOBASE_RELEASE_ENV_DEV_URL and NOCOBASE_RELEASE_ENV_DEV_TOKEN".into());
    }
    let mut checks = Vec::new();
    for environment in &listed {
        let current = if environment.current { " (current)" } else { "" };
        match context.engine.check_environment(&environment.name).await {
            Ok(facts) => {
                lines.push(format!("✓ {}{current}", environments::in_words(&facts)));
                if !facts.logs_readable {
                    lines.push("    its logs are not readable: grant the snippet pm.logger.logger for stronger evidence".into());
                }
                if !offers_migrations(&facts) {
                    lines.push(
                        "    migrations: no, the Migration Manager is not enabled there (commercial, Professional edition and above); \
                         backups are restored all the same"
                            .into(),
                    );
                }
                checks.push(serde_json::json!({ "environment": environment.name, "facts": facts }));
            }
            Err(error) => {
                healthy = false;
                let report = error.report();
                lines.push(format!(
                    "✗ {}{current}: {} [{}]",
                    environment.name, report.message, report.code
                ));
                lines.push(format!("    {}", report.next_step));
                checks.push(serde_json::json!({ "environment": environment.name, "error": report }));
            }
        }
    }
    if context.globals.json {
        output::json(&serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "home": settings.home.root(),
            "remarks": context.remarks,
            "environments": checks,
        }));
    } else {
        output::data(&lines.join("\n"));
    }
    Ok(if healthy { Exit::Verified } else { Exit::Failed })
}

/// Whether the plugin of migrations is enabled there; where plugins cannot be listed nobody knows, and nothing is said.
fn offers_migrations(facts: &EnvironmentFacts) -> bool {
    const PLUGIN: &str = "migration-manager";
    facts.plugins.as_ref().is_none_or(|plugins| {
        let named = |name: &str| name == PLUGIN || name.ends_with(&format!("plugin-{PLUGIN}"));
        plugins.iter().any(|plugin| plugin.enabled && named(&plugin.name))
    })
}
