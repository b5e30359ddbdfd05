//! Faults as data: which request is hit, and by what.
//!
//! A [`Fault`] names the calls it waits for (`backup:create`, `backup:*`, `*`), which of them it hits, and its
//! [`FaultKind`]. Kinds about a job that a request starts (a backup, a restore) travel with that job. Arming a
//! fault never changes what is counted: the request is logged as it was received, whatever happens to it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pattern::covers;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The calls that can be hit: `resource:action`, where `*` stands for any run of characters.
    pub when: String,
    /// The first matching call that is hit, counted from 1.
    pub nth: usize,
    /// How many calls in a row are hit; `None` is every one from the first on.
    pub times: Option<usize>,
    /// What happens to them.
    pub kind: FaultKind,
}

impl Fault {
    /// Hits the next matching call, once.
    pub fn new(when: impl Into<String>, kind: FaultKind) -> Self {
        Self {
            when: when.into(),
            nth: 1,
            times: Some(1),
            kind,
        }
    }

    /// Hits the `nth` matching call instead of the first.
    #[must_use]
    pub fn on_call(mut self, nth: usize) -> Self {
        self.nth = nth;
        self
    }

    /// Hits so many calls in a row.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits every matching call from its first on.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }
}

/// A stage of a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RestoreStage {
    /// While the server dumps its own database first.
    SafetyDump,
    /// While the dump is loaded into the emptied database.
    Load,
    /// While the upgrade runs over the loaded data.
    Upgrade,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The connection closes before anything happened.
    CloseBeforeEffect,
    /// The request has its full effect, and the connection closes without an answer.
    CloseAfterEffect,
    /// The process dies as the request comes in: nothing happens, connections break, the server comes back.
    ProcessDies,
    /// The process dies as the request comes in and is not started again: connections are refused from then on.
    ProcessEnds,
    /// The request has its full effect, the answer is lost because the process dies.
    ProcessDiesAfterEffect,
    /// An answer with this status and message, without effect.
    Answer {
        /// The HTTP status.
        status: u16,
        /// `errors[0].message`.
        message: String,
        /// `errors[0].code`.
        code: Option<String>,
    },
    /// A bare 408 with an empty body, as for an upload that takes too long, without effect.
    RequestTimeout,
    /// As a reverse proxy answers: this status, an HTML page, without effect.
    ProxyAnswer(u16),
    /// As a reverse proxy answers that waited too long: this status, an HTML page, with the full effect.
    ProxyAnswerAfterEffect(u16),
    /// The gateway's maintenance answer, without effect.
    Maintenance(String),
    /// 404 `Not Found`, as when the plugin is not there.
    PluginMissing,
    /// `connect ECONNREFUSED 127.0.0.1:5432`: the database is away.
    DatabaseAway,
    /// The request is taken so much later; it is, even when nobody waits for the answer any more.
    Slow(Duration),
    /// The request has its full effect, and the answer comes so much later.
    SlowAnswer(Duration),
    /// The connection breaks when so many bytes of the request's body have come in: it never becomes a request.
    CutRequest(usize),
    /// As with a proxy that asks again when it has seen no answer: the request has its full effect, is received by the
    /// app once more, and the second answer is the one that comes back. It counts as sent once, which it was.
    Repeated,
    /// The same, with both at the same time and the first answer.
    RepeatedAtOnce,
    /// The body of an answer, whatever it is, breaks off after so many bytes, and the connection with it.
    TornBody(usize),
    /// The body ends after so many bytes as if it were complete.
    ShortBody(usize),
    /// The byte at this place of the body is another one.
    FlippedByte(usize),
    /// The backup started by this request fails with this message.
    BackupFails(String),
    /// As after `kill -9` while the package is written: its status is unknown, the first list shows it running, every
    /// later one shows it finished, and it holds only so many bytes.
    TornBackup(usize),
    /// The backup started by this request never ends.
    BackupHangs,
    /// The server's own dump before the restore fails at once: the revert loads an older one.
    SafetyDumpFails,
    /// The server's own dump before the restore breaks off: the revert fails as well.
    SafetyDumpTorn,
    /// Loading skips this table, and the restore goes on in tolerant mode.
    RestoreLosesTable(String),
    /// Loading keeps only so many rows of this table and reports success.
    RestoreLosesRows(String, usize),
    /// Loading fails with this message and is reverted.
    RestoreFails(String),
    /// The process dies during this stage of the restore.
    DiesDuringRestore(RestoreStage),
    /// The process and the loading program die while loading: the server comes back healthy over an empty database.
    LoadKilled,
    /// The restore or migration never ends: maintenance answers for ever.
    RestoreHangs,
    /// The migration fails with these words and changes no table.
    MigrationFails(String),
    /// The migration fails with these words when half of the tables are done; the app comes back so.
    MigrationStopsHalfway(String),
    /// The same, and the app stays in maintenance: its repair screen.
    MigrationBreaksApp(String),
    /// The migration reports success and has changed nothing.
    MigrationDoesNothing,
    /// The execution is answered at once with this status (200: as a success), and begins so much later.
    MigrationAnswersAtOnce {
        /// The HTTP status.
        status: u16,
        /// What passes before it begins.
        delay: Duration,
    },
    /// The execution is answered with this status and message when all of it is over, whatever came of it.
    MigrationAnswers {
        /// The HTTP status.
        status: u16,
        /// `errors[0].message`.
        message: String,
    },
    /// The app answers while it is migrated: no maintenance is to be seen.
    MigrationStaysUp,
    /// The execution's log repeats these words.
    MigrationSays(String),
}

