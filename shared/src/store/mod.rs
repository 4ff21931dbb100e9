//! The one DynamoDB table: keys, items, access patterns and transactions.
//!
//! Each port is a small struct over [`Table`] that can do one thing; a function makes the ports it needs and no
//! others, and its IAM policy in template.yaml grants what they do. Every error of the SDK is read in one place
//! (`outcome`), and a port answers with an enum of what can happen, or with a [`Fault`](crate::domain::Fault).

mod applies;
mod apply_history;
mod apply_record;
mod captures;
mod change;
mod document;
mod edits;
mod keys;
mod lists;
mod loading;
mod meter;
mod organizations;
mod outcome;
mod packing;
mod password_hashes;
mod record;
mod refreshes;
mod retry;
mod revision_record;
mod revisions;
mod schedules;
mod schema;
mod setup_writer;
mod shared_record;
mod sign_in_limits;
mod sign_ins;
mod size;
mod snapshot_record;
mod snapshots;
mod staging;
mod storable;
mod sweeps;
mod table;
mod transaction;
mod undos;
mod user_lists;
mod users;
mod visibility;

pub use applies::{Applied, Applies, Apply};
pub use apply_history::{ApplyHistory, ApplyPage, ClonePage, ClonePlace, ClonedFrom};
pub use apply_record::{ApplyState, StoredApply};
pub use captures::{Captured, Captures, SetupReading, SourceUser};
pub use edits::{Edited, Renaming, SnapshotEditor};
pub use lists::{Page, Position, SnapshotLists, SnapshotRow};
pub use organizations::{AbsentTargets, OrganizationWriter, Organizations};
pub use packing::{Canonical, MAX_PACKED_BYTES, Packed, PackedContent};
pub use password_hashes::{HashMigration, Migrated};
pub use refreshes::{NextRevision, Refreshes, Replaced, Terms};
pub use revision_record::Note;
pub use revisions::{RevisionWithContent, Revisions};
pub use schedules::{DuePage, DueRow, DueSnapshot, LoadedSchedules, Schedules};
pub use schema::{Index, create_table, indexes};
pub use setup_writer::{Change, Edit, OpenItem, Seen, SetupWriter, UserCreated, Written};
pub use sign_in_limits::{
    Attempt, KNOWN_FOR, MAX_ADDRESS_FAILURES, MAX_FAILURES, MAX_IN_FLIGHT, MAX_KNOWN, NEW_NETWORK_EVERY, PLACE_TIME,
    Verdict, WINDOW,
};
pub use sign_ins::{Account, Begun as SignInBegun, Claim, SignIns};
pub use size::stored_bytes;
pub use snapshots::{
    Creation, Found, Made, SeenSnapshot, SnapshotCreator, SnapshotReader, SnapshotWithContent, StoredSnapshot,
};
pub use storable::{Unstorable, storable};
pub use sweeps::{Due, Sweeps, Swept};
pub use table::Table;
pub use undos::{Begun, Undo, Undos};
pub use user_lists::{UserLists, UserRow};
pub use users::{Callers, StoredUser};

/// The most items in one transaction, DynamoDB's own limit.
pub const MAX_TRANSACTION_ITEMS: usize = 100;
/// The most bytes in one transaction: DynamoDB's limit is 4 MB, and this stays below it whichever way it counts them.
pub const MAX_TRANSACTION_BYTES: usize = 4_000_000;
