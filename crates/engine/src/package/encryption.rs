//! Encrypted packages: recognising, decrypting.
//!
//! An encrypted package is `16-byte IV ‖ AES-256-CBC/PKCS#7(zip)` with
//! `key = scrypt(password, "backup salt", N = 16384, r = 8, p = 1)` of 32 bytes (NocoBase 2.0.56 to 2.2.15,
//! measured). It has no marker and no checksum, so that three things are told apart by their content: a wrong
//! password does not give a zip header in the first block; a cut file gives one and ends badly; a file that
//! is not random to look at was never encrypted.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use aes::Aes256;
use cbc::cipher::{Array, Block, BlockModeDecrypt, KeyIvInit};
use nocobase_client::Secret;

const BLOCK: usize = 16;
const SALT: &[u8] = b"backup salt";
/// 14 for NocoBase; a fuzzer opens thousands of packages a second and looks for other things than the key.
const LOG_N: u8 = if cfg!(fuzzing) { 1 } else { 14 };
const R: u32 = 8;
const P: u32 = 1;

/// A shorter file cannot be an encrypted package: the smallest zip file with two entries is longer.
const SMALLEST: u64 = 128;

/// Chi-square of byte counts with 255 degrees of freedom: random bytes stay below this but once in 10^8 files.
const RANDOM_BELOW: u64 = 400;

/// How decrypting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A zip file was written, so many bytes long.
    Opened(u64),
    /// The first block is no zip file's beginning.
    WrongPassword,
    /// The password is right and the end is missing.
    Cut,
}

/// Which side failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Reading the package.
    Read(io::Error),
    /// Writing its decrypted form.
    Write(io::Error),
}

/// Whether the bytes at the beginning of a file could be those of an encrypted package.
pub(super) fn looks_random(head: &[u8], bytes: u64) -> bool {
    if bytes < SMALLEST || known_kind(head).is_some() {
        return false;
    }
    let mut counts = [0_u64; 256];
    for byte in head {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = head.len() as u64;
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    total > 0 && (squares * 256 / total).saturating_sub(total) < RANDOM_BELOW
}

/// Whether a file of that size can be IV and whole blocks.
pub(super) fn has_whole_blocks(bytes: u64) -> bool {
    bytes.is_multiple_of(BLOCK as u64) && bytes >= 2 * BLOCK as u64
}

/// What a file that is not a package is instead, by its first bytes.
pub(super) fn known_kind(head: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 12] = [
        (b"PGDMP", "a PostgreSQL dump"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"\xfd7zXZ\0", "an xz file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z file"),
        (b"Rar!", "a RAR file"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"%PDF", "a PDF file"),
        (b"<!DOCTYPE", "a web page"),
        (b"<html", "a web page"),
    ];
    KINDS
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, kind)| *kind)
}

/// Writes the plain form of an encrypted package into a file that must not exist yet; a failure leaves none.
pub fn decrypt_file(path: &Path, password: &Secret, out: &Path) -> io::Result<()> {
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut plain = tempfile::NamedTempFile::new_in(folder)?;
    let outcome = decrypt(File::open(path)?, &mut plain, password);
    match outcome {
        Ok(Outcome::Opened(_)) => {}
        Ok(Outcome::WrongPassword | Outcome::Cut) => {
            return Err(io::Error::other(
                "the package changed, or the password does not open it",
            ));
        }
        Err(Failure::Read(source) | Failure::Write(source)) => return Err(source),
    }
    plain.as_file().sync_all()?;
    plain.persist_noclobber(out).map_err(|error| error.error)?;
    Ok(())
}

/// Decrypts `source` into `sink`, in one pass and a constant amount of memory.
pub(super) fn decrypt(
    mut source: impl Read,
    mut sink: impl Write,
    password: &Secret,
) -> Result<Outcome, Failure> {
    let mut iv = [0_u8; BLOCK];
    if fill(&mut source, &mut iv).map_err(Failure::Read)? < BLOCK {
        return Ok(Outcome::WrongPassword);
    }
    let mut cipher = cbc::Decryptor::<Aes256>::new(&Array(key(password)?), &Array(iv));
    let mut buffer = vec![0_u8; 4096 * BLOCK];
    let mut written = 0_u64;
    // the last block holds the padding, so one block always stays behind
    let mut held: Option<[u8; BLOCK]> = None;
    let mut first = true;
    loop {
        let read = fill(&mut source, &mut buffer).map_err(Failure::Read)?;
        let Some(filled) = buffer.get_mut(..read) else {
            return Ok(Outcome::Cut);
        };
        let (blocks, rest) = Block::<Aes256>::slice_as_chunks_mut(filled);
        cipher.decrypt_blocks(blocks);
        if std::mem::take(&mut first)
            && !blocks
                .first()
                .is_some_and(|block| block.starts_with(b"PK\x03\x04") || block.starts_with(b"PK\x05\x06"))
        {
            return Ok(Outcome::WrongPassword);
        }
        if !rest.is_empty() {
            return Ok(Outcome::Cut);
        }
        for block in blocks {
            if let Some(ready) = held.replace(block.0) {
                sink.write_all(&ready).map_err(Failure::Write)?;
                written += BLOCK as u64;
            }
        }
        if read < 4096 * BLOCK {
            break;
        }
    }
    let Some(content) = held.as_ref().and_then(without_padding) else {
        return Ok(Outcome::Cut);
    };
    sink.write_all(content).map_err(Failure::Write)?;
    sink.flush().map_err(Failure::Write)?;
    Ok(Outcome::Opened(written + content.len() as u64))
}

fn key(password: &Secret) -> Result<[u8; 32], Failure> {
    let broken = || Failure::Write(io::Error::other("scrypt refused its parameters"));
    let parameters = scrypt::Params::new(LOG_N, R, P).map_err(|_| broken())?;
    let mut key = [0_u8; 32];
    scrypt::scrypt(password.expose().as_bytes(), SALT, &parameters, &mut key).map_err(|_| broken())?;
    Ok(key)
}

fn without_padding(block: &[u8; BLOCK]) -> Option<&[u8]> {
    let (last, _) = block.split_last()?;
    let padding = usize::from(*last);
    let content = block.get(..BLOCK.checked_sub(padding)?)?;
    let is_padded = padding > 0 && block.iter().skip(content.len()).all(|byte| byte == last);
    is_padded.then_some(content)
}

/// Reads until `buffer` is full or the source has ended.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..)
        && !rest.is_empty()
    {
        match source.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
