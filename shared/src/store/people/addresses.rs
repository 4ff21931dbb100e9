//! Who holds an address.

use crate::domain::{Email, Fault, ObjectId};
use crate::store::keys;
use crate::store::record::{self, CLAIM_HOLDER, ClaimRecord};
use crate::store::table::Table;

/// The holder of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressHolder {
    /// No claim exists.
    Nobody,
    /// A user owns the address.
    User {
        /// The user's organization.
        organization: ObjectId,
        /// The user.
        user: ObjectId,
    },
    /// An apply or a removal, still running, reserves the address.
    Reservation,
}

impl AddressHolder {
    /// Reads the claim, without a password hash. One read.
    pub async fn of(table: &Table, email: &Email) -> Result<Self, Fault> {
        let claim = table.get(&keys::email(email.key()), Some(&CLAIM_HOLDER)).await?;
        let Some(claim) = claim.map(record::read::<ClaimRecord>).transpose()? else { return Ok(Self::Nobody) };
        let organization = claim.organization_id;
        Ok(claim.user_id.map_or(Self::Reservation, |user| Self::User { organization, user }))
    }
}
