//! Which actions there are, who may call them, and what they take.

use super::call::Call;
use super::reply::Reply;
use super::{backups, content, migrations, openapi, schema, settings, system};

/// One action of one resource.
pub(crate) struct Route {
    pub(crate) resource: &'static str,
    pub(crate) action: &'static str,
    pub(crate) access: Access,
    pub(crate) mutation: bool,
    /// What it takes, from the query or the body.
    pub(crate) takes: &'static [&'static str],
    pub(crate) handler: Handler,
}

/// Who may call an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone.
    Public,
    /// Anyone signed in.
    SignedIn,
    /// Roles with this snippet.
    Snippet(&'static str),
    /// Roles whose strategy has this action, or with the snippet of the table's plugin.
    Table(&'static str),
}

/// What answers a call.
pub(crate) enum Handler {
    /// At once.
    Now(fn(&Call) -> Reply),
    /// A restore from an uploaded package or one of the server's own: after unpacking.
    Restore,
    /// An execution of a migration package: when its work is done.
    Migrate,
}

/// The parameters that every call may carry.
pub(crate) const COMMON: &[&str] = &["__appName"];

const LIST: &[&str] = &[
    "page",
    "pageSize",
    "paginate",
    "fields",
    "except",
    "appends",
    "filter",
    "filterByTk",
    "sort",
    "tree",
];
const ONE: &[&str] = &["filterByTk", "filter", "fields", "except", "appends"];
const RESTORE: &[&str] = &["name", "password", "skipRevertOnError", "force", "dbSchema"];
const UPLOAD: &[&str] = &["password", "skipRevertOnError", "force", "dbSchema"];
const BACKUPS: Access = Access::Snippet("pm.backups");
const MIGRATIONS: Access = Access::Snippet("pm.migration-manager");
const PAGE: &[&str] = &["page", "pageSize"];
const LOGS: Access = Access::Snippet("pm.logger.logger");

const fn read(
    resource: &'static str,
    action: &'static str,
    access: Access,
    takes: &'static [&'static str],
    handler: fn(&Call) -> Reply,
) -> Route {
    Route {
        resource,
        action,
        access,
        mutation: false,
        takes,
        handler: Handler::Now(handler),
    }
}

const fn change(
    resource: &'static str,
    action: &'static str,
    access: Access,
    takes: &'static [&'static str],
    handler: fn(&Call) -> Reply,
) -> Route {
    Route {
        resource,
        action,
        access,
        mutation: true,
        takes,
        handler: Handler::Now(handler),
    }
}

const fn restore(resource: &'static str, action: &'static str, takes: &'static [&'static str]) -> Route {
    Route {
        resource,
        action,
        access: BACKUPS,
        mutation: true,
        takes,
        handler: Handler::Restore,
    }
}

const fn migrate(resource: &'static str, action: &'static str, takes: &'static [&'static str]) -> Route {
    Route {
        resource,
        action,
        access: MIGRATIONS,
        mutation: true,
        takes,
        handler: Handler::Migrate,
    }
}

