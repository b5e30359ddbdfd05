//! The tables that every NocoBase has, as a fresh installation fills them.

use serde_json::{Value, json};

use super::plugins::PLUGINS;
use super::{ADMINISTRATOR_ACCOUNT, ADMINISTRATOR_PASSWORD, add, add_collection, password_hash, table};
use crate::database::Database;
use crate::package;

/// Name, key and columns of each table.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "aiEmployees",
        "username",
        "username var, nickname var, position var, avatar var, bio text, about text, defaultPrompt text, enabled bool, createdAt time, updatedAt time",
    ),
    (
        "aiMcpClients",
        "name",
        "name var, title var, description text, enabled bool, transport var, useUserContext bool, command var, args json, env json, url var, headers json, restart json",
    ),
    (
        "apiKeys",
        "id",
        "id big, createdAt time, name var, roleName var, expiresIn var, token text, createdById big",
    ),
    (
        "applicationPlugins",
        "id",
        "id big, createdAt time, updatedAt time, name var, packageName var, version var, enabled bool, installed bool, builtIn bool, options json",
    ),
    ("applicationVersion", "id", "id big, value var"),
    (
        "authenticators",
        "id",
        "id big, createdAt time, updatedAt time, name var, authType var, title var, description var, options json, enabled bool, sort big, createdById big, updatedById big",
    ),
    (
        "backupSettings",
        "id",
        "id big, createdAt time, updatedAt time, scheduled bool, cron var, keep int, enableFilesBackup bool, storageId big, encryptionPassword var",
    ),
    (
        "blockTemplates",
        "key",
        "key var, title var, description text, type var, uid var",
    ),
    (
        "collections",
        "key",
        "key var, name var, title var, inherit bool, hidden bool, options json, description var, sort big",
    ),
    ("customRequests", "key", "key var, options json"),
    (
        "dataSources",
        "key",
        "createdAt time, updatedAt time, key var, displayName var, type var, options json, enabled bool, fixed bool",
    ),
    (
        "desktopRoutes",
        "id",
        "id big, createdAt time, updatedAt time, title var, icon var, schemaUid var, type var, parentId big, sort big, hidden bool, options json, createdById big, updatedById big",
    ),
    (
        "environmentVariables",
        "name",
        "createdAt time, updatedAt time, name var, type var, value text",
    ),
    (
        "executions",
        "id",
        "id big, createdAt time, updatedAt time, key var, status int, context json, workflowId big",
    ),
    (
        "fields",
        "key",
        "key var, name var, type var, interface var, collectionName var, description var, parentKey var, reverseKey var, options json, sort big",
    ),
    ("flowModels", "uid", "uid var, name var, options json"),
    ("flowSql", "uid", "uid var, dataSourceKey var, sql text"),
    (
        "flow_nodes",
        "id",
        "id big, createdAt time, updatedAt time, key var, title var, upstreamId big, branchIndex int, downstreamId big, type var, config json, workflowId big",
    ),
    (
        "issuedTokens",
        "id",
        "id var, signInTime big, jti var, issuedTime big, userId big",
    ),
    (
        "jobs",
        "id",
        "id big, createdAt time, updatedAt time, executionId big, nodeId big, status int, result json",
    ),
    (
        "llmServices",
        "name",
        "name var, title var, provider var, options json, createdAt time, updatedAt time",
    ),
    ("migrations", "name", "name var"),
    (
        "mobileRoutes",
        "id",
        "id big, createdAt time, updatedAt time, title var, icon var, schemaUid var, type var, parentId big, sort big, options json",
    ),
    (
        "notificationChannels",
        "name",
        "name var, title var, options json, meta json, notificationType var, description text, createdAt time, updatedAt time",
    ),
    (
        "roles",
        "name",
        "createdAt time, updatedAt time, name var, title var, description var, strategy json, default bool, hidden bool, allowConfigure bool, allowNewMenu bool, snippets json, sort big, allowNewMobileMenu bool, allowNewAiEmployee bool",
    ),
    (
        "rolesResources",
        "id",
        "id big, createdAt time, updatedAt time, roleName var, name var, usingActionsConfig bool",
    ),
    (
        "rolesUsers",
        "",
        "createdAt time, updatedAt time, default bool, roleName var, userId big",
    ),
    (
        "sequences",
        "id",
        "id big, collection var, field var, key big, current big, lastGeneratedAt time",
    ),
    (
        "storages",
        "id",
        "id big, createdAt time, updatedAt time, title var, name var, type var, options json, rules json, path text, baseUrl var, renameMode var, default bool, paranoid bool, settings json",
    ),
    (
        "systemSettings",
        "id",
        "id big, createdAt time, updatedAt time, title var, showLogoOnly bool, allowSignUp bool, smsAuthEnabled bool, logoId big, enabledLanguages json, appLang var, options json, roleMode var, enableEditProfile bool, enableChangePassword bool",
    ),
    (
        "themeConfig",
        "id",
        "id big, config json, optional bool, isBuiltIn bool, uid var, default bool",
    ),
    (
        "tokenBlacklist",
        "id",
        "id big, createdAt time, updatedAt time, token text, expiration time",
    ),
    (
        "uiSchemaTemplates",
        "key",
        "key var, name var, componentName var, collectionName var, uid var",
    ),
    ("uiSchemas", "x-uid", "x-uid var, name var, schema json"),
    (
        "users",
        "id",
        "createdAt time, updatedAt time, id big, nickname var, username var, email var, phone var, password var, passwordChangeTz big, appLang var, resetToken var, systemSettings json, sort big, createdById big, updatedById big",
    ),
    (
        "workflows",
        "id",
        "id big, createdAt time, updatedAt time, key var, title var, enabled bool, description text, type var, triggerTitle var, config json, executed int, current bool, sync bool, options json",
    ),
];

