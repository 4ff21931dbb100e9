//! The edge: what stands between an HTTP request and a function's own work.
//!
//! A function's `handle` is [`respond`] around its own async function, which sees a [`RequestContext`] and the request
//! and returns an [`Answer`] or an [`ApiError`]. Statuses are known here and nowhere below.

mod actor;
mod answer;
mod audit;
mod auth;
pub mod body;
pub mod bounded;
mod context;
mod cors;
mod error;
mod etag;
mod field_error;
mod idempotency;
mod invitation_document;
mod jwks;
mod limits;
mod network;
pub mod operation;
mod operation_id;
mod organization_document;
mod problem;
mod query;
mod respond;
mod revision_number;
pub mod route;
mod schemas;
mod signer;
mod snapshot_document;
mod strict_json;
#[cfg(test)]
pub(crate) mod testing;
mod token;
mod use_reason;
mod user_document;

use std::sync::Arc;

pub use actor::{ActingPlace, Actor, ORGANIZATION_ID};
pub use answer::Answer;
pub use audit::{AuditField, AuditTargets};
pub use auth::authenticate;
pub use body::{Fields, JsonBody};
pub use context::RequestContext;
pub use cors::{CorsOrigins, InvalidOrigins};
pub use error::ApiError;
pub use etag::{IfMatch, IfNoneMatch, etag};
pub use field_error::FieldError;
pub use idempotency::{IdempotencyKey, MAX_KEY};
pub use invitation_document::InvitationDocument;
pub use jwks::KeyError;
pub use limits::{MAX_LISTED, MAX_REQUEST_BYTES};
pub use network::{NetworkMarks, TrustedHops};
pub use operation_id::{
    ApplyOperation, Authorization, CreateOperation, FunctionOperation, ManageOperation, OperationId, ROUTES, Route,
    SignInOperation, Tag,
};
pub use organization_document::{OrganizationDocument, TargetAgent, TargetStage};
pub use query::{Cursor, MAX_PAGE, Query};
pub use respond::respond;
pub use revision_number::{RevisionNumber, unexpected};
pub use schemas::{AtLeastOne, open_codes};
pub use signer::{SigningKey, TokenSigner};
pub use snapshot_document::SnapshotDocument;
pub use strict_json::Object;
pub use token::{Caller, InvalidToken, TokenVerifier};
pub use use_reason::UseReason;
pub use user_document::UserDocument;

use crate::clock::Clock;
use crate::ids::Randomness;

/// What the edge of every function needs.
#[derive(Clone)]
pub struct Edge {
    /// Judges tokens.
    pub verifier: TokenVerifier,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For request ids, and for whatever a function makes.
    pub randomness: Arc<dyn Randomness>,
    /// Whose web pages may call.
    pub cors_origins: CorsOrigins,
}
