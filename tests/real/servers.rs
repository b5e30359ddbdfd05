//! The two servers as the tests reach them: through their API, through the binary, and through their script.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use release_tests::{Done, binary};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Both servers, while it is this test's turn.
pub(crate) struct Real {
    pub(crate) dev: Server,
    pub(crate) test: Server,
    description: Value,
    home: TempDir,
    _turn: File,
}

impl Real {
    /// Waits for this test's turn, and for both servers to hold a collection `orders`.
    pub(crate) async fn take_turn() -> Self {
        let path = std::env::var("NOCOBASE_REAL").expect("NOCOBASE_REAL: run this by tests/real/servers run");
        let description: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let turn = File::create(Path::new(&path).with_extension("turn")).unwrap();
        turn.lock().unwrap();
        let dev = Server::reach(&description["dev"]).await;
        let test = Server::reach(&description["test"]).await;
        dev.ensure_orders().await;
        test.ensure_orders().await;
        Self {
            dev,
            test,
            description,
            home: tempfile::tempdir().unwrap(),
            _turn: turn,
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NOCOBASE_RELEASE_HOME", self.home())
            .env("NB_CLI_ROOT", self.home())
            .env("NOCOBASE_RELEASE_CURRENT", "test")
            .current_dir(self.home());
        for (name, server) in [("DEV", &self.dev), ("TEST", &self.test)] {
            let variable = |field: &str| format!("NOCOBASE_RELEASE_ENV_{name}_{field}");
            command
                .env(variable("URL"), &server.url)
                .env(variable("ACCOUNT"), &server.account)
                .env(variable("PASSWORD"), &server.password);
        }
        command
    }

    /// Runs the binary to its end and expects this exit code.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> Done {
        Done::new(self.command(arguments).output().unwrap()).expect(code)
    }

    /// The same, with `--json`.
    #[track_caller]
    pub(crate) fn report(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        self.run(&all, code).json()
    }

    /// The same, with another token for test.
    #[track_caller]
    pub(crate) fn run_as(&self, token: &str, arguments: &[&str], code: i32) -> Done {
        let mut command = self.command(arguments);
        command.env("NOCOBASE_RELEASE_ENV_TEST_TOKEN", token);
        Done::new(command.output().unwrap()).expect(code)
    }

    /// Calls the script that started the servers.
    pub(crate) fn control(&self, arguments: &[&str]) {
        let script = self.description["control"].as_str().unwrap();
        let done = Command::new(script)
            .args(arguments)
            .env("NOCOBASE_REAL_DIR", self.description["dir"].as_str().unwrap())
            .output()
            .unwrap();
        Done::new(done).expect(0);
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
                .env("NB_CLI_ROOT", self.home());
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

/// One server and its administrator.
pub(crate) struct Server {
    url: String,
    account: String,
    password: String,
    token: String,
    http: reqwest::Client,
}

impl Server {
    async fn reach(description: &Value) -> Self {
        let text = |key: &str| description[key].as_str().unwrap().to_owned();
        // Another test of this process may have been first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut server = Self {
            url: text("url"),
            account: text("account"),
            password: text("password"),
            token: String::new(),
            http: reqwest::Client::new(),
        };
        server.until_up().await;
        let signed_in = server
            .send(
                "auth:signIn",
                json!({ "account": server.account, "password": server.password }),
            )
            .await;
        server.token = signed_in["data"]["token"].as_str().unwrap().to_owned();
        server
    }

    /// Waits until the application is up; the limit is only there for a server that never comes.
    pub(crate) async fn until_up(&self) {
        for _ in 0..600 {
            let health = self.http.get(format!("{}/__health_check", self.url)).send().await;
            if let Ok(health) = health
                && health.text().await.is_ok_and(|body| body == "ok")
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert_eq!(self.url, "a server that came up within five minutes");
    }

    /// Reads something.
    pub(crate) async fn read(&self, action: &str) -> Value {
        self.answer(self.http.get(format!("{}/{action}", self.url))).await
    }

    /// Does something, as its administrator.
    pub(crate) async fn send(&self, action: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}/{action}", self.url)).json(&body);
        self.answer(request).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Value {
        let request = if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        };
        let answer = request.header("X-Locale", "en-US").send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{}: {status} {text}", self.url);
        serde_json::from_str(&text).unwrap()
    }

    async fn ensure_orders(&self) {
        let collections = self
            .answer(
                self.http
                    .get(format!("{}/collections:list?paginate=false", self.url)),
            )
            .await;
        let known = collections["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|collection| collection["name"] == "orders");
        if !known {
            let fields = json!([
                { "name": "title", "type": "string", "interface": "input" },
                { "name": "qty", "type": "integer", "interface": "integer" },
            ]);
            let collection = json!({ "name": "orders", "title": "Orders", "autoGenId": true, "createdAt": true, "fields": fields });
            self.send("collections:create", collection).await;
        }
    }

    pub(crate) async fn add_order(&self, title: &str) {
        self.send("orders:create", json!({ "title": title, "qty": 1 }))
            .await;
    }

    /// The orders as stored, in order of their ids.
    pub(crate) async fn orders(&self) -> Vec<String> {
        let listed = self
            .answer(
                self.http
                    .get(format!("{}/orders:list?paginate=false&sort=id", self.url)),
            )
            .await;
        listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// The token of a user whose role may not back up.
    pub(crate) async fn clerk(&self) -> String {
        let users = self
            .answer(self.http.get(format!("{}/users:list?paginate=false", self.url)))
            .await;
        if !users["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|user| user["username"] == "clerk")
        {
            let role = json!({
                "name": "clerk", "title": "Clerk", "snippets": ["!ui.*", "!pm", "!pm.*", "!app"],
                "strategy": { "actions": ["view", "create", "update", "destroy"] },
            });
            self.send("roles:create", role).await;
            let user = json!({
                "username": "clerk", "nickname": "Clerk", "email": "clerk@example.com", "password": "clerk123",
                "roles": ["clerk"],
            });
            self.send("users:create", user).await;
        }
        let request = self
            .http
            .post(format!("{}/auth:signIn", self.url))
            .json(&json!({ "account": "clerk", "password": "clerk123" }));
        let answer = request.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["data"]["token"].as_str().unwrap().to_owned()
    }
}
