//! Packages and dumps made for tests, good ones and broken ones.

use std::io::{Cursor, Write};

use aes::Aes256;
use cbc::cipher::{Array, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use nocobase_client::Secret;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Inspection, Limits, inspect};
use crate::finding::Severity;

/// A file of `tests/package/fixtures`.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/package/fixtures/",
            $name
        ))
        .as_slice()
    };
}
pub(super) use fixture;

pub(super) const GZIP: &[u8] = fixture!("postgres15-gzip.dump");
pub(super) const PLAIN: &[u8] = fixture!("postgres15-plain.dump");

/// A package in the making.
#[derive(Clone)]
pub(super) struct Package {
    pub(super) entries: Vec<(String, Vec<u8>)>,
    pub(super) method: CompressionMethod,
}

impl Package {
    /// A package that nothing is wrong with.
    pub(super) fn good() -> Self {
        let entries = vec![
            ("_metadata.json".to_owned(), metadata().to_string().into_bytes()),
            ("data".to_owned(), GZIP.to_vec()),
            ("uploads/a.txt".to_owned(), b"hello\n".to_vec()),
            ("aes_key.dat".to_owned(), vec![7; 32]),
        ];
        Self {
            entries,
            method: CompressionMethod::Deflated,
        }
    }

    /// With one entry more, or another one of that name.
    pub(super) fn with(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        match self.entries.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = bytes.into(),
            None => self.entries.push((name.to_owned(), bytes.into())),
        }
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.entries.retain(|(own, _)| own != name);
        self
    }

    /// With one value of the metadata changed; `null` takes it out.
    pub(super) fn with_metadata(self, pointer: &str, value: Value) -> Self {
        let mut metadata = metadata();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let fields = metadata
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .unwrap();
        if value.is_null() {
            fields.remove(key);
        } else {
            fields.insert(key.to_owned(), value);
        }
        self.with("_metadata.json", metadata.to_string())
    }

    /// Not compressed, so that bytes can be found and changed.
    pub(super) fn stored(mut self) -> Self {
        self.method = CompressionMethod::Stored;
        self
    }

    pub(super) fn zip(&self) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(self.method);
        for (name, bytes) in &self.entries {
            if let Some(name) = name.strip_suffix('/') {
                writer.add_directory(name, options).unwrap();
            } else if let Some(target) = bytes.strip_prefix(b"-> ") {
                writer
                    .add_symlink(name, String::from_utf8_lossy(target), options)
                    .unwrap();
            } else {
                writer.start_file(name, options).unwrap();
                writer.write_all(bytes).unwrap();
            }
        }
        writer.finish().unwrap().into_inner()
    }
}

pub(super) fn metadata() -> Value {
    json!({
        "metadataVersion": 2,
        "enableFilesBackup": true,
        "version": "2.2.15",
        "database": {
            "dialect": "postgres",
            "toolchain": "postgres",
            "underscored": false,
            "version": "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu",
            "backupClientVersion": "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"
        },
        "plugins": [
            { "name": "users", "version": "2.2.15", "packageName": "@nocobase/plugin-users" },
            { "name": "backups", "version": "2.2.15", "packageName": "@nocobase/plugin-backups" }
        ]
    })
}

/// As NocoBase encrypts, with a fixed IV.
pub(super) fn encrypt(plain: &[u8], password: &str) -> Vec<u8> {
    let mut key = [0_u8; 32];
    let parameters = scrypt::Params::new(14, 8, 1).unwrap();
    scrypt::scrypt(password.as_bytes(), b"backup salt", &parameters, &mut key).unwrap();
    let iv = [0x5a_u8; 16];
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + 16, 0);
    let cipher = cbc::Encryptor::<Aes256>::new(&Array(key), &Array(iv));
    let encrypted = cipher.encrypt_padded::<Pkcs7>(&mut buffer, plain.len()).unwrap();
    [iv.as_slice(), encrypted].concat()
}

pub(super) fn inspect_bytes(bytes: &[u8], password: Option<&str>) -> Inspection {
    inspect_within(bytes, password, &Limits::default())
}

