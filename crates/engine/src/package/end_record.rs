//! The end of a zip file, read before anything is believed.
//!
//! A zip reader allocates as many entries as the end record claims and forgives bytes around the archive.
//! NocoBase's (yauzl) does not forgive: the end record must end exactly where the file ends, and nothing may
//! stand before the first entry. Facts: PKWARE's APPNOTE 4.3.14 to 4.3.16.

use std::io::{self, Read, Seek, SeekFrom};

use super::encryption::fill;
use super::limits::Limits;

const END: [u8; 4] = *b"PK\x05\x06";
const END_BYTES: usize = 22;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const END_64: [u8; 4] = *b"PK\x06\x06";
const LONGEST_COMMENT: usize = 0xffff;

/// What the end of the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A sound end record, within the limits.
    Sound,
    /// There is none: the end was cut off, or this is no zip file.
    Missing,
    /// So many bytes follow it.
    TrailingBytes(u64),
    /// So many bytes stand before the archive, or within it where none belong.
    ForeignBytes(u64),
    /// It points outside the file, or to other disks.
    Malformed,
    /// It claims so many entries.
    TooManyEntries(u64),
    /// It claims so large a directory.
    DirectoryTooLarge(u64),
}

/// Reads the end record of a file of `bytes` bytes.
pub(super) fn read(source: &mut (impl Read + Seek), bytes: u64, limits: &Limits) -> io::Result<End> {
    let span = (END_BYTES + LONGEST_COMMENT + LOCATOR_BYTES) as u64;
    let start = bytes.saturating_sub(span);
    source.seek(SeekFrom::Start(start))?;
    let mut tail = vec![0_u8; usize::try_from(bytes - start).unwrap_or(0)];
    let filled = fill(source, &mut tail)?;
    tail.truncate(filled);
    let Some((at, trailing)) = locate(&tail) else {
        return Ok(End::Missing);
    };
    if trailing > 0 {
        return Ok(End::TrailingBytes(trailing));
    }
    let record = tail.get(at..).unwrap_or_default();
    let mut claimed = Claim {
        entries: u64::from(u16_at(record, 10)),
        directory_bytes: u64::from(u32_at(record, 12)),
        directory_start: u64::from(u32_at(record, 16)),
        directory_end: start + at as u64,
    };
    let disks = (u16_at(record, 4), u16_at(record, 6));
    let here = u16_at(record, 8);
    let locator = at.checked_sub(LOCATOR_BYTES).and_then(|from| tail.get(from..at));
    match locator.filter(|locator| locator.starts_with(&LOCATOR)) {
        Some(locator) => {
            let position = u64_at(locator, 8);
            match read_64(source, position, claimed.directory_end)? {
                Some(claim) if claimed.may_stand_for(&claim) => claimed = claim,
                _ => return Ok(End::Malformed),
            }
        }
        None if disks != (0, 0) || u64::from(here) != claimed.entries => return Ok(End::Malformed),
        None => {}
    }
    Ok(claimed.judge(limits))
}

struct Claim {
    entries: u64,
    directory_bytes: u64,
    directory_start: u64,
    directory_end: u64,
}

impl Claim {
    /// Whether this short form says the same as the long one, or leaves it to it.
    fn may_stand_for(&self, long: &Self) -> bool {
        let agree = |short: u64, long: u64, left_open: u64| short == long || short == left_open;
        agree(self.entries, long.entries, 0xffff)
            && agree(self.directory_bytes, long.directory_bytes, 0xffff_ffff)
            && agree(self.directory_start, long.directory_start, 0xffff_ffff)
    }

    fn judge(&self, limits: &Limits) -> End {
        if self.entries > limits.entries {
            return End::TooManyEntries(self.entries);
        }
        if self.directory_bytes > limits.central_directory_bytes {
            return End::DirectoryTooLarge(self.directory_bytes);
        }
        // 46 bytes is the shortest record of the directory
        if self.entries.saturating_mul(46) > self.directory_bytes {
            return End::Malformed;
        }
        let claimed_end = self.directory_start.saturating_add(self.directory_bytes);
        match self.directory_end.checked_sub(claimed_end) {
            Some(0) => End::Sound,
            Some(between) => End::ForeignBytes(between),
            None => End::Malformed,
        }
    }
}

/// Where the last end record begins and how many bytes follow it. As the server's reader does, the last
/// signature is taken for the record, whatever else there may be before it.
fn locate(tail: &[u8]) -> Option<(usize, u64)> {
    let at = tail
        .windows(END_BYTES)
        .rposition(|window| window.starts_with(&END))?;
    let record = tail.get(at..)?;
    let trailing = record
        .len()
        .checked_sub(END_BYTES + usize::from(u16_at(record, 20)))?;
    Some((at, trailing as u64))
}

fn read_64(source: &mut (impl Read + Seek), position: u64, end: u64) -> io::Result<Option<Claim>> {
    if position.saturating_add(56) > end {
        return Ok(None);
    }
    source.seek(SeekFrom::Start(position))?;
    let mut record = [0_u8; 56];
    if fill(source, &mut record)? < record.len() || !record.starts_with(&END_64) {
        return Ok(None);
    }
    let (disk, first_disk) = (u32_at(&record, 16), u32_at(&record, 20));
    let (here, entries) = (u64_at(&record, 24), u64_at(&record, 32));
    Ok((disk == 0 && first_disk == 0 && here == entries).then(|| Claim {
        entries,
        directory_bytes: u64_at(&record, 40),
        directory_start: u64_at(&record, 48),
        directory_end: position,
    }))
}

fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes
        .iter()
        .skip(at)
        .take(width)
        .rev()
        .fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::try_from(number(bytes, at, 2)).unwrap_or(u16::MAX)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::try_from(number(bytes, at, 4)).unwrap_or(u32::MAX)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    number(bytes, at, 8)
}
