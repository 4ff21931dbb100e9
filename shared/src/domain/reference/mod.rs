//! The places in an item that name something else. One walker finds them, and the same walker rewrites them.
//!
//! A reference is certain by its place (`place.rs`) or by its id (`lookup.rs`); an id that nothing defines is unknown; a name of the
//! source organization at a place that may hold anything is suspected.

mod earlier;
mod expression;
mod hints;
mod lookup;
mod place;
mod rewrite;
mod term_usage;
mod terms;
#[cfg(test)]
mod tests;
mod texts;
mod vocabulary;
mod walk;

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub use self::earlier::{EarlierSite, each_earlier_site};
pub use self::lookup::{KnownId, Lookup};
pub use self::rewrite::{Replacement, rewire, rewrite};
pub(super) use self::term_usage::TermUsage;

use super::{ItemKind, ObjectId, cut};

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RefType {
    /// A stage of a pipeline, by name or by the id that the CRM keeps on it.
    PipelineStage,
    /// An agent, by name or id.
    Agent,
    /// A template of the same setup, by name or id.
    Template,
    /// A prompt of the same setup, by name or id.
    Prompt,
    /// A pipeline, by id.
    Pipeline,
    /// An automation of the same setup, by id.
    Automation,
    /// An id of something that neither the setup nor the source organization has.
    Unknown,
}

impl RefType {
    /// What it names, in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::PipelineStage => "stage",
            Self::Agent => "agent",
            Self::Template => "template",
            Self::Prompt => "prompt",
            Self::Pipeline => "pipeline",
            Self::Automation => "automation",
            Self::Unknown => "unknown id",
        }
    }

    /// The kind of setup item that it names; `None` where it names something else.
    pub fn item_kind(self) -> Option<ItemKind> {
        match self {
            Self::Template => Some(ItemKind::Template),
            Self::Prompt => Some(ItemKind::Prompt),
            Self::Automation => Some(ItemKind::Automation),
            Self::PipelineStage | Self::Agent | Self::Pipeline | Self::Unknown => None,
        }
    }
}

impl From<ItemKind> for RefType {
    fn from(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Automation => Self::Automation,
            ItemKind::Prompt => Self::Prompt,
            ItemKind::Template => Self::Template,
        }
    }
}

/// The most code points of an automation's name in a reference, and of the names of its fields. They stand in each of its
/// references, and so longer ones would multiply; the automation's id and the pointer name them as well.
pub const MAX_REFERENCE_NAME: usize = 120;
/// The most code points of a reference's pointer. A longer one ends in an ellipsis and a part of its hash.
const MAX_POINTER: usize = 1_000;
/// How many hex digits of its SHA-256 a long pointer ends in.
const POINTER_HASH: usize = 16;

/// Returns a pointer as answers show it and as the mappings take it. One of more than 1,000 characters has the first of them, an ellipsis
/// and a part of its hash, so every pointer of an answer is a key. A pointer that has this form already stays as it is.
pub fn key_pointer(pointer: &str) -> Cow<'_, str> {
    if !pointer.starts_with('/') || pointer.chars().nth(MAX_POINTER).is_none() {
        return Cow::Borrowed(pointer);
    }
    let start: String = pointer.chars().take(MAX_POINTER - POINTER_HASH - 1).collect();
    let hash = hex::encode(Sha256::digest(pointer));
    Cow::Owned(format!("{start}…{}", &hash[..POINTER_HASH]))
}

/// A name without its case and what separates its words.
pub(super) fn without_case(name: &str) -> String {
    place::folded(name)
}

/// A reference as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The name of the automation it stands in. One of more than 120 characters ends in an ellipsis.
    pub automation_name: String,
    /// Whether the name is cut; false when absent. `automationId` is a key of the mappings as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub automation_name_cut: bool,
    /// The id of the automation in the source organization.
    pub automation_id: ObjectId,
    /// The field that holds it, such as `targetStage`; for a condition, the field that is compared. A very long one ends in an
    /// ellipsis.
    pub field: String,
    /// What it names.
    pub value: String,
    /// The kind of thing it names.
    pub ref_type: RefType,
    /// The top-level field that it stands under, such as `actions`, `conditions` or `sourceStatuses`. A very long one ends in an
    /// ellipsis.
    pub field_location: String,
    /// Where it stands, as a JSON pointer into the automation. It is a key of the mappings as well. One of more than 1,000 characters
    /// ends in an ellipsis and 16 hex digits of its SHA-256, and is a key as it stands.
    #[serde(default)]
    pub pointer: String,
    /// Whether it is a reference by its name alone: the source organization has a stage or an agent of that name, and the place may
    /// hold anything. It is mapped by its pointer, and `keepValues` says that it is none. False when absent.
    #[serde(default)]
    pub suspected: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// One place of a document that holds a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site<'v> {
    /// What it names now; the JSON of it where it is not readable. Never empty: an empty text names nothing.
    pub value: Cow<'v, str>,
    /// Whether it is a text. What is not leads nowhere.
    pub is_readable: bool,
    /// The kind of thing it names.
    pub ref_type: RefType,
    /// Whether it is a reference by its name alone.
    pub suspected: bool,
    /// Where it stands, as a JSON pointer into the document.
    pub pointer: String,
    /// The bytes of the text that are the value, where that is not the whole text: a list of ids.
    part: Option<Range<usize>>,
    /// Whether it is the key at the place, and not the value.
    in_key: bool,
    location: &'v str,
    field: &'v str,
}

impl Site<'_> {
    /// The site as the API shows it, in an automation of this id and name.
    pub fn describe(&self, automation: ObjectId, name: &str) -> Reference {
        let shown = cut(name, MAX_REFERENCE_NAME);
        Reference {
            automation_name_cut: shown.len() != name.len(),
            automation_name: shown.into_owned(),
            automation_id: automation,
            field: cut(self.field, MAX_REFERENCE_NAME).into_owned(),
            value: self.value.clone().into_owned(),
            ref_type: self.ref_type,
            field_location: cut(self.location, MAX_REFERENCE_NAME).into_owned(),
            pointer: self.key_pointer().into_owned(),
            suspected: self.suspected,
        }
    }

    /// Where it stands, as answers tell it and as the mappings take it.
    pub fn key_pointer(&self) -> Cow<'_, str> {
        key_pointer(&self.pointer)
    }

    /// Whether it is an element of the `sourceStatuses` array at the top.
    pub fn is_source_status(&self) -> bool {
        self.location == SOURCE_STATUSES
    }

    /// Whether it is a key of an object. A key is not rewritten.
    pub fn is_key(&self) -> bool {
        self.in_key
    }
}

/// The top-level array of the stages that an automation listens to.
pub const SOURCE_STATUSES: &str = "sourceStatuses";
