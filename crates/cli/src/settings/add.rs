//! Writes an environment into the settings file, for those who do not want to write it themselves.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use nocobase_client::{Origin, Secret};
use release_engine::EngineError;

use super::{cannot, home, merge, read_text};
use crate::arguments::{AddEnvironment, Globals};

/// Writes an environment behind what the settings file holds, which keeps every word of its own. The whole is read
/// first as it would be read later, and replaces the file in one move. Gives the file's path.
pub(crate) fn add(
    globals: &Globals,
    new: &AddEnvironment,
    token: Option<&Secret>,
) -> Result<PathBuf, EngineError> {
    let path = home(globals).join("release.toml");
    // A file that is a link elsewhere stays one.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.map_err(cannot("read", &path))?,
    };
    let mut table = toml::Table::new();
    let texts = [
        ("url", Some(new.url.as_str())),
        ("token", token.map(Secret::expose)),
        ("token-env", new.token_env.as_deref()),
        ("account", new.account.as_deref()),
        ("password-env", new.password_env.as_deref()),
        ("role", new.role.as_deref()),
    ];
    let files = [
        ("token-file", &new.token_file),
        ("password-file", &new.password_file),
    ];
    for (key, value) in texts {
        table.extend(value.map(|value| (key.to_owned(), value.into())));
    }
    for (key, file) in files {
        let file = file
            .as_ref()
            .map(|file| std::path::absolute(file).unwrap_or(file.clone()));
        table.extend(file.map(|file| (key.to_owned(), file.display().to_string().into())));
    }
    if !new.aliases.is_empty() {
        table.insert("aliases".to_owned(), new.aliases.clone().into());
    }
    let entry = toml::Table::from_iter([(new.name.clone(), table.into())]);
    let entry = toml::Table::from_iter([("environments".to_owned(), entry.into())]);
    let before = match text.trim_end() {
        "" => String::new(),
        text => format!("{text}\n\n"),
    };
    let whole = format!("{before}{entry}");
    let mut file = read_text(&whole, &path)?;
    let read = file.environments.remove(&new.name).unwrap_or_default();
    merge(&mut BTreeMap::new(), &new.name, read, Origin::Settings)?;
    replace(&path, &whole).map_err(cannot("write", &path))?;
    Ok(path)
}

/// Replaces a settings file in one move; nobody else can read it, for it may hold secrets.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = folder.join(format!(".release.toml.{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        fs::remove_file(&beside).unwrap_or_default();
    }
    written
}
