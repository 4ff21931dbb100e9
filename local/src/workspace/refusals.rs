//! Why a workspace file is refused.

use std::fmt;

use super::layout::{Layout, LineCounter};
use super::reading::PlacedReason;

/// Why a workspace file was refused.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum WorkspaceError {
    /// The file could not be read at all.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// The system's error.
        reason: String,
    },
    /// Values in it are not allowed.
    #[error("{file}: {}", listed(.refusals))]
    Refused {
        /// The file.
        file: String,
        /// Each place with its reason, in the order of the file; at least one.
        refusals: Vec<FileRefusal>,
    },
}

/// A place of a file, and what to change there.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRefusal {
    /// The JSON pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// Both counted from 1.
    pub line_and_column: (usize, usize),
    /// The reason.
    pub reason: String,
}

impl fmt::Display for FileRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, line_and_column: (line, column), reason } = self;
        if pointer.is_empty() {
            write!(f, "line {line}, column {column}: {reason}")
        } else {
            write!(f, "{pointer} (line {line}, column {column}): {reason}")
        }
    }
}

/// One refusal follows the file's name; several have a line each.
fn listed(refusals: &[FileRefusal]) -> String {
    match refusals {
        [only] => only.to_string(),
        several => {
            let lines: String = several.iter().map(|refusal| format!("\n  {refusal}")).collect();
            format!("{} errors{lines}", several.len())
        }
    }
}

/// Returns the error of a file that is JSON, with the place of each refusal.
pub(super) fn refused(file: &str, text: &str, layout: &Layout, refusals: Vec<PlacedReason>) -> WorkspaceError {
    let mut placed: Vec<_> = refusals.into_iter().map(|refusal| (layout.start_of(&refusal.0), refusal)).collect();
    placed.sort_by_key(|(start, _)| *start);
    let mut lines = LineCounter::new(text);
    let refusals = placed.into_iter().map(|(start, (pointer, reason))| FileRefusal {
        pointer,
        line_and_column: lines.at(start),
        reason,
    });
    WorkspaceError::Refused { file: file.to_owned(), refusals: refusals.collect() }
}
