//! What is asked at a terminal: the values of variables and secrets that a migration's target lacks, the API key of an
//! environment that is added; secrets unseen.

use std::process::Stdio;
use std::time::Duration;

use release_tests::{Stage, binary};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a question may take to come.
const LIMIT: Duration = Duration::from_secs(60);
/// Between a question and what is typed: people are slower than the terminal is switched.
const THINKING: Duration = Duration::from_secs(1);

/// The binary on a terminal of its own (util-linux `script`).
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: ChildStdout,
    shown: String,
}

impl Terminal {
    fn open(stage: &Stage, arguments: &str) -> Self {
        let command = format!("{} {arguments}", binary().display());
        let mut child = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .env("NOCOBASE_RELEASE_HOME", stage.home())
            .env("NB_CLI_ROOT", stage.home())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            keyboard: child.stdin.take().unwrap(),
            screen: child.stdout.take().unwrap(),
            shown: String::new(),
            child,
        }
    }

    /// Waits until the question is on the screen, and answers it.
    async fn answer(&mut self, question: &str, typed: &str) {
        let asked = tokio::time::timeout(LIMIT, async {
            while !self.shown.contains(question) {
                assert!(self.look().await, "{question} in {}", self.shown);
            }
        });
        asked.await.unwrap();
        tokio::time::sleep(THINKING).await;
        let line = format!("{typed}\n");
        self.keyboard.write_all(line.as_bytes()).await.unwrap();
    }

    /// Reads what is new on the screen; false at its end.
    async fn look(&mut self) -> bool {
        let mut new = [0; 4096];
        let length = self.screen.read(&mut new).await.unwrap_or_default();
        self.shown
            .push_str(&String::from_utf8_lossy(new.get(..length).unwrap_or_default()));
        length > 0
    }

    /// Everything that was shown, and the exit code.
    async fn end(mut self) -> (String, Option<i32>) {
        while self.look().await {}
        let code = self.child.wait().await.unwrap().code();
        (self.shown, code)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_a_target_lacks_are_asked_for_and_secrets_are_not_shown() {
    let stage = Stage::new().await;
    let secret = "value-77a1c0ffee-SECRET";
    stage.secret(secret);
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    for (name, kind) in [("API_KEY", "secret"), ("API_URL", "default"), ("GIVEN", "secret")] {
        let row = json!({"name": name, "type": kind, "value": "devs"});
        dev.add_row("environmentVariables", row.as_object().unwrap().clone());
    }
    let file = stage.home().join("values");
    std::fs::write(&file, "GIVEN=by-file\n").unwrap();
    let command = format!(
        "migrate test --from dev --yes test --values-file {}",
        file.display()
    );
    let mut terminal = Terminal::open(&stage, &command);
    terminal
        .answer(
            "test lacks the secret API_KEY; its value there (not shown):",
            secret,
        )
        .await;
    let url = "https://test.example.com";
    terminal
        .answer("test lacks the variable API_URL; its value there:", url)
        .await;
    let (shown, code) = terminal.end().await;

    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.contains("verdict: verified") && shown.contains(url),
        "{shown}"
    );
    assert!(!shown.contains("lacks the secret GIVEN"), "it was given: {shown}");
    stage.assert_holds_no_secret("shown", &shown);
    let variables = test.rows("environmentVariables");
    let set: Vec<&serde_json::Value> = ["API_KEY", "API_URL", "GIVEN"]
        .iter()
        .filter_map(|name| variables.iter().find(|row| row["name"] == json!(name)))
        .map(|row| &row["value"])
        .collect();
    assert_eq!(set, [&json!(secret), &json!(url), &json!("by-file")]);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_empty_is_named_by_the_run_and_nothing_is_changed() {
    let stage = Stage::new().await;
    let row = json!({"name": "API_KEY", "type": "secret", "value": "devs"});
    stage
        .environment("dev")
        .add_row("environmentVariables", row.as_object().unwrap().clone());
    let mut terminal = Terminal::open(&stage, "migrate test --from dev --yes test");
    terminal.answer("(not shown):", "").await;
    let (shown, code) = terminal.end().await;
    assert_eq!(code, Some(8), "{shown}");
    assert!(shown.contains("were not given: API_KEY"), "{shown}");
    let test = stage.environment("test");
    assert_eq!(test.mutations("migrationFiles:runTask"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_environment_needs_no_file_and_its_key_is_not_shown() {
    let stage = Stage::new().await;
    let dev = stage.environment("dev");
    let settings = stage.home().join("release.toml");
    std::fs::remove_file(&settings).unwrap();
    let mut terminal = Terminal::open(&stage, &format!("envs add dev --url {}", dev.url()));
    terminal
        .answer("API key of dev (not shown; none: Enter):", &dev.token())
        .await;
    let (shown, code) = terminal.end().await;

    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("dev: NocoBase 2.2.15"), "{shown}");
    stage.assert_holds_no_secret("shown", &shown);
    assert!(std::fs::read_to_string(&settings).unwrap().contains(&dev.token()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&settings).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "a key is for its owner alone");
    }
}
