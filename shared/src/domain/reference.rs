//! The places in an automation that name something else. One walker finds them, and the same walker rewrites them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Document;

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefType {
    /// A stage of a pipeline, by name.
    PipelineStage,
    /// An agent, by name or id.
    Agent,
    /// A template of the same setup, by name or id.
    Template,
    /// A prompt of the same setup, by name or id.
    Prompt,
}

impl RefType {
    /// What it names, in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::PipelineStage => "stage",
            Self::Agent => "agent",
            Self::Template => "template",
            Self::Prompt => "prompt",
        }
    }
}

/// A reference as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The name of the automation it stands in.
    pub automation_name: String,
    /// The field that holds it, such as `targetStage`; for a condition, the field that is compared.
    pub field: String,
    /// What it names.
    pub value: String,
    /// The kind of thing it names.
    pub ref_type: RefType,
    /// The top-level field that it stands under: `actions`, `conditions` or `sourceStatuses`.
    pub field_location: String,
}

/// One place of a document that holds a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Where it stands, as a JSON pointer into the document.
    pub pointer: String,
    /// What it names now. Never empty: an empty text names nothing.
    pub value: String,
    /// The kind of thing it names.
    pub ref_type: RefType,
    location: &'static str,
    field: String,
}

impl Site {
    /// The site as the API shows it.
    pub fn describe(&self, automation_name: &str) -> Reference {
        Reference {
            automation_name: automation_name.to_owned(),
            field: self.field.clone(),
            value: self.value.clone(),
            ref_type: self.ref_type,
            field_location: self.location.to_owned(),
        }
    }

    /// Whether it is an element of the `sourceStatuses` array.
    pub fn is_source_status(&self) -> bool {
        self.location == SOURCE_STATUSES
    }
}

/// The top-level array of the stages that an automation listens to.
pub const SOURCE_STATUSES: &str = "sourceStatuses";

/// Fields of `actions` that hold one reference each.
const ACTIONS: [(&str, RefType); 7] = [
    ("targetStage", RefType::PipelineStage),
    ("changeToStatus", RefType::PipelineStage),
    ("agent", RefType::Agent),
    ("agentId", RefType::Agent),
    ("templateId", RefType::Template),
    ("prompt", RefType::Prompt),
    ("promptId", RefType::Prompt),
];

/// Fields that a condition compares with a reference.
const CONDITIONS: [(&str, RefType); 5] = [
    ("status", RefType::PipelineStage),
    ("stage", RefType::PipelineStage),
    ("pipelineStage", RefType::PipelineStage),
    ("agent", RefType::Agent),
    ("agentId", RefType::Agent),
];

/// Finds every reference of an automation, in a stable order.
pub fn sites(automation: &Document) -> Vec<Site> {
    let mut found = Vec::new();
    let document = automation.as_value();
    if let Some(statuses) = document.get(SOURCE_STATUSES) {
        collect(&mut found, SOURCE_STATUSES, SOURCE_STATUSES, RefType::PipelineStage, "/sourceStatuses", statuses);
    }
    if let Some(actions) = document.get("actions") {
        for (field, ref_type) in ACTIONS {
            if let Some(value) = actions.get(field) {
                collect(&mut found, "actions", field, ref_type, &format!("/actions/{field}"), value);
            }
        }
        for (index, message) in elements(actions.get("sendMessage")) {
            if let Some(template) = message.get("template") {
                let pointer = format!("/actions/sendMessage/{index}/template");
                collect(&mut found, "actions", "sendMessage", RefType::Template, &pointer, template);
            }
        }
    }
    for (index, condition) in elements(document.get("conditions")) {
        let compared = condition.get("field").and_then(Value::as_str);
        let known = CONDITIONS.iter().find(|(field, _)| Some(*field) == compared);
        if let (Some((field, ref_type)), Some(value)) = (known, condition.get("value")) {
            collect(&mut found, "conditions", field, *ref_type, &format!("/conditions/{index}/value"), value);
        }
    }
    found
}

/// Replaces the value of each site for which `replacement` gives another one.
pub fn rewrite(automation: &mut Document, mut replacement: impl FnMut(&Site) -> Option<String>) {
    for site in sites(automation) {
        if let Some(value) = replacement(&site)
            && let Some(place) = automation.pointer_mut(&site.pointer)
        {
            *place = Value::String(value);
        }
    }
}

