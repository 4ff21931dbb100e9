//! Access: sign-in, tokens, and callers whose stored user has changed.

mod caller_states;
mod credentials;
mod moved;
mod password_hashes;
mod sign_in;
pub(crate) mod tokens;
