//! What the official clients need: their packages, installed once beside the build, and a server to talk to.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use release_tests::{Done, Stage, binary, workspace};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

/// The caller whose token is used.
pub(crate) const CALLER: &str = "tester";
pub(crate) const TOKEN: &str = "a-token-for-tests-and-nothing-else";

/// A virtual environment with the pinned Python SDK.
pub(crate) fn python() -> PathBuf {
    let requirements = workspace().join("tests/mcp-clients/requirements.txt");
    let folder = once("mcp-clients-venv", &requirements, |venv| {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv));
        // A download may be tried again; what is installed is pinned.
        let mut install = Command::new(venv.join("bin/python"));
        run(install
            .args(["-m", "pip", "install", "-q", "--retries", "5", "-r"])
            .arg(&requirements));
    });
    folder.join("bin/python")
}

/// The npm packages of the MCP clients, with their scripts left out and a Node that is new enough for all of them.
pub(crate) fn node() -> Node {
    packages("mcp-clients-node", "tests/mcp-clients/node")
}

/// NocoBase's own command line with the Node that it needs.
pub(crate) fn nb() -> Node {
    packages("nb-node", "tests/nb")
}

/// What a folder's `package.json` names and its `package-lock.json` pins.
fn packages(name: &str, source: &str) -> Node {
    let source = workspace().join(source);
    let folder = once(name, &source.join("package-lock.json"), |folder| {
        std::fs::create_dir_all(folder).unwrap();
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(source.join(file), folder.join(file)).unwrap();
        }
        let install = [
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--fetch-retries=5",
        ];
        run(Command::new("npm").args(install).current_dir(folder));
    });
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let program = folder.join(format!("node_modules/node-linux-{architecture}/bin/node"));
    Node { folder, program }
}

pub(crate) struct Node {
    folder: PathBuf,
    program: PathBuf,
}

impl Node {
    /// A command of this Node; scripts of ours find the packages because they are run from a copy beside them.
    pub(crate) fn script(&self, name: &str) -> tokio::process::Command {
        let ours = workspace().join("tests/mcp-clients/node").join(name);
        let copy = self.folder.join(name);
        let text = std::fs::read(ours).unwrap();
        if std::fs::read(&copy).ok() != Some(text.clone()) {
            // Complete or not there: several tests do this at the same time.
            let part = copy.with_extension(format!("{}.part", std::process::id()));
            std::fs::write(&part, text).unwrap();
            std::fs::rename(&part, &copy).unwrap();
        }
        self.command(&copy)
    }

    /// A program of one of the packages.
    pub(crate) fn package(&self, path: &str) -> tokio::process::Command {
        self.command(&self.folder.join("node_modules").join(path))
    }

    fn command(&self, script: &Path) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command.arg(script).kill_on_drop(true);
        command
    }
}

/// A folder beside the build that is made anew when the file that pins its content has changed.
fn once(name: &str, pins: &Path, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = binary().parent().unwrap().join(name);
    let marker = folder.join("made-from");
    let wanted = std::fs::read(pins).unwrap();
    // Tests run in processes of their own, and one of them makes it for all.
    let lock = std::fs::File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if std::fs::read(&marker).ok() != Some(wanted.clone()) {
        make(&folder);
        std::fs::write(&marker, wanted).unwrap();
    }
    folder
}

pub(crate) fn run(command: &mut Command) {
    let done = Done::new(command.output().unwrap());
    assert_eq!(done.code, 0, "{command:?}: {}", done.stderr);
}

/// A server that listens, until it is dropped.
pub(crate) struct Served {
    pub(crate) process: Child,
    pub(crate) url: String,
}

/// Reads where a server listens from what it says when it begins.
pub(crate) async fn listening(mut command: tokio::process::Command) -> Served {
    let mut process = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(url) = line.strip_prefix("MCP over HTTP: ") {
            let url = url.to_owned();
            // What is said later must not fill the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Served { process, url };
        }
    }
    panic!("the server ended before it listened");
}

/// The shipped binary over HTTP, for one caller with a token.
pub(crate) async fn serve(stage: &Stage) -> Served {
    let tokens = stage.home().join("tokens");
    std::fs::write(&tokens, format!("{CALLER}:{TOKEN}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let tokens = tokens.display().to_string();
    listening(stage.command(&["mcp", "--http", "127.0.0.1:0", "--tokens", &tokens])).await
}
