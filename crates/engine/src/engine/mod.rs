//! The verbs: what both faces call. A face reads its input, calls one of these, and shows what comes back.

mod follow;
mod guard;
mod ledger;
mod migrations;
mod packages;
mod prepare;
mod prune;
mod questions;

pub use self::follow::Follower;
pub use self::migrations::MadeRule;
pub use self::packages::PackageSummary;
pub use self::prune::{Prune, Pruned};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use nocobase_client::{Client, ClientOptions, Environment, Origin};
use release_intent::{EnvironmentRef, Known, Question, Reading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::confirm::{self, Approval, ConfirmedPlan, Proof};
use crate::document::RunDocument;
use crate::error::EngineError;
use crate::facts::{EnvironmentFacts, Facts, InDoubt, read_environment};
use crate::home::{Home, write_atomically};
use crate::ids::{PlanId, RunId};
use crate::journal::{self, Journal, Phase, Reader, Witness};
use crate::lock::TargetLock;
use crate::plan::{Plan, PlanAction, plan};
use crate::policy::Policy;
use crate::report::{RunReport, RunStanding};
use crate::request::{Request, Wanted, wanted};
use crate::run::{Pace, RunSecrets, Runner};
use crate::timeline::Timeline;
use crate::verdict::Verdict;

/// What the engine stands on; the command line reads it from files and variables.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Where things are kept.
    pub home: Home,
    /// The environments, each name once.
    pub environments: Vec<Environment>,
    /// Environments that are configured but cannot be used, with the reason.
    pub unusable: BTreeMap<String, String>,
    /// The one that is meant when none is named.
    pub current: Option<String>,
    /// The rules of the house.
    pub policy: Policy,
    /// How often and how long a run looks.
    pub pace: Pace,
    /// How the client talks.
    pub client: ClientOptions,
    /// The command that executes a run in a process of its own; the run's id is appended.
    pub runner: Vec<OsString>,
}

/// An environment as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentSummary {
    /// Its name.
    pub name: String,
    /// Its other names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where its API is.
    pub api_base: String,
    /// Whether it is the current one.
    pub current: bool,
    /// Whether only a person may confirm what overwrites it.
    pub protected: bool,
    /// Where its settings come from.
    pub origin: String,
}

/// What a sentence came to.
#[derive(Debug, Clone)]
pub enum Understood {
    /// Clear: what is wanted.
    Clear(Wanted),
    /// Not clear: what has to be asked.
    Asks(Vec<Question>),
}

/// The engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    settings: Arc<EngineSettings>,
    /// Who asks, where that is known.
    caller: Option<Arc<str>>,
}

