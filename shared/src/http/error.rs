//! Every way in which a request can fail, and the one map from there to a status, a code and a title.
//!
//! - What the caller can mend belongs here with a detail that says what to change.
//! - What went wrong inside is [`ApiError::Unavailable`] or [`ApiError::Internal`]: its cause goes to the log, and the
//!   caller learns no more than the request id under which the log has it.
//! - Lower layers do not know statuses: the domain has `Violation` and `Fault`, the store has its own outcomes, and a
//!   function names which refusal they amount to.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::field_error::{FieldError, in_words, summary};
use super::limits::MAX_REQUEST_BYTES;
use super::token::InvalidToken;
use crate::compute::ComputeError;
use crate::domain::capture::CaptureFailure;
use crate::domain::usage::Trace;
use crate::domain::{Fault, OverBudget};
use crate::password_hash::HashingError;

/// How long a client waits before it asks a store again that was unavailable.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// A request that is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// The body is not JSON. Carries where and why.
    InvalidJson(String),
    /// The body is JSON of the wrong shape.
    InvalidBody(Vec<FieldError>),
    /// An id in the path is not one. Carries what is wrong with it.
    InvalidId(String),
    /// The query string has an unknown parameter or an invalid value. Each error names its parameter.
    InvalidQuery(Vec<FieldError>),
    /// A header is malformed. Carries which and why.
    InvalidHeader(String),
    /// No token, or one that is not accepted. Carries why, for the log alone.
    Unauthenticated(&'static str),
    /// The address or the password is wrong, or the user may not sign in: one answer for all.
    InvalidCredentials,
    /// The token of an invitation is wrong, spent, replaced or expired, or its user is gone or disabled: one answer for all.
    InvalidInvitation,
    /// The caller's role does not allow this. Carries what would.
    Forbidden(String),
    /// There is no such path.
    NotFound,
    /// The snapshot does not exist, or the caller does not see it: one answer for both.
    SnapshotNotFound,
    /// The snapshot has no revision of this number, or not any more.
    RevisionNotFound,
    /// The organization has no such user, or the user belongs to another one: one answer for both.
    UserNotFound,
    /// The apply does not exist, or the caller does not see it: one answer for both.
    ApplyNotFound,
    /// There is no organization with the id in the path.
    OrganizationNotFound,
    /// The path is there, but not for this method. Carries the methods that are, as the Allow header lists them.
    MethodNotAllowed {
        /// Such as `GET, POST`.
        allow: String,
    },
    /// Somebody has this e-mail address already.
    EmailTaken,
    /// Nobody else could administer the organization after this change.
    LastAdministrator,
    /// The user's setup kept changing while it was read.
    SourceBusy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The source user's profile is stored in a form that cannot be read.
    SourceUnreadable,
    /// The same thing is being done right now.
    InProgress {
        /// When to try again.
        retry_after: Duration,
    },
    /// The Idempotency-Key was used before, with another body.
    KeyReused,
    /// What the Idempotency-Key made is gone: the snapshot was deleted.
    SnapshotDeleted,
    /// The apply that the path or the Idempotency-Key names was given up.
    ApplyAborted,
    /// The apply of this Idempotency-Key was undone.
    ApplyUndone,
    /// The user of the apply that the path or the Idempotency-Key names was removed.
    UserRemoved,
    /// The user of an apply has been used since, so that an undo would take more than the apply has brought. Carries what
    /// tells so.
    SetupInUse(Vec<Trace>),
    /// An interrupted apply cannot go on: the snapshot or the organization has changed since.
    WorldMoved,
    /// The snapshot, or the outcome of an apply, is no longer the one that If-Match names.
    Stale,
    /// The body has more bytes than are read.
    BodyTooLarge,
    /// The setup is larger than can be captured or applied. Carries the figures.
    SetupTooLarge {
        /// What is too large, how large it is, and how large it may be.
        detail: String,
    },
    /// The body does not claim to be JSON in UTF-8.
    UnsupportedMediaType,
    /// The body has the right shape, but limits or rules refuse it.
    Refused(Vec<FieldError>),
    /// Too many attempts to sign in, failed or in flight.
    TooManyAttempts {
        /// When to try again.
        retry_after: Duration,
    },
    /// Something that this service needs does not answer.
    Unavailable {
        /// When to try again.
        retry_after: Duration,
        /// What it was, for the log alone.
        cause: String,
    },
    /// A mistake in this program or its surroundings.
    Internal {
        /// What it was, for the log alone.
        cause: String,
    },
}

/// The fixed part of an answer: one per variant.
pub(super) struct ErrorKind {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
}

