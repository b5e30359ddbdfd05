//! NocoBase CLI's own store of environments (`nb env add`, `nb init`): whoever uses `nb` needs no set-up here.
//!
//! Read as NocoBase CLI 2.2.15 reads it, older keys included, and never written, but for an OAuth session that
//! is renewed ([`crate::OAuthSession`]). Which environment is meant by a sentence is not decided here.

use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use crate::environment::{ApiBase, Credentials, Environment, Origin};
use crate::error::{EnvironmentsError, clean};
use crate::oauth::OAuthSession;
use crate::secret::Secret;

/// The file of the store, in its folder.
pub(crate) const CONFIG: &str = "config.json";

/// What the store holds.
#[derive(Debug, Clone, Default)]
pub struct NbConfig {
    /// The environments, sorted by name.
    pub environments: Vec<Environment>,
    /// The name of the current one, by the rules of NocoBase CLI.
    pub current: Option<String>,
    /// Entries that cannot be used, each with the reason.
    pub skipped: Vec<Skipped>,
}

/// An entry of the store that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// Why it cannot be used.
    pub reason: String,
}

/// Reads the store in `root`, the folder that holds `config.json`: `.nocobase` in `$NB_CLI_ROOT` or in the home
/// folder. `session_id` is `$NB_SESSION_ID`. A store that does not exist holds nothing.
pub fn read(root: &Path, session_id: Option<&str>) -> Result<NbConfig, EnvironmentsError> {
    let path = root.join(CONFIG);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(NbConfig::default()),
        Err(source) => return Err(EnvironmentsError::Unreadable { path, source }),
    };
    // the parser's own words may quote a value, so only the place is told
    let malformed = |reason: String| EnvironmentsError::Malformed {
        path: path.clone(),
        reason,
    };
    let store: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        malformed(format!(
            "not JSON at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    let nothing = Map::new();
    let envs = match store.get("envs") {
        Some(Value::Object(envs)) => envs,
        None | Some(Value::Null) if store.is_object() => &nothing,
        _ => return Err(malformed("no object of environments in it".to_owned())),
    };
    let mut names: Vec<&String> = envs.keys().collect();
    names.sort();

    let mut config = NbConfig::default();
    for name in &names {
        match environment(&path, name, envs.get(*name).unwrap_or(&Value::Null)) {
            Ok(environment) => config.environments.push(environment),
            Err(reason) => config.skipped.push(Skipped {
                name: clean(name),
                reason,
            }),
        }
    }
    // `currentEnv` is the older name of `lastEnv`
    let last = ["lastEnv", "currentEnv"]
        .into_iter()
        .find_map(|key| words(store.get(key)?));
    let known = |name: &String| envs.contains_key(name);
    config.current = session_id
        .and_then(|id| session_environment(root, id))
        .filter(known)
        .or_else(|| last.filter(known))
        .or_else(|| names.first().map(|name| (*name).clone()));
    Ok(config)
}

/// A text or number as text, without blanks around it.
fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The address of an entry: `apiBaseUrl`, in older files `baseUrl` or `apibaseUrl`.
pub(crate) fn address(entry: &Value) -> Option<String> {
    ["apiBaseUrl", "baseUrl", "apibaseUrl"]
        .into_iter()
        .find_map(|key| words(entry.get(key)?))
}

fn environment(config: &Path, name: &str, entry: &Value) -> Result<Environment, String> {
    let address = address(entry).ok_or("it has no API base URL")?;
    let api_base = ApiBase::parse(&address).map_err(|error| error.to_string())?;
    let auth = entry.get("auth").unwrap_or(&Value::Null);
    let token = auth.get("accessToken").and_then(words);
    let credentials = match (auth.get("type").and_then(Value::as_str), token) {
        (Some("oauth"), _) => Credentials::OAuth(OAuthSession::of(config, name, &api_base)),
        (_, Some(token)) => Credentials::Token(Secret::new(token)),
        (_, None) => Credentials::None,
    };
    Ok(Environment {
        name: name.to_owned(),
        api_base,
        credentials,
        fallback: None,
        role: None,
        aliases: Vec::new(),
        origin: Origin::NocoBaseCli,
    })
}

/// The environment that a shell session has chosen (`sessions/<id>.json`).
fn session_environment(root: &Path, id: &str) -> Option<String> {
    let id = id.trim();
    // an id is one file name: nothing outside the folder is read
    if id.is_empty() || id.contains(['/', '\\', '\0']) {
        return None;
    }
    let text = std::fs::read_to_string(root.join("sessions").join(format!("{id}.json"))).ok()?;
    let state: Value = serde_json::from_str(&text).ok()?;
    words(state.get("currentEnv")?)
}
