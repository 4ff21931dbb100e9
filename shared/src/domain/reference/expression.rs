//! Names in expressions and code: `stage == "Won"`, `{"stage": "Won"}`, `stage=Won&x=1`.

use std::ops::Range;

/// Words of languages and templates that do not name a field.
const KEYWORDS: [&str; 39] = [
    "and", "or", "not", "in", "is", "eq", "ne", "neq", "equals", "equal", "contains", "includes", "include", "if",
    "else", "then", "case", "when", "return", "const", "let", "var", "true", "false", "null", "where", "select",
    "from", "like", "any", "all", "of", "has", "starts", "with", "default", "elsif", "unless", "matches",
];
/// Words among those behind which a value stands without quotes.
const COMPARING: [&str; 6] = ["is", "eq", "equals", "equal", "contains", "includes"];
/// Fields that say which of its kind an object is.
const PARTS: [&str; 7] = ["name", "label", "value", "title", "id", "_id", "key"];
/// The longest name that is looked for, in bytes.
const MAX_NAME: usize = 200;

/// Shows every text of an expression that may be compared with what stands before it: its place, and that subject. `visit` says whether
/// the text is a value. Another text may be the name of the next subject, as in `item["stage"]`.
pub(super) fn values<'t>(text: &'t str, mut visit: impl FnMut(Range<usize>, &'t str) -> bool) {
    let mut scan = ExpressionScan { text, subject: "", outer: "", open: Vec::new(), in_list: false };
    let mut at = 0;
    while at < text.len() {
        at = scan.step(at, &mut visit);
    }
}

struct ExpressionScan<'t> {
    text: &'t str,
    /// The last name of a field.
    subject: &'t str,
    /// The name of the object that was opened last.
    outer: &'t str,
    /// Values behind which the name of a field may follow, as in `"Won" == stage`.
    open: Vec<Range<usize>>,
    in_list: bool,
}

