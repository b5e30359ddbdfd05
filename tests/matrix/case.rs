//! One case from its first request to its way back, and what is wrong with it.
//!
//! The run that is struck is judged against the simulation's data; what it sent is counted; then it is taken back, by
//! an undo where the server answers, else on the server's host as the report says, and the data must be as before.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nocobase_client::Secret;
use nocobase_sim::{Environment, EnvironmentConfig, Fault, FaultKind, Pace, Sim, SimConfig};
use release_engine::journal::{self, RunState};
use release_engine::{
    Engine, EngineError, Home, PackageChoice, Proof, Request, RuleChoice, RunId, RunReport, RunSecrets,
    RunStanding, StepName, Verdict,
};
use release_tests::{first_secret, written};

use crate::cells::Row;
use tempfile::TempDir;

use crate::clock::{self, BEAT};
use crate::faults::{Behaviour, Column};
use crate::onlooker::{Onlooker, Sides};
use crate::plot::{Death, From, Journey, Plot, Shape, When};
use crate::stage::{addresses, engine, home};
use crate::truth::{Content, Truth, is_compared};

/// What servers still do is waited for so long; only what hangs takes all of it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Processes that may take a run up before it must have ended.
const PROCESSES: usize = 5;
/// What a migration's target lacks, and is given.
const VARIABLE: &str = "API_KEY";

/// What an undisturbed migration makes of test.
static MIGRATED: OnceLock<Content> = OnceLock::new();

/// Migrates once undisturbed, for comparison; outside of any case's time.
pub(crate) fn migrate_undisturbed() {
    MIGRATED.get_or_init(|| {
        clock::in_its_own_time(async {
            let plot = Plot {
                journey: Journey::Migrate,
                ..Plot::default()
            };
            let (case, _sim, _home) = Case::open(&plot).await;
            let (dev, test) = (&case.sides.source, &case.sides.target);
            let users = test.rows("users");
            let plan = case.engine.plan(&case.request(&plot), &secrets()).await.unwrap();
            let proof = Proof::Phrase(plan.phrase());
            let run = case.engine.confirm(plan, &proof).unwrap().run().clone();
            case.engine.execute(&run, secrets()).await.unwrap();
            assert_eq!(test.rows("orders"), dev.rows("orders"));
            assert_eq!(test.rows("workflows"), dev.rows("workflows"));
            assert_eq!(test.rows("users"), users);
            Content::of(test)
        })
    });
}

fn secrets() -> RunSecrets {
    RunSecrets {
        variables: [(VARIABLE.to_owned(), Secret::new("of test"))].into(),
        ..RunSecrets::default()
    }
}

/// Makes dev differ from test as the shape says.
fn take_shape(shape: Shape, dev: &Environment, test: &Environment) {
    match shape {
        Shape::More => {}
        Shape::Fewer => {
            let few = test.rows("orders").into_iter().take(3).collect();
            dev.set_rows("orders", few);
            dev.set_rows("products", Vec::new());
        }
        Shape::Alike => {
            for table in test.counts().into_keys().filter(|table| is_compared(table)) {
                dev.set_rows(&table, test.rows(&table));
            }
            let mut orders = test.rows("orders");
            for order in orders.iter_mut().filter_map(serde_json::Value::as_object_mut) {
                order.insert("note".into(), "as dev has it".into());
            }
            dev.set_rows("orders", orders);
        }
    }
}

/// What a case came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: &'static str,
    pub(crate) way_back: &'static str,
    pub(crate) complaints: Vec<String>,
    pub(crate) hit: Vec<(Row, Column)>,
    pub(crate) runs: usize,
    pub(crate) deaths: usize,
    /// Lines of the journal of the run that was struck.
    pub(crate) lines: u64,
    pub(crate) report: Option<RunReport>,
}

/// Plays a plot to its end.
pub(crate) async fn play(plot: &Plot) -> Outcome {
    let (mut case, sim, home) = Case::open(plot).await;
    case.play(plot).await;
    case.outcome.complaints.extend(sim.violations());
    let tokens: Vec<String> = addresses(&sim).into_iter().map(|[.., token]| token).collect();
    if let Some(secret) = first_secret(&written(home.path()), &tokens) {
        case.complain(format!("{secret} was written down"));
    }
    case.outcome
}

struct Case {
    engine: Engine,
    home: Home,
    sides: Sides,
    outcome: Outcome,
}

