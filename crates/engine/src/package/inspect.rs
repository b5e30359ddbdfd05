//! Opens one file and carries the inspection through.
//!
//! The file is hashed, told apart (zip file, encrypted, neither), decrypted to a temporary file where that is
//! needed, and read. Only this module touches the disk.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use nocobase_client::Secret;
use sha2::{Digest, Sha256};

use super::archive::{self, Contents};
use super::encryption::{self, Failure, Outcome, has_whole_blocks, known_kind, looks_random};
use super::{Content, Format, Inspection, Limits, PackageError, dump};
use crate::finding::Finding;

const HEAD: usize = 64 * 1024;
const BUFFER: usize = 128 * 1024;

/// Small, because a package with many uploads is read with a jump for each.
const ZIP_BUFFER: usize = 32 * 1024;

/// Reads the package at `path` from end to end and tells what it holds and what is wrong with it.
///
/// Blocks on the disk: call it where blocking is allowed. An empty password counts as none, as it does for
/// the server.
///
/// # Errors
/// Only when the file cannot be read, or its decrypted form cannot be kept meanwhile: whatever is wrong with
/// the package itself is in [`Inspection::findings`].
pub fn inspect(path: &Path, password: Option<&Secret>, limits: &Limits) -> Result<Inspection, PackageError> {
    let password = password.filter(|password| !password.is_empty());
    let open = |source| PackageError::Open {
        path: path.to_owned(),
        source,
    };
    // asked before opening: a pipe would wait for its writer
    if !fs::metadata(path).map_err(open)?.is_file() {
        return Err(PackageError::NotAFile {
            path: path.to_owned(),
        });
    }
    let file = File::open(path).map_err(open)?;
    let before = file.metadata().map_err(open)?;
    let mut disk = Disk::new(file);
    let read_error = |source| PackageError::Read {
        path: path.to_owned(),
        source,
    };
    let (digest, bytes, head) = hash(&mut disk).map_err(read_error)?;
    disk.seek(SeekFrom::Start(0)).map_err(read_error)?;
    let failure = Rc::clone(&disk.failure);

    let mut findings = Vec::new();
    let mut encrypted = false;
    let contents = match tell_apart(&head, bytes, password.is_some()) {
        Kind::Zip => {
            if password.is_some() {
                findings.push(password_not_needed());
            }
            archive::read(Buffered::new(disk), bytes, bytes, limits)
        }
        Kind::Neither(finding) => {
            findings.push(finding);
            Contents::default()
        }
        Kind::Locked(finding) => {
            encrypted = true;
            findings.push(finding);
            Contents::default()
        }
        Kind::TryPassword => {
            let unlocked = unlock(disk, &head, bytes, path, password, limits)?;
            encrypted = unlocked.encrypted;
            findings.extend(unlocked.finding);
            unlocked.contents
        }
    };
    if let Some(source) = failure.borrow_mut().take() {
        return Err(PackageError::Read {
            path: path.to_owned(),
            source,
        });
    }
    let after = fs::metadata(path).map_err(open)?;
    let is_same =
        after.len() == bytes && before.len() == bytes && after.modified().ok() == before.modified().ok();
    if !is_same {
        return Err(PackageError::Changed {
            path: path.to_owned(),
        });
    }
    Ok(put_together(contents, findings, bytes, digest, encrypted))
}

fn put_together(
    contents: Contents,
    mut findings: Vec<Finding>,
    bytes: u64,
    sha256: String,
    encrypted: bool,
) -> Inspection {
    findings.extend(contents.findings);
    let content = match contents.dump {
        Some(dump) => {
            findings.extend(dump::weigh(&dump, contents.metadata.as_ref()));
            Content {
                format: dump.format,
                tables: dump.tables,
            }
        }
        None => Content {
            format: Format::Unknown,
            tables: Vec::new(),
        },
    };
    dump::soften(&mut findings, contents.metadata.as_ref());
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Inspection {
        bytes,
        sha256,
        encrypted,
        metadata: contents.metadata,
        content,
        uploads: contents.uploads,
        holds_key: contents.holds_key,
        findings,
    }
}

enum Kind {
    /// A zip file, whole or not.
    Zip,
    /// Something that a password could open, and one is at hand.
    TryPassword,
    /// Something that a password could open, if it is a package.
    Locked(Finding),
    /// Nothing that a password could open.
    Neither(Finding),
}

fn tell_apart(head: &[u8], bytes: u64, has_password: bool) -> Kind {
    if bytes == 0 {
        return Kind::Neither(Finding::blocker(
            "package_empty",
            "The file is empty.",
            "Download or make the package again.",
        ));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Kind::Zip;
    }
    if !looks_random(head, bytes) {
        let kind = known_kind(head).map_or_else(String::new, |kind| format!("; it is {kind}"));
        return Kind::Neither(Finding::blocker(
            "not_a_package",
            format!("The file is no package, neither a plain nor an encrypted one{kind}."),
            "Name the .nbdata file that NocoBase's Backup Manager made.",
        ));
    }
    match (has_password, has_whole_blocks(bytes)) {
        (true, _) => Kind::TryPassword,
        (false, true) => Kind::Locked(Finding::blocker(
            "password_missing",
            "The file is no zip file: it is an encrypted package, or no package at all.",
            "Give the password that was set in the source's backup settings when the package was made.",
        )),
        (false, false) => Kind::Locked(Finding::blocker(
            "package_truncated",
            "The file is no zip file, and its length is that of no encrypted package: it was cut off, or is no package.",
            "Download or make the package again.",
        )),
    }
}

