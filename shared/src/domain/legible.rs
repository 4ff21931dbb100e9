//! What a person sees of a text, and what a text must not do to the page that shows it.

use super::Violation;

/// A range of code points, both ends included.
type Range = (u32, u32);

/// What shows nothing: white space as [`str::trim`] understands it, what Unicode calls default ignorable, and the Braille
/// pattern without dots. In order, and no two ranges touch.
const UNSEEN: [Range; 24] = [
    (0x09, 0x0d),
    (0x20, 0x20),
    (0x85, 0x85),
    (0xa0, 0xa0),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x1680, 0x1680),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfff8),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
];

/// What no text may hold that is shown to people: controls (C0, DEL, C1) but tabs and line breaks, and what sets the
/// direction of the text around it: embeddings, overrides and isolates. Marks (U+200E, U+200F) reach no further than their
/// neighbours and are taken.
const CONTROLS: [Range; 6] =
    [(0x00, 0x08), (0x0b, 0x0c), (0x0e, 0x1f), (0x7f, 0x9f), (0x202a, 0x202e), (0x2066, 0x2069)];

/// Tabs and line breaks, which belong in a text of several lines and in no name.
const LINE_BREAKS: [Range; 3] = [(0x09, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)];

/// How many lines a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// One: a name.
    One,
    /// Several: notes.
    Several,
}

impl Lines {
    /// The ranges that a text of so many lines must not hold.
    fn refused(self) -> impl Iterator<Item = Range> {
        let breaks = match self {
            Self::One => &LINE_BREAKS[..],
            Self::Several => &[],
        };
        CONTROLS.iter().chain(breaks).copied()
    }
}

/// Refuses a text that shows nothing, or that holds what changes how the text around it is shown.
pub(super) fn check(what: &str, text: &str, max: usize, lines: Lines) -> Result<(), Violation> {
    if let Some((place, found)) = text.chars().enumerate().find(|(_, it)| is_in(lines.refused(), *it)) {
        let more = if lines == Lines::One { "line breaks, " } else { "" };
        return Err(Violation::refused(format!(
            "{what} contains U+{:04X} as character {}; control characters, {more}and bidirectional embeddings, overrides and \
             isolates are not allowed",
            u32::from(found),
            place + 1
        )));
    }
    if text.chars().all(|it| is_in(UNSEEN, it)) {
        return Err(Violation::refused(format!(
            "{what} shows nothing; give it 1 to {max} characters, at least one of them visible"
        )));
    }
    Ok(())
}

/// The same as a regular expression. It lists code points, because no two languages agree on what `\s` is; those beyond the
/// first plane are left out, because not every language has a way to write them.
pub(super) fn pattern(lines: Lines) -> String {
    let refused = class(lines.refused());
    let unseen = class(UNSEEN);
    format!("[^{refused}]*[^{refused}{unseen}][^{refused}]*")
}

fn is_in(ranges: impl IntoIterator<Item = Range>, code_point: char) -> bool {
    ranges.into_iter().any(|(first, last)| (first..=last).contains(&u32::from(code_point)))
}

fn class(ranges: impl IntoIterator<Item = Range>) -> String {
    ranges
        .into_iter()
        .filter(|(_, last)| *last <= 0xffff)
        .map(
            |(first, last)| {
                if first == last { format!(r"\u{first:04x}") } else { format!(r"\u{first:04x}-\u{last:04x}") }
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use icu_properties::CodePointSetData;
    use icu_properties::props::DefaultIgnorableCodePoint;

    use super::*;

    fn judge(text: &str, lines: Lines) -> bool {
        check("the text", text, 120, lines).is_ok()
    }

    #[test]
    fn what_shows_nothing_is_what_unicode_says() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        for it in '\0'..=char::MAX {
            let expected = it.is_whitespace() || ignorable.contains(it) || it == '\u{2800}';
            assert_eq!(is_in(UNSEEN, it), expected, "U+{:04X}", u32::from(it));
        }
    }

    #[test]
    fn a_control_is_refused_wherever_it_stands_and_named_with_its_place() {
        let controls = ('\0'..=char::MAX).filter(|it| it.is_control()).chain("\u{2028}\u{2029}".chars());
        let bidirectional = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        let mut count = 0;
        for it in controls.chain(bidirectional) {
            let is_break = "\t\n\r\u{2028}\u{2029}".contains(it);
            for text in [format!("{it}ab"), format!("a{it}b"), format!("ab{it}")] {
                assert!(!judge(&text, Lines::One), "{text:?}");
                assert_eq!(judge(&text, Lines::Several), is_break, "{text:?}");
            }
            count += 1;
        }
        assert_eq!(count, 65 + 2 + 9);
        let refused = check("the name", "Q2\u{202e}fdp", 120, Lines::One).unwrap_err();
        assert!(refused.detail.starts_with("the name contains U+202E as character 3; "), "{}", refused.detail);
    }

    #[test]
    fn a_text_that_shows_nothing_is_refused_however_long() {
        for it in ('\0'..=char::MAX).filter(|it| is_in(UNSEEN, *it)) {
            assert!(!judge(&String::from_iter([it, ' ', it]), Lines::Several), "{it:?}");
            if !is_in(Lines::One.refused(), it) {
                assert!(judge(&String::from_iter([it, 'x', it]), Lines::One), "{it:?}");
            }
        }
        assert!(!judge("", Lines::One));
    }

    #[test]
    fn marks_joiners_and_emoji_are_taken() {
        for text in [
            "\u{200e}Q2\u{200f}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{915}\u{94d}\u{200d}\u{937}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "1\u{fe0f}\u{20e3}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
            "e\u{301}",
        ] {
            assert!(judge(text, Lines::One) && judge(text, Lines::Several), "{text:?}");
        }
    }
}
