//! The library that every function shares.
//!
//! - [`domain`]: types and rules. No input or output, no HTTP, no DynamoDB.
//! - [`store`]: keys, items, access patterns and transactions on the one DynamoDB table.
//! - [`http`]: the edge: errors, tokens, request bodies, the request context.
//! - [`queue`]: the port through which a schedule hands over what is due.
//! - [`function`]: the functions there are.
//! - [`clock`] and [`ids`]: time and randomness, always passed in. [`config`]: settings from the environment.
//! - [`compute`]: long computations, off the runtime's thread and within the time of a request or a message.
//! - [`refresh`]: what a refresh does, whoever asks for it.
//! - [`call`]: one request of a function, and the steps that every handler begins with.
//! - [`password_hash`], [`logging`] and [`capacity`]: what several of these need and none of them owns.
//!
//! Dependencies point inwards: `store` and `http` know the domain and not each other.

pub mod call;
pub mod capacity;
pub mod clock;
pub mod compute;
pub mod config;
pub mod domain;
pub mod function;
pub mod http;
pub mod ids;
pub mod logging;
pub mod password_hash;
pub mod queue;
pub mod refresh;
pub mod store;
