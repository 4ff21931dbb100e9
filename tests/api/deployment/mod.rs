//! The template: routes, functions, and what it grants.

mod grants;
mod policies;
mod template;
