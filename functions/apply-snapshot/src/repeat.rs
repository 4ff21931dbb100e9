//! A request whose Idempotency-Key was used before: it is answered as the first one was, refused, or carries on what the
//! first one could not finish.

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::http::{Answer, ApiError};
use shared::store::{Applies, ApplyState, StoredApply};

use crate::applying::{Applying, WAIT};

/// How long it takes at least to clear away an apply that was given up.
const CLEARING: Duration = Duration::from_secs(70);

/// What is to be done about a repeated request.
pub(crate) enum Repeat {
    /// Nothing: this was the answer.
    Answered(Answer),
    /// The apply was interrupted, and nobody works on it any more.
    Interrupted {
        /// The hash of the new user's password, where the apply still holds the address.
        password_hash: Option<String>,
    },
}

impl Applying<'_> {
    /// Compares the request with the one that used its key first, and says how far that one is.
    pub(crate) async fn judge_repeat(&self, stored: &StoredApply) -> Result<Repeat, ApiError> {
        if !stored.has_fingerprint(&self.wanted.fingerprint) {
            return Err(ApiError::KeyReused);
        }
        let is_leased = || stored.lease_until().is_some_and(|lease| lease > self.call.edge.clock.now());
        match stored.state() {
            ApplyState::Committed => {
                self.check_password(self.given_hash(stored).await?.as_deref()).await?;
                Ok(Repeat::Answered(Answer::json_text(StatusCode::CREATED, stored.answer()?).replayed()))
            }
            ApplyState::Staging if is_leased() => Err(ApiError::InProgress { retry_after: WAIT }),
            ApplyState::Staging => {
                let password_hash = self.given_hash(stored).await?;
                self.check_password(password_hash.as_deref()).await?;
                Ok(Repeat::Interrupted { password_hash })
            }
            ApplyState::Aborting => Err(ApiError::InProgress { retry_after: CLEARING }),
            ApplyState::Aborted => Err(ApiError::ApplyAborted),
            ApplyState::Undoing | ApplyState::Undone => Err(ApiError::ApplyUndone),
        }
    }

    /// The hash of the password that the first request gave. The fingerprint covers the address, so both name the same one.
    async fn given_hash(&self, stored: &StoredApply) -> Result<Option<String>, ApiError> {
        Ok(Applies::new(self.call.table).password_hash(stored, self.wanted.new_user.email.key()).await?)
    }

    /// A fingerprint does not cover the password, so it is compared with the hash that the first request left; not where the
    /// user has another one by now.
    async fn check_password(&self, hash: Option<&str>) -> Result<(), ApiError> {
        let Some(hash) = hash else { return Ok(()) };
        let hasher = self.call.app.hasher.within(self.call.context.deadline().time_left());
        match hasher.verify(self.wanted.new_user.password.password(), Some(hash)).await? {
            true => Ok(()),
            false => Err(ApiError::KeyReused),
        }
    }
}
