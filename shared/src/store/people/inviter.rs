//! Who made an invitation.

use crate::domain::ObjectId;
use crate::store::attributes::{INVITED_BY, INVITED_BY_ORG_ID};
use crate::store::table::change::{Change, text};

/// The administrator who made an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inviter {
    /// The user.
    pub user: ObjectId,
    /// The organization that this user belongs to: for a SUPERADMIN it may be another one than that of the invited user.
    pub organization: ObjectId,
}

impl Inviter {
    /// Returns the inviter's organization, if it is another one than that of the invited user.
    pub(in crate::store) fn other_organization(self, invited: ObjectId) -> Option<ObjectId> {
        Some(self.organization).filter(|organization| *organization != invited)
    }

    /// Sets the inviter in the claim of a user of `invited`.
    pub(in crate::store) fn set(self, claim: Change, invited: ObjectId) -> Change {
        let claim = claim.set(INVITED_BY, text(self.user));
        match self.other_organization(invited) {
            Some(organization) => claim.set(INVITED_BY_ORG_ID, text(organization)),
            None => claim.remove(INVITED_BY_ORG_ID),
        }
    }
}
