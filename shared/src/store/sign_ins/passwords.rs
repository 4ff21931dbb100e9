//! Changes a password by its user.

use super::{Account, SignIns};
use crate::domain::{EmailKey, Fault, Timestamp};
use crate::store::attributes::{ORGANIZATION_ID, PASSWORD_HASH, USER_ID};
use crate::store::credentials::{end_invitation, end_tokens, when_credentials, when_enabled, when_hash};
use crate::store::keys;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::CallFailure;

impl SignIns<'_> {
    /// Replaces the password and ends earlier tokens, in one transaction, on the condition that hash and credentials are as they were
    /// read. An open invitation is worth nothing after it. Returns `false` if the condition does not hold.
    pub async fn change_password(
        &self,
        email: &EmailKey,
        account: &Account,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let Account { user, password_hash: former, is_to_be_moved } = account;
        let (in_claim, in_profile) = match is_to_be_moved {
            true => (None, former.as_deref()),
            false => (former.as_deref(), None),
        };
        let claim = Change::of_existing()
            .when(USER_ID, text(user.id))
            .when(ORGANIZATION_ID, text(user.organization))
            .set(PASSWORD_HASH, text(password_hash));
        let claim = end_invitation(claim);
        let access = when_credentials(when_enabled(Change::of_existing()), user.credentials.version);
        let access = match in_profile {
            Some(_) => when_hash(access, in_profile).remove(PASSWORD_HASH),
            None => access,
        };
        let writes = vec![
            self.0.change_in_transaction(&keys::user(&user.organization, &user.id), &end_tokens(access, now))?,
            self.0.change_in_transaction(&keys::email(email), &when_hash(claim, in_claim))?,
        ];
        match self.0.transact(writes).await {
            Ok(()) => Ok(true),
            Err(CallFailure::Cancelled(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}
