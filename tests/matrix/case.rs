//! One case: a seed's faults, one run (perhaps with a death in the middle), the judgement, and the way back.

use std::time::Duration;

use nocobase_client::{ApiBase, ClientOptions, Credentials, Environment, Origin, Secret};
use nocobase_sim::{EnvironmentConfig, Fault, Pace as SimPace, Sim, SimConfig};
use release_engine::{
    Engine, EngineSettings, Home, Pace, PackageChoice, Policy, Proof, Request, RunId, RunReport, RunSecrets,
    RunStanding, Verdict,
};

use crate::faults::{Dice, any, job};
use crate::truth::{Content, Truth};

/// What a seed means.
#[derive(Debug)]
pub(crate) struct Case {
    seed: u64,
    on_source: Option<Fault>,
    on_target: Vec<Fault>,
    /// The journal line after which the process dies.
    dies_after: Option<usize>,
}

/// What a case came to.
#[derive(Debug)]
#[expect(dead_code, reason = "its Debug form is the message of a failure")]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) verdict: &'static str,
    pub(crate) complaints: Vec<String>,
    case: Case,
    report: Option<RunReport>,
}

impl Case {
    /// What this seed means.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let on_target = match dice.roll(10) {
            0 => Vec::new(),
            1..=4 => vec![any(&mut dice)],
            5..=7 => vec![job(&mut dice)],
            _ => vec![job(&mut dice), any(&mut dice)],
        };
        Self {
            seed,
            on_source: (dice.roll(8) == 0).then(|| any(&mut dice)),
            on_target,
            dies_after: (dice.roll(4) == 0).then(|| 2 + dice.roll(28)),
        }
    }

    /// Plays it to its end.
    pub(crate) async fn play(self) -> Outcome {
        let sim = Sim::start(
            SimConfig::new([EnvironmentConfig::dev(), EnvironmentConfig::test()])
                .with_pace(SimPace::fast().scaled(0.5)),
        )
        .await
        .unwrap();
        let (dev, test) = (sim.environment("dev"), sim.environment("test"));
        let home = tempfile::tempdir().unwrap();
        let engine = engine(&sim, home.path());
        let (package, before) = (Content::of(&dev), Content::of(&test));
        if let Some(fault) = &self.on_source {
            dev.faults().arm(fault.clone());
        }
        for fault in &self.on_target {
            test.faults().arm(fault.clone());
        }

        let mut complaints = Vec::new();
        let report = self.run(&engine, home.path()).await;
        dev.faults().clear();
        test.faults().clear();
        at_rest(&test).await;
        let truth = Truth::of(&Content::of(&test), &package, &before);
        for (environment, call, most) in [
            (&test, "backup:restoreUpload", 1),
            (&test, "backup:create", 1),
            (&dev, "backup:create", 1),
        ] {
            let received = environment.mutations(call);
            if received > most {
                complaints.push(format!("{} received {call} {received} times", environment.name()));
            }
        }
        if Content::of(&dev) != package {
            complaints.push("the source was changed".into());
        }
        let verdict = report.as_ref().and_then(|report| report.verdict);
        match (&report, verdict) {
            (None, _) if truth != Truth::Before => {
                complaints.push(format!("no run, but the target is {truth:?}"))
            }
            (None, _) => {}
            (Some(report), None) => complaints.push(format!("no verdict: {:?}", report.state)),
            (Some(_), Some(verdict)) if !fits(verdict, truth) => {
                complaints.push(format!(
                    "called {}, but the target is {truth:?}",
                    verdict.as_str()
                ));
            }
            (Some(report), Some(verdict)) => {
                if verdict.may_have_changed()
                    && let Err(complaint) = undo(&engine, &report.run, &test, &before).await
                {
                    complaints.push(complaint);
                }
            }
        }
        complaints.extend(sim.violations());
        Outcome {
            seed: self.seed,
            verdict: verdict.map_or("not planned", Verdict::as_str),
            complaints,
            case: self,
            report,
        }
    }

    /// Plans, confirms and executes; a process that dies is followed by one that takes the run up.
    async fn run(&self, engine: &Engine, home: &std::path::Path) -> Option<RunReport> {
        let request = Request::Restore {
            source: Some("dev".into()),
            target: "test".into(),
            package: PackageChoice::New,
            accepted: Vec::new(),
        };
        let plan = engine.plan(&request, &RunSecrets::default()).await.ok()?;
        let proof = Proof::Phrase(plan.phrase());
        let run = engine.confirm(plan, &proof).unwrap().run().clone();
        let execution = {
            let (engine, run) = (engine.clone(), run.clone());
            tokio::spawn(async move { engine.execute(&run, RunSecrets::default()).await })
        };
        if let Some(line) = self.dies_after {
            let journal = home
                .join("release-state/runs")
                .join(run.as_str())
                .join("journal.jsonl");
            while !execution.is_finished() && lines(&journal) < line {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            execution.abort();
        }
        // An aborted task and one that failed are the same to whoever comes after: the journal tells.
        execution.await.ok();
        if engine.run(&run).ok()?.state != RunStanding::Ended {
            engine.execute(&run, RunSecrets::default()).await.unwrap();
        }
        engine.run(&run).ok()
    }
}

