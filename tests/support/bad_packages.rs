//! Bad packages of many kinds, each made of a good one by one change, with the code it is to be refused with.
//!
//! Every kind has a code of its own; the finer variants of each are in the engine's own tests.

use std::io::{Cursor, Read as _, Write as _};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

/// One bad package.
pub struct BadPackage {
    /// What is wrong with it.
    pub what: &'static str,
    /// The code of the refusal.
    pub code: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// The password that is given with it.
    pub password: Option<&'static str>,
}

/// The entries of a package.
#[derive(Clone)]
struct Entries(Vec<(String, Vec<u8>)>);

impl Entries {
    fn of(package: &[u8]) -> Self {
        let mut archive = zip::ZipArchive::new(Cursor::new(package)).expect("a package is a zip");
        let mut entries = Vec::new();
        for place in 0..archive.len() {
            let mut entry = archive.by_index(place).expect("an entry");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("an entry's content");
            entries.push((entry.name().expect("a name").into_owned(), content));
        }
        Self(entries)
    }

    fn with(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = content,
            None => self.0.push((name.to_owned(), content)),
        }
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    fn named(mut self, change: impl Fn(&str) -> String) -> Self {
        for (name, _) in &mut self.0 {
            *name = change(name);
        }
        self
    }

    fn content(&self, name: &str) -> Vec<u8> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, content)| content.clone()).unwrap_or_default()
    }

    fn with_metadata(self, pointer: &str, value: Value) -> Self {
        let mut metadata: Value =
            serde_json::from_slice(&self.content("_metadata.json")).expect("metadata is JSON");
        match metadata.pointer_mut(pointer) {
            Some(known) => *known = value,
            None => {
                let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
                metadata.pointer_mut(parent).expect("its parent")[key] = value;
            }
        }
        self.with("_metadata.json", metadata.to_string())
    }

    fn with_data(self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut data = self.content("data");
        change(&mut data);
        self.with("data", data)
    }

    fn zip(&self) -> Vec<u8> {
        self.zip_as(SimpleFileOptions::default())
    }

    fn stored(&self) -> Vec<u8> {
        self.zip_as(SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
    }

    fn zip_as(&self, options: SimpleFileOptions) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.0 {
            writer.start_file(name.clone(), options).expect("an entry");
            writer.write_all(content).expect("an entry's content");
        }
        writer.finish().expect("a zip").into_inner()
    }

    fn with_link(&self) -> Vec<u8> {
        let mut all =
            zip::ZipWriter::new_append(Cursor::new(self.zip())).expect("a zip that can be added to");
        all.add_symlink("uploads/link", "/etc/passwd", SimpleFileOptions::default())
            .expect("a link");
        all.finish().expect("a zip").into_inner()
    }
}

/// The same bytes with every occurrence of a text replaced by one of the same length.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = bytes.to_vec();
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            patched[at..at + to.len()].copy_from_slice(to);
        }
    }
    assert_ne!(patched, bytes, "nothing to patch");
    patched
}

/// Every header's field at these offsets of local and central records set to these bytes.
fn with_headers(zip: &[u8], local: usize, central: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = zip.to_vec();
    for at in 0..zip.len() - 4 {
        let field = match &zip[at..at + 4] {
            b"PK\x03\x04" => at + local,
            b"PK\x01\x02" => at + central,
            _ => continue,
        };
        changed[field..field + bytes.len()].copy_from_slice(bytes);
    }
    changed
}

fn place_of(zip: &[u8], signature: &[u8; 4]) -> usize {
    zip.windows(4)
        .rposition(|window| window == signature)
        .expect("a record of the zip")
}

