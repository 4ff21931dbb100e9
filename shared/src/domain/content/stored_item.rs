//! An item as JSON. The types that its document has beside its JSON stand beside the document. An item with a switch stands
//! beside its switch.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use super::{CapturedItem, IdentityPlace};
use crate::domain::values::TypedPlace;
use crate::domain::{Document, ItemKind, ObjectId};

/// The JSON of an item, in the order of the fields' names.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::domain) struct StoredItem<'a> {
    document: Cow<'a, Document>,
    id: ObjectId,
    #[serde(default, skip_serializing_if = "is_empty")]
    identity: Cow<'a, [IdentityPlace]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    removed_secrets: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    types: Cow<'a, [TypedPlace]>,
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

/// The JSON of an item with its switch.
#[derive(Serialize, Deserialize)]
struct SwitchedItem<'a> {
    enabled: bool,
    item: StoredItem<'a>,
}

impl<'a> From<&'a CapturedItem> for StoredItem<'a> {
    /// Without the switch.
    fn from(CapturedItem { document, enabled: _, id, identity, removed_secrets }: &'a CapturedItem) -> Self {
        Self {
            document: Cow::Borrowed(document),
            id: *id,
            identity: identity.into(),
            removed_secrets: removed_secrets.into(),
            types: document.types().into(),
        }
    }
}

impl StoredItem<'_> {
    fn into_captured(self, enabled: Option<bool>) -> CapturedItem {
        let Self { document, id, identity, removed_secrets, types } = self;
        CapturedItem {
            document: document.into_owned().with_types(types.into_owned()),
            enabled,
            id,
            identity: identity.into_owned(),
            removed_secrets: removed_secrets.into_owned(),
        }
    }
}

impl Serialize for CapturedItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let item = StoredItem::from(self);
        match self.enabled {
            Some(enabled) => SwitchedItem { enabled, item }.serialize(serializer),
            None => item.serialize(serializer),
        }
    }
}

/// Reads an item of a kind.
#[derive(Clone, Copy)]
pub(super) struct ItemSeed(pub(super) ItemKind);

impl<'de> DeserializeSeed<'de> for ItemSeed {
    type Value = CapturedItem;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<CapturedItem, D::Error> {
        if self.0.has_switch() {
            let SwitchedItem { enabled, item } = SwitchedItem::deserialize(deserializer)?;
            return Ok(item.into_captured(Some(enabled)));
        }
        Ok(StoredItem::deserialize(deserializer)?.into_captured(None))
    }
}

impl CapturedItem {
    /// Reads the JSON of an item of this kind.
    pub fn read(kind: ItemKind, json: &[u8]) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let item = ItemSeed(kind).deserialize(&mut deserializer)?;
        deserializer.end().map(|()| item)
    }
}