fn lines(path: &std::path::Path) -> usize {
    std::fs::read(path)
        .map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
        .unwrap_or_default()
}

/// Which truths a verdict may stand for. "Unverified" and "unknown" claim nothing.
fn fits(verdict: Verdict, truth: Truth) -> bool {
    match verdict {
        Verdict::Verified | Verdict::VerifiedWithWarnings => truth == Truth::Package,
        Verdict::FailedUnchanged | Verdict::FailedReverted => truth == Truth::Before,
        Verdict::Partial | Verdict::Lost => truth == Truth::Other,
        Verdict::Unverified | Verdict::Unknown => true,
    }
}

/// Undo brings the earlier content back, as long as the application answers at all.
async fn undo(
    engine: &Engine,
    run: &RunId,
    test: &nocobase_sim::Environment,
    before: &Content,
) -> Result<(), String> {
    let request = Request::Undo {
        target: "test".into(),
        run: Some(run.clone()),
    };
    let plan = match engine.plan(&request, &RunSecrets::default()).await {
        Ok(plan) => plan,
        // Down, or without the user whose token this is: the way back is on its host, and the report says so.
        Err(release_engine::EngineError::Client(_) | release_engine::EngineError::Preflight { .. }) => {
            return Ok(());
        }
        Err(error) => return Err(format!("undo cannot be planned: {error}")),
    };
    let proof = Proof::Phrase(plan.phrase());
    let undo = engine.confirm(plan, &proof).unwrap().run().clone();
    engine
        .execute(&undo, RunSecrets::default())
        .await
        .map_err(|error| format!("undo: {error}"))?;
    at_rest(test).await;
    let report = engine.run(&undo).map_err(|error| error.to_string())?;
    if Content::of(test) == *before {
        Ok(())
    } else {
        Err(format!(
            "undo ended {:?} and did not bring the content back: {:?}",
            report.verdict, report.reasons
        ))
    }
}

/// Waits until the server has nothing more to do; one that stays down is at rest, too.
async fn at_rest(environment: &nocobase_sim::Environment) {
    let mut quiet = 0;
    let mut last = Content::of(environment);
    while quiet < 6 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let now = Content::of(environment);
        quiet = if now == last { quiet + 1 } else { 0 };
        last = now;
    }
}

fn engine(sim: &Sim, home: &std::path::Path) -> Engine {
    let environments = sim
        .environments()
        .iter()
        .map(|environment| Environment {
            name: environment.name().to_owned(),
            api_base: ApiBase::parse(&environment.url()).unwrap(),
            credentials: Credentials::Token(Secret::new(environment.token())),
            fallback: None,
            role: None,
            aliases: Vec::new(),
            origin: Origin::Settings,
        })
        .collect();
    Engine::new(EngineSettings {
        home: Home::new(home),
        environments,
        unusable: std::collections::BTreeMap::new(),
        current: Some("test".into()),
        policy: Policy::default(),
        pace: Pace {
            poll: Duration::from_millis(15),
            poll_slow: Duration::from_millis(30),
            early: Duration::from_millis(30),
            settle: Duration::from_millis(400),
            no_restart: Duration::from_millis(500),
            broken: Duration::from_millis(300),
        },
        client: ClientOptions {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            retry_pause: Duration::from_millis(20),
            ..ClientOptions::default()
        },
        runner: Vec::new(),
    })
}
