//! The engine's pure parts: verdicts from evidence, plans and their confirmation, states from journals.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod findings;
mod journal;
mod ledger;
mod migration_claims;
mod migration_evidence;
mod migration_plans;
mod migration_verdicts;
mod plans;
mod properties;
mod verdicts;
