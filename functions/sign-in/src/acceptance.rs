//! `POST /api/auth/accept-invitation`: the invited user sets a password.
//!
//! The token alone says who asks. A wrong one costs reads and the comparison of two hashes; a password is hashed only once the token was
//! right. One answer for a token that is wrong, spent, replaced, expired, of a user who is gone or disabled, or made by an administrator
//! who may no longer invite the user.

use serde::{Deserialize, Serialize};
use shared::domain::rights::{Action, Principal, UserTarget, Verdict};
use shared::domain::{Email, NewPassword, ObjectId, Password, StoredProfile, Violation};
use shared::http::{Answer, ApiError, Fields};
use shared::invitation_token::InvitationToken;
use shared::password_hash::SALT_BYTES;
use shared::store::{AcceptStart, AttemptVerdict, Callers, Invitations, Inviter, StoredUser};
use utoipa::ToSchema;

use crate::Call;

/// The token and the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AcceptInvitation)]
pub(crate) struct AcceptBody {
    /// The token of the invitation.
    #[schema(min_length = 1, max_length = 256, write_only)]
    token: String,
    /// The password to sign in with from now on.
    #[schema(value_type = NewPassword)]
    password: Password,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InvitationAccepted)]
pub(crate) struct AcceptAnswer<'a> {
    /// `Invitation accepted`.
    message: &'static str,
    user: InvitedUser<'a>,
}

/// The user who can sign in now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitedUser)]
struct InvitedUser<'a> {
    /// The user.
    id: ObjectId,
    /// The address to sign in with.
    #[schema(value_type = Email)]
    email: std::borrow::Cow<'a, str>,
    /// The organization that the user belongs to.
    organization_id: ObjectId,
}

/// Takes a place in flight, compares the token, hashes the password, and spends the invitation.
pub(crate) async fn accept(call: &Call<'_>) -> Result<Answer, ApiError> {
    let (token, password) = call.read_body(parse).await?;
    let token = token.ok_or(ApiError::InvalidInvitation)?;
    let (invitations, now) = (Invitations::new(call.table), call.context.now());
    let (organization, user) = (token.organization(), token.user());
    call.context.audit().record_user(user, organization);
    let network = call.app.network_mark(&format!("{organization} {user}"), call.request);
    let start = invitations.begin(organization, user, network, call.app.place(), now).await?;
    let (attempt, profile) = match start {
        AcceptStart::Locked { retry_after } => return Err(ApiError::TooManyAttempts { retry_after }),
        AcceptStart::Open { attempt, profile } => (attempt, profile),
    };
    let stored = invitations.of(profile.as_deref()).await?;
    let (hash, open) = (token.hash(), stored.as_ref().filter(|stored| stored.expires_at > now));
    let is_right = hash.is(open.map(|stored| &stored.hash));
    let by = open.and_then(|open| open.by);
    let accepted = match profile.filter(|_| is_right) {
        Some(profile) => Authority::of(call, &profile, by).await?.map(|authority| (profile, authority)),
        None => None,
    };
    let verdict = if accepted.is_some() { attempt.accept().await? } else { attempt.reject().await? };
    if let AttemptVerdict::Locked { retry_after } = verdict {
        return Err(ApiError::TooManyAttempts { retry_after });
    }
    let (profile, authority) = accepted.ok_or(ApiError::InvalidInvitation)?;
    let mut fields = Fields::default();
    let judged = NewPassword::parse(password.password().clone(), Some(&profile.user.email));
    let Some(password) = fields.take("/password", judged) else { return Err(fields.into_error()) };
    let mut salt = [0; SALT_BYTES];
    call.edge.randomness.fill(&mut salt);
    let hasher = call.app.hasher.within(call.context.deadline().time_left());
    let password_hash = hasher.hash(password.password(), salt).await?;
    if !invitations.accept(&profile, &hash, authority.inviter(), &password_hash, now).await? {
        return Err(ApiError::InvalidInvitation);
    }
    let user = &profile.user;
    call.context.record_caller(user.id, user.organization);
    let user = InvitedUser { id: user.id, email: user.email.shown(), organization_id: user.organization };
    Answer::ok(&AcceptAnswer { message: "Invitation accepted", user })
}

/// Who lets the user in: the administrator who made the invitation.
enum Authority {
    /// An earlier version of this service made it and did not store who asked.
    Unknown,
    /// This user made it and may still invite the user.
    Inviter(Box<StoredUser>),
}

impl Authority {
    /// Reads who made the invitation. Returns `None` for somebody who may no longer invite the user.
    async fn of(call: &Call<'_>, profile: &StoredProfile, by: Option<Inviter>) -> Result<Option<Self>, ApiError> {
        let Some(by) = by else { return Ok(Some(Self::Unknown)) };
        let user = &profile.user;
        let inviter = Callers::new(call.table).load(by.organization, by.user).await?;
        let may_invite = |inviter: &StoredUser| {
            let Inviter { user: id, organization } = by;
            let acting = Principal { user: id, organization, role: inviter.role }.acting_in(user.organization);
            let verdict = acting.map(|acting| acting.judge_user(Action::InviteUser, UserTarget::of(user)));
            !inviter.login_disabled && verdict == Some(Verdict::Allowed)
        };
        Ok(inviter.filter(may_invite).map(|inviter| Self::Inviter(Box::new(inviter))))
    }

    fn inviter(&self) -> Option<&StoredUser> {
        match self {
            Self::Unknown => None,
            Self::Inviter(inviter) => Some(inviter),
        }
    }
}

/// Returns the token and the password, which must be good for anybody. Returns `None` for a text that no token has.
fn parse(body: AcceptBody) -> Result<(Option<InvitationToken>, NewPassword), ApiError> {
    let mut fields = Fields::default();
    if body.token.is_empty() {
        fields.note("/token", Violation::malformed("the token is empty; send the one of the invitation"));
    }
    let password = fields.take("/password", NewPassword::parse(body.password, None));
    let Some(password) = password else { return Err(fields.into_error()) };
    fields.finish()?;
    Ok((InvitationToken::parse(&body.token), password))
}
