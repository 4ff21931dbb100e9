//! `GET /api/user-snapshots/orgs/{orgId}/users`: lists the users whose setup can be captured.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::rights::Action;
use shared::domain::{Email, FullName, ObjectId, Role};
use shared::http::{Answer, ApiError, Cursor};
use shared::store::{Organizations, Page, Position, UserLists, UserRow};
use utoipa::ToSchema;

use crate::Call;

/// One page of users.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserPage)]
pub(crate) struct UserPage {
    /// The users, newest first.
    users: Vec<ListedUser>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A user whose setup can be captured.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedUser)]
struct ListedUser {
    /// The user's id: `sourceUserId` of a new snapshot.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    full_name: Option<FullName>,
    /// The user's address.
    #[schema(value_type = Email)]
    email: String,
    /// The user's role.
    access_role: Role,
}

impl From<UserRow> for ListedUser {
    fn from(row: UserRow) -> Self {
        Self { id: row.id, full_name: row.full_name, email: row.email.shown().into_owned(), access_role: row.role }
    }
}

pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let organization = call.context.path_id("orgId")?;
    if !caller.principal().may_list_users_of(organization) {
        return Err(ApiError::Forbidden(Action::ListUsers.refusal().to_owned()));
    }
    let query = call.query(&["limit", "cursor"])?;
    let (limit, start) = (query.limit()?, query.cursor::<Position>()?);
    let (organizations, users) = (Organizations::new(call.table), UserLists::new(call.table));
    let ids = [organization];
    let (confirmed, existing, page) =
        tokio::join!(call.confirm(&caller), organizations.existing(&ids), users.page(&organization, start, limit));
    confirmed?;
    if !existing?.contains(&organization) {
        return Err(ApiError::OrganizationNotFound);
    }
    answer_page(call, page?).await
}

/// Returns one page of users.
pub(crate) async fn answer_page(call: &Call<'_>, page: Page<UserRow>) -> Result<Answer, ApiError> {
    call.compute(move |work| {
        let users = page.rows.into_iter().map(ListedUser::from).collect();
        let page = UserPage { users, next_cursor: page.next.as_ref().map(Cursor::write) };
        Answer::metered(StatusCode::OK, &page, work)
    })
    .await
}
