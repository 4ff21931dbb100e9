//! Handles a request whose Idempotency-Key was used before: repeats the first answer, refuses, or resumes the
//! interrupted apply.

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::domain::Work;
use shared::http::{Answer, ApiError, InvitationDocument};
use shared::store::{Applies, ApplyState, StoredApply};

use crate::answer::with_invitation;
use crate::execution::{ApplyExecution, WAIT};
use crate::request::Admission;

/// The least time until the items of an abandoned apply are deleted.
const CLEARING: Duration = Duration::from_secs(70);

/// The outcome of checking a repeated request.
pub(crate) enum RepeatOutcome {
    /// The first answer.
    Answered(Answer),
    /// The apply was interrupted, and no run works on it.
    Interrupted {
        /// The hash of the new user's password, if the apply still holds the address.
        password_hash: Option<String>,
    },
}

impl ApplyExecution<'_> {
    /// Compares the request with the first one of its key, and checks the state of its apply.
    pub(crate) async fn check_repeat(&self, stored: &StoredApply) -> Result<RepeatOutcome, ApiError> {
        self.call.context.record_apply(stored.origin.apply);
        self.call.context.audit().record_user(stored.user(), self.request.principal.organization);
        if !stored.has_fingerprint(&self.parameters.fingerprint) {
            return Err(ApiError::KeyReused);
        }
        let is_leased = || stored.lease_until().is_some_and(|lease| lease > self.call.edge.clock.now());
        match stored.state() {
            ApplyState::Committed if stored.user_removed().is_some() => Err(ApiError::UserRemoved),
            ApplyState::Committed => {
                self.check_password(self.given_hash(stored).await?.as_deref()).await?;
                // One answer is less than a piece (`MAX_WARNING_BYTES`), and a late request gets it, too.
                let answer = stored.answer::<ApiError>(&Work::unlimited())?;
                let answer = match self.parameters.new_user.admission {
                    Admission::Password(_) => answer,
                    // Only the hash is stored, and the process that made the token may be gone.
                    Admission::Invitation => with_invitation(answer, &InvitationDocument::unknown(stored.user()))?,
                };
                Ok(RepeatOutcome::Answered(Answer::json_text(StatusCode::CREATED, answer).replayed()))
            }
            ApplyState::Staging if is_leased() => Err(ApiError::InProgress { retry_after: WAIT }),
            ApplyState::Staging => {
                let password_hash = self.given_hash(stored).await?;
                self.check_password(password_hash.as_deref()).await?;
                Ok(RepeatOutcome::Interrupted { password_hash })
            }
            ApplyState::Aborting => Err(ApiError::InProgress { retry_after: CLEARING }),
            ApplyState::Aborted => Err(ApiError::ApplyAborted),
            ApplyState::Undoing | ApplyState::Undone => Err(ApiError::ApplyUndone),
        }
    }

    /// Returns the hash of the first request's password. The fingerprint covers the address, so both requests have the
    /// same one.
    async fn given_hash(&self, stored: &StoredApply) -> Result<Option<String>, ApiError> {
        Ok(Applies::new(self.call.table).password_hash(stored, self.parameters.new_user.email.key()).await?)
    }

    /// Fails unless the password is the first request's. The fingerprint does not cover it, so it is compared with the
    /// stored hash. Accepts any password if the user has another one by now.
    async fn check_password(&self, hash: Option<&str>) -> Result<(), ApiError> {
        let (Some(hash), Admission::Password(password)) = (hash, &self.parameters.new_user.admission) else {
            return Ok(());
        };
        let hasher = self.call.app.hasher.within(self.call.context.deadline().time_left());
        match hasher.verify(password.password(), Some(hash)).await? {
            true => Ok(()),
            false => Err(ApiError::KeyReused),
        }
    }
}
