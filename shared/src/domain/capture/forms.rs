//! The forms in which the same content was stored before 2026-12. A refresh compares with them, so that a setup that did not change
//! gets no revision for its form alone.

use super::before::WithReferences;
use super::{Capture, Entry, comparable};
use crate::domain::canonical::{HashWriter, JsonWriteError, MeteredWriter};
use crate::domain::content::{CapturedItem, MAX_RAW_BYTES};
use crate::domain::values;
use crate::domain::{Document, ItemKind, OverBudget, Work};

/// An earlier form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// With the references of the automations, and a copy of the automation's name in each.
    pub(super) with_references: bool,
    /// Without types, and with floats for all numbers.
    pub(super) as_floats: bool,
    /// With what was left out of the organization.
    pub(super) with_organization: bool,
}

impl Form {
    /// Every form that was not the form of today.
    const ALL: [Self; 4] = [
        Self { with_references: true, as_floats: false, with_organization: false },
        Self { with_references: false, as_floats: true, with_organization: false },
        Self { with_references: true, as_floats: true, with_organization: false },
        Self { with_references: false, as_floats: false, with_organization: true },
    ];
}

type HashedJson<'w> = MeteredWriter<'w, HashWriter>;

impl Capture {
    /// Whether the content of this hash is the same in an earlier form.
    pub fn was_stored_as(&self, hash: &[u8; 32], work: &Work) -> Result<bool, OverBudget> {
        let was_other = self.items.each().any(|(_, entry)| entry.was_other);
        let organization_lacks = self.left_out_of_setup() != self.left_out;
        let differs = |form: &&Form| (was_other || !form.as_floats) && (organization_lacks || !form.with_organization);
        for form in Form::ALL.iter().filter(differs) {
            if self.hash_of(*form, work)? == Some(*hash) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `None` where that would be too large to have been stored.
    pub(super) fn hash_of(&self, form: Form, work: &Work) -> Result<Option<[u8; 32]>, OverBudget> {
        let mut out = MeteredWriter::new(HashWriter::default(), MAX_RAW_BYTES, work);
        let written = self.write(
            &mut out,
            None,
            if form.with_organization { &self.left_out } else { self.left_out_of_setup() },
            |out, kind, entry| write(out, kind, entry, form),
        );
        match written {
            Ok(()) => Ok(Some(out.into_parts().0.finish())),
            Err(JsonWriteError::NoRoom) => Ok(None),
            Err(JsonWriteError::OverBudget) => Err(OverBudget),
        }
    }
}

fn write(out: &mut HashedJson<'_>, kind: ItemKind, entry: &Entry, form: Form) -> Result<(), JsonWriteError> {
    let with_references = form.with_references && kind == ItemKind::Automation;
    if !(with_references || form.as_floats && entry.was_other) {
        return comparable(out, kind, entry);
    }
    let mut item = entry.parse(kind)?.without_findings();
    if form.as_floats {
        item = with_floats(item);
    }
    match with_references {
        true => out.json(&WithReferences::of(&item)),
        false => out.json(&item),
    }
}

/// Whether a document was stored in another form.
pub(super) fn differs(document: &Document) -> bool {
    fn has_long_number(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::Number(number) => values::is_beyond_float(number),
            serde_json::Value::Array(values) => values.iter().any(has_long_number),
            serde_json::Value::Object(fields) => fields.values().any(has_long_number),
            _ => false,
        }
    }
    !document.types().is_empty() || has_long_number(document.as_value())
}

fn with_floats(item: CapturedItem) -> CapturedItem {
    let mut document = item.document.with_types(Vec::new());
    document.fields_mut().into_iter().flat_map(|fields| fields.values_mut()).for_each(values::as_float);
    CapturedItem { document, ..item }
}
