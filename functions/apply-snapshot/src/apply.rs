//! `POST /api/user-snapshots/{id}/apply`.

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::domain::identity::NewIdentity;
use shared::domain::plan::{Origin, Plan};
use shared::domain::{ObjectId, User, Work};
use shared::http::bounded::written;
use shared::http::{Answer, ApiError, FieldError, IdempotencyKey, IfMatch, InvitationDocument};
use shared::invitation_token::{INVITATION_LIFETIME, InvitationToken};
use shared::password_hash::SALT_BYTES;
use shared::store::{Applies, Apply, ApplyOutcome, Inviter, NewCredentials, StoredAnswer, StoredApply, UserItems};

use crate::Call;
use crate::answer::{ApplyAnswer, with_invitation};
use crate::execution::{ApplyExecution, WAIT};
use crate::planning::{ApplyInputs, ApplyRequest, PlannedApply, TAKES_TOO_LONG};
use crate::refusal;
use crate::repeat::RepeatOutcome;
use crate::request::{Admission, ApplyParameters};

/// How long a client without a key waits after an interrupted apply: the address may be reserved that long.
const HELD: Duration = Duration::from_secs(120);

/// Authorizes, reads everything while the password is hashed, plans, writes. Records a refusal for the history.
pub(crate) async fn apply(call: &Call<'_>) -> Result<Answer, ApiError> {
    let request = ApplyRequest::begin(call)?;
    call.no_parameters()?;
    let if_match = IfMatch::of(call.request)?;
    let key = IdempotencyKey::of(call.request)?;
    let parameters = match call.read_body(ApplyParameters::parse).await {
        Ok(parameters) => parameters,
        Err(error) => {
            refusal::record(call, &request, None, &error).await;
            return Err(error);
        }
    };
    let request = request.acting(call, parameters.organization)?;
    request.may_grant(parameters.new_user.role)?;
    request.may_choose(parameters.revision)?;
    let key = key.map(|key| key.derive_id(&request.principal, call.request));
    let execution = ApplyExecution { call, request, parameters, key };
    let outcome = execution.answer(&if_match).await;
    if let Err(error) = &outcome {
        refusal::record(call, &execution.request, Some(&execution.parameters.new_user), error).await;
    }
    outcome
}

