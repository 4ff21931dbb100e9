//! `GET /api/user-snapshots/{id}`: returns a snapshot with the names of its items.

use std::borrow::Cow;

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::content::{CapturedItem, Content};
use shared::domain::reference::{Lookup, RefType, Reference};
use shared::domain::sharing::{RevisionChoice, VisibleRevision};
use shared::domain::{ItemKind, LeftOut, ObjectId, OverBudget, PerKind, Work};
use shared::http::bounded::{BoundedList, MAX_LIST_BYTES, cut, first_listed, sent_bytes, written};
use shared::http::{Answer, ApiError, Query, SnapshotDocument, etag};
use shared::store::{Refreshes, RevisionLookup, SnapshotReader, SnapshotWithContent};
use utoipa::ToSchema;

use crate::Call;

/// The most code points of a shown name.
const NAME: usize = 200;
/// The same if the answer would otherwise exceed [`MAX_DETAIL_BYTES`]: a capture has up to 5,000 items.
const SHORT_NAME: usize = 50;
/// The most code points of a shown type. The CRM's have at most 13, but the field is open.
const TYPE: usize = 40;
/// Above this many bytes, as Lambda counts them, names are cut shorter.
const MAX_DETAIL_BYTES: usize = 4_000_000;

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotFound)]
pub(crate) struct SnapshotAnswer<'a> {
    snapshot: SnapshotDetail<'a>,
}

/// A snapshot with the names of its items.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SnapshotDetail<'a> {
    #[serde(flatten)]
    document: SnapshotDocument<'a>,
    #[serde(flatten)]
    holdings: Holdings<'a>,
}

/// The items of a snapshot or an older revision, by name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Holdings<'a> {
    /// Its automations.
    automations: Vec<NamedItem<'a>>,
    /// Its prompts.
    prompts: Vec<NamedItem<'a>>,
    /// Its templates.
    templates: Vec<NamedItem<'a>>,
    /// The parts of the source that could not be read and are not in the snapshot; left out if empty. At most 200 are
    /// listed.
    #[serde(skip_serializing_if = "<[LeftOut]>::is_empty")]
    #[schema(nullable = false)]
    left_out: &'a [LeftOut],
    /// The total number; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left_out_total: Option<usize>,
    /// Every reference of an automation to a pipeline stage; as many as fit 1 MB.
    source_pipeline_stage_refs: Vec<Reference>,
    /// The total number of references; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    source_pipeline_stage_refs_total: Option<usize>,
}

/// An automation, prompt or template, by name.
#[derive(Serialize, ToSchema)]
struct NamedItem<'a> {
    /// Its id in the source organization.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// Its name; empty if it has none. A very long one ends in an ellipsis.
    #[schema(value_type = String)]
    name: Cow<'a, str>,
    /// The `triggerType` of an automation, the `type` of a template.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    kind: Option<Cow<'a, str>>,
    /// Whether the source user had it switched on; automations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// Returns the revision that the parameter `revision` names.
pub(crate) fn revision_choice(query: &Query) -> Result<RevisionChoice, ApiError> {
    let parse = |text: &str| match text {
        "shared" => Ok(RevisionChoice::Shared),
        _ => Err("is shared, or left out".to_owned()),
    };
    Ok(query.get("revision", parse)?.unwrap_or_default())
}

/// Returns the revision that the caller sees. Fails with 404 otherwise.
pub(crate) fn visible(lookup: RevisionLookup) -> Result<Box<SnapshotWithContent>, ApiError> {
    match lookup {
        RevisionLookup::Revision(snapshot) => Ok(snapshot),
        RevisionLookup::NoSuchRevision => Err(ApiError::RevisionNotFound),
        RevisionLookup::Missing => Err(ApiError::SnapshotNotFound),
    }
}

/// Reads the snapshot in the path with the content that the caller sees.
pub(crate) async fn load(call: &Call<'_>, choice: RevisionChoice) -> Result<Box<SnapshotWithContent>, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("id")?;
    let principal = caller.principal();
    let reader = SnapshotReader::new(call.table);
    let (confirmed, loaded) = tokio::join!(call.confirm(&caller), reader.load(id, &principal, choice));
    confirmed?;
    visible(loaded?)
}

pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    call.begin()?;
    let id = call.context.path_id("id")?;
    let choice = revision_choice(&call.query(&["revision"])?)?;
    let reader = Refreshes::new(call.table);
    let (loaded, state) = tokio::join!(load(call, choice), reader.state(id));
    let (mut loaded, state) = (loaded?, state?);
    // Only a caller who sees the current revision sees how it is refreshed.
    let state = state.filter(|_| loaded.visible == VisibleRevision::Current);
    if state.as_ref().and_then(|state| state.revision).is_some_and(|about| about > loaded.snapshot.revision) {
        // Another revision was made between the two reads, so the snapshot is read once more.
        loaded = load(call, choice).await?;
    }
    let tag = loaded.visible.tag(&loaded.stored.snapshot);
    let writing = call.compute(move |work| {
        Holdings::written(&loaded.content::<ApiError>(work)?, work, |holdings| {
            let document = SnapshotDocument::new(&loaded.snapshot, tag).refreshed(state.clone());
            written(&SnapshotAnswer { snapshot: SnapshotDetail { document, holdings } }, work)
        })
    });
    Ok(Answer::json_text(StatusCode::OK, writing.await?).with_header(ETAG, etag(tag)))
}

impl<'a> Holdings<'a> {
    /// Returns the output of `write`, with names cut shorter if it would be too long for an answer.
    pub(crate) fn written(
        content: &'a Content,
        work: &Work,
        write: impl Fn(Self) -> Result<String, ApiError>,
    ) -> Result<String, ApiError> {
        let body = write(Self::of(content, NAME, work)?)?;
        work.spend(body.len())?;
        if sent_bytes(body.as_bytes()) <= MAX_DETAIL_BYTES {
            return Ok(body);
        }
        write(Self::of(content, SHORT_NAME, work)?)
    }

    fn of(content: &'a Content, name_length: usize, work: &Work) -> Result<Self, OverBudget> {
        let mut stages = BoundedList::new(MAX_LIST_BYTES);
        Lookup::of(content, work)?.each_reference::<OverBudget>(content, work, |reference| {
            if reference.ref_type == RefType::PipelineStage {
                stages.add(reference, work)?;
            }
            Ok(())
        })?;
        let (stages, total) = stages.finish();
        let (left_out, left_out_total) = first_listed(&content.left_out);
        let named = content
            .items
            .as_ref()
            .map(|kind, items| items.iter().map(|item| NamedItem::new(kind, item, name_length)).collect());
        let PerKind { automations, prompts, templates } = named;
        Ok(Self {
            automations,
            prompts,
            templates,
            left_out,
            left_out_total,
            source_pipeline_stage_refs: stages,
            source_pipeline_stage_refs_total: total,
        })
    }
}

impl<'a> NamedItem<'a> {
    fn new(kind: ItemKind, item: &'a CapturedItem, name_length: usize) -> Self {
        let type_field = match kind {
            ItemKind::Automation => Some("triggerType"),
            ItemKind::Prompt => None,
            ItemKind::Template => Some("type"),
        };
        Self {
            id: item.id,
            name: cut(item.document.name(), name_length),
            kind: type_field.and_then(|field| item.document.text(field)).map(|text| cut(text, TYPE)),
            enabled: item.enabled,
        }
    }
}
