//! Rules: which one is meant, what it does to a table, and the same in words. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::built_in;
use super::facts::{CollectionFact, MigrationFacts, RuleFact, VariableFact};
use crate::error::EngineError;

/// Rows kept, structure brought.
const SCHEMA_ONLY: &str = "schema-only";
/// Rows replaced.
const OVERWRITE: &str = "overwrite";
/// System tables: replaced where that is their default.
const OVERWRITE_FIRST: &str = "overwrite-first";
/// Names of tables in one line of a plan.
const NAMES_SHOWN: usize = 12;

/// Which rule a migration goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleChoice {
    /// The only rule of the source; where it has none, a new one with the documented defaults.
    Only,
    /// The rule of that id or name.
    Named(String),
    /// A global rule with these methods: one that is there, or a new one.
    Global {
        /// For tables that people made: `schema-only` or `overwrite`.
        user: String,
        /// For the system's tables: `overwrite-first` or `schema-only`.
        system: String,
    },
}

/// The rule of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedRule {
    /// Its id; none where the run makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// What it does to tables that people made, in the server's word.
    pub user: String,
    /// What it does to the system's tables, in the server's word.
    pub system: String,
    /// Tables with rules of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub independent: Vec<(String, String)>,
    /// Whether there are such tables that could not be read.
    #[serde(default)]
    pub independent_unread: bool,
    /// Whether the package may have been made by another rule than this one, or by this one as it was before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
}

/// What a plan says about its migration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedMigration {
    /// The rule; none where the package was made by one that is not known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<PlannedRule>,
    /// What it does to the target, in words.
    pub effects: Vec<String>,
    /// Variables and secrets that the source has and the target lacks; the target may ask for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<VariableFact>,
    /// Names of the values that were given for the target: those, and the ones above, are sent if it asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// Whether the server leaves out its own backup; the safety backup is always made.
    #[serde(default)]
    pub skip_server_backup: bool,
}

/// What happens to one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableMethod {
    /// Its rows stay; its structure is brought up to the source's.
    Keep,
    /// Its rows are replaced.
    Replace,
    /// It is not touched.
    Skip,
    /// Not to be told from here.
    Unknown,
}

impl TableMethod {
    fn of(word: &str) -> Self {
        match word {
            SCHEMA_ONLY => Self::Keep,
            OVERWRITE => Self::Replace,
            "skip" => Self::Skip,
            _ => Self::Unknown,
        }
    }
}

impl PlannedRule {
    /// A new global rule.
    fn new(user: &str, system: &str) -> Self {
        Self {
            id: None,
            name: format!("nocobase-release: {}", preset(user, system)),
            user: user.to_owned(),
            system: system.to_owned(),
            independent: Vec::new(),
            independent_unread: false,
            assumed: false,
        }
    }

    /// Whether it does the same as another one.
    pub(crate) fn does_as(&self, other: &Self) -> bool {
        (
            &self.user,
            &self.system,
            &self.independent,
            self.independent_unread,
        ) == (
            &other.user,
            &other.system,
            &other.independent,
            other.independent_unread,
        )
    }

    /// Whether a rule on the server is this one, by its name and all it does.
    pub(crate) fn is(&self, rule: &RuleFact) -> bool {
        self.name == rule.name && self.does_as(&Self::from(rule))
    }

    /// What it does to a table; `made_by_people` is whether it is none of the system's.
    pub fn method(&self, table: &str, made_by_people: bool) -> TableMethod {
        if let Some((_, word)) = self.independent.iter().find(|(name, _)| name == table) {
            return TableMethod::of(word);
        }
        if self.independent_unread {
            return TableMethod::Unknown;
        }
        match (made_by_people, self.system.as_str()) {
            (true, _) => TableMethod::of(&self.user),
            (false, OVERWRITE_FIRST) if built_in::is_overwritten(table) => TableMethod::Replace,
            (false, OVERWRITE_FIRST | SCHEMA_ONLY) => TableMethod::Keep,
            (false, _) => TableMethod::Unknown,
        }
    }

    /// Whether the definitions of collections are certain to come along: they are rows of system tables.
    pub fn brings_definitions(&self) -> bool {
        self.method("collections", false) == TableMethod::Replace
    }
}

impl From<&RuleFact> for PlannedRule {
    fn from(rule: &RuleFact) -> Self {
        Self {
            id: Some(rule.id.clone()),
            name: rule.name.clone(),
            user: rule.user.clone(),
            system: rule.system.clone(),
            independent: rule.independent.clone(),
            independent_unread: rule.independent_unread,
            assumed: false,
        }
    }
}

