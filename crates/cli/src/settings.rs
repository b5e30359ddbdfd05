//! Settings: the only reader of environment variables and of the tool's settings file.
//!
//! Environments come from three places; where two name the same one, the later wins:
//! 1. NocoBase CLI's store (`$NB_CLI_ROOT` or the home folder, `.nocobase/config.json`);
//! 2. `[environments.NAME]` in `release.toml` in the tool's home (an entry without `url` adds to what another place
//!    says); `[environments.NAME.fallback]` names other credentials, used where the first are refused;
//! 3. `NOCOBASE_RELEASE_ENV_<NAME>_URL` with `_TOKEN`, or `_ACCOUNT` and `_PASSWORD`, and `_ROLE`.

mod add;

pub(crate) use self::add::add;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nocobase_client::{ApiBase, ClientOptions, Credentials, Environment, Origin, Secret, nb_cli};
use release_engine::{CommandLine, EngineError, EngineSettings, Home, Pace, Policy, RunSecrets};
use serde::Deserialize;

use crate::arguments::{Globals, Secrets};

const VARIABLE: &str = "NOCOBASE_RELEASE_ENV_";

/// The settings file, `release.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    current: Option<String>,
    policy: Policy,
    pace: PaceEntry,
    environments: BTreeMap<String, Entry>,
}

/// How often and how long a run looks, in milliseconds; see [`Pace`].
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct PaceEntry {
    poll: Option<u64>,
    poll_slow: Option<u64>,
    early: Option<u64>,
    settle: Option<u64>,
    no_restart: Option<u64>,
    broken: Option<u64>,
}

impl PaceEntry {
    fn over(self, pace: Pace) -> Pace {
        let either = |entry: Option<u64>, default| entry.map_or(default, Duration::from_millis);
        Pace {
            poll: either(self.poll, pace.poll),
            poll_slow: either(self.poll_slow, pace.poll_slow),
            early: either(self.early, pace.early),
            settle: either(self.settle, pace.settle),
            no_restart: either(self.no_restart, pace.no_restart),
            broken: either(self.broken, pace.broken),
        }
    }
}

/// One environment in the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    url: Option<String>,
    token: Option<Secret>,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    account: Option<String>,
    password: Option<Secret>,
    password_env: Option<String>,
    password_file: Option<PathBuf>,
    role: Option<String>,
    aliases: Vec<String>,
    fallback: Option<Fallback>,
}

/// Who to be where an environment refuses its own credentials, as after a restore that brought other users.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Fallback {
    token: Option<Secret>,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    account: Option<String>,
    password: Option<Secret>,
    password_env: Option<String>,
    password_file: Option<PathBuf>,
    /// The environment whose account is meant: after a restore its users are the users here.
    same_as: Option<String>,
}

impl Fallback {
    fn into_entry(self) -> Entry {
        Entry {
            token: self.token,
            token_env: self.token_env,
            token_file: self.token_file,
            account: self.account,
            password: self.password,
            password_env: self.password_env,
            password_file: self.password_file,
            ..Entry::default()
        }
    }
}

/// What was found, and what could not be used.
pub(crate) struct Loaded {
    pub(crate) engine: EngineSettings,
    /// Things a person should know, for `doctor`.
    pub(crate) remarks: Vec<String>,
}

/// The tool's home: the option, the variable, or `.nocobase` beside NocoBase CLI's.
pub(crate) fn home(globals: &Globals) -> PathBuf {
    chosen_home(globals).unwrap_or_else(|| absolute(nb_cli_folder()))
}

