//! A stage: simulated environments, a home, and the binary set up for them as a user would set it up.

use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use nocobase_sim::{Environment, Sim, SimConfig};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::binary::{Done, binary};
use crate::secrets::{first_secret, written};

/// Simulated environments and a home of its own.
pub struct Stage {
    /// The simulation.
    pub sim: Sim,
    home: TempDir,
    secrets: Mutex<Vec<String>>,
}

impl Stage {
    /// dev, test and prod, at the pace of tests; the current environment is test.
    pub async fn new() -> Self {
        Self::with(SimConfig::sandbox()).await
    }

    /// The environments of this configuration.
    pub async fn with(config: SimConfig) -> Self {
        let sim = Sim::start(config).await.expect("the simulation starts");
        let stage = Self {
            sim,
            home: tempfile::tempdir().expect("a home"),
            secrets: Mutex::default(),
        };
        // What a JWT of NocoBase begins with, whoever it belongs to.
        stage.secret("eyJhbGciOi");
        for environment in stage.sim.environments() {
            stage.secret(&environment.token());
            stage.secret(environment.password());
        }
        stage.settings("", |environment| format!("token = {:?}", environment.token()));
        stage
    }

    /// Writes the settings file anew: extra tables, and credentials for each environment.
    pub fn settings(&self, extra: &str, credentials: impl Fn(&Environment) -> String) {
        let mut text = String::from(
            "current = \"test\"\n[pace]\npoll = 40\npoll-slow = 80\nearly = 80\nsettle = 600\nno-restart = 900\nbroken = 500\n",
        );
        text.push_str(extra);
        for environment in self.sim.environments() {
            let (name, url) = (environment.name(), environment.url());
            text.push_str(&format!(
                "\n[environments.{name}]\nurl = {url:?}\n{}\n",
                credentials(environment)
            ));
        }
        std::fs::write(self.home().join("release.toml"), text).expect("the settings are written");
    }

    /// The home's folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// One environment.
    pub fn environment(&self, name: &str) -> Environment {
        self.sim.environment(name)
    }

    /// The binary, set up for this stage and nothing else of this machine.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NOCOBASE_RELEASE_HOME", self.home())
            .env("NB_CLI_ROOT", self.home())
            .current_dir(self.home())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs the binary to its end. Whatever the journey, no secret is said.
    pub async fn run(&self, arguments: &[&str]) -> Done {
        let done = Done::new(self.command(arguments).output().await.expect("the binary runs"));
        self.assert_holds_no_secret("said", &format!("{}{}", done.stdout, done.stderr));
        done
    }

    /// Runs the binary on a terminal of its own (util-linux `script`), where grace types these lines.
    pub async fn at_a_terminal(&self, arguments: &str, typed: &str) -> Done {
        let mut child = Command::new("script")
            .args([
                "-qec",
                &format!("{} {arguments}", binary().display()),
                "/dev/null",
            ])
            .env("NOCOBASE_RELEASE_HOME", self.home())
            .env("NB_CLI_ROOT", self.home())
            .env("USER", "grace")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("util-linux has script");
        let mut terminal = child.stdin.take().expect("a pipe");
        terminal
            .write_all(format!("{typed}\n").as_bytes())
            .await
            .expect("the terminal takes what is typed");
        let done = Done::new(child.wait_with_output().await.expect("the binary runs"));
        drop(terminal);
        self.assert_holds_no_secret("said at a terminal", &format!("{}{}", done.stdout, done.stderr));
        done
    }

    /// Something that must never be said or written down.
    pub fn secret(&self, secret: &str) {
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(secret.to_owned());
    }

    /// Asserts that a text holds no secret, as it is or encoded.
    #[track_caller]
    pub fn assert_holds_no_secret(&self, how: &str, text: &str) {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(first_secret(text, secrets.iter()), None, "{how}");
    }

    /// Runs the binary with `--json` and gives the run's report.
    pub async fn report(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        self.run(&all).await.expect(code).json()
    }

    /// A genuine package of an environment's present content, as a file.
    pub fn package_file(&self, environment: &str, name: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::write(&path, self.environment(environment).package(None)).expect("the package is written");
        path
    }

    /// Asserts that nothing was sent that NocoBase does not know.
    #[track_caller]
    pub fn assert_no_violation(&self) {
        let violations = self.sim.violations();
        assert!(violations.is_empty(), "{violations:#?}");
    }

    /// How many requests that change something an environment has received.
    pub fn changes(&self, environment: &str) -> usize {
        self.environment(environment)
            .requests()
            .iter()
            .filter(|request| request.mutation)
            .count()
    }

    /// Everything that the tool wrote under the home.
    pub fn written(&self) -> String {
        written(self.home())
    }
}

/// Whatever the journey, no secret is written into plans, journals, locks, logs or reports.
impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_holds_no_secret("written", &self.written());
        }
    }
}

/// The same package with its `data` cut in half and everything else right, checksums included.
pub fn truncate_data(package: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).expect("a package is a zip");
    let mut cut = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("an entry's content");
        let name = entry.name().expect("an entry's name").into_owned();
        if name == "data" {
            content.truncate(content.len() / 2);
        }
        cut.start_file(name, zip::write::SimpleFileOptions::default())
            .expect("an entry");
        cut.write_all(&content).expect("an entry's content");
    }
    cut.finish().expect("a zip").into_inner()
}