impl Case {
    /// The environments and the engine of a case; they last as long as simulation and home.
    async fn open(plot: &Plot) -> (Self, Sim, TempDir) {
        let dev = match plot.journey {
            Journey::Restore | Journey::Undo => EnvironmentConfig::dev(),
            Journey::Migrate => plot.behaviour.configure(EnvironmentConfig::dev()),
        };
        let test = plot.behaviour.configure(EnvironmentConfig::test());
        let sim = Sim::start(SimConfig::new([dev, test]).with_pace(Pace::fast().scaled(4.0)))
            .await
            .unwrap();
        if plot.journey == Journey::Migrate {
            let row = serde_json::json!({"name": VARIABLE, "type": "secret", "value": "of dev"});
            let row = row.as_object().unwrap().clone();
            sim.environment("dev").add_row("environmentVariables", row);
        }
        take_shape(plot.shape, &sim.environment("dev"), &sim.environment("test"));
        let home = home();
        let case = Case {
            engine: engine(addresses(&sim), home.path(), plot.rolls_back),
            home: Home::new(home.path()),
            sides: Sides {
                source: sim.environment(match plot.from {
                    From::Dev => "dev",
                    From::Itself => "test",
                }),
                target: sim.environment("test"),
            },
            outcome: Outcome {
                verdict: "not planned",
                way_back: "not needed",
                complaints: Vec::new(),
                hit: Vec::new(),
                runs: 0,
                deaths: 0,
                lines: 0,
                report: None,
            },
        };
        (case, sim, home)
    }

    fn request(&self, plot: &Plot) -> Request {
        let (source, target) = (Some(self.sides.source.name().into()), "test".into());
        match plot.journey {
            Journey::Migrate => Request::Migrate {
                source,
                target,
                rule: RuleChoice::Global {
                    user: "overwrite".into(),
                    system: "overwrite-first".into(),
                },
                package: PackageChoice::New,
                skip_server_backup: false,
                accepted: Vec::new(),
            },
            Journey::Restore | Journey::Undo => Request::Restore {
                source,
                target,
                package: PackageChoice::New,
                accepted: Vec::new(),
            },
        }
    }

    fn complain(&mut self, text: impl Into<String>) {
        self.outcome.complaints.push(text.into());
    }

    async fn play(&mut self, plot: &Plot) {
        let target = self.sides.target.clone();
        let brings = self.request(plot);
        let source = Content::of(&self.sides.source);
        let earlier = Content::of(&target);
        let (request, package) = match plot.journey {
            Journey::Restore => (brings, source.clone()),
            Journey::Migrate => (brings, MIGRATED.get().unwrap().clone()),
            Journey::Undo => {
                self.travel(&brings, &Plot::default()).await;
                // Not by its verdict, which is a weak one where the server shows no log or was not loaded anew.
                if Content::of(&target) != source {
                    return self.complain("there is nothing to be undone");
                }
                self.outcome.hit.clear();
                let undo = Request::Undo {
                    target: "test".into(),
                    run: None,
                };
                (undo, earlier)
            }
        };
        let before = Content::of(&target);
        plot.behaviour.arm(&target, plot.journey);
        let report = self.travel(&request, plot).await;
        let truth = Truth::of(&target, &package, &before);
        if plot.from == From::Dev && Content::of(&self.sides.source).without_rules() != source.without_rules()
        {
            self.complain("the source was changed");
        }
        match &report {
            None if !truth.is_before => self.complain(format!("no run, but the target is {truth:?}")),
            None => {}
            Some(report) => self.judge(report, truth, &before, plot).await,
        }
        self.outcome.report = report;
    }

    /// The verdict against the truth, and the way back.
    async fn judge(&mut self, report: &RunReport, truth: Truth, before: &Content, plot: &Plot) {
        let Some(verdict) = report.verdict else {
            return self.complain(format!("no verdict: {:?}", report.state));
        };
        self.outcome.verdict = verdict.as_str();
        if !truth.bears(verdict) {
            self.complain(format!(
                "called {}, but the target is {truth:?}",
                verdict.as_str()
            ));
        }
        let must_lead_on = matches!(
            verdict,
            Verdict::Partial | Verdict::Lost | Verdict::Unknown | Verdict::Unverified
        );
        if must_lead_on && report.next.is_empty() {
            self.complain("no command that leads on");
        }
        if verdict.may_have_changed() {
            self.take_back(report, truth, before, plot).await;
        }
    }

    async fn take_back(&mut self, report: &RunReport, truth: Truth, before: &Content, plot: &Plot) {
        let target = self.sides.target.clone();
        let undo = Request::Undo {
            target: "test".into(),
            run: Some(report.run.clone()),
        };
        let planned = self.engine.plan(&undo, &secrets()).await;
        match planned {
            Ok(_) => {
                let undone = self.travel(&undo, &Plot::default()).await;
                let verdict = undone.as_ref().and_then(|report| report.verdict);
                self.outcome.way_back = "undo";
                let weak = match plot.behaviour {
                    Behaviour::Hangs => true,
                    // Tables that no backup holds stay away, so that a collection of them cannot be counted.
                    Behaviour::SkipsUpgrade => verdict == Some(Verdict::Unverified),
                    _ => false,
                };
                if !verdict.is_some_and(Verdict::is_good) && !weak {
                    let reasons = undone.map(|report| report.reasons);
                    self.complain(format!("the undo ended {verdict:?}: {reasons:?}"));
                }
            }
            Err(EngineError::Client(_) | EngineError::Preflight { .. }) if !truth.is_usable() => {
                self.outcome.way_back = "on the host";
                let state = self.state(&report.run);
                let Some(safe) = state.safety_backup() else {
                    return self.complain("there is no safety backup");
                };
                let path = safe.path.display().to_string();
                if !report.next.iter().any(|command| command.contains(&path)) {
                    self.complain(format!("the way back is not named: {:?}", report.next));
                }
                if !target.restore_on_host(&std::fs::read(&safe.path).unwrap()) {
                    self.complain("the safety backup cannot be loaded");
                }
            }
            Err(error) => self.complain(format!("the undo cannot be planned: {error}")),
        }
        if Content::of(&target) != *before {
            self.complain("the way back did not bring the content back");
        }
    }

