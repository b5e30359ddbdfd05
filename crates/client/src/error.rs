//! Every way a call to NocoBase can fail.
//!
//! One variant is one cause. The text is a lowercase fragment which names the environment and the call; the
//! underlying error is a `source`, never pasted into the text; NocoBase's own words are kept as it said them,
//! cleaned and bounded. [`Error::code`] is stable and for programs, [`Error::hint`] says what to do next, and
//! [`Error::may_have_happened`] says whether a mutation that failed like this may have taken effect all the
//! same. What to do about such doubt is the engine's business.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::lack::MigrationLack;

/// The call that failed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Name of the environment.
    pub environment: Arc<str>,
    /// NocoBase's name of the call, such as `backup:create`.
    pub name: Arc<str>,
    /// Whether it is a mutation that was sent, or about to be: what may have happened is then in question.
    pub changes: bool,
}

impl Call {
    /// The resource, `backup` of `backup:create`.
    pub fn resource(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }
}

impl Call {
    /// Whether it is answered only when its work is over: the execution of a migration.
    fn answers_late(&self) -> bool {
        ["migrationFiles:runTask", "migration:execute"].contains(&&*self.name)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.environment, self.name)
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a call to NocoBase failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No connection could be made: nothing was sent.
    #[error("{at} could not be sent: no connection to the server")]
    Unreachable {
        /// The call.
        at: Call,
        /// What the network said.
        #[source]
        source: Source,
    },
    /// No trusted TLS connection could be made: nothing was sent.
    #[error("{at} could not be sent: no trusted TLS connection")]
    Tls {
        /// The call.
        at: Call,
        /// What the TLS library said.
        #[source]
        source: Source,
    },
    /// The request was sent and no answer came in time.
    #[error("{at} got no answer in time")]
    TimedOut {
        /// The call.
        at: Call,
    },
    /// The connection broke after sending had begun.
    #[error("{at} lost its connection before the answer was complete")]
    ConnectionLost {
        /// The call.
        at: Call,
        /// What the network said.
        #[source]
        source: Source,
    },
    /// NocoBase does not accept the credentials (401).
    #[error("{at} was refused: {message} (401{})", suffix(code))]
    Unauthorized {
        /// The call.
        at: Call,
        /// NocoBase's code, such as `INVALID_TOKEN`.
        code: Option<String>,
        /// NocoBase's words.
        message: String,
    },
    /// The role lacks the permission (403).
    #[error("{at} was refused: {message} (403)")]
    Forbidden {
        /// The call.
        at: Call,
        /// NocoBase's words.
        message: String,
    },
    /// The server does not know the resource: the plugin is missing or disabled (404 `Not Found`).
    #[error("{at} is unknown to the server: no resource `{resource}`")]
    PluginMissing {
        /// The call.
        at: Call,
        /// The resource that is missing.
        resource: String,
    },
    /// The server does not offer migrations: the commercial Migration Manager is missing, inactive or unlicensed.
    #[error("{at} is not offered by the server: Migration Manager {why}{}", said(message))]
    MigrationUnavailable {
        /// The call.
        at: Call,
        /// Which of these.
        why: MigrationLack,
        /// NocoBase's words, where it used any.
        message: Option<String>,
    },
    /// Something answers there, but not NocoBase's API.
    #[error("{at} was not answered by NocoBase's API: {excerpt}")]
    NotNocoBase {
        /// The call.
        at: Call,
        /// The beginning of what was answered.
        excerpt: String,
    },
    /// The application is not serving: starting, upgrading, restoring, or broken (503 of NocoBase's gateway).
    #[error("{at} was not served: {message} (503 {code})")]
    Maintenance {
        /// The call.
        at: Call,
        /// The gateway's code, such as `APP_COMMANDING` or `APP_ERROR`.
        code: String,
        /// The gateway's words.
        message: String,
        /// The command that the application is busy with, if any.
        command: Option<String>,
    },
    /// NocoBase refused for a reason of its own (most of its refusals are 500s).
    #[error("{at} was refused: {message} ({status}{})", suffix(code))]
    Refused {
        /// The call.
        at: Call,
        /// The HTTP status.
        status: u16,
        /// NocoBase's code, if it gave one.
        code: Option<String>,
        /// NocoBase's words.
        message: String,
    },
    /// The upload was not complete within the server's limit (408; Node's `requestTimeout`, 300 s).
    #[error("{at} was too slow: the server stops receiving after 300 seconds (408)")]
    UploadTooSlow {
        /// The call.
        at: Call,
    },
    /// A download brings so little that waiting for its end makes no sense.
    #[error("{at} is too slow: it brought {bytes} bytes in {seconds} seconds")]
    DownloadTooSlow {
        /// The call.
        at: Call,
        /// What it brought in the last stretch of time.
        bytes: u64,
        /// How long that was.
        seconds: u64,
    },
    /// A package that is larger than may be fetched.
    #[error("{at} brings more than {limit} bytes, the most that is fetched of a package")]
    PackageTooLarge {
        /// The call.
        at: Call,
        /// The limit.
        limit: u64,
    },
    /// A download for which this machine has no room.
    #[error("{at} brings more than the {room} bytes that this machine has room for")]
    NoRoom {
        /// The call.
        at: Call,
        /// The room where it was to go, with something left to others.
        room: u64,
    },
    /// Something in front of NocoBase does not take a body of this size (413).
    #[error("{at} was too large for the server or a proxy before it (413)")]
    TooLarge {
        /// The call.
        at: Call,
    },
    /// A proxy answered instead of NocoBase.
    #[error("{at} was answered by a proxy, not by NocoBase ({status})")]
    Gateway {
        /// The call.
        at: Call,
        /// The HTTP status.
        status: u16,
    },
    /// The server wants the call somewhere else.
    #[error("{at} was redirected to {to}")]
    Redirected {
        /// The call.
        at: Call,
        /// The other address, without its query.
        to: String,
    },
    /// An answer that cannot be understood.
    #[error("{at} was answered with something unexpected ({status}): {excerpt}")]
    Unexpected {
        /// The call.
        at: Call,
        /// The HTTP status.
        status: u16,
        /// The beginning of the answer, or what is wrong with it.
        excerpt: String,
    },
    /// An answer larger than this client reads.
    #[error("{at} was answered with more than {limit} bytes")]
    AnswerTooLarge {
        /// The call.
        at: Call,
        /// The limit.
        limit: u64,
    },
    /// A name that is not that of a backup: nothing was sent.
    #[error("{at} was not sent: `{name}` is not a usable name of a package")]
    UnusableName {
        /// The call.
        at: Call,
        /// The name, cleaned.
        name: String,
    },
    /// The stored sign-in cannot be renewed.
    #[error("{at} failed: the stored sign-in cannot be renewed: {reason}")]
    SignInNeeded {
        /// The call.
        at: Call,
        /// Why.
        reason: String,
    },
    /// A file on this machine could not be read or written.
    #[error("{at} failed on this machine: cannot {action} {}", path.display())]
    Local {
        /// The call.
        at: Call,
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP client itself could not be set up.
    #[error("{environment}: the HTTP client cannot be set up")]
    Setup {
        /// Name of the environment.
        environment: String,
        /// What the library said.
        #[source]
        source: Source,
    },
    /// An address that cannot be an API base URL.
    #[error("`{address}` is not the address of an API: {reason}")]
    InvalidAddress {
        /// The address, without a password it may hold.
        address: String,
        /// What is wrong.
        reason: String,
    },
}

fn said(message: &Option<String>) -> String {
    message
        .as_ref()
        .map(|message| format!(" ({message})"))
        .unwrap_or_default()
}

fn suffix(code: &Option<String>) -> String {
    code.as_ref().map(|code| format!(" {code}")).unwrap_or_default()
}

impl Error {
    /// A stable name of the cause, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Tls { .. } => "tls",
            Self::TimedOut { .. } => "timed_out",
            Self::ConnectionLost { .. } => "connection_lost",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::PluginMissing { .. } => "plugin_missing",
            Self::MigrationUnavailable { .. } => "migration_unavailable",
            Self::NotNocoBase { .. } => "not_nocobase",
            Self::Maintenance { .. } => "maintenance",
            Self::Refused { .. } => "refused",
            Self::UploadTooSlow { .. } => "upload_too_slow",
            Self::DownloadTooSlow { .. } => "download_too_slow",
            Self::PackageTooLarge { .. } => "package_too_large",
            Self::NoRoom { .. } => "no_room",
            Self::TooLarge { .. } => "too_large",
            Self::Gateway { .. } => "gateway",
            Self::Redirected { .. } => "redirected",
            Self::Unexpected { .. } => "unexpected",
            Self::AnswerTooLarge { .. } => "answer_too_large",
            Self::UnusableName { .. } => "unusable_name",
            Self::SignInNeeded { .. } => "sign_in_needed",
            Self::Local { .. } => "local",
            Self::Setup { .. } => "setup",
            Self::InvalidAddress { .. } => "invalid_address",
        }
    }

    /// Whether a mutation whose call failed like this may have taken effect all the same.
    ///
    /// Never so for a read, and never when the mutation was not sent because something before it failed.
    pub fn may_have_happened(&self) -> bool {
        let leaves_doubt = match self {
            Self::TimedOut { .. }
            | Self::ConnectionLost { .. }
            | Self::AnswerTooLarge { .. }
            | Self::NotNocoBase { .. }
            // some proxies say 503 after they passed the request on, and 429 is no word of NocoBase either
            | Self::Gateway { .. } => true,
            // a client error is a refusal whoever says it; anything else is unreadable
            Self::Unexpected { status, .. } => !(400..500).contains(status),
            // it answers when its work is over, or has failed half-way: only a client error says that none was done
            Self::Maintenance { at, .. } | Self::Redirected { at, .. } => at.answers_late(),
            Self::Refused { at, status, .. } => at.answers_late() && !(400..500).contains(status),
            Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::PluginMissing { .. }
            | Self::MigrationUnavailable { .. }
            | Self::UploadTooSlow { .. }
            | Self::DownloadTooSlow { .. }
            | Self::PackageTooLarge { .. }
            | Self::NoRoom { .. }
            | Self::TooLarge { .. }
            | Self::UnusableName { .. }
            | Self::SignInNeeded { .. }
            | Self::Local { .. }
            | Self::Setup { .. }
            | Self::InvalidAddress { .. } => false,
        };
        leaves_doubt && self.call().is_some_and(|call| call.changes)
    }

    /// Whether a mutation that failed like this never reached a server as a whole request.
    pub fn was_not_sent(&self) -> bool {
        let before_it = self.call().is_none_or(|call| !call.changes);
        before_it
            || matches!(
                self,
                Self::Unreachable { .. }
                    | Self::Tls { .. }
                    | Self::UnusableName { .. }
                    | Self::SignInNeeded { .. }
                    | Self::Local { .. }
            )
    }

    /// The call that failed; none if it did not come to a call.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Unreachable { at, .. }
            | Self::Tls { at, .. }
            | Self::TimedOut { at }
            | Self::ConnectionLost { at, .. }
            | Self::Unauthorized { at, .. }
            | Self::Forbidden { at, .. }
            | Self::PluginMissing { at, .. }
            | Self::MigrationUnavailable { at, .. }
            | Self::NotNocoBase { at, .. }
            | Self::Maintenance { at, .. }
            | Self::Refused { at, .. }
            | Self::UploadTooSlow { at }
            | Self::DownloadTooSlow { at, .. }
            | Self::PackageTooLarge { at, .. }
            | Self::NoRoom { at, .. }
            | Self::TooLarge { at }
            | Self::Gateway { at, .. }
            | Self::Redirected { at, .. }
            | Self::Unexpected { at, .. }
            | Self::AnswerTooLarge { at, .. }
            | Self::UnusableName { at, .. }
            | Self::SignInNeeded { at, .. }
            | Self::Local { at, .. } => Some(at),
            Self::Setup { .. } | Self::InvalidAddress { .. } => None,
        }
    }

    /// What to do next, as a sentence or two.
    pub fn hint(&self) -> String {
        crate::hint::of(self)
    }
}

/// Why the stored environments cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentsError {
    /// The file exists and cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not the JSON that NocoBase CLI writes.
    #[error("{} is not a configuration of NocoBase CLI: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any value out of the file.
        reason: String,
    },
}

/// Text of a server made fit for one line of output: control characters gone, at most 300 characters.
pub(crate) fn clean(text: &str) -> String {
    const LIMIT: usize = 300;
    let mut words = String::new();
    for word in text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
    {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > LIMIT * 4 {
            break;
        }
    }
    match words.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}
