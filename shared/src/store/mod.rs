//! The one DynamoDB table: keys, items, access patterns and transactions.
//!
//! A port is a small struct over [`Table`] that does one kind of thing. A function makes the ports that it needs, and
//! its IAM policy in template.yaml allows their calls alone. `outcome` reads every error of the SDK. A port returns an
//! enum of the possible outcomes, or a [`Fault`](crate::domain::Fault).

mod applies;
mod attributes;
mod credentials;
mod document;
mod erasure;
#[cfg(test)]
mod golden;
mod integrity;
mod keys;
mod listing;
mod people;
mod record;
mod schedules;
mod setups;
mod sign_ins;
mod snapshots;
mod table;
mod transfer;

pub use applies::Applies;
pub use applies::answers::StoredAnswer;
pub use applies::apply::{Apply, ApplyOutcome};
pub use applies::apply_record::{AbandonReason, ApplyState, StoredApply};
pub use applies::history::{ApplyHistory, ApplyPage, CloneOrigin, ClonePage};
pub use applies::new_credentials::NewCredentials;
pub use applies::refusals::{ApplyRefusal, MAX_REFUSALS, REFUSAL_LIFETIME, Refusals, StoredRefusal};
pub use applies::removals::{RemovalStart, Removals, RemovedUser, UserRemoval};
pub use applies::sweeps::{DueItem, SweepOutcome, Sweeps};
pub use applies::timeline::{ApplyTimeline, TimelineChoice, TimelineEntry, TimelineEvent};
pub use applies::undos::{UndoRequest, UndoStart, Undos};
pub use applies::user_items::UserItems;
pub use document::storable::{UnstorableDocument, check_storable};
pub use erasure::{ErasureNote, ErasureReport, PersonErasure};
pub use integrity::{
    CheckReport, Defect, RELATIONS, Relation, RelationRule, RemedyKind, RepairReport, TableCheck, TableRepair,
};
pub use listing::merge::ListRange;
pub use listing::position::{Page, Position};
pub use people::addresses::AddressHolder;
pub use people::edits::{EditAuthority, UserEdit, UserEditOutcome, UserEditor};
pub use people::invitations::{AcceptStart, Invitations, InviteOutcome, NewInvitation, StoredInvitation};
pub use people::inviter::Inviter;
pub use people::profiles::{ProfileState, Profiles};
pub use schedules::{DuePage, DueRow, DueSchedules, DueSnapshot, Schedules};
pub use setups::captures::{CaptureOutcome, Captures, SetupReading, SourceUser};
pub use setups::organization_differences::OrganizationDifferences;
pub use setups::organization_edits::{CreateOrganizationOutcome, OrganizationEditor};
pub use setups::organization_lists::{OrganizationListing, OrganizationLists, OrganizationPage, OrganizationRow};
pub use setups::organizations::{OrganizationWriter, Organizations, StoredOrganization};
pub use setups::pages::{
    SetupEntry, SetupPage, SetupPageOutcome, SetupPageRequest, SetupPages, StoredSetupItem, StoredSetupPage,
};
pub use setups::positions::SetupPosition;
pub use setups::setup_differences::SetupDifferences;
pub use setups::user_lists::{UserLists, UserRow};
pub use setups::users::{Callers, StoredUser};
pub use setups::writer::{
    CreateUserOutcome, ItemVersion, OpenItem, SetupChange, SetupEdit, SetupWriteOutcome, SetupWriter,
};
pub use sign_ins::counts::{
    KNOWN_FOR, MAX_ADDRESS_FAILURES, MAX_FAILURES, MAX_IN_FLIGHT, MAX_KNOWN, NEW_NETWORK_EVERY, PLACE_TIME, WINDOW,
};
pub use sign_ins::limits::{Attempt, AttemptVerdict};
pub use sign_ins::password_hashes::{HashMigration, MigrationReport};
pub use sign_ins::{Account, Claim, SignInStart, SignIns};
pub use snapshots::edits::{EditOutcome, SnapshotEdit, SnapshotEditor};
pub use snapshots::lists::{SnapshotLists, SnapshotRow};
pub use snapshots::packing::{CanonicalContent, MAX_PACKED_BYTES, PackedContent, StoredContent};
pub use snapshots::refreshes::{NextRevision, Refreshes, ReplaceOutcome, RevisionOptions};
pub use snapshots::revision_record::RefreshEntry;
pub use snapshots::revisions::{RevisionWithContent, Revisions};
pub use snapshots::{
    CreateOutcome, ExistingSnapshot, RevisionLookup, SnapshotAccess, SnapshotCreator, SnapshotReader,
    SnapshotWithContent, StoredSnapshot,
};
pub use table::Table;
pub use table::schema::{Index, create_table, indexes};
pub use table::size::stored_bytes;
pub use transfer::{ImportReport, TransferError, export_organization, import_organization};

/// The most items in one transaction, DynamoDB's own limit.
pub const MAX_TRANSACTION_ITEMS: usize = 100;
/// The most bytes in one transaction: DynamoDB's limit is 4 MB, and this stays below it whichever way it counts them.
pub const MAX_TRANSACTION_BYTES: usize = 4_000_000;
