//! The one table: its items, its transactions, and what a call of it costs.

pub(crate) mod budgets;
mod contention;
mod denials;
mod load_breaks;
mod modelled;
mod setup_edits;
mod stored_before;
mod stored_items;
