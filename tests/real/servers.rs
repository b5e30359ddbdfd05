//! The two servers as the tests reach them: through the binary, through their script, and on
//! their disk. Their API is in `server`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use release_tests::Done;
use serde_json::Value;

use crate::hooks::Hook;
pub(crate) use crate::server::Server;
use crate::tool::{Started, Tool};
use crate::truth::{Postgres, Truth};

/// Both servers, while it is this test's turn.
pub(crate) struct Real {
    pub(crate) dev: Server,
    pub(crate) test: Server,
    pub(crate) postgres: Postgres,
    pub(crate) tool: Tool,
    description: Value,
    spoiled: PathBuf,
    _turn: File,
}

impl Real {
    /// Waits for this test's turn, and for both servers to hold a collection `orders`.
    pub(crate) async fn take_turn() -> Self {
        let path = std::env::var("NOCOBASE_REAL").expect("NOCOBASE_REAL: run this by tests/real/servers run");
        let description: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let turn = File::create(Path::new(&path).with_extension("turn")).unwrap();
        turn.lock().unwrap();
        let spoiled = Path::new(&path).with_extension("spoiled");
        if spoiled.exists() {
            control(&description, &["reset", "test"]).expect(0);
            std::fs::remove_file(&spoiled).unwrap();
        }
        let dev = Server::reach(&description["dev"]).await;
        let test = Server::reach(&description["test"]).await;
        dev.ensure_orders().await;
        test.ensure_orders().await;
        let mut real = Self {
            dev,
            test,
            postgres: Postgres::new(&description["postgres"]),
            tool: Tool::new(),
            description,
            spoiled,
            _turn: turn,
        };
        real.tool = real.another_tool();
        real
    }

    /// Says that this test may leave test in a state that is nobody else's business: the next one begins afresh.
    pub(crate) fn may_spoil_test(&self) {
        std::fs::write(&self.spoiled, "").unwrap();
    }

    /// The tool with another home, as the administrator of both.
    pub(crate) fn another_tool(&self) -> Tool {
        let mut tool = Tool::new();
        for (name, server) in [("DEV", &self.dev), ("TEST", &self.test)] {
            tool.set_environment(name, "URL", &server.url);
            tool.set_environment(name, "ACCOUNT", &server.account);
            tool.set_environment(name, "PASSWORD", &server.password);
        }
        tool
    }

    pub(crate) fn home(&self) -> &Path {
        self.tool.home()
    }

