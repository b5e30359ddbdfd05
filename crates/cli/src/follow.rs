//! A run's journal as progress: a moving line on a terminal, plain lines elsewhere. Talk only, on stderr.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use release_engine::journal::{Event, Line, StepOutcome};
use release_engine::{Engine, EngineError, Follower, Plan, RunId, RunReport, StepName, step_title};

/// Follows a run to its end, or to the death of its process.
pub(crate) async fn follow(engine: &Engine, run: &RunId) -> Result<RunReport, EngineError> {
    to_the_end(engine, run, engine.follow(run)).await
}

/// The same with a follower that is there already.
pub(crate) async fn to_the_end(
    engine: &Engine,
    run: &RunId,
    mut follower: Follower,
) -> Result<RunReport, EngineError> {
    let mut screen = Screen::new();
    let mut interrupted = false;
    loop {
        let lines = tokio::select! {
            lines = follower.news() => lines?,
            _ = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                screen.say(&format!(
                    "the run goes on by itself; follow it again with: nocobase-release runs show {run} --follow\n\
                     Ctrl-C once more leaves it (in the sandbox that ends its servers, too)"
                ));
                continue;
            }
            _ = tokio::signal::ctrl_c() => return engine.run(run),
        };
        let over = lines.is_empty();
        for line in &lines {
            screen.show(line);
        }
        if over {
            screen.clear();
            return engine.run(run);
        }
    }
}

/// The steps that are on, each with a line of its own.
struct Screen {
    lines: MultiProgress,
    open: BTreeMap<StepName, (ProgressBar, Begun)>,
    plan: Option<Plan>,
}

impl Screen {
    fn new() -> Self {
        Self {
            lines: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            open: BTreeMap::new(),
            plan: None,
        }
    }

    fn show(&mut self, line: &Line) {
        match &line.event {
            Event::RunCreated { plan, run, .. } => {
                self.plan = Some((**plan).clone());
                self.say(&format!("{run}"));
            }
            Event::StepStarted { step } => {
                let bar = self.lines.add(ProgressBar::new_spinner());
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner:.cyan} {prefix} {msg:.dim} {elapsed:.dim}")
                {
                    bar.set_style(style);
                }
                bar.set_prefix(self.title(*step));
                bar.enable_steady_tick(Duration::from_millis(100));
                self.open.insert(*step, (bar, Begun::at(line)));
            }
            Event::StepProgress { step, message, bytes } => {
                let word = match bytes {
                    Some(bytes) => HumanBytes(*bytes).to_string(),
                    None => message.clone(),
                };
                if let Some((bar, _)) = self.open.get(step) {
                    bar.set_message(word.clone());
                }
                if bytes.is_none() && self.is_hidden() && !message.is_empty() {
                    self.say(&format!("    {message}"));
                }
            }
            Event::StepEnded { step, outcome } => {
                let title = self.title(*step);
                let took = match self.open.remove(step) {
                    Some((bar, begun)) => {
                        bar.finish_and_clear();
                        begun.until(line)
                    }
                    None => String::new(),
                };
                let text = match outcome {
                    StepOutcome::Done { note } => format!("  ✓ {title}{} {took}", shown_note(*step, note)),
                    StepOutcome::Failed { error } => format!("  ✗ {title}: {} {took}", error.message),
                    StepOutcome::Unknown { error } => format!("  ? {title}: {} {took}", error.message),
                };
                self.say(text.trim_end());
            }
            Event::RunnerStarted { .. }
            | Event::PackageStored { .. }
            | Event::RestoreAccepted { .. }
            | Event::EvidenceGathered { .. }
            | Event::RollBackEvidenceGathered { .. }
            | Event::MigrationNoted { .. }
            | Event::MigrationAnswered { .. }
            | Event::MigrationEvidenceGathered { .. }
            | Event::RunEnded { .. } => {}
        }
    }

    fn title(&self, step: StepName) -> String {
        let Some(plan) = &self.plan else {
            return String::new();
        };
        let place = plan.steps.iter().position(|candidate| candidate.name == step);
        let number = place
            .map(|place| format!("{:>2}/{} ", place + 1, plan.steps.len()))
            .unwrap_or_default();
        format!("{number}{}", step_title(plan, step))
    }

    /// Lines above the moving ones; where nothing moves, plain lines.
    fn say(&self, text: &str) {
        if self.is_hidden() {
            crate::output::talk(text);
        } else if let Err(error) = self.lines.println(text) {
            tracing::debug!(%error, "cannot write");
        }
    }

    fn is_hidden(&self) -> bool {
        self.lines.is_hidden()
    }

    fn clear(&mut self) {
        for (bar, _) in self.open.values() {
            bar.finish_and_clear();
        }
        self.open.clear();
    }
}

/// What a person wants to see of a note; request ids, marker names and digests stay in the journal.
fn shown_note(step: StepName, note: &str) -> String {
    match step {
        StepName::PlantCanary | StepName::Restore | StepName::ExecuteMigration | StepName::Watch => {
            String::new()
        }
        _ if note.is_empty() => String::new(),
        _ => format!(" ({})", note.split(", sha256").next().unwrap_or(note)),
    }
}

/// When a step began by the journal, so that a run followed later shows what it really took.
#[derive(Debug, Clone, Copy)]
struct Begun(i64);

impl Begun {
    fn at(line: &Line) -> Self {
        Self(line.at.as_millisecond())
    }

    fn until(self, line: &Line) -> String {
        let milliseconds = line.at.as_millisecond().saturating_sub(self.0).max(0);
        format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
    }
}
