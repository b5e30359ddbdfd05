//! A request as a handler sees it: route, parameters, uploaded file, caller.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart};
use axum::http::{HeaderMap, Request, Uri};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::access::Identity;
use super::routes::Route;
use crate::database::text_of;
use crate::faults::FaultKind;
use crate::world::World;

/// A request that was routed and authenticated.
pub(crate) struct Call {
    pub(crate) world: Arc<World>,
    pub(crate) request_id: String,
    pub(crate) target: Target,
    pub(crate) route: &'static Route,
    pub(crate) parameters: Parameters,
    pub(crate) who: Option<Identity>,
    pub(crate) locale: String,
    /// The faults that travel with the work this call starts.
    pub(crate) faults: Vec<FaultKind>,
}

/// What a URL under the API base names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) resource: String,
    pub(crate) action: String,
    /// The key after the action: `get/1`.
    pub(crate) key: Option<String>,
    /// What comes before the resource: `collections/orders/fields:list`.
    pub(crate) parent: Option<(String, String)>,
}

impl Target {
    /// Reads the path after the API base. `None` when it names no action.
    pub(crate) fn parse(method: &str, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let (parent, rest) = match parts.as_slice() {
            [parent, key, rest @ ..] if !parent.contains(':') && !rest.is_empty() => {
                (Some(((*parent).to_owned(), (*key).to_owned())), rest)
            }
            rest => (None, rest),
        };
        let (head, key) = match rest {
            [head] => (*head, None),
            [head, key] => (*head, Some((*key).to_owned())),
            _ => return None,
        };
        if let Some((resource, action)) = head.split_once(':') {
            return Some(Self {
                resource: resource.to_owned(),
                action: action.to_owned(),
                key,
                parent,
            });
        }
        // resources can also be called by method alone
        let action = match (method, key.is_some()) {
            ("GET", true) => "get",
            ("GET", false) => "list",
            ("POST", false) => "create",
            ("PUT" | "PATCH", true) => "update",
            ("DELETE", true) => "destroy",
            _ => return None,
        };
        Some(Self {
            resource: head.to_owned(),
            action: action.to_owned(),
            key,
            parent,
        })
    }

    /// `resource:action`.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.resource, self.action)
    }
}

/// Everything that came with a request besides its path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Map<String, Value>,
    pub(crate) upload: Upload,
    /// What the body brings, without its values.
    pub(crate) shape: String,
}

/// The file of a multipart body.
#[derive(Clone, Debug, Default)]
pub(crate) enum Upload {
    #[default]
    None,
    /// Under the name `file`.
    File(Bytes),
    /// Under another name.
    Misplaced(String),
}

