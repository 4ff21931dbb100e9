//! A model of the apply protocol, checked exhaustively.

pub mod applier;
pub mod check;
pub mod guards;
pub mod model;
pub mod properties;
pub mod reach;
pub mod store;
mod sweeper;
mod undo;
