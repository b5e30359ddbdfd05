//! NocoBase CLI's own store of environments (`nb env add`, `nb init`).

use std::path::Path;

use crate::environment::Environment;
use crate::error::EnvironmentsError;

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

/// Reads the store in `root`, the folder that holds `config.json`.
pub fn read(_root: &Path, _session_id: Option<&str>) -> Result<NbConfig, EnvironmentsError> {
    Ok(NbConfig::default())
}
