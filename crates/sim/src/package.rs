//! Backup packages: a zip with metadata, a PostgreSQL archive, uploads and the field key; perhaps encrypted.
//!
//! [`Package`] opens, changes and rebuilds them, so that a test can make every damaged package it needs from a
//! genuine one. What the server thinks of a package is decided when it is restored, not here.
//!
//! ```text
//! _metadata.json   version, database settings and plugins of the source
//! data             pg_dump -F c
//! aes_key.dat      the key behind its encrypted fields
//! uploads/…        files of its file collections
//! ```
//! Encrypted: a 16-byte IV, then the zip under AES-256-CBC with PKCS#7 padding and a key from scrypt.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use flate2::read::DeflateDecoder;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::archive;
use crate::clock;
use crate::database::{ColumnKind, Database, Table};
use crate::world::State;

/// The salt of every package key.
const SALT: &[u8] = b"backup salt";
/// Bytes of the initialisation vector.
const IV_LENGTH: usize = 16;
/// Tables that hold a running server's own state; they stay out of packages.
const RUNTIME_TABLES: [&str; 3] = ["lcCheckpointBlobs", "lcCheckpointWrites", "lcCheckpoints"];
/// What `select version()` says.
const DATABASE_VERSION: &str = "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc \
    (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit";

/// An opened package: its files by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// Opens a package, with its password if it is encrypted.
    ///
    /// # Errors
    /// The reason, as the server puts it between `Error decrypting: ` and `, please check your password`.
    pub fn open(bytes: &[u8], password: Option<&str>) -> Result<Self, String> {
        match password.filter(|password| !password.is_empty()) {
            Some(password) => Self::unzip(&decrypt(bytes, password)?),
            None => Self::unzip(bytes),
        }
    }

    /// The package as bytes, encrypted when a password is given.
    pub fn to_bytes(&self, password: Option<&str>) -> Vec<u8> {
        // writing into memory cannot fail
        let zipped = self.zip().unwrap_or_default();
        match password.filter(|password| !password.is_empty()) {
            Some(password) => encrypt(&zipped, password),
            None => zipped,
        }
    }

    /// The names of its files.
    pub fn names(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// Puts or replaces a file. A name that ends in `/` makes a directory.
    pub fn set_file(&mut self, name: &str, content: impl Into<Vec<u8>>) {
        self.files.insert(name.to_owned(), content.into());
    }

    /// Takes a file out.
    pub fn remove_file(&mut self, name: &str) {
        self.files.remove(name);
    }

    /// `_metadata.json`, null when it is missing or no JSON.
    pub fn metadata(&self) -> Value {
        self.file("_metadata.json")
            .and_then(|content| serde_json::from_slice(content).ok())
            .unwrap_or_default()
    }

    /// Changes `_metadata.json`.
    pub fn change_metadata(&mut self, change: impl FnOnce(&mut Value)) {
        let mut metadata = self.metadata();
        change(&mut metadata);
        self.set_file("_metadata.json", metadata.to_string());
    }

    /// How many rows each table of the dump has; `None` when the dump cannot be read.
    pub fn counts(&self) -> Option<BTreeMap<String, usize>> {
        let restored = archive::restore(self.file("data")?).ok()?;
        Some(
            restored
                .database
                .tables()
                .map(|(name, table)| (name.to_owned(), table.rows.len()))
                .collect(),
        )
    }

    /// The rows of one table of the dump.
    pub fn rows(&self, table: &str) -> Option<Vec<Value>> {
        let restored = archive::restore(self.file("data")?).ok()?;
        Some(
            restored
                .database
                .table(table)?
                .rows
                .iter()
                .cloned()
                .map(Value::Object)
                .collect(),
        )
    }

    /// Gives a table a column of a type that is not in the dump: restoring goes on without that table.
    pub fn break_table(&mut self, table: &str) {
        let Some(mut dump) = self.file("data").and_then(|data| archive::read(data).ok()) else {
            return;
        };
        for entry in dump
            .entries
            .iter_mut()
            .filter(|entry| entry.kind == "TABLE" && entry.tag == table)
        {
            entry.definition = entry
                .definition
                .replace("\n);", ",\n    \"mood\" \"ext\".\"mood\"\n);");
        }
        self.set_file("data", archive::write(&dump));
    }

    /// Replaces the dump by a valid one of a database that is not NocoBase's.
    pub fn become_unrelated(&mut self) {
        let mut database = Database::default();
        let mut table = Table::new("id", &[("id", ColumnKind::BigInt), ("name", ColumnKind::Text)]);
        table.insert(
            serde_json::Map::from_iter([("name".to_owned(), json!("not NocoBase"))]),
            "",
        );
        database.put("unrelated", table);
        self.set_file("data", archive::write(&archive::dump(&database, "unrelated")));
    }

    fn zip(&self) -> zip::result::ZipResult<Vec<u8>> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9));
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.files {
            match name.strip_suffix('/') {
                Some(directory) => writer.add_directory(directory, options)?,
                None => {
                    writer.start_file(name.as_str(), options)?;
                    writer.write_all(content)?;
                }
            }
        }
        Ok(writer.finish()?.into_inner())
    }

    /// Reads every entry without looking at its checksum, as the server does.
    fn unzip(bytes: &[u8]) -> Result<Self, String> {
        let truncated = |_| {
            "End of central directory record signature not found. Either not a zip file, or file is truncated."
                .to_owned()
        };
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(truncated)?;
        let mut package = Self::default();
        for place in 0..zip.len() {
            let mut entry = zip.by_index_raw(place).map_err(truncated)?;
            let name = entry.name().map_err(truncated)?.replace('\\', "/");
            if name.starts_with('/') || name.get(1..3) == Some(":/") {
                return Err(format!("absolute path: {name}"));
            }
            if name.split('/').any(|part| part == "..") {
                return Err(format!("invalid relative path: {name}"));
            }
            let method = entry.compression();
            let mut stored = Vec::new();
            entry
                .read_to_end(&mut stored)
                .map_err(|error| error.to_string())?;
            let content = if method == CompressionMethod::Deflated {
                let mut content = Vec::new();
                DeflateDecoder::new(stored.as_slice())
                    .read_to_end(&mut content)
                    .map_err(|_| "invalid distance too far back".to_owned())?;
                content
            } else {
                stored
            };
            package.files.insert(name, content);
        }
        Ok(package)
    }
}

