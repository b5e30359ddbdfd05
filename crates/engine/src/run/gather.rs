//! Evidence is read from the target: log files, marker, content, users, identity. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream;
use nocobase_client::{Client, Error, Health, LogLine};
use serde_json::Value;

use super::obtain::Judged;
use super::watch::Watched;
use super::{Attempt, Runner};
use crate::error::EngineError;
use crate::evidence::{Acceptance, Canary, Comparison, Evidence, Identity, LogStory, Standing};
use crate::facts::IdentityFacts;
use crate::journal::{StepOutcome, StepState};
use crate::package::Inspection;
use crate::plan::StepName;

/// Lines of the log that are kept as evidence.
const LINES_KEPT: usize = 40;
/// How often a target that goes down again while it is being read is waited for.
const ROUNDS: usize = 3;
/// Tables counted at the same time.
pub(super) const COUNTS_AT_ONCE: usize = 6;

/// What NocoBase 2.2.15 writes about a restore; "Tolerent" is its own spelling.
const RESTORED: &str = "Database restored successfully";
const TOLERATED: &str = "Tolerent mode enabled";
const REVERTING: &str = "Reverting the database restore process";
const REVERT_FAILED: [&str; 2] = [
    "Error reverting the database restore process",
    "Error handling restore failure",
];
const FAILED: &str = "Error restoring backup";
const UNPACKED: &str = "Backup file extracted to";
const RESTARTED: &str = "NocoBase has been upgraded to";
/// Written by a new process, not by the reload that ends a restore.
const STARTED: &str = "app has been started";

/// What the log files tell.
#[derive(Debug, Clone)]
pub(super) struct Log {
    story: LogStory,
    shows_end: bool,
    process_died: bool,
    lines: Vec<String>,
}

impl Log {
    fn unreadable(reason: impl Into<String>) -> Self {
        Self {
            story: LogStory::Unreadable {
                reason: reason.into(),
            },
            shows_end: false,
            process_died: false,
            lines: Vec::new(),
        }
    }

    /// Whether it could be read at all.
    pub(super) fn is_readable(&self) -> bool {
        !matches!(self.story, LogStory::Unreadable { .. })
    }

    /// Whether the log tells that it began and not that it is over: a server that goes back is up in between.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.shows_end
            && !self.process_died
            && !matches!(self.story, LogStory::Silent | LogStory::Unreadable { .. })
    }

    /// Whether the process that took the restore up was followed by another before its end: what it had started may
    /// still load, but nothing else of it comes.
    pub(super) fn process_died(&self) -> bool {
        self.process_died
    }

    /// Whether the log tells how it ended and that the restart is over.
    pub(super) fn is_conclusive(&self) -> bool {
        self.shows_end
            && matches!(
                self.story,
                LogStory::Restored
                    | LogStory::Tolerated { .. }
                    | LogStory::Reverted { .. }
                    | LogStory::RevertedLate { .. }
                    | LogStory::RevertFailed { .. }
            )
    }
}

impl Runner {
    /// Reads everything; when the target goes down meanwhile, it is watched again first.
    pub(super) async fn gather(
        &self,
        attempt: Attempt,
        acceptance: Acceptance,
        mut watched: Watched,
        judged: Option<&Judged>,
    ) -> Result<Evidence, EngineError> {
        let client = self.target_client()?;
        for round in 1.. {
            let evidence = self.gather_once(attempt, &acceptance, &watched, judged).await?;
            if watched.standing != Standing::Up || round == ROUNDS {
                return Ok(evidence);
            }
            let busy = match client.health().await {
                Ok(Health::Up) => return Ok(evidence),
                Ok(Health::Maintenance { .. }) => true,
                Ok(Health::Other { .. }) | Err(_) => false,
            };
            let again = self.watch(attempt, watched.went_down || busy).await?;
            watched = Watched {
                went_down: again.went_down,
                standing: again.standing,
                process_died: again.process_died || watched.process_died,
                failure_message: again.failure_message.or(watched.failure_message),
            };
        }
        Err(EngineError::Unsupported {
            what: "no evidence".into(),
            instead: String::new(),
        })
    }

