//! What a package may cost while it is inspected.
//!
//! The defaults let a real package of several hundred GiB pass and stop a file that was made to exhaust
//! memory, disk or patience. Sizes are measured while streaming, never taken from what a header claims.

use std::path::PathBuf;

/// Bounds of one inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most entries of the zip file.
    pub entries: u64,
    /// Most bytes of the zip file's central directory.
    pub central_directory_bytes: u64,
    /// Most bytes that all entries may inflate to, and again that all tables may inflate to.
    pub inflated_bytes: u64,
    /// Most inflated bytes for each byte of the package, looked at from [`ratio_floor_bytes`](Self::ratio_floor_bytes) on.
    pub ratio: u64,
    /// Below this many inflated bytes the ratio is not looked at.
    pub ratio_floor_bytes: u64,
    /// Most bytes of `_metadata.json`.
    pub metadata_bytes: u64,
    /// Most entries of a PostgreSQL archive's table of contents.
    pub toc_entries: u64,
    /// Most bytes of a PostgreSQL archive's table of contents.
    pub toc_bytes: u64,
    /// Most tables that are listed; those beyond are left out of the list, and a finding says so.
    pub tables: usize,
    /// Where the decrypted form of an encrypted package is kept meanwhile: beside the package if `None`.
    pub temporary_directory: Option<PathBuf>,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            central_directory_bytes: 256 * MIB,
            inflated_bytes: 4 * TIB,
            ratio: 1_000,
            ratio_floor_bytes: 8 * GIB,
            metadata_bytes: 4 * MIB,
            toc_entries: 1_000_000,
            toc_bytes: 512 * MIB,
            tables: 20_000,
            temporary_directory: None,
        }
    }
}

/// How much may still be inflated.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    most: u64,
}

impl Budget {
    /// What a package of that size may inflate to.
    pub(super) fn new(limits: &Limits, package_bytes: u64) -> Self {
        let by_ratio = package_bytes
            .saturating_mul(limits.ratio)
            .max(limits.ratio_floor_bytes);
        let most = limits.inflated_bytes.min(by_ratio);
        Self { left: most, most }
    }

    /// Takes `bytes` off; `false` once there are not so many left.
    #[must_use]
    pub(super) fn spend(&mut self, bytes: u64) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.left = 0;
                false
            }
        }
    }

    /// What it was at the start.
    pub(super) fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_follows_the_smallest_bound() {
        let limits = Limits {
            inflated_bytes: 1000,
            ratio: 10,
            ratio_floor_bytes: 50,
            ..Limits::default()
        };
        assert_eq!(Budget::new(&limits, 1).most(), 50);
        assert_eq!(Budget::new(&limits, 20).most(), 200);
        assert_eq!(Budget::new(&limits, 500).most(), 1000);
    }

    #[test]
    fn a_spent_budget_stays_spent() {
        let limits = Limits {
            inflated_bytes: 10,
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits, 1);
        assert!(budget.spend(10));
        assert!(!budget.spend(1));
        assert!(budget.spend(0));
    }
}
