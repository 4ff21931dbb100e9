//! `DELETE /api/users/{userId}`: an administrator removes a user of its organization with everything.

use serde::Serialize;
use shared::domain::rights::Action;
use shared::http::{Answer, ApiError, IfMatch, UserDocument};
use shared::store::{RemovalStart, Removals, RemovedUser, UserRemoval};
use utoipa::ToSchema;

use crate::Call;
use crate::execution::WAIT;

/// How often a removal starts over because something else changed.
const ATTEMPTS: u32 = 4;

#[derive(Serialize, ToSchema)]
#[schema(as = UserRemoved)]
pub(crate) struct RemovalAnswer {
    /// `User removed`.
    message: &'static str,
}

/// Reads the user and the caller, checks the rights and the demanded version, puts the tombstone, deletes the rest. Finishes an
/// interrupted removal of the same caller.
pub(crate) async fn remove(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("userId")?;
    call.no_parameters()?;
    let if_match = IfMatch::of(call.request)?;
    let removals = Removals::new(call.table);
    for _ in 0..ATTEMPTS {
        let (by, user) = match call.user(&caller, id, Action::RemoveUser).await {
            Ok(found) => found,
            Err(ApiError::UserNotFound) => {
                let begun = removals.unfinished(caller.organization, id, caller.user).await?;
                return finish(call, &begun.ok_or(ApiError::UserNotFound)?).await;
            }
            Err(other) => return Err(other),
        };
        if_match.check(UserDocument::of(&user).tag()?)?;
        let removal = UserRemoval { user: &user, by: Some(&by), now: call.context.now() };
        match removals.begin(removal).await? {
            RemovalStart::Started(removed) => return finish(call, &removed).await,
            // The next reading tells: the caller may be confirmed no more, or the user be another one.
            RemovalStart::Outdated | RemovalStart::CallerChanged => {}
            RemovalStart::LastAdministrator => return Err(ApiError::LastAdministrator),
        }
    }
    Err(ApiError::InProgress { retry_after: WAIT })
}

/// Deletes what is left of the user and frees the address.
async fn finish(call: &Call<'_>, removed: &RemovedUser) -> Result<Answer, ApiError> {
    // A new reading of the clock: it must be later than the user's last writes.
    Removals::new(call.table).finish(removed, call.edge.clock.now()).await?;
    Answer::ok(&RemovalAnswer { message: "User removed" })
}