    async fn gather_once(
        &self,
        attempt: Attempt,
        acceptance: &Acceptance,
        watched: &Watched,
        judged: Option<&Judged>,
    ) -> Result<Evidence, EngineError> {
        let client = self.target_client()?;
        let upload = self.accepted(attempt);
        let readable = watched.standing == Standing::Up;
        let (log, identity) = if readable {
            join(
                self.read_log(upload.request_id.as_deref()),
                self.read_identity(client),
            )
            .await
        } else {
            (
                Log::unreadable("the application is not up"),
                Identity::Unreadable {
                    reason: "the application is not up".into(),
                },
            )
        };
        let canary = self.read_canary(client, readable).await;
        let users = if readable {
            client.count("users").await.ok()
        } else {
            None
        };
        let content = match judged {
            Some(judged) if readable => self.compare_content(client, judged).await,
            _ => Content::default(),
        };
        Ok(Evidence {
            acceptance: acceptance.clone(),
            went_down: watched.went_down,
            process_died: log.process_died || watched.process_died,
            standing: watched.standing.clone(),
            failure_message: watched.failure_message.clone(),
            log: log.story,
            log_shows_end: log.shows_end,
            log_lines: log.lines,
            canary,
            against_package: content.against_package,
            against_before: content.against_before,
            tables_not_reachable: content.not_reachable,
            collections_not_counted: content.uncounted,
            users,
            identity,
        })
    }

    async fn read_canary(&self, client: &Client, readable: bool) -> Canary {
        if self.state().began(StepName::TidyUp) {
            return Canary::NotPlanted {
                reason: "this run has taken it away itself".into(),
            };
        }
        match self.state().steps.get(&StepName::PlantCanary) {
            Some(StepState::Ended(StepOutcome::Done { .. })) => {}
            Some(StepState::Ended(StepOutcome::Failed { error } | StepOutcome::Unknown { error })) => {
                return Canary::NotPlanted {
                    reason: error.message.clone(),
                };
            }
            None if self.plan.migration.is_some() => {
                return Canary::NotPlanted {
                    reason: "a migration needs none".into(),
                };
            }
            Some(StepState::Started) | None => {
                return Canary::NotPlanted {
                    reason: "the run did not get that far".into(),
                };
            }
        }
        if !readable {
            return Canary::Unreadable {
                reason: "the application is not up".into(),
            };
        }
        match client.has_variable(&self.marker_name()).await {
            Ok(true) => Canary::Present,
            Ok(false) => Canary::Gone,
            Err(error) => Canary::Unreadable {
                reason: error.to_string(),
            },
        }
    }

    pub(super) async fn read_identity(&self, client: &Client) -> Identity {
        let Some(before) = self
            .plan
            .facts
            .target
            .as_ref()
            .map(|target| target.identity.clone())
        else {
            return Identity::Unreadable {
                reason: "it was not read before".into(),
            };
        };
        match client.identity().await {
            Ok(now) => {
                let username = now.username.or(now.email).or(now.nickname);
                let after = IdentityFacts {
                    id: now.id,
                    username: username.unwrap_or_else(|| format!("user {}", now.id)),
                };
                if client.has_fallen_back() {
                    Identity::FellBack { before, after }
                } else if after == before {
                    Identity::Same
                } else {
                    Identity::Changed { before, after }
                }
            }
            Err(Error::Unauthorized { code, message, .. }) => Identity::Refused {
                code,
                message,
                first_user: before.id == 1,
            },
            Err(error) => Identity::Unreadable {
                reason: error.to_string(),
            },
        }
    }

    /// Reads the newest log files for the lines of one request.
    pub(super) async fn read_log(&self, request_id: Option<&str>) -> Log {
        let Some(request_id) = request_id.filter(|id| id.len() >= 8) else {
            return Log::unreadable("the request's id is not known, so its lines cannot be told from others");
        };
        let Ok(client) = self.target_client() else {
            return Log::unreadable("there is no target");
        };
        let files = match client.log_files().await {
            Ok(files) => newest_system_logs(&files),
            Err(error) => return Log::unreadable(error.to_string()),
        };
        if files.is_empty() {
            return Log::unreadable("the server keeps no log files");
        }
        let wanted = request_id.to_owned();
        let keep =
            move |line: &str| line.contains(&wanted) || line.contains(RESTARTED) || line.contains(STARTED);
        match client.search_logs(&files, keep).await {
            Ok(lines) => read_story(&lines, request_id),
            Err(error) => Log::unreadable(error.to_string()),
        }
    }