fn password_not_needed() -> Finding {
    Finding::blocker(
        "password_not_needed",
        "The package is not encrypted, but a password was given; the server would refuse it.",
        "Leave the password out.",
    )
}

struct Unlocked {
    contents: Contents,
    encrypted: bool,
    finding: Option<Finding>,
}

fn unlock(
    disk: Disk,
    head: &[u8],
    bytes: u64,
    path: &Path,
    password: Option<&Secret>,
    limits: &Limits,
) -> Result<Unlocked, PackageError> {
    let Some(password) = password else {
        return Ok(Unlocked {
            contents: Contents::default(),
            encrypted: false,
            finding: None,
        });
    };
    let read_error = |source| PackageError::Read {
        path: path.to_owned(),
        source,
    };
    let temporary = |source| PackageError::Temporary { source };
    // nothing is written before the first block shows that the password is right
    match encryption::decrypt(head.get(..32).unwrap_or(head), io::sink(), password) {
        Ok(Outcome::WrongPassword) => {
            return Ok(Unlocked {
                contents: Contents::default(),
                encrypted: true,
                finding: Some(password_wrong(bytes)),
            });
        }
        Ok(_) => {}
        Err(Failure::Read(source)) => return Err(read_error(source)),
        Err(Failure::Write(source)) => return Err(temporary(source)),
    }
    let mut plain = temporary_file(path, limits).map_err(temporary)?;
    let outcome = encryption::decrypt(
        BufReader::with_capacity(BUFFER, disk),
        BufWriter::with_capacity(BUFFER, &mut plain),
        password,
    );
    let (contents, finding) = match outcome {
        Ok(Outcome::Opened(plain_bytes)) => {
            plain.seek(SeekFrom::Start(0)).map_err(temporary)?;
            let plain = Disk::new(plain);
            let failure = Rc::clone(&plain.failure);
            let contents = archive::read(
                BufReader::with_capacity(BUFFER, plain),
                plain_bytes,
                bytes,
                limits,
            );
            if let Some(source) = failure.borrow_mut().take() {
                return Err(temporary(source));
            }
            (contents, None)
        }
        Ok(Outcome::WrongPassword) => (Contents::default(), Some(password_wrong(bytes))),
        Ok(Outcome::Cut) => (
            Contents::default(),
            Some(Finding::blocker(
                "package_truncated",
                "The password is right, but the encrypted package has no end: the file was cut off.",
                "Download or make the package again.",
            )),
        ),
        Err(Failure::Read(source)) => return Err(read_error(source)),
        Err(Failure::Write(source)) => return Err(temporary(source)),
    };
    Ok(Unlocked {
        contents,
        encrypted: true,
        finding,
    })
}

fn password_wrong(bytes: u64) -> Finding {
    let whole = has_whole_blocks(bytes);
    Finding::blocker(
        "password_wrong",
        if whole {
            "The password does not open the file: it is another one, or the file is no package."
        } else {
            "The password does not open the file; its length is that of no encrypted package either, so it was cut off or is no package."
        },
        "Give the password that was set in the source's backup settings when the package was made.",
    )
}

/// A file that has no name, is readable by its owner only, and goes away with its handle.
fn temporary_file(package: &Path, limits: &Limits) -> io::Result<File> {
    if let Some(directory) = &limits.temporary_directory {
        return tempfile::tempfile_in(directory);
    }
    let beside = package
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // a package may lie on a medium that cannot be written to
    tempfile::tempfile_in(beside).or_else(|_| tempfile::tempfile())
}

fn hash(source: &mut impl Read) -> io::Result<(String, u64, Vec<u8>)> {
    let mut digest = Sha256::new();
    let mut head = Vec::new();
    let mut bytes = 0_u64;
    let mut buffer = vec![0_u8; BUFFER];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = buffer.get(..read).unwrap_or_default();
        digest.update(piece);
        bytes += read as u64;
        let room = HEAD - head.len();
        head.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }
    let hexadecimal = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((hexadecimal, bytes, head))
}

/// A file that remembers the system's first error, so that a failing disk is never taken for a bad package.
#[derive(Debug)]
struct Disk {
    file: File,
    failure: Rc<RefCell<Option<io::Error>>>,
}

impl Disk {
    fn new(file: File) -> Self {
        Self {
            file,
            failure: Rc::default(),
        }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let kind = error.kind();
            self.failure.borrow_mut().get_or_insert(error);
            kind.into()
        })
    }
}

impl Read for Disk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.file.read(buffer);
        self.note(result)
    }
}

impl Seek for Disk {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        // a seek to before the beginning is the fault of whoever asked
        self.file.seek(position)
    }
}

/// A buffered file that keeps its buffer when a jump ends within it.
struct Buffered {
    reader: BufReader<Disk>,
    position: u64,
}

impl Buffered {
    /// From the file's first byte, where it must stand.
    fn new(disk: Disk) -> Self {
        Self {
            reader: BufReader::with_capacity(ZIP_BUFFER, disk),
            position: 0,
        }
    }
}

impl Read for Buffered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Buffered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let near = match to {
            SeekFrom::Start(to) => i64::try_from(to).ok().zip(i64::try_from(self.position).ok()),
            SeekFrom::Current(_) | SeekFrom::End(_) => None,
        };
        self.position = match near {
            Some((to, from)) => {
                self.reader.seek_relative(to - from)?;
                to.unsigned_abs()
            }
            None => self.reader.seek(to)?,
        };
        Ok(self.position)
    }
}
