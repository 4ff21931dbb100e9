//! The types of DynamoDB that a document's JSON does not show.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A type of DynamoDB that JSON does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ValueType {
    /// A set of texts: an array of texts, in the order of their bytes.
    #[serde(rename = "SS")]
    Texts,
    /// A set of numbers: an array of numbers, in the order of their values.
    #[serde(rename = "NS")]
    Numbers,
    /// A set of binary values: an array of base64 texts, in the order of the bytes.
    #[serde(rename = "BS")]
    Binaries,
    /// A binary value: a base64 text.
    #[serde(rename = "B")]
    Binary,
}

impl ValueType {
    /// Whether it holds bytes, which are neither walked nor redacted.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Binaries | Self::Binary)
    }
}

/// A place of a document that is stored as a type that JSON does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypedPlace {
    /// A JSON pointer into the document.
    pub pointer: String,
    /// The type in DynamoDB: a set of texts, numbers or binary values, or a binary value.
    #[serde(rename = "type")]
    pub kind: ValueType,
}

/// Typed places as a tree, which is walked beside the document.
#[derive(Debug, Default, PartialEq)]
pub struct TypeTree {
    kind: Option<ValueType>,
    below: HashMap<String, TypeTree>,
}

impl TypeTree {
    /// The tree of these places.
    pub fn of(places: &[TypedPlace]) -> Self {
        let mut tree = Self::default();
        for place in places {
            let segments = place.pointer.split('/').skip(1);
            let mut at = &mut tree;
            for segment in segments {
                at = at.below.entry(segment.replace("~1", "/").replace("~0", "~")).or_default();
            }
            at.kind = Some(place.kind);
        }
        tree
    }

    /// What stands at one segment below; `None` where nothing is typed there.
    pub fn at(&self, segment: &str) -> Option<&Self> {
        self.below.get(segment)
    }

    /// The type of this place itself.
    pub fn kind(&self) -> Option<ValueType> {
        self.kind
    }
}