    /// Counts the rows of every table that the API shows and compares them with both packages. Where the package
    /// is of another version the upgrade rewrites system tables, so only the application's own collections count.
    async fn compare_content(&self, client: &Client, judged: &Judged) -> Content {
        let Ok(collections) = client.collections().await else {
            return Content::default();
        };
        let names = TableNames::of(&judged.package);
        let expected = rows(&judged.package);
        let before = judged.safety_backup.as_ref().map(rows);
        let tables: BTreeSet<&String> = expected
            .keys()
            .chain(before.iter().flat_map(BTreeMap::keys))
            .collect();
        let mut wanted: BTreeMap<String, (String, bool)> = collections
            .into_iter()
            .map(|collection| (names.table(&collection), (collection, true)))
            .filter(|(table, _)| tables.contains(table))
            .collect();
        let target_version = self
            .plan
            .facts
            .target
            .as_ref()
            .map(|target| target.version.as_str());
        let package_version = judged
            .package
            .metadata
            .as_ref()
            .map(|metadata| metadata.version.as_str());
        if names.are_plain() && target_version == package_version {
            for table in tables
                .into_iter()
                .filter(|table| !VOLATILE.contains(&table.as_str()))
            {
                wanted
                    .entry(table.clone())
                    .or_insert_with(|| (table.clone(), false));
            }
        }
        let pause = self.pace.poll;
        let counted: Vec<(String, Count)> = stream::iter(wanted)
            .map(|(table, (collection, listed))| async move {
                (table, count(client, &collection, listed, pause).await)
            })
            .buffer_unordered(COUNTS_AT_ONCE)
            .collect()
            .await;
        let mut found: BTreeMap<String, Option<u64>> = BTreeMap::new();
        let mut uncounted = Vec::new();
        for (table, count) in counted {
            match count {
                Count::Rows(rows) => drop(found.insert(table, Some(rows))),
                Count::Missing => drop(found.insert(table, None)),
                Count::Uncounted => uncounted.push(table),
                Count::NotShown => {}
            }
        }
        Content {
            not_reachable: expected
                .keys()
                .filter(|table| !found.contains_key(*table))
                .count(),
            uncounted,
            against_package: Some(Comparison::new(&expected, &found)),
            against_before: before.map(|before| Comparison::new(&before, &found)),
        }
    }
}

/// System tables whose rows come and go by themselves while an application runs, or that the API shows otherwise
/// than they are stored (NocoBase 2.2.15).
pub(super) const VOLATILE: [&str; 16] = [
    "asyncTasks",
    "attachments",
    // holds the marker
    "environmentVariables",
    "executions",
    "issuedTokens",
    "jobs",
    "migrations",
    "notificationInAppMessages",
    "notificationSendLogs",
    "oidcStates",
    "tokenBlacklist",
    "userWorkflowTasks",
    "userWorkflowTaskStats",
    "verifications",
    "workflowStats",
    "workflowVersionStats",
];

pub(super) enum Count {
    Rows(u64),
    /// The application knows the collection and its table is not there.
    Missing,
    /// The application lists the collection, but it could not be counted.
    Uncounted,
    /// No API for this table, or not for us: it says nothing.
    NotShown,
}

/// What NocoBase 2.2.15 answers where a table is gone, and what databases say of it.
const TABLE_IS_GONE: [&str; 4] = [
    "Invalid SQL column or table",
    "does not exist",
    "doesn't exist",
    "no such table",
];

/// Counts a collection; an answer that is neither a count nor the lack of a table is asked for once more.
pub(super) async fn count(
    client: &Client,
    collection: &str,
    listed: bool,
    pause: std::time::Duration,
) -> Count {
    let mut answer = client.count(collection).await;
    if listed && matches!(&answer, Err(error) if !says_gone(error)) {
        tokio::time::sleep(pause).await;
        answer = client.count(collection).await;
    }
    match answer {
        Ok(rows) => Count::Rows(rows),
        Err(error) if says_gone(&error) => Count::Missing,
        Err(_) if listed => Count::Uncounted,
        Err(_) => Count::NotShown,
    }
}

fn says_gone(error: &Error) -> bool {
    matches!(error, Error::Refused { message, .. } if TABLE_IS_GONE.iter().any(|words| message.contains(words)))
}

#[derive(Default)]
struct Content {
    against_package: Option<Comparison>,
    against_before: Option<Comparison>,
    not_reachable: usize,
    uncounted: Vec<String>,
}

