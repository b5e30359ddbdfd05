//! An `.nbdata` package, opened and judged offline before any server sees it.
//!
//! NocoBase refuses some bad packages and accepts worse ones: it never checks the CRC of an entry, and it
//! restores another application's database without a word. What can be known from the file alone is found
//! here, streaming, so that a package of many GiB needs a few MiB of memory.
//!
//! - [`inspect`] reads one file and tells what it holds and what is wrong with it: [`Inspection`].
//! - [`judge`] compares an inspection with the environment that is to receive it: [`Target`]; pure.
//! - [`Limits`] bound what a hostile file may cost.
//!
//! Left to others: reading facts of a target, uploading, and what the content of the tables means.

mod archive;
mod dump;
mod encryption;
mod end_record;
mod error;
mod inspect;
mod inspection;
mod judge;
mod limits;
mod metadata;
mod names;
mod postgres;
mod sql;
mod sqlite;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod version;

pub use encryption::decrypt_file as decrypt;
pub use error::PackageError;
pub use inspect::inspect;
pub use inspection::{Content, Database, Format, Inspection, Metadata, Plugin, Table, Uploads};
pub use judge::{Target, judge};
pub use limits::Limits;
