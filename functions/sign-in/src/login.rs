//! Signs users in.
//!
//! An answer must not reveal whether an address has a user. An address that is unknown, reserved by an apply, or of a
//! disabled user takes the same reads and the same hash as a wrong password, and gets the same answer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use shared::domain::{Email, FullName, ObjectId, Password, Role, Timestamp, TokenCredentials};
use shared::http::{Answer, ApiError, Caller, Fields};
use shared::store::{AttemptVerdict, SignInStart, SignIns, StoredUser};
use utoipa::ToSchema;

use crate::{App, Call};

/// The credentials.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Login)]
pub(crate) struct LoginBody {
    /// The address, in any spelling that means the same.
    #[schema(value_type = Email)]
    email: String,
    password: Password,
}

/// A token and its user.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct LoginAnswer<'a> {
    /// A JWT, valid for one hour. Send it as `Authorization: Bearer <token>`. Clients should not read its content.
    token: String,
    user: UserDocument<'a>,
}

/// The user who signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedInUser)]
struct UserDocument<'a> {
    /// The user.
    id: ObjectId,
    /// The address as it was given when the user was created; the domain is in punycode if it mixes scripts.
    #[schema(value_type = Email)]
    email: Cow<'a, str>,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    full_name: Option<&'a FullName>,
    /// The organization that the user belongs to.
    organization_id: ObjectId,
    /// The user's role.
    access_role: Role,
}

/// Takes a place in flight, reads the user, checks the password, gives the place back with the verdict, and signs a
/// token.
pub(crate) async fn login(call: &Call<'_>) -> Result<Answer, ApiError> {
    let Call { app, table, context, request, .. } = *call;
    let (email, password) = call.read_body(credentials).await?;
    let sign_ins = SignIns::new(table);
    let network = app.network_mark(email.key().as_str(), request);
    let (attempt, claim) = match sign_ins.begin(email.key(), network, app.place(), context.now()).await? {
        SignInStart::Locked { retry_after } => return Err(ApiError::TooManyAttempts { retry_after }),
        SignInStart::Open { attempt, claim } => (attempt, claim),
    };
    let account = sign_ins.account(claim).await?.filter(|account| !account.user.login_disabled);
    let hash = account.as_ref().and_then(|account| account.password_hash.as_deref());
    let hasher = app.hasher.within(context.deadline().time_left());
    let (is_right, is_current) =
        tokio::join!(hasher.verify(&password, hash), sign_ins.still_has(email.key(), account.as_ref()));
    let (is_right, is_current) = (is_right?, is_current?);
    let account = account.filter(|_| is_right && is_current);
    let verdict = if account.is_some() { attempt.accept().await? } else { attempt.reject().await? };
    if let AttemptVerdict::Locked { retry_after } = verdict {
        return Err(ApiError::TooManyAttempts { retry_after });
    }
    let account = account.ok_or(ApiError::InvalidCredentials)?;
    if !sign_ins.succeed(email.key(), &account, context.now()).await? {
        return Err(ApiError::InvalidCredentials);
    }
    let user = account.user;
    context.record_caller(user.id, user.organization);
    signed_in(app, &user, context.now())
}

/// Returns the address and the password. Refuses a password above the maximum length without hashing or counting it: no
/// user has one, so the quick answer reveals nothing.
fn credentials(body: LoginBody) -> Result<(Email, Password), ApiError> {
    let LoginBody { email, password } = body;
    let mut fields = Fields::default();
    let Some(email) = fields.take("/email", Email::parse(email)) else { return Err(fields.into_error()) };
    if password.is_hashable() { Ok((email, password)) } else { Err(ApiError::InvalidCredentials) }
}

/// Returns the answer with a token for the user.
pub(crate) fn signed_in(app: &App, user: &StoredUser, now: Timestamp) -> Result<Answer, ApiError> {
    let caller = Caller {
        user: user.id,
        organization: user.organization,
        role: user.role,
        name: user.full_name.as_ref().map_or_else(|| user.email.shown().into_owned(), ToString::to_string),
        credentials: TokenCredentials::Version(user.credentials.version),
    };
    Answer::ok(&LoginAnswer {
        token: app.signer.sign(&caller, now)?,
        user: UserDocument {
            id: user.id,
            email: user.email.shown(),
            full_name: user.full_name.as_ref(),
            organization_id: user.organization,
            access_role: user.role,
        },
    })
}