impl ApplyExecution<'_> {
    async fn answer(&self, if_match: &IfMatch) -> Result<Answer, ApiError> {
        let mut salt = [0; SALT_BYTES];
        self.call.edge.randomness.fill(&mut salt);
        let hasher = self.call.app.hasher.within(self.call.context.deadline().time_left());
        let hashing = async {
            match &self.parameters.new_user.admission {
                Admission::Password(password) => hasher.hash(password.password(), salt).await.map(Some),
                Admission::Invitation => Ok(None),
            }
        };
        let (password_hash, inputs, stored) =
            tokio::join!(hashing, self.request.read(self.call, self.parameters.revision), self.stored(),);
        let inputs = inputs?;
        if let Some(stored) = stored? {
            return match self.check_repeat(&stored).await? {
                RepeatOutcome::Answered(answer) => Ok(answer),
                RepeatOutcome::Interrupted { password_hash } => self.resume(&stored, inputs, password_hash).await,
            };
        }
        let planned = inputs.plan(self.call.table, &self.parameters.choices, &self.call.context.deadline()).await?;
        refuse(&planned.plan)?;
        if_match.check(&planned.hash)?;
        self.execute(planned, password_hash?).await
    }

    /// Returns the apply that an earlier request with this key started.
    async fn stored(&self) -> Result<Option<StoredApply>, ApiError> {
        let Some(apply) = &self.key else { return Ok(None) };
        let ApplyRequest { principal, snapshot, .. } = &self.request;
        Ok(Applies::new(self.call.table).find(&principal.organization, snapshot, apply).await?)
    }

    /// Creates the ids, and writes everything or nothing.
    async fn execute(&self, planned: PlannedApply, password_hash: Option<String>) -> Result<Answer, ApiError> {
        let (randomness, now, snapshot) = (&self.call.edge.randomness, self.call.context.now(), &planned.snapshot);
        let apply = self.key.unwrap_or_else(|| randomness.object_id(now));
        let origin = Origin { apply, snapshot: snapshot.id, revision: snapshot.revision, at: now };
        self.write(planned, origin, randomness.object_id(now), password_hash, None).await
    }

    /// Resumes the interrupted apply of this key if the plan is the same, and abandons it otherwise.
    async fn resume(
        &self,
        stored: &StoredApply,
        inputs: ApplyInputs,
        password_hash: Option<String>,
    ) -> Result<Answer, ApiError> {
        let inputs = inputs.at(self.call.table, stored.origin.revision).await?;
        let planned = match inputs.plan(self.call.table, &self.parameters.choices, &self.call.context.deadline()).await
        {
            // Before there is a plan, only a deleted revision is refused.
            Err(ApiError::SnapshotNotFound | ApiError::Refused(_)) => None,
            other => Some(other?),
        };
        let is_the_same =
            |planned: &PlannedApply| planned.plan.refusals.is_empty() && planned.hash == stored.plan_hash();
        // An invitation is made by the run that commits, so only a password has to be the first request's.
        let is_held = password_hash.is_some() || matches!(self.parameters.new_user.admission, Admission::Invitation);
        let Some(planned) = planned.filter(is_the_same).filter(|_| is_held) else {
            return match Applies::new(self.call.table).abandon(stored, self.call.context.now()).await? {
                true => Err(ApiError::WorldMoved),
                false => Err(ApiError::InProgress { retry_after: WAIT }),
            };
        };
        self.write(planned, stored.origin, stored.user(), password_hash, Some(stored)).await
    }

    async fn write(
        &self,
        planned: PlannedApply,
        origin: Origin,
        user: ObjectId,
        password_hash: Option<String>,
        interrupted: Option<&StoredApply>,
    ) -> Result<Answer, ApiError> {
        self.call.context.record_apply(origin.apply);
        let (principal, PlannedApply { plan, hash, .. }) = (&self.request.principal, planned);
        let user: User = self.parameters.new_user.profile(user, principal.organization, origin.at);
        let (credentials, invitation) = self.admit(user.id, principal.organization, password_hash);
        let deadline = self.call.context.deadline();
        let arriving = deadline.compute(move |work| arrive(&plan, origin, user, invitation, work)).await;
        let PreparedApply { user, answer, stored_answer, items } =
            arriving.map_err(|error| ApiError::from_compute(error, TAKES_TOO_LONG))??;
        let apply = Apply {
            origin,
            caller: principal,
            fingerprint: self.key.map(|_| &self.parameters.fingerprint),
            plan_hash: &hash,
            user: &user,
            credentials: &credentials,
            answer: &stored_answer,
            nonce: self.call.edge.randomness.object_id(self.call.context.now()),
            now: self.call.context.now(),
        };
        let applies = Applies::new(self.call.table);
        let outcome = match interrupted {
            None => applies.execute(&apply, items).await?,
            Some(stored) => applies.resume(stored, &apply, items).await?,
        };
        self.settle(outcome, answer, user.id).await
    }

    /// Returns how the user is let in, and the document of the invitation. An invitation is made anew by each run, so only the run
    /// that commits can answer with its token.
    fn admit(
        &self,
        user: ObjectId,
        organization: ObjectId,
        password_hash: Option<String>,
    ) -> (NewCredentials, Option<InvitationDocument>) {
        if let Some(hash) = password_hash {
            return (NewCredentials::Password(hash), None);
        }
        let token = InvitationToken::generate(organization, user, &*self.call.edge.randomness);
        let expires_at = self.call.context.now().plus(INVITATION_LIFETIME);
        let document = InvitationDocument::open(&token, expires_at);
        let caller = self.request.caller.caller();
        let by = Inviter { user: caller.user, organization: caller.organization };
        (NewCredentials::Invitation { hash: token.hash(), expires_at, by }, Some(document))
    }

    async fn settle(&self, outcome: ApplyOutcome, answer: String, user: ObjectId) -> Result<Answer, ApiError> {
        if matches!(outcome, ApplyOutcome::Committed | ApplyOutcome::Interrupted { .. }) {
            self.call.context.audit().record_user(user, self.request.principal.organization);
        }
        match outcome {
            ApplyOutcome::Committed => Ok(Answer::json_text(StatusCode::CREATED, answer)),
            ApplyOutcome::EmailTaken => Err(ApiError::EmailTaken),
            ApplyOutcome::EmailReserved => Err(ApiError::InProgress { retry_after: WAIT }),
            ApplyOutcome::TooLarge(detail) => Err(ApiError::SetupTooLarge { detail }),
            // Without a key there is no retry, so a sweep abandoned the apply because it took too long.
            ApplyOutcome::Existing(_) if self.key.is_none() => {
                Err(ApiError::Unavailable { retry_after: HELD, cause: "a sweep abandoned the apply".to_owned() })
            }
            ApplyOutcome::Existing(stored) => match self.check_repeat(&stored).await? {
                RepeatOutcome::Answered(answer) => Ok(answer),
                RepeatOutcome::Interrupted { .. } => Err(ApiError::InProgress { retry_after: WAIT }),
            },
            ApplyOutcome::Interrupted { cause } => {
                let retry_after = if self.key.is_some() { WAIT } else { HELD };
                Err(ApiError::Unavailable { retry_after, cause })
            }
        }
    }
}

/// Everything that an apply writes and answers, made before anything is written.
pub(crate) struct PreparedApply {
    user: User,
    answer: String,
    stored_answer: StoredAnswer,
    items: UserItems,
}

/// Makes all of it.
pub(crate) fn arrive(
    plan: &Plan,
    origin: Origin,
    user: User,
    invitation: Option<InvitationDocument>,
    work: &Work,
) -> Result<PreparedApply, ApiError> {
    let answer = ApplyAnswer::new(plan, user.id, &user.email, origin.apply, origin.revision, work)?;
    let answer = written(&answer, work)?;
    let stored_answer = StoredAnswer::pack::<ApiError>(&answer, work)?;
    let answer = match invitation {
        Some(invitation) => with_invitation(answer, &invitation)?,
        None => answer,
    };
    let arrival = plan.arrive(&origin, &NewIdentity::of(&user), work)?;
    let items = UserItems::of::<ApiError>(&user, arrival, work)?;
    Ok(PreparedApply { user, answer, stored_answer, items })
}

/// Fails with the refusals of the plan.
fn refuse(plan: &Plan) -> Result<(), ApiError> {
    if plan.refusals.is_empty() {
        return Ok(());
    }
    Err(ApiError::Refused(plan.refusals.iter().map(FieldError::from).collect()))
}
