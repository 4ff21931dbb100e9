//! The model of the apply protocol: every state of it, and the damage without each of its guards. One binary, so that the tests
//! use every core: each of them uses one.

mod guards;
mod states;
