//! Who calls, in which role, and whether they may.

use axum::http::HeaderMap;
use serde_json::Value;

use super::reply::Reply;
use super::routes::Access;
use crate::clock;
use crate::database::{Row, text_of};
use crate::pattern::covers;
use crate::tokens;
use crate::world::{CachedIdentity, State};

/// A caller.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) user: Row,
    /// The roles of the user, each with its `rolesUsers` row.
    pub(crate) roles: Vec<(Row, Row)>,
    /// The role of this call.
    pub(crate) role: String,
    pub(crate) token: String,
    /// A fresh token, when the old one had run out and could be renewed.
    pub(crate) renewed: Option<String>,
}

/// Seconds in a day.
const DAY: i64 = 86_400;
/// How long a session can be renewed, in seconds.
const SESSION: i64 = 7 * DAY;

/// Signs the caller in by their token.
pub(crate) fn authenticate(
    state: &mut State,
    headers: &HeaderMap,
    query_token: Option<&str>,
    chinese: bool,
) -> Result<Identity, Reply> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = bearer.or(query_token).filter(|token| !token.is_empty()) else {
        let message = if chinese {
            "未认证。请登录以继续。"
        } else {
            "Unauthenticated. Please sign in to continue."
        };
        return Err(Reply::error_with(401, message, Some("EMPTY_TOKEN")));
    };
    let Some(claims) = tokens::verify(&state.token_secret, token) else {
        return Err(refused("INVALID_TOKEN"));
    };
    let renewed = check_age(state, &claims)?;
    let blocked = state
        .database
        .rows("tokenBlacklist")
        .iter()
        .any(|row| text_of(row.get("token")) == token);
    if blocked {
        return Err(refused("BLOCKED_TOKEN"));
    }
    let id = claims.get("userId").and_then(Value::as_i64).unwrap_or_default();
    let known = remember(state, id)?;
    let role_of = |membership: &Row| {
        let name = text_of(membership.get("roleName"));
        let role = known.roles.iter().find(|role| text_of(role.get("name")) == name);
        role.map(|role| (role.clone(), membership.clone()))
    };
    let roles: Vec<(Row, Row)> = known.memberships.iter().filter_map(role_of).collect();
    let wanted = claims
        .get("roleName")
        .and_then(Value::as_str)
        .or_else(|| header("x-role"));
    let role = match wanted {
        Some("anonymous") => "anonymous".to_owned(),
        Some(wanted) if roles.iter().any(|(role, _)| text_of(role.get("name")) == wanted) => {
            wanted.to_owned()
        }
        Some(_) => {
            let message = "The role does not belong to the user";
            return Err(Reply::error_with(401, message, Some("ROLE_NOT_FOUND_FOR_USER")));
        }
        None => default_role(&roles).ok_or_else(|| {
            let message = "The current user has no roles. Please try another account.";
            Reply::error_with(401, message, Some("USER_HAS_NO_ROLES_ERR"))
        })?,
    };
    Ok(Identity {
        user: known.user,
        roles,
        role,
        token: token.to_owned(),
        renewed,
    })
}

/// Refuses a token that is too old, and renews a session that can be.
fn check_age(state: &mut State, claims: &Value) -> Result<Option<String>, Reply> {
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let now = clock::unix_seconds();
    if claims.get("temp").and_then(Value::as_bool) != Some(true) {
        return if number("exp") > now {
            Ok(None)
        } else {
            Err(refused("INVALID_TOKEN"))
        };
    }
    if number("signInTime") / 1000 + SESSION < now {
        return Err(refused("EXPIRED_SESSION"));
    }
    if number("exp") > now {
        return Ok(None);
    }
    let jti = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
    let issued = state
        .database
        .rows("issuedTokens")
        .iter()
        .any(|row| text_of(row.get("jti")) == jti);
    if !issued {
        return Err(refused("TOKEN_RENEW_FAILED"));
    }
    Ok(Some(issue_session(state, number("userId"))))
}

/// A new session, noted so that it can be renewed later.
pub(crate) fn issue_session(state: &mut State, user: i64) -> String {
    let (token, jti) = tokens::session(&state.token_secret, user);
    let now = clock::unix_seconds() * 1000;
    let row =
        serde_json::json!({"id": jti, "jti": jti, "userId": user, "signInTime": now, "issuedTime": now});
    if let Value::Object(row) = row {
        state.database.insert("issuedTokens", row, &clock::iso_now());
    }
    token
}

