//! Keeping environments in a folder: one subfolder each, replaced atomically after every change.
//!
//! ```text
//! FOLDER/lock               held while a simulation runs
//! FOLDER/dev/state.json     everything but the packages
//! FOLDER/dev/backups/NAME   the packages, as files
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::config::SimError;
use crate::sim::Address;
use crate::tokens;
use crate::world::{State, StoredBackup, World};

/// What `state.json` holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) port: u16,
    /// When each package was made.
    backups: BTreeMap<String, String>,
    pub(crate) state: State,
}

/// Takes the folder for this simulation.
pub(crate) fn lock(folder: &Path) -> Result<File, SimError> {
    let failed = |error| SimError::Folder(folder.to_owned(), error);
    fs::create_dir_all(folder).map_err(failed)?;
    let file = File::create(folder.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SimError::FolderInUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// What an earlier simulation left of an environment, `None` when there was none.
pub(crate) fn load(folder: &Path) -> Result<Option<Kept>, SimError> {
    let file = folder.join("state.json");
    let content = match fs::read(&file) {
        Ok(content) => content,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(SimError::Folder(file, error)),
    };
    let mut kept: Kept =
        serde_json::from_slice(&content).map_err(|error| SimError::Unreadable(file, error.to_string()))?;
    for (name, created_at) in &kept.backups {
        let file = folder.join("backups").join(name);
        match fs::read(&file) {
            Ok(content) => {
                let backup = StoredBackup {
                    content: Bytes::from(content),
                    created_at: created_at.clone(),
                };
                kept.state.backups.insert(name.clone(), backup);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(SimError::Folder(file, error)),
        }
    }
    Ok(Some(kept))
}

/// Where the environments of a folder listen, by name.
pub(crate) fn addresses(folder: &Path) -> Result<Vec<Address>, SimError> {
    let failed = |error| SimError::Folder(folder.to_owned(), error);
    let mut addresses = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if let (Some(kept), Ok(name)) = (load(&entry.path())?, entry.file_name().into_string()) {
            addresses.push(Address {
                name,
                url: format!("http://127.0.0.1:{}/api", kept.port),
                token: tokens::standing_key(&kept.state.token_secret, 1, "root"),
            });
        }
    }
    addresses.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(addresses)
}

/// Writes an environment down after a change; a failure is a violation, for a test or a person to see.
pub(crate) fn keep(world: &Arc<World>) {
    if let Err(error) = try_keep(world) {
        world
            .journal
            .violation(format!("the environment could not be kept: {error}"));
    }
}

/// Writes an environment down.
pub(crate) fn try_keep(world: &Arc<World>) -> Result<(), SimError> {
    let Some(folder) = world.folder.as_deref() else {
        return Ok(());
    };
    // the guard is held while writing, so that two changes are written in their order
    let state = world.state();
    let backups = folder.join("backups");
    let failed = |error| SimError::Folder(folder.to_owned(), error);
    fs::create_dir_all(&backups).map_err(failed)?;
    for (name, backup) in &state.backups {
        let file = backups.join(name);
        let written = fs::metadata(&file).is_ok_and(|metadata| metadata.len() == backup.content.len() as u64);
        if !written {
            replace(&file, &backup.content).map_err(failed)?;
        }
    }
    for entry in fs::read_dir(&backups).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry
            .file_name()
            .to_str()
            .is_some_and(|name| state.backups.contains_key(name))
        {
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    let kept = Kept {
        port: world.server.port,
        backups: state
            .backups
            .iter()
            .map(|(name, backup)| (name.clone(), backup.created_at.clone()))
            .collect(),
        state: state.clone(),
    };
    let content = serde_json::to_vec(&kept)
        .map_err(|error| SimError::Unreadable(folder.join("state.json"), error.to_string()))?;
    replace(&folder.join("state.json"), &content).map_err(failed)
}

/// Writes beside and renames, so that a reader sees the old content or the new one.
fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let beside = file.with_extension(format!("new-{}", clock::random_number()));
    let mut written = File::create(&beside)?;
    written.write_all(content)?;
    written.sync_all()?;
    fs::rename(beside, file)
}
