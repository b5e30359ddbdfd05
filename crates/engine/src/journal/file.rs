//! The journal on disk: one writer under a lock, appends that reach the disk, readers that follow.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::JOURNAL_FORMAT;
use super::event::{Event, Line};
use super::state::{Phase, RunState};
use super::witness::Witness;
use crate::address::same_address;
use crate::error::EngineError;
use crate::home::{Home, make_private_folder, sync_folder};
use crate::ids::RunId;

/// A line longer than this is no line of ours: plans are the largest events and stay far below.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// Begins a journal with its first event; the run's folder must not exist yet.
pub(crate) fn create(home: &Home, run: &RunId, first: Event, now: Timestamp) -> Result<(), EngineError> {
    let folder = home.run(run);
    make_private_folder(&home.runs())?;
    fs::create_dir(&folder).map_err(|source| {
        EngineError::local(format!("cannot make the folder {}", folder.display()), source)
    })?;
    let line = Line {
        format: JOURNAL_FORMAT,
        number: 1,
        at: now,
        event: first,
    };
    let write = || -> std::io::Result<()> {
        let mut file =
            private(OpenOptions::new().append(true).create_new(true)).open(journal_path(&folder))?;
        append(&mut file, &line)?;
        file.sync_all()?;
        sync_folder(&folder)?;
        sync_folder(&home.runs())
    };
    write().map_err(|source| EngineError::local(format!("cannot write the journal of {run}"), source))
}

/// The one writer of a run, as long as it lives: the journal file is locked.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    state: RunState,
    witness: Option<Arc<dyn Witness>>,
}

impl Journal {
    /// Takes a run up; none when another process has it.
    pub(crate) fn open(home: &Home, run: &RunId) -> Result<Option<Self>, EngineError> {
        let path = journal_path(&home.run(run));
        let not_there = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => EngineError::RunNotFound { run: run.to_string() },
            _ => EngineError::local(format!("cannot open the journal of {run}"), source),
        };
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .open(&path)
            .map_err(not_there)?;
        let locked = lock(&file)
            .map_err(|source| EngineError::local(format!("cannot lock the journal of {run}"), source))?;
        if !locked {
            return Ok(None);
        }
        let mut reader = Reader::new(home, run);
        let state = reader.read_to_end()?;
        // A line torn by a crash is cut off, so that the next one begins on a line of its own.
        file.set_len(reader.offset)
            .map_err(|source| EngineError::local(format!("cannot repair the journal of {run}"), source))?;
        if reader.newest_format > JOURNAL_FORMAT {
            return Err(EngineError::BrokenRecord {
                what: format!("the journal of {run}"),
                reason: format!(
                    "it was written by a newer version (format {})",
                    reader.newest_format
                ),
            });
        }
        Ok(Some(Self {
            file,
            state,
            witness: None,
        }))
    }

    /// The same with somebody looking on.
    pub(crate) fn seen_by(self, witness: Option<Arc<dyn Witness>>) -> Self {
        Self { witness, ..self }
    }

    /// What the journal comes to.
    pub(crate) fn state(&self) -> &RunState {
        &self.state
    }

    /// Writes an event down. All but progress is on disk when this returns.
    pub(crate) fn write(&mut self, event: Event) -> Result<(), EngineError> {
        let durable = !matches!(event, Event::StepProgress { .. });
        let line = Line {
            format: JOURNAL_FORMAT,
            number: self.state.last_line + 1,
            at: Timestamp::now(),
            event,
        };
        let mut next = self.state.clone();
        next.apply(&line)
            .map_err(|error| broken(&self.state.run, error.to_string()))?;
        if let Some(witness) = &self.witness {
            witness.before(&line);
        }
        let write = |file: &mut File| -> std::io::Result<()> {
            append(file, &line)?;
            if durable { file.sync_data() } else { Ok(()) }
        };
        let length = self.file.metadata().map(|metadata| metadata.len());
        write(&mut self.file).map_err(|source| {
            // Half a line would spoil the one after it.
            if let Ok(length) = length
                && let Err(error) = self.file.set_len(length)
            {
                tracing::error!(%error, "the journal may be torn");
            }
            EngineError::local(format!("cannot write the journal of {}", self.state.run), source)
        })?;
        self.state = next;
        if let Some(witness) = &self.witness {
            witness.after(&line);
        }
        Ok(())
    }
}

/// Takes the writer's lock; false when another writer has it. Readers hold a shared lock for an instant when they
/// look whether a writer lives, so one refusal says nothing.
fn lock(file: &File) -> std::io::Result<bool> {
    for _ in 0..100 {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(source)) => return Err(source),
        }
    }
    Ok(false)
}

