//! Tables in a text: the cells of a column whose head says that it holds secrets.

use std::ops::Range;

use super::credible::is_named_secret;
use super::looks::is_password_like;
use super::names::{SecretHint, hint, is_pass};
use crate::domain::{OverBudget, Work};

/// What parts the cells of a line, as Markdown, spreadsheets and exports have it.
const MARKS: [char; 4] = ['|', '\t', ';', ','];
/// The most columns that are looked at.
const WIDEST: usize = 64;

/// Adds where a secret stands in a table of `text` to `found`.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>, work: &Work) -> Result<(), OverBudget> {
    work.spend(text.len())?;
    let mut table: Option<TextTable> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        table = match table {
            Some(table) if content.contains(table.mark) => {
                table.row(content, start, found);
                Some(table)
            }
            _ => TextTable::with_head(content),
        };
        start += line.len();
    }
    Ok(())
}

struct TextTable {
    mark: char,
    /// Which columns hold secrets, and of which kind.
    columns: Vec<(usize, SecretHint)>,
}

impl TextTable {
    /// The table that begins with `line`; `None` where no column of it holds secrets.
    fn with_head(line: &str) -> Option<Self> {
        if line.len() > 2_000 {
            return None;
        }
        // A line of prose has commas, too, but its parts are longer than the heads of columns.
        let is_name = |head: &str| {
            let is_part = |c: char| c.is_alphanumeric() || " _-.#/".contains(c);
            !head.is_empty() && head.split(' ').count() <= 2 && head.chars().all(is_part)
        };
        let is_head =
            |mark: char| line.contains(mark) && (mark == '|' || cells(line, mark).all(|(_, head)| is_name(head)));
        MARKS.into_iter().filter(|mark| is_head(*mark)).find_map(|mark| {
            let columns: Vec<_> = cells(line, mark)
                .enumerate()
                .filter_map(|(column, (_, head))| Some((column, head_hint(head)?)))
                .collect();
            (!columns.is_empty()).then_some(Self { mark, columns })
        })
    }

    fn row(&self, line: &str, start: usize, found: &mut Vec<Range<usize>>) {
        for (column, (place, cell)) in cells(line, self.mark).enumerate() {
            let hint = self.columns.iter().find(|(secret, _)| *secret == column).map(|(_, hint)| *hint);
            let is_secret = |hint| {
                !cell.contains(' ')
                    && (is_named_secret(hint, cell)
                        || hint == SecretHint::Password && is_password_like(cell) && !super::credible::is_plain(cell))
            };
            if hint.is_some_and(is_secret) {
                found.push(start + place..start + place + cell.len());
            }
        }
    }
}

/// What the head of a column says: it is the name of a secret and nothing else.
fn head_hint(head: &str) -> Option<SecretHint> {
    let hint = if is_pass(head) && !["key", "auth"].iter().any(|word| head.eq_ignore_ascii_case(word)) {
        SecretHint::Password
    } else {
        hint(head)
    };
    (hint >= SecretHint::Weak && head.len() <= 40 && head.split(' ').count() <= 4).then_some(hint)
}

/// The cells of a line without the space and the marks around their texts, and where each stands.
fn cells(line: &str, mark: char) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    line.split(mark).take(WIDEST).map(move |cell| {
        let inner = cell.trim_matches([' ', '\t', '*', '`', '"', '\'', '_', '~']);
        let place = start + (cell.len() - cell.trim_start_matches([' ', '\t', '*', '`', '"', '\'', '_', '~']).len());
        start += cell.len() + mark.len_utf8();
        (place, inner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        find(text, &mut found, &Work::unlimited()).unwrap();
        found.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_column_is_what_its_head_says() {
        let markdown = "| Service | User | **Password** |\n| --- | --- | --- |\n| CRM | ops | `Winter2026!` |\n| Mail | ops | hunter22 |\n\nnext";
        assert_eq!(found(markdown), ["Winter2026!", "hunter22"]);
        assert_eq!(found("name,api_key,city\nacme,9f8e7d6c5b,Kiel\nkeel,,Bonn"), ["9f8e7d6c5b"]);
        assert_eq!(found("host\tpass\nsmtp\tWinter2026!\n"), ["Winter2026!"]);
        assert_eq!(found("| Key | Value |\n| --- | --- |\n| Plan | Pro |\n| Token | word |"), [""; 0]);
        assert_eq!(found("Ask for name, password, plan\nThen say hello2you, thanks4all, bye"), [""; 0]);
    }
}