/// The home by the option or the variable.
fn chosen_home(globals: &Globals) -> Option<PathBuf> {
    let variable = || {
        env::var_os("NOCOBASE_RELEASE_HOME")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    globals.home.clone().or_else(variable).map(absolute)
}

/// Journals name files; they must be found from anywhere.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// How a person at a terminal of their own reaches what a server works on: neither its folder nor its variables are
/// theirs.
pub(crate) fn command_line_elsewhere(globals: &Globals) -> CommandLine {
    CommandLine::new(globals.sandbox, chosen_home(globals).as_deref())
}

fn nb_cli_folder() -> PathBuf {
    let root = env::var_os("NB_CLI_ROOT")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    root.or_else(env::home_dir)
        .unwrap_or_else(|| PathBuf::from("."))
        .join(".nocobase")
}

/// Reads everything for real environments.
pub(crate) fn load(globals: &Globals) -> Result<Loaded, EngineError> {
    let root = home(globals);
    let mut remarks = Vec::new();
    let mut unusable = BTreeMap::new();
    let session = env::var("NB_SESSION_ID").ok();
    let store = nb_cli::read(&nb_cli_folder(), session.as_deref())
        .map_err(|error| bad("NocoBase CLI's store", error.to_string()))?;
    remarks.extend(store.skipped.iter().map(|skipped| {
        format!(
            "NocoBase CLI's environment {} cannot be used: {}",
            skipped.name, skipped.reason
        )
    }));
    let mut environments: BTreeMap<String, Environment> = store
        .environments
        .into_iter()
        .map(|environment| (environment.name.clone(), environment))
        .collect();
    let mut file = read_file(&root.join("release.toml"))?;
    let fallbacks = fallbacks(&mut file.environments);
    let variables = variables();
    for (name, mut entry) in file.environments {
        // what an entry adds to may come from variables alone
        let given = variables.get(&name).and_then(|given| given.url.clone());
        entry.url = entry.url.or(given);
        note(
            merge(&mut environments, &name, entry, Origin::Settings),
            &name,
            &mut unusable,
        );
    }
    for (name, entry) in variables {
        note(
            merge(&mut environments, &name, entry, Origin::Variables),
            &name,
            &mut unusable,
        );
    }
    for (name, fallback) in fallbacks {
        note(
            set_fallback(&mut environments, &name, fallback),
            &name,
            &mut unusable,
        );
    }
    // An environment that cannot be used does not keep the others from being used.
    for (name, reason) in &unusable {
        environments.remove(name);
        remarks.push(format!("{name} cannot be used: {reason}"));
    }
    remarks.extend(clear_aliases(&mut environments));
    let verified_first = file.policy.verified_first.iter();
    let verified_first = verified_first.flat_map(|(target, firsts)| std::iter::once(target).chain(firsts));
    for name in (file.policy.protected.iter())
        .chain(&file.policy.unprotected)
        .chain(verified_first)
    {
        if !environments.contains_key(name) && !unusable.contains_key(name) {
            remarks.push(format!("the policy names {name}, which is no environment here"));
        }
    }
    let current = env::var("NOCOBASE_RELEASE_CURRENT")
        .ok()
        .or(file.current)
        .or(store.current);
    let only = (environments.len() == 1)
        .then(|| environments.keys().next().cloned())
        .flatten();
    let current = current.or(only);
    if let Some(name) = &current
        && !environments.contains_key(name)
        && !unusable.contains_key(name)
    {
        remarks.push(format!("{name} is named as current but is not configured"));
    }
    Ok(Loaded {
        engine: EngineSettings {
            home: Home::new(root),
            environments: environments.into_values().collect(),
            unusable,
            current,
            policy: file.policy,
            pace: file.pace.over(Pace::default()),
            client: ClientOptions::default(),
            runner: runner(globals),
        },
        remarks,
    })
}

/// The command that executes a run: this binary with the options that decide what it works on.
pub(crate) fn runner(globals: &Globals) -> Vec<std::ffi::OsString> {
    let program = env::current_exe().unwrap_or_else(|_| PathBuf::from("nocobase-release"));
    let mut command = vec![program.into_os_string()];
    if let Some(home) = &globals.home {
        command.extend(["--home".into(), home.clone().into_os_string()]);
    }
    if globals.sandbox {
        command.push("--sandbox".into());
    }
    command.push("execute".into());
    command
}

/// The password of encrypted packages, from where the command line says.
pub(crate) fn secrets(secrets: &Secrets) -> Result<RunSecrets, EngineError> {
    let package_password = match (&secrets.password_env, &secrets.password_file) {
        (Some(variable), _) => Some(from_variable("the package password", variable)?),
        (None, Some(file)) => Some(from_file("the package password", file)?),
        (None, None) => None,
    };
    let mut variables = match &secrets.values_file {
        Some(file) => values_of(file)?,
        None => BTreeMap::new(),
    };
    for pair in &secrets.values_env {
        let Some((name, variable)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(bad("the values", "--value-env takes NAME=VARIABLE".to_owned()));
        };
        variables.insert(
            name.to_owned(),
            from_variable(&format!("the value of {name}"), variable)?,
        );
    }
    Ok(RunSecrets {
        package_password,
        variables,
    })
}

/// Lines `NAME=value`; empty ones and those that begin with `#` say nothing. No value is ever repeated in an error.
fn values_of(file: &Path) -> Result<BTreeMap<String, Secret>, EngineError> {
    let text = fs::read_to_string(file)
        .map_err(|error| bad("the values", format!("cannot read {}: {error}", file.display())))?;
    let mut values = BTreeMap::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
        {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                values.insert(name.to_owned(), Secret::new(value));
            }
            _ => {
                let reason = format!("line {} of {} is not NAME=value", place + 1, file.display());
                return Err(bad("the values", reason));
            }
        }
    }
    Ok(values)
}

