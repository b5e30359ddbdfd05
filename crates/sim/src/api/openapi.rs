//! `swagger:get`: the OpenAPI document that NocoBase's own command line makes its commands of.
//!
//! Described are backups, as NocoBase 2.2.15 describes them (plugin-backups), and the Migration Manager's surface for
//! the command line. The latter's own description is not public; which flags the commands of it have is (nocobase/skills,
//! `nocobase-publish-manage`; a post of 2026-09-09 on `nb api migration` adds `--description`, `--skip-backup` and
//! `--env-texts`), and flags are names of parameters. The names of the web pages are not described, as in the real
//! document, and neither is anything else.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::reply::Reply;
use super::routes::{MIGRATION, ROUTES, Route};

/// Resources for the web pages alone.
const UNDESCRIBED: [&str; 3] = ["backups", "migrationFiles", "migrationLogs"];

/// What a command cannot do without.
const REQUIRED: [&str; 7] = [
    "file",
    "filterByTk",
    "name",
    "ruleId",
    "systemDefinedRule",
    "task",
    "userDefinedRule",
];

/// `swagger:get`, of everything or of one plugin.
pub(super) fn document(call: &Call) -> Reply {
    let settings = call.world.state().settings.clone();
    let narrowed = call.parameters.query("ns") == Some("plugins/backups");
    let described = ROUTES.iter().filter(|route| {
        if MIGRATION.contains(&route.resource) {
            let offered = settings.migration_manager.offers(route.resource, route.action);
            // what both surfaces have is described with the command line's
            let cli = settings.migration_manager.offers("migration", route.action);
            offered && cli && !narrowed && is_described(route)
        } else {
            settings.backup_manager && is_described(route)
        }
    });
    let paths: Map<String, Value> = described
        .map(|route| {
            let path = format!("/{}:{}", route.resource, route.action);
            let operation = operation(route, settings.migration_values_apart);
            (path, json!({method(route): operation}))
        })
        .collect();
    Reply::Json(
        axum::http::StatusCode::OK,
        json!({
            "openapi": "3.0.3",
            "info": {"title": "NocoBase API documentation", "version": settings.version, "description": ""},
            "servers": [{"url": "/api"}],
            "paths": paths,
        }),
    )
}

fn is_described(route: &Route) -> bool {
    match route.resource {
        "migrationRules" => ["list", "get"].contains(&route.action),
        resource if UNDESCRIBED.contains(&resource) => false,
        resource => resource.starts_with("backup") || MIGRATION.contains(&resource),
    }
}

fn is_upload(route: &Route) -> bool {
    matches!(
        (route.resource, route.action),
        ("backup", "restoreUpload") | ("migration", "check" | "execute")
    )
}

fn method(route: &Route) -> &'static str {
    if route.mutation || is_upload(route) {
        "post"
    } else {
        "get"
    }
}

fn operation(route: &Route, values_apart: bool) -> Value {
    let mut operation = json!({"tags": [route.resource], "responses": {"200": answer(route)}});
    let Value::Object(members) = &mut operation else {
        return operation;
    };
    if method(route) == "get" {
        let parameters = route.takes.iter().map(|name| {
            let required = route.action != "list" && REQUIRED.contains(name);
            json!({"name": name, "in": "query", "required": required, "schema": schema(name)})
        });
        members.insert("parameters".to_owned(), parameters.collect());
    } else if let Some((kind, mut fields)) = fields(route) {
        fields.retain(|name| !values_apart || *name != "envTexts");
        let required: Vec<&&str> = fields.iter().filter(|name| REQUIRED.contains(name)).collect();
        let properties: Map<String, Value> = fields
            .iter()
            .map(|name| ((*name).to_owned(), schema(name)))
            .collect();
        let object = json!({"type": "object", "properties": properties, "required": required});
        members.insert(
            "requestBody".to_owned(),
            json!({"required": true, "content": {kind: {"schema": object}}}),
        );
    }
    operation
}

/// The body of an action: its content type and the names in it; none where there is nothing to send.
fn fields(route: &Route) -> Option<(&'static str, Vec<&'static str>)> {
    if is_upload(route) {
        let fields = std::iter::once("file").chain(route.takes.iter().copied());
        return Some(("multipart/form-data", fields.collect()));
    }
    (!route.takes.is_empty()).then(|| ("application/json", route.takes.to_vec()))
}

fn schema(name: &str) -> Value {
    match name {
        "file" => json!({"type": "string", "format": "binary"}),
        "page" | "pageSize" => json!({"type": "integer"}),
        "enableFilesBackup" | "force" | "paginate" | "scheduled" | "skipBackup" | "skipRevertOnError"
        | "tree" => {
            json!({"type": "boolean"})
        }
        "filter" => json!({"type": "object"}),
        "appends" | "except" | "fields" | "sort" => json!({"type": "array", "items": {"type": "string"}}),
        "envTexts" => {
            let text = json!({"text": {"type": "string"}, "secret": {"type": "boolean"}});
            json!({"type": "array", "items": {"type": "object", "properties": text}})
        }
        _ => json!({"type": "string"}),
    }
}

fn answer(route: &Route) -> Value {
    let (kind, schema) = if route.action == "download" {
        (
            "application/octet-stream",
            json!({"type": "string", "format": "binary"}),
        )
    } else {
        ("application/json", json!({}))
    };
    json!({"description": "OK", "content": {kind: {"schema": schema}}})
}
