//! How the user of an apply will sign in.

use crate::domain::{ObjectId, Timestamp, User};
use crate::invitation_token::InvitationHash;
use crate::store::attributes::{INVITATION_EXPIRES_AT, INVITATION_HASH, PASSWORD_HASH};
use crate::store::people::inviter::Inviter;
use crate::store::record::ClaimRecord;
use crate::store::table::change::{Change, text};

/// The password or the invitation of a new user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewCredentials {
    /// The PHC string of a password.
    Password(String),
    /// An invitation, which the run that commits makes.
    Invitation {
        /// The hash of its token.
        hash: InvitationHash,
        /// Until when it can be accepted.
        expires_at: Timestamp,
        /// The caller, who must still be an administrator when it is accepted.
        by: Inviter,
    },
}

impl NewCredentials {
    /// Returns the password hash, if there is one.
    pub(super) fn password_hash(&self) -> Option<&str> {
        match self {
            Self::Password(hash) => Some(hash),
            Self::Invitation { .. } => None,
        }
    }

    /// Returns the claim of the new user.
    pub(super) fn owned_claim(&self, user: &User) -> ClaimRecord {
        let claim = ClaimRecord::owned(user, self.password_hash());
        match self {
            Self::Password(_) => claim,
            Self::Invitation { hash, expires_at, by } => ClaimRecord {
                invitation_hash: Some(hash.as_str().to_owned()),
                invitation_expires_at: Some(*expires_at),
                invited_by: Some(by.user),
                invited_by_org_id: by.other_organization(user.organization),
                ..claim
            },
        }
    }

    /// Adds them to the change that gives a reserved claim to a user of `organization`.
    pub(super) fn set(&self, claim: Change, organization: ObjectId) -> Change {
        match self {
            // The claim has the hash already, unless an earlier version of this service admitted the apply.
            Self::Password(hash) => claim.set(PASSWORD_HASH, text(hash)),
            Self::Invitation { hash, expires_at, by } => by.set(
                claim.set(INVITATION_HASH, text(hash.as_str())).set(INVITATION_EXPIRES_AT, text(expires_at)),
                organization,
            ),
        }
    }
}
