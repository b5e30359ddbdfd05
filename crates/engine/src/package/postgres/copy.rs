//! Counting the rows of `COPY … FROM stdin` text.
//!
//! In this text every row ends with a line feed, a line feed within a value is written `\n`, and a backslash
//! is doubled, so that a line of `\.` alone can only be the end. `pg_dump` writes `\.` and three line feeds
//! after the last row of each table, in every version up to 18.

/// A count over a stream of pieces.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    /// Finished rows.
    pub(super) rows: u64,
    /// Bytes of finished rows.
    pub(super) bytes: u64,
    line_bytes: u64,
    line_begins: [u8; 2],
    is_ended: bool,
    is_spoiled: bool,
}

impl Rows {
    /// Takes the next piece.
    pub(super) fn take(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            if self.is_ended {
                self.is_spoiled |= piece.iter().any(|byte| *byte != b'\n');
                return;
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let (line, rest) = piece.split_at(end.unwrap_or(piece.len()));
            self.extend_line(line);
            let Some((_, rest)) = rest.split_first() else {
                return;
            };
            self.end_line();
            piece = rest;
        }
    }

    /// Whether the end was met and nothing but line feeds followed.
    pub(super) fn is_complete(&self) -> bool {
        self.is_ended && !self.is_spoiled
    }

    fn extend_line(&mut self, line: &[u8]) {
        let known = usize::try_from(self.line_bytes).unwrap_or(usize::MAX);
        for (place, byte) in self.line_begins.iter_mut().skip(known).zip(line) {
            *place = *byte;
        }
        self.line_bytes += line.len() as u64;
    }

    fn end_line(&mut self) {
        if self.line_bytes == 2 && self.line_begins == *b"\\." {
            self.is_ended = true;
        } else {
            self.rows += 1;
            self.bytes += self.line_bytes + 1;
        }
        self.line_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(pieces: &[&[u8]]) -> Rows {
        let mut rows = Rows::default();
        for piece in pieces {
            rows.take(piece);
        }
        rows
    }

    #[test]
    fn rows_are_lines_until_the_end_mark() {
        let rows = count(&[b"1\ta\n2\t\\N\n\\.\n\n\n"]);
        assert_eq!((rows.rows, rows.bytes, rows.is_complete()), (2, 9, true));
        let empty = count(&[b"\\.\n\n\n"]);
        assert_eq!((empty.rows, empty.bytes, empty.is_complete()), (0, 0, true));
    }

    #[test]
    fn pieces_may_be_cut_anywhere() {
        let text = b"1\n\n\\N\n\\\\.\n22\n\\.\n\n\n";
        let whole = count(&[text]);
        assert_eq!(whole.rows, 5);
        for at in 0..text.len() {
            let (front, back) = text.split_at(at);
            assert_eq!(count(&[front, back]), whole, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(count(&bytes), whole);
    }

    #[test]
    fn a_table_without_its_end_is_incomplete() {
        assert!(!count(&[b"1\n2\n"]).is_complete());
        assert!(!count(&[b"1\n\\."]).is_complete());
        assert!(!count(&[b"1\n\\.\n\n\nmore"]).is_complete());
    }
}