    /// The binary, set up for both servers.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.tool.command(arguments)
    }

    /// Runs the binary to its end and expects this exit code.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> Done {
        self.tool.run(arguments, code)
    }

    /// The same, with `--json`.
    #[track_caller]
    pub(crate) fn report(&self, arguments: &[&str], code: i32) -> Value {
        self.tool.report(arguments, code)
    }

    /// Starts a command that starts a run.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        self.tool.start(arguments)
    }

    /// The same, with another token for test.
    #[track_caller]
    pub(crate) fn run_as(&self, token: &str, arguments: &[&str], code: i32) -> Done {
        let mut command = self.tool.command(arguments);
        command.env("NOCOBASE_RELEASE_ENV_TEST_TOKEN", token);
        Done::new(command.output().unwrap()).expect(code)
    }

    /// Calls the script that started the servers.
    #[track_caller]
    pub(crate) fn control(&self, arguments: &[&str]) -> Done {
        control(&self.description, arguments).expect(0)
    }

    /// What the database of dev or test really holds.
    #[track_caller]
    pub(crate) fn truth(&self, environment: &str) -> Truth {
        self.postgres.truth(environment)
    }

    /// What happens to the next call of pg_dump or pg_restore by test, if its arguments fit.
    pub(crate) fn hook(&self, program: &'static str, fits: &str, then: &str) -> Hook {
        let folder = Path::new(self.description["dir"].as_str().unwrap()).join("test-hooks");
        Hook::set(folder, program, fits, then)
    }

    /// A folder or file of a server.
    pub(crate) fn place(&self, environment: &str, path: &str) -> PathBuf {
        Path::new(self.description[environment]["dir"].as_str().unwrap()).join(path)
    }

    /// The process of a server's application: another one once it has died.
    pub(crate) fn application(&self, environment: &str) -> String {
        let mark = format!("NOCOBASE_REAL_SERVER={}", self.place(environment, "").display());
        let mark = mark.trim_end_matches('/');
        let read = |process: &Path, file: &str| {
            let bytes = std::fs::read(process.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let processes = std::fs::read_dir("/proc")
            .unwrap()
            .map(|process| process.unwrap().path());
        let found = processes
            .filter(|process| read(process, "cmdline").starts_with("node "))
            .find(|process| {
                let environment = read(process, "environ");
                environment.split('\0').any(|variable| variable == mark)
                    && read(process, "cmdline").contains("@nocobase/app/lib/index.js")
            });
        found.expect("a running application").display().to_string()
    }

    /// How many uploads a server's own log tells of, refused ones included.
    pub(crate) fn uploads(&self, environment: &str) -> usize {
        self.logged(environment, |request| request == "POST /api/backup:restoreUpload")
    }

    /// How many requests of a kind, method and path, a server's own log tells of, refused ones included.
    pub(crate) fn logged(&self, environment: &str, fits: impl Fn(&str) -> bool) -> usize {
        let folder = self.place(environment, "storage/logs/main");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        let requests = files.filter(|file| {
            file.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("request_")
        });
        let count = |file: PathBuf| {
            let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
            let told = text
                .split("\"request ")
                .skip(1)
                .filter_map(|rest| rest.split('"').next());
            told.filter(|request| fits(request)).count()
        };
        requests.map(count).sum()
    }

    /// The file that a report calls the safety backup, brought back on the host of test as the report says.
    pub(crate) async fn follow_host_route(&self, report: &Value) {
        let next: Vec<&str> = report["next"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let file = report["safety_backup"]["path"].as_str().unwrap();
        let says = |words: &[&str]| {
            next.iter()
                .any(|line| words.iter().all(|word| line.contains(word)))
        };
        assert!(says(&[file, "yarn nocobase restore"]), "{next:?}");
        assert!(
            says(&["restart", "yarn nocobase upgrade --skip-code-update"]),
            "{next:?}"
        );
        self.control(&["exec", "test", "yarn", "nocobase", "restore", file]);
        self.control(&["restart", "test"]);
        self.control(&[
            "exec",
            "test",
            "yarn",
            "nocobase",
            "upgrade",
            "--skip-code-update",
        ]);
        self.test.until_up().await;
    }

    /// Restores a file with NocoBase's own command line.
    pub(crate) fn official_restore(&self, environment: &str, file: &str) -> Done {
        let server = if environment == "test" {
            &self.test
        } else {
            &self.dev
        };
        let nb = |arguments: &[&str]| {
            let words: Vec<&str> = self.description["nb"]["command"]
                .as_array()
                .unwrap()
                .iter()
                .map(|word| word.as_str().unwrap())
                .collect();
            let mut command = Command::new(words[0]);
            command
                .args(&words[1..])
                .args(arguments)
                .env("NB_CLI_ROOT", self.tool.home());
            for (name, value) in self.description["nb"]["env"].as_object().unwrap() {
                command.env(name, value.as_str().unwrap());
            }
            Done::new(command.stdin(std::process::Stdio::null()).output().unwrap())
        };
        let added = [
            "env",
            "add",
            environment,
            "--api-base-url",
            &server.url,
            "--auth-type",
            "token",
            "--access-token",
            &server.token,
        ];
        nb(&added).expect(0);
        nb(&["backup", "restore", "--file", file, "--force"])
    }
}

fn control(description: &Value, arguments: &[&str]) -> Done {
    let done = Command::new(description["control"].as_str().unwrap())
        .args(arguments)
        .env("NOCOBASE_REAL_DIR", description["dir"].as_str().unwrap())
        .stdin(std::process::Stdio::null())
        .output();
    Done::new(done.unwrap())
}

impl Drop for Real {
    /// A test that failed may have stopped anywhere: the next one begins afresh.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.may_spoil_test();
        }
    }
}