/// Follows a journal; lines that are only half written are left for the next look.
#[derive(Debug)]
pub struct Reader {
    run: RunId,
    path: PathBuf,
    offset: u64,
    state: Option<RunState>,
    newest_format: u32,
}

impl Reader {
    /// A reader at the journal's beginning.
    pub fn new(home: &Home, run: &RunId) -> Self {
        Self {
            run: run.clone(),
            path: journal_path(&home.run(run)),
            offset: 0,
            state: None,
            newest_format: 0,
        }
    }

    /// The lines that came since the last look.
    pub fn news(&mut self) -> Result<Vec<Line>, EngineError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(EngineError::RunNotFound {
                    run: self.run.to_string(),
                });
            }
            Err(source) => {
                return Err(EngineError::local(
                    format!("cannot read the journal of {}", self.run),
                    source,
                ));
            }
        };
        self.read_lines(file).map_err(|error| match error {
            ReadError::Io(source) => {
                EngineError::local(format!("cannot read the journal of {}", self.run), source)
            }
            ReadError::Broken(reason) => broken(&self.run, reason),
        })
    }

    /// The state after all lines seen so far.
    pub fn state(&self) -> Option<&RunState> {
        self.state.as_ref()
    }

    /// Whether no process has the run although it has not ended: its runner is dead.
    pub fn is_abandoned(&self) -> bool {
        let unfinished = self
            .state
            .as_ref()
            .is_some_and(|state| state.phase == Phase::Running);
        unfinished && File::open(&self.path).is_ok_and(|file| file.try_lock_shared().is_ok())
    }

    fn read_to_end(&mut self) -> Result<RunState, EngineError> {
        self.news()?;
        self.state
            .clone()
            .ok_or_else(|| broken(&self.run, "it is empty".into()))
    }

    fn read_lines(&mut self, mut file: File) -> Result<Vec<Line>, ReadError> {
        file.seek(SeekFrom::Start(self.offset))?;
        let mut reader = BufReader::new(file);
        let mut lines = Vec::new();
        loop {
            let mut bytes = Vec::new();
            let length = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
            if bytes.last() != Some(&b'\n') {
                return Ok(lines);
            }
            let line: Line =
                serde_json::from_slice(&bytes).map_err(|error| ReadError::Broken(error.to_string()))?;
            self.newest_format = self.newest_format.max(line.format);
            match &mut self.state {
                Some(state) => state
                    .apply(&line)
                    .map_err(|error| ReadError::Broken(error.to_string()))?,
                None => {
                    self.state =
                        Some(RunState::begin(&line).map_err(|error| ReadError::Broken(error.to_string()))?);
                }
            }
            self.offset += length as u64;
            lines.push(line);
        }
    }
}

enum ReadError {
    Io(std::io::Error),
    Broken(String),
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// The state of a run as its journal tells it.
pub fn read(home: &Home, run: &RunId) -> Result<RunState, EngineError> {
    Reader::new(home, run).read_to_end()
}

/// All runs, newest first.
pub(crate) fn list_runs(home: &Home) -> Result<Vec<RunId>, EngineError> {
    let entries = match fs::read_dir(home.runs()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(EngineError::local("cannot list the runs", source)),
    };
    // A folder whose journal never got its first line is a run that never was.
    let has_journal =
        |run: &RunId| fs::metadata(journal_path(&home.run(run))).is_ok_and(|journal| journal.len() > 0);
    let mut runs: Vec<RunId> = entries
        .flatten()
        .filter_map(|entry| RunId::parse(entry.file_name().to_str()?))
        .collect();
    runs.retain(has_journal);
    runs.sort_by(|one, other| other.cmp(one));
    Ok(runs)
}

/// The newest run that began to overwrite the application at this address. A newer run that cannot be read might
/// have done so, too, and is the error.
pub(crate) fn last_overwrite(home: &Home, address: &str) -> Result<Option<RunState>, EngineError> {
    for run in list_runs(home)? {
        let state = read(home, &run)?;
        let target = state.plan.facts.target.as_ref();
        if target.is_some_and(|target| same_address(&target.api_base, address)) && state.began_overwriting() {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

fn journal_path(folder: &Path) -> PathBuf {
    folder.join("journal.jsonl")
}

fn append(file: &mut File, line: &Line) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    // What could not be read again must not be written: it would take the whole journal with it.
    if bytes.len() as u64 >= LONGEST_LINE {
        return Err(std::io::Error::other(format!(
            "an event of {} bytes is too long",
            bytes.len()
        )));
    }
    file.write_all(&bytes)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn broken(run: &RunId, reason: String) -> EngineError {
    EngineError::BrokenRecord {
        what: format!("the journal of {run}"),
        reason,
    }
}