impl Engine {
    /// An engine on these settings. Nothing is read, locked or written yet.
    pub fn new(settings: EngineSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            caller: None,
        }
    }

    /// The same engine for someone who asks over a network: their name goes into the journals of their runs.
    #[must_use]
    pub fn on_behalf_of(&self, caller: &str) -> Self {
        Self {
            settings: Arc::clone(&self.settings),
            caller: Some(caller.into()),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// The environments, in order of their names.
    pub fn environments(&self) -> Vec<EnvironmentSummary> {
        let mut list: Vec<EnvironmentSummary> = self
            .settings
            .environments
            .iter()
            .map(|environment| EnvironmentSummary {
                name: environment.name.clone(),
                aliases: environment.aliases.clone(),
                api_base: environment.api_base.to_string(),
                current: self.settings.current.as_deref() == Some(environment.name.as_str()),
                protected: self.is_protected(&environment.name),
                origin: match environment.origin {
                    Origin::NocoBaseCli => "nocobase cli",
                    Origin::Settings => "settings file",
                    Origin::Variables => "environment variables",
                    Origin::Sandbox => "sandbox",
                }
                .to_owned(),
            })
            .collect();
        list.sort_by(|one, other| one.name.cmp(&other.name));
        list
    }

    /// The configured name for a name, an alias or `@current`.
    pub fn resolve(&self, name: &str) -> Result<String, EngineError> {
        if name == EnvironmentRef::Current.as_str() {
            return self
                .settings
                .current
                .clone()
                .ok_or(EngineError::NoCurrentEnvironment);
        }
        let wanted = name.to_lowercase();
        if let Some(reason) = self.settings.unusable.get(name) {
            return Err(EngineError::BadEnvironment {
                name: name.to_owned(),
                reason: reason.clone(),
            });
        }
        let environments = &self.settings.environments;
        let called = |environment: &&Environment| {
            environment.name.to_lowercase() == wanted
                || environment
                    .aliases
                    .iter()
                    .any(|alias| alias.to_lowercase() == wanted)
        };
        let exact = environments.iter().find(|environment| environment.name == name);
        let mut alike = environments.iter().filter(called);
        let found = exact.or_else(|| alike.next());
        if let (None, Some(one), Some(other)) = (exact, found, alike.next()) {
            return Err(EngineError::BadEnvironment {
                name: name.to_owned(),
                reason: format!("{} and {} could both be meant", one.name, other.name),
            });
        }
        found
            .map(|environment| environment.name.clone())
            .ok_or_else(|| EngineError::UnknownEnvironment {
                name: name.to_owned(),
                known: self
                    .environments()
                    .into_iter()
                    .map(|environment| environment.name)
                    .collect(),
            })
    }

    /// Reads a sentence.
    pub fn read(&self, sentence: &str) -> Reading {
        release_intent::read(sentence, &self.known())
    }

    /// What a reading asks for, or what has to be asked first.
    pub fn understand(&self, reading: &Reading) -> Result<Understood, EngineError> {
        if !reading.intent.clarify.is_empty() {
            return Ok(Understood::Asks(release_intent::questions(
                reading,
                &self.known(),
            )));
        }
        wanted(&reading.intent, |side| self.resolve(side.as_str())).map(Understood::Clear)
    }

    fn known(&self) -> Known {
        Known::new(
            self.settings
                .environments
                .iter()
                .map(|environment| (environment.name.clone(), environment.aliases.clone())),
            self.settings.current.as_deref(),
        )
    }

    /// Reads the facts of one environment.
    pub async fn check_environment(&self, name: &str) -> Result<EnvironmentFacts, EngineError> {
        read_environment(&self.client(name)?).await
    }

    /// Reads facts and makes a plan, which is kept under its id. Nothing is changed on any environment.
    pub async fn plan(&self, request: &Request, secrets: &RunSecrets) -> Result<Plan, EngineError> {
        let request = self.normalised(request)?;
        let (mut facts, undoes) = Box::pin(self.read_facts(&request, secrets)).await?;
        if let Some(source) = &facts.source {
            facts.source_in_doubt = self.in_doubt(&source.api_base)?;
        }
        let policy = self.policy_for(&facts)?;
        let made = plan(&request, facts, undoes, &policy, Timestamp::now(), random())?;
        self.keep(&made)?;
        Ok(made)
    }

    /// The policy as it applies to what these facts are about.
    pub(super) fn policy_for(&self, facts: &Facts) -> Result<Policy, EngineError> {
        let mut policy = self.settings.policy.clone();
        if let Some(target) = facts.target.as_ref().map(|target| target.environment.clone()) {
            if self.is_protected(&target) {
                policy.protected.push(target.clone());
            }
            let firsts = self.verified_first(&target)?;
            let firsts = firsts.into_iter().map(|(name, _)| name).collect();
            policy.verified_first = BTreeMap::from([(target, firsts)]);
        }
        Ok(policy)
    }

    /// The last run that overwrote the server at this address, where it did not end well.
    fn in_doubt(&self, address: &str) -> Result<Option<InDoubt>, EngineError> {
        let last = journal::last_overwrite(&self.settings.home, address)?;
        Ok(last.and_then(|last| {
            let verdict = last.verdict?;
            let doubtful = matches!(verdict, Verdict::Partial | Verdict::Lost | Verdict::Unknown);
            doubtful.then_some(InDoubt {
                run: last.run,
                verdict,
            })
        }))
    }

    /// Whether whoever asks may confirm this plan: on one's own machine any, over a network their own.
    pub fn may_confirm(&self, plan: &Plan) -> bool {
        confirm::check_maker(&self.settings.home, plan, self.caller.as_deref()).is_ok()
    }

    /// The plan of that id.
    pub fn load_plan(&self, id: &str) -> Result<Plan, EngineError> {
        let not_found = || EngineError::PlanNotFound { plan: id.to_owned() };
        let plan_id = PlanId::parse(id).ok_or_else(not_found)?;
        match fs::read(self.settings.home.plan_file(&plan_id)) {
            Ok(bytes) => read_plan(&bytes, id),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(not_found()),
            Err(source) => Err(EngineError::local(format!("cannot read the plan {id}"), source)),
        }
    }

    /// A plan from a file, as `plan --out` wrote it.
    pub fn load_plan_file(&self, path: &Path) -> Result<Plan, EngineError> {
        let bytes = fs::read(path).map_err(|_| EngineError::FileNotFound {
            path: path.display().to_string(),
        })?;
        let plan = read_plan(&bytes, &path.display().to_string())?;
        match self.load_plan(plan.id.as_str()) {
            // A file does not replace the plan that was kept under its name.
            Ok(kept) if kept != plan => Err(EngineError::PlanAltered {
                plan: plan.id.to_string(),
            }),
            Ok(kept) => Ok(kept),
            Err(EngineError::PlanNotFound { .. }) => self.keep(&plan).map(|()| plan),
            Err(error) => Err(error),
        }
    }

    /// Confirms a plan. A target that another run holds, or a policy that changed, leaves the plan unused.
    pub fn confirm(&self, plan: Plan, proof: &Proof) -> Result<ConfirmedPlan, EngineError> {
        let now = Timestamp::now();
        confirm::check_maker(&self.settings.home, &plan, self.caller.as_deref())?;
        confirm::check_unused(&self.settings.home, &plan)?;
        let address = plan.locked_address().to_owned();
        if let Some(target) = plan.target() {
            TargetLock::check_free(&self.settings.home, target, &address)?;
        }
        let strength = self.guard(&plan, None, now)?;
        confirm::confirm(
            &self.settings.home,
            plan,
            strength,
            proof,
            self.caller.as_deref(),
            now,
            random(),
        )
    }

    /// A person's approval, typed at a terminal, of a plan that somebody else (an assistant) then sets going. `by` says
    /// who it was.
    pub fn approve(&self, plan: &Plan, typed: &str, by: &str) -> Result<Approval, EngineError> {
        let now = Timestamp::now();
        confirm::check_unused(&self.settings.home, plan)?;
        self.guard(plan, None, now)?;
        confirm::approve(&self.settings.home, plan, typed, by, now)
    }

    /// Starts a confirmed plan in a process of its own, which outlives this one.
    pub fn start(&self, confirmed: ConfirmedPlan, secrets: &RunSecrets) -> Result<RunId, EngineError> {
        let run = confirmed.run;
        self.spawn_runner(&run, secrets)?;
        Ok(run)
    }

    /// Takes up a run whose process died, in a new process to be followed. It never repeats a mutation.
    pub fn resume(&self, run: &RunId, secrets: &RunSecrets) -> Result<Follower, EngineError> {
        let report = self.run(run)?;
        match report.state {
            RunStanding::Interrupted | RunStanding::Created => {
                let runners = journal::read(&self.settings.home, run)?.runners;
                self.spawn_runner(run, secrets)?;
                Ok(Follower::new(Reader::new(&self.settings.home, run), runners + 1))
            }
            RunStanding::Running | RunStanding::Ended => Err(EngineError::Unsupported {
                what: format!("{run} is not interrupted"),
                instead: format!("see `nocobase-release runs show {run}`"),
            }),
        }
    }

    fn spawn_runner(&self, run: &RunId, secrets: &RunSecrets) -> Result<(), EngineError> {
        let local = |source| EngineError::local(format!("cannot start the process of {run}"), source);
        let (program, arguments) = self
            .settings
            .runner
            .split_first()
            .ok_or_else(|| local(std::io::Error::other("no command is set up for it")))?;
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.settings.home.run(run).join("runner.log"))
            .map_err(local)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(run.as_str())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log);
        // A group of its own: signals to the terminal's or the client's group do not reach it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(local)?;
        // A process that died at once took nothing from the pipe; its run is then found as never taken up.
        if let Some(mut stdin) = child.stdin.take()
            && let Err(source) = stdin.write_all(&secrets.to_pipe())
            && source.kind() != std::io::ErrorKind::BrokenPipe
        {
            return Err(local(source));
        }
        // Reaps the process, so that a long-lived server keeps no zombies.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    /// Executes a run in this process; this is what the runner's command calls.
    pub async fn execute(&self, run: &RunId, secrets: RunSecrets) -> Result<(), EngineError> {
        self.execute_seen(run, secrets, None).await
    }

    /// The same with a witness of its journal.
    pub async fn execute_seen(
        &self,
        run: &RunId,
        secrets: RunSecrets,
        witness: Option<Arc<dyn Witness>>,
    ) -> Result<(), EngineError> {
        let home = &self.settings.home;
        let Some(journal) = Journal::open(home, run)? else {
            return Err(EngineError::Locked {
                environment: run.to_string(),
                owner: "another process executes this run".into(),
            });
        };
        let state = journal.state();
        if state.phase == Phase::Ended {
            return Ok(());
        }
        let refused = if state.steps.is_empty() {
            self.guard_run(state, Timestamp::now()).err()
        } else {
            None
        };
        let plan = state.plan.clone();
        let client = |side: Option<&str>| side.map(|name| self.client(name)).transpose();
        let runner = Runner {
            home: home.clone(),
            policy: self.settings.policy.clone(),
            pace: self.settings.pace,
            secrets,
            source: client(plan.source())?,
            target: client(plan.target())?,
            verified_first: match plan.target().filter(|_| plan.action != PlanAction::Undo) {
                Some(target) => self.verified_first(target)?,
                None => Vec::new(),
            },
            plan,
            journal: Arc::new(Mutex::new(journal.seen_by(witness))),
        };
        let executed = match refused {
            Some(error) => runner.refuse(error),
            None => runner.execute().await,
        };
        let prune = self.settings.policy.keep_days.map(|days| Prune {
            days,
            verified: false,
            dry: false,
        });
        if let Some(prune) = prune
            && let Err(error) = self.prune_packages(prune)
        {
            tracing::warn!(%error, "old packages could not be removed");
        }
        executed
    }

    /// Follows a run by its journal.
    pub fn follow(&self, run: &RunId) -> Follower {
        Follower::new(Reader::new(&self.settings.home, run), 1)
    }

    /// How a run stands.
    pub fn run(&self, run: &RunId) -> Result<RunReport, EngineError> {
        let mut reader = Reader::new(&self.settings.home, run);
        reader.news()?;
        let alive = !reader.is_abandoned();
        // Its end may have been written between the two looks.
        reader.news()?;
        let broken = || EngineError::BrokenRecord {
            what: format!("the journal of {run}"),
            reason: "it is empty".into(),
        };
        reader
            .state()
            .map(|state| RunReport::new(state, alive))
            .ok_or_else(broken)
    }

    /// A run with its plan and its course, as a document.
    pub fn document(&self, run: &RunId) -> Result<RunDocument, EngineError> {
        let mut reader = Reader::new(&self.settings.home, run);
        let mut lines = reader.news()?;
        let alive = !reader.is_abandoned();
        // Its end may have been written between the two looks.
        lines.extend(reader.news()?);
        let state = reader.state().ok_or_else(|| EngineError::BrokenRecord {
            what: format!("the journal of {run}"),
            reason: "it is empty".into(),
        })?;
        Ok(RunDocument {
            report: RunReport::new(state, alive),
            plan: state.plan.clone(),
            timeline: Timeline::new(&state.plan, &lines),
        })
    }

    /// All runs, newest first; what cannot be read is left out.
    pub fn runs(&self, at_most: usize) -> Result<Vec<RunReport>, EngineError> {
        let runs = journal::list_runs(&self.settings.home)?;
        Ok(runs
            .iter()
            .filter_map(|run| self.run(run).ok())
            .take(at_most)
            .collect())
    }

    /// The run of that id; without one, the newest: over a network, the newest that whoever asks planned or started.
    pub fn find_run(&self, id: Option<&str>) -> Result<RunId, EngineError> {
        match id {
            Some(id) => RunId::parse(id)
                .filter(|run| self.settings.home.run(run).is_dir())
                .ok_or_else(|| EngineError::RunNotFound { run: id.to_owned() }),
            None => journal::list_runs(&self.settings.home)?
                .into_iter()
                .find(|run| self.is_ours(run))
                .ok_or_else(|| EngineError::NoRuns {
                    caller: self.caller.as_deref().map(Into::into),
                }),
        }
    }

    /// Whether whoever asks planned or started this run; on one's own machine every run is one's own.
    fn is_ours(&self, run: &RunId) -> bool {
        let Some(caller) = self.caller.as_deref() else {
            return true;
        };
        self.run(run).is_ok_and(|report| {
            [report.caller, report.planned_by]
                .into_iter()
                .flatten()
                .any(|name| name == caller)
        })
    }

    /// A client for an environment.
    fn client(&self, name: &str) -> Result<Client, EngineError> {
        let name = self.resolve(name)?;
        let environment = self
            .settings
            .environments
            .iter()
            .find(|environment| environment.name == name);
        let environment = environment.ok_or_else(|| EngineError::UnknownEnvironment {
            name,
            known: Vec::new(),
        })?;
        let mut options = self.settings.client.clone();
        if let Some(megabytes) = self.settings.policy.max_package_mb {
            options.package_limit = u64::from(megabytes.get()) * 1_000_000;
        }
        Ok(Client::new(environment, options)?)
    }

    fn keep(&self, plan: &Plan) -> Result<(), EngineError> {
        // Before the plan: one that is there without its maker would be nobody's.
        if let Some(caller) = &self.caller {
            confirm::keep_maker(&self.settings.home, plan, caller)?;
        }
        let bytes = serde_json::to_vec_pretty(plan)
            .map_err(|error| EngineError::local("cannot write the plan", std::io::Error::other(error)))?;
        write_atomically(&self.settings.home.plan_file(&plan.id), &bytes)
    }
}

