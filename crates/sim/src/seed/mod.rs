//! First contents.
use crate::config::{Seed, Settings};
use crate::world::State;

/// The account of the administrator.
pub(crate) const ADMINISTRATOR_ACCOUNT: &str = "nocobase";
/// The password of the administrator.
pub(crate) const ADMINISTRATOR_PASSWORD: &str = "admin123";

pub(crate) fn state(name: &str, seed: Seed, settings: Settings) -> State {
    drop((name, seed));
    State {
        settings,
        token_secret: crate::clock::uuid(),
        field_key: Vec::new(),
        database: crate::database::Database::default(),
        uploads: Default::default(),
        backups: Default::default(),
        safety_dump: None,
        gate: Default::default(),
        last_command: Default::default(),
        backup_tasks: Default::default(),
        interrupted_backups: Default::default(),
        restore_tasks: Default::default(),
        restores_running: 0,
        identity_cache: Default::default(),
        logs: Default::default(),
    }
}
