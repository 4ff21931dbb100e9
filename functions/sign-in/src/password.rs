//! `POST /api/auth/password`: a user changes its own password.
//!
//! The current password is judged as at a sign-in: with the same limits, and with the same work whether it is right or wrong.

use serde::Deserialize;
use shared::domain::{NewPassword, Password};
use shared::http::{Answer, ApiError, Fields};
use shared::password_hash::SALT_BYTES;
use shared::store::{AttemptVerdict, SignInStart, SignIns};
use utoipa::ToSchema;

use crate::Call;
use crate::login::signed_in;

/// The two passwords.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = ChangePassword)]
pub(crate) struct PasswordBody {
    /// The password that the caller has now.
    current_password: Password,
    /// The password that takes its place.
    #[schema(value_type = NewPassword)]
    new_password: Password,
}

const WRONG: &str = "this is not your password";
const CHANGED: &str = "the password or the access changed meanwhile";

/// Confirms the caller, takes a place in flight, checks the current password while the new one is hashed, and replaces it.
pub(crate) async fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    call.context.audit().record_user(caller.user, caller.organization);
    let (current, new) = call.read_body(passwords).await?;
    let confirmed = call.confirm(&caller).await?;
    let email = &confirmed.email;
    let mut fields = Fields::default();
    let Some(new) = fields.take("/newPassword", NewPassword::parse(new, Some(email))) else {
        return Err(fields.into_error());
    };
    let (sign_ins, now) = (SignIns::new(call.table), call.context.now());
    let network = call.app.network_mark(email.key().as_str(), call.request);
    let (attempt, claim) = match sign_ins.begin(email.key(), network, call.app.place(), now).await? {
        SignInStart::Locked { retry_after } => return Err(ApiError::TooManyAttempts { retry_after }),
        SignInStart::Open { attempt, claim } => (attempt, claim),
    };
    let is_own = |user, organization| user == caller.user && organization == caller.organization;
    let account = sign_ins.account(claim.filter(|claim| is_own(claim.user, claim.organization))).await?;
    let hash = account.as_ref().and_then(|account| account.password_hash.as_deref());
    let mut salt = [0; SALT_BYTES];
    call.edge.randomness.fill(&mut salt);
    let hasher = call.app.hasher.within(call.context.deadline().time_left());
    let (is_right, new_hash) = tokio::join!(hasher.verify(&current, hash), hasher.hash(new.password(), salt));
    let (account, new_hash) = (account.filter(|_| matches!(is_right, Ok(true))), new_hash?);
    is_right?;
    let verdict = if account.is_some() { attempt.accept().await? } else { attempt.reject().await? };
    if let AttemptVerdict::Locked { retry_after } = verdict {
        return Err(ApiError::TooManyAttempts { retry_after });
    }
    let account = account.ok_or_else(|| ApiError::refused("/currentPassword", WRONG))?;
    let is_confirmed = account.user.credentials == confirmed.credentials;
    if !is_confirmed || !sign_ins.change_password(email.key(), &account, &new_hash, now).await? {
        return Err(ApiError::Unauthenticated(CHANGED));
    }
    let mut user = account.user;
    user.credentials.version += 1;
    signed_in(call.app, &user, now)
}

/// Returns both passwords. Refuses a current password that is too long to be hashed.
fn passwords(body: PasswordBody) -> Result<(Password, Password), ApiError> {
    let PasswordBody { current_password, new_password } = body;
    if current_password.is_hashable() {
        Ok((current_password, new_password))
    } else {
        Err(ApiError::refused("/currentPassword", WRONG))
    }
}
