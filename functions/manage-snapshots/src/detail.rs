//! `GET /api/user-snapshots/{id}`: what a snapshot holds, by name.

use std::borrow::Cow;

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::content::{CapturedItem, Content};
use shared::domain::identity;
use shared::domain::reference::{Lookup, RefType, Reference};
use shared::domain::sharing::{RevisionChoice, VisibleRevision};
use shared::domain::{LeftOut, ObjectId, OverBudget, Work};
use shared::http::bounded::{Fitting, MAX_LIST_BYTES, cut, first_listed, sent_bytes};
use shared::http::{Answer, ApiError, Query, SnapshotDocument, etag};
use shared::store::{Refreshes, RevisionLookup, SnapshotReader, SnapshotWithContent};
use utoipa::ToSchema;

use crate::Call;

/// How many code points of a name are shown.
const NAME: usize = 200;
/// The same where the answer would have more than [`MAX_DETAIL_BYTES`] otherwise: a capture has up to 5,000 items.
const SHORT_NAME: usize = 50;
/// How many code points of a type are shown. Those of the CRM have at most 13, but the field is open.
const TYPE: usize = 40;
/// From where on names are cut shorter, as Lambda counts bytes.
const MAX_DETAIL_BYTES: usize = 4_000_000;

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotFound)]
pub(crate) struct Detail<'a> {
    snapshot: DetailedSnapshot<'a>,
}

/// A snapshot with what it holds, by name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DetailedSnapshot<'a> {
    #[serde(flatten)]
    document: SnapshotDocument<'a>,
    #[serde(flatten)]
    holdings: Holdings<'a>,
}

/// What a snapshot, or an older revision of one, holds by name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Holdings<'a> {
    /// Its automations.
    automations: Vec<NamedItem<'a>>,
    /// Its prompts.
    prompts: Vec<NamedItem<'a>>,
    /// Its templates.
    templates: Vec<NamedItem<'a>>,
    /// What of the source could not be read and is not in the snapshot; left out where that is nothing. At most 200 are listed.
    #[serde(skip_serializing_if = "<[LeftOut]>::is_empty")]
    #[schema(nullable = false)]
    left_out: &'a [LeftOut],
    /// How many there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left_out_total: Option<usize>,
    /// Every place of an automation that names a stage of a pipeline; as many as fit 1 MB.
    source_pipeline_stage_refs: Vec<Reference>,
    /// How many references there are, where not all are listed.
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
    /// Its name; empty where it has none. A very long one ends in an ellipsis.
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

/// The revision that the parameter `revision` asks for.
pub(crate) fn revision_choice(query: &Query) -> Result<RevisionChoice, ApiError> {
    let parse = |text: &str| match text {
        "shared" => Ok(RevisionChoice::Shared),
        _ => Err("is shared, or left out".to_owned()),
    };
    Ok(query.get("revision", parse)?.unwrap_or_default())
}

/// What the caller sees, or why it sees nothing.
pub(crate) fn seen(seen: RevisionLookup) -> Result<Box<SnapshotWithContent>, ApiError> {
    match seen {
        RevisionLookup::Revision(seen) => Ok(seen),
        RevisionLookup::NoSuchRevision => Err(ApiError::RevisionNotFound),
        RevisionLookup::Missing => Err(ApiError::SnapshotNotFound),
    }
}

/// The content, with the findings of today's rules where it was captured before there were any.
pub(crate) fn content(loaded: &SnapshotWithContent, work: &Work) -> Result<Content, ApiError> {
    let mut content = loaded.content::<ApiError>(work)?;
    match identity::complete(&mut content, &loaded.snapshot.source, work) {
        Ok(()) => Ok(content),
        Err(stopped) => {
            let detail = identity::excess(stopped)?;
            Err(ApiError::SetupTooLarge { detail })
        }
    }
}

