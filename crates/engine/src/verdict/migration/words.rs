//! The reasons of a migration's verdict, in sentences.

use super::content::seen;
use crate::evidence::Identity;
use crate::migration::{MigrationEvidence, MigrationStory};

/// What the content looks like.
pub(super) fn of_content(evidence: &MigrationEvidence) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(structure) = evidence
        .structure
        .as_ref()
        .filter(|structure| structure.collections > 0)
    {
        reasons.push(match structure.missing.first() {
            None => format!(
                "all {} collections of the source are there with their fields",
                structure.collections
            ),
            Some(first) => format!(
                "{} parts of the source's structure are not there, such as {first}",
                structure.missing_count
            ),
        });
    }
    if let Some(kept) = seen(&evidence.kept) {
        reasons.push(match kept.missing.first() {
            None => format!(
                "{} tables hold the {} rows that were to stay",
                kept.tables, kept.rows
            ),
            Some(first) => format!(
                "{} of {} tables hold fewer of the rows that were to stay, such as {}",
                kept.missing.len(),
                kept.tables,
                first.table
            ),
        });
    }
    if let Some(replaced) = seen(&evidence.replaced) {
        let other = replaced.missing.len() + replaced.grown.len();
        reasons.push(match replaced.missing.first().or(replaced.grown.first()) {
            None => format!(
                "{} tables hold exactly the {} rows that were to come",
                replaced.tables, replaced.rows
            ),
            Some(first) => format!(
                "{other} of {} tables that were to be replaced hold another number of rows, such as {}",
                replaced.tables, first.table
            ),
        });
    }
    if let Some(first) = evidence.not_replaced.first() {
        reasons.push(format!(
            "{} tables that were to be replaced hold as many rows as before, such as {first}",
            evidence.not_replaced.len()
        ));
    }
    reasons
}

/// What a person should look at although the content is what was wanted.
pub(super) fn warnings(evidence: &MigrationEvidence) -> Vec<String> {
    let mut warnings = Vec::new();
    if !matches!(evidence.log, MigrationStory::Succeeded { .. }) {
        warnings.push("the server's migration log does not tell how it ended".to_owned());
    }
    if evidence.rule_assumed {
        warnings.push("that the package was made by this rule as it is now is not known for certain".into());
    }
    if evidence.structure.is_none() {
        warnings.push("the structure could not be compared with the source".into());
    }
    let compared = seen(&evidence.replaced).map_or(0, |replaced| replaced.tables);
    if compared == 0 && evidence.replaces != Some(false) {
        warnings.push("rows that were to be replaced could not be compared".into());
    } else if compared < evidence.replaced_expected {
        warnings.push(format!(
            "only {compared} of the {} tables that were to be replaced could be compared",
            evidence.replaced_expected
        ));
    }
    if evidence.replaced_unknown > 0 {
        warnings.push(format!(
            "the rule replaces {} tables whose new rows are not known, for the package's inside is not public",
            evidence.replaced_unknown
        ));
    }
    match seen(&evidence.kept) {
        None => warnings.push("rows that were to stay could not be compared".into()),
        Some(kept) if !kept.grown.is_empty() => warnings.push(format!(
            "{} tables that were to stay hold more rows than before by now",
            kept.grown.len()
        )),
        Some(_) => {}
    }
    if evidence.users.is_none() {
        warnings.push("the users could not be counted".into());
    }
    match &evidence.identity {
        Identity::Same => {}
        Identity::Changed { after, .. } => {
            warnings.push(format!("our credentials belong to {} now", after.username));
        }
        Identity::FellBack { .. } | Identity::Refused { .. } => {
            warnings.push("our credentials no longer work there".into());
        }
        Identity::Unreadable { reason } => {
            warnings.push(format!("who we are there could not be asked: {reason}"));
        }
    }
    warnings
}