/// Who sits at this terminal, as far as the operating system says.
pub(crate) fn person() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|variable| env::var(variable).ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "somebody".to_owned())
}

/// Logs go to stderr; `NOCOBASE_RELEASE_LOG` takes a filter such as `debug`.
pub(crate) fn start_logging(verbose: bool) {
    let default = if verbose { "info" } else { "error" };
    let filter = env::var("NOCOBASE_RELEASE_LOG").unwrap_or_else(|_| format!("{default},rmcp=off"));
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
}

fn read_file(path: &Path) -> Result<File, EngineError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(File::default()),
        Err(error) => return Err(cannot("read", path)(error)),
    };
    read_text(&text, path)
}

fn read_text(text: &str, path: &Path) -> Result<File, EngineError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        // The library's full text quotes the line, which may hold a password.
        let line = error.span().map_or(0, |span| {
            text.get(..span.start).unwrap_or("").lines().count().max(1)
        });
        bad(
            &path.display().to_string(),
            format!("line {line}: {}", error.message()),
        )
    })
}

fn cannot(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> EngineError {
    let what = format!("cannot {what} {}", path.display());
    |source| EngineError::Local { what, source }
}

fn variables() -> BTreeMap<String, Entry> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for (key, value) in env::vars_os() {
        let (Some(key), Some(value)) = (key.to_str(), value.to_str()) else {
            continue;
        };
        let Some((name, field)) = key.strip_prefix(VARIABLE).and_then(|rest| rest.rsplit_once('_')) else {
            continue;
        };
        if value.is_empty() {
            continue;
        }
        let entry = entries.entry(name.to_lowercase().replace('_', "-")).or_default();
        match field {
            "URL" => entry.url = Some(value.to_owned()),
            "TOKEN" => entry.token = Some(Secret::new(value)),
            "ACCOUNT" => entry.account = Some(value.to_owned()),
            "PASSWORD" => entry.password = Some(Secret::new(value)),
            "ROLE" => entry.role = Some(value.to_owned()),
            _ => {}
        }
    }
    entries
}

fn merge(
    environments: &mut BTreeMap<String, Environment>,
    name: &str,
    entry: Entry,
    origin: Origin,
) -> Result<(), EngineError> {
    if name.trim() != name || name.is_empty() || name.starts_with('@') {
        return Err(bad(
            name,
            "a name has no blanks around it and does not begin with @".into(),
        ));
    }
    let credentials = credentials(name, &entry)?;
    if let Some(known) = environments.get_mut(name) {
        if let Some(url) = &entry.url {
            known.api_base = base(name, url)?;
            known.origin = origin;
        }
        if let Some(credentials) = credentials {
            known.credentials = credentials;
        }
        known.role = entry.role.or(known.role.take());
        known.aliases.extend(entry.aliases);
        return Ok(());
    }
    let Some(url) = &entry.url else {
        return Err(bad(name, "it has no url".into()));
    };
    let environment = Environment {
        name: name.to_owned(),
        api_base: base(name, url)?,
        credentials: credentials.unwrap_or(Credentials::None),
        fallback: None,
        role: entry.role,
        aliases: entry.aliases,
        origin,
    };
    environments.insert(name.to_owned(), environment);
    Ok(())
}

