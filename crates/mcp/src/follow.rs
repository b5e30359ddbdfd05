//! Following a run within a call: for a bounded time, with progress for clients that asked for it.
//!
//! The run goes on by itself; leaving early loses nothing. A notification that nobody reads must not hold the call
//! up, which happens when the client has closed its end.

use std::time::Duration;

use release_engine::{EngineError, RunId, RunReport, RunStanding};
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use tokio::time::{timeout, timeout_at};

use crate::deadline::waiting_ends;
use crate::handler::Handler;
use crate::text::one_line;

/// How long a notification may take.
const NOTIFY_LIMIT: Duration = Duration::from_secs(1);

/// Waits until the run ends, the time is over, the call is cancelled or the server ends; then says how the run stands.
pub(crate) async fn follow(
    handler: &Handler,
    run: &RunId,
    wait: Duration,
    context: &RequestContext<RoleServer>,
) -> Result<RunReport, EngineError> {
    let deadline = waiting_ends(wait);
    let mut progress = Progress::of(context);
    let engine = handler.engine();
    let mut follower = engine.follow(run);
    while !wait.is_zero() {
        let lines = tokio::select! {
            () = context.ct.cancelled() => break,
            () = handler.end().cancelled() => break,
            lines = timeout_at(deadline, follower.news()) => lines,
        };
        let Ok(lines) = lines else { break };
        if lines?.is_empty() {
            break;
        }
        if let Some(report) = follower.report() {
            progress.tell(&report).await;
            if report.state == RunStanding::Ended {
                break;
            }
        }
    }
    engine.run(run)
}

/// Progress of one call, when the client gave a token for it.
pub(crate) struct Progress {
    peer: Peer<RoleServer>,
    token: Option<ProgressToken>,
    /// Notifications sent about the present step; each must report more than the one before.
    within_step: u32,
    steps_done: usize,
}

impl Progress {
    /// Whether the client wants to see progress.
    pub(crate) fn is_wanted(&self) -> bool {
        self.token.is_some()
    }

    pub(crate) fn of(context: &RequestContext<RoleServer>) -> Self {
        Self {
            peer: context.peer.clone(),
            token: context.meta.get_progress_token(),
            within_step: 0,
            steps_done: 0,
        }
    }

    async fn tell(&mut self, report: &RunReport) {
        if report.steps_done > self.steps_done {
            self.steps_done = report.steps_done;
            self.within_step = 0;
        }
        let message = report.progress.clone().unwrap_or_else(|| report.summary.clone());
        self.send(report.steps, &message).await;
    }

    /// One notification more about the present step.
    pub(crate) async fn send(&mut self, steps: usize, message: &str) {
        let Some(token) = &self.token else { return };
        self.within_step += 1;
        let part = f64::from(self.within_step) / f64::from(self.within_step + 1);
        let done = f64::from(u32::try_from(self.steps_done).unwrap_or(u32::MAX));
        let total = f64::from(u32::try_from(steps).unwrap_or(u32::MAX));
        let notification = ProgressNotificationParam::new(token.clone(), done + part)
            .with_total(total.max(done + 1.0))
            .with_message(one_line(message, 300));
        let sent = timeout(NOTIFY_LIMIT, self.peer.notify_progress(notification)).await;
        if !matches!(sent, Ok(Ok(()))) {
            // The client is gone or does not read; the result is what counts.
            self.token = None;
        }
    }
}
