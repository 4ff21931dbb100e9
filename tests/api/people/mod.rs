//! People: who sees, changes and invites whom, passwords, and invitations.

mod edits;
mod forged;
pub(crate) mod invitations;
mod passwords;
mod races;
mod removal;
pub(crate) mod rights;
