//! Snapshots: created, listed, changed, shared, refreshed and scheduled.

pub(crate) mod assign;
mod create;
mod differences;
mod edits;
mod injection;
pub(crate) mod lists;
mod names;
mod reads;
mod refresh;
mod refresh_races;
pub(crate) mod revisions;
pub(crate) mod rights;
mod schedule_races;
mod schedules;
mod sharing;
mod sharing_races;
mod twice_listed;
