//! People: their profiles, changes by an administrator, passwords and invitations.

pub(super) mod addresses;
pub(super) mod deputies;
pub(super) mod edits;
pub(super) mod invitations;
pub(super) mod inviter;
pub(super) mod profiles;
