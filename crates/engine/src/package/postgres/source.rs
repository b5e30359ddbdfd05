//! The archive's primitives: bytes, integers, strings, offsets; nothing is allocated on a file's word.

use std::io::{self, Read};

/// Why an archive cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early.
    Truncated,
    /// It says something that no archive says.
    Malformed(&'static str),
    /// It is of a version that is not known.
    Version(u8, u8),
    /// It is the table of contents of another format (3 tar, 5 directory).
    Kind(u8),
    /// The table of contents is larger than the limits allow.
    ContentsTooLarge,
    /// The data inflates to more than the limits allow.
    InflatesTooMuch,
    /// The source failed; whoever owns it knows why.
    Unreadable,
}

/// Where data of an entry stands, as the table of contents has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// The dump was written to something that cannot seek.
    NotSet,
    /// At this byte of the archive.
    At(u64),
    /// The entry has no data.
    NoData,
}

/// A reader that knows its position and the archive's widths.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    position: u64,
    most: u64,
    buffer: Vec<u8>,
    pub(super) integer_bytes: u8,
    pub(super) offset_bytes: u8,
}

impl<R: Read> Source<R> {
    /// Reads from the archive's first byte; the table of contents may take `most` bytes.
    pub(super) fn new(inner: R, most: u64) -> Self {
        Self {
            inner,
            position: 0,
            most,
            buffer: vec![0; 32 * 1024],
            integer_bytes: 4,
            offset_bytes: 8,
        }
    }

    /// From here on the archive may be of any length.
    pub(super) fn lift_limit(&mut self) {
        self.most = u64::MAX;
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Reads as many bytes as there are, at most `buffer`'s length; 0 at the end.
    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        loop {
            match self.inner.read(buffer) {
                Ok(read) => {
                    self.position += read as u64;
                    return if self.position > self.most {
                        Err(Fault::ContentsTooLarge)
                    } else {
                        Ok(read)
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Fault::Unreadable),
            }
        }
    }

    /// The next byte, or `None` at the end.
    pub(super) fn byte_or_end(&mut self) -> Result<Option<u8>, Fault> {
        let mut byte = [0_u8];
        Ok((self.some(&mut byte)? > 0).then_some(byte[0]))
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        self.byte_or_end()?.ok_or(Fault::Truncated)
    }

    /// A sign byte and the magnitude, least significant byte first.
    pub(super) fn integer(&mut self) -> Result<i64, Fault> {
        let negative = match self.byte()? {
            0 => false,
            1 => true,
            _ => return Err(Fault::Malformed("an integer has no sign")),
        };
        let magnitude = self.magnitude(self.integer_bytes)?;
        let value = i64::try_from(magnitude).map_err(|_| Fault::Malformed("an integer is too large"))?;
        Ok(if negative { -value } else { value })
    }

    fn magnitude(&mut self, width: u8) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for place in 0..width {
            let byte = u64::from(self.byte()?);
            if place < 8 {
                value |= byte << (8 * u32::from(place));
            } else if byte != 0 {
                return Err(Fault::Malformed("an integer is too large"));
            }
        }
        Ok(value)
    }

    /// A string, of which no more than `keep` bytes are kept; `None` where the archive has no string.
    pub(super) fn string(&mut self, keep: usize) -> Result<Option<Vec<u8>>, Fault> {
        let length = self.integer()?;
        let Ok(length) = u64::try_from(length) else {
            return Ok(None);
        };
        let kept = usize::try_from(length).unwrap_or(usize::MAX).min(keep);
        let mut text = Vec::new();
        self.each(length, &mut |piece| {
            let room = kept - text.len();
            text.extend_from_slice(piece.get(..room).unwrap_or(piece));
            Ok(())
        })?;
        Ok(Some(text))
    }

    /// Hands `length` bytes on, piece by piece.
    pub(super) fn each(
        &mut self,
        length: u64,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.each_with(&mut buffer, length, take);
        self.buffer = buffer;
        result
    }

    fn each_with(
        &mut self,
        buffer: &mut [u8],
        mut left: u64,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let room = buffer.get_mut(..most).unwrap_or_default();
            let read = self.some(room)?;
            if read == 0 {
                return Err(Fault::Truncated);
            }
            take(room.get(..read).unwrap_or_default())?;
            left -= read as u64;
        }
        Ok(())
    }

    /// A state byte and a position.
    pub(super) fn offset(&mut self) -> Result<Offset, Fault> {
        let state = self.byte()?;
        let position = self.magnitude(self.offset_bytes)?;
        match state {
            1 => Ok(Offset::NotSet),
            2 => Ok(Offset::At(position)),
            3 => Ok(Offset::NoData),
            _ => Err(Fault::Malformed(
                "the position of an entry's data has an unknown state",
            )),
        }
    }
}
