//! The service over HTTP, from a request to what is stored.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod access;
mod apply;
mod content;
mod deployment;
mod edge;
mod people;
mod snapshots;
mod table;
