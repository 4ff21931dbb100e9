//! What signing in reads and writes.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys;
use super::outcome::CallFailure;
use super::password_hashes::HashInProfile;
use super::record::{self, ClaimRecord, PASSWORD_HASH};
use super::table::Table;
use super::users::StoredUser;
use crate::domain::{EmailKey, Fault, ObjectId, Timestamp};

/// How many failures an address may have within [`WINDOW`].
pub const MAX_FAILURES: u32 = 10;
/// How long failures count, from the first one on.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);

/// How long moving a hash may hold up a sign-in.
const MOVING_TIME: Duration = Duration::from_secs(2);

/// What came of starting an attempt.
pub enum Attempt {
    /// The address had too many failures.
    Locked {
        /// When to try again.
        retry_after: Duration,
    },
    /// The attempt is counted; go on.
    Open {
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

/// The count of failures of one address.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failures {
    since: Timestamp,
}

/// The port of sign-in.
pub struct SignIns<'a>(&'a Table);

impl<'a> SignIns<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Counts this attempt as a failure until [`SignIns::succeed`] takes it back, so that no number of attempts at
    /// once gets past the limit; reads, beside it, who owns the address. One round trip, or two where an old count
    /// starts over.
    pub async fn begin(&self, email: &EmailKey, now: Timestamp) -> Result<Attempt, Fault> {
        let claim_key = keys::email(email);
        let (counted, claim) = tokio::join!(self.count(email, now), self.0.get(&claim_key, None));
        if let Some(retry_after) = counted? {
            return Ok(Attempt::Locked { retry_after });
        }
        let claim = claim?.map(record::read::<ClaimRecord>).transpose()?;
        Ok(Attempt::Open {
            // A claim without a user is a reservation. The hash in it counts for nothing yet.
            claim: claim.and_then(|claim| {
                let ClaimRecord { organization_id, user_id, password_hash, .. } = claim;
                Some(Claim { organization: organization_id, user: user_id?, password_hash })
            }),
        })
    }

    /// Reads the user whom the claim names, and the hash; without a claim, a key of the same shape that no user has, so that an unknown
    /// address costs the same.
    pub async fn account(&self, claim: Option<Claim>) -> Result<Option<Account>, Fault> {
        let nobody = Claim { organization: ObjectId::NOBODY, user: ObjectId::NOBODY, password_hash: None };
        let Claim { organization, user, password_hash } = claim.unwrap_or(nobody);
        let Some(item) = self.0.get(&keys::user(&organization, &user), None).await? else { return Ok(None) };
        let in_profile = item.get(PASSWORD_HASH).and_then(|hash| hash.as_s().ok()).cloned();
        let user = StoredUser::new(organization, user, record::read(item)?);
        let is_to_be_moved = password_hash.is_none() && in_profile.is_some();
        Ok(Some(Account { user, password_hash: password_hash.or(in_profile), is_to_be_moved }))
    }

    /// Takes the attempt back and, at the first sign-in, notes the time. `false` when the user is gone or disabled
    /// meanwhile: then no token may be given.
    pub async fn succeed(&self, email: &EmailKey, account: &Account, now: Timestamp) -> Result<bool, Fault> {
        let (first, forgiven) = tokio::join!(self.note_first_sign_in(&account.user, now), self.forgive(email));
        forgiven?;
        let is_there = first?;
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

    async fn forgive(&self, email: &EmailKey) -> Result<(), Fault> {
        let update = self
            .0
            .update(&keys::sign_in_failures(email))
            .update_expression("SET failures = failures - :one")
            .condition_expression("failures >= :one")
            .expression_attribute_values(":one", AttributeValue::N("1".into()));
        match self.0.run_update(update).await {
            Ok(()) | Err(CallFailure::ConditionFailed(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Adds one to the count; gives the time to wait where the count is full.
    async fn count(&self, email: &EmailKey, now: Timestamp) -> Result<Option<Duration>, Fault> {
        let cutoff = now.minus(WINDOW);
        let add = self
            .0
            .update(&keys::sign_in_failures(email))
            .update_expression(
                "SET failures = if_not_exists(failures, :zero) + :one, since = if_not_exists(since, :now), \
                 expiresAt = if_not_exists(expiresAt, :expires), #type = :type",
            )
            .condition_expression("attribute_not_exists(PK) OR (since > :cutoff AND failures < :most)")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":type", AttributeValue::S("signInFailures".into()))
            .expression_attribute_values(":zero", AttributeValue::N("0".into()))
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .expression_attribute_values(":now", text(now))
            .expression_attribute_values(":expires", expiry(now))
            .expression_attribute_values(":cutoff", text(cutoff))
            .expression_attribute_values(":most", AttributeValue::N(MAX_FAILURES.to_string()));
        let met = match self.0.run_update(add).await {
            Ok(()) => return Ok(None),
            Err(CallFailure::ConditionFailed(Some(met))) => met,
            Err(other) => return Err(other.into()),
        };
        let since = record::read::<Failures>(met)?.since;
        if since > cutoff {
            return Ok(Some(since.plus(WINDOW).since(now)));
        }
        self.start_over(email, since, now).await
    }

    /// Starts a new window where the old one, begun at `old`, is over. Of several attempts at once one starts it, and
    /// the others are asked to come back in a second.
    async fn start_over(&self, email: &EmailKey, old: Timestamp, now: Timestamp) -> Result<Option<Duration>, Fault> {
        let reset = self
            .0
            .update(&keys::sign_in_failures(email))
            .update_expression("SET failures = :one, since = :now, expiresAt = :expires")
            .condition_expression("since = :old")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .expression_attribute_values(":now", text(now))
            .expression_attribute_values(":expires", expiry(now))
            .expression_attribute_values(":old", text(old));
        match self.0.run_update(reset).await {
            Ok(()) => Ok(None),
            Err(CallFailure::ConditionFailed(_)) => Ok(Some(Duration::from_secs(1))),
            Err(other) => Err(other.into()),
        }
    }
}

fn text(moment: Timestamp) -> AttributeValue {
    AttributeValue::S(moment.to_string())
}

/// When DynamoDB may drop the count. It may do so late: the window is judged by `since`.
fn expiry(now: Timestamp) -> AttributeValue {
    AttributeValue::N(now.plus(WINDOW * 2).as_seconds().to_string())
}
