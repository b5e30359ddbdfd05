//! The binary under test with a home of its own: run to its end, or started, followed by its journal and killed.
//! What a run came to on the servers is read elsewhere.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use release_tests::{Done, binary, first_secret, written};
use serde_json::Value;
use tempfile::TempDir;

/// Waits until a condition holds; the limit is only there for a test that hangs.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..4800 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("waited two minutes for: {what}");
}

/// One home, and the environments in its variables.
pub(crate) struct Tool {
    home: TempDir,
    variables: Vec<(String, String)>,
    /// What is never said or written, whatever the journey.
    secrets: Vec<String>,
}

impl Tool {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            variables: vec![("NOCOBASE_RELEASE_CURRENT".into(), "test".into())],
            secrets: Vec::new(),
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Sets a variable, or takes it away with an empty value.
    pub(crate) fn set(&mut self, variable: &str, value: &str) {
        self.variables.retain(|(name, _)| name != variable);
        self.variables.push((variable.into(), value.into()));
    }

    /// The same with a value that nobody may see.
    pub(crate) fn set_secret(&mut self, variable: &str, value: &str) {
        self.secrets.push(value.into());
        self.set(variable, value);
    }

    /// The same for a field of an environment: `URL`, `ACCOUNT`, `PASSWORD`, `TOKEN`, `ROLE`.
    pub(crate) fn set_environment(&mut self, name: &str, field: &str, value: &str) {
        let variable = format!("NOCOBASE_RELEASE_ENV_{name}_{field}");
        match field {
            "PASSWORD" | "TOKEN" => self.set_secret(&variable, value),
            _ => self.set(&variable, value),
        }
    }

    /// Writes the settings file.
    pub(crate) fn settings(&self, text: &str) {
        std::fs::write(self.home().join("release.toml"), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NOCOBASE_RELEASE_HOME", self.home())
            .env("NB_CLI_ROOT", self.home())
            .stdin(Stdio::null())
            .current_dir(self.home());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    /// Runs it to its end and expects this exit code.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> Done {
        let done = Done::new(self.command(arguments).output().unwrap());
        assert_says_no_secret(&done, &self.secrets);
        done.expect(code)
    }

    /// The same, with `--json`.
    #[track_caller]
    pub(crate) fn report(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        self.run(&all, code).json()
    }

    /// Starts a command that starts a run, and waits for nothing.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        let known = self.runs();
        let mut all = vec!["--json"];
        all.extend(arguments);
        let mut command = self.command(&all);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Started {
            folder: self.home().join("release-state/runs"),
            known,
            child: child.unwrap(),
            secrets: self.secrets.clone(),
        }
    }

    fn runs(&self) -> Vec<PathBuf> {
        runs_in(&self.home().join("release-state/runs"))
    }
}

/// Whatever the journey, no secret is written into plans, journals, locks, logs or reports.
impl Drop for Tool {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(
                first_secret(&written(self.home()), &self.secrets),
                None,
                "written"
            );
        }
    }
}

#[track_caller]
fn assert_says_no_secret(done: &Done, secrets: &[String]) {
    let said = format!("{}{}", done.stdout, done.stderr);
    assert_eq!(first_secret(&said, secrets), None, "said");
}

fn runs_in(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder);
    found
        .map(|runs| runs.map(|run| run.unwrap().path()).collect())
        .unwrap_or_default()
}

/// A command on its way, and the run that it started.
pub(crate) struct Started {
    folder: PathBuf,
    known: Vec<PathBuf>,
    child: Child,
    secrets: Vec<String>,
}

impl Started {
    fn journal(&self) -> Vec<Value> {
        let run = runs_in(&self.folder)
            .into_iter()
            .find(|run| !self.known.contains(run));
        let text = run.and_then(|run| std::fs::read_to_string(run.join("journal.jsonl")).ok());
        text.unwrap_or_default()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// The run's name, once it has one.
    pub(crate) fn run(&self) -> String {
        let journal = self.journal();
        let created = journal.iter().find(|line| line["event"] == "run_created");
        created.unwrap()["run"].as_str().unwrap().to_owned()
    }

    /// How many lines tell of this event.
    pub(crate) fn events(&self, event: &str) -> usize {
        let journal = self.journal();
        journal.iter().filter(|line| line["event"] == event).count()
    }

    /// Whether a step of this name began.
    pub(crate) fn began(&self, step: &str) -> bool {
        self.journal()
            .iter()
            .any(|line| line["event"] == "step_started" && line["step"] == step)
    }

    /// Ends the process that executes the run, at once, and says what the command made of that.
    pub(crate) fn kill_runner(self) -> Done {
        let journal = self.journal();
        let runner = journal.iter().rfind(|line| line["event"] == "runner_started");
        let pid = runner.unwrap()["pid"].to_string();
        let killed = Command::new("kill").args(["-9", &pid]).status().unwrap();
        assert!(killed.success(), "the run's process was there");
        self.end()
    }

    /// Waits for the command's end.
    pub(crate) fn end(self) -> Done {
        let done = Done::new(self.child.wait_with_output().unwrap());
        assert_says_no_secret(&done, &self.secrets);
        done
    }
}
