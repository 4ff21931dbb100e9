//! The destinations and links that a plan lists.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::destination::DestinationKind;
use crate::domain::{ItemKind, ObjectId};

/// A host, an address or a number to which an automation sends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Destination)]
pub struct PlannedDestination {
    /// A URL or a host as it stands in the snapshot, an e-mail address in lower case, a phone number as E.164. It is accepted by this
    /// text.
    pub destination: String,
    /// What it is.
    pub kind: DestinationKind,
    /// The host as punycode, where it has letters that may pass for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host: Option<String>,
    /// The automation that sends there; left out where no automation uses the prompt or template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub automation_id: Option<ObjectId>,
    /// Its name; empty without an automation. One of more than 120 characters ends in an ellipsis.
    pub automation_name: String,
    /// The kind of the item that holds it, where that is not the automation itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub item_kind: Option<ItemKind>,
    /// The id of that item in the source organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub item_id: Option<ObjectId>,
    /// That item's name; empty where it has none. A very long one ends in an ellipsis.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub item_name: Option<String>,
    /// Where it stands first, as a JSON pointer into the document of the item that holds it.
    pub pointer: String,
    /// Whether the request or the organization accepts it.
    pub accepted: bool,
}

/// A URL in a text that is made to be sent or read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Link)]
pub struct PlannedLink {
    /// The URL as it stands in the text, as far as the first merge tag. A very long one ends in an ellipsis.
    pub link: String,
    /// The kind of the item that holds it.
    pub item_kind: ItemKind,
    /// The id of that item in the source organization.
    pub item_id: ObjectId,
    /// Its name; empty where it has none. A very long one ends in an ellipsis.
    pub item_name: String,
    /// Where the text stands, as a JSON pointer into its document.
    pub pointer: String,
}
