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

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const TIB: u64 = 1 << 40;

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 2_000_000,
            central_directory_bytes: 512 * MIB,
            inflated_bytes: 4 * TIB,
            ratio: 400,
            ratio_floor_bytes: 512 * MIB,
            metadata_bytes: 4 * MIB,
            toc_entries: 1_000_000,
            toc_bytes: 512 * MIB + 64 * KIB,
            tables: 20_000,
            temporary_directory: None,
        }
    }
}