/// The package that a server makes of its present state.
pub(crate) fn of_state(state: &State, password: Option<&str>) -> Vec<u8> {
    let mut package = Package::default();
    package.set_file("_metadata.json", metadata(state).to_string());
    package.set_file(
        "data",
        archive::write(
            &archive::dump(
                &state.settings.table_names().dumped(&dumped(&state.database)),
                "nocobase",
            )
            .into_schema(state.settings.schema.as_deref()),
        ),
    );
    package.set_file("aes_key.dat", state.field_key.clone());
    for (path, content) in &state.uploads {
        package.set_file(&format!("uploads/{path}"), content.clone());
    }
    package.to_bytes(password)
}

/// The tables that a package holds.
fn dumped(database: &Database) -> Database {
    let mut dumped = database.clone();
    for table in RUNTIME_TABLES {
        dumped.drop_table(table);
    }
    dumped
}

/// The dump that the server makes of its own database before a restore: everything.
pub(crate) fn safety_dump(database: &Database) -> Vec<u8> {
    archive::write(&archive::dump(database, "nocobase"))
}

/// What the upgrade after a restore creates when it is missing.
pub(crate) fn add_runtime_tables(database: &mut Database) {
    for name in RUNTIME_TABLES {
        if database.table(name).is_none() {
            database.put(
                name,
                Table::new("id", &[("id", ColumnKind::BigInt), ("data", ColumnKind::Json)]),
            );
        }
    }
}

pub(crate) fn metadata(state: &State) -> Value {
    let settings = &state.settings;
    let enabled = |row: &&crate::database::Row| row.get("enabled") == Some(&Value::Bool(true));
    let plugins: Vec<Value> = state
        .database
        .rows("applicationPlugins")
        .iter()
        .filter(enabled)
        .map(|row| json!({"name": row.get("name"), "version": row.get("version"), "packageName": row.get("packageName")}))
        .collect();
    let mut database = json!({
        "dialect": settings.dialect,
        "toolchain": settings.dialect,
        "underscored": settings.underscored,
        "version": DATABASE_VERSION,
        "backupClientVersion": "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
    });
    if let Value::Object(members) = &mut database {
        members.extend(
            settings
                .table_prefix
                .iter()
                .map(|prefix| ("tablePrefix".to_owned(), json!(prefix))),
        );
        members.extend(
            settings
                .schema
                .iter()
                .map(|schema| ("schema".to_owned(), json!(schema))),
        );
    }
    json!({
        "metadataVersion": 2,
        "enableFilesBackup": true,
        "version": settings.version,
        "database": database,
        "plugins": plugins,
    })
}

/// The words that a restore's failure message ends with.
pub(crate) fn database_versions(package: &Package) -> String {
    let metadata = package.metadata();
    let of = |key: &str| {
        metadata
            .pointer(&format!("/database/{key}"))
            .and_then(Value::as_str)
            .unwrap_or("unknown")
    };
    format!(
        "\n          Database Version: backup[{}], current[{DATABASE_VERSION}]\n          Client Version: backup[{}]",
        of("version"),
        of("backupClientVersion")
    )
}

