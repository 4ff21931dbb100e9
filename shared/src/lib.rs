//! The library that every function shares.
//!
//! - [`domain`]: types and rules. No input or output, no HTTP, no DynamoDB.
//! - [`store`]: keys, items, access patterns and transactions on the one DynamoDB table.
//! - [`http`]: the edge: errors, tokens, request bodies, the request context.
//! - [`queue`]: the port between the schedule and the refreshes.
//! - [`function`]: the list of functions.
//! - [`clock`] and [`ids`]: time and randomness, always passed in. [`config`]: settings from the environment.
//! - [`compute`]: long computations on their own thread, within the time of a request or a message.
//! - [`refresh`]: refreshes of snapshots, by request or by schedule.
//! - [`call`]: one request of a function, and the steps that every handler starts with.
//! - [`password_hash`], [`logging`] and [`capacity`]: shared by several of these.
//!
//! Dependencies point inwards: `store` and `http` use the domain and not each other.

pub mod call;
pub mod capacity;
pub mod clock;
pub mod compute;
pub mod config;
pub mod domain;
mod every;
pub mod function;
pub mod http;
pub mod ids;
pub mod invitation_token;
pub mod logging;
pub mod password_hash;
pub mod queue;
pub mod refresh;
pub mod store;