/// The usual pairs in words.
fn preset(user: &str, system: &str) -> String {
    match (user, system) {
        (SCHEMA_ONLY, OVERWRITE_FIRST) => "structure and configuration".to_owned(),
        (SCHEMA_ONLY, SCHEMA_ONLY) => "structure only".to_owned(),
        (OVERWRITE, SCHEMA_ONLY) => "overwrite user data".to_owned(),
        (OVERWRITE, OVERWRITE_FIRST) => "full overwrite".to_owned(),
        (user, system) => format!("{user}, {system}"),
    }
}

/// The rule that is meant, out of those of the source.
pub(crate) fn choose(
    choice: &RuleChoice,
    rules: &[RuleFact],
    source: &str,
) -> Result<PlannedRule, EngineError> {
    let one_of = |found: Vec<&RuleFact>| match found.as_slice() {
        [only] => Ok(PlannedRule::from(*only)),
        several => Err(EngineError::RuleUndecided {
            environment: source.to_owned(),
            rules: several.iter().map(|rule| (*rule).clone()).collect(),
        }),
    };
    let all: Vec<&RuleFact> = rules.iter().collect();
    match choice {
        RuleChoice::Only if rules.is_empty() => Ok(PlannedRule::new(SCHEMA_ONLY, OVERWRITE_FIRST)),
        RuleChoice::Only => one_of(all),
        RuleChoice::Named(wanted) => {
            let by =
                |test: &dyn Fn(&RuleFact) -> bool| rules.iter().filter(|rule| test(rule)).collect::<Vec<_>>();
            let by_id = by(&|rule| rule.id == *wanted);
            let found = if by_id.is_empty() {
                by(&|rule| rule.name == *wanted)
            } else {
                by_id
            };
            if found.is_empty() {
                return Err(EngineError::RuleNotFound {
                    environment: source.to_owned(),
                    rule: wanted.clone(),
                    available: rules.iter().map(RuleFact::listed).collect(),
                });
            }
            one_of(found)
        }
        RuleChoice::Global { user, system } => {
            check_methods(user, system)?;
            let known = rules
                .iter()
                .find(|rule| !rule.has_independent && rule.user == *user && rule.system == *system);
            Ok(known.map_or_else(|| PlannedRule::new(user, system), PlannedRule::from))
        }
    }
}

fn check_methods(user: &str, system: &str) -> Result<(), EngineError> {
    let fits = [SCHEMA_ONLY, OVERWRITE].contains(&user) && [OVERWRITE_FIRST, SCHEMA_ONLY].contains(&system);
    if fits {
        return Ok(());
    }
    Err(EngineError::Unsupported {
        what: format!("there is no global rule of {user} for tables of people and {system} for the system's"),
        instead:
            "schema-only or overwrite for tables of people, overwrite-first or schema-only for the system's"
                .into(),
    })
}