/// Creates and fills the system tables.
pub(super) fn install(database: &mut Database, version: &str) {
    for (name, key, columns) in TABLES {
        database.put(*name, table(key, columns));
    }
    package::add_runtime_tables(database);
    let plugins: Vec<Value> = PLUGINS
        .iter()
        .map(|(name, enabled)| {
            json!({
                "name": name, "packageName": format!("@nocobase/plugin-{name}"), "version": version,
                "enabled": enabled, "installed": enabled, "builtIn": enabled,
            })
        })
        .collect();
    add(database, "applicationPlugins", Value::Array(plugins));
    add(database, "applicationVersion", json!([{"value": version}]));
    add_settings(database);
    add_people(database);
    let migrations = [
        "20240613110121-fix-schema-in-field/@nocobase/plugin-file-manager",
        "20240613222612-fix-assign-field-config/@nocobase/plugin-workflow",
        "20240818130314-move-sort-field-to-plugin/@nocobase/preset-nocobase",
        "20240929212031-change-loop-result/@nocobase/plugin-workflow-loop",
        "20241117112824-profile-schema/@nocobase/plugin-users",
        "20241120105817-set-china-regin-local/@nocobase/preset-nocobase",
    ];
    add(
        database,
        "migrations",
        migrations.iter().map(|name| json!({"name": name})).collect(),
    );
}

/// What the Migration Manager brings.
pub(super) fn install_migrations(database: &mut Database, version: &str) {
    let columns = "id big, createdAt time, updatedAt time, name var, description text, rules json";
    database.put("migrationRules", table("id", columns));
    add(
        database,
        "applicationPlugins",
        json!([{
            "name": "migration-manager", "packageName": "@nocobase/plugin-migration-manager", "version": version,
            "enabled": true, "installed": true, "builtIn": false,
        }]),
    );
}

fn add_settings(database: &mut Database) {
    add(
        database,
        "systemSettings",
        json!([{
            "title": "NocoBase", "allowSignUp": true, "smsAuthEnabled": false, "logoId": 1,
            "enabledLanguages": ["en-US"], "appLang": "en-US", "options": {}, "roleMode": "default",
        }]),
    );
    add(
        database,
        "backupSettings",
        json!([{
            "scheduled": false, "cron": "0 0 * * *", "keep": 100, "enableFilesBackup": true,
            "encryptionPassword": "",
        }]),
    );
    add(
        database,
        "authenticators",
        json!([{
            "name": "basic", "authType": "Email/Password", "description": "Sign in with username/email.",
            "options": {"public": {"allowSignUp": true}}, "enabled": true,
        }]),
    );
    add(
        database,
        "storages",
        json!([{
            "id": 399_183_583_051_776_i64, "title": "Local storage", "name": "local", "type": "local",
            "options": {"documentRoot": "storage/uploads"}, "rules": {"size": 20_971_520}, "path": "",
            "baseUrl": "/storage/uploads", "renameMode": "appendRandomID", "default": true, "paranoid": false,
            "settings": {},
        }]),
    );
    add(
        database,
        "dataSources",
        json!([{
            "key": "main", "displayName": "{{t(\"Main\")}}", "type": "main", "options": {}, "enabled": true,
            "fixed": true,
        }]),
    );
    add(
        database,
        "notificationChannels",
        json!([{"name": "in-app", "title": "In-app messages", "options": {}, "notificationType": "in-app-message"}]),
    );
}

