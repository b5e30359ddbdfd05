//! What an answer means: NocoBase's envelope, its errors, and the answers of others in its place.
//!
//! NocoBase 2.2.15 answers `{"data":…,"meta":…}`, its application refuses with `{"errors":[{message,code}]}`
//! (mostly as 500) and its gateway with `{"error":{status,code,message,maintaining,command}}` (503). A wrong base
//! address gets the web page of the application, with 200. Nothing here sends or retries.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Call, Error, clean};
use crate::lack::MigrationLack;
use crate::secret::Secret;

/// Resources that every NocoBase has: if they are unknown, it is not NocoBase that answers.
const CORE: [&str; 4] = ["app", "auth", "roles", "collections"];

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// `X-Request-Id`, made by the server; it is `reqId` in its log.
    pub(crate) request_id: Option<String>,
    pub(crate) body: Vec<u8>,
    /// What must not be shown, should the server repeat it.
    pub(crate) secrets: Vec<Secret>,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: &HeaderMap, body: Vec<u8>, secrets: Vec<Secret>) -> Self {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self {
            status,
            content_type: text(CONTENT_TYPE.as_str())
                .unwrap_or_default()
                .to_ascii_lowercase(),
            request_id: text("x-request-id").map(|id| clean(&id)),
            body,
            secrets,
        }
    }

    pub(crate) fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_html(&self) -> bool {
        self.content_type.starts_with("text/html")
    }

    /// A part of the answer for people: bounded, on one line, and without what was sent in secret.
    pub(crate) fn show(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| secret.expose().len() >= 6) {
            text = text.replace(secret.expose(), "****");
        }
        clean(&text)
    }

    /// The beginning of the body, for people.
    pub(crate) fn excerpt(&self) -> String {
        let text = self.show(&String::from_utf8_lossy(&self.body));
        if text.is_empty() {
            "an empty answer".to_owned()
        } else {
            text
        }
    }

    pub(crate) fn unexpected(&self, at: &Call, what: &str) -> Error {
        Error::Unexpected {
            at: at.clone(),
            status: self.status,
            excerpt: self.show(what),
        }
    }

    /// The JSON of a success.
    pub(crate) fn json(&self, at: &Call) -> Result<Value, Error> {
        if !self.succeeded() {
            return Err(self.refusal(at));
        }
        if self.is_html() {
            return Err(Error::NotNocoBase {
                at: at.clone(),
                excerpt: self.excerpt(),
            });
        }
        if !self.content_type.starts_with("application/json") {
            return Err(self.unexpected(at, &format!("not JSON: {}", self.excerpt())));
        }
        serde_json::from_slice(&self.body)
            .map_err(|_| self.unexpected(at, &format!("not JSON: {}", self.excerpt())))
    }

    /// The `data` of a success.
    pub(crate) fn data<T: DeserializeOwned>(&self, at: &Call) -> Result<T, Error> {
        let mut json = self.json(at)?;
        let Some(data) = json.get_mut("data") else {
            return Err(self.unexpected(at, "no `data` in the answer"));
        };
        serde_json::from_value(data.take())
            .map_err(|error| self.unexpected(at, &format!("the answer has another shape: {error}")))
    }

    /// Why an answer that is not a success is none.
    pub(crate) fn refusal(&self, at: &Call) -> Error {
        let at = at.clone();
        let json: Value = if self.content_type.starts_with("application/json") {
            serde_json::from_slice(&self.body).unwrap_or_default()
        } else {
            Value::Null
        };
        let text = |value: &Value| {
            value
                .as_str()
                .map(|text| self.show(text))
                .filter(|text| !text.is_empty())
        };

        if let Some(error) = json
            .get("error")
            .filter(|error| self.status == 503 && error.is_object())
        {
            let field = |name: &str| error.get(name).and_then(text);
            return Error::Maintenance {
                at,
                code: field("code").unwrap_or_else(|| "UNKNOWN".to_owned()),
                message: field("message").unwrap_or_else(|| "no message".to_owned()),
                command: error.pointer("/command/name").and_then(text),
            };
        }
        let said = json.pointer("/errors/0").map(|error| {
            let message = error
                .get("message")
                .and_then(text)
                .unwrap_or_else(|| "no message".to_owned());
            (message, error.get("code").and_then(text))
        });
        let not_found = self.status == 404
            && (self.body == b"Not Found"
                || said.as_ref().is_some_and(|(message, _)| message == "Not Found"));
        if let Some(why) = migration_lack(&at, self.status, not_found, said.as_ref().map(|(words, _)| words))
        {
            return Error::MigrationUnavailable {
                at,
                why,
                message: said.map(|(message, _)| message).filter(|_| !not_found),
            };
        }
        match (self.status, said) {
            (404, _) if not_found && !CORE.contains(&at.resource()) => Error::PluginMissing {
                resource: at.resource().to_owned(),
                at,
            },
            (401, Some((message, code))) => Error::Unauthorized { at, code, message },
            (403, Some((message, _))) => Error::Forbidden { at, message },
            (404, None) => Error::NotNocoBase {
                at,
                excerpt: self.excerpt(),
            },
            (408, _) => Error::UploadTooSlow { at },
            (413, _) => Error::TooLarge { at },
            (status, Some((message, code))) => Error::Refused {
                at,
                status,
                code,
                message,
            },
            (status @ (429 | 502..=504 | 520..=524), None) => Error::Gateway { at, status },
            (status, None) => Error::Unexpected {
                at,
                status,
                excerpt: self.excerpt(),
            },
        }
    }
}

/// The resources of Migration Manager, on both of its surfaces.
const MIGRATION: [&str; 6] = [
    "migration",
    "migrationFiles",
    "migrationRule",
    "migrationRules",
    "migrationLog",
    "migrationLogs",
];

/// Whether a refusal says that Migration Manager is not to be had here. By public documentation: 404, an inactive
/// plugin, a licence. What judges a package may speak of another plugin's licence, so it is left out.
fn migration_lack(at: &Call, status: u16, not_found: bool, words: Option<&String>) -> Option<MigrationLack> {
    if !MIGRATION.contains(&at.resource()) {
        return None;
    }
    if not_found {
        return Some(MigrationLack::Missing);
    }
    let judges = [":check", ":execute", ":runTask"]
        .iter()
        .any(|action| at.name.ends_with(action));
    if judges || status == 401 {
        return None;
    }
    let words = words?.to_lowercase();
    let speaks_of = |terms: &[&str]| terms.iter().any(|term| words.contains(term));
    if speaks_of(&["inactive plugin", "plugin is inactive", "plugin is not active"]) {
        Some(MigrationLack::Inactive)
    } else if speaks_of(&["license", "licence", "commercial", "professional edition"]) {
        Some(MigrationLack::Unlicensed)
    } else {
        None
    }
}
