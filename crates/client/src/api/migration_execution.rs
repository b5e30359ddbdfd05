//! Migration packages on their target: checked, then executed.
//!
//! By public documentation, not seen on live servers: `migrationFiles:*` of the web pages where it is there, for it
//! alone holds the package in a task and tells conflicts; `migration:*` otherwise, with values of variables where its
//! version takes them. What a migration did is for the engine to find out.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::migrations::is_unknown_action;
use super::shapes::{name_of, shown, success_of, text, unwrapped, went_well};
use crate::client::Client;
use crate::error::{Error, clean};
use crate::secret::Secret;
use crate::transport::Request;

/// A variable or secret that a migration needs and the target lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededVariable {
    /// Its name.
    pub name: String,
    /// Whether it is a secret; none when the server does not say.
    pub secret: Option<bool>,
}

/// What stands between a checked package and the target's data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationConflicts {
    /// Conflicts, one line each.
    pub found: Vec<String>,
    /// What the server said instead of a list of them, one line each: there may be any number.
    pub unclear: Vec<String>,
}

/// What a target says of a package before it is executed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationCheck {
    /// The task that holds the package on the server; only the resource surface has one.
    pub task: Option<String>,
    /// Whether the server lets it pass; none when it does not say.
    pub pass: Option<bool>,
    /// The server's words about the whole.
    pub message: Option<String>,
    /// Settings of the environment that differ, such as `DB_UNDERSCORED`.
    pub settings: Vec<String>,
    /// Plugins that are missing.
    pub plugins: Vec<String>,
    /// Variables and secrets that are missing.
    pub variables: Vec<NeededVariable>,
    /// What else it said, one line each, not understood.
    pub other: Vec<String>,
}

/// The value of a variable or secret for a target.
#[derive(Debug, Clone)]
pub struct EnvText {
    /// Its name.
    pub name: String,
    /// Whether the target keeps it as a secret.
    pub secret: bool,
    /// Its value.
    pub value: Secret,
}

/// What is executed.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The package, for a surface that takes it once more.
    pub file: PathBuf,
    /// The task of the check.
    pub task: Option<String>,
    /// Values for what the check found missing.
    pub texts: Vec<EnvText>,
    /// Whether the server leaves out its own backup.
    pub skip_backup: bool,
}

/// The answer to an execution: what the server says of it, which proves nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// `X-Request-Id` of the call.
    pub request_id: Option<String>,
    /// Whether the server calls it a success; none when it does not say.
    pub success: Option<bool>,
    /// Its words.
    pub message: Option<String>,
}

impl Client {
    /// Uploads a package and has the server say whether it could be executed. Nothing of the application changes.
    pub async fn check_migration(
        &self,
        file: &Path,
        progress: impl Fn(u64) + Send + Sync + Clone + 'static,
    ) -> Result<MigrationCheck, Error> {
        let surfaces = self.migration_surfaces().await?;
        if surfaces.resource {
            let request = Request::post("migrationFiles:check");
            let answer = self.upload(&request, Vec::new(), file, progress.clone()).await;
            match answer {
                Err(error) if surfaces.cli && is_unknown_action(&error) => {}
                answer => return read_check(answer?.data(&self.mutation(&request.name))?),
            }
        }
        let request = Request::post("migration:check");
        let answer = self.upload(&request, Vec::new(), file, progress).await?;
        read_check(answer.data(&self.mutation(&request.name))?)
    }

    /// What of the target's data a checked package runs into; only the resource surface tells.
    pub async fn migration_conflicts(&self, task: &str) -> Result<MigrationConflicts, Error> {
        let request = Request::get("migrationFiles:checkDataConflicts").query("taskId", task);
        let answer = self.read(&request).await?;
        if answer.status == 204 {
            return Ok(MigrationConflicts::default());
        }
        let data = answer.data(&self.call(&request.name))?;
        Ok(MigrationConflicts::read(&unwrapped(data)))
    }