impl Parameters {
    /// Reads query and body. The second value is what is wrong with them.
    pub(crate) async fn read(uri: &Uri, headers: &HeaderMap, body: Bytes) -> (Self, Vec<String>) {
        let mut complaints = Vec::new();
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map(|axum::extract::Query(pairs)| pairs)
            .unwrap_or_default();
        let mut parameters = Self {
            query,
            ..Self::default()
        };
        let kind = headers
            .get("content-type")
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            parameters.read_parts(kind, body, &mut complaints).await;
        } else if body.is_empty() {
            // nothing to read
        } else if kind.starts_with("application/json") {
            match serde_json::from_slice(&body) {
                Ok(Value::Object(members)) => parameters.body = members,
                Ok(_) => complaints.push("a JSON body that is no object".to_owned()),
                Err(error) => complaints.push(format!("a body that is no JSON: {error}")),
            }
        } else {
            complaints.push(format!("a body of content type `{kind}`"));
        }
        parameters.shape = parameters.shape_of(kind);
        (parameters, complaints)
    }

    /// `application/json {name: string, ruleId: number}`.
    fn shape_of(&self, kind: &str) -> String {
        let mut fields: Vec<String> = self
            .body
            .iter()
            .map(|(name, value)| format!("{name}: {}", kind_of(value)))
            .collect();
        match &self.upload {
            Upload::None => {}
            Upload::File(_) => fields.push("file: file".to_owned()),
            Upload::Misplaced(name) => fields.push(format!("{name}: file")),
        }
        if fields.is_empty() {
            return String::new();
        }
        fields.sort();
        let kind = kind.split(';').next().unwrap_or_default();
        format!("{kind} {{{}}}", fields.join(", "))
    }

    /// A field of a form. One that is given again makes a list, as multer has it in the real server.
    fn add_field(&mut self, name: String, value: Value) {
        match self.body.get_mut(&name) {
            None => drop(self.body.insert(name, value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }

    async fn read_parts(&mut self, kind: &str, body: Bytes, complaints: &mut Vec<String>) {
        let request = Request::builder()
            .header("content-type", kind)
            .body(Body::from(body));
        let Ok(mut request) = request else { return };
        DefaultBodyLimit::disable().apply(&mut request);
        let mut parts = match Multipart::from_request(request, &()).await {
            Ok(parts) => parts,
            Err(error) => return complaints.push(format!("a multipart body that cannot be read: {error}")),
        };
        loop {
            let part = match parts.next_field().await {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(error) => return complaints.push(format!("a multipart body that breaks off: {error}")),
            };
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let Ok(content) = part.bytes().await else {
                return complaints.push(format!("a part `{name}` that breaks off"));
            };
            match (is_file, name.as_str()) {
                (true, "file") => self.upload = Upload::File(content),
                (true, _) => self.upload = Upload::Misplaced(name),
                (false, _) => {
                    self.add_field(name, Value::from(String::from_utf8_lossy(&content).into_owned()))
                }
            }
        }
    }

    /// A query parameter that is given once.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter that can be given often: `fields[]=id&fields[]=name`, or `fields=id,name`.
    pub(crate) fn many(&self, name: &str) -> Vec<String> {
        let listed = self.query.iter().filter(|(key, _)| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
        });
        let commas = self.query(name).into_iter().flat_map(|value| value.split(','));
        listed
            .map(|(_, value)| value.clone())
            .chain(commas.map(str::to_owned))
            .collect()
    }

    /// A parameter of a custom action: from the query, else from the body.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let given = self.query(name).map(str::to_owned);
        given
            .or_else(|| self.body.get(name).map(|value| text_of(Some(value))))
            .filter(|text| !text.is_empty())
    }

    /// Whether a switch is set.
    pub(crate) fn switch(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value == "true")
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

impl Call {
    /// `filterByTk`, or the key after the action.
    pub(crate) fn key(&self) -> Option<String> {
        self.target
            .key
            .clone()
            .or_else(|| self.parameters.text("filterByTk"))
    }

    /// Whether error texts are to be Chinese.
    pub(crate) fn chinese(&self) -> bool {
        self.locale == "zh-CN"
    }

    pub(crate) fn violation(&self, text: impl std::fmt::Display) {
        self.world
            .journal
            .violation(format!("{}: {text}", self.target.name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_actions() {
        let named = |method, path| Target::parse(method, path).map(|target| (target.name(), target.key));
        assert_eq!(
            named("GET", "backup:list"),
            Some(("backup:list".to_owned(), None))
        );
        assert_eq!(
            named("GET", "backupSettings:get/1"),
            Some(("backupSettings:get".to_owned(), Some("1".to_owned())))
        );
        assert_eq!(
            named("PUT", "backupSettings/1"),
            Some(("backupSettings:update".to_owned(), Some("1".to_owned())))
        );
        assert_eq!(named("GET", "nothing/at/all/this/deep"), None);
        let nested = Target::parse("GET", "collections/orders/fields:list").expect("a target");
        assert_eq!(
            (nested.name().as_str(), nested.parent),
            (
                "fields:list",
                Some(("collections".to_owned(), "orders".to_owned()))
            )
        );
    }
}
