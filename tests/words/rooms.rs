//! How many findings each folder still has. A number may only fall. The commit that cleans a folder lowers it.

/// The most lines of a Rust file.
pub(crate) const MAX_LINES: usize = 400;

/// Rust files with more lines, each with the reason.
pub(crate) const LONG_FILES: [(&str, &str); 7] = [
    ("shared/src/domain/plan/tests.rs", "one test for each rule of a plan"),
    (
        "shared/src/domain/redaction/tests/canaries.rs",
        "a generator with its word lists; the fuzzer and the harness include the file",
    ),
    ("tests/api/apply/interrupted.rs", "one test for each way to interrupt an apply"),
    ("tests/api/snapshots/rights.rs", "the matrix of rights: role, ownership and route"),
    ("tests/api/snapshots/schedules.rs", "one test for each rule of a schedule"),
    ("tests/api/snapshots/sharing.rs", "one test for each rule of sharing"),
    ("tests/api/apply/undo.rs", "one test for each rule of an undo"),
];

/// Each folder with everything below it, and the number of its findings. The longest prefix counts.
pub(crate) const ROOMS: [(&str, usize); 31] = [
    ("", 0),
    (".ci", 0),
    (".github", 0),
    ("docs", 0),
    ("docs/adr", 0),
    ("docs/recipes", 0),
    ("events", 0),
    ("functions/apply-snapshot", 0),
    ("functions/create-snapshot", 0),
    ("functions/manage-snapshots", 0),
    ("functions/refresh-snapshot", 0),
    ("functions/schedule-refresh", 0),
    ("functions/sign-in", 0),
    ("functions/sweep-applies", 0),
    ("local", 0),
    ("local/src/demo", 0),
    ("shared/src", 0),
    ("shared/src/domain", 0),
    ("shared/src/domain/destination", 0),
    ("shared/src/domain/diff", 0),
    ("shared/src/domain/identity", 0),
    ("shared/src/domain/plan", 0),
    ("shared/src/domain/redaction", 0),
    ("shared/src/domain/reference", 0),
    ("shared/src/http", 0),
    ("shared/src/store", 0),
    ("shared/tests", 0),
    ("tests", 0),
    ("tests/api", 0),
    ("tests/harness", 0),
    ("tests/protocol", 0),
];

/// Returns the room of a path.
pub(crate) fn room(path: &str) -> &'static str {
    let holds = |room: &str| room.is_empty() || path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/'));
    ROOMS.iter().map(|(room, _)| *room).filter(|room| holds(room)).max_by_key(|room| room.len()).unwrap_or_default()
}
