//! What signing in reads and writes.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys;
use super::outcome::CallFailure;
use super::record::{self, ClaimRecord};
use super::table::Table;
use super::users::StoredUser;
use crate::domain::{EmailKey, Fault, ObjectId, Timestamp};

/// How many failures an address may have within [`WINDOW`].
pub const MAX_FAILURES: u32 = 10;
/// How long failures count, from the first one on.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);

/// What came of starting an attempt.
#[derive(Debug)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The organization.
    pub organization: ObjectId,
    /// The user.
    pub user: ObjectId,
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
            claim: claim.and_then(|claim| Some(Claim { organization: claim.organization_id, user: claim.user_id? })),
        })
    }

    /// Reads the user whom the claim names; without one, a key of the same shape that no user has, so that an unknown
    /// address costs the same.
    pub async fn user(&self, claim: Option<&Claim>) -> Result<Option<StoredUser>, Fault> {
        let (organization, user) =
            claim.map_or((ObjectId::NOBODY, ObjectId::NOBODY), |claim| (claim.organization, claim.user));
        let item = self.0.get(&keys::user(&organization, &user), None).await?;
        item.map(|item| Ok(StoredUser::new(organization, user, record::read(item)?))).transpose()
    }

    /// Takes the attempt back and, at the first sign-in, notes the time. `false` when the user is gone or disabled
    /// meanwhile: then no token may be given.
    pub async fn succeed(&self, email: &EmailKey, user: &StoredUser, now: Timestamp) -> Result<bool, Fault> {
        let (first, forgiven) = tokio::join!(self.note_first_sign_in(user, now), self.forgive(email));
        forgiven?;
        first
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
