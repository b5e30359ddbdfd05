//! What a server says back, and how it becomes an HTTP answer.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::world::Gate;

/// Bytes in one piece of a streamed body.
const PIECE: usize = 64 * 1024;

/// An answer, or what happens instead of one.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// JSON with NocoBase's content type.
    Json(StatusCode, Value),
    /// JSON from the gateway.
    Gateway(StatusCode, Value),
    /// Plain text.
    Text(StatusCode, &'static str),
    /// An HTML page.
    Html(StatusCode, &'static str),
    /// A health answer: bare text without a content type.
    Health,
    /// A bare 408.
    Timeout,
    /// No content.
    Nothing,
    /// A file, streamed without a length.
    File {
        name: String,
        kind: &'static str,
        content: Bytes,
    },
    /// A refusal that comes after the file's name was already promised.
    NoFile { name: String, message: String },
    /// The process dies of the request.
    Death,
}

impl Reply {
    /// `{"data": …}`.
    pub(crate) fn data(data: Value) -> Self {
        Self::Json(StatusCode::OK, json!({"data": data}))
    }

    /// `{"errors": [{"message": …}]}`.
    pub(crate) fn error(status: u16, message: impl Into<String>) -> Self {
        Self::error_with(status, message, None)
    }

    /// The same with a code.
    pub(crate) fn error_with(status: u16, message: impl Into<String>, code: Option<&str>) -> Self {
        let mut error = json!({"message": message.into()});
        if let (Some(code), Value::Object(members)) = (code, &mut error) {
            members.insert("code".to_owned(), json!(code));
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::Json(status, json!({"errors": [error]}))
    }

    /// 404 `Not Found` in plain text: no such resource.
    pub(crate) fn unknown_resource() -> Self {
        Self::Text(StatusCode::NOT_FOUND, "Not Found")
    }

    /// What an action that its resource does not have comes to.
    pub(crate) fn unknown_action() -> Self {
        Self::error(500, "Cannot read properties of undefined (reading 'findOne')")
    }

    pub(crate) fn forbidden() -> Self {
        Self::error(403, "No permissions")
    }

    /// What a query comes to whose table is not there.
    pub(crate) fn table_missing() -> Self {
        Self::error(400, "Invalid SQL column or table reference")
    }

    /// The page that a browser gets.
    pub(crate) fn page() -> Self {
        Self::Html(StatusCode::OK, PAGE)
    }

    /// The gateway's answer while the app is not there; `None` when it is.
    pub(crate) fn of_gate(gate: &Gate) -> Option<Self> {
        let (code, command, message) = match gate {
            Gate::Open => return None,
            Gate::Commanding { command, message } => ("APP_COMMANDING", command, message),
            Gate::Broken { command, message } => ("APP_ERROR", command, message),
        };
        Some(Self::maintenance(code, message, Some(command)))
    }

    /// The gateway's 503.
    pub(crate) fn maintenance(code: &str, message: &str, command: Option<&str>) -> Self {
        let mut error = json!({"status": 503, "maintaining": true, "message": message, "code": code});
        if let (Some(command), Value::Object(members)) = (command, &mut error) {
            members.insert("command".to_owned(), json!({"name": command}));
        }
        Self::Gateway(StatusCode::SERVICE_UNAVAILABLE, json!({"error": error}))
    }

    /// The answer's bytes and head, before faults of the body.
    pub(crate) fn into_response(self, request_id: &str) -> (Response<Body>, Option<Bytes>) {
        let json_type = Some("application/json; charset=utf-8");
        let (status, kind, content, disposition) = match self {
            Self::Json(status, value) => (status, json_type, text(&value), None),
            Self::Gateway(status, value) => (status, Some("application/json"), text(&value), None),
            Self::Text(status, words) => (
                status,
                Some("text/plain; charset=utf-8"),
                Bytes::from_static(words.as_bytes()),
                None,
            ),
            Self::Html(status, page) => (
                status,
                Some("text/html; charset=utf-8"),
                Bytes::from_static(page.as_bytes()),
                (page == PAGE).then(|| "inline; filename=\"index.html\"".to_owned()),
            ),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, None, Bytes::new(), None),
            Self::Health => (StatusCode::OK, None, Bytes::from_static(b"ok"), None),
            Self::Nothing | Self::Death => (StatusCode::NO_CONTENT, None, Bytes::new(), None),
            Self::File { name, kind, content } => {
                let mut response = Response::new(Body::empty());
                head(
                    &mut response,
                    StatusCode::OK,
                    Some(kind),
                    Some(&attachment(&name)),
                    Some(request_id),
                );
                return (response, Some(content));
            }
            Self::NoFile { name, message } => {
                let error = json!({"errors": [{"message": message}]});
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    json_type,
                    text(&error),
                    Some(attachment(&name)),
                )
            }
        };
        let identified =
            kind.is_some_and(|kind| !kind.starts_with("text/html")) || status == StatusCode::NO_CONTENT;
        let mut response = Response::new(Body::from(content));
        head(
            &mut response,
            status,
            kind,
            disposition.as_deref(),
            identified.then_some(request_id),
        );
        (response, None)
    }
}

/// A body sent in pieces, without a length. With `torn` the connection breaks after the last piece.
pub(crate) fn streamed(content: &Bytes, torn: bool) -> Body {
    let pieces: Vec<std::io::Result<Bytes>> = content
        .chunks(PIECE)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let end = stream::iter(torn.then_some(())).then(|()| async {
        // lets the head and the pieces go out first
        tokio::task::yield_now().await;
        std::io::Result::Err(std::io::ErrorKind::ConnectionAborted.into())
    });
    Body::from_stream(stream::iter(pieces).chain(end))
}

fn text(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

fn head(
    response: &mut Response<Body>,
    status: StatusCode,
    kind: Option<&'static str>,
    disposition: Option<&str>,
    request_id: Option<&str>,
) {
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(id) = request_id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert("x-request-id", id);
    }
    if let Some(disposition) = disposition.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
}

fn attachment(name: &str) -> String {
    format!("attachment; filename=\"{name}\"")
}

const PAGE: &str = "<!DOCTYPE html>\n<html>\n\n<head>\n  <meta charset=\"UTF-8\" />\n  <title>Loading...</title>\n  \
    <script>\n    window['__nocobase_public_path__'] = '/';\n    window['__nocobase_api_base_url__'] = '/api/';\n  \
    </script>\n</head>\n\n<body>\n  <div id=\"root\"></div>\n</body>\n\n</html>\n";
