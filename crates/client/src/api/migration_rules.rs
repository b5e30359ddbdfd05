//! Migration rules: what a migration does to which tables.
//!
//! By public documentation, not seen on live servers. Both surfaces of Migration Manager list rules as
//! `migrationRules:*`; the command line's makes them by `migrationRule:create`. Only global rules are made here; how
//! rules for single tables are stored is not public, so they are read with tolerance.

use serde_json::{Value, json};

use super::migrations::as_id;
use super::shapes::{ENTRIES, entries, line, name_of, text, unwrapped};
use crate::client::Client;
use crate::error::Error;
use crate::transport::Request;

/// Rules of one server that are looked at.
const RULES: usize = 200;

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
    /// Whether some of them could not be read, or are more than are looked at.
    pub independent_unread: bool,
    /// When it was changed last, in the server's words.
    pub updated_at: Option<String>,
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
        Ok(listed.iter().filter_map(rule).take(RULES).collect())
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
        let listed = self.migration_rules().await?;
        let mut of_that_name = listed.into_iter().filter(|rule| rule.name == name);
        match (of_that_name.next(), of_that_name.next()) {
            (Some(rule), None) => Ok(rule.id),
            _ => Err(answer.unexpected(
                &at,
                "no id of the rule in the answer, and not exactly one of its name in the list",
            )),
        }
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
    let mut read = Independent::default();
    for side in ["userDefined", "systemDefined"]
        .into_iter()
        .filter_map(|name| value.pointer(&format!("/rules/{name}")))
    {
        match side.get("enableIndependentRules") {
            None | Some(Value::Null | Value::Bool(false)) => {}
            Some(Value::Bool(true)) => read.side(side),
            // neither on nor off
            Some(_) => (read.any, read.unread) = (true, true),
        }
    }
    Some(MigrationRule {
        name: text(value, &["name", "title"]).unwrap_or_else(|| format!("rule {id}")),
        user: side("userDefined", "userDefinedRule"),
        system: side("systemDefined", "systemDefinedRule"),
        has_independent: read.any,
        independent: read.tables,
        independent_unread: read.unread,
        updated_at: text(value, &["updatedAt"]),
        id,
    })
}

/// Rules of single tables, as far as they could be read.
#[derive(Default)]
struct Independent {
    any: bool,
    unread: bool,
    tables: Vec<(String, String)>,
}

impl Independent {
    /// `{table: method}`, `[{table, rule}]`, or `[{rule, collections: [table]}]`; what has another shape is not passed over.
    fn side(&mut self, side: &Value) {
        self.any = true;
        match side.get("independentRules").or_else(|| side.get("rules")) {
            Some(Value::Object(tables)) => {
                for (table, method) in tables {
                    self.keep(line(&json!(table)), line(method));
                }
            }
            Some(Value::Array(rules)) => rules.iter().for_each(|rule| self.rule(rule)),
            _ => self.unread = true,
        }
    }

    fn rule(&mut self, rule: &Value) {
        let method = text(rule, &["rule", "method", "globalRule", "type"]);
        let tables = ["collections", "tables", "names"]
            .iter()
            .find_map(|name| rule.get(*name));
        match tables {
            Some(Value::Array(tables)) => {
                for table in tables {
                    self.keep(name_of(table), method.clone());
                }
            }
            Some(_) => self.unread = true,
            None => self.keep(name_of(rule), method),
        }
    }

    fn keep(&mut self, table: Option<String>, method: Option<String>) {
        match (table, method) {
            (Some(table), Some(method)) if self.tables.len() < ENTRIES => self.tables.push((table, method)),
            _ => self.unread = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(independent: Value) -> MigrationRule {
        let side = json!({"globalRule": "schema-only", "enableIndependentRules": true, "independentRules": independent});
        rule(&json!({"id": 1, "rules": {"userDefined": side}})).expect("a rule")
    }

    #[test]
    fn single_tables_that_cannot_all_be_read_are_told() {
        let whole = read(
            json!([{"rule": "overwrite", "collections": ["orders"]}, {"table": "units", "rule": "skip"}]),
        );
        assert!(
            !whole.independent_unread && whole.independent.len() == 2,
            "{whole:?}"
        );
        for unread in [
            json!([{"rule": "overwrite", "collections": ["orders"]}, {"mode": "overwrite", "collections": ["units"]}]),
            json!([{"rule": "overwrite", "collections": ["orders", {"uid": "x"}]}]),
            json!([{"rule": "overwrite", "collections": "orders"}]),
            json!({"orders": {"how": "overwrite"}}),
            json!("orders"),
            json!(null),
            json!(vec![json!({"rule": "skip", "collections": ["t"]}); ENTRIES + 1]),
        ] {
            assert!(read(unread.clone()).independent_unread, "{unread}");
        }
        let odd = json!({"id": 1, "rules": {"userDefined": {"enableIndependentRules": "yes"}}});
        assert!(rule(&odd).expect("a rule").independent_unread);
    }
}
