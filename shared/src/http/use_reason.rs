//! What an answer tells of the use of a user whom an apply has made.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::bounded::cut;
use super::schemas::open_codes;
use crate::domain::reference::MAX_REFERENCE_NAME;
use crate::domain::usage::{Trace, UsedItem};
use crate::domain::{ItemKind, ObjectId, Timestamp};

/// The kinds of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum UseCode {
    /// The user signed in.
    SignedIn,
    /// The user accepted an invitation.
    InvitationAccepted,
    /// The user was disabled.
    Disabled,
    /// The user was given another role.
    RoleChanged,
    /// The user was given another address.
    EmailChanged,
    /// A clone was edited.
    Edited,
    /// An item was added.
    Added,
    /// Clones were removed.
    Removed,
    /// An automation was switched on or off.
    Switched,
    /// The profile was changed, or something that is as before by now.
    ProfileChanged,
    /// The user was removed.
    UserRemoved,
}

/// One thing that was done with the user of an apply since, in the way of an undo.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UseReason<'a> {
    #[schema(schema_with = open_codes::<UseCode>)]
    code: UseCode,
    /// The kind of what was edited, added or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    kind: Option<ItemKind>,
    /// The id of the item that was edited or added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    item_id: Option<ObjectId>,
    /// That item's name; empty where it has none. A very long one ends in an ellipsis.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    item_name: Option<Cow<'a, str>>,
    /// How many clones of the kind were removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    count: Option<usize>,
    /// When the user first signed in, or accepted an invitation. Of a change no time is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    at: Option<Timestamp>,
}

impl UseReason<'_> {
    fn of(code: UseCode) -> Self {
        Self { code, kind: None, item_id: None, item_name: None, count: None, at: None }
    }
}

impl<'a> UseReason<'a> {
    fn of_item(code: UseCode, item: &'a UsedItem) -> Self {
        Self {
            kind: Some(item.kind),
            item_id: Some(item.id),
            item_name: Some(cut(&item.name, MAX_REFERENCE_NAME)),
            ..Self::of(code)
        }
    }
}

impl<'a> From<&'a Trace> for UseReason<'a> {
    fn from(trace: &'a Trace) -> Self {
        match trace {
            Trace::SignedIn(at) => Self { at: Some(*at), ..Self::of(UseCode::SignedIn) },
            Trace::InvitationAccepted(at) => Self { at: Some(*at), ..Self::of(UseCode::InvitationAccepted) },
            Trace::Disabled => Self::of(UseCode::Disabled),
            Trace::RoleChanged => Self::of(UseCode::RoleChanged),
            Trace::EmailChanged => Self::of(UseCode::EmailChanged),
            Trace::Edited(item) => Self::of_item(UseCode::Edited, item),
            Trace::Added(item) => Self::of_item(UseCode::Added, item),
            Trace::Removed(kind, count) => {
                Self { kind: Some(*kind), count: Some(*count), ..Self::of(UseCode::Removed) }
            }
            Trace::Switched => Self::of(UseCode::Switched),
            Trace::ProfileChanged => Self::of(UseCode::ProfileChanged),
            Trace::UserRemoved => Self::of(UseCode::UserRemoved),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_trace_becomes_a_reason_with_its_details() {
        let id = ObjectId::from_bytes([7; 12]);
        let item =
            || UsedItem { kind: ItemKind::Prompt, id, name: "Intro".to_owned(), is_clone: true, is_changed: true };
        let named = json!({"kind": "prompt", "itemId": id, "itemName": "Intro"});
        let with = |code: &str| {
            let mut reason = named.clone();
            reason["code"] = json!(code);
            reason
        };
        for (trace, expected) in [
            (
                Trace::SignedIn(Timestamp::from_millis(1_778_835_600_000)),
                json!({"code": "signed_in", "at": "2026-05-15T09:00:00.000Z"}),
            ),
            (
                Trace::InvitationAccepted(Timestamp::from_millis(1_778_835_600_000)),
                json!({"code": "invitation_accepted", "at": "2026-05-15T09:00:00.000Z"}),
            ),
            (Trace::Disabled, json!({"code": "disabled"})),
            (Trace::RoleChanged, json!({"code": "role_changed"})),
            (Trace::EmailChanged, json!({"code": "email_changed"})),
            (Trace::Edited(item()), with("edited")),
            (Trace::Added(item()), with("added")),
            (Trace::Removed(ItemKind::Template, 2), json!({"code": "removed", "kind": "template", "count": 2})),
            (Trace::Switched, json!({"code": "switched"})),
            (Trace::ProfileChanged, json!({"code": "profile_changed"})),
            (Trace::UserRemoved, json!({"code": "user_removed"})),
        ] {
            assert_eq!(serde_json::to_value(UseReason::from(&trace)).unwrap(), expected);
        }
    }
}
