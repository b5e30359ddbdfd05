//! Header and table of contents of a custom archive.

use std::collections::HashMap;
use std::io::Read;

use super::super::limits::Limits;
use super::super::text::{clean, clean_bytes};
use super::super::{Format, Table};
use super::source::{Fault, Offset, Source};

/// Format number of `-F c` in the header.
const CUSTOM: u8 = 1;

const OLDEST_MINOR: u8 = 12;
const NEWEST_MINOR: u8 = 16;

/// An identifier has at most 63 bytes; a function's tag carries its arguments.
const KEPT: usize = 1024;

/// How blocks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// Not at all.
    None,
    /// zlib streams.
    Gzip,
    /// Recognised, not read.
    Lz4,
    /// Recognised, not read.
    Zstd,
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// Whether rows can be counted.
    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::None | Self::Gzip)
    }
}

/// The header: what made the archive, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) minor: u8,
    pub(super) compression: Compression,
    pub(super) format: Format,
}

/// What kind of block an entry's data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Rows of the table at this place of the list; `None` where the list was full.
    Rows { table: Option<usize>, is_copy: bool },
    /// Large objects, or something that later versions write.
    Other,
}

/// Data that the archive promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Promise {
    pub(super) holds: Holds,
    pub(super) offset: Offset,
    pub(super) was_met: bool,
}

/// The table of contents, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) tables: Vec<Table>,
    /// For each of [`tables`](Self::tables): whether the archive creates it.
    pub(super) is_defined: Vec<bool>,
    /// Tables beyond the limit.
    pub(super) tables_left_out: u64,
    /// Data by dump id.
    pub(super) promises: HashMap<i64, Promise>,
    by_name: HashMap<(Vec<u8>, Vec<u8>), usize>,
}

/// Reads the header, after the magic has been looked at.
pub(super) fn read_header<R: Read>(source: &mut Source<R>) -> Result<Header, Fault> {
    for expected in *b"PGDMP" {
        if source.byte()? != expected {
            return Err(Fault::Malformed("the header has no magic"));
        }
    }
    let (major, minor, revision) = (source.byte()?, source.byte()?, source.byte()?);
    if major != 1 || !(OLDEST_MINOR..=NEWEST_MINOR).contains(&minor) {
        return Err(Fault::Version(major, minor));
    }
    source.integer_bytes = width(source.byte()?)?;
    source.offset_bytes = width(source.byte()?)?;
    let kind = source.byte()?;
    if kind != CUSTOM {
        return Err(Fault::Kind(kind));
    }
    let compression = if minor >= 15 {
        match source.byte()? {
            0 => Compression::None,
            1 => Compression::Gzip,
            2 => Compression::Lz4,
            3 => Compression::Zstd,
            _ => return Err(Fault::Malformed("the compression is not known")),
        }
    } else {
        match source.integer()? {
            0 => Compression::None,
            -1 | 1..=9 => Compression::Gzip,
            _ => return Err(Fault::Malformed("the compression level is not known")),
        }
    };
    for _ in 0..7 {
        // second, minute, hour, day, month, year, daylight saving
        source.integer()?;
    }
    let mut text = || Ok::<_, Fault>(source.string(KEPT)?.map(|bytes| clean_bytes(&bytes)));
    let (database_name, server_version, dump_version) = (text()?, text()?, text()?);
    let archive_version = if revision == 0 {
        format!("1.{minor}")
    } else {
        format!("1.{minor}.{revision}")
    };
    let format = Format::PostgresCustom {
        archive_version,
        compression: compression.name().to_owned(),
        server_version,
        dump_version,
        database_name,
    };
    Ok(Header {
        minor,
        compression,
        format,
    })
}

fn width(bytes: u8) -> Result<u8, Fault> {
    if (1..=32).contains(&bytes) {
        Ok(bytes)
    } else {
        Err(Fault::Malformed("an integer has no width"))
    }
}

