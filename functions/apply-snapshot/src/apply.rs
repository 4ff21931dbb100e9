//! `POST /api/user-snapshots/{id}/apply`.

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::domain::identity::NewIdentity;
use shared::domain::plan::{Origin, Plan};
use shared::domain::{ObjectId, User};
use shared::http::{Answer, ApiError, FieldError, IdempotencyKey, IfMatch};
use shared::password_hash::SALT_BYTES;
use shared::store::{Applies, Apply, ApplyOutcome, StoredApply};

use crate::applying::{Applying, WAIT};
use crate::judge::{Asked, Found, Judged, TAKES_TOO_LONG};
use crate::repeat::Repeat;
use crate::request::Wanted;
use crate::{Call, answer};

/// How long a client without a key waits once its apply was interrupted: until then the address may stay reserved.
const HELD: Duration = Duration::from_secs(120);

/// Authorize, read everything at once while the password is hashed, plan, write.
pub(crate) async fn apply(call: &Call<'_>) -> Result<Answer, ApiError> {
    let asked = Asked::begin(call)?;
    let if_match = IfMatch::of(call.request)?;
    let key = IdempotencyKey::of(call.request)?;
    let wanted = Wanted::parse(call.request)?;
    asked.may_grant(wanted.new_user.role)?;
    asked.may_choose(wanted.revision)?;
    let key = key.map(|key| key.derive_id(&asked.principal, call.request));
    Applying { call, asked, wanted, key }.answer(&if_match).await
}

impl Applying<'_> {
    async fn answer(&self, if_match: &IfMatch) -> Result<Answer, ApiError> {
        let mut salt = [0; SALT_BYTES];
        self.call.edge.randomness.fill(&mut salt);
        let hasher = self.call.app.hasher.within(self.call.context.deadline().time_left());
        let (password_hash, found, stored) = tokio::join!(
            hasher.hash(self.wanted.new_user.password.password(), salt),
            self.asked.read(self.call, self.wanted.revision),
            self.stored(),
        );
        let found = found?;
        if let Some(stored) = stored? {
            return match self.judge_repeat(&stored).await? {
                Repeat::Answered(answer) => Ok(answer),
                Repeat::Interrupted { password_hash } => self.carry_on(&stored, found, password_hash).await,
            };
        }
        let judged = found.plan(self.call.table, &self.wanted.choices, &self.call.context.deadline()).await?;
        refuse(&judged.plan)?;
        if_match.check(&judged.hash)?;
        self.execute(judged, &password_hash?).await
    }

    /// What came of this key before.
    async fn stored(&self) -> Result<Option<StoredApply>, ApiError> {
        let Some(apply) = &self.key else { return Ok(None) };
        let Asked { principal, snapshot, .. } = &self.asked;
        Ok(Applies::new(self.call.table).find(&principal.organization, snapshot, apply).await?)
    }

    /// Makes every id, and writes everything or nothing.
    async fn execute(&self, judged: Judged, password_hash: &str) -> Result<Answer, ApiError> {
        let (randomness, now, snapshot) = (&self.call.edge.randomness, self.call.context.now(), &judged.snapshot);
        let apply = self.key.unwrap_or_else(|| randomness.object_id(now));
        let origin = Origin { apply, snapshot: snapshot.id, revision: snapshot.revision, at: now };
        self.write(judged, origin, randomness.object_id(now), password_hash, None).await
    }

    /// Carries on what another request of this key left unfinished, where that is still the same plan.
    async fn carry_on(
        &self,
        stored: &StoredApply,
        found: Found,
        password_hash: Option<String>,
    ) -> Result<Answer, ApiError> {
        let found = found.at(self.call.table, stored.origin.revision).await?;
        let judged = match found.plan(self.call.table, &self.wanted.choices, &self.call.context.deadline()).await {
            // Only what is asked about the pinned revision is refused before there is a plan: it is gone.
            Err(ApiError::SnapshotNotFound | ApiError::Refused(_)) => None,
            other => Some(other?),
        };
        let is_the_same = |judged: &Judged| judged.plan.refusals.is_empty() && judged.hash == stored.plan_hash();
        let (Some(judged), Some(password_hash)) = (judged.filter(is_the_same), password_hash) else {
            return match Applies::new(self.call.table).abandon(stored, self.call.context.now()).await? {
                true => Err(ApiError::WorldMoved),
                false => Err(ApiError::InProgress { retry_after: WAIT }),
            };
        };
        self.write(judged, stored.origin, stored.user(), &password_hash, Some(stored)).await
    }

    async fn write(
        &self,
        judged: Judged,
        origin: Origin,
        user: ObjectId,
        password_hash: &str,
        interrupted: Option<&StoredApply>,
    ) -> Result<Answer, ApiError> {
        let (principal, Judged { plan, hash, .. }) = (&self.asked.principal, judged);
        let user: User = self.wanted.new_user.profile(user, principal.organization, origin.at);
        let answer = answer::Applied::new(&plan, user.id, &user.email, origin.apply, origin.revision);
        let answer = serde_json::to_string(&answer).map_err(ApiError::internal)?;
        let new = NewIdentity::of(&user);
        let arriving = self.call.context.deadline().compute(move |work| plan.arrive(&origin, &new, work)).await;
        let arrival = arriving.map_err(|unfinished| ApiError::from_compute(unfinished, TAKES_TOO_LONG))??;
        let apply = Apply {
            origin,
            caller: principal,
            fingerprint: self.key.map(|_| &self.wanted.fingerprint),
            plan_hash: &hash,
            user: &user,
            password_hash,
            arrival: &arrival,
            answer: &answer,
            nonce: self.call.edge.randomness.object_id(self.call.context.now()),
            now: self.call.context.now(),
        };
        let applies = Applies::new(self.call.table);
        let applied = match interrupted {
            None => applies.execute(&apply).await?,
            Some(stored) => applies.resume(stored, &apply).await?,
        };
        self.settle(applied, answer).await
    }

    async fn settle(&self, applied: ApplyOutcome, answer: String) -> Result<Answer, ApiError> {
        match applied {
            ApplyOutcome::Committed => Ok(Answer::json_text(StatusCode::CREATED, answer)),
            ApplyOutcome::EmailTaken => Err(ApiError::EmailTaken),
            ApplyOutcome::EmailReserved => Err(ApiError::InProgress { retry_after: WAIT }),
            ApplyOutcome::TooLarge(detail) => Err(ApiError::SetupTooLarge { detail }),
            // Nobody repeats a request without a key, so it met a sweep, which gives up what takes so long.
            ApplyOutcome::Existing(_) if self.key.is_none() => {
                Err(ApiError::Unavailable { retry_after: HELD, cause: "a sweep gave the apply up".to_owned() })
            }
            ApplyOutcome::Existing(stored) => match self.judge_repeat(&stored).await? {
                Repeat::Answered(answer) => Ok(answer),
                Repeat::Interrupted { .. } => Err(ApiError::InProgress { retry_after: WAIT }),
            },
            ApplyOutcome::Interrupted { cause } => {
                let retry_after = if self.key.is_some() { WAIT } else { HELD };
                Err(ApiError::Unavailable { retry_after, cause })
            }
        }
    }
}

/// Fails with everything for which the plan is refused.
fn refuse(plan: &Plan) -> Result<(), ApiError> {
    if plan.refusals.is_empty() {
        return Ok(());
    }
    let errors = plan.refusals.iter().map(|refusal| FieldError::new(&refusal.pointer, &refusal.detail));
    Err(ApiError::Refused(errors.collect()))
}
