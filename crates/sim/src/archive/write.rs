//! An archive as bytes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::Zoned;

use super::{Archive, CUSTOM, DATA_BLOCK, Entry, MAGIC, SIZES, VERSION};

/// zlib's default level, as `pg_dump` stores it.
const DEFAULT_COMPRESSION: i32 = -1;
/// The place of the data is known.
const PLACE_SET: u8 = 2;
/// There is no data.
const NO_DATA: u8 = 3;

/// The bytes of an archive, with the place of each table's data in its table of contents.
pub(crate) fn write(archive: &Archive) -> Vec<u8> {
    let blocks: Vec<(i32, Vec<u8>)> = archive
        .entries
        .iter()
        .filter_map(|entry| entry.data.as_ref().map(|data| (entry.id, block(entry.id, data))))
        .collect();
    let place_less = contents(archive, &|_| 0);
    let place = |id: i32| {
        let before = blocks
            .iter()
            .take_while(|(block_id, _)| *block_id != id)
            .map(|(_, block)| block.len());
        (place_less.len() + before.sum::<usize>()) as u64
    };
    let mut bytes = contents(archive, &place);
    for (_, block) in &blocks {
        bytes.extend_from_slice(block);
    }
    bytes
}

/// Header and table of contents.
fn contents(archive: &Archive, place: &dyn Fn(i32) -> u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION);
    bytes.extend_from_slice(&SIZES);
    bytes.push(CUSTOM);
    integer(&mut bytes, DEFAULT_COMPRESSION);
    let now = Zoned::now();
    for number in [
        i32::from(now.second()),
        i32::from(now.minute()),
        i32::from(now.hour()),
        i32::from(now.day()),
        i32::from(now.month()) - 1,
        i32::from(now.year()) - 1900,
        0,
    ] {
        integer(&mut bytes, number);
    }
    for part in [
        archive.database_name.as_str(),
        "15.18",
        "15.18 (Debian 15.18-0+deb12u1)",
    ] {
        text(&mut bytes, Some(part));
    }
    integer(
        &mut bytes,
        i32::try_from(archive.entries.len()).unwrap_or(i32::MAX),
    );
    for entry in &archive.entries {
        line(&mut bytes, entry, place);
    }
    bytes
}

fn line(bytes: &mut Vec<u8>, entry: &Entry, place: &dyn Fn(i32) -> u64) {
    integer(bytes, entry.id);
    integer(bytes, i32::from(entry.data.is_some()));
    text(bytes, Some("0"));
    text(bytes, Some("0"));
    text(bytes, Some(&entry.tag));
    text(bytes, Some(&entry.kind));
    integer(bytes, entry.section.number());
    text(bytes, Some(&entry.definition));
    text(bytes, Some(&entry.removal));
    text(bytes, entry.copy.as_deref());
    text(bytes, entry.namespace.as_deref());
    text(bytes, None);
    text(bytes, (entry.kind == "TABLE").then_some("heap"));
    text(bytes, Some("nocobase"));
    text(bytes, Some("false"));
    for need in &entry.needs {
        text(bytes, Some(&need.to_string()));
    }
    text(bytes, None);
    if entry.data.is_some() {
        bytes.push(PLACE_SET);
        bytes.extend_from_slice(&place(entry.id).to_le_bytes());
    } else {
        bytes.push(NO_DATA);
        bytes.extend_from_slice(&0_u64.to_le_bytes());
    }
}

/// One table's data: chunks of one zlib stream, closed by an empty one.
fn block(id: i32, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![DATA_BLOCK];
    integer(&mut bytes, id);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // writing into memory cannot fail
    let compressed = encoder
        .write_all(data)
        .and_then(|()| encoder.finish())
        .unwrap_or_default();
    for chunk in compressed.chunks(4096) {
        integer(&mut bytes, i32::try_from(chunk.len()).unwrap_or_default());
        bytes.extend_from_slice(chunk);
    }
    integer(&mut bytes, 0);
    bytes
}

/// A sign byte and four bytes, the lowest first.
fn integer(bytes: &mut Vec<u8>, number: i32) {
    bytes.push(u8::from(number < 0));
    bytes.extend_from_slice(&number.unsigned_abs().to_le_bytes());
}

/// A length and the bytes; an absent text has the length -1.
fn text(bytes: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => integer(bytes, -1),
        Some(text) => {
            integer(bytes, i32::try_from(text.len()).unwrap_or(i32::MAX));
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}
