//! `GET /api/organizations` and `GET /api/organizations/{orgId}`: organizations, for those who administer them.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::ObjectId;
use shared::domain::rights::Action;
use shared::http::{Answer, ApiError, Cursor, OrganizationDocument, etag};
use shared::store::{OrganizationLists, OrganizationRow, Organizations};
use utoipa::ToSchema;

use crate::Call;

/// One page of organizations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganizationPage)]
pub(crate) struct OrganizationPage {
    /// The organizations, the highest id first.
    organizations: Vec<ListedOrganization>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// An organization in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedOrganization)]
struct ListedOrganization {
    /// Its id.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// Its name. A very long one ends in an ellipsis.
    name: String,
}

impl From<OrganizationRow> for ListedOrganization {
    fn from(row: OrganizationRow) -> Self {
        Self { id: row.id, name: row.name }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationDetail)]
pub(crate) struct OrganizationAnswer<'a> {
    organization: OrganizationDocument<'a>,
}

/// Lists all organizations. Confirms the caller while the page is read.
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let query = call.query(&["limit", "cursor"])?;
    let (limit, start) = (query.limit()?, query.cursor::<ObjectId>()?);
    let lists = OrganizationLists::new(call.table);
    let (confirmed, page) = tokio::join!(call.confirm(&caller), lists.page(start, limit));
    confirmed?;
    let page = page?;
    call.compute(move |work| {
        let organizations = page.rows.into_iter().map(ListedOrganization::from).collect();
        let page = OrganizationPage { organizations, next_cursor: page.next.as_ref().map(Cursor::write) };
        Answer::metered(StatusCode::OK, &page, work)
    })
    .await
}

/// Shows one organization. Another one than the caller's own is refused before anything is read, unless the caller is a SUPERADMIN.
pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("orgId")?;
    if !caller.principal().may_within(Action::SeeOrganization, id) {
        return Err(ApiError::Forbidden(Action::SeeOrganization.refusal().to_owned()));
    }
    call.no_parameters()?;
    let organizations = Organizations::new(call.table);
    let (confirmed, found) = tokio::join!(call.confirm(&caller), organizations.load(&id));
    confirmed?;
    let found = found?.ok_or(ApiError::OrganizationNotFound)?;
    call.compute(move |work| {
        let tag = etag(OrganizationDocument::tag(&found, work)?);
        let organization = OrganizationDocument::of(&found, work)?;
        Ok(Answer::metered(StatusCode::OK, &OrganizationAnswer { organization }, work)?.with_header(ETAG, tag))
    })
    .await
}
