//! The server: what it answers is scripted by the test, what it was asked is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use nocobase_client::{ApiBase, Client, ClientOptions, Credentials, Environment, Origin, Secret};
use serde_json::Value;

/// The token of the tests: it must never be seen where people look.
pub(crate) const TOKEN: &str = "tok-4f1e9a77c0de-SECRET";
/// The password of the tests.
pub(crate) const PASSWORD: &str = "pass-77c0de4f1e9a-SECRET";

/// What the server does with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Answers.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Takes the request and closes the connection.
    Lost,
    /// Takes the request and never answers.
    Silent,
    /// Answers 200 with a file that breaks off.
    Cut(Vec<u8>),
    /// Answers 200 with a file that stands still.
    Stalled(Vec<u8>),
    /// Answers 200 with a file that is said to be so long, and does not come.
    Announced(u64),
    /// A file that has no end, a byte now and then.
    Dripping,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::typed(status, "application/json; charset=utf-8", body.as_bytes())
    }

    pub(crate) fn typed(status: u16, content_type: &str, body: &[u8]) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::Answer {
            status,
            headers,
            body: body.to_vec(),
        }
    }

    pub(crate) fn file(body: &[u8]) -> Self {
        Self::typed(200, "application/octet-stream", body)
    }

    /// The answer of a recorded exchange.
    pub(crate) fn recorded(id: &str) -> Self {
        let exchange = exchange(id);
        let headers = exchange["headers"].as_object().unwrap().iter();
        Self::Answer {
            status: exchange["status"].as_u64().unwrap().try_into().unwrap(),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: match &exchange["answer"] {
                Value::String(text) => text.clone().into_bytes(),
                json => json.to_string().into_bytes(),
            },
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A recorded exchange with NocoBase 2.2.15.
pub(crate) fn exchange(id: &str) -> Value {
    include_str!("../recorded/exchanges.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|exchange| exchange["id"] == id)
        .unwrap_or_else(|| panic!("no recorded exchange `{id}`"))
}

/// A request that the server got.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Script {
    rules: Mutex<Vec<(String, VecDeque<Reply>)>>,
    seen: Mutex<Vec<Seen>>,
}

pub(crate) struct Server {
    address: String,
    script: Arc<Script>,
}

impl Server {
    /// A server that knows nothing but who we are and that the backup plugin is there.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Script::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let server = Self { address, script };
        server.on("auth:check", [Reply::recorded("auth check")]);
        server.on("backup:status", [Reply::recorded("backup status unknown")]);
        server
    }

    pub(crate) fn base(&self) -> String {
        format!("{}/api", self.address)
    }

    /// What to answer to a call, one after the other; the last answer stays.
    pub(crate) fn on(&self, call: &str, replies: impl IntoIterator<Item = Reply>) {
        let mut rules = self.script.rules.lock().unwrap();
        rules.retain(|(known, _)| known != call);
        rules.push((call.to_owned(), replies.into_iter().collect()));
    }

    /// The requests for a call.
    pub(crate) fn seen(&self, call: &str) -> Vec<Seen> {
        let path = format!("/api/{call}");
        self.script
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.path == path)
            .cloned()
            .collect()
    }

    /// The one request for a call.
    pub(crate) fn only(&self, call: &str) -> Seen {
        let mut seen = self.seen(call);
        assert_eq!(seen.len(), 1, "{call} was asked {} times", seen.len());
        seen.remove(0)
    }

    pub(crate) fn environment(&self, credentials: Credentials) -> Environment {
        Environment {
            name: "dev".to_owned(),
            api_base: ApiBase::parse(&self.base()).unwrap(),
            credentials,
            fallback: None,
            role: None,
            aliases: Vec::new(),
            origin: Origin::Settings,
        }
    }

    pub(crate) fn client_with(&self, credentials: Credentials) -> Client {
        Client::new(&self.environment(credentials), quick()).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(Credentials::Token(Secret::new(TOKEN)))
    }
}

/// Options that lose patience soon.
pub(crate) fn quick() -> ClientOptions {
    ClientOptions {
        connect_timeout: Duration::from_secs(1),
        read_timeout: Duration::from_millis(400),
        stall_timeout: Duration::from_millis(400),
        upload_answer_timeout: Duration::from_millis(600),
        retry_pause: Duration::from_millis(5),
        ..ClientOptions::default()
    }
}

pub(crate) fn account() -> Credentials {
    Credentials::Password {
        account: "nocobase".to_owned(),
        password: Secret::new(PASSWORD),
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap_or_default(),
    };
    let reply = {
        let mut rules = script.rules.lock().unwrap();
        let call = seen.path.trim_start_matches("/api/");
        match rules.iter_mut().find(|(known, _)| known == call) {
            Some((_, replies)) if replies.len() > 1 => replies.pop_front().unwrap(),
            Some((_, replies)) => replies.front().unwrap().clone(),
            None => Reply::typed(404, "text/plain; charset=utf-8", b"Not Found"),
        }
    };
    let kind = if seen.path.ends_with("logger:download") {
        "application/gzip"
    } else {
        "application/octet-stream"
    };
    script.seen.lock().unwrap().push(seen);
    let begun = |beginning: Vec<u8>| {
        futures_util::stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(beginning)) })
    };
    let file = |body: Body| {
        Response::builder()
            .header("content-type", kind)
            .body(body)
            .unwrap()
    };
    match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                let name = axum::http::HeaderName::try_from(name).unwrap();
                response.headers_mut().append(name, value.try_into().unwrap());
            }
            response
        }
        Reply::Lost => std::panic::resume_unwind(Box::new("the connection ends here")),
        Reply::Silent => std::future::pending().await,
        Reply::Cut(beginning) => file(Body::from_stream(futures_util::StreamExt::chain(
            begun(beginning),
            futures_util::stream::once(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(std::io::Error::other("cut"))
            }),
        ))),
        Reply::Announced(length) => Response::builder()
            .header("content-type", kind)
            .header("content-length", length)
            .body(Body::from_stream(futures_util::stream::pending::<
                Result<Bytes, std::io::Error>,
            >()))
            .unwrap(),
        Reply::Dripping => file(Body::from_stream(futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"P")), ()))
        }))),
        Reply::Stalled(beginning) => file(Body::from_stream(futures_util::StreamExt::chain(
            begun(beginning),
            futures_util::stream::pending(),
        ))),
    }
}
