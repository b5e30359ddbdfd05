//! What the target's content says of a migration, by counting and by its structure.

use crate::evidence::Comparison;
use crate::migration::MigrationEvidence;

/// What the content says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// What the rule wants, and not what was there before.
    Wanted,
    /// What the rule wants, which is what was there before, as far as can be counted.
    WantedAsBefore,
    /// What was there before as far as can be counted, and not what the rule wants.
    AsBefore,
    /// Every row that the rule wants and more in tables that it replaces: they may have been replaced and have grown.
    Grown,
    /// The rows that the rule wants, while parts of a structure are not there that it does not promise.
    RowsOnly,
    /// None of these.
    Neither,
    /// Nothing could be compared.
    Unseen,
}

impl Content {
    /// Reads the evidence. Rows that are to be replaced have to be there in exactly the number of the package: more of
    /// them are as well those from before.
    pub(super) fn of(evidence: &MigrationEvidence) -> Self {
        let structure = evidence
            .structure
            .as_ref()
            .filter(|structure| structure.collections > 0)
            .map(|structure| structure.is_whole());
        let (kept, replaced) = (seen(&evidence.kept), seen(&evidence.replaced));
        let stands = evidence.structure_as_before == Some(true);
        if kept.is_none() && replaced.is_none() {
            // a structure alone proves no rows
            return if structure == Some(false) && stands {
                Self::AsBefore
            } else {
                Self::Unseen
            };
        }
        let as_before = stands && seen(&evidence.against_before).is_some_and(Comparison::is_exact);
        let rows_kept = kept.is_none_or(Comparison::is_whole);
        let rows_new = replaced.is_none_or(Comparison::is_exact);
        match (rows_kept && rows_new, structure) {
            // what tells new from old tells that it is the old
            _ if as_before && (evidence.distinguishable || structure == Some(false)) => Self::AsBefore,
            (true, Some(false)) if !evidence.structure_binds => Self::RowsOnly,
            (true, Some(false)) => Self::Neither,
            (true, _) if evidence.distinguishable => Self::Wanted,
            (true, _) => Self::WantedAsBefore,
            (false, _) if as_before => Self::AsBefore,
            (false, Some(true) | None)
                if rows_kept
                    && evidence.not_replaced.is_empty()
                    && replaced.is_none_or(Comparison::is_whole) =>
            {
                Self::Grown
            }
            (false, _) => Self::Neither,
        }
    }
}

/// Whether something is there that was not there before the execution, or something is gone.
pub(super) fn has_changed(evidence: &MigrationEvidence) -> bool {
    evidence.structure_as_before == Some(false)
        || seen(&evidence.against_before).is_some_and(|before| !before.missing.is_empty())
        || Content::of(evidence) == Content::Wanted
}

/// Whether every row that was to stay is gone.
pub(super) fn has_lost_all(evidence: &MigrationEvidence) -> bool {
    seen(&evidence.kept).is_some_and(|kept| {
        kept.missing.len() == kept.tables
            && kept
                .missing
                .iter()
                .all(|table| table.found.unwrap_or_default() == 0)
    })
}

/// A comparison that compared something.
pub(super) fn seen(comparison: &Option<Comparison>) -> Option<&Comparison> {
    comparison.as_ref().filter(|comparison| comparison.tables > 0)
}
