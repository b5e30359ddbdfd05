//! What is allowed: protected environments, read-only mode, how long a plan lives.
//!
//! The settings file's `[policy]` table deserialises into [`Policy`]; reading that file is the command line's
//! business, and holding to the policy is the planner's and the confirmation's.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Names that mean production in the supported languages; such environments are protected unless the policy
/// lists them under `unprotected`.
const PRODUCTION_NAMES: &[&str] = &[
    "prod",
    "production",
    "prd",
    "live",
    "生产",
    "生产环境",
    "正式",
    "正式环境",
    "线上",
    "生產",
    "正式環境",
    "本番",
    "本番環境",
    "운영",
    "프로덕션",
    "produktion",
    "produktiv",
    "producción",
    "produccion",
    "produção",
    "producao",
    "produksi",
    "прод",
    "продакшн",
    "боевой",
    "sản xuất",
    "produzione",
    "en-ligne",
];

/// Whether a run takes the way back by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RollBack {
    /// The way back is named and left to people.
    #[default]
    Never,
    /// Where a restore or a migration left the target damaged (`partial`, or `lost` with the application up), its safety backup is
    /// restored at once, in the same run.
    Damaged,
}

/// A way that releases may go, written `"dev -> test"`; `*` is any environment, `file` a package file of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Direction {
    from: String,
    to: String,
}

impl TryFrom<String> for Direction {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let sides = text
            .split_once("->")
            .or_else(|| text.split_once('→'))
            .map(|(from, to)| (from.trim().to_lowercase(), to.trim().to_lowercase()));
        match sides {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok(Self { from, to }),
            _ => Err(format!("{text:?} is no direction: write \"dev -> test\"")),
        }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

/// The rules of the house.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Environments whose plans a person must confirm at a terminal.
    pub protected: Vec<String>,
    /// Environments that are not protected although their name says production.
    pub unprotected: Vec<String>,
    /// The ways that packages may go between environments; without any, every way is open. An undo, and a package that
    /// goes back to its own environment, are always allowed.
    pub directions: Vec<Direction>,
    /// Where a package must have been verified before it goes to an environment, by that environment's name. An undo is
    /// always allowed.
    #[serde(deserialize_with = "one_or_several")]
    pub verified_first: BTreeMap<String, Vec<String>>,
    /// Nothing that changes an environment is planned or executed.
    pub read_only: bool,
    /// Minutes that a plan may wait for its confirmation.
    pub plan_minutes: u32,
    /// Minutes that a restore is watched before its outcome is called unknown.
    pub watch_minutes: u32,
    /// Days after which packages of this machine are removed that no undo can need any more; without it all are kept.
    pub keep_days: Option<u32>,
    /// Megabytes that a package may have to be fetched; without it as many as the disk has room for.
    pub max_package_mb: Option<NonZeroU32>,
    /// Whether a damaged target is brought back by the run that damaged it.
    pub roll_back: RollBack,
}

/// `{ prod = "test" }`, or `{ prod = ["test", "staging"] }`.
fn one_or_several<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    let names = BTreeMap::<String, Names>::deserialize(deserializer)?;
    let listed = names.into_iter().map(|(target, names)| match names {
        Names::One(name) => (target, vec![name]),
        Names::Several(names) => (target, names),
    });
    Ok(listed.collect())
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            protected: Vec::new(),
            unprotected: Vec::new(),
            directions: Vec::new(),
            verified_first: BTreeMap::new(),
            read_only: false,
            plan_minutes: 30,
            watch_minutes: 30,
            keep_days: None,
            max_package_mb: None,
            roll_back: RollBack::Never,
        }
    }
}

impl Policy {
    /// Whether the policy says that this environment is not protected whatever its names are.
    pub fn is_unprotected(&self, environment: &str) -> bool {
        let name = environment.to_lowercase();
        self.unprotected
            .iter()
            .any(|candidate| candidate.to_lowercase() == name)
    }

