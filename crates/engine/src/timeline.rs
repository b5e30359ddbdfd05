//! What happened when in a run, read out of its journal: a bar for each step, a mark for what counts between them.
//!
//! Drawing it is left to whoever shows it: `document` in letters, the command line as a picture.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::{Event, Line, StepOutcome};
use crate::plan::{Plan, StepName};
use crate::report::step_title;

/// The most words of a server that are kept for one step.
const MOST_WORDS: usize = 40;

/// The course of a run. All times are milliseconds since its begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// When the run was created.
    pub began_at: String,
    /// When the last line was written.
    pub length: u64,
    /// Its steps, in the order in which they began.
    pub bars: Vec<Bar>,
    /// What happened to the run as a whole.
    pub marks: Vec<Mark>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    /// Which.
    pub step: StepName,
    /// In words, with the environment that it works on.
    pub title: String,
    /// When it began.
    pub from: u64,
    /// When it ended, or when the last line of the run was written.
    pub until: u64,
    /// How it ended.
    pub end: BarEnd,
    /// What came of it, or why it failed; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What was said meanwhile, often by the server; the last words where there were very many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Mark>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BarEnd {
    /// As it should.
    Done,
    /// It did not happen.
    Failed,
    /// It may have happened or not.
    Unknown,
    /// Its end is not written down: it is on, or its process died in it.
    Open,
}

/// A moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// When.
    pub at: u64,
    /// What.
    pub text: String,
}

impl Timeline {
    /// The course of a run with this plan, by the lines of its journal.
    pub fn new(plan: &Plan, lines: &[Line]) -> Self {
        let begin = lines.first().map_or(Timestamp::UNIX_EPOCH, |line| line.at);
        // A clock that was set back makes no bar shorter than nothing.
        let since = |line: &Line| {
            let passed = line.at.as_millisecond().saturating_sub(begin.as_millisecond());
            u64::try_from(passed).unwrap_or_default()
        };
        let mut timeline = Self {
            began_at: begin.to_string(),
            length: lines.iter().map(since).max().unwrap_or_default(),
            bars: Vec::new(),
            marks: Vec::new(),
        };
        let mut runners = 0;
        for line in lines {
            let at = since(line);
            match &line.event {
                Event::RunnerStarted { .. } => {
                    runners += 1;
                    if runners > 1 {
                        timeline.mark(at, "taken up by another process");
                    }
                }
                Event::StepStarted { step } => timeline.begin(plan, *step, at),
                Event::StepProgress { step, message, .. } if !message.is_empty() => {
                    timeline.say(*step, at, message);
                }
                Event::StepEnded { step, outcome } => timeline.end(*step, at, outcome),
                Event::RestoreAccepted { .. } => timeline.mark(at, "the server accepted the package"),
                Event::MigrationAnswered { .. } => timeline.mark(at, "the server answered the migration"),
                Event::RunEnded { verdict, .. } => timeline.mark(at, verdict.as_str()),
                Event::RunCreated { .. }
                | Event::StepProgress { .. }
                | Event::PackageStored { .. }
                | Event::EvidenceGathered { .. }
                | Event::RollBackEvidenceGathered { .. }
                | Event::MigrationNoted { .. }
                | Event::MigrationEvidenceGathered { .. } => {}
            }
        }
        let length = timeline.length;
        for bar in timeline.bars.iter_mut().filter(|bar| bar.end == BarEnd::Open) {
            bar.until = length;
        }
        timeline
    }

    fn mark(&mut self, at: u64, text: &str) {
        self.marks.push(Mark {
            at,
            text: text.to_owned(),
        });
    }

    fn begin(&mut self, plan: &Plan, step: StepName, at: u64) {
        self.bars.push(Bar {
            step,
            title: step_title(plan, step),
            from: at,
            until: at,
            end: BarEnd::Open,
            note: String::new(),
            words: Vec::new(),
        });
    }

    /// The newest bar of a step: a run that was taken up again may begin one anew.
    fn bar(&mut self, step: StepName) -> Option<&mut Bar> {
        self.bars.iter_mut().rev().find(|bar| bar.step == step)
    }

    fn say(&mut self, step: StepName, at: u64, text: &str) {
        let Some(bar) = self.bar(step) else { return };
        if bar.words.last().is_some_and(|last| last.text == text) {
            return;
        }
        if bar.words.len() == MOST_WORDS {
            bar.words.remove(0);
        }
        bar.words.push(Mark {
            at,
            text: text.to_owned(),
        });
    }

    fn end(&mut self, step: StepName, at: u64, outcome: &StepOutcome) {
        let Some(bar) = self.bar(step) else { return };
        bar.until = at.max(bar.from);
        (bar.end, bar.note) = match outcome {
            StepOutcome::Done { note } => (BarEnd::Done, note.clone()),
            StepOutcome::Failed { error } => (BarEnd::Failed, error.message.clone()),
            StepOutcome::Unknown { error } => (BarEnd::Unknown, error.message.clone()),
        };
    }
}

impl Bar {
    /// How long it took.
    pub fn took(&self) -> u64 {
        self.until.saturating_sub(self.from)
    }
}

impl BarEnd {
    /// A sign for it.
    pub fn sign(self) -> char {
        match self {
            Self::Done => '✓',
            Self::Failed => '✗',
            Self::Unknown => '?',
            Self::Open => '…',
        }
    }
}

/// A length of time for people: "40 ms", "0.4 s", "12 s", "3 min 05 s", "2 h 03 min".
pub fn spell_duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 if (1..100).contains(&milliseconds) => format!("{milliseconds} ms"),
        0..10 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}
