//! A small HTTP client: one environment, one token, answers as status and JSON.

use std::sync::Once;
use std::time::{Duration, Instant};

use nocobase_sim::Environment;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// Calls one environment.
#[derive(Clone)]
pub(crate) struct Caller {
    client: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

/// An answer: status, request id, body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) body: Value,
}

impl Answer {
    /// `errors[0].message`.
    pub(crate) fn message(&self) -> &str {
        self.body
            .pointer("/errors/0/message")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// `errors[0].code`.
    pub(crate) fn code(&self) -> &str {
        self.body
            .pointer("/errors/0/code")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl Caller {
    /// As the administrator.
    pub(crate) fn new(environment: &Environment) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self {
            client,
            url: environment.url(),
            token: environment.token(),
        }
    }

    /// With another token.
    pub(crate) fn with_token(&self, token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/{path}", self.url));
        if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path).send().await.expect("an answer")).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        read(
            self.request(Method::POST, path)
                .json(&body)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub(crate) async fn call(&self, path: &str) -> Answer {
        read(self.request(Method::POST, path).send().await.expect("an answer")).await
    }

    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.request(Method::GET, path).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        response.bytes().await.expect("a whole body").to_vec()
    }

    /// `backup:restoreUpload` with further fields.
    pub(crate) async fn upload(&self, package: Vec<u8>, fields: &[(&str, &str)]) -> Answer {
        let mut form = reqwest::multipart::Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let part = reqwest::multipart::Part::bytes(package).file_name("package.nbdata");
        let request = self
            .request(Method::POST, "backup:restoreUpload")
            .multipart(form.part("file", part));
        read(request.send().await.expect("an answer")).await
    }

    /// Makes a backup and waits for its end.
    pub(crate) async fn back_up(&self) -> String {
        let created = self.call("backup:create").await;
        let name = created.body["data"]["name"].as_str().expect("a name").to_owned();
        loop {
            let status = self.get(&format!("backup:status?name={name}")).await;
            if status.body["data"][&name]["inProgress"] == json!(false) {
                return name;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Polls health until it is `ok` again after a 503; returns the maintenance messages that were seen.
    pub(crate) async fn wait_for_the_end(&self) -> Vec<String> {
        let mut messages: Vec<String> = Vec::new();
        let mut up_since = None;
        let started = Instant::now();
        loop {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "the app did not come back: {messages:?}"
            );
            match self.request(Method::GET, "__health_check").send().await {
                Ok(response) if response.status() == 200 => {
                    let since = *up_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > Duration::from_millis(400) {
                        return messages;
                    }
                }
                Ok(response) => {
                    up_since = None;
                    let body: Value = response.json().await.expect("JSON");
                    let message = body["error"]["message"].as_str().unwrap_or_default().to_owned();
                    if messages.last() != Some(&message) {
                        messages.push(message);
                    }
                }
                Err(_) => {
                    up_since = None;
                    messages.push("no connection".to_owned());
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn count(&self, collection: &str) -> Option<u64> {
        self.get(&format!("{collection}:list?pageSize=1")).await.body["meta"]["count"].as_u64()
    }
}

async fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let request_id = response
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let request_id = request_id.to_owned();
    let bytes = response.bytes().await.expect("a whole body");
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
    Answer {
        status,
        request_id,
        body,
    }
}
