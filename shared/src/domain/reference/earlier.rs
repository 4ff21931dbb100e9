//! The references that content captured earlier than 2026-12 was stored with. They decide whether a source has changed since, so
//! these rules stay as they were.

use std::borrow::Cow;

use serde_json::Value;

use super::{RefType, SOURCE_STATUSES};
use crate::domain::Document;

/// A reference as content had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierSite<'v> {
    /// What it names; its JSON where it is not a text.
    pub value: Cow<'v, str>,
    /// The kind of thing it names.
    pub ref_type: RefType,
    /// The top-level field that it stands under.
    pub location: &'static str,
    /// The field that holds it; for a condition, the field that is compared.
    pub field: &'static str,
}

const ACTIONS: [(&str, RefType); 7] = [
    ("targetStage", RefType::PipelineStage),
    ("changeToStatus", RefType::PipelineStage),
    ("agent", RefType::Agent),
    ("agentId", RefType::Agent),
    ("templateId", RefType::Template),
    ("prompt", RefType::Prompt),
    ("promptId", RefType::Prompt),
];

const CONDITIONS: [(&str, RefType); 5] = [
    ("status", RefType::PipelineStage),
    ("stage", RefType::PipelineStage),
    ("pipelineStage", RefType::PipelineStage),
    ("agent", RefType::Agent),
    ("agentId", RefType::Agent),
];

#[derive(Clone, Copy)]
struct EarlierPlace {
    location: &'static str,
    field: &'static str,
    ref_type: RefType,
}

/// Shows every such reference of an automation to `visit`, in the order in which content had them, until one fails.
pub fn each_earlier_site<'v, E>(
    automation: &'v Document,
    mut visit: impl FnMut(EarlierSite<'v>) -> Result<(), E>,
) -> Result<(), E> {
    let document = automation.as_value();
    let statuses = EarlierPlace { location: SOURCE_STATUSES, field: SOURCE_STATUSES, ref_type: RefType::PipelineStage };
    collect(statuses, document.get(SOURCE_STATUSES), &mut visit)?;
    for action in elements(document.get("actions")) {
        for (field, ref_type) in ACTIONS {
            collect(EarlierPlace { location: "actions", field, ref_type }, action.get(field), &mut visit)?;
        }
        let message = EarlierPlace { location: "actions", field: "sendMessage", ref_type: RefType::Template };
        for element in elements(action.get("sendMessage")) {
            collect(message, element.get("template"), &mut visit)?;
        }
    }
    for condition in elements(document.get("conditions")) {
        let compared = condition.get("field").and_then(Value::as_str);
        if let Some((field, ref_type)) = CONDITIONS.into_iter().find(|(field, _)| Some(*field) == compared) {
            collect(EarlierPlace { location: "conditions", field, ref_type }, condition.get("value"), &mut visit)?;
        }
    }
    Ok(())
}

/// The elements of an array, or the one object that stands in its place.
fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (many, one) = match value {
        Some(Value::Array(values)) => (values.as_slice(), None),
        Some(value @ Value::Object(_)) => (&[][..], Some(value)),
        _ => (&[][..], None),
    };
    many.iter().chain(one)
}

fn collect<'v, E>(
    place: EarlierPlace,
    value: Option<&'v Value>,
    visit: &mut impl FnMut(EarlierSite<'v>) -> Result<(), E>,
) -> Result<(), E> {
    let value = match value {
        None | Some(Value::Null | Value::Bool(_)) => return Ok(()),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(()),
        Some(Value::Object(fields)) if fields.is_empty() => return Ok(()),
        Some(Value::Array(values)) => {
            return values.iter().try_for_each(|element| collect(place, Some(element), visit));
        }
        Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
        Some(value @ (Value::Number(_) | Value::Object(_))) => Cow::Owned(value.to_string()),
    };
    let EarlierPlace { location, field, ref_type } = place;
    visit(EarlierSite { value, ref_type, location, field })
}