    /// Has the server look at values before they are executed with (`migrationFiles:checkEnvTexts`), for a check that
    /// came with a task. Gives whether it takes them; none when it does not say.
    pub async fn check_env_texts(&self, texts: &[EnvText]) -> Result<Option<bool>, Error> {
        let body = json!({ "envTexts": texts.iter().map(sent).collect::<Vec<Value>>() });
        let request = texts.iter().fold(
            Request::post("migrationFiles:checkEnvTexts").body(body),
            |request, text| request.secret(&text.value),
        );
        let at = self.mutation(&request.name);
        let answer = self.change(&request).await?;
        if answer.status == 204 {
            return Ok(None);
        }
        let data = unwrapped(answer.data(&at)?);
        Ok(data.as_bool().or_else(|| success_of(&data)))
    }

    /// Executes a checked package: sent once, never again. The answer comes when the work is done, or is lost in the
    /// restart; `progress` is told the bytes sent so far.
    ///
    /// Values of variables go along where the surface takes them; see [`Client::takes_env_texts`].
    pub async fn execute_migration(
        &self,
        execution: &Execution,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Executed, Error> {
        let (at, answer) = match &execution.task {
            Some(task) => {
                let texts: Vec<Value> = execution.texts.iter().map(sent).collect();
                let mut body = json!({ "taskId": task, "envTexts": texts });
                if let (true, Value::Object(members)) = (execution.skip_backup, &mut body) {
                    members.insert("skipBackup".to_owned(), json!(true));
                }
                let request = execution.texts.iter().fold(
                    Request::post("migrationFiles:runTask").body(body),
                    |request, text| request.secret(&text.value),
                );
                let patience = self.options().upload_answer_timeout;
                let answer = self.change_within(&request, patience).await?;
                (self.mutation(&request.name), answer)
            }
            None => {
                let request = execution
                    .texts
                    .iter()
                    .fold(Request::post("migration:execute"), |request, text| {
                        request.secret(&text.value)
                    });
                // each value a field of its own, as NocoBase's own command line sends them
                let texts = execution.texts.iter().map(|text| sent(text).to_string());
                let mut fields: Vec<_> = texts.map(|text| ("envTexts", Secret::new(text))).collect();
                if execution.skip_backup {
                    fields.push(("skipBackup", Secret::new("true")));
                }
                let answer = self.upload(&request, fields, &execution.file, progress).await?;
                (self.mutation(&request.name), answer)
            }
        };
        let data = unwrapped(answer.data(&at)?);
        let result = data
            .get("result")
            .filter(|result| result.is_object())
            .unwrap_or(&data);
        Ok(Executed {
            request_id: answer.request_id.clone(),
            success: success_of(result),
            message: text(result, &["message", "error", "reason"]),
        })
    }

    /// Whether an execution of this check takes values of variables along: by the web pages' surface always, by the
    /// command line's where the server's OpenAPI document says so, which NocoBase's own command line goes by. Otherwise
    /// they have to be made on the target first ([`Client::create_text`]).
    pub async fn takes_env_texts(&self, check: &MigrationCheck) -> bool {
        if check.task.is_some() {
            return true;
        }
        let request = Request::get("swagger:get");
        let document = match self.read(&request).await {
            Ok(answer) => answer.json(&self.call(&request.name)).map(unwrapped),
            Err(error) => Err(error),
        };
        // a server that hides its document takes variables all the same
        document.is_ok_and(|document| describes_env_texts(&document))
    }

    /// Makes a variable or a secret on the server (`environmentVariables:create`).
    pub async fn create_text(&self, text: &EnvText) -> Result<(), Error> {
        let kind = if text.secret { "secret" } else { "default" };
        let body = json!({ "name": &text.name, "type": kind, "value": text.value.expose() });
        let request = Request::post("environmentVariables:create")
            .body(body)
            .secret(&text.value);
        let at = self.mutation(&request.name);
        self.change(&request).await?.json(&at).map(drop)
    }
}

/// Whether the body of `migration:execute` has a member for values, in itself or in a schema that it refers to.
fn describes_env_texts(document: &Value) -> bool {
    let body = document.pointer("/paths/~1migration:execute/post/requestBody");
    let mut schemas: Vec<&Value> = body
        .and_then(|body| body.get("content")?.as_object())
        .into_iter()
        .flat_map(|kinds| kinds.values().filter_map(|kind| kind.get("schema")))
        .collect();
    let referred = |schema: &&Value| document.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?);
    let more: Vec<&Value> = schemas.iter().filter_map(referred).collect();
    schemas.extend(more);
    schemas
        .iter()
        .any(|schema| schema.pointer("/properties/envTexts").is_some())
}

