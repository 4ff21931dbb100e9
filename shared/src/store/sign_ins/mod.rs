//! What signing in reads and writes.

pub(super) mod limits;
pub(super) mod password_hashes;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use self::limits::{Attempt, Origin, Place};
use self::password_hashes::HashInProfile;
use super::setups::users::StoredUser;
use crate::domain::{EmailKey, Fault, NetworkMark, ObjectId, Timestamp};
use crate::store::keys;
use crate::store::record::{self, ClaimRecord, PASSWORD_HASH};
use crate::store::table::Table;
use crate::store::table::outcome::CallFailure;

/// How long moving a hash may hold up a sign-in.
const MOVING_TIME: Duration = Duration::from_secs(2);

/// What came of starting an attempt.
pub enum Begun<'a> {
    /// A limit is reached.
    Locked {
        /// When the next attempt can pass.
        retry_after: Duration,
    },
    /// The attempt has a place in flight; look at the password.
    Open {
        /// The attempt, to be accepted or rejected.
        attempt: Box<Attempt<'a>>,
        /// Who owns the address; `None` also while an apply only reserves it.
        claim: Option<Claim>,
    },
}

/// Who owns an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// The organization.
    pub organization: ObjectId,
    /// The user.
    pub user: ObjectId,
    /// The PHC string of the password; `None` where there is none, or where it still stands in the user's profile.
    password_hash: Option<String>,
}

/// A user who may sign in with a password.
pub struct Account {
    /// The user.
    pub user: StoredUser,
    /// The PHC string of the password; `None` for a user who has none.
    pub password_hash: Option<String>,
    /// Whether the hash stands in the profile, where an earlier version of this service kept it.
    is_to_be_moved: bool,
}

/// The port of sign-in.
pub struct SignIns<'a>(&'a Table);

impl<'a> SignIns<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Starts an attempt with an address from a network, and reads, beside it, who owns the address. One round trip; one more
    /// where the address has too many failures and the network is new. `random` names the attempt's place.
    pub async fn begin(
        &self,
        email: &EmailKey,
        network: NetworkMark,
        random: [u8; 4],
        now: Timestamp,
    ) -> Result<Begun<'a>, Fault> {
        let origin = Origin { email: email.clone(), network, now };
        let claim_key = keys::email(email);
        let (begun, claim) =
            tokio::join!(limits::begin(self.0, origin, Place::new(now, random)), self.0.get(&claim_key, None));
        let attempt = match begun? {
            Ok(attempt) => attempt,
            Err(retry_after) => return Ok(Begun::Locked { retry_after }),
        };
        let claim = claim?.map(record::read::<ClaimRecord>).transpose()?;
        // A claim without a user is a reservation. The hash in it counts for nothing yet.
        let claim = claim.and_then(|claim| {
            let ClaimRecord { organization_id, user_id, password_hash, .. } = claim;
            Some(Claim { organization: organization_id, user: user_id?, password_hash })
        });
        Ok(Begun::Open { attempt: Box::new(attempt), claim })
    }

    /// Reads the user whom the claim names, and the hash; without a claim, a key of the same shape that no user has, so that an unknown
    /// address costs the same.
    pub async fn account(&self, claim: Option<Claim>) -> Result<Option<Account>, Fault> {
        let nobody = Claim { organization: ObjectId::NOBODY, user: ObjectId::NOBODY, password_hash: None };
        let Claim { organization, user, password_hash } = claim.unwrap_or(nobody);
        let Some(item) = self.0.get(&keys::user(&organization, &user), None).await? else { return Ok(None) };
        let in_profile = item.get(PASSWORD_HASH).and_then(|hash| hash.as_s().ok()).cloned();
        let Some(user) = StoredUser::read(organization, user, item) else { return Ok(None) };
        let is_to_be_moved = password_hash.is_none() && in_profile.is_some();
        Ok(Some(Account { user, password_hash: password_hash.or(in_profile), is_to_be_moved }))
    }

    /// Notes the first sign-in of a user whose attempt was accepted, and moves a hash that stands in the profile. `false` when
    /// the user is gone or disabled meanwhile: then no token may be given.
    pub async fn succeed(&self, email: &EmailKey, account: &Account, now: Timestamp) -> Result<bool, Fault> {
        let is_there = self.note_first_sign_in(&account.user, now).await?;
        if is_there && account.is_to_be_moved {
            self.move_hash(email, account).await;
        }
        Ok(is_there)
    }

    /// Moves the hash to the claim. Nobody is kept from signing in where that fails: the next sign-in tries again.
    async fn move_hash(&self, email: &EmailKey, account: &Account) {
        let Account { user, password_hash: Some(hash), .. } = account else { return };
        let stored = HashInProfile { organization: user.organization, user: user.id, email, hash };
        if let Err(fault) = stored.move_to_claim(&self.0.given(MOVING_TIME)).await {
            tracing::warn!(cause = %crate::logging::without_values(&fault.to_string()), "a password hash is not moved yet");
        }
    }

    async fn note_first_sign_in(&self, user: &StoredUser, now: Timestamp) -> Result<bool, Fault> {
        if user.first_sign_in_at.is_some() {
            return Ok(true);
        }
        let update = self
            .0
            .update(&keys::user(&user.organization, &user.id))
            .update_expression("SET firstSignInAt = if_not_exists(firstSignInAt, :now)")
            .condition_expression("attribute_exists(PK) AND loginDisabled = :no")
            .expression_attribute_values(":now", text(now))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        match self.0.run_update(update).await {
            Ok(()) => Ok(true),
            Err(CallFailure::ConditionFailed(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}

fn text(moment: Timestamp) -> AttributeValue {
    AttributeValue::S(moment.to_string())
}
