//! `GET /api/users` and `GET /api/users/{userId}`: the users of the caller's organization.

use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::rights::Action;
use shared::http::{Answer, ApiError, UserDocument, etag};
use shared::store::{Position, UserLists};
use utoipa::ToSchema;

use crate::Call;
use crate::users::answer_page;

#[derive(Serialize, ToSchema)]
#[schema(as = UserDetail)]
pub(crate) struct UserAnswer<'a> {
    user: UserDocument<'a>,
}

/// Lists the users of the caller's organization. Confirms the caller while the page is read.
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let query = call.query(&["limit", "cursor"])?;
    let (limit, start) = (query.limit()?, query.cursor::<Position>()?);
    let users = UserLists::new(call.table);
    let (confirmed, page) = tokio::join!(call.confirm(&caller), users.page(&caller.organization, start, limit));
    confirmed?;
    answer_page(call, page?).await
}

/// Shows one user. One of another organization is as one that does not exist.
pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("userId")?;
    call.no_parameters()?;
    let (_, found) = call.user(&caller, id, Action::SeeUsers).await?;
    let user = UserDocument::of(&found);
    let tag = etag(user.tag()?);
    Ok(Answer::ok(&UserAnswer { user })?.with_header(ETAG, tag))
}
