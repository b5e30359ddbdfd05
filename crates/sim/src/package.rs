//! Packages.
use crate::world::State;
pub(crate) fn of_state(state: &State, password: Option<&str>) -> Vec<u8> {
    drop((state.settings.clone(), password));
    Vec::new()
}
