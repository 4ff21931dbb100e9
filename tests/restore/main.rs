//! The check and the repair of a table, and the drill: a torn copy of a table becomes a table that works.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod copies;
mod drill;
mod erasure;
mod healthy;
mod relations;
mod transfer;
