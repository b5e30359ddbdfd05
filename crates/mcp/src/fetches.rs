//! Packages on their way to this machine. A fetch lives in a task of its own: a call that waits for it answers before
//! clients give up, and the next call for the same package finds it again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use release_engine::Engine;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::reply::ToolError;

/// How long a call waits.
const PATIENCE: Duration = Duration::from_secs(30);
/// Fetches at one time.
const MOST: usize = 4;

type Outcome = Option<Result<PathBuf, ToolError>>;
type Underway = HashMap<(String, String), watch::Receiver<Outcome>>;

/// What came of a fetch so far.
pub(crate) enum Fetched {
    /// It lies here.
    Here(PathBuf),
    /// It takes longer.
    Underway,
}

/// The fetches that are on.
#[derive(Default)]
pub(crate) struct Fetches {
    underway: Arc<Mutex<Underway>>,
}

impl Fetches {
    /// Fetches a package, or waits for the fetch that is on already.
    pub(crate) async fn fetch(
        &self,
        engine: &Engine,
        environment: &str,
        package: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<Fetched, ToolError> {
        let mut outcome = self.begin(engine, environment, package)?;
        let waiting = timeout(PATIENCE, outcome.wait_for(Option::is_some));
        tokio::select! {
            () = context.ct.cancelled() => Ok(Fetched::Underway),
            waited = waiting => match waited {
                Err(_) => Ok(Fetched::Underway),
                Ok(outcome) => match outcome.ok().and_then(|outcome| outcome.clone()) {
                    Some(Ok(path)) => Ok(Fetched::Here(path)),
                    Some(Err(error)) => Err(error),
                    None => Err(ToolError::new("internal_error", "the fetch broke off", "call the tool again")),
                },
            },
        }
    }

    fn begin(
        &self,
        engine: &Engine,
        environment: &str,
        package: &str,
    ) -> Result<watch::Receiver<Outcome>, ToolError> {
        let key = (environment.to_owned(), package.to_owned());
        let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = underway.get(&key) {
            return Ok(outcome.clone());
        }
        if underway.len() >= MOST {
            return Err(ToolError::new(
                "busy",
                "other packages are being fetched",
                "call the tool again in a while",
            ));
        }
        let (done, outcome) = watch::channel(None);
        underway.insert(key.clone(), outcome.clone());
        let (engine, all) = (engine.clone(), Arc::clone(&self.underway));
        tokio::spawn(async move {
            let fetched = engine.download_package(&key.0, &key.1, |_| {}).await;
            let fetched = fetched.map(|stored| stored.path).map_err(ToolError::from);
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            // Whoever waited may be gone; the file is here for the next one.
            done.send_replace(Some(fetched));
        });
        Ok(outcome)
    }
}
