//! An archive from bytes, with `pg_restore`'s words for what is wrong.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::{Archive, CUSTOM, DATA_BLOCK, Entry, MAGIC, Section};

/// How many bytes `pg_restore` looks at to tell a foreign file from a short one.
const LOOK_AHEAD: usize = 512;
/// There is no data for this entry.
const NO_DATA: u8 = 3;

/// Reads an archive of the formats that PostgreSQL 12 to 17 write.
///
/// # Errors
/// The message of `pg_restore`, without its name.
pub(crate) fn read(bytes: &[u8]) -> Result<Archive, String> {
    if bytes.len() < MAGIC.len() {
        return Err(format!(
            "input file is too short (read {}, expected 5)",
            bytes.len()
        ));
    }
    let Some(rest) = bytes.strip_prefix(MAGIC.as_slice()) else {
        let short = if bytes.len() < LOOK_AHEAD {
            " (too short?)"
        } else {
            ""
        };
        return Err(format!("input file does not appear to be a valid archive{short}"));
    };
    let mut reader = Reader {
        rest,
        integer_size: 4,
        offset_size: 8,
    };
    let [major, minor, _revision] = reader.bytes()?;
    if major != 1 || minor > 14 {
        return Err(format!("unsupported version ({major}.{minor}) in file header"));
    }
    let [integer_size, offset_size, format] = reader.bytes()?;
    if format != CUSTOM {
        return Err(format!(
            "expected format (1) differs from format found in file ({format})"
        ));
    }
    reader.integer_size = usize::from(integer_size);
    reader.offset_size = usize::from(offset_size);
    let compression = reader.integer()?;
    for _ in 0..7 {
        reader.integer()?;
    }
    let database_name = reader.text()?.unwrap_or_default();
    reader.text()?;
    reader.text()?;
    let count = reader.integer()?;
    let mut archive = Archive {
        database_name,
        entries: Vec::new(),
    };
    let mut with_data = 0;
    for _ in 0..count {
        let (entry, has_data) = reader.entry(minor)?;
        with_data += usize::from(has_data);
        archive.entries.push(entry);
    }
    for _ in 0..with_data {
        let (id, data) = reader.block(compression)?;
        if let Some(entry) = archive.entries.iter_mut().find(|entry| entry.id == id) {
            entry.data = Some(data);
        }
    }
    Ok(archive)
}

struct Reader<'bytes> {
    rest: &'bytes [u8],
    integer_size: usize,
    offset_size: usize,
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Result<&[u8], String> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or("could not read from input file: end of file")?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], String> {
        <[u8; COUNT]>::try_from(self.take(COUNT)?).map_err(|error| error.to_string())
    }

    fn integer(&mut self) -> Result<i32, String> {
        let [sign] = self.bytes()?;
        let size = self.integer_size;
        let magnitude = self
            .take(size)?
            .iter()
            .rev()
            .fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
        let signed = if sign == 0 { magnitude } else { -magnitude };
        i32::try_from(signed).map_err(|_| "unexpected integer in input file".to_owned())
    }

    fn text(&mut self) -> Result<Option<String>, String> {
        match usize::try_from(self.integer()?) {
            Ok(length) => Ok(Some(String::from_utf8_lossy(self.take(length)?).into_owned())),
            Err(_) => Ok(None),
        }
    }

    fn entry(&mut self, minor: u8) -> Result<(Entry, bool), String> {
        let id = self.integer()?;
        let has_data = self.integer()? != 0;
        self.text()?;
        self.text()?;
        let tag = self.text()?.unwrap_or_default();
        let kind = self.text()?.unwrap_or_default();
        let section = Section::from_number(self.integer()?);
        let definition = self.text()?.unwrap_or_default();
        let removal = self.text()?.unwrap_or_default();
        let copy = self.text()?;
        let namespace = self.text()?;
        self.text()?;
        if minor >= 14 {
            self.text()?;
        }
        self.text()?;
        self.text()?;
        let mut needs = Vec::new();
        while let Some(need) = self.text()? {
            needs.extend(need.parse::<i32>().ok());
        }
        let [state] = self.bytes()?;
        let offset_size = self.offset_size;
        self.take(offset_size)?;
        let entry = Entry {
            id,
            tag,
            kind,
            section,
            definition,
            removal,
            copy,
            namespace,
            needs,
            data: None,
        };
        Ok((entry, has_data && state != NO_DATA))
    }

    fn block(&mut self, compression: i32) -> Result<(i32, Vec<u8>), String> {
        let [kind] = self.bytes()?;
        if kind != DATA_BLOCK {
            return Err(format!(
                "unrecognized data block type ({kind}) while searching archive"
            ));
        }
        let id = self.integer()?;
        let mut stored = Vec::new();
        loop {
            let length =
                usize::try_from(self.integer()?).map_err(|_| "unexpected block length".to_owned())?;
            if length == 0 {
                break;
            }
            stored.extend_from_slice(self.take(length)?);
        }
        if compression == 0 {
            return Ok((id, stored));
        }
        let mut data = Vec::new();
        ZlibDecoder::new(stored.as_slice())
            .read_to_end(&mut data)
            .map_err(|error| format!("could not uncompress data: {error}"))?;
        Ok((id, data))
    }
}