pub(super) fn rows(inspection: &Inspection) -> BTreeMap<String, u64> {
    inspection
        .content
        .tables
        .iter()
        .filter_map(|table| Some((table.name.clone(), table.rows?)))
        .collect()
}

/// How the application names the table of a collection.
pub(super) struct TableNames {
    prefix: String,
    underscored: bool,
}

impl TableNames {
    pub(super) fn of(inspection: &Inspection) -> Self {
        let database = inspection.metadata.as_ref().map(|metadata| &metadata.database);
        Self {
            prefix: database
                .and_then(|database| database.table_prefix.clone())
                .unwrap_or_default(),
            underscored: database.is_some_and(|database| database.underscored),
        }
    }

    /// Whether tables are named as their collections.
    pub(super) fn are_plain(&self) -> bool {
        self.prefix.is_empty() && !self.underscored
    }

    pub(super) fn table(&self, collection: &str) -> String {
        let mut name = self.prefix.clone();
        for letter in collection.chars() {
            if self.underscored && letter.is_ascii_uppercase() {
                if !name.ends_with('_') && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter.to_ascii_lowercase());
            } else {
                name.push(letter);
            }
        }
        name
    }
}

/// `system_DATE.log` holds info and warnings, `system_error_DATE.log` errors; the date is the server's, so the
/// two newest of each are read.
fn newest_system_logs(files: &[String]) -> Vec<String> {
    let newest = |errors: bool| {
        let mut names: Vec<&String> = files
            .iter()
            .filter(|file| {
                let name = file.rsplit('/').next().unwrap_or(file);
                name.starts_with("system")
                    && name.ends_with(".log")
                    && name.starts_with("system_error") == errors
            })
            .collect();
        names.sort_unstable();
        names.into_iter().rev().take(2).rev().cloned().collect::<Vec<_>>()
    };
    let mut names = newest(false);
    names.extend(newest(true));
    names
}

/// Lines come in the order of the files asked for, each in the order written.
fn read_story(lines: &[LogLine], request_id: &str) -> Log {
    let ours = |line: &&LogLine| line.text.contains(request_id);
    let any = |marker: &str| lines.iter().filter(ours).any(|line| line.text.contains(marker));
    let errors: Vec<String> = lines
        .iter()
        .filter(ours)
        .filter(|line| {
            line.text.contains(FAILED) || REVERT_FAILED.iter().any(|marker| line.text.contains(marker))
        })
        .map(|line| message_of(&line.text))
        .collect();
    let first = |marker: &str| {
        lines
            .iter()
            .position(|line| ours(&line) && line.text.contains(marker))
    };
    let late = matches!((first(RESTORED), first(REVERTING)), (Some(done), Some(back)) if done < back);
    let story = if REVERT_FAILED.iter().any(|marker| any(marker)) {
        LogStory::RevertFailed { errors }
    } else if late {
        LogStory::RevertedLate { errors }
    } else if any(REVERTING) {
        LogStory::Reverted { errors }
    } else if any(TOLERATED) {
        LogStory::Tolerated { errors }
    } else if any(FAILED) {
        // A server that logs no more than errors shows this line alone.
        LogStory::Failed { errors }
    } else if any(RESTORED) {
        LogStory::Restored
    } else if any(UNPACKED) {
        LogStory::Begun
    } else {
        LogStory::Silent
    };
    let told = lines.iter().rposition(|line| {
        ours(&line)
            && [RESTORED, TOLERATED, REVERTING]
                .iter()
                .any(|marker| line.text.contains(marker))
    });
    let shows_end = told.is_some_and(|told| {
        lines
            .iter()
            .skip(told + 1)
            .any(|line| line.text.contains(RESTARTED))
    });
    let last = lines.iter().rposition(|line| {
        ours(&line)
            && [UNPACKED, RESTORED, TOLERATED, REVERTING]
                .iter()
                .any(|marker| line.text.contains(marker))
    });
    let started = |line: &LogLine| line.text.contains(STARTED);
    let process_died = !shows_end && last.is_some_and(|last| lines.iter().skip(last + 1).any(started));
    let kept = lines
        .iter()
        .filter(ours)
        .filter(|line| {
            [RESTORED, TOLERATED, REVERTING, FAILED, UNPACKED, RESTARTED]
                .iter()
                .any(|marker| line.text.contains(marker))
        })
        .take(LINES_KEPT)
        .map(|line| message_of(&line.text))
        .collect();
    Log {
        story,
        shows_end,
        process_died,
        lines: kept,
    }
}