/// A value as the server takes it: a line `NAME=value`, open or secret.
fn sent(text: &EnvText) -> Value {
    json!({ "text": format!("{}={}", text.name, text.value.expose()), "secret": text.secret })
}

/// Reads what a check says. Only `pass`, `taskId` and, as an example, `checkStatus` and `message` are documented; the
/// rest is told apart by its member's name, and kept as it is where that says nothing.
fn read_check(data: Value) -> Result<MigrationCheck, Error> {
    let data = unwrapped(data);
    let result = data.get("checkResult").unwrap_or(&data);
    let mut check = MigrationCheck {
        task: text(&data, &["taskId", "task"]),
        // either may say no
        pass: [success_of(result), success_of(&data)]
            .into_iter()
            .flatten()
            .reduce(|one, other| one && other),
        message: text(result, &["message", "error"]).or_else(|| text(&data, &["message", "error"])),
        ..MigrationCheck::default()
    };
    for (name, value) in result.as_object().into_iter().flatten() {
        if is_empty(value) || READ.contains(&name.as_str()) {
            continue;
        }
        let lower = name.to_lowercase();
        let speaks_of = |terms: &[&str]| terms.iter().any(|term| lower.contains(term));
        let kept = |value: &Value| clean(&format!("{name}: {}", shown(value)));
        if speaks_of(&["plugin"]) {
            for item in listed(value) {
                match name_of(&item) {
                    Some(plugin) => check.plugins.push(plugin),
                    None => check.other.push(kept(&item)),
                }
            }
        } else if speaks_of(&["text", "variable", "secret"]) {
            for item in listed(value) {
                match variable(&item, lower.contains("secret")) {
                    Some(variable) => check.variables.push(variable),
                    None => check.other.push(kept(&item)),
                }
            }
        } else if speaks_of(&["env", "setting"]) {
            check.settings.extend(listed(value).iter().map(setting));
        } else {
            check.other.push(kept(value));
        }
    }
    // words about the state that say neither yes nor no must not be lost
    for name in ["checkStatus", "status", "state"] {
        if let Some(word) = text(result, &[name]).filter(|word| went_well(word).is_none()) {
            check.other.push(clean(&format!("{name}: {word}")));
        }
    }
    Ok(check)
}

/// Members of a check that are read by name.
const READ: [&str; 9] = [
    "pass",
    "success",
    "ok",
    "status",
    "state",
    "checkStatus",
    "message",
    "error",
    "taskId",
];

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The items of a list; an object lists its members, anything else itself.
fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect(),
        other => vec![other.clone()],
    }
}

fn variable(value: &Value, secret: bool) -> Option<NeededVariable> {
    let kind = text(value, &["type"]);
    let says = value.get("secret").and_then(Value::as_bool);
    Some(NeededVariable {
        name: name_of(value)?,
        secret: match (says, kind.as_deref()) {
            _ if secret => Some(true),
            (Some(true), _) | (_, Some("secret")) => Some(true),
            (Some(false), _) | (_, Some("default")) => Some(false),
            (None, _) => None,
        },
    })
}

