//! Bodies that rmcp calls media of the wrong type although they are JSON: the caller is told in JSON-RPC's own words.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rmcp::model::ErrorCode;
use serde_json::Value;

use crate::message;

/// Passes a request on, and puts the reason in the place of "unsupported media type" where the medium was right.
pub(super) async fn explain(State(most): State<usize>, request: Request, next: Next) -> Response {
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| {
            kind.trim_start()
                .to_ascii_lowercase()
                .starts_with("application/json")
        });
    if request.method() != Method::POST || !is_json {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    // It has arrived already and is not too large; the guard in front has seen to that.
    let Ok(bytes) = to_bytes(body, most).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let response = next
        .run(Request::from_parts(head, Body::from(Bytes::clone(&bytes))))
        .await;
    if response.status() != StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return response;
    }
    let refusal = message::refusal(&bytes).unwrap_or_else(|| {
        message::answer(
            &Value::Null,
            ErrorCode::INVALID_REQUEST,
            "Invalid Request: this is no message of the protocol",
        )
    });
    (StatusCode::BAD_REQUEST, axum::Json(refusal)).into_response()
}
