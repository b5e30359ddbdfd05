//! Evidence: what could be seen of a restore's outcome, each signal with what it is worth.
//!
//! Plain data and the comparison of content; gathering it from a server is `run/gather.rs`, deciding from it is
//! `verdict.rs`. What each signal is worth was measured on NocoBase 2.2.15.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::IdentityFacts;

/// What became of the upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "acceptance", rename_all = "snake_case")]
pub enum Acceptance {
    /// The server took the package; nothing more is said by that.
    Accepted,
    /// The server refused it before doing anything.
    Refused {
        /// Its words.
        message: String,
    },
    /// No answer that could be read: it may have been taken.
    ReplyLost {
        /// What was seen instead.
        message: String,
    },
}

/// How the application stands at the end of the watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Up, and it stays up.
    Up,
    /// The process runs, the application does not and will not by itself.
    Broken {
        /// NocoBase's code (`APP_ERROR`).
        code: String,
        /// NocoBase's words.
        message: String,
    },
    /// Still busy when the watch ended.
    Busy {
        /// NocoBase's words.
        message: String,
    },
    /// Not to be reached when the watch ended.
    Unreachable {
        /// What was seen.
        message: String,
    },
}

/// What the server's log files say of this request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "log", rename_all = "snake_case")]
pub enum LogStory {
    /// `Database restored successfully`.
    Restored,
    /// `Tolerent mode enabled`: statements failed and were ignored.
    Tolerated {
        /// The errors, in the server's words.
        errors: Vec<String>,
    },
    /// The restore failed and the server loaded its own earlier dump.
    Reverted {
        /// The errors, in the server's words.
        errors: Vec<String>,
    },
    /// The database was restored, something failed behind that (the uploaded files), and the server loaded its own earlier
    /// dump: files may stay replaced.
    RevertedLate {
        /// The errors, in the server's words.
        errors: Vec<String>,
    },
    /// The server calls this very restore failed, and no line tells what became of the data.
    Failed {
        /// The errors, in the server's words.
        errors: Vec<String>,
    },
    /// The restore failed and so did the way back.
    RevertFailed {
        /// The errors, in the server's words.
        errors: Vec<String>,
    },
    /// The package was unpacked; no end is in the log.
    Begun,
    /// Nothing of this request is in the log files.
    Silent,
    /// They could not be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// The marker row that was put into the target after its safety backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "canary", rename_all = "snake_case")]
pub enum Canary {
    /// There was none.
    NotPlanted {
        /// Why.
        reason: String,
    },
    /// Gone: the data was replaced.
    Gone,
    /// Still there: the earlier data stayed or came back.
    Present,
    /// Could not be looked up.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// A table whose rows are not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// Rows in the package.
    pub expected: u64,
    /// Rows found; none when the table cannot be read at all.
    pub found: Option<u64>,
}

/// The target's content against what a package holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Tables compared.
    pub tables: usize,
    /// Rows that the package holds in them.
    pub rows: u64,
    /// Tables with fewer rows than the package, or none.
    pub missing: Vec<Difference>,
    /// Tables with more rows than the package.
    pub grown: Vec<Difference>,
}

impl Comparison {
    /// Compares the rows that were found (none: unreadable) with those that a package holds.
    pub fn new(expected: &BTreeMap<String, u64>, found: &BTreeMap<String, Option<u64>>) -> Self {
        let mut comparison = Self::default();
        for (table, found) in found {
            let Some(&expected) = expected.get(table) else {
                continue;
            };
            comparison.tables += 1;
            comparison.rows += expected;
            let difference = Difference {
                table: table.clone(),
                expected,
                found: *found,
            };
            match found {
                Some(found) if *found == expected => {}
                Some(found) if *found > expected => comparison.grown.push(difference),
                _ => comparison.missing.push(difference),
            }
        }
        comparison
    }

    /// Whether nothing differs, and something was compared.
    pub fn is_exact(&self) -> bool {
        self.tables > 0 && self.missing.is_empty() && self.grown.is_empty()
    }

    /// Whether a table that should hold rows is empty or gone: more than somebody's work takes away.
    pub fn lacks_tables(&self) -> bool {
        self.missing
            .iter()
            .any(|table| table.found.unwrap_or_default() == 0)
    }

    /// Whether everything of the package is there, perhaps more by now.
    pub fn is_whole(&self) -> bool {
        self.tables > 0 && self.missing.is_empty()
    }
}

