//! The places in an automation that name something else. One walker finds them, and the same walker rewrites them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Document;

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
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
    /// What it names now; the JSON of it where it is not readable. Never empty: an empty text names nothing.
    pub value: String,
    /// Whether it is a text. What is not leads nowhere.
    pub is_readable: bool,
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
        let place = Place { location: SOURCE_STATUSES, field: SOURCE_STATUSES, ref_type: RefType::PipelineStage };
        place.collect(&mut found, "/sourceStatuses", statuses);
    }
    for (at, actions) in elements("/actions", document.get("actions")) {
        for (field, ref_type) in ACTIONS {
            if let Some(value) = actions.get(field) {
                Place { location: "actions", field, ref_type }.collect(&mut found, &format!("{at}/{field}"), value);
            }
        }
        for (at, message) in elements(&format!("{at}/sendMessage"), actions.get("sendMessage")) {
            if let Some(template) = message.get("template") {
                let place = Place { location: "actions", field: "sendMessage", ref_type: RefType::Template };
                place.collect(&mut found, &format!("{at}/template"), template);
            }
        }
    }
    for (at, condition) in elements("/conditions", document.get("conditions")) {
        let compared = condition.get("field").and_then(Value::as_str);
        let known = CONDITIONS.iter().find(|(field, _)| Some(*field) == compared);
        if let (Some((field, ref_type)), Some(value)) = (known, condition.get("value")) {
            let place = Place { location: "conditions", field, ref_type: *ref_type };
            place.collect(&mut found, &format!("{at}/value"), value);
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

/// A row of the tables above.
#[derive(Clone, Copy)]
struct Place<'a> {
    location: &'static str,
    field: &'a str,
    ref_type: RefType,
}

impl Place<'_> {
    /// A place holds one text, or (an "is one of" condition, the source statuses) an array of them. Null, a switch and
    /// what is empty name nothing; an object or a number is there to name something, in a way that nobody can follow.
    fn collect(&self, found: &mut Vec<Site>, pointer: &str, value: &Value) {
        let (value, is_readable) = match value {
            Value::Null | Value::Bool(_) => return,
            Value::String(text) if text.trim().is_empty() => return,
            Value::Object(fields) if fields.is_empty() => return,
            Value::Array(values) => {
                for (index, element) in values.iter().enumerate() {
                    self.collect(found, &format!("{pointer}/{index}"), element);
                }
                return;
            }
            Value::String(text) => (text.clone(), true),
            Value::Number(_) | Value::Object(_) => (value.to_string(), false),
        };
        found.push(Site {
            pointer: pointer.to_owned(),
            value,
            is_readable,
            ref_type: self.ref_type,
            location: self.location,
            field: self.field.to_owned(),
        });
    }
}

/// The elements of an array, or the one object that stands in its place, with their pointers.
fn elements<'v>(pointer: &str, value: Option<&'v Value>) -> Vec<(String, &'v Value)> {
    match value {
        Some(Value::Array(values)) => {
            values.iter().enumerate().map(|(index, element)| (format!("{pointer}/{index}"), element)).collect()
        }
        Some(object @ Value::Object(_)) => vec![(pointer.to_owned(), object)],
        _ => Vec::new(),
    }
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
            ("/sourceStatuses/2", "7", PipelineStage),
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
    fn a_place_in_another_shape_is_found_and_one_that_cannot_be_read_says_so() {
        let found = |document: Value| -> Vec<(String, bool)> {
            let document = serde_json::from_value(document).unwrap();
            sites(&document).into_iter().map(|site| (site.pointer, site.is_readable)).collect()
        };
        let at = |pointer: &str, is_readable| vec![(pointer.to_owned(), is_readable)];
        assert_eq!(found(json!({"actions": {"targetStage": {"name": "Won"}}})), at("/actions/targetStage", false));
        assert_eq!(found(json!({"actions": {"agentId": 7}})), at("/actions/agentId", false));
        assert_eq!(found(json!({"actions": [{"agent": "Bea"}]})), at("/actions/0/agent", true));
        assert_eq!(
            found(json!({"actions": {"sendMessage": {"template": "x"}}})),
            at("/actions/sendMessage/template", true)
        );
        assert_eq!(found(json!({"conditions": {"field": "status", "value": "x"}})), at("/conditions/value", true));
        assert_eq!(found(json!({"sourceStatuses": [["New Lead"]]})), at("/sourceStatuses/0/0", true));
        assert_eq!(found(json!({"actions": {"agent": true, "targetStage": null, "prompt": " ", "promptId": {}}})), []);
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
