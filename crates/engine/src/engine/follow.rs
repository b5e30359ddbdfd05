//! Following a run by its journal, from any process.

use std::time::Duration;

use crate::error::EngineError;
use crate::journal::{Line, Phase, Reader};
use crate::report::RunReport;

/// How long a new process may take before it is called missing.
const RUNNER_START_LIMIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(60);

/// Follows one run to its end.
#[derive(Debug)]
pub struct Follower {
    reader: Reader,
    /// How many processes must have taken the run up before a dead one counts.
    runners: u32,
    waited: Duration,
}

impl Follower {
    pub(super) fn new(reader: Reader, runners: u32) -> Self {
        Self {
            reader,
            runners,
            waited: Duration::ZERO,
        }
    }

    /// Waits for news; empty when the run has ended or its process is dead.
    pub async fn news(&mut self) -> Result<Vec<Line>, EngineError> {
        loop {
            let lines = self.reader.news()?;
            let over = match self.reader.state() {
                Some(state) if state.phase == Phase::Ended => true,
                Some(state) if state.phase == Phase::Running && state.runners >= self.runners => {
                    // Its end may have been written between the two looks.
                    self.reader.is_abandoned() && {
                        let last = self.reader.news()?;
                        if !last.is_empty() {
                            return Ok(last);
                        }
                        true
                    }
                }
                Some(_) | None => self.waited > RUNNER_START_LIMIT,
            };
            if !lines.is_empty() || over {
                return Ok(lines);
            }
            tokio::time::sleep(PAUSE).await;
            self.waited += PAUSE;
        }
    }

    /// How the run stands, as far as it was followed.
    pub fn report(&self) -> Option<RunReport> {
        self.reader
            .state()
            .map(|state| RunReport::new(state, !self.reader.is_abandoned()))
    }
}
