//! The restart window: the application goes down, says what it is doing, and comes up, sometimes twice.
//!
//! NocoBase answers 503 at once after a restore was accepted. When a restore fails it is up again for a moment
//! while it refills the database, and then goes down once more, so "up" ends the watch only when the log shows
//! the end or when it has lasted (NocoBase 2.2.15).

use std::time::Duration;

use nocobase_client::{Client, Error, Health, RestoreStatus};
use tokio::time::Instant;

use super::{Attempt, Runner};
use crate::error::EngineError;
use crate::evidence::{Acceptance, Standing};

/// How much longer "up" must last when the log says that the restore began and not that it is over.
pub(super) const PATIENCE: u32 = 6;

/// What the watch saw.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) went_down: bool,
    pub(super) standing: Standing,
    pub(super) failure_message: Option<String>,
    /// Whether the log shows that the server's process died before the restore's end.
    pub(super) process_died: bool,
}

impl Watched {
    /// For an upload that was refused: nothing goes down.
    pub(super) fn not_expected() -> Self {
        Self {
            went_down: false,
            standing: Standing::Up,
            failure_message: None,
            process_died: false,
        }
    }

    pub(super) fn note(&self) -> String {
        match (&self.standing, self.went_down) {
            (Standing::Up, true) => "went down and came up".into(),
            (Standing::Up, false) => "was not seen going down".into(),
            (
                Standing::Broken { message, .. }
                | Standing::Busy { message }
                | Standing::Unreachable { message },
                _,
            ) => message.clone(),
        }
    }
}

enum Look {
    Up,
    UpAndFailed(String),
    Busy { code: String, message: String },
    Gone(String),
}

async fn look(client: &Client, task: Option<&str>) -> Look {
    match client.restore_status(task).await {
        Ok(RestoreStatus::Failed(message)) => Look::UpAndFailed(message),
        Ok(RestoreStatus::Running | RestoreStatus::Ended | RestoreStatus::Unknown) => Look::Up,
        Err(Error::Maintenance { code, message, .. }) => Look::Busy { code, message },
        // Refused credentials or any other answer of the application itself: it is up.
        Err(
            Error::Unauthorized { .. }
            | Error::Forbidden { .. }
            | Error::Refused { .. }
            | Error::PluginMissing { .. },
        ) => Look::Up,
        // Nothing was asked, because we cannot sign in: what anybody may ask has to do.
        Err(Error::SignInNeeded { .. }) => look_at_health(client).await,
        Err(other) => Look::Gone(other.to_string()),
    }
}

async fn look_at_health(client: &Client) -> Look {
    match client.health().await {
        Ok(Health::Up) => Look::Up,
        Ok(Health::Maintenance { code, message, .. }) => Look::Busy { code, message },
        Ok(Health::Other { status, .. }) => Look::Gone(format!("the health check answers {status}")),
        Err(error) => Look::Gone(error.to_string()),
    }
}

impl Runner {
    /// Whether the application does not answer at this moment.
    pub(super) async fn is_down(&self) -> Result<bool, EngineError> {
        let seen = look(self.target_client()?, None).await;
        Ok(matches!(seen, Look::Busy { .. } | Look::Gone(_)))
    }

    /// Watches until the application stays up, is broken for good, or the time is over.
    pub(super) async fn watch(&self, attempt: Attempt, went_down: bool) -> Result<Watched, EngineError> {
        let client = self.target_client()?;
        let upload = self.accepted(attempt);
        // Without an answer to the upload, a connection that fails may be ours: only the server's own word counts then.
        let answered = self.acceptance(attempt) == Acceptance::Accepted;
        let limit = Duration::from_secs(60 * u64::from(self.policy.watch_minutes));
        let begun = Instant::now();
        let mut watched = Watched {
            went_down,
            ..Watched::not_expected()
        };
        let mut shown = String::new();
        let mut down_since: Option<Instant> = None;
        let mut down_for = Duration::ZERO;
        let mut up_since: Option<Instant> = None;
        let mut broken_since: Option<Instant> = None;
        let mut next_log_look = Instant::now();
        let mut unfinished = false;
        loop {
            let seen = match attempt {
                Attempt::Migrate => look_at_health(client).await,
                Attempt::Restore | Attempt::RollBack => look(client, upload.task.as_deref()).await,
            };
            if let Look::UpAndFailed(message) = &seen {
                watched.failure_message = Some(message.clone());
                // The server is about to go back, and goes down once more for that.
                unfinished = true;
            }
            match seen {
                Look::Up | Look::UpAndFailed(_) => {
                    if let Some(since) = down_since.take() {
                        down_for = down_for.max(since.elapsed());
                        self.progress(attempt.watch(), "is up; waiting whether it stays up");
                        shown.clear();
                    }
                    broken_since = None;
                    let since = *up_since.get_or_insert_with(Instant::now);
                    watched.standing = Standing::Up;
                    let enough = self.enough(watched.went_down, down_for);
                    if since.elapsed() >= PATIENCE * enough || (since.elapsed() >= enough && !unfinished) {
                        return Ok(watched);
                    }
                    // a migration is not told by the lines of a restore
                    if attempt != Attempt::Migrate
                        && since.elapsed() >= self.pace.early
                        && Instant::now() >= next_log_look
                    {
                        let log = self.read_log(upload.request_id.as_deref()).await;
                        if log.is_conclusive() {
                            return Ok(watched);
                        }
                        watched.process_died = log.process_died();
                        unfinished = log.is_unfinished() || (unfinished && !log.is_readable());
                        next_log_look = Instant::now() + 4 * self.pace.poll_slow;
                    }
                }
                Look::Busy { code, message } => {
                    (up_since, watched.went_down, unfinished) = (None, true, false);
                    down_since.get_or_insert_with(Instant::now);
                    if message != shown && !message.is_empty() {
                        self.progress(attempt.watch(), message.clone());
                        shown.clone_from(&message);
                    }
                    if code == "APP_COMMANDING" {
                        broken_since = None;
                        watched.standing = Standing::Busy { message };
                    } else {
                        let since = *broken_since.get_or_insert_with(Instant::now);
                        watched.standing = Standing::Broken { code, message };
                        if since.elapsed() >= self.pace.broken {
                            return Ok(watched);
                        }
                    }
                }
                Look::Gone(message) => {
                    (up_since, broken_since) = (None, None);
                    watched.went_down |= answered;
                    down_since.get_or_insert_with(Instant::now);
                    if shown != "cannot be reached" {
                        shown = "cannot be reached".into();
                        self.progress(attempt.watch(), shown.clone());
                    }
                    watched.standing = Standing::Unreachable { message };
                }
            }
            if begun.elapsed() > limit {
                return Ok(watched);
            }
            let early = begun.elapsed() < Duration::from_secs(60);
            tokio::time::sleep(if early {
                self.pace.poll
            } else {
                self.pace.poll_slow
            })
            .await;
        }
    }

    /// How long "up" must last where the log does not tell: as long as it was down, within bounds, because a
    /// server that goes back refills its database for about as long as the restore took.
    fn enough(&self, went_down: bool, down_for: Duration) -> Duration {
        if went_down {
            down_for.clamp(self.pace.settle, self.pace.settle.max(Duration::from_secs(60)))
        } else {
            self.pace.no_restart.max(self.pace.settle)
        }
    }
}