/// Every action with a behaviour of its own.
pub(crate) static ROUTES: &[Route] = &[
    read("app", "getInfo", Access::Public, &[], system::information),
    change(
        "auth",
        "signIn",
        Access::Public,
        &["account", "email", "password"],
        system::sign_in,
    ),
    change("auth", "signOut", Access::SignedIn, &[], system::sign_out),
    read("auth", "check", Access::SignedIn, &[], system::who_am_i),
    read("roles", "check", Access::SignedIn, &[], system::role),
    change(
        "apiKeys",
        "create",
        Access::Snippet("pm.api-keys.configuration"),
        &["name", "role", "expiresIn"],
        system::create_key,
    ),
    change(
        "apiKeys",
        "destroy",
        Access::Snippet("pm.api-keys.configuration"),
        &["filterByTk"],
        system::revoke_key,
    ),
    read("pm", "list", Access::Snippet("pm"), &[], system::plugins),
    read("pm", "listEnabled", Access::Public, &[], system::enabled_plugins),
    read("swagger", "get", Access::SignedIn, &["ns"], openapi::document),
    read(
        "swagger",
        "getUrls",
        Access::SignedIn,
        &[],
        system::interface_urls,
    ),
    read("logger", "list", LOGS, &[], system::log_files),
    read("logger", "download", LOGS, &["files"], system::log_download),
    read("systemSettings", "get", Access::Public, ONE, settings::system),
    read(
        "backupSettings",
        "get",
        Access::Snippet("pm.backups.settings"),
        ONE,
        settings::backup,
    ),
    change(
        "backupSettings",
        "update",
        Access::Snippet("pm.backups.settings"),
        &[
            "filterByTk",
            "scheduled",
            "cron",
            "keep",
            "enableFilesBackup",
            "storageId",
            "encryptionPassword",
        ],
        settings::change_backup,
    ),
    change("backup", "create", BACKUPS, &[], backups::create),
    read("backup", "status", BACKUPS, &["name"], backups::status),
    read("backup", "list", BACKUPS, &[], backups::list),
    read("backup", "download", BACKUPS, &["name"], backups::download),
    change("backup", "remove", BACKUPS, &["name"], backups::remove),
    restore("backup", "restore", RESTORE),
    restore("backup", "restoreUpload", UPLOAD),
    read(
        "backup",
        "restoreStatus",
        BACKUPS,
        &["task"],
        backups::restore_status,
    ),
    change("backups", "create", BACKUPS, &[], backups::create),
    read("backups", "taskStatus", BACKUPS, &["names"], backups::task_status),
    read("backups", "list", BACKUPS, &[], backups::list),
    read("backups", "download", BACKUPS, &["filterByTk"], backups::download),
    change("backups", "destroy", BACKUPS, &["filterByTk"], backups::remove),
    restore("backups", "restore", &["name", "password"]),
    restore("backups", "upload", &["password"]),
    read(
        "backups",
        "restoreStatus",
        BACKUPS,
        &["task"],
        backups::restore_status,
    ),
    read("backups", "appInfo", BACKUPS, &[], backups::database),
    read("collections", "list", Access::SignedIn, LIST, schema::collections),
    read(
        "collections",
        "listMeta",
        Access::SignedIn,
        &[],
        schema::collections_with_fields,
    ),
    change(
        "collections",
        "create",
        Access::Snippet("pm.data-source-manager.collection-view"),
        &["name", "title", "fields"],
        schema::create,
    ),
    change(
        "collections",
        "destroy",
        Access::Snippet("pm.data-source-manager.collection-view"),
        &["filterByTk"],
        schema::destroy,
    ),
    read("fields", "list", Access::SignedIn, LIST, schema::fields),
    read("migration", "list", MIGRATIONS, PAGE, migrations::list),
    read("migration", "get", MIGRATIONS, &["name"], migrations::get),
    change(
        "migration",
        "create",
        MIGRATIONS,
        &["ruleId", "title"],
        migrations::create,
    ),
    read(
        "migration",
        "download",
        MIGRATIONS,
        &["name"],
        migrations::download,
    ),
    change("migration", "remove", MIGRATIONS, &["name"], migrations::remove),
    read("migration", "check", MIGRATIONS, &[], migrations::check),
    migrate(
        "migration",
        "execute",
        &["envTexts", "skipBackup", "skipRevertOnError"],
    ),
    change(
        "migrationRule",
        "create",
        MIGRATIONS,
        &["name", "description", "userDefinedRule", "systemDefinedRule"],
        migrations::create_rule,
    ),
    read("migrationLog", "list", MIGRATIONS, PAGE, migrations::logs),
    read("migrationLog", "get", MIGRATIONS, &["name"], migrations::log),
    read(
        "migrationLog",
        "download",
        MIGRATIONS,
        &["name"],
        migrations::log_file,
    ),
    read("migrationFiles", "list", MIGRATIONS, PAGE, migrations::list),
    read(
        "migrationFiles",
        "get",
        MIGRATIONS,
        &["filterByTk"],
        migrations::get,
    ),
    change(
        "migrationFiles",
        "create",
        MIGRATIONS,
        &["ruleId", "title"],
        migrations::create,
    ),
    read(
        "migrationFiles",
        "download",
        MIGRATIONS,
        &["filterByTk"],
        migrations::download,
    ),
    change(
        "migrationFiles",
        "destroy",
        MIGRATIONS,
        &["filterByTk"],
        migrations::remove,
    ),
    read("migrationFiles", "check", MIGRATIONS, &[], migrations::check),
    read(
        "migrationFiles",
        "checkEnvTexts",
        MIGRATIONS,
        &["envTexts"],
        migrations::check_texts,
    ),
    read(
        "migrationFiles",
        "checkDataConflicts",
        MIGRATIONS,
        &["taskId"],
        migrations::conflicts,
    ),
    read(
        "migrationFiles",
        "downloadMigrationSql",
        MIGRATIONS,
        &["fileName"],
        migrations::log_file,
    ),
    read(
        "migrationFiles",
        "getMigrationProcess",
        MIGRATIONS,
        &["fileName"],
        migrations::process,
    ),
    migrate("migrationFiles", "runTask", &["taskId", "envTexts", "skipBackup"]),
    read("migrationRules", "list", MIGRATIONS, LIST, content::list),
    read("migrationRules", "get", MIGRATIONS, ONE, content::get),
    read(
        "migrationRules",
        "listCollections",
        MIGRATIONS,
        &[],
        migrations::rule_collections,
    ),
    change(
        "migrationRules",
        "create",
        MIGRATIONS,
        &["name", "description", "rules"],
        migrations::create_whole_rule,
    ),
    change(
        "migrationRules",
        "update",
        MIGRATIONS,
        &["filterByTk", "name", "description", "rules"],
        content::update,
    ),
    change(
        "migrationRules",
        "destroy",
        MIGRATIONS,
        &["filterByTk"],
        content::destroy,
    ),
    read("migrationLogs", "list", MIGRATIONS, PAGE, migrations::logs),
    read(
        "migrationLogs",
        "get",
        MIGRATIONS,
        &["filterByTk"],
        migrations::log,
    ),
    read(
        "migrationLogs",
        "download",
        MIGRATIONS,
        &["fileName"],
        migrations::log_file,
    ),
    change(
        "migrationLogs",
        "destroy",
        MIGRATIONS,
        &["filterByTk"],
        migrations::remove_log,
    ),
];

