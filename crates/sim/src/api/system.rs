//! The app itself: what it is, who is signed in, its plugins, where it is described, its logs.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::access::issue_session;
use super::call::Call;
use super::reply::Reply;
use super::visible;
use crate::clock;
use crate::database::{Row, text_of};
use crate::logs;
use crate::seed::password_hash;
use crate::tokens;

/// `app:getInfo`.
pub(super) fn information(call: &Call) -> Reply {
    let state = call.world.state();
    if state.database.table("systemSettings").is_none() {
        return Reply::table_missing();
    }
    let settings = &state.settings;
    Reply::data(json!({
        "database": {"dialect": settings.dialect}, "version": settings.version, "lang": settings.language,
        "name": "main", "theme": "default",
    }))
}

/// `auth:signIn`, by account or email.
pub(super) fn sign_in(call: &Call) -> Reply {
    let account = call
        .parameters
        .text("account")
        .or_else(|| call.parameters.text("email"));
    let hash = password_hash(&call.parameters.text("password").unwrap_or_default());
    let mut state = call.world.state();
    if state.database.table("users").is_none() {
        return Reply::table_missing();
    }
    let matching = |user: &&Row| {
        let named = ["username", "email"]
            .iter()
            .any(|name| account == Some(text_of(user.get(*name))));
        named && text_of(user.get("password")) == hash
    };
    let Some(user) = state.database.rows("users").iter().find(matching).cloned() else {
        return Reply::error(
            401,
            "The username/email or password is incorrect, please re-enter",
        );
    };
    let id = user.get("id").and_then(Value::as_i64).unwrap_or_default();
    let token = issue_session(&mut state, id);
    Reply::data(json!({"user": visible(user, "users"), "token": token}))
}

/// `auth:signOut`: the token is noted as blocked, in a table that a restore replaces.
pub(super) fn sign_out(call: &Call) -> Reply {
    if let Some(who) = &call.who {
        block(call, &who.token);
    }
    Reply::Json(axum::http::StatusCode::OK, json!({}))
}

fn block(call: &Call, token: &str) {
    let row = Map::from_iter([("token".to_owned(), json!(token))]);
    call.world
        .state()
        .database
        .insert("tokenBlacklist", row, &clock::iso_now());
}

/// `auth:check`: the user and their roles.
pub(super) fn who_am_i(call: &Call) -> Reply {
    let Some(who) = &call.who else {
        return Reply::Nothing;
    };
    let roles = who.roles.iter().map(|(role, membership)| {
        let mut role = visible(role.clone(), "roles");
        if let Value::Object(members) = &mut role {
            members.insert("rolesUsers".to_owned(), Value::Object(membership.clone()));
            members.insert("_pivot_".to_owned(), Value::Null);
        }
        role
    });
    let roles: Value = roles.collect();
    let mut user = visible(who.user.clone(), "users");
    if let Value::Object(members) = &mut user {
        members.insert("roles".to_owned(), roles);
    }
    Reply::data(user)
}

/// `roles:check`: the role of this call and what it may.
pub(super) fn role(call: &Call) -> Reply {
    let Some(who) = &call.who else {
        return Reply::Nothing;
    };
    let data = json!({
        "roles": [who.role], "strategy": who.strategy(), "actions": {}, "snippets": who.snippets(), "resources": [],
        "role": who.role, "roleMode": "default",
        "availableActions":
            ["create", "view", "update", "destroy", "export", "importXlsx", "trigger", "triggerNew"],
        "actionAlias": {
            "create": "create", "get": "view", "list": "view", "query": "view", "update": "update",
            "move": "update", "destroy": "destroy", "export": "export", "exportAttachments": "export",
        },
        "allowAll": who.is_root(), "allowConfigure": false, "allowMenuItemIds": [], "allowAnonymous": false,
        "uiButtonSchemasBlacklist": [],
    });
    Reply::Json(
        axum::http::StatusCode::OK,
        json!({"data": data, "meta": {"dataSources": {}}}),
    )
}

/// `apiKeys:create`: the token is shown once.
pub(super) fn create_key(call: &Call) -> Reply {
    let Some(who) = &call.who else {
        return Reply::Nothing;
    };
    let role = call
        .parameters
        .body
        .get("role")
        .and_then(|role| role.get("name"))
        .and_then(Value::as_str);
    let Some(role) = role else {
        return Reply::Json(axum::http::StatusCode::OK, json!({}));
    };
    if !who
        .roles
        .iter()
        .any(|(one, _)| one.get("name").and_then(Value::as_str) == Some(role))
    {
        return Reply::error(400, "Role not found");
    }
    let expires = call
        .parameters
        .text("expiresIn")
        .unwrap_or_else(|| "never".to_owned());
    let days = expires
        .strip_suffix('d')
        .and_then(|days| days.parse::<i64>().ok());
    let user = who.user.get("id").and_then(Value::as_i64).unwrap_or_default();
    let mut state = call.world.state();
    let token = tokens::api_key(&state.token_secret, user, role, days.map(|days| days * 86_400));
    let row = json!({
        "name": call.parameters.text("name"), "roleName": role, "expiresIn": expires, "token": token,
        "createdById": user,
    });
    if let Value::Object(row) = row {
        state.database.insert("apiKeys", row, &clock::iso_now());
    }
    Reply::data(json!({"token": token}))
}

