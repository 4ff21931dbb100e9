//! An invitation as the API shows it to the caller who made it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{ObjectId, Timestamp};
use crate::invitation_token::InvitationToken;

/// Whether an invitation can be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum InvitationState {
    /// It was made now.
    Open,
    /// It was made before, and may have been accepted or replaced since.
    Unknown,
}

/// An invitation of a user. Only the answer that made it has the token: no other one, and no log, ever shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation)]
pub struct InvitationDocument {
    /// `open` beside the token, `unknown` without it.
    state: InvitationState,
    /// The one-time token, for the body of `POST /api/auth/accept-invitation`. Give it to the user alone: anyone who has it sets
    /// the user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    /// Until when it can be accepted: 72 hours; left out beside `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
    /// The path that makes a fresh one with `POST`.
    renew: String,
}

impl InvitationDocument {
    /// Returns the document with the token.
    pub fn open(token: &InvitationToken, expires_at: Timestamp) -> Self {
        Self {
            state: InvitationState::Open,
            token: Some(token.expose().to_owned()),
            expires_at: Some(expires_at),
            ..Self::unknown(token.user())
        }
    }

    /// Returns the document of an invitation whose token nobody has who could answer with it.
    pub fn unknown(user: ObjectId) -> Self {
        let renew = format!("/api/users/{user}/invitation");
        Self { state: InvitationState::Unknown, token: None, expires_at: None, renew }
    }
}
