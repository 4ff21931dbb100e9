//! `GET /api/user-snapshots`: lists the snapshots that the caller sees.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::{Counts, Email, ObjectId, SnapshotName, Work};
use shared::http::bounded::cut;
use shared::http::{Answer, ApiError, Cursor};
use shared::store::{Page, Position, SnapshotLists, SnapshotRow};
use utoipa::ToSchema;

use crate::Call;

/// One page of snapshots.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnapshotPage)]
pub(crate) struct SnapshotPage {
    /// The snapshots, newest first.
    snapshots: Vec<ListedSnapshot>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A snapshot in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedSnapshot)]
struct ListedSnapshot {
    /// Its id.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// Its name.
    #[schema(value_type = String)]
    name: SnapshotName,
    /// The name of the organization of the user who was captured. A very long one ends in an ellipsis.
    source_org_name: String,
    /// The address of the user who was captured.
    #[schema(value_type = Email)]
    source_user_email: String,
    /// How many items it holds.
    counts: Counts,
    /// Whether every organization sees it.
    is_global: bool,
}

/// The most code points of an organization's name in a row.
const MAX_ORGANIZATION_NAME: usize = 200;

impl From<SnapshotRow> for ListedSnapshot {
    fn from(row: SnapshotRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            source_org_name: cut(&row.source_organization_name, MAX_ORGANIZATION_NAME).into_owned(),
            source_user_email: row.source_user_email.shown().into_owned(),
            counts: row.counts,
            is_global: row.is_global,
        }
    }
}

/// Lists the snapshots that the caller sees. Confirms the caller while the first page is read.
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let query = call.query(&["limit", "cursor"])?;
    let (limit, start) = (query.limit()?, query.cursor::<Position>()?);
    let (principal, lists) = (caller.principal(), SnapshotLists::new(call.table));
    let (confirmed, page) = tokio::join!(call.confirm(&caller), lists.page(&principal, start, limit));
    confirmed?;
    let page = page?;
    call.compute(move |work| answer(page, work)).await
}

/// Returns one page of snapshots.
pub(crate) fn answer(page: Page<SnapshotRow>, work: &Work) -> Result<Answer, ApiError> {
    let snapshots = page.rows.into_iter().map(ListedSnapshot::from).collect();
    let page = SnapshotPage { snapshots, next_cursor: page.next.as_ref().map(Cursor::write) };
    Answer::metered(StatusCode::OK, &page, work)
}