impl FaultKind {
    /// 401 with this code: `INVALID_TOKEN`, `EXPIRED_SESSION`, …
    pub fn unauthorized(code: &str) -> Self {
        Self::Answer {
            status: 401,
            message: "Your session has expired. Please sign in again.".to_owned(),
            code: Some(code.to_owned()),
        }
    }

    /// 403: the role may not.
    pub fn forbidden() -> Self {
        Self::Answer {
            status: 403,
            message: "No permissions".to_owned(),
            code: None,
        }
    }

    /// 500 with this message.
    pub fn server_error(message: &str) -> Self {
        Self::Answer {
            status: 500,
            message: message.to_owned(),
            code: None,
        }
    }
}

/// The faults armed in one environment.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<Vec<Armed>>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    seen: usize,
    disarmed: bool,
}

impl Faults {
    /// Arms a fault, and gives it a number that is never given again.
    pub fn arm(&self, fault: Fault) -> usize {
        let mut armed = self.lock();
        armed.push(Armed {
            fault,
            seen: 0,
            disarmed: false,
        });
        armed.len() - 1
    }

    /// Disarms one fault; what it has done stays known.
    pub fn disarm(&self, number: usize) {
        if let Some(armed) = self.lock().get_mut(number) {
            armed.disarmed = true;
        }
    }

    /// How many calls a fault has hit.
    pub fn hits(&self, number: usize) -> usize {
        self.lock().get(number).map_or(0, Armed::hits_so_far)
    }

    /// Disarms everything.
    pub fn clear(&self) {
        self.lock().iter_mut().for_each(|armed| armed.disarmed = true);
    }

    /// The faults that may still hit.
    pub fn pending(&self) -> Vec<Fault> {
        self.lock()
            .iter()
            .filter(|armed| !armed.is_spent())
            .map(|armed| armed.fault.clone())
            .collect()
    }

    /// What hits this call, in the order of arming; counts the call for every fault that waits for it.
    pub(crate) fn strike(&self, call: &str) -> Vec<FaultKind> {
        let mut kinds = Vec::new();
        for armed in self
            .lock()
            .iter_mut()
            .filter(|armed| !armed.disarmed && covers(&armed.fault.when, call))
        {
            armed.seen += 1;
            if armed.hits() {
                kinds.push(armed.fault.kind.clone());
            }
        }
        kinds
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn hits(&self) -> bool {
        self.seen >= self.fault.nth
            && self
                .fault
                .times
                .is_none_or(|times| self.seen < self.fault.nth + times)
    }

    fn is_spent(&self) -> bool {
        let done = |times| self.seen + 1 >= self.fault.nth + times;
        self.disarmed || self.fault.times.is_some_and(done)
    }

    fn hits_so_far(&self) -> usize {
        (self.seen + 1)
            .saturating_sub(self.fault.nth)
            .min(self.fault.times.unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_the_calls_it_names() {
        let faults = Faults::default();
        faults.arm(
            Fault::new("backup:status", FaultKind::PluginMissing)
                .on_call(2)
                .times(2),
        );
        let hits: Vec<usize> = (0..5).map(|_| faults.strike("backup:status").len()).collect();
        assert_eq!(hits, [0, 1, 1, 0, 0]);
        assert_eq!(faults.pending(), []);
    }

    #[test]
    fn a_lasting_fault_stays() {
        let faults = Faults::default();
        faults.arm(Fault::new("logger:*", FaultKind::PluginMissing).always());
        assert_eq!(faults.strike("backup:list"), []);
        assert_eq!(
            (0..3).map(|_| faults.strike("logger:list").len()).sum::<usize>(),
            3
        );
        assert_eq!(faults.pending().len(), 1);
    }
}
