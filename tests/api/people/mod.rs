//! People: who sees, changes and invites whom, passwords, invitations, and setups.

mod edits;
mod foreign;
mod forged;
pub(crate) mod invitations;
mod passwords;
mod races;
mod removal;
mod removal_races;
pub(crate) mod rights;
mod setup;
