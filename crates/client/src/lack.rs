//! Why a server offers no migrations.
//!
//! By public documentation, not seen on live servers. Recognising it is for [`crate::decode`].

use std::fmt;

/// Why a server offers no migrations; public documentation, not seen on live servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MigrationLack {
    /// The server does not know the resource.
    Missing,
    /// The plugin is there and not active.
    Inactive,
    /// The licence does not cover it.
    Unlicensed,
}

impl fmt::Display for MigrationLack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing or disabled",
            Self::Inactive => "is not active",
            Self::Unlicensed => "is not licensed",
        })
    }
}
