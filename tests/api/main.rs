//! The service over HTTP, from a request to what is stored.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod apply_across;
mod apply_history;
mod apply_rights;
mod apply_within;
mod budgets;
mod caller_states;
mod contention;
mod cors;
mod create_snapshot;
mod described;
mod differences;
mod docs;
mod events;
mod extremes;
mod idempotency;
mod interrupted;
mod large;
mod log_lines;
mod manage_assign;
mod manage_edits;
mod manage_injection;
mod manage_lists;
mod manage_reads;
mod manage_rights;
mod moved;
mod openapi;
mod plan;
mod policies;
mod races;
mod refresh;
mod refresh_races;
mod refusals;
mod revisions;
mod schedule_races;
mod schedules;
mod secrets;
mod sign_in;
mod stored_items;
mod template;
mod time_limits;
mod tokens;
mod undo;
mod undo_races;
