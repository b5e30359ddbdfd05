//! A package against the environment that is to receive it; pure.

use super::Inspection;
use crate::finding::Finding;

/// What is known of the environment that is to receive a package. What is not known is `None` and not judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// NocoBase's version.
    pub version: String,
    /// `postgres`, `mysql`, `mariadb`, `sqlite`, `kingbase`.
    pub dialect: String,
    /// The schema as configured: `None` and `public` are two different things to NocoBase.
    pub schema: Option<String>,
    /// Whether names in the database are in `snake_case`.
    pub underscored: Option<bool>,
    /// Prefix of every table; `Some("")` where there is none, `None` where it is not known.
    pub table_prefix: Option<String>,
    /// Enabled plugins, name and version.
    pub plugins: Option<Vec<(String, String)>>,
}

/// What stands between this package and this target, beyond what the inspection found.
pub fn judge(inspection: &Inspection, target: &Target) -> Vec<Finding> {
    let _ = (inspection, target);
    Vec::new()
}
