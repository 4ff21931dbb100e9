//! The form in which content was stored before 2026-12, by which a source is compared with such content.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::domain::Document;
use crate::domain::content::{CapturedItem, StoredItem};
use crate::domain::reference::{EarlierSite, RefType, each_earlier_site};

/// An automation as it was stored before.
#[derive(Serialize)]
pub(super) struct WithReferences<'a> {
    enabled: Option<bool>,
    item: StoredItem<'a>,
    references: References<'a>,
}

impl<'a> WithReferences<'a> {
    pub(super) fn of(item: &'a CapturedItem) -> Self {
        Self { enabled: item.enabled, item: item.into(), references: References(&item.document) }
    }
}

/// The references of an automation as they were stored before: written one by one, and never made as a whole.
struct References<'a>(&'a Document);

impl Serialize for References<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        each_earlier_site(self.0, |site| list.serialize_element(&StoredReference::new(self.0, &site)))?;
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredReference<'a> {
    automation_name: &'a str,
    field: &'a str,
    field_location: &'a str,
    ref_type: RefType,
    value: &'a str,
}

impl<'a> StoredReference<'a> {
    fn new(automation: &'a Document, site: &'a EarlierSite<'_>) -> Self {
        Self {
            automation_name: automation.name(),
            field: site.field,
            field_location: site.location,
            ref_type: site.ref_type,
            value: &site.value,
        }
    }
}
