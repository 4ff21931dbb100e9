//! A text behind a coat (escapes of JSON, percent-encoding, characters that do not show), and where each of its bytes stands.

use std::ops::Range;

/// A text as it reads, with the places of its bytes in the text that was taken apart.
#[derive(Debug, Default)]
pub(super) struct DecodedText {
    /// The text as it reads.
    pub(super) text: String,
    pieces: Vec<Piece>,
}

/// Bytes that stand together in both texts.
#[derive(Debug)]
struct Piece {
    at: usize,
    source: Range<usize>,
    /// Whether each byte stands for itself; else all of them stand for all of the source.
    is_verbatim: bool,
}

impl DecodedText {
    /// Adds a part that stands for itself, from `start` of the source on.
    pub(super) fn push_verbatim(&mut self, part: &str, start: usize) {
        if part.is_empty() {
            return;
        }
        let (at, end) = (self.text.len(), start + part.len());
        self.text.push_str(part);
        match self.pieces.last_mut() {
            Some(last) if last.is_verbatim && last.source.end == start => last.source.end = end,
            _ => self.pieces.push(Piece { at, source: start..end, is_verbatim: true }),
        }
    }

    /// Adds a character that stands for `source` as a whole.
    pub(super) fn push(&mut self, unit: char, source: Range<usize>) {
        let at = self.text.len();
        self.text.push(unit);
        self.pieces.push(Piece { at, source, is_verbatim: false });
    }

    /// Where `range` of the text stands in the source, whole units of it.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.piece(range.start).map_or(0, |piece| match piece.is_verbatim {
            true => piece.source.start + range.start - piece.at,
            false => piece.source.start,
        });
        let last = range.end.saturating_sub(1);
        let end = self.piece(last).map_or(start, |piece| match piece.is_verbatim {
            true => piece.source.start + range.end - piece.at,
            false => piece.source.end,
        });
        start..end.max(start)
    }

    /// A part of it as a text of its own.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        let mut at = range.start;
        while at < range.end {
            let Some(piece) = self.piece(at) else { break };
            let length = if piece.is_verbatim { piece.source.len() - (at - piece.at) } else { range.end - at };
            let end = range.end.min(at + length);
            part.push_verbatim(&self.text[at..end], self.source(&(at..end)).start);
            at = end;
        }
        part
    }

    fn piece(&self, at: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.at <= at);
        self.pieces.get(after.checked_sub(1)?)
    }
}

/// Decodes the percent-encoded `run`; `None` where the result is not a text.
pub(super) fn percent_decoded(run: &str) -> Option<DecodedText> {
    let mut decoded = DecodedText::default();
    let mut at = 0;
    while let Some(rest) = run.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((first, mut length)) = encoded_byte(rest) else {
            let end = rest[1..].find('%').map_or(rest.len(), |next| next + 1);
            decoded.push_verbatim(rest.get(..end)?, at);
            at += end;
            continue;
        };
        let mut bytes = vec![first];
        while bytes.len() < expected_length(first) {
            let (next, more) = encoded_byte(rest.get(length..)?)?;
            bytes.push(next);
            length += more;
        }
        decoded.push(std::str::from_utf8(&bytes).ok()?.chars().next()?, at..at + length);
        at += length;
    }
    Some(decoded)
}

fn encoded_byte(text: &str) -> Option<(u8, usize)> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    Some((u8::from_str_radix(digits, 16).ok()?, 3))
}

/// How many bytes a character has in UTF-8 that begins with `first`.
fn expected_length(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_knows_where_it_stood() {
        let mut text = DecodedText::default();
        text.push_verbatim("ab", 10);
        text.push_verbatim("cd", 12);
        text.push('é', 14..20);
        text.push_verbatim("ef", 25);
        assert_eq!(text.text, "abcdéef");
        for (range, source) in
            [(0..2, 10..12), (1..4, 11..14), (3..6, 13..20), (4..6, 14..20), (4..7, 14..26), (6..8, 25..27)]
        {
            assert_eq!(text.source(&range), source, "{range:?}");
        }
    }

    #[test]
    fn percent_encoding_is_taken_off_where_it_is_text() {
        let decoded = percent_decoded("a%20b%C3%A9/c%").unwrap();
        assert_eq!(decoded.text, "a bé/c%");
        assert_eq!(decoded.source(&(3..5)), 5..11);
        assert!(percent_decoded("%C3x").is_none());
        assert!(percent_decoded("%FF").is_none());
    }
}
