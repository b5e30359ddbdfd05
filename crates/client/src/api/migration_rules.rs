//! Migration rules: what a migration does to which tables.
//!
//! By public documentation, not seen on live servers. Both surfaces of Migration Manager list rules as
//! `migrationRules:*`; the command line's makes them by `migrationRule:create`. Only global rules are made here; how
//! rules for single tables are stored is not public, so they are read with tolerance.

use serde_json::{Value, json};

use super::migrations::as_id;
use super::shapes::{entries, line, name_of, text, unwrapped};
use crate::client::Client;
use crate::error::Error;
use crate::transport::Request;

/// A migration rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationRule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does to tables that users made (`schema-only`, `overwrite`), in the server's word.
    pub user: Option<String>,
    /// What it does to the system's tables (`overwrite-first`, `schema-only`), in the server's word.
    pub system: Option<String>,
    /// Whether single tables have rules of their own.
    pub has_independent: bool,
    /// Those tables with what is done to them, as far as they could be read.
    pub independent: Vec<(String, String)>,
}

impl Client {
    /// The migration rules of the server.
    pub async fn migration_rules(&self) -> Result<Vec<MigrationRule>, Error> {
        self.migration_surfaces().await?;
        let request = Request::get("migrationRules:list")
            .query("page", "1")
            .query("pageSize", "200");
        let at = self.call(&request.name);
        let answer = self.read(&request).await?;
        let listed = entries(answer.data(&at)?);
        let listed = listed.ok_or_else(|| answer.unexpected(&at, "no list of rules in the answer"))?;
        Ok(listed.iter().filter_map(rule).collect())
    }

    /// Makes a global rule; its id. A server that does not tell it is asked for the rule of that name.
    pub async fn create_migration_rule(&self, name: &str, user: &str, system: &str) -> Result<String, Error> {
        let global = |method: &str| json!({ "globalRule": method, "enableIndependentRules": false });
        let rules = json!({ "userDefined": global(user), "systemDefined": global(system) });
        let request = self
            .by_surface(
                Request::post("migrationRule:create")
                    .body(json!({ "name": name, "userDefinedRule": user, "systemDefinedRule": system })),
                Request::post("migrationRules:create").body(json!({ "name": name, "rules": rules })),
            )
            .await?;
        let at = self.mutation(&request.name);
        let answer = self.change(&request).await?;
        let data = unwrapped(answer.data(&at)?);
        if let Some(id) = line(&data).or_else(|| text(&data, &["id", "ruleId"])) {
            return Ok(id);
        }
        let made = self
            .migration_rules()
            .await?
            .into_iter()
            .find(|rule| rule.name == name);
        made.map(|rule| rule.id).ok_or_else(|| {
            answer.unexpected(
                &at,
                "no id of the rule in the answer, and none of its name in the list",
            )
        })
    }

    /// One rule by its id.
    pub async fn migration_rule(&self, id: &str) -> Result<Option<MigrationRule>, Error> {
        self.migration_surfaces().await?;
        let request = Request::get("migrationRules:get").query("filterByTk", id);
        let answer = self.read(&request).await?;
        if answer.status == 204 {
            return Ok(None);
        }
        let data = unwrapped(answer.data(&self.call(&request.name))?);
        Ok(rule(&data).filter(|rule| as_id(&rule.id) == as_id(id)))
    }
}

fn rule(value: &Value) -> Option<MigrationRule> {
    let id = text(value, &["id"])?;
    let side = |name: &str, flat: &str| {
        let side = value.pointer(&format!("/rules/{name}"));
        side.and_then(|side| text(side, &["globalRule"]))
            .or_else(|| text(value, &[flat]))
    };
    let sides = || {
        ["userDefined", "systemDefined"]
            .into_iter()
            .filter_map(|name| value.pointer(&format!("/rules/{name}")))
            .filter(|side| side.get("enableIndependentRules").and_then(Value::as_bool) == Some(true))
    };
    Some(MigrationRule {
        name: text(value, &["name", "title"]).unwrap_or_else(|| format!("rule {id}")),
        user: side("userDefined", "userDefinedRule"),
        system: side("systemDefined", "systemDefinedRule"),
        has_independent: sides().next().is_some(),
        independent: sides().flat_map(independent).collect(),
        id,
    })
}

/// Rules of single tables: `{table: method}`, `[{table, rule}]`, or `[{rule, collections: [table]}]`.
fn independent(side: &Value) -> Vec<(String, String)> {
    let Some(rules) = side.get("independentRules").or_else(|| side.get("rules")) else {
        return Vec::new();
    };
    match rules {
        Value::Object(tables) => tables
            .iter()
            .filter_map(|(table, method)| Some((line(&json!(table))?, line(method)?)))
            .collect(),
        Value::Array(rules) => rules.iter().flat_map(of_one).collect(),
        _ => Vec::new(),
    }
}

fn of_one(rule: &Value) -> Vec<(String, String)> {
    let Some(method) = text(rule, &["rule", "method", "globalRule", "type"]) else {
        return Vec::new();
    };
    let tables = ["collections", "tables", "names"]
        .iter()
        .find_map(|name| rule.get(*name)?.as_array());
    match tables {
        Some(tables) => tables
            .iter()
            .filter_map(name_of)
            .map(|table| (table, method.clone()))
            .collect(),
        None => name_of(rule).map(|table| (table, method)).into_iter().collect(),
    }
}
