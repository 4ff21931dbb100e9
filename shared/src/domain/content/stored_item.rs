//! An item as JSON. The types that its document has beside its JSON stand beside the document.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::CapturedItem;
use crate::domain::identity::IdentityPlace;
use crate::domain::values::TypedPlace;
use crate::domain::{Document, ObjectId};

/// The JSON of an item, in the order of the fields' names.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredItem<'a> {
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

impl Serialize for CapturedItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { document, id, identity, removed_secrets } = self;
        let stored = StoredItem {
            document: Cow::Borrowed(document),
            id: *id,
            identity: identity.into(),
            removed_secrets: removed_secrets.into(),
            types: document.types().into(),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CapturedItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredItem { document, id, identity, removed_secrets, types } = StoredItem::deserialize(deserializer)?;
        Ok(Self {
            document: document.into_owned().with_types(types.into_owned()),
            id,
            identity: identity.into_owned(),
            removed_secrets: removed_secrets.into_owned(),
        })
    }
}