impl ApiError {
    /// A mistake in this program; `cause` goes to the log alone.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal { cause: cause.to_string() }
    }

    /// What was computed on a content that comes in, a setup or a body, is not finished: 413 with this detail where it takes too long
    /// by itself, since another try would come to the same; 503 where too little time was left.
    pub fn from_compute(error: ComputeError, detail: &str) -> Self {
        match error {
            ComputeError::TooMuch => Self::SetupTooLarge { detail: detail.to_owned() },
            other => other.into(),
        }
    }

    /// One place of the body that a rule refuses.
    pub fn refused(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Refused(vec![FieldError::new(pointer, detail)])
    }

    /// The status that answers this error.
    pub fn status(&self) -> StatusCode {
        self.kind().status
    }

    /// The stable code by which clients tell errors apart.
    pub fn code(&self) -> &'static str {
        self.kind().code
    }

    /// The one map from errors to statuses and codes.
    pub(super) fn kind(&self) -> ErrorKind {
        let (status, code, title) = match self {
            Self::InvalidJson(_) => (StatusCode::BAD_REQUEST, "invalid_json", "The body is not JSON"),
            Self::InvalidBody(_) => (StatusCode::BAD_REQUEST, "invalid_body", "The body has the wrong shape"),
            Self::InvalidId(_) => (StatusCode::BAD_REQUEST, "invalid_id", "An id in the path is malformed"),
            Self::InvalidQuery(_) => (StatusCode::BAD_REQUEST, "invalid_query", "The query string is malformed"),
            Self::InvalidHeader(_) => (StatusCode::BAD_REQUEST, "invalid_header", "A header is malformed"),
            Self::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid token is needed"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "invalid_credentials", "Signing in failed"),
            Self::InvalidInvitation => (StatusCode::UNAUTHORIZED, "invalid_invitation", "The invitation is not valid"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", "The caller may not do this"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "No such path"),
            Self::SnapshotNotFound => (StatusCode::NOT_FOUND, "snapshot_not_found", "No such snapshot"),
            Self::RevisionNotFound => (StatusCode::NOT_FOUND, "revision_not_found", "No such revision"),
            Self::UserNotFound => (StatusCode::NOT_FOUND, "user_not_found", "No such user"),
            Self::ApplyNotFound => (StatusCode::NOT_FOUND, "apply_not_found", "No such apply"),
            Self::OrganizationNotFound => (StatusCode::NOT_FOUND, "organization_not_found", "No such organization"),
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not take this method")
            }
            Self::EmailTaken => (StatusCode::CONFLICT, "email_taken", "The e-mail address is taken"),
            Self::LastAdministrator => (StatusCode::CONFLICT, "last_admin", "Nobody else administers the organization"),
            Self::SourceBusy { .. } => (StatusCode::CONFLICT, "source_busy", "The setup is being changed"),
            Self::SourceUnreadable => {
                (StatusCode::UNPROCESSABLE_ENTITY, "source_unreadable", "The source user cannot be read")
            }
            Self::InProgress { .. } => (StatusCode::CONFLICT, "in_progress", "The same is being done already"),
            Self::KeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The Idempotency-Key was used before")
            }
            Self::SnapshotDeleted => (StatusCode::CONFLICT, "snapshot_deleted", "The snapshot was deleted"),
            Self::ApplyAborted => (StatusCode::CONFLICT, "apply_aborted", "The apply was given up"),
            Self::ApplyUndone => (StatusCode::CONFLICT, "apply_undone", "The apply was undone"),
            Self::UserRemoved => (StatusCode::CONFLICT, "user_removed", "The user was removed"),
            Self::SetupInUse(_) => (StatusCode::CONFLICT, "setup_in_use", "The new user has been used since"),
            Self::WorldMoved => (StatusCode::CONFLICT, "world_moved", "The apply cannot go on"),
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "precondition_failed", "It has changed meanwhile"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large"),
            Self::SetupTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "setup_too_large", "The setup is too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body is not sent as JSON")
            }
            Self::Refused(_) => (StatusCode::UNPROCESSABLE_ENTITY, "refused", "The request is refused as it stands"),
            Self::TooManyAttempts { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts to sign in")
            }
            Self::Unavailable { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service is unavailable for the moment")
            }
            Self::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed to answer"),
        };
        ErrorKind { status, code, title }
    }

    /// Returns the sentence for the caller, which the answer has as `detail` and as `error`.
    pub fn detail(&self) -> String {
        match self {
            Self::InvalidJson(detail)
            | Self::InvalidId(detail)
            | Self::InvalidHeader(detail)
            | Self::Forbidden(detail) => detail.clone(),
            Self::InvalidBody(errors) | Self::Refused(errors) => summary("the body", errors),
            Self::InvalidQuery(errors) => summary("the query string", errors),
            // Clients written for the public API compare this text.
            Self::Unauthenticated(_) => "Invalid or expired token".to_owned(),
            Self::InvalidCredentials => "The e-mail address or the password is wrong".to_owned(),
            Self::InvalidInvitation => {
                "The invitation is not valid: it is wrong, spent, replaced or expired; ask for a new one".to_owned()
            }
            Self::NotFound => "There is nothing at this path; the API begins with /api".to_owned(),
            Self::SnapshotNotFound => "There is no snapshot with this id that you may see".to_owned(),
            Self::RevisionNotFound => {
                "The snapshot has no revision of this number; its list of revisions has those that are kept".to_owned()
            }
            Self::UserNotFound => "Your organization has no user with this id".to_owned(),
            Self::ApplyNotFound => "There is no apply with this id that you may see".to_owned(),
            Self::OrganizationNotFound => "There is no organization with this id".to_owned(),
            Self::MethodNotAllowed { allow } => format!("This path takes {allow}"),
            Self::EmailTaken => "A user with this e-mail address exists already; choose another address".to_owned(),
            Self::LastAdministrator => {
                "Nobody else administers your organization; give somebody the role ADMIN first".to_owned()
            }
            Self::SourceBusy { .. } => {
                "The user's setup kept changing while it was read; try again".to_owned()
            }
            Self::SourceUnreadable => {
                "The source user's profile cannot be read: it needs email, a text, and setupVersion, a number".to_owned()
            }
            Self::InProgress { .. } => "Another request is at work on the same thing; try again".to_owned(),
            Self::KeyReused => {
                "This Idempotency-Key belongs to an earlier request with another body; send the same body, or another key"
                    .to_owned()
            }
            Self::SnapshotDeleted => {
                "The request of this Idempotency-Key made a snapshot that was deleted since; use another key to make a new one"
                    .to_owned()
            }
            Self::ApplyAborted => {
                "This apply was given up, and nothing of it stays; use another Idempotency-Key to apply again".to_owned()
            }
            Self::ApplyUndone => {
                "The apply of this Idempotency-Key was undone; use another key to apply again".to_owned()
            }
            Self::UserRemoved => {
                "The user of this apply was removed, and nothing of it stays; use another Idempotency-Key to apply again".to_owned()
            }
            Self::SetupInUse(traces) => {
                let is_gone = traces.contains(&Trace::UserRemoved);
                let removal = if is_gone { "" } else { "; an ADMIN removes the user with DELETE /api/users/{userId}" };
                format!(
                    "{}; a SUPERADMIN of your organization undoes the apply nevertheless with \"force\": true{removal}",
                    summary("What the apply brought has been used since", &in_words(traces))
                )
            }
            Self::WorldMoved => "The snapshot or your organization has changed since this apply was interrupted, and nothing of \
                                 it stays; use another key to apply again"
                .to_owned(),
            Self::Stale => {
                "What If-Match names is not what is there now; read it again and use the ETag of that answer".to_owned()
            }
            Self::BodyTooLarge => format!("A body has at most {} bytes", MAX_REQUEST_BYTES),
            Self::SetupTooLarge { detail } => detail.clone(),
            Self::UnsupportedMediaType => "The body must be JSON: send UTF-8, uncompressed, with Content-Type: application/json".to_owned(),
            Self::TooManyAttempts { retry_after } => format!(
                "Too many attempts with this e-mail address or invitation; try again in {} seconds",
                whole_seconds(*retry_after)
            ),
            Self::Unavailable { .. } => "The service is busy or being restored; try again".to_owned(),
            Self::Internal { .. } => "The service failed; if it happens again, report the request id".to_owned(),
        }
    }

    /// Returns the places of the body that are refused, as JSON pointers.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        let errors = match self {
            Self::Refused(errors) => &errors[..],
            _ => &[],
        };
        errors.iter().map(|error| &*error.pointer)
    }

    /// What only the log may say.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Unavailable { cause, .. } | Self::Internal { cause } => Some(cause),
            Self::Unauthenticated(why) => Some(why),
            _ => None,
        }
    }
}

