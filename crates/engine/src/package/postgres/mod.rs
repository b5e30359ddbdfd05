//! PostgreSQL's custom archive format (`pg_dump -F c`), read as a stream.
//!
//! A header and a table of contents ([`toc`]) are followed by blocks of data ([`blocks`]) whose rows are
//! counted ([`copy`]). Facts come from PostgreSQL's `src/bin/pg_dump` (`pg_backup_archiver.c`,
//! `pg_backup_custom.c`, `compress_gzip.c`) and from dumps made by `pg_dump` 15: archive versions 1.12
//! (PostgreSQL 9.0) to 1.16 (17 and 18), compression none and gzip read, lz4 and zstd recognised.
//!
//! Left to others: what the statements in the table of contents would do, and whether they would succeed.

mod blocks;
mod copy;
mod read;
mod source;
mod toc;

pub(super) use read::read;
