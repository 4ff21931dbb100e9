//! The whole service on one machine: for people, as the binary `local`, and for tests.
//!
//! [`gateway`] stands for the HTTP API, [`database`] for DynamoDB, [`event_source`] for SQS, [`scheduler`] for EventBridge
//! Scheduler; [`guard`] keeps web pages and strangers out of them; [`stack`] puts them and the functions together. What runs
//! behind them is what runs on AWS.

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
pub mod scheduler;
pub mod stack;
pub mod workspace;
