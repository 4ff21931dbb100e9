//! `GET /api/user-snapshots/{id}/applies` and `…/{applyId}`: the applies of a snapshot in the caller's organization.
//! The snapshot is not read, so the history remains after its deletion.

use std::collections::HashSet;

use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::domain::reference::MAX_REFERENCE_NAME;
use shared::domain::rights::{Action, Verdict};
use shared::domain::{ItemKind, ObjectId, Principal, Work};
use shared::http::bounded::cut;
use shared::http::{Actor, Answer, ApiError, Cursor};
use shared::store::{Applies, ApplyHistory, ApplyState, CloneOrigin, SetupPosition, StoredApply};
use utoipa::ToSchema;

use crate::Call;
use crate::answer::ApplyResult;
use crate::apply_document::ApplyDocument;

/// One page of applies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApplyPage)]
pub(crate) struct ApplyPage {
    /// The applies, in the order of their ids.
    applies: Vec<ApplyDocument>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// One apply, its result, and one page of its clones that still exist.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApplyDetail)]
pub(crate) struct ApplyDetail {
    apply: ApplyDocument,
    /// The `result` of the answer to the apply, with its warnings; left out unless the apply is `applied` or `undoing`, and
    /// once the user is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<ApplyResult<'static>>)]
    result: Option<Value>,
    /// The clones that still exist: automations, prompts, templates, each kind in the order of its ids.
    clones: Vec<CloneDocument>,
    /// The `cursor` of the next page of clones; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A clone and its source.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Clone)]
struct CloneDocument {
    kind: ItemKind,
    /// The name of the clone; empty where it has none. A very long one ends in an ellipsis.
    name: String,
    /// The id of the captured item in the snapshot.
    source_id: ObjectId,
    /// The id of the clone.
    clone_id: ObjectId,
}

impl From<CloneOrigin> for CloneDocument {
    fn from(clone: CloneOrigin) -> Self {
        let name = cut(&clone.name, MAX_REFERENCE_NAME).into_owned();
        Self { kind: clone.place.kind, name, source_id: clone.source, clone_id: clone.place.id }
    }
}

#[derive(Deserialize)]
struct AnswerWithResult {
    result: Value,
}

/// Lists the applies that the caller sees. Others make a page shorter.
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let snapshot = call.context.path_id("id")?;
    let query = call.query(&["limit", "cursor"])?;
    let (limit, start) = (query.limit()?, query.cursor::<ObjectId>()?);
    let history = ApplyHistory::new(call.table);
    let (confirmed, page) =
        tokio::join!(call.confirm(&caller), history.page(&caller.organization, &snapshot, start, limit));
    confirmed?;
    let page = page?;
    let principal = caller.principal();
    let next_cursor = page.next.as_ref().map(Cursor::write);
    let seen: Vec<StoredApply> = page.applies.into_iter().filter(|apply| is_seen(&principal, apply)).collect();
    let people: HashSet<ObjectId> = seen.iter().flat_map(people_of).collect();
    let names = history.names(&caller.organization, &people).await?;
    call.compute(move |work| {
        let document = |apply: &StoredApply| Ok(ApplyDocument::of(apply, work)?.named(&names));
        let applies = seen.iter().map(document).collect::<Result<_, ApiError>>()?;
        Answer::metered(StatusCode::OK, &ApplyPage { applies, next_cursor }, work)
    })
    .await
}

/// Shows one apply.
pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let ids = (call.context.path_id("id")?, call.context.path_id("applyId")?);
    let query = call.query(&["limit", "cursor"])?;
    let (limit, start) = (query.limit()?, query.cursor::<SetupPosition>()?);
    let apply = find(call, &caller, ids).await?;
    let history = ApplyHistory::new(call.table);
    let people = people_of(&apply).collect();
    let (page, names) =
        tokio::join!(history.clones(&apply, start, limit), history.names(&caller.organization, &people));
    let (page, names) = (page?, names?);
    call.compute(move |work| {
        let detail = ApplyDetail {
            apply: ApplyDocument::of(&apply, work)?.named(&names),
            result: whole_result(&apply, work)?,
            clones: page.clones.into_iter().map(CloneDocument::from).collect(),
            next_cursor: page.next.as_ref().map(Cursor::write),
        };
        Answer::metered(StatusCode::OK, &detail, work)
    })
    .await
}

/// Returns the result in the answer of an apply; `None` unless it was completed, and once it is undone or its user removed:
/// then it lacks the address.
fn whole_result(apply: &StoredApply, work: &Work) -> Result<Option<Value>, ApiError> {
    if !apply.has_answer() || apply.state() == ApplyState::Undone || apply.user_removed().is_some() {
        return Ok(None);
    }
    let answer = apply.answer::<ApiError>(work)?;
    work.spend(answer.len())?;
    let answer: AnswerWithResult = serde_json::from_str(&answer).map_err(ApiError::internal)?;
    Ok(Some(answer.result))
}

/// Returns an apply in the caller's organization. Fails unless the stored caller matches the token and sees the apply.
/// Two concurrent reads.
pub(crate) async fn find(
    call: &Call<'_>,
    caller: &Actor,
    (snapshot, apply): (ObjectId, ObjectId),
) -> Result<StoredApply, ApiError> {
    let applies = Applies::new(call.table);
    let (confirmed, found) = tokio::join!(call.confirm(caller), applies.find(&caller.organization, &snapshot, &apply));
    confirmed?;
    let principal = caller.principal();
    found?.filter(|apply| is_seen(&principal, apply)).ok_or(ApiError::ApplyNotFound)
}

/// Who applied and who undid: one look-up brings the names of both.
fn people_of(apply: &StoredApply) -> impl Iterator<Item = ObjectId> {
    [Some(apply.applied_by()), apply.undone().map(|(_, by)| by)].into_iter().flatten()
}

/// Returns whether the caller sees an apply.
pub(crate) fn is_seen(principal: &Principal, apply: &StoredApply) -> bool {
    principal.judge_apply(Action::History, apply.made_user()) == Verdict::Allowed
}