/// Reads all entries.
pub(super) fn read_contents<R: Read>(
    source: &mut Source<R>,
    header: &Header,
    limits: &Limits,
) -> Result<Contents, Fault> {
    let count = source.integer()?;
    let count = u64::try_from(count).map_err(|_| Fault::Malformed("the number of entries is negative"))?;
    if count > limits.toc_entries {
        return Err(Fault::ContentsTooLarge);
    }
    let mut contents = Contents::default();
    for _ in 0..count {
        let entry = read_entry(source, header)?;
        contents.take(entry, limits.tables)?;
    }
    Ok(contents)
}

struct Entry {
    id: i64,
    schema: Vec<u8>,
    name: Vec<u8>,
    kind: Vec<u8>,
    is_copy: bool,
    offset: Offset,
}

fn read_entry<R: Read>(source: &mut Source<R>, header: &Header) -> Result<Entry, Fault> {
    let id = source.integer()?;
    if id <= 0 {
        return Err(Fault::Malformed("an entry has no id"));
    }
    source.integer()?; // had a dumper
    source.string(0)?; // table oid
    source.string(0)?; // oid
    let name = source.string(KEPT)?.unwrap_or_default();
    let kind = source.string(KEPT)?.unwrap_or_default();
    source.integer()?; // section
    source.string(0)?; // definition
    source.string(0)?; // drop statement
    let copy = source.string(8)?.unwrap_or_default();
    let schema = source.string(KEPT)?.unwrap_or_default();
    source.string(0)?; // tablespace
    if header.minor >= 14 {
        source.string(0)?; // table access method
    }
    if header.minor >= 16 {
        source.integer()?; // relkind
    }
    source.string(0)?; // owner
    source.string(0)?; // with oids
    while source.string(0)?.is_some() {} // dependencies
    let offset = source.offset()?;
    Ok(Entry {
        id,
        schema,
        name,
        kind,
        is_copy: copy.starts_with(b"COPY "),
        offset,
    })
}

impl Contents {
    fn take(&mut self, entry: Entry, most_tables: usize) -> Result<(), Fault> {
        let is_data = entry.kind == b"TABLE DATA";
        let mut holds = Holds::Other;
        if is_data || entry.kind == b"TABLE" {
            let table = self.table(entry.schema, entry.name, most_tables);
            if is_data {
                holds = Holds::Rows {
                    table,
                    is_copy: entry.is_copy,
                };
            } else if let Some(is_defined) = table.and_then(|at| self.is_defined.get_mut(at)) {
                *is_defined = true;
            }
        }
        if is_data && entry.offset == Offset::NoData {
            return Err(Fault::Malformed("the data of a table is marked as absent"));
        }
        if entry.offset != Offset::NoData {
            let promise = Promise {
                holds,
                offset: entry.offset,
                was_met: false,
            };
            if self.promises.insert(entry.id, promise).is_some() {
                return Err(Fault::Malformed("two entries have the same id"));
            }
        }
        Ok(())
    }

    fn table(&mut self, schema: Vec<u8>, name: Vec<u8>, most: usize) -> Option<usize> {
        let key = (schema, name);
        if let Some(at) = self.by_name.get(&key) {
            return Some(*at);
        }
        if self.tables.len() >= most {
            self.tables_left_out += 1;
            return None;
        }
        let at = self.tables.len();
        self.tables.push(Table {
            schema: clean(&String::from_utf8_lossy(&key.0)),
            name: clean(&String::from_utf8_lossy(&key.1)),
            rows: None,
            bytes: None,
        });
        self.is_defined.push(false);
        self.by_name.insert(key, at);
        Some(at)
    }

    /// Data that was promised and not met, by the name of its table.
    pub(super) fn unmet(&self) -> Vec<String> {
        let mut unmet: Vec<(i64, String)> = self
            .promises
            .iter()
            .filter(|(_, promise)| !promise.was_met)
            .map(|(id, promise)| (*id, self.name_of(promise)))
            .collect();
        unmet.sort();
        unmet.into_iter().map(|(_, name)| name).collect()
    }

    /// What the promised data is called in a message.
    pub(super) fn name_of(&self, promise: &Promise) -> String {
        match promise.holds {
            Holds::Rows { table, .. } => table
                .and_then(|at| self.tables.get(at))
                .map_or_else(|| "a table".to_owned(), |table| table.name.clone()),
            Holds::Other => "large objects".to_owned(),
        }
    }
}
