//! Reads and writes of sign-in.

pub(super) mod counts;
pub(super) mod limits;
pub(super) mod password_hashes;
mod passwords;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use self::counts::{AttemptSubject, InFlightPlace, SignInOrigin};
use self::limits::Attempt;
use self::password_hashes::HashInProfile;
use super::setups::users::StoredUser;
use crate::domain::{EmailKey, Fault, NetworkMark, ObjectId, Timestamp};
use crate::store::attributes::PASSWORD_HASH;
use crate::store::keys;
use crate::store::record::{self, ClaimRecord};
use crate::store::table::Table;
use crate::store::table::outcome::CallFailure;

/// The most time that a sign-in takes to move a hash.
const MOVING_TIME: Duration = Duration::from_secs(2);

/// The outcome of starting an attempt.
pub enum SignInStart<'a> {
    /// A limit is reached.
    Locked {
        /// How long until the next attempt can be admitted.
        retry_after: Duration,
    },
    /// The attempt has a place in flight. The caller checks the password.
    Open {
        /// The attempt. The caller accepts or rejects it.
        attempt: Box<Attempt<'a>>,
        /// The owner of the address; `None` if it has no user, or an apply only reserves it.
        claim: Option<Claim>,
    },
}

/// The owner of an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// The organization.
    pub organization: ObjectId,
    /// The user.
    pub user: ObjectId,
    /// The PHC string of the password; `None` for a user without one, or if it is still in the user's profile.
    password_hash: Option<String>,
}

/// A user who may sign in with a password.
pub struct Account {
    /// The user.
    pub user: StoredUser,
    /// The PHC string of the password; `None` for a user who has none.
    pub password_hash: Option<String>,
    /// Whether the hash is in the profile, where an earlier version of this service kept it.
    is_to_be_moved: bool,
}

/// The port of sign-in.
pub struct SignIns<'a>(&'a Table);

impl<'a> SignIns<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Starts an attempt and reads who owns the address. `random` identifies the attempt's place. One round trip; one
    /// more if the address has too many failures and the network is new.
    pub async fn begin(
        &self,
        email: &EmailKey,
        network: NetworkMark,
        random: [u8; 4],
        now: Timestamp,
    ) -> Result<SignInStart<'a>, Fault> {
        let origin = SignInOrigin { subject: AttemptSubject::Address(email.clone()), network, now };
        let claim_key = keys::email(email);
        let (started, claim) =
            tokio::join!(limits::begin(self.0, origin, InFlightPlace::new(now, random)), self.0.get(&claim_key, None));
        let attempt = match started? {
            Ok(attempt) => attempt,
            Err(retry_after) => return Ok(SignInStart::Locked { retry_after }),
        };
        let claim = claim?.map(record::read::<ClaimRecord>).transpose()?;
        // A claim without a user is a reservation. Its hash is not valid yet.
        let claim = claim.and_then(|claim| {
            let ClaimRecord { organization_id, user_id, password_hash, .. } = claim;
            Some(Claim { organization: organization_id, user: user_id?, password_hash })
        });
        Ok(SignInStart::Open { attempt: Box::new(attempt), claim })
    }

    /// Reads the user of the claim, and the hash. Without a claim, reads a key of the same shape that no user has, so
    /// that an unknown address costs the same.
    pub async fn account(&self, claim: Option<Claim>) -> Result<Option<Account>, Fault> {
        let nobody = Claim { organization: ObjectId::NOBODY, user: ObjectId::NOBODY, password_hash: None };
        let Claim { organization, user, password_hash } = claim.unwrap_or(nobody);
        let Some(item) = self.0.get(&keys::user(&organization, &user), None).await? else { return Ok(None) };
        let in_profile = item.get(PASSWORD_HASH).and_then(|hash| hash.as_s().ok()).cloned();
        let Some(user) = StoredUser::read(organization, user, item) else { return Ok(None) };
        let is_to_be_moved = password_hash.is_none() && in_profile.is_some();
        Ok(Some(Account { user, password_hash: password_hash.or(in_profile), is_to_be_moved }))
    }

    /// Returns whether the claim on the address still belongs to the account and has its hash, for a token with the counter of the
    /// account's user. The claim was read before the user, so another password could have come between the two. Reads the same for an
    /// address without an account.
    pub async fn still_has(&self, email: &EmailKey, account: Option<&Account>) -> Result<bool, Fault> {
        let claim = self.0.get(&keys::email(email), None).await?.map(record::read::<ClaimRecord>).transpose()?;
        let (Some(claim), Some(account)) = (claim, account) else { return Ok(false) };
        let is_same_hash = match claim.password_hash {
            Some(hash) => account.password_hash.as_ref() == Some(&hash),
            None => account.is_to_be_moved || account.password_hash.is_none(),
        };
        let Account { user, .. } = account;
        Ok(is_same_hash && claim.user_id == Some(user.id) && claim.organization_id == user.organization)
    }

    /// Stores the first sign-in of a user and moves a hash from the profile to the claim. Returns `false` if the user
    /// was deleted or disabled since: then the caller must not issue a token.
    pub async fn succeed(&self, email: &EmailKey, account: &Account, now: Timestamp) -> Result<bool, Fault> {
        let is_there = self.note_first_sign_in(&account.user, now).await?;
        if is_there && account.is_to_be_moved {
            self.move_hash(email, account).await;
        }
        Ok(is_there)
    }

    /// Moves the hash to the claim. A failure does not prevent the sign-in; the next one tries again.
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
            .condition_expression(
                "attribute_exists(accessRole) AND (attribute_not_exists(loginDisabled) OR loginDisabled = :no)",
            )
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
