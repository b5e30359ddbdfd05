//! A client over bare sockets, so that tests can send what no well-behaved client would; and servers to send it to.

use std::net::SocketAddr;

use release_engine::Engine;
use release_mcp::{Handler, HttpOptions, HttpServer, Tokens};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

pub(crate) const ALICE: &str = "alice-has-a-token-of-her-own";
pub(crate) const BOB: &str = "bob-has-another-token-himself";

/// A server that is listening.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) end: CancellationToken,
    pub(crate) over: tokio::task::JoinHandle<()>,
}

/// A server of this engine on the loopback, with what is changed about its options.
pub(crate) async fn serve(engine: &Engine, change: impl FnOnce(&mut HttpOptions)) -> Server {
    serve_handler(Handler::new(engine.clone()), change).await
}

/// The same of this handler.
pub(crate) async fn serve_handler(handler: Handler, change: impl FnOnce(&mut HttpOptions)) -> Server {
    let mut options = HttpOptions::new("127.0.0.1:0".parse().unwrap());
    change(&mut options);
    let end = CancellationToken::new();
    let handler = handler.until(end.clone());
    let server = HttpServer::bind(handler, options).await.unwrap();
    let address = server.address();
    let over = tokio::spawn(server.serve(end.clone()));
    Server { address, end, over }
}

/// Alice and Bob.
pub(crate) fn people() -> Tokens {
    Tokens::parse(&format!("alice:{ALICE}\nbob:{BOB}\n")).unwrap()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The JSON-RPC answer in the body, bare or as the last event of a stream.
    pub(crate) fn json(&self) -> Value {
        let bare = self.body.trim();
        if bare.starts_with('{') {
            return serde_json::from_str(bare).unwrap();
        }
        let messages = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        messages
            .filter_map(|text| serde_json::from_str::<Value>(text).ok())
            .rfind(|message| message.get("id").is_some())
            .unwrap_or_else(|| panic!("no answer in {self:?}"))
    }
}

/// A request to build.
#[derive(Clone)]
pub(crate) struct Call {
    address: SocketAddr,
    method: &'static str,
    path: &'static str,
    headers: Vec<(String, String)>,
    body: String,
}

impl Call {
    pub(crate) fn get(server: &Server, path: &'static str) -> Self {
        Self {
            address: server.address,
            method: "GET",
            path,
            headers: vec![("Host".into(), server.address.to_string())],
            body: String::new(),
        }
    }

    pub(crate) fn delete(server: &Server) -> Self {
        Self {
            method: "DELETE",
            ..Self::get(server, "/mcp")
        }
    }

    pub(crate) fn post(server: &Server, body: impl ToString) -> Self {
        let call = Self {
            method: "POST",
            body: body.to_string(),
            ..Self::get(server, "/mcp")
        };
        call.with("Content-Type", "application/json")
            .with("Accept", "application/json, text/event-stream")
    }

    /// The first request of the older lifecycle.
    pub(crate) fn initialize(server: &Server) -> Self {
        Self::post(
            server,
            json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": { "name": "tests", "version": "0" } } }),
        )
    }

    /// A request that stands for itself, as since 2026-07-28.
    pub(crate) fn modern(server: &Server, method: &str, mut params: Value, capabilities: Value) -> Self {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities,
            "io.modelcontextprotocol/clientInfo": { "name": "tests", "version": "0" },
        });
        let name = params.get("name").and_then(Value::as_str).map(str::to_owned);
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let call = Self::post(server, body)
            .with("MCP-Protocol-Version", "2026-07-28")
            .with("Mcp-Method", method);
        match name {
            Some(name) => call.with("Mcp-Name", &name),
            None => call,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn by(self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn head(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head
    }

    pub(crate) async fn send(&self) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.send_over(stream).await
    }

    /// Sends, and comes back with the answer's head while the rest is still to come.
    pub(crate) async fn begin(&self) -> (String, tokio::task::JoinHandle<Answer>) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = format!("Content-Length: {}\r\n\r\n", self.body.len());
        let bytes = self.head() + &length + &self.body;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let begun = head.clone();
        let rest = tokio::spawn(async move {
            let mut body = Vec::new();
            stream.read_to_end(&mut body).await.unwrap();
            Answer {
                status: begun.split(' ').nth(1).unwrap().parse().unwrap(),
                head: begun,
                body: String::from_utf8_lossy(&body).into_owned(),
            }
        });
        (head, rest)
    }

    pub(crate) async fn send_over(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> Answer {
        let length = format!("Content-Length: {}\r\n\r\n", self.body.len());
        exchange(stream, &(self.head() + &length + &self.body)).await
    }
}

/// Sends these bytes and reads the answer to its end.
pub(crate) async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &str) -> Answer {
    // A server that has seen enough closes its end; what it answered counts.
    let written = stream.write_all(bytes.as_bytes()).await;
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received).await;
    let text = String::from_utf8_lossy(&received).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        panic!("no answer: {written:?} {read:?} {text:?}");
    };
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
