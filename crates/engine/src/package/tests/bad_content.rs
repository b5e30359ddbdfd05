//! Metadata and dumps that no server should be given.

use std::io::Write;

use serde_json::{Value, json};

use super::super::testing::{Archive, GZIP, PLAIN, Package, fixture, integer, noise};
use super::bad::{Bad, bad, data, metadata};

pub(super) fn metadata_cases() -> Vec<Bad> {
    let text = |text: &str| Package::good().with("_metadata.json", text).zip();
    vec![
        bad("metadata cut", text("{\"version\":"), "metadata_not_json"),
        bad("metadata with a mark", text("\u{feff}{}"), "metadata_not_json"),
        bad(
            "metadata that is not text",
            text("\u{1}\u{2}"),
            "metadata_not_json",
        ),
        bad(
            "metadata nested without end",
            text(&"[".repeat(10_000)),
            "metadata_not_json",
        ),
        bad("a list as metadata", text("[]"), "metadata_not_an_object"),
        bad("empty metadata", text("{}"), "metadata_no_version"),
        bad(
            "a number as version",
            metadata("/version", json!(2)),
            "metadata_no_version",
        ),
        bad(
            "version latest",
            metadata("/version", json!("latest")),
            "metadata_version_unreadable",
        ),
        bad(
            "half a version",
            metadata("/version", json!("2.2")),
            "metadata_version_unreadable",
        ),
        bad(
            "no database",
            metadata("/database", Value::Null),
            "metadata_no_database",
        ),
        bad(
            "no dialect",
            metadata("/database/dialect", Value::Null),
            "metadata_no_dialect",
        ),
        bad(
            "odd underscored",
            metadata("/database/underscored", json!("yes")),
            "metadata_malformed",
        ),
        bad(
            "odd schema",
            metadata("/database/schema", json!(["a"])),
            "metadata_malformed",
        ),
        bad(
            "no plugins",
            metadata("/plugins", Value::Null),
            "metadata_no_plugins",
        ),
        bad(
            "a plugin without a name",
            metadata("/plugins", json!([{"version": "1.0.0"}])),
            "metadata_plugins_unreadable",
        ),
        bad(
            "null among plugins",
            metadata("/plugins", json!([null])),
            "metadata_plugins_unreadable",
        ),
        bad(
            "large metadata",
            metadata("/description", json!("x".repeat(9000))),
            "metadata_too_large",
        )
        .limits(|limits| limits.metadata_bytes = 8000),
    ]
}

/// An archive whose header goes wrong at one place.
fn header(at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = Archive::nocobase().bytes();
    bytes[at] = byte;
    data(bytes)
}

fn archive(change: impl FnOnce(&mut Archive)) -> Vec<u8> {
    let mut archive = Archive::nocobase();
    change(&mut archive);
    data(archive.bytes())
}

/// A table of contents that claims so many entries.
fn claims(entries: i64) -> Vec<u8> {
    let mut bytes = Archive::nocobase().head();
    integer(&mut bytes, entries);
    bytes
}

/// A header and an entry whose name is said to be nearly 2 GiB long.
fn claims_long_name() -> Vec<u8> {
    let mut bytes = claims(1);
    integer(&mut bytes, 1);
    integer(&mut bytes, 0);
    integer(&mut bytes, 0x7fff_fff0);
    bytes
}

