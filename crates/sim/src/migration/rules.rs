//! What a rule does to which table.
//!
//! The defaults of the system's tables are those of the public list "built-in tables"; `overwrite-first` overwrites
//! where that list says so and keeps the rows elsewhere.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::database::{Database, Row, text_of};

/// What happens to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    SchemaOnly,
    Overwrite,
    Skip,
}

impl Method {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SchemaOnly => "schema-only",
            Self::Overwrite => "overwrite",
            Self::Skip => "skip",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::SchemaOnly, Self::Overwrite, Self::Skip]
            .into_iter()
            .find(|method| method.word() == word)
    }
}

/// System tables that the public list overwrites by default, of those that the simulation has.
const OVERWRITTEN: [&str; 22] = [
    "aiEmployees",
    "applicationPlugins",
    "authenticators",
    "backupSettings",
    "blockTemplates",
    "collections",
    "customRequests",
    "dataSources",
    "desktopRoutes",
    "fields",
    "flowModels",
    "flowSql",
    "flow_nodes",
    "llmServices",
    "mobileRoutes",
    "notificationChannels",
    "roles",
    "rolesResources",
    "storages",
    "systemSettings",
    "uiSchemas",
    "workflows",
];
/// The same, of less common ones.
const OVERWRITTEN_TOO: [&str; 3] = ["sequences", "themeConfig", "uiSchemaTemplates"];

/// Whether people made this table.
pub(crate) fn is_user_defined(database: &Database, table: &str) -> bool {
    database.rows("collections").iter().any(|row| {
        text_of(row.get("name")) == table
            && row
                .get("options")
                .and_then(|options| options.get("dataCategory"))
                .is_none()
    })
}

/// What is wrong with a rule that is to be kept, in the server's words; none when nothing is.
pub(crate) fn refusal(rules: &Value) -> Option<String> {
    let wrong = |side: &str, allowed: &[&str]| {
        let word = text_of(rules.pointer(&format!("/{side}/globalRule")));
        (!allowed.contains(&word.as_str())).then(|| format!("invalid global rule of {side}: {word}"))
    };
    wrong("userDefined", &["schema-only", "overwrite"])
        .or_else(|| wrong("systemDefined", &["overwrite-first", "schema-only"]))
}

/// What a rule does to every table of a database.
pub(crate) fn methods(database: &Database, rule: &Row) -> BTreeMap<String, Method> {
    let rules = rule.get("rules").cloned().unwrap_or_default();
    let global = |side: &str| text_of(rules.pointer(&format!("/{side}/globalRule")));
    let (user, system) = (global("userDefined"), global("systemDefined"));
    let mut methods: BTreeMap<String, Method> = database
        .tables()
        .map(|(name, _)| {
            let overwritten = if is_user_defined(database, name) {
                user == "overwrite"
            } else {
                system == "overwrite-first"
                    && (OVERWRITTEN.contains(&name) || OVERWRITTEN_TOO.contains(&name))
            };
            let method = if overwritten {
                Method::Overwrite
            } else {
                Method::SchemaOnly
            };
            (name.to_owned(), method)
        })
        .collect();
    for side in ["userDefined", "systemDefined"] {
        let on = rules.pointer(&format!("/{side}/enableIndependentRules")) == Some(&Value::Bool(true));
        let independent = rules
            .pointer(&format!("/{side}/independentRules"))
            .and_then(Value::as_array);
        for rule in independent.into_iter().flatten().filter(|_| on) {
            let Some(method) = Method::from_word(&text_of(rule.get("rule"))) else {
                continue;
            };
            let tables = rule.get("collections").and_then(Value::as_array);
            for table in tables.into_iter().flatten() {
                methods.insert(text_of(Some(table)), method);
            }
        }
    }
    methods
}