impl From<OverBudget> for ApiError {
    fn from(over: OverBudget) -> Self {
        Self::Unavailable { retry_after: Duration::from_secs(1), cause: over.to_string() }
    }
}

impl From<CaptureFailure> for ApiError {
    fn from(failure: CaptureFailure) -> Self {
        match failure {
            CaptureFailure::TooLarge(detail) => Self::SetupTooLarge { detail },
            CaptureFailure::OverBudget(over) => over.into(),
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(_) => Self::Unavailable { retry_after: STORE_RETRY, cause: fault.to_string() },
            Fault::Corrupt(_) => Self::internal(fault),
        }
    }
}

/// For what is read: it was small enough to be taken, so where even that takes too long the machine is slow, and another try helps.
/// [`ApiError::from_compute`] is for content that comes in.
impl From<ComputeError> for ApiError {
    fn from(unfinished: ComputeError) -> Self {
        Self::Unavailable { retry_after: STORE_RETRY, cause: unfinished.to_string() }
    }
}

impl From<InvalidToken> for ApiError {
    fn from(invalid: InvalidToken) -> Self {
        Self::Unauthenticated(invalid.0)
    }
}

impl From<HashingError> for ApiError {
    fn from(failed: HashingError) -> Self {
        match failed {
            HashingError::Busy => Self::Unavailable { retry_after: STORE_RETRY, cause: failed.to_string() },
            HashingError::Impossible(_) => Self::internal(failed),
        }
    }
}

/// Returns a wait in seconds: at least one, and never less than `wait`: a client that comes back then is not early.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests;