/// The message of a log line: JSON as NocoBase writes it by default, the line itself otherwise; bounded.
fn message_of(line: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(line).ok();
    let message = parsed
        .as_ref()
        .and_then(|value| value.get("message"))
        .and_then(Value::as_str)
        .unwrap_or(line);
    message
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(file: &str, request: &str, message: &str) -> LogLine {
        LogLine {
            file: file.into(),
            text: format!(r#"{{"level":"info","message":"{message}","reqId":"{request}"}}"#),
        }
    }

    #[test]
    fn the_story_of_a_request_is_told_by_its_own_lines_and_the_end_by_order() {
        let log = "system_2026-11-22.log";
        let restored = vec![
            line(log, "x", "NocoBase has been upgraded to v2.2.15"),
            line(log, "3f0c1a", "Backup file extracted to: /tmp/x"),
            line(log, "77aa00", "Reverting the database restore process"),
            line(log, "3f0c1a", "Database restored successfully"),
        ];
        let read = read_story(&restored, "3f0c1a");
        assert_eq!((read.story, read.shows_end), (LogStory::Restored, false));
        let mut ended = restored;
        ended.push(line(log, "any", "NocoBase has been upgraded to v2.2.15"));
        assert!(read_story(&ended, "3f0c1a").is_conclusive());
    }

    #[test]
    fn a_process_that_died_is_known_by_the_next_ones_start() {
        let log = "system_2026-11-22.log";
        let mut lines = vec![
            line(log, "0a0a0a", "app has been started"),
            line(log, "3f0c1a", "Backup file extracted to: /tmp/x"),
        ];
        let read = read_story(&lines, "3f0c1a");
        assert!(read.is_unfinished() && !read.process_died());
        lines.push(line(log, "0b0b0b", "app has been started"));
        let read = read_story(&lines, "3f0c1a");
        assert!(!read.is_unfinished() && read.process_died() && !read.is_conclusive());
        lines.truncate(2);
        lines.push(line(log, "3f0c1a", "Database restored successfully"));
        lines.push(line(log, "3f0c1a", "NocoBase has been upgraded to v2.2.15"));
        lines.push(line(log, "0b0b0b", "app has been started"));
        assert!(!read_story(&lines, "3f0c1a").process_died());
    }

    #[test]
    fn a_revert_is_told_with_its_reason() {
        let lines = vec![
            line("system_1.log", "3f0c1a", "Reverting the database restore process"),
            line("system_1.log", "3f0c1a", "NocoBase has been upgraded to v2.2.15"),
            line(
                "system_error_1.log",
                "3f0c1a",
                "Error restoring backup: not a valid archive",
            ),
        ];
        let read = read_story(&lines, "3f0c1a");
        assert_eq!(
            read.story,
            LogStory::Reverted {
                errors: vec!["Error restoring backup: not a valid archive".into()]
            }
        );
        assert!(read.shows_end);
    }

    #[test]
    fn a_failure_is_told_where_only_errors_are_logged_and_a_late_revert_by_its_order() {
        let failed = [line(
            "system_error_1.log",
            "3f0c1a",
            "Error restoring backup: disk full",
        )];
        let errors = vec!["Error restoring backup: disk full".to_owned()];
        let story = read_story(&failed, "3f0c1a").story;
        assert_eq!(
            story,
            LogStory::Failed {
                errors: errors.clone()
            }
        );
        let mut late = vec![
            line("system_1.log", "3f0c1a", "Database restored successfully"),
            line("system_1.log", "3f0c1a", "Reverting the database restore process"),
        ];
        late.extend(failed);
        assert_eq!(
            read_story(&late, "3f0c1a").story,
            LogStory::RevertedLate { errors }
        );
    }

    #[test]
    fn tables_are_named_as_the_application_names_them() {
        let plain = TableNames {
            prefix: String::new(),
            underscored: false,
        };
        assert_eq!(plain.table("rolesUsers"), "rolesUsers");
        let underscored = TableNames {
            prefix: "t_".into(),
            underscored: true,
        };
        assert_eq!(underscored.table("rolesUsers"), "t_roles_users");
    }
}
