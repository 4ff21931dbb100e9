//! The service over HTTP, from a request to what is stored.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod apply_across;
mod apply_within;
mod budgets;
mod create_snapshot;
mod events;
mod extremes;
mod idempotency;
mod interrupted;
mod large;
mod manage_assign;
mod manage_edits;
mod manage_injection;
mod manage_lists;
mod manage_reads;
mod manage_rights;
mod plan;
mod policies;
mod races;
mod refusals;
mod sign_in;
mod stored_items;
mod template;
mod tokens;