pub(super) fn dump_cases() -> Vec<Bad> {
    let cut = |dump: &[u8], bytes: usize| data(&dump[..dump.len() - bytes]);
    let tar = [vec![b'a'; 257], b"ustar\x0000".to_vec(), vec![0; 300]].concat();
    let compressed = |level: i64| Archive {
        compression: level,
        ..Archive::nocobase()
    };
    let without_last = |dump: Vec<u8>| data(&dump[..dump.len() - 40]);
    let mysql = Package::good().with_metadata("/database/dialect", json!("mysql"));
    let sqlite = Package::good().with_metadata("/database/dialect", json!("sqlite"));
    let pages = [
        b"SQLite format 3\0\x10\0".as_slice(),
        &[0; 10],
        &[0, 0, 0, 9],
        &[0; 4000],
    ]
    .concat();
    vec![
        bad("an empty dump", data(""), "data_empty"),
        bad("garbage", data(noise(5000)), "data_not_an_archive"),
        bad(
            "a zip file as dump",
            data(Package::good().zip()),
            "data_not_an_archive",
        ),
        bad("a tar archive", data(tar), "data_not_an_archive"),
        bad("half a magic", data("PGD"), "data_not_an_archive"),
        bad("only a magic", data("PGDMP"), "data_truncated"),
        bad("cut by 1 byte", cut(GZIP, 1), "data_truncated"),
        bad("cut by 10 bytes", cut(PLAIN, 10), "data_truncated"),
        bad("cut in half", data(&PLAIN[..PLAIN.len() / 2]), "data_truncated"),
        bad("cut in the header", data(&PLAIN[..30]), "data_truncated"),
        bad(
            "cut in the table of contents",
            data(&PLAIN[..3000]),
            "data_truncated",
        ),
        bad(
            "the last table missing",
            without_last(Archive::nocobase().bytes()),
            "data_truncated",
        ),
        bad(
            "cut within a table's lines, end kept",
            archive(|archive| archive.tables[0].1 = b"1\ta\n".to_vec()),
            "data_table_unfinished",
        ),
        bad(
            "rows after the end",
            archive(|archive| archive.tables[0].1 = b"1\n\\.\n2\n".to_vec()),
            "data_table_unfinished",
        ),
        bad(
            "bytes after the last table",
            data([GZIP, b"\x01more"].concat()),
            "data_trailing_bytes",
        ),
        bad("PostgreSQL 8's format", header(6, 11), "data_archive_version"),
        bad("a format to come", header(6, 17), "data_archive_version"),
        bad("another major format", header(5, 2), "data_archive_version"),
        bad(
            "a directory's table of contents",
            header(10, 5),
            "data_archive_kind",
        ),
        bad("a tar's table of contents", header(10, 3), "data_archive_kind"),
        bad("no width of integers", header(8, 0), "data_damaged"),
        bad("a width of 33 bytes", header(9, 33), "data_damaged"),
        bad("an unknown level", data(compressed(77).bytes()), "data_damaged"),
        bad(
            "plain data that should be compressed",
            data(compressed(-1).bytes()),
            "data_damaged",
        ),
        bad("a negative number of entries", data(claims(-5)), "data_damaged"),
        bad(
            "millions of entries",
            data(claims(2_000_000_000)),
            "data_contents_too_large",
        ),
        bad("a name of 2 GiB", data(claims_long_name()), "data_truncated"),
        bad("a long table of contents", data(GZIP), "data_contents_too_large")
            .limits(|limits| limits.toc_bytes = 500),
        bad("two tables with one id", archive_with_same_ids(), "data_damaged"),
        bad(
            "data in the wrong place",
            data(misplaced()),
            "data_block_misplaced",
        ),
        bad(
            "a dump that inflates beyond all bounds",
            data(inflating()),
            "inflates_too_much",
        )
        .limits(|limits| limits.ratio_floor_bytes = 1_000_000)
        .limits(|limits| limits.ratio = 10),
        bad(
            "another application's database",
            data(fixture!("other-application.dump")),
            "not_a_nocobase_dump",
        ),
        bad(
            "no tables at all",
            archive(|archive| archive.tables.clear()),
            "not_a_nocobase_dump",
        ),
        bad("no user", data(fixture!("no-users.dump")), "dump_without_users"),
        bad(
            "data without tables",
            data(fixture!("data-only.dump")),
            "data_without_definitions",
        ),
        bad(
            "SQL text for PostgreSQL",
            data(
                "--\n-- PostgreSQL database dump\n--\nCREATE TABLE users ();\n-- PostgreSQL database dump complete\n",
            ),
            "data_wrong_for_dialect",
        ),
        bad(
            "a PostgreSQL archive for MySQL",
            mysql.clone().zip(),
            "data_wrong_for_dialect",
        ),
        bad(
            "MySQL text without its end",
            mysql
                .clone()
                .with("data", "-- MySQL dump 10.13\nCREATE TABLE `users` (\n")
                .zip(),
            "data_truncated",
        ),
        bad(
            "MySQL text of another application",
            mysql
                .with(
                    "data",
                    "-- MySQL dump 10.13\nCREATE TABLE `t` (\n);\n-- Dump completed\n",
                )
                .zip(),
            "not_a_nocobase_dump",
        ),
        bad(
            "an SQLite file that was cut",
            sqlite.with("data", pages).zip(),
            "data_truncated",
        ),
    ]
}

/// 2 MB of rows in a few kB.
fn inflating() -> Vec<u8> {
    let mut compressor = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    compressor.write_all(&b"0\n".repeat(1_000_000)).unwrap();
    let rows = compressor.finish().unwrap();
    Archive {
        compression: -1,
        tables: vec![("users", rows)],
        ..Archive::nocobase()
    }
    .bytes()
}

fn archive_with_same_ids() -> Vec<u8> {
    let mut bytes = Archive::nocobase().bytes();
    // ids 2 and 4 are those of the data
    let pattern: Vec<u8> = [[0, 4, 0, 0, 0], [0, 1, 0, 0, 0]].concat();
    let at = bytes.windows(10).position(|window| window == pattern).unwrap();
    bytes[at + 1] = 2;
    data(bytes)
}

/// One recorded position, moved by one.
fn misplaced() -> Vec<u8> {
    let mut dump = PLAIN.to_vec();
    let first_block = (0..dump.len())
        .find(|at| {
            let position = (*at as u64).to_le_bytes();
            let set = [[2].as_slice(), &position].concat();
            *at > 1000 && dump[*at] == 1 && dump.windows(9).any(|window| window == set)
        })
        .unwrap();
    let set = [[2].as_slice(), &(first_block as u64).to_le_bytes()].concat();
    let at = dump.windows(9).position(|window| window == set).unwrap();
    dump[at + 1..at + 9].copy_from_slice(&(first_block as u64 + 1).to_le_bytes());
    dump
}
