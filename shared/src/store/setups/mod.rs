//! What other systems write: organizations, their users and the users' setups.

pub(super) mod captures;
pub(super) mod loading;
pub(super) mod organizations;
pub(super) mod user_lists;
pub(super) mod users;
pub(super) mod writer;
