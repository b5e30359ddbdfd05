//! What a server heard: every request in the order of arrival, and what no caller should have sent.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The HTTP method.
    pub method: String,
    /// The path, `/api` included.
    pub path: String,
    /// The query as sent, percent-decoded, without `?`; a token in it is masked.
    pub query: String,
    /// The body's content type with the names and kinds of its fields, without their values:
    /// `application/json {name: string, ruleId: number}`. Empty without a body, and where nobody read it.
    pub body: String,
    /// `resource:action`, empty outside the API.
    pub action: String,
    /// The status of the answer; `None` when none was sent (yet).
    pub status: Option<u16>,
    /// Whether the call is one that changes something. Set once the request has come in completely.
    pub mutation: bool,
    /// The `X-Request-Id` of the answer.
    pub request_id: String,
}

/// The log of requests and violations of one environment.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    requests: Vec<RequestRecord>,
    violations: Vec<String>,
}

impl Journal {
    /// Records a request at the moment of its arrival and says where.
    pub(crate) fn arrival(&self, record: RequestRecord) -> usize {
        let mut heard = self.lock();
        heard.requests.push(record);
        heard.requests.len() - 1
    }

    /// The request has come in completely, and it is one that changes something.
    pub(crate) fn mutation(&self, place: usize) {
        if let Some(record) = self.lock().requests.get_mut(place) {
            record.mutation = true;
        }
    }

    /// What the request's body brings.
    pub(crate) fn brought(&self, place: usize, shape: &str) {
        if let Some(record) = self.lock().requests.get_mut(place) {
            shape.clone_into(&mut record.body);
        }
    }

    pub(crate) fn answered(&self, place: usize, status: u16) {
        if let Some(record) = self.lock().requests.get_mut(place) {
            record.status = Some(status);
        }
    }

    pub(crate) fn violation(&self, text: String) {
        self.lock().violations.push(text);
    }

    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        self.lock().requests.clone()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    pub(crate) fn forget(&self) {
        *self.lock() = Heard::default();
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
