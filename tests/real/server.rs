//! One server's API, as its administrator: what a test sets up there, and what it looks at beside the truth.

use std::time::Duration;

use serde_json::{Value, json};

/// One server and its administrator.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) account: String,
    pub(crate) password: String,
    pub(crate) token: String,
    http: reqwest::Client,
}

impl Server {
    pub(crate) async fn reach(description: &Value) -> Self {
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

    /// Sends a request as whoever this token is, and gives the answer's `data`.
    pub(crate) async fn send_as(&self, token: &str, action: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}/{action}", self.url)).json(&body);
        let answer = request
            .bearer_auth(token)
            .header("X-Locale", "en-US")
            .send()
            .await
            .unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{action}: {status} {text}");
        serde_json::from_str::<Value>(&text).unwrap()["data"].take()
    }

    /// An API key of the user whom this token belongs to.
    pub(crate) async fn api_key(&self, token: &str, role: &str) -> String {
        let key = json!({ "name": "release", "role": { "name": role }, "expiresIn": "1d" });
        let made = self.send_as(token, "apiKeys:create", key).await;
        made["token"].as_str().unwrap().to_owned()
    }

    /// A token of this account.
    pub(crate) async fn sign_in(&self, account: &str, password: &str) -> String {
        let body = json!({ "account": account, "password": password });
        let signed_in = self.send("auth:signIn", body).await;
        signed_in["data"]["token"].as_str().unwrap().to_owned()
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

    pub(crate) async fn ensure_orders(&self) {
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

    /// Sends a file as a restore by plain HTTP: the status, and what the server says.
    pub(crate) async fn upload(&self, file: Vec<u8>) -> (u16, String) {
        let part = reqwest::multipart::Part::bytes(file).file_name("sent.nbdata");
        let request = self
            .http
            .post(format!("{}/backup:restoreUpload", self.url))
            .bearer_auth(&self.token)
            .header("X-Locale", "en-US")
            .multipart(reqwest::multipart::Form::new().part("file", part));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The names of the backups on it.
    pub(crate) async fn backups(&self) -> Vec<String> {
        let listed = self.send("backup:list", json!({})).await;
        let listed = listed["data"].as_array().unwrap().iter();
        listed
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
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