/// Who we are on the target, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "identity", rename_all = "snake_case")]
pub enum Identity {
    /// The same user.
    Same,
    /// Another user: the token's number belongs to somebody else now.
    Changed {
        /// Before.
        before: IdentityFacts,
        /// After.
        after: IdentityFacts,
    },
    /// The credentials no longer work; those to fall back on do.
    FellBack {
        /// Before.
        before: IdentityFacts,
        /// Who they are.
        after: IdentityFacts,
    },
    /// The credentials no longer work.
    Refused {
        /// NocoBase's code, such as `NOT_EXIST_USER`.
        code: Option<String>,
        /// Whether they belonged to user 1, whom every NocoBase has.
        first_user: bool,
        /// NocoBase's words.
        message: String,
    },
    /// Could not be asked.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// All that could be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What became of the upload.
    pub acceptance: Acceptance,
    /// Whether the application was seen going down: by its own word where the answer to the upload was lost, because a
    /// connection that fails may be ours.
    pub went_down: bool,
    /// Whether the log shows that the server's process died before the restore's end.
    #[serde(default)]
    pub process_died: bool,
    /// How it stands.
    pub standing: Standing,
    /// What the restore's status said in the short time it could be asked; a message there means failure.
    pub failure_message: Option<String>,
    /// What the log files say.
    pub log: LogStory,
    /// Whether the log shows the restart's end after the restore's lines.
    pub log_shows_end: bool,
    /// The log lines that this is read from; bounded.
    pub log_lines: Vec<String>,
    /// The marker row.
    pub canary: Canary,
    /// The content against the package; none when nothing could be compared.
    pub against_package: Option<Comparison>,
    /// The content against the safety backup.
    pub against_before: Option<Comparison>,
    /// Tables of the package that no API shows, and which are therefore not compared.
    pub tables_not_reachable: usize,
    /// Collections that the application lists and that could not be counted.
    pub collections_not_counted: Vec<String>,
    /// How many users there are.
    pub users: Option<u64>,
    /// Who we are.
    pub identity: Identity,
}

/// What a signal says about "the target holds the package".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// It speaks for it.
    For,
    /// It speaks against it.
    Against,
    /// It says nothing.
    Nothing,
}

/// One signal in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// What it says.
    pub says: Says,
    /// In words.
    pub text: String,
}

impl Evidence {
    /// Whether damage, once decided, is none that somebody's work may have made in the meantime, and nothing of this upload
    /// can still come: only then it is taken back without asking.
    pub fn damage_is_certain(&self) -> bool {
        let settled = self.went_down
            || self.acceptance == Acceptance::Accepted
            || !matches!(self.log, LogStory::Silent | LogStory::Unreadable { .. });
        let lacks = |side: &Option<Comparison>| side.as_ref().is_some_and(Comparison::lacks_tables);
        settled
            && (matches!(
                self.log,
                LogStory::Tolerated { .. }
                    | LogStory::Failed { .. }
                    | LogStory::RevertFailed { .. }
                    | LogStory::RevertedLate { .. }
            ) || self.users == Some(0)
                || matches!(self.identity, Identity::Refused { first_user: true, .. })
                || lacks(&self.against_package)
                || lacks(&self.against_before))
    }

    /// Every signal in words, for people and models.
    pub fn signals(&self) -> Vec<Signal> {
        vec![
            self.acceptance_signal(),
            standing_signal(self.went_down, &self.standing, self.failure_message.as_deref()),
            self.log_signal(),
            self.canary_signal(),
            self.content_signal(),
            users_signal(self.users),
            identity_signal(&self.identity),
        ]
    }

    fn acceptance_signal(&self) -> Signal {
        match &self.acceptance {
            Acceptance::Accepted => signal(
                "upload",
                Says::Nothing,
                "the server took the package (which proves nothing yet)",
            ),
            Acceptance::Refused { message } => signal(
                "upload",
                Says::Against,
                format!("the server refused the package: {message}"),
            ),
            Acceptance::ReplyLost { message } => signal(
                "upload",
                Says::Nothing,
                format!("the answer to the upload was lost ({message}); it may have been taken"),
            ),
        }
    }

    fn log_signal(&self) -> Signal {
        let first = |errors: &[String]| errors.first().cloned().unwrap_or_default();
        match &self.log {
            LogStory::Restored => signal(
                "server log",
                Says::For,
                "\"Database restored successfully\" for this very request",
            ),
            LogStory::Tolerated { errors } => signal(
                "server log",
                Says::Against,
                format!("statements failed and were ignored: {}", first(errors)),
            ),
            LogStory::Reverted { errors } => signal(
                "server log",
                Says::Against,
                format!("the restore failed and the server went back: {}", first(errors)),
            ),
            LogStory::RevertedLate { errors } => signal(
                "server log",
                Says::Against,
                format!(
                    "the database was restored, then it failed and the server went back; uploaded files may stay \
                     replaced: {}",
                    first(errors)
                ),
            ),
            LogStory::Failed { errors } => signal(
                "server log",
                Says::Against,
                format!("the server calls this restore failed: {}", first(errors)),
            ),
            LogStory::RevertFailed { errors } => signal(
                "server log",
                Says::Against,
                format!("the restore failed, and so did the way back: {}", first(errors)),
            ),
            LogStory::Begun => signal(
                "server log",
                Says::Nothing,
                "the package was unpacked; no end is logged",
            ),
            LogStory::Silent => signal("server log", Says::Nothing, "nothing about this request"),
            LogStory::Unreadable { reason } => {
                signal("server log", Says::Nothing, format!("not readable: {reason}"))
            }
        }
    }

