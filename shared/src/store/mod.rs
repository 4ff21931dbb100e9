//! The one DynamoDB table: keys, items, access patterns and transactions.
//!
//! Each port is a small struct over [`Table`] that can do one thing; a function makes the ports it needs and no
//! others, and its IAM policy in template.yaml grants what they do. Every error of the SDK is read in one place
//! (`outcome`), and a port answers with an enum of what can happen, or with a [`Fault`](crate::domain::Fault).

mod applies;
mod document;
mod keys;
mod record;
mod schedules;
mod setups;
mod sign_ins;
mod snapshots;
mod table;

pub use applies::apply_record::{ApplyState, StoredApply};
pub use applies::history::{ApplyHistory, ApplyPage, ClonePage, ClonePlace, ClonedFrom};
pub use applies::sweeps::{Due, Sweeps, Swept};
pub use applies::undos::{Begun, Undo, Undos};
pub use applies::{Applied, Applies, Apply};
pub use document::storable::{Unstorable, storable};
pub use schedules::{DuePage, DueRow, DueSnapshot, LoadedSchedules, Schedules};
pub use setups::captures::{Captured, Captures, SetupReading, SourceUser};
pub use setups::organizations::{AbsentTargets, OrganizationWriter, Organizations};
pub use setups::user_lists::{UserLists, UserRow};
pub use setups::users::{Callers, StoredUser};
pub use setups::writer::{Change, Edit, OpenItem, Seen, SetupWriter, UserCreated, Written};
pub use sign_ins::limits::{
    Attempt, KNOWN_FOR, MAX_ADDRESS_FAILURES, MAX_FAILURES, MAX_IN_FLIGHT, MAX_KNOWN, NEW_NETWORK_EVERY, PLACE_TIME,
    Verdict, WINDOW,
};
pub use sign_ins::password_hashes::{HashMigration, Migrated};
pub use sign_ins::{Account, Begun as SignInBegun, Claim, SignIns};
pub use snapshots::edits::{Edited, Renaming, SnapshotEditor};
pub use snapshots::lists::{Page, Position, SnapshotLists, SnapshotRow};
pub use snapshots::packing::{Canonical, MAX_PACKED_BYTES, Packed, PackedContent};
pub use snapshots::refreshes::{NextRevision, Refreshes, Replaced, Terms};
pub use snapshots::revision_record::Note;
pub use snapshots::revisions::{RevisionWithContent, Revisions};
pub use snapshots::{
    Creation, Found, Made, SeenSnapshot, SnapshotCreator, SnapshotReader, SnapshotWithContent, StoredSnapshot,
};
pub use table::Table;
pub use table::schema::{Index, create_table, indexes};
pub use table::size::stored_bytes;

/// The most items in one transaction, DynamoDB's own limit.
pub const MAX_TRANSACTION_ITEMS: usize = 100;
/// The most bytes in one transaction: DynamoDB's limit is 4 MB, and this stays below it whichever way it counts them.
pub const MAX_TRANSACTION_BYTES: usize = 4_000_000;