/// What a rule does to the target, in words.
pub(crate) fn effects(rule: Option<&PlannedRule>, facts: &MigrationFacts, target: &str) -> Vec<String> {
    let Some(rule) = rule else {
        return vec![format!(
            "by which rule the package was made is not known here: it may replace the rows of any table of {target}"
        )];
    };
    let mut effects = vec![format!(
        "rule {:?}: {} (tables of people: {}, system tables: {})",
        rule.name,
        preset(&rule.user, &rule.system),
        rule.user,
        rule.system
    )];
    if rule.assumed {
        effects.push(format!(
            "that the package was made by this rule as it is now is not known for certain: what is said here may not \
             hold, and the rows of any table of {target} may be replaced"
        ));
    }
    if rule.independent_unread {
        effects.push(
            "single tables have rules of their own that cannot be read here: any table may be replaced"
                .into(),
        );
    }
    let (mut created, mut changed) = (Vec::new(), Vec::new());
    let (mut kept, mut replaced, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for collection in facts
        .wanted_structure()
        .iter()
        .filter(|collection| !collection.system)
    {
        let method = rule.method(&collection.name, true);
        let here = facts
            .target_structure
            .iter()
            .find(|known| known.name == collection.name);
        match (method, here) {
            (TableMethod::Skip, _) => skipped.push(collection.name.clone()),
            (_, None) => created.push(collection.name.clone()),
            (TableMethod::Replace, Some(_)) => replaced.push(collection.name.clone()),
            (TableMethod::Keep, Some(_)) => kept.push(collection.name.clone()),
            (TableMethod::Unknown, Some(_)) => {}
        }
        if let (Some(here), false) = (here, method == TableMethod::Skip) {
            let new = new_fields(collection, here);
            if !new.is_empty() {
                changed.push(format!("{} ({})", collection.name, new.join(", ")));
            }
        }
    }
    for (words, names) in [
        ("rows replaced", replaced),
        ("rows kept", kept),
        ("created", created),
        ("fields added", changed),
        ("not touched", skipped),
    ] {
        if !names.is_empty() {
            effects.push(format!("{words}: {}", shortened(&names)));
        }
    }
    if rule.system == OVERWRITE_FIRST {
        effects.push(
            "configuration replaced: roles, menus, pages, workflows, sign-in methods, file storages, plugins and other \
             system tables; users, their sessions, API keys, variables and secrets stay"
                .into(),
        );
    }
    let single = replaced_system_tables(rule, facts);
    if !single.is_empty() {
        effects.push(format!(
            "system tables replaced by rules of their own: {}",
            shortened(&single)
        ));
    }
    effects
}

/// System tables that a rule of their own replaces, or may replace.
pub(crate) fn replaced_system_tables(rule: &PlannedRule, facts: &MigrationFacts) -> Vec<String> {
    let made_by_people = |table: &str| {
        let mut known = facts.wanted_structure().iter().chain(&facts.target_structure);
        known.any(|collection| collection.name == table && !collection.system)
    };
    let single = rule.independent.iter().map(|(table, _)| table);
    single
        .filter(|table| !made_by_people(table))
        .filter(|table| {
            matches!(
                rule.method(table, false),
                TableMethod::Replace | TableMethod::Unknown
            )
        })
        .cloned()
        .collect()
}

fn new_fields(source: &CollectionFact, here: &CollectionFact) -> Vec<String> {
    let new = source.fields.iter().filter(|field| !here.fields.contains(field));
    new.take(NAMES_SHOWN).cloned().collect()
}

fn shortened(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, name: &str, user: &str, system: &str) -> RuleFact {
        RuleFact {
            id: id.into(),
            name: name.into(),
            user: user.into(),
            system: system.into(),
            has_independent: false,
            independent: Vec::new(),
            independent_unread: false,
            updated_at: None,
        }
    }

    #[test]
    fn the_only_rule_is_taken_none_is_made_and_several_are_asked_about() {
        let made = choose(&RuleChoice::Only, &[], "dev").unwrap();
        assert_eq!(
            (made.id, made.user.as_str(), made.system.as_str()),
            (None, SCHEMA_ONLY, OVERWRITE_FIRST)
        );
        let one = [rule("3", "all", OVERWRITE, OVERWRITE_FIRST)];
        assert_eq!(
            choose(&RuleChoice::Only, &one, "dev").unwrap().id.as_deref(),
            Some("3")
        );
        let two = [one[0].clone(), rule("4", "structure", SCHEMA_ONLY, SCHEMA_ONLY)];
        let error = choose(&RuleChoice::Only, &two, "dev").unwrap_err();
        assert_eq!(error.code(), "rule_undecided");
        assert!(
            error.hint().contains("3 (all)") && error.hint().contains("4 (structure)"),
            "{}",
            error.hint()
        );
        for wanted in ["4", "structure"] {
            let found = choose(&RuleChoice::Named(wanted.into()), &two, "dev").unwrap();
            assert_eq!(found.id.as_deref(), Some("4"));
        }
        let error = choose(&RuleChoice::Named("nope".into()), &two, "dev").unwrap_err();
        assert_eq!(error.code(), "rule_not_found");
        let global = |user: &str, system: &str| RuleChoice::Global {
            user: user.into(),
            system: system.into(),
        };
        let reused = choose(&global(OVERWRITE, OVERWRITE_FIRST), &two, "dev").unwrap();
        assert_eq!(reused.id.as_deref(), Some("3"));
        assert_eq!(
            choose(&global(OVERWRITE, SCHEMA_ONLY), &two, "dev").unwrap().id,
            None
        );
        assert_eq!(
            choose(&global("upsert", SCHEMA_ONLY), &two, "dev")
                .unwrap_err()
                .code(),
            "unsupported"
        );
    }

    #[test]
    fn what_a_rule_does_to_a_table() {
        let mut rule = PlannedRule::new(SCHEMA_ONLY, OVERWRITE_FIRST);
        assert_eq!(rule.method("orders", true), TableMethod::Keep);
        assert_eq!(rule.method("workflows", false), TableMethod::Replace);
        assert_eq!(rule.method("users", false), TableMethod::Keep);
        rule.independent = vec![
            ("orders".into(), "skip".into()),
            ("units".into(), "upsert".into()),
        ];
        assert_eq!(rule.method("orders", true), TableMethod::Skip);
        assert_eq!(rule.method("units", true), TableMethod::Unknown);
        rule.independent_unread = true;
        assert_eq!(rule.method("workflows", false), TableMethod::Unknown);
    }
}
