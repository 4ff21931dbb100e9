//! The template: routes, functions, and what it grants.

mod alarms;
mod grants;
mod policies;
mod queries;
mod releases;
pub(crate) mod template;
