//! `GET /api/user-snapshots/{id}/items`: lists the items of a snapshot with all fields.

use std::fmt;
use std::str::FromStr;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::content::{CapturedItem, Content};
use shared::domain::diff::ItemChange;
use shared::domain::hidden_text::{self, HiddenText, HiddenTexts};
use shared::domain::reference::{Lookup, Reference};
use shared::domain::sharing::RevisionChoice;
use shared::domain::values::TypedPlace;
use shared::domain::{Document, ItemKind, ObjectId, OverBudget, Violation, Work};
use shared::http::bounded::{BoundedList, count_that_fit, first_within};
use shared::http::{Answer, ApiError, Cursor, FieldError, route};
use shared::store::{SnapshotReader, SnapshotWithContent};
use utoipa::ToSchema;

use crate::Call;
use crate::detail::{load, revision_choice};

/// The most bytes of an item's pointers to removed secrets, and of its types, as Lambda counts them. The item itself
/// may have 3 MB.
pub(crate) const MAX_POINTER_BYTES: usize = 200_000;

/// One page of items.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ItemPage)]
pub(crate) struct ItemPage<'a> {
    /// The items: automations, prompts, templates, each kind in the order of its ids. At most 1 MB, but at least one.
    items: &'a [WholeItem<'a>],
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// An automation, prompt or template as it was captured.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Item)]
struct WholeItem<'a> {
    /// Its id in the source organization.
    #[serde(rename = "_id")]
    id: ObjectId,
    kind: ItemKind,
    /// Whether the source user had it switched on; automations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// JSON pointers to values that were removed as secrets; left out if empty. As many as fit 200 kB.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    removed_secrets: Vec<&'a str>,
    /// The total number of such values; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    removed_secrets_total: Option<usize>,
    /// Places whose stored type JSON does not have; left out if empty. A set is shown as an array in canonical
    /// order, binary as base64. As many as fit 200 kB.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<TypedPlace>)]
    types: Vec<&'a TypedPlace>,
    /// The total number of such places; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    types_total: Option<usize>,
    /// Texts with invisible characters, and what these are; left out if empty. At most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hidden_text: Vec<HiddenText>,
    /// The total number of such texts; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hidden_text_total: Option<usize>,
    /// The references of an automation; left out if empty. As many as fit 200 kB.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
    /// The total number of references; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    references_total: Option<usize>,
    document: &'a Document,
    #[serde(skip)]
    item: &'a CapturedItem,
}

pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    call.begin()?;
    call.context.path_id("id")?;
    let query = call.query(&["kind", "revision", "limit", "cursor"])?;
    let kind = query.get("kind", parse_kind)?;
    let choice = revision_choice(&query)?;
    let (limit, after) = (query.limit()?, query.cursor::<PinnedPosition>()?);
    let loaded = load_pinned(call, choice, after.map(|after| after.revision)).await?;
    let after = after.map(|after| after.place);
    call.compute(move |work| {
        page(&loaded.content::<ApiError>(work)?, loaded.snapshot.revision, kind, limit, after, work)
    })
    .await
}

/// Returns one page of the items of a revision.
pub(crate) fn page(
    content: &Content,
    revision: u32,
    kind: Option<ItemKind>,
    limit: usize,
    after: Option<ItemPosition>,
    work: &Work,
) -> Result<Answer, ApiError> {
    let lookup = Lookup::of(content, work)?;
    let rest: Vec<WholeItem<'_>> = whole_items(content)
        .filter(|item| kind.is_none_or(|kind| item.kind == kind))
        .filter(|item| after.is_none_or(|after| after < item.place()))
        .take(limit + 1)
        .map(|item| item.with_places(work)?.with_references(&lookup, work))
        .collect::<Result<_, _>>()?;
    let shown = &rest[..count_that_fit(&rest[..rest.len().min(limit)], work)?];
    let more = shown.len() < rest.len();
    let last = shown.last().filter(|_| more);
    let next_cursor = last.map(|item| Cursor::write(&PinnedPosition { revision, place: item.place() }));
    Answer::metered(StatusCode::OK, &ItemPage { items: shown, next_cursor }, work)
}

/// Reads the revision of a page: the visible one or, for a next page, that of the page before, whatever was made or
/// shared since.
async fn load_pinned(
    call: &Call<'_>,
    choice: RevisionChoice,
    pinned: Option<u32>,
) -> Result<Box<SnapshotWithContent>, ApiError> {
    let Some(pinned) = pinned else { return load(call, choice).await };
    let gone = |error| match error {
        ApiError::RevisionNotFound => {
            let detail = "the parameter \"cursor\" belongs to a revision that was deleted; start with the first page";
            ApiError::InvalidQuery(vec![FieldError::new("", detail)])
        }
        other => other,
    };
    let loaded = load(call, RevisionChoice::Number(pinned)).await;
    let loaded = match loaded {
        Err(ApiError::RevisionNotFound) => load_earlier(call, pinned).await,
        other => other,
    };
    loaded.map_err(gone)
}

