//! The blocks of data behind the table of contents, each met exactly once and read to its end.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

use super::super::limits::Budget;
use super::copy::Rows;
use super::source::{Fault, Offset, Source};
use super::toc::{Compression, Contents, Holds};

const DATA: u8 = 1;
const LARGE_OBJECTS: u8 = 3;

/// What the blocks said beyond their rows.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Tables whose data did not end as it should.
    pub(super) unfinished: Vec<String>,
    /// Tables whose data stands elsewhere than the table of contents says.
    pub(super) misplaced: Vec<String>,
    /// Tables whose rows cannot be counted.
    pub(super) uncounted: u64,
    /// Bytes that belong to no block follow the last one.
    pub(super) has_trailing_bytes: bool,
}

/// Reads all blocks and writes the counts into the list of tables.
pub(super) fn read_blocks<R: Read>(
    source: &mut Source<R>,
    contents: &mut Contents,
    compression: Compression,
    budget: &mut Budget,
) -> Result<Seen, Fault> {
    let mut seen = Seen::default();
    let mut unmet = contents.promises.len();
    let mut inflater = Inflater::new(compression);
    loop {
        let position = source.position();
        let Some(kind) = source.byte_or_end()? else {
            return Ok(seen);
        };
        if unmet == 0 {
            seen.has_trailing_bytes = true;
            return Ok(seen);
        }
        let id = source.integer()?;
        let Some(promise) = contents.promises.get(&id).filter(|promise| !promise.was_met) else {
            return Err(Fault::Malformed("a block of data belongs to no entry"));
        };
        let holds = promise.holds;
        if matches!(promise.offset, Offset::At(expected) if expected != position) {
            seen.misplaced.push(contents.name_of(promise));
        }
        match (kind, holds) {
            (DATA, Holds::Rows { table, is_copy }) => {
                let mut rows = Rows::default();
                inflater.stream(source, budget, &mut |piece| rows.take(piece))?;
                let counts = is_copy && compression.is_read();
                seen.uncounted += u64::from(!counts);
                if counts && !rows.is_complete() {
                    seen.unfinished.push(
                        contents
                            .promises
                            .get(&id)
                            .map_or_else(String::new, |it| contents.name_of(it)),
                    );
                }
                if let Some(table) = table
                    .filter(|_| counts)
                    .and_then(|at| contents.tables.get_mut(at))
                {
                    table.rows = Some(table.rows.unwrap_or(0) + rows.rows);
                    table.bytes = Some(table.bytes.unwrap_or(0) + rows.bytes);
                }
            }
            (DATA, Holds::Other) => inflater.stream(source, budget, &mut |_| {})?,
            (LARGE_OBJECTS, Holds::Other) => {
                while source.integer()? != 0 {
                    inflater.stream(source, budget, &mut |_| {})?;
                }
            }
            _ => return Err(Fault::Malformed("a block of data is of an unknown kind")),
        }
        if let Some(promise) = contents.promises.get_mut(&id) {
            promise.was_met = true;
            unmet -= 1;
        }
    }
}

/// Reads one stream of chunks after the other, inflating where that is known.
struct Inflater {
    compression: Compression,
    state: Decompress,
    buffer: Vec<u8>,
}

impl Inflater {
    fn new(compression: Compression) -> Self {
        Self {
            compression,
            state: Decompress::new(true),
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Chunks with their length in front, until one of length 0.
    fn stream<R: Read>(
        &mut self,
        source: &mut Source<R>,
        budget: &mut Budget,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Fault> {
        self.state.reset(true);
        let mut is_ended = false;
        loop {
            let length = source.integer()?;
            let Ok(length) = u64::try_from(length) else {
                return Err(Fault::Malformed("a chunk of data has a negative length"));
            };
            if length == 0 {
                break;
            }
            source.each(length, &mut |piece| {
                if self.compression != Compression::Gzip {
                    take(piece);
                    return spend(budget, piece.len());
                }
                if is_ended {
                    return Err(Fault::Malformed("compressed data goes on after its end"));
                }
                is_ended = self.inflate(piece, budget, take)?;
                Ok(())
            })?;
        }
        let is_whole = is_ended || self.compression != Compression::Gzip || self.state.total_in() == 0;
        if is_whole {
            Ok(())
        } else {
            Err(Fault::Malformed("compressed data has no end"))
        }
    }

    /// Whether the compressed stream ended with this piece.
    fn inflate(
        &mut self,
        mut piece: &[u8],
        budget: &mut Budget,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<bool, Fault> {
        const BROKEN: Fault = Fault::Malformed("compressed data is damaged");
        loop {
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(piece, &mut self.buffer, FlushDecompress::None)
                .map_err(|_| BROKEN)?;
            let used = usize::try_from(self.state.total_in() - before_in).map_err(|_| BROKEN)?;
            let made = usize::try_from(self.state.total_out() - before_out).map_err(|_| BROKEN)?;
            spend(budget, made)?;
            take(self.buffer.get(..made).unwrap_or_default());
            piece = piece.get(used..).unwrap_or_default();
            match status {
                Status::StreamEnd if piece.is_empty() => return Ok(true),
                Status::StreamEnd => return Err(Fault::Malformed("compressed data goes on after its end")),
                // a full buffer may hide more output, even where all input is used
                _ if piece.is_empty() && made < self.buffer.len() => return Ok(false),
                _ if used == 0 && made == 0 => {
                    return if piece.is_empty() { Ok(false) } else { Err(BROKEN) };
                }
                _ => {}
            }
        }
    }
}

fn spend(budget: &mut Budget, bytes: usize) -> Result<(), Fault> {
    if budget.spend(bytes as u64) {
        Ok(())
    } else {
        Err(Fault::InflatesTooMuch)
    }
}
