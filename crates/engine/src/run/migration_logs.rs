//! The target's own log of a migration, and the SQL that goes with it: read as a claim, and kept with the run.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use nocobase_client::{Client, MigrationLog};
use tokio::time::Instant;

use super::Runner;
use super::watch::Watched;
use crate::error::EngineError;
use crate::evidence::Standing;
use crate::journal::StepOutcome;
use crate::migration::MigrationStory;
use crate::plan::StepName;

/// Characters of a log's last line that are kept as its words.
const LONGEST_WORDS: usize = 300;
/// Bytes of a log that are looked at; it is kept whole.
const LOG_READ: u64 = 4 * 1024 * 1024;
/// A migration's log and SQL in its run's folder.
const KEPT_LOGS: [&str; 2] = ["migration.log", "migration.sql"];
/// Words of a log about a migration that is at work.
const AT_WORK: [&str; 6] = [
    "in_progress",
    "running",
    "pending",
    "processing",
    "started",
    "executing",
];

impl Runner {
    /// Where the server's logs of a migration are kept, when they were fetched.
    pub(super) fn kept_logs(&self) -> Option<String> {
        let folder = self.home.run(&self.state().run);
        let is_kept = |name: &&str| folder.join(name).is_file();
        let kept: Vec<&str> = KEPT_LOGS.into_iter().filter(is_kept).collect();
        (!kept.is_empty()).then(|| {
            format!(
                "what the server wrote down of the migration is kept in {}: {}",
                folder.display(),
                kept.join(", ")
            )
        })
    }

    /// The log that is new since the execution was sent, and its SQL, into the run's folder. One that says that the
    /// migration is at work is waited for.
    pub(super) async fn fetch_logs(&self, watched: &Watched) -> Result<MigrationStory, EngineError> {
        if watched.standing != Standing::Up {
            return Ok(MigrationStory::Unreadable {
                reason: "the application is not up".into(),
            });
        }
        let step = StepName::FetchLogs;
        self.begin(step)?;
        let story = self.read_new_log().await;
        let folder = self.home.run(&self.state().run);
        let is_kept = |name: &&str| folder.join(name).is_file();
        let kept: Vec<&str> = KEPT_LOGS.into_iter().filter(is_kept).collect();
        let note = if kept.is_empty() {
            "nothing was there to be kept".to_owned()
        } else {
            kept.join(", ")
        };
        self.finish(step, StepOutcome::Done { note })?;
        Ok(story)
    }

    pub(super) async fn read_new_log(&self) -> MigrationStory {
        let Ok(client) = self.target_client() else {
            return MigrationStory::Silent;
        };
        match self.new_log(client).await {
            Ok(Some(log)) => self.keep_log(client, log).await,
            Ok(None) => MigrationStory::Silent,
            Err(reason) => MigrationStory::Unreadable { reason },
        }
    }

    /// The one log that was not there before; of several nobody can tell which is that of this execution.
    async fn new_log(&self, client: &Client) -> Result<Option<MigrationLog>, String> {
        let before = self
            .state()
            .migration_baseline
            .and_then(|baseline| baseline.logs)
            .ok_or("which logs are new is not known")?;
        let limit = Duration::from_secs(60 * u64::from(self.policy.watch_minutes));
        let begun = Instant::now();
        loop {
            let logs = client.migration_logs().await.map_err(|error| error.to_string())?;
            let mut new = logs.into_iter().filter(|log| !before.contains(&log.name));
            let (found, another) = (new.next(), new.next());
            if another.is_some() {
                return Err("there are several new logs, so another migration ran there as well".into());
            }
            let at_work = found.as_ref().is_some_and(|log| {
                log.success.is_none()
                    && log
                        .message
                        .as_deref()
                        .is_some_and(|word| AT_WORK.contains(&word.to_lowercase().as_str()))
            });
            if !at_work || begun.elapsed() > limit {
                return Ok(found);
            }
            self.progress(StepName::FetchLogs, "its log says that it is at work");
            tokio::time::sleep(self.pace.poll_slow).await;
        }
    }

    async fn keep_log(&self, client: &Client, log: MigrationLog) -> MigrationStory {
        let folder = self.home.run(&self.state().run);
        let [text, sql] = KEPT_LOGS.map(|name| folder.join(name));
        let mut words = String::new();
        let fetched = client.download_migration_log(&log.name, &text).await;
        if self.keep("log", &text, fetched.map(drop)) {
            words = last_line(&text);
        }
        let surfaces = client.migration_surfaces().await;
        if surfaces.is_ok_and(|surfaces| surfaces.resource) {
            let fetched = client.download_migration_sql(&log.name, &sql).await;
            self.keep("SQL", &sql, fetched.map(drop));
        }
        let name = log.name;
        match log.success {
            Some(true) => MigrationStory::Succeeded { name },
            Some(false) => MigrationStory::Failed {
                words: self.hide_words(if words.is_empty() {
                    log.message.unwrap_or_default()
                } else {
                    words
                }),
                name,
            },
            None => MigrationStory::Open { name },
        }
    }

    /// Whether a file of the server's is kept, without the values that were given.
    fn keep(&self, what: &str, path: &Path, fetched: Result<(), nocobase_client::Error>) -> bool {
        let trouble = match fetched {
            Ok(()) => match self.hide_in_file(path) {
                Ok(()) => return true,
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        // one that values could not be taken out of is not kept
        drop(std::fs::remove_file(path));
        self.progress(
            StepName::FetchLogs,
            format!("the {what} could not be kept: {trouble}"),
        );
        false
    }
}

/// The last line of a log, bounded.
fn last_line(path: &Path) -> String {
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LOG_READ).read_to_end(&mut text));
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&text);
    let line = text
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    line.chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_WORDS)
        .collect()
}
