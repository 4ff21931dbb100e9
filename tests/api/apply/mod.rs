//! Applies: what arrives, what is refused, what is repeated, resumed and undone.

mod across;
mod history;
mod idempotency;
mod interrupted;
mod kept_refusals;
mod large;
mod plan;
mod races;
mod refusals;
mod rights;
mod timeline;
mod undo;
mod undo_plan;
mod undo_races;
mod within;