    /// The rule that a package from `from` (none: a file of this machine) to `to` would break, in words.
    pub fn forbidden_direction(&self, from: Option<&str>, to: &str) -> Option<String> {
        let (from, to) = (from.unwrap_or("file").to_lowercase(), to.to_lowercase());
        let fits = |side: &str, name: &str| side == "*" || side == name;
        let open = self.directions.is_empty()
            || from == to
            || self
                .directions
                .iter()
                .any(|direction| fits(&direction.from, &from) && fits(&direction.to, &to));
        (!open).then(|| {
            let allowed: Vec<String> = self.directions.iter().map(ToString::to_string).collect();
            format!(
                "packages do not go from {from} to {to}; allowed are: {}",
                allowed.join(", ")
            )
        })
    }

    /// Whether only a person may confirm what overwrites an environment of this name.
    pub fn is_protected(&self, environment: &str) -> bool {
        let name = environment.to_lowercase();
        let listed = |names: &[String]| names.iter().any(|candidate| candidate.to_lowercase() == name);
        if listed(&self.protected) {
            return true;
        }
        if listed(&self.unprotected) {
            return false;
        }
        // "prod1", "eu-prod", "myproduction", "生产环境1"
        let parts = name.split(|letter: char| !letter.is_alphabetic());
        let says_production = |part: &str| {
            PRODUCTION_NAMES.iter().any(|known| {
                let long = known.chars().count() >= 8 || !known.is_ascii();
                part == *known || (long && part.contains(known))
            })
        };
        parts.into_iter().any(says_production) || PRODUCTION_NAMES.contains(&name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_protected_by_its_name_in_any_language() {
        let policy = Policy::default();
        for name in [
            "prod",
            "Production",
            "eu-prod",
            "prod1",
            "myproduction",
            "生产",
            "生产环境1",
            "生產環境",
            "本番",
            "прод",
            "live",
        ] {
            assert!(policy.is_protected(name), "{name}");
        }
        for name in ["test", "product-demo", "dev", "staging"] {
            assert!(!policy.is_protected(name), "{name}");
        }
    }

    #[test]
    fn directions_are_closed_once_one_is_named() {
        let direction = |text: &str| Direction::try_from(text.to_owned());
        let mut policy = Policy::default();
        assert_eq!(policy.forbidden_direction(Some("dev"), "prod"), None);
        policy.directions = vec![
            direction("dev -> test").unwrap(),
            direction("test→ Prod").unwrap(),
        ];
        assert_eq!(policy.forbidden_direction(Some("DEV"), "test"), None);
        assert_eq!(policy.forbidden_direction(Some("test"), "prod"), None);
        assert_eq!(policy.forbidden_direction(Some("prod"), "prod"), None);
        for (from, to) in [(Some("dev"), "prod"), (Some("prod"), "test"), (None, "test")] {
            let rule = policy.forbidden_direction(from, to).unwrap();
            assert!(rule.contains("dev -> test, test -> prod"), "{rule}");
        }
        policy.directions.push(direction("file -> *").unwrap());
        assert_eq!(policy.forbidden_direction(None, "test"), None);
        for bad in ["", "dev", "-> test", "dev ->", "dev > test"] {
            assert!(direction(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_must_be_verified_first_is_one_environment_or_several() {
        let read = |text| serde_json::from_str::<Policy>(text).map(|policy| policy.verified_first);
        let one = read(r#"{ "verified-first": { "prod": "test" } }"#).unwrap();
        assert_eq!(one["prod"], ["test"]);
        let both = read(r#"{ "verified-first": { "prod": ["test", "staging"] } }"#).unwrap();
        assert_eq!(both["prod"], ["test", "staging"]);
        assert!(read(r#"{ "verified-first": { "prod": 1 } }"#).is_err());
        assert_eq!(read("{}").unwrap(), BTreeMap::new());
    }

    #[test]
    fn the_policy_file_has_the_last_word() {
        let policy = Policy {
            protected: vec!["test".into()],
            unprotected: vec!["prod".into()],
            ..Policy::default()
        };
        assert!(policy.is_protected("test"));
        assert!(!policy.is_protected("prod"));
    }
}
