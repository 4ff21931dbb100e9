//! People: who sees, changes and invites whom, passwords, invitations, setups, and organizations.

mod edits;
mod foreign;
mod forged;
pub(crate) mod invitations;
mod organizations;
mod passwords;
mod races;
mod removal;
mod removal_races;
pub(crate) mod rights;
mod setup;