/// Reads the snapshot of the path with the content that the caller sees.
pub(crate) async fn load(call: &Call<'_>, choice: RevisionChoice) -> Result<Box<SnapshotWithContent>, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("id")?;
    let principal = caller.principal();
    let reader = SnapshotReader::new(call.table);
    let (confirmed, loaded) = tokio::join!(call.confirm(&caller), reader.load(id, &principal, choice));
    confirmed?;
    seen(loaded?)
}

pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    call.begin()?;
    let id = call.context.path_id("id")?;
    let choice = revision_choice(&Query::of(call.request, &["revision"])?)?;
    let reader = Refreshes::new(call.table);
    let (loaded, state) = tokio::join!(load(call, choice), reader.state(id));
    let (mut loaded, state) = (loaded?, state?);
    // Only who sees the current revision sees how it is refreshed.
    let state = state.filter(|_| loaded.visible == VisibleRevision::Current);
    if state.as_ref().and_then(|state| state.revision).is_some_and(|about| about > loaded.snapshot.revision) {
        // Another revision was made between the two reads, so the snapshot is read once more.
        loaded = load(call, choice).await?;
    }
    let tag = loaded.visible.tag(&loaded.stored.snapshot);
    let writing = call.compute(move |work| {
        Holdings::written(&content(&loaded, work)?, work, |holdings| {
            let document = SnapshotDocument::from(&loaded.snapshot).refreshed(state.clone());
            serde_json::to_string(&Detail { snapshot: DetailedSnapshot { document, holdings } })
        })
    });
    Ok(Answer::json_text(StatusCode::OK, writing.await?).with_header(ETAG, etag(tag)))
}

impl<'a> Holdings<'a> {
    /// What `write` makes of them, with names cut shorter where that would be too long for an answer.
    pub(crate) fn written(
        content: &'a Content,
        work: &Work,
        write: impl Fn(Self) -> serde_json::Result<String>,
    ) -> Result<String, ApiError> {
        let body = write(Self::of(content, NAME, work)?).map_err(ApiError::internal)?;
        if sent_bytes(body.as_bytes()) <= MAX_DETAIL_BYTES {
            return Ok(body);
        }
        write(Self::of(content, SHORT_NAME, work)?).map_err(ApiError::internal)
    }

    fn of(content: &'a Content, name_length: usize, work: &Work) -> Result<Self, OverBudget> {
        let mut stages = Fitting::new(MAX_LIST_BYTES);
        content.each_reference::<OverBudget>(&Lookup::of(content, work)?, work, |reference| {
            if reference.ref_type == RefType::PipelineStage {
                stages.add(reference);
            }
            Ok(())
        })?;
        let (stages, total) = stages.finish();
        let (left_out, left_out_total) = first_listed(&content.left_out);
        Ok(Self {
            automations: automations(content, name_length),
            prompts: content.prompts.iter().map(|item| NamedItem::new(item, name_length)).collect(),
            templates: templates(content, name_length),
            left_out,
            left_out_total,
            source_pipeline_stage_refs: stages,
            source_pipeline_stage_refs_total: total,
        })
    }
}

fn automations(content: &Content, name_length: usize) -> Vec<NamedItem<'_>> {
    let automations = content.automations.iter();
    automations
        .map(|automation| NamedItem {
            kind: kind(&automation.item, "triggerType"),
            enabled: Some(automation.enabled),
            ..NamedItem::new(&automation.item, name_length)
        })
        .collect()
}

fn templates(content: &Content, name_length: usize) -> Vec<NamedItem<'_>> {
    let templates = content.templates.iter();
    templates.map(|item| NamedItem { kind: kind(item, "type"), ..NamedItem::new(item, name_length) }).collect()
}

fn kind<'a>(item: &'a CapturedItem, field: &str) -> Option<Cow<'a, str>> {
    item.document.text(field).map(|text| cut(text, TYPE))
}

impl<'a> NamedItem<'a> {
    fn new(item: &'a CapturedItem, name_length: usize) -> Self {
        Self { id: item.id, name: cut(item.document.name(), name_length), kind: None, enabled: None }
    }
}
