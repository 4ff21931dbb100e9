//! `GET /api/users/{userId}/setup`: lists what a user has now, without its secrets.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::redaction::{self, SecretPlaces};
use shared::domain::rights::Action;
use shared::domain::{Document, ItemKind, LeftOut, ObjectId, OverBudget, UserOrigin, Work};
use shared::http::bounded::{count_that_fit, first_listed, first_within};
use shared::http::{Answer, ApiError, Cursor};
use shared::store::{
    SetupEntry, SetupPage, SetupPageOutcome, SetupPageRequest, SetupPages, SetupPosition, StoredSetupItem,
};
use utoipa::ToSchema;

use crate::Call;
use crate::items::{MAX_POINTER_BYTES, parse_kind};

/// How often a page is read again because the setup was edited.
const ATTEMPTS: u32 = 4;
/// How long a client waits before it asks again.
pub(crate) const WAIT: std::time::Duration = std::time::Duration::from_secs(1);

/// One page of a user's setup, as it is at one moment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SetupPage)]
pub(crate) struct SetupAnswer<'a> {
    /// The version of the setup. If the next page has another one, the setup changed in between.
    setup_version: u64,
    /// The apply that made the user; left out for any other user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    origin: Option<ApplyReference>,
    /// The items: automations, prompts, templates, each kind in the order of its ids. At most 1 MB, but at least one.
    items: &'a [ItemDocument],
    /// The items and switches that cannot be read; left out if empty. A switch that cannot be read is off. At most 200 are listed.
    #[serde(skip_serializing_if = "<[LeftOut]>::is_empty")]
    #[schema(nullable = false)]
    left_out: &'a [LeftOut],
    /// The total number; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left_out_total: Option<usize>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// The apply that made a user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApplyReference {
    /// The snapshot that was applied.
    snapshot_id: ObjectId,
    /// The apply.
    apply_id: ObjectId,
}

impl From<UserOrigin> for ApplyReference {
    fn from(origin: UserOrigin) -> Self {
        Self { snapshot_id: origin.snapshot, apply_id: origin.apply }
    }
}

/// An automation, prompt or template that a user has now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SetupItem)]
struct ItemDocument {
    /// Its id.
    #[serde(rename = "_id")]
    id: ObjectId,
    kind: ItemKind,
    /// Whether it is switched on; automations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// What it is a clone of; left out for any other item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    origin: Option<CapturedItemReference>,
    /// JSON pointers to values that a capture removed as secrets and that are to be filled in; left out if empty. As many as fit 200 kB.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false)]
    secrets_missing: Vec<String>,
    /// The total number of such values; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secrets_missing_total: Option<usize>,
    /// JSON pointers to values that the user has and that are not shown, because they are secrets; left out if empty. As many as fit
    /// 200 kB.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false)]
    hidden_secrets: Vec<String>,
    /// The total number of such values; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hidden_secrets_total: Option<usize>,
    /// Its fields, without secrets. A set is shown as an array, binary as base64.
    document: Document,
}

/// The captured item that a clone was made of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CapturedItemReference {
    /// The snapshot that was applied.
    snapshot_id: ObjectId,
    /// Which of its revisions.
    revision: u32,
    /// The id of the captured item in the snapshot.
    source_id: ObjectId,
}

impl ItemDocument {
    fn new(item: StoredSetupItem, work: &Work) -> Result<Self, OverBudget> {
        let StoredSetupItem { place, enabled, origin, mut document } = item;
        let SecretPlaces { hidden, missing } = redaction::hide(&mut document, origin.is_some(), work)?;
        let (secrets_missing, secrets_missing_total) = first_within(MAX_POINTER_BYTES, missing, work)?;
        let (hidden_secrets, hidden_secrets_total) = first_within(MAX_POINTER_BYTES, hidden, work)?;
        let origin = origin.map(|origin| CapturedItemReference {
            snapshot_id: origin.snapshot,
            revision: origin.revision,
            source_id: origin.source,
        });
        Ok(Self {
            id: place.id,
            kind: place.kind,
            enabled,
            origin,
            secrets_missing,
            secrets_missing_total,
            hidden_secrets,
            hidden_secrets_total,
            document,
        })
    }

    fn place(&self) -> SetupPosition {
        SetupPosition { kind: self.kind, id: self.id }
    }
}

/// Reads the user and the caller, then a page of the setup at the user's version. Starts over if it was edited.
pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("userId")?;
    let query = call.query(&["kind", "limit", "cursor"])?;
    let kind = query.get("kind", parse_kind)?;
    let (limit, start) = (query.limit()?, query.cursor::<SetupPosition>()?);
    for _ in 0..ATTEMPTS {
        let (_, profile) = call.user(&caller, id, Action::SeeUsers).await?;
        let (organization, setup_version) = (caller.organization, profile.setup_version);
        let request = SetupPageRequest { organization, user: id, setup_version, kind, start, limit };
        if let SetupPageOutcome::Page(page) = SetupPages::new(call.table).read(&request).await? {
            let origin = profile.origin;
            return call.compute(move |work| answer(page.read(work)?, setup_version, origin, work)).await;
        }
    }
    Err(ApiError::SourceBusy { retry_after: WAIT })
}

/// Returns one page of a setup, up to the last item that fits.
pub(crate) fn answer(
    page: SetupPage,
    setup_version: u64,
    origin: Option<UserOrigin>,
    work: &Work,
) -> Result<Answer, ApiError> {
    let (mut items, mut left_out) = (Vec::new(), Vec::new());
    for entry in page.entries {
        match entry {
            SetupEntry::Item(item) => items.push(ItemDocument::new(item, work)?),
            SetupEntry::LeftOut(entry) => left_out.push((items.len(), entry)),
        }
    }
    let shown = count_that_fit(&items, work)?;
    let next = if shown < items.len() { items[..shown].last().map(ItemDocument::place) } else { page.next };
    // What stands behind the last item shown is named by the next page.
    left_out.retain(|(index, _)| shown == items.len() || *index < shown);
    let left_out: Vec<LeftOut> = left_out.into_iter().map(|(_, entry)| entry).collect();
    let (left_out, left_out_total) = first_listed(&left_out);
    let answer = SetupAnswer {
        setup_version,
        origin: origin.map(ApplyReference::from),
        items: &items[..shown],
        left_out,
        left_out_total,
        next_cursor: next.as_ref().map(Cursor::write),
    };
    Answer::metered(StatusCode::OK, &answer, work)
}
