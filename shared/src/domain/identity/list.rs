//! Lists of people in one text, as mail programs and automations have them.

use std::ops::Range;

/// The most elements that a list is looked at for.
const MAX_ELEMENTS: usize = 1_000;

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '|' | '\n' | '\t')
}

/// The elements of a list, without the white space around them. A separator between quotes or angle brackets is none.
pub(super) fn elements(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut start) = (Vec::new(), 0);
    let (mut in_quotes, mut in_brackets) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => in_quotes = !in_quotes,
            '<' if !in_quotes => in_brackets = true,
            '>' if !in_quotes => in_brackets = false,
            _ if is_separator(c) && !in_quotes && !in_brackets => {
                found.extend(trimmed(text, start..at));
                start = at + c.len_utf8();
                if found.len() > MAX_ELEMENTS {
                    return Vec::new();
                }
            }
            _ => {}
        }
    }
    found.extend(trimmed(text, start..text.len()));
    found
}

fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let element = &text[range.clone()];
    let start = range.start + element.len() - element.trim_start().len();
    (!element.trim().is_empty()).then(|| start..start + element.trim().len())
}

/// What is left of a list without the element whose value stands between `before` and `behind`; `None` where that is nothing. What dresses
/// the value goes with it, and a scheme before all of the list stays.
pub(super) fn without(before: &str, behind: &str) -> Option<String> {
    let (kept, dress) = before.split_at(before.rfind(is_separator).map_or(0, |at| at + 1));
    let rest = &behind[behind.find(|c: char| is_separator(c) || c == '?').unwrap_or(behind.len())..];
    let text = match rest.strip_prefix(is_separator) {
        Some(rest) if kept.is_empty() => {
            let next = rest.split(is_separator).next().unwrap_or_default();
            let is_scheme_of_all = dress.ends_with([':', '/']) && !next.contains(':');
            format!("{}{}", if is_scheme_of_all { dress } else { "" }, rest.trim_start_matches(' '))
        }
        Some(rest) => format!("{kept}{rest}"),
        None => format!("{}{rest}", kept.trim_end_matches(|c: char| is_separator(c) || c == ' ')),
    };
    text.contains(char::is_alphanumeric).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_outside_of_quotes_and_angle_brackets() {
        let split = |text: &'static str| elements(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(split("a, b;c|d\ne"), ["a", "b", "c", "d", "e"]);
        assert_eq!(split("\"B, A\" <a@b>, <c,d>"), ["\"B, A\" <a@b>", "<c,d>"]);
        assert_eq!(split(" ,, a ,"), ["a"]);
        assert_eq!(split(""), [""; 0]);
        for (count, found) in [(999, 999), (1_000, 1_000), (1_001, 1_001), (1_002, 0)] {
            assert_eq!(elements(&vec!["a"; count].join(",")).len(), found, "{count}");
        }
    }

    #[test]
    fn an_element_goes_with_one_separator() {
        for (before, behind, left) in [
            ("", ", b", Some("b")),
            ("a, ", "", Some("a")),
            ("a; ", "; c", Some("a; c")),
            ("a\n", "\n", Some("a\n")),
            ("a; tel:", "", Some("a")),
            ("sms:", ",b?body=Hi", Some("sms:b?body=Hi")),
            ("sms:a,", "?body=Hi", Some("sms:a?body=Hi")),
            ("tel:", ", tel:b", Some("tel:b")),
            ("\"", "\", b", Some("b")),
            ("", ",", None),
            (" ", " ", None),
        ] {
            assert_eq!(without(before, behind).as_deref(), left, "{before:?} {behind:?}");
        }
    }
}
