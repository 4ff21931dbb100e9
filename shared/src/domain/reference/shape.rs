//! Texts that are ids by their shape.

use std::ops::Range;

/// Whether a text has the shape of an id: 24 hex digits, or a UUID (RFC 9562, 4).
pub fn is_id(text: &str) -> bool {
    match text.len() {
        24 => text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        36 => text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        _ => false,
    }
}

/// The ids of a text that consists of ids alone, with what separates them: white space, commas, semicolons and bars. Empty where
/// something else stands in it.
pub(super) fn ids(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for piece in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|')) {
        let range = at..at + piece.len();
        // Every separator but white space beyond ASCII is one byte.
        at = range.end + text[range.end..].chars().next().map_or(0, char::len_utf8);
        if piece.is_empty() {
            continue;
        }
        if !is_id(piece) {
            return Vec::new();
        }
        found.push(range);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_24_hex_digits_or_a_uuid() {
        for id in ["64eea1110000000000000061", "64EEA1110000000000000061", "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6b"] {
            assert!(is_id(id), "{id}");
        }
        for text in [
            "",
            "64eea111000000000000006",
            "64eea11100000000000000610",
            "64eea111000000000000006g",
            "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6",
            "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6b0",
            "3f2b8c1e00d4a-4b6f-9a57-1c2d3e4f5a6b",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn a_list_holds_ids_alone() {
        let (a, b) = ("64eea1110000000000000061", "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6b");
        let found = |text: &str| ids(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>();
        assert_eq!(found(a), [a]);
        assert_eq!(found(&format!(" {a}\n")), [a]);
        for separator in [",", ", ", ";", "|", " | ", "\n", "\u{a0}"] {
            assert_eq!(found(&format!("{a}{separator}{b}")), [a, b], "{separator:?}");
        }
        assert_eq!(found(&format!("{a},x")), [""; 0]);
        assert_eq!(found(""), [""; 0]);
    }
}
