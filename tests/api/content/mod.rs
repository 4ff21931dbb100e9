//! The content of a snapshot: references, identity, secrets, values and destinations.

mod destinations;
mod extremes;
mod identity;
mod references;
mod secrets;
mod unreadable;
mod values;