/// `apiKeys:destroy`: the key is blocked as long as its note is there.
pub(super) fn revoke_key(call: &Call) -> Reply {
    let key = call.key().unwrap_or_default();
    let token = call
        .world
        .state()
        .database
        .table("apiKeys")
        .and_then(|keys| keys.find(&key))
        .map(|row| text_of(row.get("token")));
    let Some(token) = token else {
        return Reply::data(json!(0));
    };
    block(call, &token);
    let removed = call
        .world
        .state()
        .database
        .table_mut("apiKeys")
        .map_or(0, |keys| keys.remove(&key));
    Reply::data(json!(removed))
}

/// `pm:list`: every plugin that is there.
pub(super) fn plugins(call: &Call) -> Reply {
    let state = call.world.state();
    let shown = state.database.rows("applicationPlugins").iter().map(|row| {
        let of = |name: &str| row.get(name).cloned().unwrap_or_default();
        json!({
            "packageName": of("packageName"), "name": of("name"), "version": of("version"),
            "enabled": of("enabled"), "installed": of("installed"), "builtIn": of("builtIn"),
            "isCompatible": true, "depsCompatible": [],
            "packageJson": {"name": of("packageName"), "version": of("version")},
        })
    });
    Reply::data(shown.collect())
}

/// `pm:listEnabled`: names without versions, for anyone.
pub(super) fn enabled_plugins(call: &Call) -> Reply {
    let state = call.world.state();
    let enabled = state.database.rows("applicationPlugins").iter();
    let shown = enabled
        .filter(|row| row.get("enabled") == Some(&Value::Bool(true)))
        .map(|row| {
            let package = text_of(row.get("packageName"));
            json!({
                "name": row.get("name"), "packageName": package, "options": null,
                "url": format!("/static/plugins/{package}/dist/client/index.js?hash=b9b76246"),
            })
        });
    Reply::data(shown.collect())
}

/// `swagger:getUrls`.
pub(super) fn interface_urls(_: &Call) -> Reply {
    Reply::data(json!([
        {"name": "NocoBase API", "url": "/api/swagger:get"},
        {"name": "NocoBase API - Core", "url": "/api/swagger:get?ns=core"},
        {"name": "NocoBase API - All plugins", "url": "/api/swagger:get?ns=plugins"},
    ]))
}

/// `logger:list`: the tree of log files.
pub(super) fn log_files(call: &Call) -> Reply {
    let state = call.world.state();
    let names = state.logs.names(state.settings.log_transport);
    let day = clock::log_stamp().get(..10).unwrap_or_default().to_owned();
    let mut tree = vec![json!({"name": "action-export", "files": [format!("{day}.log")]})];
    tree.extend(names.into_iter().map(Value::from));
    tree.push(
        json!({"name": "workflows", "files": [{"name": "dispatcher", "files": [format!("{day}.log")]}]}),
    );
    Reply::data(Value::Array(tree))
}

/// `logger:download`: some log files as `tar.gz`.
pub(super) fn log_download(call: &Call) -> Reply {
    let asked = call.parameters.body.get("files").and_then(Value::as_array);
    let names: Vec<String> = match asked {
        Some(names) => names.iter().map(|name| text_of(Some(name))).collect(),
        None => call.parameters.many("files"),
    };
    if names.is_empty() {
        return Reply::error(400, "No files selected.");
    }
    if names.iter().any(|name| !name.ends_with(".log")) {
        return Reply::error(400, "Invalid file type.");
    }
    let archive = "logs.tar.gz".to_owned();
    let state = call.world.state();
    let mut files = BTreeMap::new();
    for name in names {
        let bare = name.trim_start_matches('/');
        match state.logs.file(bare, state.settings.log_transport) {
            Some(content) => files.insert(bare.to_owned(), content),
            None => {
                return Reply::NoFile {
                    name: archive,
                    message: "Download logs failed.".to_owned(),
                };
            }
        };
    }
    match logs::tar_gz(&files) {
        Ok(content) => Reply::File {
            name: archive,
            kind: "application/gzip",
            content: Bytes::from(content),
        },
        Err(error) => Reply::error(500, error.to_string()),
    }
}