fn read_plan(bytes: &[u8], name: &str) -> Result<Plan, EngineError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let broken = |reason: String| EngineError::BrokenRecord {
        what: format!("the plan {name}"),
        reason,
    };
    // The format before the rest: a newer plan may say things that this version cannot read.
    let Head { format } = serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
    if format > crate::plan::PLAN_FORMAT {
        return Err(broken(format!(
            "it was written by a newer version (format {format})"
        )));
    }
    let plan: Plan = serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
    if plan.compute_hash() != plan.hash {
        return Err(EngineError::PlanAltered {
            plan: name.to_owned(),
        });
    }
    Ok(plan)
}

fn random() -> u32 {
    // Names only have to differ; what they guard is guarded by the plan's hash and by files made once.
    getrandom::u32().unwrap_or_else(|_| std::process::id())
}

impl RunSecrets {
    /// For the pipe to the runner's process, and nowhere else.
    fn to_pipe(&self) -> Vec<u8> {
        let password = self
            .package_password
            .as_ref()
            .map(nocobase_client::Secret::expose);
        let variables: BTreeMap<&String, &str> = self
            .variables
            .iter()
            .map(|(name, value)| (name, value.expose()))
            .collect();
        serde_json::json!({ "package_password": password, "variables": variables })
            .to_string()
            .into_bytes()
    }

    /// From the pipe.
    pub fn from_pipe(bytes: &[u8]) -> Self {
        #[derive(Deserialize, Default)]
        struct Piped {
            package_password: Option<nocobase_client::Secret>,
            #[serde(default)]
            variables: BTreeMap<String, nocobase_client::Secret>,
        }
        let piped: Piped = serde_json::from_slice(bytes).unwrap_or_default();
        Self {
            package_password: piped.package_password,
            variables: piped.variables,
        }
    }
}
