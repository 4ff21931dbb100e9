//! Access: sign-in, tokens, callers whose stored user has changed, and acting in another organization.

mod acting;
mod caller_states;
mod credentials;
mod moved;
mod password_hashes;
mod sign_in;
pub(crate) mod tokens;
