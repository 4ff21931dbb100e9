//! One change as the API shows it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{self, FieldDifference, MAX_POINTER};
use super::unified::{MAX_SEARCHED, UnifiedDiff};
use super::{ItemChange, Sides};
use crate::domain::content::CapturedItem;
use crate::domain::values::ValueType;
use crate::domain::{ItemKind, ObjectId, OverBudget, Work, cut};

/// The most code points of a name that are shown.
pub const MAX_NAME: usize = 200;
/// The most fields shown of one item. An automation has some twenty; beyond this it is another item under the same id.
pub const MAX_FIELDS: usize = 50;
/// From so many lines on no further field of an item is shown. With [`MAX_FIELDS`] it keeps a description below 1 MB: the
/// last field adds fewer than a hundred lines, and a line is at most a kilobyte of JSON.
pub const MAX_ITEM_LINES: usize = 400;
/// The most places of new secrets that are shown of one item, and of those that are gone.
pub const MAX_SECRETS: usize = 20;

/// What happened to an item or a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is no longer there.
    Removed,
    /// It is there still, and differs.
    Changed,
}

/// An item that was added, removed or changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ItemChange)]
pub struct DescribedChange<'a> {
    /// Its id in the source organization.
    #[serde(rename = "_id")]
    pub id: ObjectId,
    /// Its kind.
    pub kind: ItemKind,
    /// Its name, for a removed item the last one; empty where it has none. A very long one ends in an ellipsis.
    #[schema(value_type = String)]
    pub name: Cow<'a, str>,
    /// What happened to it. What follows is there for changed items only.
    pub change: ChangeKind,
    /// The switch of an automation, where it was switched on or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub enabled: Option<SwitchChange>,
    /// The fields that differ, in the order of their keys; left out where none does. A renamed item has the field `/name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange<'a>>,
    /// How many further fields differ, where not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fields_omitted: Option<usize>,
    /// Where secrets were removed from the capture, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub removed_secrets: Option<SecretsChange<'a>>,
}

/// An automation was switched on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SwitchChange {
    /// Whether it was on before.
    pub before: bool,
    /// Whether it is on now.
    pub after: bool,
}

/// A field that was added, removed or changed: by its values where they are short, else line by line.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange<'a> {
    /// Where it stands in the new document, as a JSON pointer; a removed one in the old document. A very long one ends in
    /// an ellipsis.
    #[schema(value_type = String)]
    pub pointer: Cow<'a, str>,
    /// What happened to it.
    pub change: ChangeKind,
    /// The old value; left out where the field is new, and where there are `lines`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub before: Option<&'a Value>,
    /// The new value; left out where the field is removed, and where there are `lines`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub after: Option<&'a Value>,
    /// The types that DynamoDB has for the two values and JSON does not; left out where they are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub types: Option<TypeChange>,
    /// A unified diff of the two texts, or of the JSON of what is no text: `@@ -1,7 +1,8 @@` heads a hunk; lines begin with
    /// `-` if they are gone, `+` if they are new, a space if they are as before, `\` if they tell something about the text.
    /// A line of more than 200 characters is shown in pieces, which end in `↩` but for the last, and count as lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// How many lines are left out of the hunks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lines_omitted: Option<usize>,
}

/// A value became of another type, such as a list that was a set, or a text that was binary. Its JSON may be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct TypeChange {
    /// What it was; left out where JSON shows it, or there was no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub before: Option<ValueType>,
    /// What it is; left out where JSON shows it, or there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub after: Option<ValueType>,
}

/// At which places secrets were removed in one capture and not in the other.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SecretsChange<'a> {
    /// JSON pointers to values that are removed now and were not before, or not there.
    #[schema(value_type = Vec<String>)]
    pub added: Vec<Cow<'a, str>>,
    /// JSON pointers to values that were removed before and are not now, or no longer there.
    #[schema(value_type = Vec<String>)]
    pub removed: Vec<Cow<'a, str>>,
    /// How many further places differ, where not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub omitted: Option<usize>,
}

pub(super) fn describe<'a>(change: &ItemChange<'a>, work: &Work) -> Result<DescribedChange<'a>, OverBudget> {
    let described = DescribedChange {
        id: change.id,
        kind: change.kind,
        name: cut(change.name(), MAX_NAME),
        change: change.change(),
        enabled: None,
        fields: Vec::new(),
        fields_omitted: None,
        removed_secrets: None,
    };
    match change.sides {
        Sides::Added(_) | Sides::Removed(_) => Ok(described),
        Sides::Changed(before, after) => described.with_differences(before, after, work),
    }
}

impl<'a> DescribedChange<'a> {
    fn with_differences(
        mut self,
        before: &'a CapturedItem,
        after: &'a CapturedItem,
        work: &Work,
    ) -> Result<Self, OverBudget> {
        let (old, new) = (&before.document, &after.document);
        let (found, beyond) = fields::differences(old, new, MAX_FIELDS);
        let all = found.len() + beyond;
        let (mut lines, mut search_left) = (0, MAX_SEARCHED);
        for field in found {
            if lines >= MAX_ITEM_LINES {
                break;
            }
            work.spend(field.size())?;
            let field = FieldChange::new(field, &mut search_left);
            lines += field.lines.len();
            self.fields.push(field);
        }
        self.fields_omitted = more_than_none(all - self.fields.len());
        let switch = before.enabled.zip(after.enabled).filter(|(before, after)| before != after);
        self.enabled = switch.map(|(before, after)| SwitchChange { before, after });
        self.removed_secrets = secrets(&before.removed_secrets, &after.removed_secrets);
        Ok(self)
    }
}

impl<'a> FieldChange<'a> {
    fn new(field: FieldDifference<'a>, search_left: &mut usize) -> Self {
        let change = match (field.before, field.after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        };
        let lines = field.lines(search_left);
        let (before, after) = if lines.is_some() { (None, None) } else { (field.before, field.after) };
        let UnifiedDiff { lines, omitted } = lines.unwrap_or_default();
        let pointer = Cow::Owned(field.pointer);
        let [was, is] = field.types;
        let types = (was != is).then_some(TypeChange { before: was, after: is });
        Self { pointer, change, before, after, types, lines, lines_omitted: more_than_none(omitted) }
    }
}

fn secrets<'a>(before: &'a [String], after: &'a [String]) -> Option<SecretsChange<'a>> {
    let [old, new] = [before, after].map(|pointers| pointers.iter().map(String::as_str).collect::<BTreeSet<_>>());
    let shown = |pointers: BTreeSet<&'a str>| -> Vec<Cow<'a, str>> {
        pointers.into_iter().take(MAX_SECRETS).map(|pointer| cut(pointer, MAX_POINTER)).collect()
    };
    let (added, removed) = (&new - &old, &old - &new);
    let all = added.len() + removed.len();
    let (added, removed) = (shown(added), shown(removed));
    let omitted = more_than_none(all - added.len() - removed.len());
    (all > 0).then_some(SecretsChange { added, removed, omitted })
}

fn more_than_none(count: usize) -> Option<usize> {
    (count > 0).then_some(count)
}
