//! The whole service on one machine: for people, as the binary `local`, and for tests.
//!
//! [`gateway`] replaces the HTTP API, [`database`] DynamoDB, [`event_source`] SQS, [`scheduler`] EventBridge Scheduler. [`guard`]
//! keeps web pages and strangers out of them, and [`stack`] puts them and the functions together. The functions are those of
//! AWS.

pub mod cli;
mod commands;
pub mod database;
pub mod demo;
pub mod docs_page;
pub mod event_source;
pub mod gateway;
pub mod guard;
pub mod keys;
pub mod loader;
pub mod openapi;
pub mod postman;
pub mod scheduler;
pub mod stack;
pub mod workspace;
