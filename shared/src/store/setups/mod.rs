//! Items that other systems write, too: organizations, users and setups.

pub(super) mod captures;
pub(super) mod loading;
pub(super) mod organization_differences;
pub(super) mod organization_edits;
pub(super) mod organization_lists;
pub(super) mod organizations;
pub(super) mod pages;
pub(super) mod positions;
pub(super) mod setup_differences;
mod switches;
pub(super) mod user_lists;
pub(super) mod users;
pub(super) mod writer;