/// What every table has.
pub(crate) static TABLE_ROUTES: &[Route] = &[
    read("*", "list", Access::Table("view"), LIST, content::list),
    read("*", "get", Access::Table("view"), ONE, content::get),
    read(
        "*",
        "query",
        Access::Table("view"),
        &["measures", "dimensions", "filter"],
        content::query,
    ),
    change("*", "create", Access::Table("create"), &["*"], content::create),
    change(
        "*",
        "update",
        Access::Table("update"),
        &["filterByTk", "*"],
        content::update,
    ),
    change(
        "*",
        "destroy",
        Access::Table("destroy"),
        &["filterByTk"],
        content::destroy,
    ),
];

/// Resources of the commercial Migration Manager; where it is missing, asking is no violation.
pub(crate) const MIGRATION: &[&str] = &[
    "migration",
    "migrationFiles",
    "migrationRule",
    "migrationRules",
    "migrationLog",
    "migrationLogs",
];

/// The route of a call: one of its own, else one that tables have.
pub(crate) fn find(resource: &str, action: &str, is_table: bool) -> Option<&'static Route> {
    let own = ROUTES
        .iter()
        .find(|route| route.resource == resource && route.action == action);
    own.or_else(|| {
        TABLE_ROUTES
            .iter()
            .find(|route| is_table && route.action == action)
    })
}

/// Whether a resource has actions of its own.
pub(crate) fn is_resource(resource: &str) -> bool {
    ROUTES.iter().any(|route| route.resource == resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_every_route() {
        let documentation = include_str!("../lib.rs");
        let named =
            |route: &&Route| !documentation.contains(&format!("`{}:{}`", route.resource, route.action));
        let missing: Vec<String> = ROUTES
            .iter()
            .filter(named)
            .map(|route| format!("{}:{}", route.resource, route.action))
            .collect();
        assert_eq!(missing, Vec::<String>::new());
    }
}
