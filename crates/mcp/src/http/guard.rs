//! What a request must show before the handler sees it: a name of ours, a known caller, a fair pace, a body that
//! arrives, and a session of its own.
//!
//! `Origin` is checked by rmcp, which is told to do so. What passes here carries its [`Caller`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::HttpLimits;
use super::hosts::Names;
use super::rate::Rate;
use super::sessions::Sessions;
use super::tokens::{Caller, Tokens};

const SESSION: &str = "mcp-session-id";
/// Whoever reaches a loopback that asks for no tokens.
const LOCAL: &str = "local";

/// Everything that is checked, and against what.
pub(super) struct Guard {
    pub(super) names: Names,
    pub(super) tokens: Option<Tokens>,
    /// Whether we speak TLS ourselves.
    pub(super) secure: bool,
    pub(super) rate: Rate<Caller>,
    /// Wrong tokens, by the address they came from.
    pub(super) failures: Rate<std::net::IpAddr>,
    pub(super) sessions: Sessions,
    pub(super) limits: HttpLimits,
    pub(super) mcp_path: &'static str,
}

/// The other end of a connection.
#[derive(Clone, Copy)]
pub(super) struct PeerAddress(pub(super) SocketAddr);

/// Refuses names that are not ours, for every path.
pub(super) async fn check_name(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match host_of(request.headers()) {
        Some(host) if guard.names.knows(host) => next.run(request).await,
        _ => (StatusCode::FORBIDDEN, "Forbidden: unknown Host").into_response(),
    }
}

/// Lets known callers through, at a fair pace, with a body that has arrived, into their own sessions.
pub(super) async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.admit(request, next).await {
        Ok(response) | Err(response) => response,
    }
}

impl Guard {
    async fn admit(&self, request: Request, next: Next) -> Result<Response, Response> {
        let caller = self.caller(&request)?;
        self.rate
            .take(&caller)
            .map_err(|wait| wait_a_while(StatusCode::TOO_MANY_REQUESTS, wait, "too many requests"))?;
        let session = text_of(request.headers(), SESSION).map(str::to_owned);
        if let Some(id) = &session
            && !self.sessions.is_of(id, &caller)
        {
            return Err((StatusCode::NOT_FOUND, "Not Found: Session not found").into_response());
        }
        let (mut request, opens_session) = if request.method() == Method::POST {
            let (request, method) = self.arrived(request).await?;
            (
                request,
                session.is_none() && method.as_deref() == Some("initialize"),
            )
        } else {
            (request, false)
        };
        request.extensions_mut().insert(caller.clone());
        if !opens_session {
            return Ok(next.run(request).await);
        }
        let Some(place) = self.sessions.place(&caller).await else {
            let wait = Duration::from_secs(30);
            return Err(wait_a_while(
                StatusCode::SERVICE_UNAVAILABLE,
                wait,
                "too many sessions",
            ));
        };
        let response = next.run(request).await;
        if let Some(id) = text_of(response.headers(), SESSION) {
            place.became(id);
        }
        Ok(response)
    }

    #[expect(
        clippy::result_large_err,
        reason = "the refusal is the answer, and is sent at once"
    )]
    fn caller(&self, request: &Request) -> Result<Caller, Response> {
        let Some(tokens) = &self.tokens else {
            return Ok(Caller(LOCAL.into()));
        };
        let given = text_of(request.headers(), header::AUTHORIZATION.as_str());
        let token = given.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        if let Some(caller) = token.and_then(|token| tokens.caller(token)) {
            return Ok(caller);
        }
        // Clients ask once without a token to learn that one is needed; only wrong ones are counted. Right ones are let
        // through all the same: others may share their address, behind a proxy or on one machine.
        let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip());
        if let (Some(peer), true) = (peer, given.is_some())
            && let Err(wait) = self.failures.take(&peer)
        {
            tracing::warn!(%peer, "too many wrong tokens");
            return Err(wait_a_while(
                StatusCode::TOO_MANY_REQUESTS,
                wait,
                "too many wrong tokens",
            ));
        }
        let mut response =
            (StatusCode::UNAUTHORIZED, "Unauthorized: a bearer token is needed").into_response();
        let metadata = self
            .url_of(request.headers())
            .map(|url| {
                format!(
                    "Bearer resource_metadata=\"{url}/.well-known/oauth-protected-resource{}\"",
                    self.mcp_path
                )
            })
            .and_then(|value| HeaderValue::from_str(&value).ok());
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            metadata.unwrap_or(HeaderValue::from_static("Bearer")),
        );
        Err(response)
    }

    /// The request with its body in memory, and the method that it calls.
    async fn arrived(&self, request: Request) -> Result<(Request, Option<String>), Response> {
        #[derive(Deserialize)]
        struct Peek {
            method: Option<String>,
        }
        let (head, body) = request.into_parts();
        let announced = text_of(&head.headers, header::CONTENT_LENGTH.as_str())
            .and_then(|length| length.parse::<usize>().ok());
        let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large").into_response();
        if announced.is_some_and(|length| length > self.limits.body_bytes) {
            return Err(too_large());
        }
        let bytes = timeout(self.limits.arrival, to_bytes(body, self.limits.body_bytes))
            .await
            .map_err(|_| (StatusCode::REQUEST_TIMEOUT, "Request Timeout").into_response())?
            .map_err(|_| too_large())?;
        let is_json = text_of(&head.headers, header::CONTENT_TYPE.as_str()).is_some_and(|kind| {
            kind.trim_start()
                .to_ascii_lowercase()
                .starts_with("application/json")
        });
        let method = match serde_json::from_slice::<Peek>(&bytes) {
            Ok(peek) => peek.method,
            // rmcp says of these that the media type is wrong.
            Err(_) if is_json => return Err(not_a_message(&bytes)),
            Err(_) => None,
        };
        Ok((Request::from_parts(head, Body::from(bytes)), method))
    }

    /// Our address as the caller wrote it.
    pub(super) fn url_of(&self, headers: &HeaderMap) -> Option<String> {
        let scheme = if self.secure { "https" } else { "http" };
        host_of(headers)
            .filter(|host| self.names.knows(host))
            .map(|host| format!("{scheme}://{host}"))
    }
}

fn host_of(headers: &HeaderMap) -> Option<&str> {
    text_of(headers, header::HOST.as_str())
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// JSON-RPC's own words for what is no request of it.
fn not_a_message(bytes: &[u8]) -> Response {
    let (code, message) = match serde_json::from_slice::<Value>(bytes) {
        Err(_) => (-32_700, "Parse error"),
        Ok(Value::Array(_)) => (-32_600, "Invalid Request: batches are not part of the protocol"),
        Ok(_) => (-32_600, "Invalid Request"),
    };
    let answer = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } });
    (StatusCode::BAD_REQUEST, axum::Json(answer)).into_response()
}

fn wait_a_while(status: StatusCode, wait: Duration, why: &'static str) -> Response {
    let seconds = wait.as_secs().max(1);
    (status, [(header::RETRY_AFTER, seconds.to_string())], why).into_response()
}