fn key(password: &str) -> [u8; 32] {
    let mut key = [0; 32];
    // N = 2^14, r = 8, p = 1 and 32 bytes are within scrypt's limits, so nothing here can fail
    if let Ok(parameters) = scrypt::Params::new(14, 8, 1) {
        scrypt::scrypt(password.as_bytes(), SALT, &parameters, &mut key).unwrap_or_default();
    }
    key
}

fn encrypt(plain: &[u8], password: &str) -> Vec<u8> {
    let mut iv = [0; IV_LENGTH];
    clock::fill(&mut iv);
    let mut bytes = iv.to_vec();
    let mut buffer = plain.to_vec();
    buffer.resize((plain.len() / 16 + 1) * 16, 0);
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&key(password).into(), &iv.into());
    // the buffer has room for the padding
    if let Ok(encrypted) = cipher.encrypt_padded::<Pkcs7>(&mut buffer, plain.len()) {
        bytes.extend_from_slice(encrypted);
    }
    bytes
}

fn decrypt(bytes: &[u8], password: &str) -> Result<Vec<u8>, String> {
    let Some((iv, encrypted)) = bytes.split_first_chunk::<IV_LENGTH>() else {
        return Err(
            "Failed to read complete 16-byte IV from stream. File may be too short or not encrypted."
                .to_owned(),
        );
    };
    if !encrypted.len().is_multiple_of(16) || encrypted.is_empty() {
        return Err("error:1C80006B:Provider routines::wrong final block length".to_owned());
    }
    let mut buffer = encrypted.to_vec();
    let cipher = cbc::Decryptor::<aes::Aes256>::new(&key(password).into(), iv.into());
    cipher
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map(<[u8]>::to_vec)
        .map_err(|_| "error:1C800064:Provider routines::bad decrypt".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Package {
        let mut package = Package::default();
        package.set_file("_metadata.json", "{}");
        package.set_file("data", "x".repeat(1000));
        package
    }

    #[test]
    fn a_package_survives_its_bytes() {
        assert_eq!(Package::open(&small().to_bytes(None), None), Ok(small()));
        assert_eq!(
            Package::open(&small().to_bytes(Some("pässwörd")), Some("pässwörd")),
            Ok(small())
        );
        assert_eq!(Package::open(&small().to_bytes(None), Some("")), Ok(small()));
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let plain = small().to_bytes(None);
        let encrypted = small().to_bytes(Some("right"));
        let not_a_zip = "End of central directory record signature not found. Either not a zip file, or file is truncated.";
        let bad_decrypt = "error:1C800064:Provider routines::bad decrypt";
        let wrong_length = "error:1C80006B:Provider routines::wrong final block length";
        let no_iv = "Failed to read complete 16-byte IV from stream. File may be too short or not encrypted.";
        assert_eq!(
            Package::open(&plain[..plain.len() - 10], None),
            Err(not_a_zip.to_owned())
        );
        assert_eq!(Package::open(&encrypted, None), Err(not_a_zip.to_owned()));
        assert_eq!(
            Package::open(&encrypted[..encrypted.len() - 5], Some("right")),
            Err(wrong_length.to_owned())
        );
        assert_eq!(
            Package::open(&encrypted[..10], Some("right")),
            Err(no_iv.to_owned())
        );
        // one wrong key in 256 passes the padding and fails as a zip
        let wrong = Package::open(&encrypted, Some("wrong")).expect_err("wrong");
        assert!([bad_decrypt, not_a_zip].contains(&wrong.as_str()), "{wrong}");
    }

    #[test]
    fn entries_that_leave_the_folder_are_refused() {
        for (name, message) in [
            ("../../evil.txt", "invalid relative path: ../../evil.txt"),
            ("/tmp/evil.txt", "absolute path: /tmp/evil.txt"),
            ("..\\evil.txt", "invalid relative path: ../evil.txt"),
        ] {
            let mut package = small();
            package.set_file(name, "x");
            assert_eq!(
                Package::open(&package.to_bytes(None), None),
                Err(message.to_owned())
            );
        }
    }

    #[test]
    fn a_flipped_byte_is_not_noticed() {
        let mut package = small();
        package.files.clear();
        package.set_file("data", vec![7; 3]);
        let mut bytes = package.to_bytes(None);
        let checksum = 14;
        bytes[checksum] ^= 0xff;
        assert_eq!(
            Package::open(&bytes, None).map(|opened| opened.names().join(",")),
            Ok("data".to_owned())
        );
    }
}