/// Takes the fallbacks out of the entries: one may name another environment, so they are set when all are known.
fn fallbacks(entries: &mut BTreeMap<String, Entry>) -> Vec<(String, Fallback)> {
    entries
        .iter_mut()
        .filter_map(|(name, entry)| Some((name.clone(), entry.fallback.take()?)))
        .collect()
}

fn set_fallback(
    environments: &mut BTreeMap<String, Environment>,
    name: &str,
    mut fallback: Fallback,
) -> Result<(), EngineError> {
    let found = match fallback.same_as.take() {
        Some(other) => match environments.get(&other).map(|other| &other.credentials) {
            Some(credentials @ Credentials::Password { .. }) => Some(credentials.clone()),
            Some(_) => {
                return Err(bad(
                    name,
                    format!("its fallback is the same as {other}'s, which has no account"),
                ));
            }
            None => {
                return Err(bad(
                    name,
                    format!("its fallback is the same as {other}'s, which is no environment here"),
                ));
            }
        },
        None => credentials(name, &fallback.into_entry())?,
    };
    if let Some(environment) = environments.get_mut(name) {
        environment.fallback = found;
    }
    Ok(())
}

fn note(merged: Result<(), EngineError>, name: &str, unusable: &mut BTreeMap<String, String>) {
    if let Err(error) = merged {
        let reason = match error {
            EngineError::BadEnvironment { reason, .. } => reason,
            other => other.to_string(),
        };
        unusable.insert(name.to_owned(), reason);
    }
}

/// An alias that could mean two environments means none.
fn clear_aliases(environments: &mut BTreeMap<String, Environment>) -> Vec<String> {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for environment in environments.values() {
        for name in environment.aliases.iter().chain([&environment.name]) {
            owners
                .entry(name.to_lowercase())
                .or_default()
                .push(environment.name.clone());
        }
    }
    owners.retain(|_, owners| owners.len() > 1);
    for environment in environments.values_mut() {
        environment
            .aliases
            .retain(|alias| !owners.contains_key(&alias.to_lowercase()));
    }
    owners
        .iter()
        .map(|(alias, owners)| format!("the name {alias} is used for {}", owners.join(" and ")))
        .collect()
}

fn base(name: &str, url: &str) -> Result<ApiBase, EngineError> {
    ApiBase::parse(url).map_err(|error| bad(name, error.to_string()))
}

fn credentials(name: &str, entry: &Entry) -> Result<Option<Credentials>, EngineError> {
    let token = pick(name, &entry.token, &entry.token_env, &entry.token_file)?;
    let password = pick(name, &entry.password, &entry.password_env, &entry.password_file)?;
    Ok(match (token, &entry.account, password) {
        (Some(token), _, _) => Some(Credentials::Token(token)),
        (None, Some(account), Some(password)) => Some(Credentials::Password {
            account: account.clone(),
            password,
        }),
        (None, None, None) => None,
        (None, _, _) => return Err(bad(name, "account and password go together".into())),
    })
}

fn pick(
    name: &str,
    direct: &Option<Secret>,
    variable: &Option<String>,
    file: &Option<PathBuf>,
) -> Result<Option<Secret>, EngineError> {
    match (direct, variable, file) {
        (Some(secret), _, _) => Ok(Some(secret.clone())),
        (None, Some(variable), _) => from_variable(name, variable).map(Some),
        (None, None, Some(file)) => from_file(name, file).map(Some),
        (None, None, None) => Ok(None),
    }
}

fn from_variable(name: &str, variable: &str) -> Result<Secret, EngineError> {
    match env::var(variable) {
        Ok(value) if !value.is_empty() => Ok(Secret::new(value)),
        _ => Err(bad(
            name,
            format!("the environment variable {variable} is not set"),
        )),
    }
}

fn from_file(name: &str, file: &Path) -> Result<Secret, EngineError> {
    let text = fs::read_to_string(file)
        .map_err(|error| bad(name, format!("cannot read {}: {error}", file.display())))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::new(line)),
        _ => Err(bad(name, format!("{} is empty", file.display()))),
    }
}

fn bad(name: &str, reason: String) -> EngineError {
    EngineError::BadEnvironment {
        name: name.to_owned(),
        reason,
    }
}
