//! How many sessions there may be, and whose they are.
//!
//! rmcp counts none and lets any caller use any session id. Sessions belong to the older lifecycle only; since
//! 2026-07-28 every request stands for itself and is never refused for sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use super::HttpLimits;
use super::tokens::Caller;

/// The sessions of a server.
pub(super) struct Sessions {
    manager: Arc<LocalSessionManager>,
    most: usize,
    most_each: usize,
    owners: Mutex<Owners>,
}

#[derive(Default)]
struct Owners {
    of: HashMap<String, Caller>,
    /// Sessions that are being made.
    coming: Vec<Caller>,
}

/// A place for a session that is being made.
pub(super) struct Place<'a> {
    sessions: &'a Sessions,
    caller: Caller,
}

impl Sessions {
    pub(super) fn new(manager: Arc<LocalSessionManager>, limits: HttpLimits) -> Self {
        Self {
            manager,
            most: limits.sessions,
            most_each: limits.sessions_each,
            owners: Mutex::default(),
        }
    }

    /// Whether the session is this caller's. To others it is as if it were not there.
    pub(super) fn is_of(&self, id: &str, caller: &Caller) -> bool {
        self.owners().of.get(id) == Some(caller)
    }

    /// A place for one session more, when there is one.
    pub(super) async fn place(&self, caller: &Caller) -> Option<Place<'_>> {
        let living = self.manager.sessions.read().await;
        let mut owners = self.owners();
        owners.of.retain(|id, _| living.contains_key(id.as_str()));
        let all = living.len() + owners.coming.len();
        let own = owners
            .of
            .values()
            .chain(&owners.coming)
            .filter(|owner| *owner == caller)
            .count();
        if all >= self.most || own >= self.most_each {
            return None;
        }
        owners.coming.push(caller.clone());
        Some(Place {
            sessions: self,
            caller: caller.clone(),
        })
    }

    fn owners(&self) -> MutexGuard<'_, Owners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// The session that came of it.
    pub(super) fn became(&self, id: &str) {
        self.sessions
            .owners()
            .of
            .insert(id.to_owned(), self.caller.clone());
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut owners = self.sessions.owners();
        if let Some(place) = owners.coming.iter().position(|caller| *caller == self.caller) {
            owners.coming.swap_remove(place);
        }
    }
}