impl<'t> ExpressionScan<'t> {
    /// Reads what stands at `at`, and gives where it ends.
    fn step(&mut self, at: usize, visit: &mut impl FnMut(Range<usize>, &'t str) -> bool) -> usize {
        let text = self.text;
        let Some(first) = text[at..].chars().next() else { return text.len() };
        if matches!(first, '"' | '\'' | '`') {
            return self.literal(at, visit);
        }
        if is_name(first) {
            return self.name(at, visit);
        }
        match first {
            '=' | ':' | '>' if !self.subject.is_empty() => {
                if first == ':' {
                    self.open.clear();
                }
                self.unquoted(at + 1, visit)
            }
            _ => {
                self.mark(first);
                at + first.len_utf8()
            }
        }
    }

    fn mark(&mut self, mark: char) {
        match mark {
            '[' => self.in_list = true,
            ']' => self.in_list = false,
            '{' => self.outer = self.subject,
            '}' => self.outer = "",
            ',' if self.in_list => {}
            ',' | ';' | '\n' | '&' | '|' | '?' => self.open.clear(),
            _ => {}
        }
    }

    /// A name is the next subject, but where it says which of its kind an object is, that object is: `{"stage": {"name": "Won"}}`.
    fn set_subject(&mut self, name: &'t str) {
        let is_part = PARTS.iter().any(|part| part.eq_ignore_ascii_case(name));
        self.subject = if is_part && !self.outer.is_empty() { self.outer } else { name };
    }

    /// A quoted text.
    fn literal(&mut self, at: usize, visit: &mut impl FnMut(Range<usize>, &'t str) -> bool) -> usize {
        let text = self.text;
        let quote = &text[at..=at];
        let end = limit(text, at + 1);
        let Some(length) = text[at + 1..end].find(quote) else { return at + 1 };
        // In JSON in a text the closing quote is escaped as well.
        let inside = text[at + 1..at + 1 + length].trim_end_matches('\\');
        let range = trimmed(text, at + 1..at + 1 + inside.len());
        if !range.is_empty() && !visit(range.clone(), self.subject) {
            let literal = &text[range];
            if literal.chars().all(|c| is_name(c) || matches!(c, ' ' | '-')) {
                self.set_subject(literal);
            }
        } else if !range.is_empty() && self.open.len() < MAX_OPEN {
            self.open.push(range);
        }
        at + 1 + length + 1
    }

    /// The name of a field, or a keyword.
    fn name(&mut self, at: usize, visit: &mut impl FnMut(Range<usize>, &'t str) -> bool) -> usize {
        let text = self.text;
        let length = text[at..].find(|c: char| !is_name(c)).unwrap_or(text.len() - at);
        let (name, end) = (text[at..at + length].trim_matches('.'), at + length);
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(name));
        if is(&COMPARING) && !self.subject.is_empty() {
            return self.unquoted(end, visit);
        }
        if is(&["and", "or"]) {
            self.open.clear();
        } else if !is(&KEYWORDS) && name.contains(char::is_alphabetic) {
            self.set_subject(name);
            for range in std::mem::take(&mut self.open) {
                visit(range, name);
            }
        }
        end
    }

    /// A value without quotes behind an operator.
    fn unquoted(&mut self, at: usize, visit: &mut impl FnMut(Range<usize>, &'t str) -> bool) -> usize {
        let text = self.text;
        let end = limit(text, at);
        let rest = &text[at..end];
        let length = rest.find(['&', ';', ',', ')', ']', '}', '|', '\n', '"', '\'', '`', '=', ':', '<', '>', '/']);
        let mut range = trimmed(text, at..at + length.unwrap_or(rest.len()));
        for joined in [" and ", " or ", " AND ", " OR "] {
            if let Some(joint) = text[range.clone()].find(joined) {
                range = trimmed(text, range.start..range.start + joint);
            }
        }
        if !range.is_empty() && visit(range.clone(), self.subject) { range.end } else { at }
    }
}

/// The most values that wait for the name of a field.
const MAX_OPEN: usize = 20;

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '?')
}

/// Where to stop looking for the end of a name that begins at `at`.
fn limit(text: &str, at: usize) -> usize {
    let end = text.len().min(at + MAX_NAME);
    (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len())
}

/// The range without white space at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + inside.len() - inside.trim_start().len();
    start..start + inside.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names `Won` and `New Lead`, each with the subject before it.
    fn found(text: &str) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        values(text, |range, subject| {
            let is_value = matches!(&text[range.clone()], "Won" | "New Lead");
            if is_value && !subject.is_empty() {
                // Of a value that waits the name behind it decides.
                found.retain(|(before, _): &(Range<usize>, &str)| *before != range);
                found.push((range, subject));
            }
            is_value
        });
        found.into_iter().map(|(range, subject)| (&text[range], subject)).collect()
    }

    #[test]
    fn a_value_is_shown_with_the_field_that_it_is_compared_with() {
        for (text, subject) in [
            ("stage == \"Won\"", "stage"),
            ("contact.stage==='Won' && x", "contact.stage"),
            ("$json[\"stage\"] == \"Won\"", "stage"),
            ("{\"tag\":\"x\",\"stage\":\"Won\"}", "stage"),
            ("{\\\"stage\\\": \\\"Won\\\"}", "stage"),
            ("{% if stage == 'Won' %}", "stage"),
            ("{{#if (eq stage \"Won\")}}", "stage"),
            ("setStage( `Won` )", "setStage"),
            ("switch (stage) { case 'Won': go(); }", "stage"),
            ("'Won' == stage", "stage"),
            ("stage=Won&x=1", "stage"),
            ("stage: Won", "stage"),
            ("stage is Won", "stage"),
            ("((Stage:equals:Won) and (Amount:x:1))", "Stage"),
            ("stage = ' Won '", "stage"),
            ("tag = 'Won'", "tag"),
            ("['x', 'Won'].includes(contact.stage)", "contact.stage"),
            ("{\"stage\":{\"label\":\"Won\"}}", "stage"),
            ("{{if(1.stage = \"Won\"; 1; 2)}}", "1.stage"),
            ("tag = 'Won' && stage = 'x'", "tag"),
            ("tag = 'Won' or stage = 'x'", "tag"),
            ("{\"stage\":\"x\",\"name\":\"Won\"}", "name"),
        ] {
            assert_eq!(found(text), [("Won", subject)], "{text}");
        }
        assert_eq!(found("stage in ('Won', 'New Lead')"), [("Won", "stage"), ("New Lead", "stage")]);
        assert_eq!(found("stage = New Lead and x = 1"), [("New Lead", "stage")]);
    }

    #[test]
    fn what_is_compared_with_nothing_or_ends_nowhere_is_passed_over() {
        for text in ["", "Won", "\"", "\"Won", "'Won'", "don't say Won", "= Won", "é\"Wön\"é", "stage = \"Wo\"n"] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