    fn canary_signal(&self) -> Signal {
        match &self.canary {
            Canary::Gone => signal(
                "marker",
                Says::For,
                "the marker put into the target is gone: its data was replaced",
            ),
            Canary::Present => signal(
                "marker",
                Says::Against,
                "the marker put into the target is still there: its earlier data stands",
            ),
            Canary::NotPlanted { reason } => {
                signal("marker", Says::Nothing, format!("none was put: {reason}"))
            }
            Canary::Unreadable { reason } => {
                signal("marker", Says::Nothing, format!("cannot be looked up: {reason}"))
            }
        }
    }

    fn content_signal(&self) -> Signal {
        let Some(content) = &self.against_package else {
            return signal("content", Says::Nothing, "could not be compared with the package");
        };
        if content.tables == 0 {
            return signal(
                "content",
                Says::Nothing,
                "no table could be compared with the package",
            );
        }
        let worst = content.missing.first().or(content.grown.first());
        let Some(worst) = worst else {
            return signal(
                "content",
                Says::For,
                format!(
                    "{} of the package's {} tables compared: exactly its {} rows",
                    content.tables,
                    content.tables + self.tables_not_reachable,
                    content.rows
                ),
            );
        };
        let found = worst
            .found
            .map_or("is not readable".to_owned(), |found| format!("has {found} rows"));
        let text = format!(
            "{} of {} tables differ from the package: {} {found} instead of {}",
            content.missing.len() + content.grown.len(),
            content.tables,
            worst.table,
            worst.expected
        );
        signal(
            "content",
            if content.missing.is_empty() {
                Says::Nothing
            } else {
                Says::Against
            },
            text,
        )
    }
}

pub(crate) fn signal(name: &str, says: Says, text: impl Into<String>) -> Signal {
    Signal {
        name: name.to_owned(),
        says,
        text: text.into(),
    }
}

/// How the application stands, in words.
pub(crate) fn standing_signal(went_down: bool, standing: &Standing, failure: Option<&str>) -> Signal {
    let down = if went_down {
        "went down and "
    } else {
        "was not seen going down and "
    };
    match standing {
        Standing::Up => match failure {
            Some(message) => signal(
                "application",
                Says::Against,
                format!("{down}is up; in between it said: {message}"),
            ),
            None => signal("application", Says::Nothing, format!("{down}is up")),
        },
        Standing::Broken { code, message } => signal(
            "application",
            Says::Against,
            format!("{down}does not come up: {code} {message}"),
        ),
        Standing::Busy { message } => signal(
            "application",
            Says::Against,
            format!("{down}is still busy: {message}"),
        ),
        Standing::Unreachable { message } => signal(
            "application",
            Says::Against,
            format!("{down}cannot be reached: {message}"),
        ),
    }
}

/// How many users there are, in words.
pub(crate) fn users_signal(users: Option<u64>) -> Signal {
    match users {
        Some(0) => signal("users", Says::Against, "there are none: nobody can sign in"),
        Some(count) => signal("users", Says::For, format!("there are {count}")),
        None => signal("users", Says::Nothing, "could not be counted"),
    }
}

/// Who we are, in words.
pub(crate) fn identity_signal(identity: &Identity) -> Signal {
    match identity {
        Identity::Same => signal(
            "identity",
            Says::Nothing,
            "our credentials are the same user as before",
        ),
        Identity::Changed { before, after } => signal(
            "identity",
            Says::Nothing,
            format!(
                "our credentials were {} and are {} now",
                before.username, after.username
            ),
        ),
        Identity::FellBack { before, after } => signal(
            "identity",
            Says::Nothing,
            format!(
                "our credentials ({}) no longer work; those to fall back on are {}",
                before.username, after.username
            ),
        ),
        Identity::Refused { message, .. } => signal(
            "identity",
            Says::Nothing,
            format!("our credentials no longer work: {message}"),
        ),
        Identity::Unreadable { reason } => {
            signal("identity", Says::Nothing, format!("could not be asked: {reason}"))
        }
    }
}