fn add_people(database: &mut Database) {
    let everything = json!(["create", "view", "update", "destroy", "export", "importXlsx"]);
    add(
        database,
        "roles",
        json!([
            {"name": "admin", "title": "{{t(\"Admin\")}}", "strategy": {"actions": everything}, "default": false,
             "hidden": false, "allowConfigure": true, "allowNewMenu": true, "snippets": ["pm", "pm.*", "ui.*"],
             "allowNewMobileMenu": true, "allowNewAiEmployee": true, "sort": 2},
            {"name": "member", "title": "{{t(\"Member\")}}", "strategy": {"actions": ["view:own"]},
             "default": true, "hidden": false, "allowNewMenu": true, "snippets": ["!pm", "!pm.*", "!ui.*"],
             "allowNewMobileMenu": true, "allowNewAiEmployee": true, "sort": 3},
            {"name": "root", "title": "{{t(\"Root\")}}", "default": false, "hidden": true, "allowNewMenu": false,
             "snippets": ["pm", "pm.*", "ui.*"], "allowNewMobileMenu": false, "allowNewAiEmployee": true,
             "sort": 1},
        ]),
    );
    add_collection(
        database,
        "roles",
        "{{t(\"Roles\")}}",
        json!({
            "description": "Role data", "origin": "@nocobase/plugin-acl", "dumpRules": "required",
            "migrationRules": ["overwrite", "schema-only"], "dataCategory": "system", "autoGenId": false,
            "model": "RoleModel", "filterTargetKey": "name", "titleField": "title", "sortable": true,
            "underscored": false, "from": "db2cm",
        }),
        &[
            ["name", "uid", "input", "{{t(\"Role UID\")}}"],
            ["title", "string", "input", "{{t(\"Role name\")}}"],
            ["description", "string", "", ""],
        ],
    );
    add_collection(
        database,
        "users",
        "{{t(\"Users\")}}",
        json!({
            "origin": "@nocobase/plugin-users", "dumpRules": {"group": "user"},
            "migrationRules": ["schema-only", "overwrite"], "dataCategory": "system", "model": "UserModel",
            "titleField": "nickname", "sortable": "sort", "underscored": false, "filterTargetKey": "id",
            "from": "db2cm",
        }),
        &[
            ["id", "snowflakeId", "snowflakeId", "{{t(\"ID\")}}"],
            ["nickname", "string", "input", "{{t(\"Nickname\")}}"],
            ["username", "string", "input", "{{t(\"Username\")}}"],
            ["email", "string", "email", "{{t(\"Email\")}}"],
            ["phone", "string", "input", "{{t(\"Phone\")}}"],
            ["password", "password", "password", "{{t(\"Password\")}}"],
        ],
    );
    add_user(
        database,
        [
            ADMINISTRATOR_ACCOUNT,
            ADMINISTRATOR_PASSWORD,
            "Super Admin",
            "admin@nocobase.com",
        ],
        &["admin", "member", "root"],
    );
}

/// Adds a user, given as account, password, nickname and email; the last role is their default one.
pub(super) fn add_user(
    database: &mut Database,
    [account, password, nickname, email]: [&str; 4],
    roles: &[&str],
) {
    add(
        database,
        "users",
        json!([{
            "username": account, "nickname": nickname, "email": email, "password": password_hash(password),
            "systemSettings": {},
        }]),
    );
    let id = database.table("users").and_then(|users| users.sequence);
    for role in roles {
        let default = if roles.last() == Some(role) {
            json!(true)
        } else {
            Value::Null
        };
        add(
            database,
            "rolesUsers",
            json!([{"roleName": role, "userId": id, "default": default}]),
        );
    }
}
