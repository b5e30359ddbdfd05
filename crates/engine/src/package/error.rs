//! Why a package could not be read at all.
//!
//! What is wrong *with* a package is a finding, not an error: see [`Inspection::findings`](super::Inspection).

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The inspection itself did not come to an end; nothing is known about the package.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackageError {
    /// There is no such file, or it may not be opened.
    #[error("cannot open the package {}", path.display())]
    Open {
        /// The file as asked for.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The path names a directory or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The file as asked for.
        path: PathBuf,
    },
    /// The disk failed while the package was read.
    #[error("cannot read the package {}", path.display())]
    Read {
        /// The file as asked for.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An encrypted package needs room for its decrypted form while it is inspected.
    #[error("cannot write the decrypted package to a temporary file")]
    Temporary {
        /// The system's reason.
        source: io::Error,
    },
    /// The file changed while it was read.
    #[error("the package {} changed while it was read", path.display())]
    Changed {
        /// The file as asked for.
        path: PathBuf,
    },
}

impl PackageError {
    /// Stable name in `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "package_not_opened",
            Self::NotAFile { .. } => "package_not_a_file",
            Self::Read { .. } => "package_not_read",
            Self::Temporary { .. } => "package_no_room",
            Self::Changed { .. } => "package_changed",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Open { .. } => "Check the name of the file and the right to read it.",
            Self::NotAFile { .. } => "Name the .nbdata file itself.",
            Self::Read { .. } => "Check the disk, or download the package again.",
            Self::Temporary { .. } => {
                "Free as much disk space as the package takes, or name another directory for temporary files."
            }
            Self::Changed { .. } => "Wait until the download or copy has ended, then try again.",
        }
    }
}
