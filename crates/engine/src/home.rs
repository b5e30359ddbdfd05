//! Where the tool keeps things, and the few ways files are written so that a crash cannot tear them.
//!
//! `<home>/release/<env>/<file>` holds packages, laid out as NocoBase's own release skill lays them;
//! `<home>/release-state/` holds plans, runs and locks. What the files mean is left to their owners.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::EngineError;
use crate::ids::{PlanId, RunId};
use crate::plan::hex;

/// The tool's home folder.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// A home at this folder; it is made when something is written.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where packages are kept, one folder an environment.
    pub(crate) fn all_packages(&self) -> PathBuf {
        self.root.join("release")
    }

    /// Where the packages of an environment are kept.
    pub fn packages(&self, environment: &str) -> PathBuf {
        self.all_packages().join(folder_name(environment))
    }

    pub(crate) fn plan_file(&self, plan: &PlanId) -> PathBuf {
        self.state("plans").join(format!("{plan}.json"))
    }

    pub(crate) fn plan_used_file(&self, plan: &PlanId) -> PathBuf {
        self.state("plans").join(format!("{plan}.used"))
    }

    pub(crate) fn plan_approved_file(&self, plan: &PlanId) -> PathBuf {
        self.state("plans").join(format!("{plan}.approved"))
    }

    pub(crate) fn plan_maker_file(&self, plan: &PlanId) -> PathBuf {
        self.state("plans").join(format!("{plan}.maker"))
    }

    /// All runs, one folder each.
    pub(crate) fn runs(&self) -> PathBuf {
        self.state("runs")
    }

    /// The folder of one run: its journal, its log.
    pub fn run(&self, run: &RunId) -> PathBuf {
        self.runs().join(run.as_str())
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.state("locks")
    }

    fn state(&self, part: &str) -> PathBuf {
        self.root.join("release-state").join(part)
    }
}

/// An environment's name as one safe path component; names are the user's, but may come from anywhere.
fn folder_name(environment: &str) -> String {
    let safe: String = environment
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || matches!(letter, '-' | '_') {
                letter
            } else {
                '_'
            }
        })
        .take(80)
        .collect();
    if safe.is_empty() { "_".into() } else { safe }
}

/// Makes a folder that only its owner can read: packages and journals hold what others must not see.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), EngineError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|source| EngineError::local(format!("cannot make the folder {}", path.display()), source))
}

/// Replaces a file in one move: readers see the old or the new content, never half of it.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), EngineError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_private_folder(folder)?;
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder(folder)
    };
    write().map_err(|source| EngineError::local(format!("cannot write {}", path.display()), source))
}

/// Creates a file that must not exist yet; `false` when it does. This is how a plan is used only once.
pub(crate) fn create_once(path: &Path, content: &[u8]) -> Result<bool, EngineError> {
    let create = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    };
    match create() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(EngineError::local(
            format!("cannot write {}", path.display()),
            source,
        )),
    }
}

/// The SHA-256 of a file, in hex, read piece by piece.
pub(crate) fn sha256_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&digest.finalize())),
            length => digest.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_name_is_never_a_path() {
        let home = Home::new("/h");
        assert_eq!(home.packages("../../etc"), Path::new("/h/release/______etc"));
        assert_eq!(home.packages("生产"), Path::new("/h/release/生产"));
        assert_eq!(home.packages(""), Path::new("/h/release/_"));
    }

    #[test]
    fn a_file_is_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.used");
        assert!(create_once(&path, b"one").unwrap());
        assert!(!create_once(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }
}
