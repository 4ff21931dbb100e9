//! Types that cannot be wrong and rules that decide. Everything here is pure: no clock, no randomness, no I/O.

mod canonical;
pub mod capture;
pub mod content;
mod credentials;
mod cut;
pub mod destination;
pub mod diff;
mod document_schema;
mod email;
mod fault;
mod fingerprint;
pub mod hidden_text;
mod host;
mod id;
pub mod id_shape;
pub mod identity;
mod invisible;
mod item_origin;
mod kind;
mod left_out;
mod legible;
mod network;
mod organization;
mod organization_parts;
mod password;
pub mod plan;
mod pointer;
pub mod redaction;
pub mod reference;
mod refresh_period;
mod revision;
pub mod rights;
mod role;
mod schedule;
mod setup;
pub mod sharing;
pub mod snapshot;
pub mod suggestion;
mod text;
mod texts;
mod time;
pub mod usage;
mod user;
pub mod user_change;
pub mod values;
mod violation;
mod work;

pub(crate) use canonical::{JsonWriteError, MeteredWriter};
pub use credentials::{StoredCredentials, TokenCredentials};
pub use cut::cut;
pub use email::{Email, EmailKey};
pub use fault::Fault;
pub use fingerprint::Fingerprint;
pub use id::ObjectId;
pub use item_origin::ItemOrigin;
pub use kind::{Counts, ItemKind, PerKind};
pub use left_out::{LeftOut, LeftOutKind, LeftOutTarget};
pub use network::{Network, NetworkMark, parse_address};
pub use organization::{Agent, MAX_ORGANIZATION_NAME, Organization, Pipeline, Stage};
pub use organization_parts::{
    MAX_STAGES, MAX_TRUSTED_DESTINATIONS, NewAgent, NewPipeline, NewStage, OrganizationChange, PipelineType,
    check_trusted_destinations,
};
pub use password::{NewPassword, Password};
pub use pointer::pointer;
pub use refresh_period::RefreshPeriod;
pub use revision::{RefreshState, RefreshStatus, Revision, RevisionOrigin};
pub use rights::Principal;
pub use role::Role;
pub use schedule::{Schedule, ScheduleChange};
pub use setup::{Document, Preferences, Setup, SetupItem};
pub use sharing::{Sharing, SharingChanges};
pub use snapshot::{Creator, Snapshot, Source};
pub use text::{
    AgentName, Description, Designation, FullName, OrganizationName, PhoneNumber, PipelineName, SnapshotName,
    StageColor, StageName, TrustedDestination,
};
pub use time::Timestamp;
pub use user::{StoredProfile, User, UserOrigin};
pub use violation::{Violation, ViolationKind};
pub use work::{OverBudget, Work};
