//! The function's own binary, run as Lambda runs it: what it leaves behind wherever its process is killed or frozen.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

mod at_once;
mod broken;
mod random;
mod removal;
mod staged;
mod undo;

/// The function's binary.
const BINARY: &str = env!("CARGO_BIN_EXE_apply-snapshot");