/// The user and their roles: from the tables, or as they were read last while the tables are gone.
fn remember(state: &mut State, id: i64) -> Result<CachedIdentity, Reply> {
    let users = state.database.rows("users");
    if users.is_empty()
        && let Some(cached) = state.identity_cache.get(&id)
    {
        return Ok(cached.clone());
    }
    if state.database.table("users").is_none() {
        return Err(Reply::table_missing());
    }
    let Some(user) = users
        .iter()
        .find(|user| user.get("id").and_then(Value::as_i64) == Some(id))
    else {
        let message = "User not found. Please sign in again to continue.";
        return Err(Reply::error_with(401, message, Some("NOT_EXIST_USER")));
    };
    let memberships = state.database.rows("rolesUsers").iter();
    let known = CachedIdentity {
        user: user.clone(),
        memberships: memberships
            .filter(|row| row.get("userId") == user.get("id"))
            .cloned()
            .collect(),
        roles: state.database.rows("roles").to_vec(),
    };
    state.identity_cache.insert(id, known.clone());
    Ok(known)
}

fn default_role(roles: &[(Row, Row)]) -> Option<String> {
    let preferred = roles
        .iter()
        .find(|(_, membership)| membership.get("default") == Some(&Value::Bool(true)));
    preferred
        .or_else(|| roles.first())
        .map(|(role, _)| text_of(role.get("name")))
}

fn refused(code: &str) -> Reply {
    Reply::error_with(401, "Your session has expired. Please sign in again.", Some(code))
}

impl Identity {
    fn role_row(&self) -> Option<&Row> {
        self.roles
            .iter()
            .map(|(role, _)| role)
            .find(|role| text_of(role.get("name")) == self.role)
    }

    /// The snippets of the role, positives first.
    pub(crate) fn snippets(&self) -> Vec<String> {
        let listed = self
            .role_row()
            .and_then(|role| role.get("snippets"))
            .and_then(Value::as_array);
        let mut snippets: Vec<String> = listed
            .into_iter()
            .flatten()
            .map(|one| text_of(Some(one)))
            .collect();
        snippets.sort();
        snippets.sort_by_key(|snippet| snippet.starts_with('!'));
        snippets
    }

    /// The actions of the role's strategy, as stored.
    pub(crate) fn strategy(&self) -> Value {
        let strategy = self.role_row().and_then(|role| role.get("strategy")).cloned();
        strategy
            .filter(|strategy| !strategy.is_null())
            .unwrap_or_else(|| serde_json::json!({}))
    }

    pub(crate) fn is_root(&self) -> bool {
        self.role == "root"
    }

    /// A listed negative beats every positive.
    fn has_snippet(&self, wanted: &str) -> bool {
        let snippets = self.snippets();
        let denied = snippets
            .iter()
            .filter_map(|one| one.strip_prefix('!'))
            .any(|one| covers(one, wanted));
        !denied && snippets.iter().any(|one| covers(one, wanted))
    }

    /// Whether the strategy allows an action, and if so whether only on one's own rows.
    fn strategy_allows(&self, action: &str) -> Option<Scope> {
        let strategy = self.strategy();
        let actions = strategy.get("actions").and_then(Value::as_array)?;
        let named = |name: &str| actions.iter().any(|one| one.as_str() == Some(name));
        if named(action) {
            Some(Scope::All)
        } else {
            named(&format!("{action}:own")).then_some(Scope::Own)
        }
    }

    /// What of a resource the caller may touch with this access, `None` for nothing.
    pub(crate) fn scope(&self, access: Access, resource: &str, state: &State) -> Option<Scope> {
        if self.is_root() {
            return Some(Scope::All);
        }
        match access {
            Access::Public | Access::SignedIn => Some(Scope::All),
            Access::Snippet(snippet) => self.has_snippet(snippet).then_some(Scope::All),
            Access::Table(action) => {
                let named = |row: &&Row| row.get("name").and_then(Value::as_str) == Some(resource);
                let collection = state.database.rows("collections").iter().find(named);
                let own = |row: &Row| {
                    row.get("options")
                        .and_then(|options| options.get("dataCategory"))
                        .is_none()
                };
                let by_strategy = collection.and_then(|_| self.strategy_allows(action));
                // a snippet opens the tables of its plugin, never those that people made
                let by_snippet = !collection.is_some_and(own) && self.has_snippet(&snippet_of(resource));
                if by_snippet { Some(Scope::All) } else { by_strategy }
            }
        }
    }
}

/// How much of a table a role may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    /// The rows that the caller made.
    Own,
}

/// The snippet behind a system table.
fn snippet_of(table: &str) -> String {
    match table {
        "applicationPlugins" => "pm".to_owned(),
        "environmentVariables" => "pm.environment-variables".to_owned(),
        "apiKeys" => "pm.api-keys.configuration".to_owned(),
        "backupSettings" => "pm.backups.settings".to_owned(),
        "uiSchemas" | "flowModels" | "blockTemplates" => format!("ui.{table}"),
        other => format!("pm.{other}"),
    }
}