/// Two records of the directory that point to the same content.
fn with_overlap(good: &Entries) -> Vec<u8> {
    let mut zip = good
        .clone()
        .with("uploads/one.txt", "hello\n")
        .with("uploads/two.txt", "hello\n")
        .zip();
    let record = |zip: &[u8], name: &[u8]| {
        let name_at = zip.windows(name.len()).rposition(|window| window == name);
        name_at.expect("a record") - 46
    };
    let (first, second) = (record(&zip, b"uploads/one.txt"), record(&zip, b"uploads/two.txt"));
    let offset: [u8; 4] = zip[first + 42..first + 46].try_into().expect("four bytes");
    zip[second + 42..second + 46].copy_from_slice(&offset);
    zip
}

/// Bytes without any pattern, the same at every call.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(length)
    .collect()
}

/// Bad packages made of a good one, and of the same sealed with the password `right`; `dumps` gives real dumps by their
/// file name.
pub fn bad_packages(good: &[u8], sealed: &[u8], dumps: impl Fn(&str) -> Vec<u8>) -> Vec<BadPackage> {
    let mut bad = files(good, sealed);
    let good = Entries::of(good);
    bad.extend(entries(&good));
    bad.extend(metadata(&good));
    bad.extend(data(&good, dumps));
    bad
}

fn kind(what: &'static str, code: &'static str, bytes: impl Into<Vec<u8>>) -> BadPackage {
    BadPackage {
        what,
        code,
        bytes: bytes.into(),
        password: None,
    }
}

fn files(good: &[u8], sealed: &[u8]) -> Vec<BadPackage> {
    let with_end = |field: usize, bytes: &[u8]| {
        let mut zip = good.to_vec();
        let end = place_of(good, b"PK\x05\x06") + field;
        zip[end..end + bytes.len()].copy_from_slice(bytes);
        zip
    };
    let mut inserted = good.to_vec();
    let directory = good
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .expect("a directory");
    inserted.splice(directory..directory, *b"inserted");
    vec![
        kind("an empty file", "package_empty", ""),
        kind(
            "a text",
            "not_a_package",
            "hello, this is no package\n".repeat(40),
        ),
        kind("cut in half", "package_truncated", &good[..good.len() / 2]),
        kind("sealed, and no password", "password_missing", sealed),
        BadPackage {
            password: Some("wrong"),
            ..kind("sealed, and a wrong password", "password_wrong", sealed)
        },
        kind(
            "bytes behind its end",
            "zip_trailing_bytes",
            [good, b"\0\0\0"].concat(),
        ),
        kind("bytes in its middle", "zip_foreign_bytes", inserted),
        kind(
            "a directory beyond the file",
            "zip_malformed",
            with_end(16, &[0xfe; 4]),
        ),
        kind("no entries", "zip_empty", Entries(Vec::new()).zip()),
        kind(
            "entries sealed by zip",
            "entry_encrypted",
            with_headers(good, 6, 8, &[1, 0]),
        ),
        kind(
            "an unknown compression",
            "entry_unsupported",
            with_headers(good, 8, 10, &[12, 0]),
        ),
    ]
}

fn entries(good: &Entries) -> Vec<BadPackage> {
    let with = |name: &str| good.clone().with(name, "x").zip();
    vec![
        kind(
            "one flipped bit",
            "entry_damaged",
            patched(&good.stored(), b"PGDMP", b"PGDMQ"),
        ),
        kind("entries that overlap", "entries_overlap", with_overlap(good)),
        kind(
            "a folder around it",
            "nested_in_folder",
            good.clone().named(|name| format!("backup/{name}")).zip(),
        ),
        kind(
            "no metadata",
            "metadata_missing",
            good.clone().without("_metadata.json").zip(),
        ),
        kind("no data", "data_missing", good.clone().without("data").zip()),
        kind(
            "data as a directory",
            "data_is_a_directory",
            good.clone().without("data").with("data/toc.dat", "PGDMP").zip(),
        ),
        kind("a way up", "entry_traversal", with("../../evil.txt")),
        kind("an absolute name", "entry_absolute", with("/abs")),
        kind("a drive letter", "entry_drive_letter", with("C:/evil")),
        kind(
            "a backslash",
            "entry_backslash",
            patched(&with("uploads!x"), b"uploads!x", b"uploads\\x"),
        ),
        kind(
            "a name that no file has",
            "entry_name_malformed",
            patched(&with("uploads/nul"), b"uploads/nul", b"uploads/n\0l"),
        ),
        kind(
            "a name twice",
            "entry_duplicate",
            patched(&with("dat_"), b"dat_", b"data"),
        ),
        kind("a symbolic link", "entry_symlink", good.with_link()),
        kind("a file for uploads", "uploads_not_a_directory", with("uploads")),
    ]
}

