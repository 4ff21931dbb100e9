//! `POST /api/users/{userId}/invitation`: an administrator makes a fresh invitation, which also resets a password.

use serde::Serialize;
use shared::domain::rights::Action;
use shared::http::{Answer, ApiError, InvitationDocument};
use shared::invitation_token::{INVITATION_LIFETIME, InvitationToken};
use shared::store::{Invitations, InviteOutcome, NewInvitation};
use utoipa::ToSchema;

use crate::Call;
use crate::users::WAIT;

/// How often it starts over because something else changed.
const ATTEMPTS: u32 = 4;

#[derive(Serialize, ToSchema)]
#[schema(as = InvitationCreated)]
pub(crate) struct InvitationAnswer {
    /// `Invitation created`.
    message: &'static str,
    invitation: InvitationDocument,
}

/// Reads the user and the caller, checks the rights, and stores the hash of a new token. Another user may own the address of a user that
/// another system wrote: then the user needs another one.
pub(crate) async fn invite(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("userId")?;
    call.no_parameters()?;
    for _ in 0..ATTEMPTS {
        let (by, user) = call.user(&caller, id, Action::InviteUser).await?;
        let token = InvitationToken::generate(user.user.organization, id, &*call.edge.randomness);
        let (hash, expires_at) = (token.hash(), call.context.now().plus(INVITATION_LIFETIME));
        let invitation = NewInvitation { hash: &hash, expires_at };
        match Invitations::new(call.table).invite(&user, Some(&by), invitation).await? {
            InviteOutcome::Invited => {
                let invitation = InvitationDocument::open(&token, expires_at);
                return Answer::created(&InvitationAnswer { message: "Invitation created", invitation });
            }
            InviteOutcome::EmailTaken => return Err(ApiError::EmailTaken),
            InviteOutcome::EmailReserved => return Err(ApiError::InProgress { retry_after: WAIT }),
            // The next reading tells: the caller may be confirmed no more, or the user be another one.
            InviteOutcome::Outdated | InviteOutcome::CallerChanged => {}
        }
    }
    Err(ApiError::InProgress { retry_after: WAIT })
}