    fn state(&self, run: &RunId) -> RunState {
        journal::read(&self.home, run).unwrap()
    }

    /// Plans, confirms and executes, by as many processes as it takes; leaves a simulation at rest without faults.
    async fn travel(&mut self, request: &Request, plot: &Plot) -> Option<RunReport> {
        let sent = self.sent();
        let planning = Onlooker::new(&self.sides, plot.journey, &plot.strikes, None);
        planning.begin(When::Planning);
        let planned = self.engine.plan(request, &secrets()).await;
        self.outcome.hit.extend(planning.over().0);
        let report = match planned {
            Ok(plan) => {
                let proof = Proof::Phrase(plan.phrase());
                let run = self.engine.confirm(plan, &proof).unwrap().run().clone();
                self.outcome.runs += 1;
                self.execute(&run, plot).await;
                Some(self.engine.run(&run).unwrap())
            }
            Err(_) => None,
        };
        for environment in [&self.sides.source, &self.sides.target] {
            environment.faults().clear();
            environment.settle(PATIENCE).await;
        }
        let rolled_back = report
            .as_ref()
            .is_some_and(|report| self.state(&report.run).began(StepName::RollBack));
        if rolled_back && !plot.rolls_back {
            self.complain("rolled back although nobody said so");
        }
        for ((side, call, then), (_, _, now)) in sent.into_iter().zip(self.sent()) {
            let most = match (call, plot.journey) {
                ("backup:restoreUpload", Journey::Migrate) => usize::from(rolled_back),
                ("backup:restoreUpload", _) => 1 + usize::from(rolled_back),
                _ => 1,
            };
            if now - then > most {
                self.complain(format!("{side} received {call} {} times", now - then));
            }
        }
        report
    }

    /// How often each side has received each call that changes something.
    fn sent(&self) -> Vec<(String, &'static str, usize)> {
        const CALLS: [&str; 10] = [
            "backup:create",
            "backup:restoreUpload",
            "migrationRule:create",
            "migrationRules:create",
            "migration:create",
            "migrationFiles:create",
            "migrationFiles:runTask",
            "migration:execute",
            "environmentVariables:create",
            "environmentVariables:destroy",
        ];
        let sides = [&self.sides.source, &self.sides.target];
        let of = |side: &Environment, call| (side.name().to_owned(), call, side.mutations(call));
        sides
            .into_iter()
            .flat_map(|side| CALLS.map(|call| of(side, call)))
            .collect()
    }

    async fn execute(&mut self, run: &RunId, plot: &Plot) {
        let mut deaths = plot.deaths.iter();
        let mut said = None;
        for _ in 0..PROCESSES {
            let death = deaths.next();
            let onlooker = Arc::new(Onlooker::new(
                &self.sides,
                plot.journey,
                &plot.strikes,
                death.cloned(),
            ));
            let executing = {
                let (engine, run, onlooker) = (self.engine.clone(), run.clone(), Arc::clone(&onlooker));
                tokio::spawn(async move { engine.execute_seen(&run, secrets(), Some(onlooker)).await })
            };
            if let Some(Death::InFlight { side, call, step }) = death {
                self.kill_in_flight(*side, call, &executing).await;
                onlooker.died_during(*step);
            }
            match executing.await {
                Ok(ended) => said = ended.err(),
                Err(_) => self.outcome.deaths += 1,
            }
            let (hit, lines) = onlooker.over();
            self.outcome.hit.extend(hit);
            self.outcome.lines = lines;
            // The system closes a dead process's connections at once; here they take a moment.
            tokio::time::sleep(5 * BEAT).await;
            if self.engine.run(run).unwrap().state == RunStanding::Ended {
                return;
            }
        }
        self.complain(format!("the run does not end: {said:?}"));
    }

    /// Ends the executing process when the server has received a call and not yet done what it asks for.
    async fn kill_in_flight<T>(
        &self,
        side: crate::plot::Side,
        call: &str,
        executing: &tokio::task::JoinHandle<T>,
    ) {
        let faults = self.sides.get(side).faults();
        let slow = FaultKind::Slow(60 * BEAT);
        let number = faults.arm(Fault::new(call, slow));
        while faults.hits(number) == 0 && !executing.is_finished() {
            tokio::time::sleep(BEAT).await;
        }
        tokio::time::sleep(20 * BEAT).await;
        executing.abort();
    }
}