fn metadata(good: &Entries) -> Vec<BadPackage> {
    let text = |text: &str| good.clone().with("_metadata.json", text).zip();
    let set = |pointer: &str, value: Value| good.clone().with_metadata(pointer, value).zip();
    vec![
        kind("metadata that is cut", "metadata_not_json", text("{\"version\":")),
        kind("a list as metadata", "metadata_not_an_object", text("[]")),
        kind("no version", "metadata_no_version", text("{}")),
        kind(
            "a version that is none",
            "metadata_version_unreadable",
            set("/version", json!("latest")),
        ),
        kind(
            "no database",
            "metadata_no_database",
            set("/database", Value::Null),
        ),
        kind(
            "no dialect",
            "metadata_no_dialect",
            set("/database/dialect", Value::Null),
        ),
        kind(
            "odd underscored",
            "metadata_malformed",
            set("/database/underscored", json!("yes")),
        ),
        kind("no plugins", "metadata_no_plugins", set("/plugins", Value::Null)),
        kind(
            "null among plugins",
            "metadata_plugins_unreadable",
            set("/plugins", json!([null])),
        ),
        kind(
            "a newer version",
            "version_newer",
            set("/version", json!("2.2.16")),
        ),
        kind(
            "another kind of database",
            "dialect_mismatch",
            set("/database/dialect", json!("kingbase")),
        ),
        kind(
            "another schema",
            "schema_mismatch",
            set("/database/schema", json!("public")),
        ),
        kind(
            "metadata of 70 MB",
            "metadata_too_large",
            good.clone()
                .with(
                    "_metadata.json",
                    [vec![b'['], noise_text(70_000_000), vec![b']']].concat(),
                )
                .zip(),
        ),
    ]
}

/// Digits without any pattern, so that they do not look like a bomb.
fn noise_text(length: usize) -> Vec<u8> {
    noise(length).into_iter().map(|byte| b'0' + byte % 10).collect()
}

fn data(good: &Entries, dumps: impl Fn(&str) -> Vec<u8>) -> Vec<BadPackage> {
    let set = |bytes: Vec<u8>| good.clone().with("data", bytes).zip();
    let change = |change: fn(&mut Vec<u8>)| good.clone().with_data(change).zip();
    vec![
        kind("an empty dump", "data_empty", set(Vec::new())),
        kind("no dump", "data_not_an_archive", set(noise(5000))),
        kind("half a dump", "data_truncated", change(|data| data.truncate(data.len() / 2))),
        kind("bytes behind the dump", "data_trailing_bytes", change(|data| data.extend(b"\x01more"))),
        kind("a dump of a version to come", "data_archive_version", change(|data| data[6] = 17)),
        kind("a dump's table of contents alone", "data_archive_kind", change(|data| data[10] = 5)),
        kind("a dump without sense", "data_damaged", change(|data| data[8] = 0)),
        kind(
            "another application's database",
            "not_a_nocobase_dump",
            set(dumps("other-application.dump")),
        ),
        kind("a dump without users", "dump_without_users", set(dumps("no-users.dump"))),
        kind("rows without tables", "data_without_definitions", set(dumps("data-only.dump"))),
        kind(
            "SQL text for PostgreSQL",
            "data_wrong_for_dialect",
            set(b"--\n-- PostgreSQL database dump\n--\nCREATE TABLE users ();\n-- PostgreSQL database dump complete\n".to_vec()),
        ),
    ]
}