/// A reference field holds one text, or (an "is one of" condition, the source statuses) an array of them.
fn collect(
    found: &mut Vec<Site>,
    location: &'static str,
    field: &str,
    ref_type: RefType,
    pointer: &str,
    value: &Value,
) {
    match value {
        Value::String(text) if !text.trim().is_empty() => found.push(Site {
            pointer: pointer.to_owned(),
            value: text.clone(),
            ref_type,
            location,
            field: field.to_owned(),
        }),
        Value::Array(values) => {
            for (index, element) in values.iter().enumerate().filter(|(_, element)| element.is_string()) {
                collect(found, location, field, ref_type, &format!("{pointer}/{index}"), element);
            }
        }
        _ => {}
    }
}

fn elements(array: Option<&Value>) -> impl Iterator<Item = (usize, &Value)> {
    array.and_then(Value::as_array).into_iter().flatten().enumerate()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn automation() -> Document {
        serde_json::from_value(json!({
            "name": "Everything",
            "sourceStatuses": ["New Lead", "", 7, "Contacted"],
            "conditions": [
                {"field": "status", "op": "eq", "value": "Closed Won"},
                {"source": "lead", "field": "agentId", "operator": "in", "value": ["64eea1110000000000000061", "Bea"], "logicalOperator": "and"},
                {"field": "city", "op": "eq", "value": "Contacted"},
                "not an object"
            ],
            "actions": {
                "targetStage": "Contacted", "changeToStatus": "Won", "agent": "Warm-up Agent", "agentId": "64eea1110000000000000061",
                "templateId": "64ee000000000000000000aa", "prompt": "Default warm-up prompt", "promptId": "64ee000000000000000000bb",
                "sendMessage": [{"template": "Intro", "channel": "sms"}, {"channel": "sms"}, {"template": ""}]
            }
        }))
        .unwrap()
    }

    #[test]
    fn every_place_of_the_table_is_found_once() {
        let found: Vec<_> =
            sites(&automation()).into_iter().map(|site| (site.pointer, site.value, site.ref_type)).collect();
        use RefType::{Agent, PipelineStage, Prompt, Template};
        let expected = [
            ("/sourceStatuses/0", "New Lead", PipelineStage),
            ("/sourceStatuses/3", "Contacted", PipelineStage),
            ("/actions/targetStage", "Contacted", PipelineStage),
            ("/actions/changeToStatus", "Won", PipelineStage),
            ("/actions/agent", "Warm-up Agent", Agent),
            ("/actions/agentId", "64eea1110000000000000061", Agent),
            ("/actions/templateId", "64ee000000000000000000aa", Template),
            ("/actions/prompt", "Default warm-up prompt", Prompt),
            ("/actions/promptId", "64ee000000000000000000bb", Prompt),
            ("/actions/sendMessage/0/template", "Intro", Template),
            ("/conditions/0/value", "Closed Won", PipelineStage),
            ("/conditions/1/value/0", "64eea1110000000000000061", Agent),
            ("/conditions/1/value/1", "Bea", Agent),
        ];
        assert_eq!(found, expected.map(|(pointer, value, kind)| (pointer.to_owned(), value.to_owned(), kind)));
    }

    #[test]
    fn a_reference_is_shown_in_the_published_shape() {
        let document = serde_json::from_value(json!({"actions": {"targetStage": "Contacted"}})).unwrap();
        let shown = sites(&document)[0].describe("Move to Contacted on first reply");
        assert_eq!(
            serde_json::to_value(shown).unwrap(),
            json!({"automationName": "Move to Contacted on first reply", "field": "targetStage", "value": "Contacted",
                   "refType": "pipelineStage", "fieldLocation": "actions"})
        );
    }

    #[test]
    fn a_rewrite_changes_what_it_is_told_to_and_nothing_else() {
        let mut document = automation();
        rewrite(&mut document, |site| (site.value == "Contacted").then(|| "Reached Out".to_owned()));
        let mut expected = automation();
        *expected.pointer_mut("/sourceStatuses/3").unwrap() = json!("Reached Out");
        *expected.pointer_mut("/actions/targetStage").unwrap() = json!("Reached Out");
        assert_eq!(document, expected);
        rewrite(&mut document, |_| None);
        assert_eq!(document, expected);
    }
}