fn setting(value: &Value) -> String {
    let Some(name) = name_of(value) else {
        return shown(value);
    };
    let side = |names: &[&str]| text(value, names).unwrap_or_else(|| "(none)".to_owned());
    let (package, here) = (
        side(&["source", "package", "expected"]),
        side(&["target", "current", "actual"]),
    );
    if package == here {
        name
    } else {
        clean(&format!("{name} is {package} in the package and {here} here"))
    }
}

impl MigrationConflicts {
    /// Reads an answer. A list is one of conflicts; of an object its known members are, and whatever else does not say
    /// plainly that there is none is kept as unclear.
    fn read(data: &Value) -> Self {
        let mut read = Self::default();
        match data {
            Value::Null => {}
            Value::Array(items) => read.found.extend(items.iter().map(shown)),
            Value::Object(members) => {
                for (name, value) in members {
                    read.member(name, value);
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => read.unclear.push(shown(data)),
        }
        read
    }

    fn member(&mut self, name: &str, value: &Value) {
        let line = |value: &Value| clean(&format!("{name}: {}", shown(value)));
        let lists = [
            "conflicts",
            "dataConflicts",
            "rows",
            "list",
            "items",
            "tables",
            "collections",
        ]
        .contains(&name);
        let names_task = ["taskId", "task", "id"].contains(&name);
        let says_no = |value: &Value| match (name, value) {
            (_, Value::Null) => true,
            (_, Value::Number(number)) => number.as_f64() == Some(0.0),
            ("pass" | "success" | "ok", Value::Bool(well)) => *well,
            (_, Value::Bool(there)) => !there,
            ("status" | "state" | "checkStatus", Value::String(word)) => went_well(word) == Some(true),
            (_, value) => is_empty(value),
        };
        match value {
            Value::Array(_) | Value::Object(_) if lists => self.found.extend(listed(value).iter().map(line)),
            _ if names_task || says_no(value) => {}
            value => self.unclear.push(line(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_about_conflicts_that_does_not_say_none_is_not_taken_for_none() {
        for none in [
            json!(null),
            json!([]),
            json!({}),
            json!({"taskId": "x", "conflicts": []}),
            json!({"hasConflicts": false, "count": 0, "pass": true}),
            json!({"conflicts": {}, "status": "ok"}),
        ] {
            assert_eq!(
                MigrationConflicts::read(&none),
                MigrationConflicts::default(),
                "{none}"
            );
        }
        for unclear in [
            json!({"hasConflicts": true, "count": 12}),
            json!({"pass": false}),
            json!("12 conflicts"),
            json!(true),
            json!(3),
            json!({"status": "warning"}),
            json!({"differences": ["orders"]}),
        ] {
            let read = MigrationConflicts::read(&unclear);
            assert!(!read.unclear.is_empty() && read.found.is_empty(), "{unclear}");
        }
        let read = MigrationConflicts::read(&json!({"taskId": "x", "conflicts": ["a", {"collection": "b"}]}));
        assert_eq!((read.found.len(), read.unclear.len()), (2, 0));
        assert_eq!(MigrationConflicts::read(&json!([1, 2])).found.len(), 2);
    }

    #[test]
    fn a_check_passes_by_its_own_word_and_no_contradiction() {
        let pass = |data: Value| read_check(data).unwrap().pass;
        assert_eq!(pass(json!({"checkResult": {"pass": true}})), Some(true));
        for no in [
            json!({"checkResult": {"pass": false, "success": true}}),
            json!({"success": true, "checkResult": {"pass": false}}),
            json!({"pass": false, "checkResult": {"success": true}}),
            json!({"checkResult": {"pass": true, "checkStatus": "failed"}}),
        ] {
            assert_eq!(pass(no.clone()), Some(false), "{no}");
        }
        let check = read_check(json!({"checkResult": {"checkStatus": "needs_review"}})).unwrap();
        assert_eq!(
            (check.pass, check.other),
            (None, vec!["checkStatus: needs_review".to_owned()])
        );
        let check = read_check(json!({"checkResult": {"pass": false, "envTexts": ["API_KEY"]}})).unwrap();
        assert_eq!(check.variables[0].secret, None);
    }
}