pub(super) fn inspect_within(bytes: &[u8], password: Option<&str>, limits: &Limits) -> Inspection {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let password = password.map(Secret::new);
    inspect(file.path(), password.as_ref(), limits).unwrap()
}

/// Codes of the blockers.
pub(super) fn blockers(inspection: &Inspection) -> Vec<&str> {
    inspection
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Blocker)
        .map(|finding| finding.code.as_str())
        .collect()
}

/// Bytes that look random and are the same every time.
pub(super) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..bytes)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

/// `bytes` with every `from` replaced by `to`, which is as long.
pub(super) fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = bytes.to_vec();
    let mut found = 0;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            patched[at..at + to.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0, "nothing to patch");
    patched
}

/// A custom archive written by hand.
pub(super) struct Archive {
    pub(super) minor: u8,
    pub(super) compression: i64,
    pub(super) tables: Vec<(&'static str, Vec<u8>)>,
    pub(super) copy: &'static str,
}

impl Archive {
    pub(super) fn nocobase() -> Self {
        let rows = |text: &str| format!("{text}\\.\n\n\n").into_bytes();
        Self {
            minor: 14,
            compression: 0,
            tables: vec![
                ("users", rows("1\tadmin\n")),
                ("applicationVersion", rows("1\t2.2.15\n")),
            ],
            copy: "COPY x FROM stdin;\n",
        }
    }

    /// Header, table of contents and blocks; each block in chunks of 7 bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        integer(&mut bytes, 2 * self.tables.len() as i64);
        for (place, (name, _)) in self.tables.iter().enumerate() {
            self.entry(&mut bytes, 2 * place as i64 + 1, name, "TABLE", "", 3);
            self.entry(&mut bytes, 2 * place as i64 + 2, name, "TABLE DATA", self.copy, 1);
        }
        for (place, (_, data)) in self.tables.iter().enumerate() {
            bytes.push(1);
            integer(&mut bytes, 2 * place as i64 + 2);
            for chunk in data.chunks(7) {
                integer(&mut bytes, chunk.len() as i64);
                bytes.extend_from_slice(chunk);
            }
            integer(&mut bytes, 0);
        }
        bytes
    }

    pub(super) fn head(&self) -> Vec<u8> {
        let mut bytes = b"PGDMP".to_vec();
        bytes.extend([1, self.minor, 0, 4, 8, 1]);
        if self.minor >= 15 {
            bytes.push(self.compression as u8);
        } else {
            integer(&mut bytes, self.compression);
        }
        for part in [0, 0, 0, 1, 0, 126, 0] {
            integer(&mut bytes, part);
        }
        for text in ["nocobase", "15.18", "15.18"] {
            string(&mut bytes, Some(text));
        }
        bytes
    }

    fn entry(&self, bytes: &mut Vec<u8>, id: i64, name: &str, kind: &str, copy: &str, state: u8) {
        integer(bytes, id);
        integer(bytes, i64::from(state != 3));
        for text in ["1259", "16385", name, kind] {
            string(bytes, Some(text));
        }
        integer(bytes, 3);
        for text in ["", "", copy, "public", ""] {
            string(bytes, Some(text));
        }
        if self.minor >= 14 {
            string(bytes, Some("heap"));
        }
        if self.minor >= 16 {
            integer(bytes, i64::from(b'r'));
        }
        for text in ["owner", "false", "7"] {
            string(bytes, Some(text));
        }
        string(bytes, None);
        bytes.push(state);
        bytes.extend([0; 8]);
    }
}

pub(super) fn integer(bytes: &mut Vec<u8>, value: i64) {
    bytes.push(u8::from(value < 0));
    bytes.extend((value.unsigned_abs() as u32).to_le_bytes());
}

pub(super) fn string(bytes: &mut Vec<u8>, text: Option<&str>) {
    integer(bytes, text.map_or(-1, |text| text.len() as i64));
    bytes.extend(text.unwrap_or_default().as_bytes());
}
