//! The items that an apply makes.

use serde::Serialize;
use utoipa::ToSchema;

use super::{CountedList, IdentityRewire};
use crate::domain::reference::Reference;
use crate::domain::{Document, ItemKind, ObjectId};

/// An item that arrives. Its references to other items still carry source ids, and its places of identity the source person's
/// values, because those of the new user are made later.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedClone {
    /// What it is.
    pub kind: ItemKind,
    /// Its id in the snapshot.
    pub source_id: ObjectId,
    /// Its fields, with stages and agents mapped.
    pub document: Document,
    /// For an automation, whether it arrives switched on; for anything else, nothing.
    pub enabled: Option<bool>,
    /// References that get the id of another clone.
    pub rewires: Vec<Rewire>,
    /// Stages and agents that were mapped.
    pub mapped: CountedList<MappedReference>,
    /// Places that get a value of the new user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<IdentityRewire>,
}

/// A reference of an automation and what a mapping made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MappedReference {
    /// The reference as it stands in the snapshot.
    #[serde(flatten)]
    pub reference: Reference,
    /// What stands there in the clone.
    pub target: String,
}

/// A reference by id from one clone to another.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rewire {
    /// Where the id stands, as a JSON pointer into the document.
    pub pointer: String,
    /// What it names.
    pub kind: ItemKind,
    /// The id that the named item has in the snapshot.
    pub source_id: ObjectId,
}
