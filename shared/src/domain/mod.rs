//! Types that cannot be wrong and rules that decide. Everything here is pure: no clock, no randomness, no I/O.

pub mod content;
mod email;
mod fault;
mod fingerprint;
mod id;
mod organization;
mod password;
pub mod plan;
mod pointer;
pub mod redaction;
pub mod reference;
pub mod rights;
mod role;
mod setup;
mod snapshot;
pub mod suggestion;
mod text;
mod time;
pub mod usage;
mod user;
mod violation;

pub use email::{Email, EmailKey};
pub use fault::Fault;
pub use fingerprint::Fingerprint;
pub use id::ObjectId;
pub use organization::{Agent, Organization, Pipeline, Stage};
pub use password::{NewPassword, Password};
pub use pointer::pointer;
pub use rights::Principal;
pub use role::Role;
pub use setup::{Counts, Document, ItemKind, Preferences, Setup, SetupItem};
pub use snapshot::{Creator, Sharing, SharingChanges, Snapshot, Source};
pub use text::{Description, Designation, FullName, PhoneNumber, SnapshotName};
pub use time::Timestamp;
pub use user::User;
pub use violation::{Violation, ViolationKind};