/// Reads a revision that the caller saw as the shared one until another was shared.
async fn load_earlier(call: &Call<'_>, revision: u32) -> Result<Box<SnapshotWithContent>, ApiError> {
    let loaded = load(call, RevisionChoice::Usual).await?;
    let snapshot = &loaded.stored.snapshot;
    let is_earlier = snapshot.shares.earlier.is_some_and(|earlier| earlier.revision == revision);
    let (reader, principal) = (SnapshotReader::new(call.table), call.begin()?.principal());
    if !is_earlier || !reader.saw_earlier(snapshot, &principal).await? {
        return Err(ApiError::RevisionNotFound);
    }
    reader.at_revision(*loaded, revision).await?.map(Box::new).ok_or(ApiError::RevisionNotFound)
}

/// Reads the parameter `kind`.
pub(crate) fn parse_kind(text: &str) -> Result<ItemKind, String> {
    let wrong = || format!("is one of {}", ItemKind::ALL.map(ItemKind::as_str).join(", "));
    ItemKind::named(text).ok_or_else(wrong)
}

/// Returns all items in the order of their positions.
fn whole_items(content: &Content) -> impl Iterator<Item = WholeItem<'_>> {
    content.items.each().map(|(kind, item)| WholeItem::new(kind, item))
}

impl<'a> WholeItem<'a> {
    fn new(kind: ItemKind, item: &'a CapturedItem) -> Self {
        Self {
            id: item.id,
            kind,
            enabled: item.enabled,
            removed_secrets: Vec::new(),
            removed_secrets_total: None,
            types: Vec::new(),
            types_total: None,
            hidden_text: Vec::new(),
            hidden_text_total: None,
            references: Vec::new(),
            references_total: None,
            document: &item.document,
            item,
        }
    }

    /// Returns the item with its places: removed secrets, types and hidden texts.
    fn with_places(self, work: &Work) -> Result<Self, OverBudget> {
        let pointers = self.item.removed_secrets.iter().map(String::as_str);
        let (removed_secrets, removed_secrets_total) = first_within(MAX_POINTER_BYTES, pointers, work)?;
        let (types, types_total) = first_within(MAX_POINTER_BYTES, self.document.types(), work)?;
        let HiddenTexts { listed: hidden_text, total } = hidden_text::find(self.document, work)?;
        let hidden_text_total = (total > hidden_text.len()).then_some(total);
        Ok(Self { removed_secrets, removed_secrets_total, types, types_total, hidden_text, hidden_text_total, ..self })
    }

    /// Returns the item with the references of an automation.
    fn with_references(self, lookup: &Lookup<'_>, work: &Work) -> Result<Self, OverBudget> {
        if self.kind != ItemKind::Automation {
            return Ok(self);
        }
        let mut list = BoundedList::new(MAX_POINTER_BYTES);
        lookup.each_site::<OverBudget>(self.kind, self.item, work, |site| {
            list.add(site.describe(self.id, self.document.name()), work)
        })?;
        let (references, references_total) = list.finish();
        Ok(Self { references, references_total, ..self })
    }

    fn place(&self) -> ItemPosition {
        ItemPosition { kind: self.kind, id: self.id }
    }
}

/// A position in the list of a snapshot's items: by kind, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ItemPosition {
    kind: ItemKind,
    id: ObjectId,
}

/// A position with the revision of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PinnedPosition {
    revision: u32,
    place: ItemPosition,
}

impl fmt::Display for PinnedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.revision, self.place)
    }
}

impl FromStr for PinnedPosition {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let malformed = || Violation::malformed("this is not a position in a snapshot");
        let (revision, place) = text.split_once('#').ok_or_else(malformed)?;
        let revision = route::parse_revision(revision).map_err(|_| malformed())?;
        Ok(Self { revision, place: place.parse()? })
    }
}

impl ItemPosition {
    /// Returns the position of a changed item.
    pub(crate) fn of(change: &ItemChange<'_>) -> Self {
        Self { kind: change.kind, id: change.id }
    }
}

impl fmt::Display for ItemPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind, self.id)
    }
}

impl FromStr for ItemPosition {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let (kind, id) =
            text.split_once('#').ok_or_else(|| Violation::malformed("this is not a position in a snapshot"))?;
        Ok(Self { kind: parse_kind(kind).map_err(Violation::malformed)?, id: id.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_items_are_in_the_order_in_which_they_are_listed() {
        let place = |kind, id| ItemPosition { kind, id: ObjectId::from_bytes([id; 12]) };
        let ordered = [
            place(ItemKind::Automation, 1),
            place(ItemKind::Automation, 2),
            place(ItemKind::Prompt, 0),
            place(ItemKind::Template, 0),
        ];
        assert!(ordered.is_sorted());
        for place in ordered {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for bad in ["", "#", "agent#010101010101010101010101", "prompt#01", "prompt"] {
            assert!(bad.parse::<ItemPosition>().is_err(), "{bad}");
        }
    }
}
