//! The places in an automation that name something else. One walker finds them, and the same walker rewrites them.

use std::borrow::Cow;
use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Document, ObjectId, cut, pointer};

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

/// The most code points of an automation's name in a reference. The name stands in each of its references, and so a longer one
/// would multiply; the automation's id names it as well.
pub const MAX_REFERENCE_NAME: usize = 120;

/// A reference as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The name of the automation it stands in. One of more than 120 characters ends in an ellipsis.
    pub automation_name: String,
    /// Whether the name is cut. `automationId` is a key of the mappings as well.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schema(default = false)]
    pub automation_name_cut: bool,
    /// The id of the automation in the source organization.
    pub automation_id: ObjectId,
    /// The field that holds it, such as `targetStage`; for a condition, the field that is compared.
    pub field: String,
    /// What it names.
    pub value: String,
    /// The kind of thing it names.
    pub ref_type: RefType,
    /// The top-level field that it stands under: `actions`, `conditions` or `sourceStatuses`.
    pub field_location: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// One place of a document that holds a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site<'v> {
    /// What it names now; the JSON of it where it is not readable. Never empty: an empty text names nothing.
    pub value: Cow<'v, str>,
    /// Whether it is a text. What is not leads nowhere.
    pub is_readable: bool,
    /// The kind of thing it names.
    pub ref_type: RefType,
    path: Vec<Step>,
    location: &'static str,
    field: &'static str,
}

/// One step of the way to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Field(&'static str),
    Element(usize),
}

impl Site<'_> {
    /// Where it stands, as a JSON pointer into the document.
    pub fn pointer(&self) -> String {
        pointer(self.path.iter().map(|step| match step {
            Step::Field(field) => Cow::Borrowed(*field),
            Step::Element(index) => Cow::Owned(index.to_string()),
        }))
    }

    /// The site as the API shows it, in an automation of this id and name.
    pub fn describe(&self, automation: ObjectId, name: &str) -> Reference {
        let shown = cut(name, MAX_REFERENCE_NAME);
        Reference {
            automation_name_cut: shown.len() != name.len(),
            automation_name: shown.into_owned(),
            automation_id: automation,
            field: self.field.to_owned(),
            value: self.value.clone().into_owned(),
            ref_type: self.ref_type,
            field_location: self.location.to_owned(),
        }
    }

    /// The field that holds it; for a condition, the field that is compared.
    pub(super) fn field(&self) -> &'static str {
        self.field
    }

    /// The top-level field that it stands under.
    pub(super) fn location(&self) -> &'static str {
        self.location
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
pub fn sites(automation: &Document) -> Vec<Site<'_>> {
    let mut found = Vec::new();
    let Ok(()) = each_site(automation, |site| {
        found.push(site);
        Ok::<(), Infallible>(())
    });
    found
}

/// Shows every reference of an automation to `visit`, in a stable order, until one fails.
pub fn each_site<'v, E>(automation: &'v Document, mut visit: impl FnMut(Site<'v>) -> Result<(), E>) -> Result<(), E> {
    let mut walker = Walker { path: Vec::new(), visit: &mut visit };
    let document = automation.as_value();
    let place = Place { location: SOURCE_STATUSES, field: SOURCE_STATUSES, ref_type: RefType::PipelineStage };
    walker.field(document, SOURCE_STATUSES, |walker, value| walker.collect(place, value))?;
    walker.field(document, "actions", |walker, actions| walker.elements(actions, Walker::action))?;
    walker.field(document, "conditions", |walker, conditions| walker.elements(conditions, Walker::condition))
}

/// Replaces the value of each site for which `replacement` gives another one.
pub fn rewrite(automation: &mut Document, mut replacement: impl FnMut(&Site<'_>) -> Option<String>) {
    let mut replaced = Vec::new();
    let Ok(()) = each_site(automation, |site| {
        if let Some(value) = replacement(&site) {
            replaced.push((site.path, value));
        }
        Ok::<(), Infallible>(())
    });
    for (path, value) in replaced {
        if let Some(place) = automation.at_mut(&path) {
            *place = Value::String(value);
        }
    }
}

impl Document {
    fn at_mut(&mut self, path: &[Step]) -> Option<&mut Value> {
        let (first, rest) = path.split_first()?;
        let Step::Field(field) = first else { return None };
        rest.iter().try_fold(self.fields_mut()?.get_mut(*field)?, |value, step| match step {
            Step::Field(field) => value.get_mut(*field),
            Step::Element(index) => value.get_mut(*index),
        })
    }
}

/// A row of the tables above.
#[derive(Clone, Copy)]
struct Place {
    location: &'static str,
    field: &'static str,
    ref_type: RefType,
}

/// Goes through an automation, and knows where it is.
struct Walker<'f, 'v, E> {
    path: Vec<Step>,
    visit: &'f mut dyn FnMut(Site<'v>) -> Result<(), E>,
}

impl<'v, E> Walker<'_, 'v, E> {
    fn step(&mut self, step: Step, walk: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.path.push(step);
        walk(self)?;
        self.path.pop();
        Ok(())
    }

    fn field(
        &mut self,
        object: &'v Value,
        field: &'static str,
        walk: impl FnOnce(&mut Self, &'v Value) -> Result<(), E>,
    ) -> Result<(), E> {
        match object.get(field) {
            Some(value) => self.step(Step::Field(field), |walker| walk(walker, value)),
            None => Ok(()),
        }
    }

    /// The elements of an array, or the one object that stands in its place.
    fn elements(&mut self, value: &'v Value, walk: impl Fn(&mut Self, &'v Value) -> Result<(), E>) -> Result<(), E> {
        match value {
            Value::Array(values) => {
                for (index, element) in values.iter().enumerate() {
                    self.step(Step::Element(index), |walker| walk(walker, element))?;
                }
                Ok(())
            }
            Value::Object(_) => walk(self, value),
            _ => Ok(()),
        }
    }

    fn action(&mut self, action: &'v Value) -> Result<(), E> {
        for (field, ref_type) in ACTIONS {
            let place = Place { location: "actions", field, ref_type };
            self.field(action, field, |walker, value| walker.collect(place, value))?;
        }
        let place = Place { location: "actions", field: "sendMessage", ref_type: RefType::Template };
        self.field(action, "sendMessage", |walker, messages| {
            walker.elements(messages, |walker, message| {
                walker.field(message, "template", |walker, template| walker.collect(place, template))
            })
        })
    }

    fn condition(&mut self, condition: &'v Value) -> Result<(), E> {
        let compared = condition.get("field").and_then(Value::as_str);
        let Some((field, ref_type)) = CONDITIONS.into_iter().find(|(field, _)| Some(*field) == compared) else {
            return Ok(());
        };
        let place = Place { location: "conditions", field, ref_type };
        self.field(condition, "value", |walker, value| walker.collect(place, value))
    }

    /// A place holds one text, or (an "is one of" condition, the source statuses) an array of them. Null, a switch and
    /// what is empty name nothing; an object or a number is there to name something, in a way that nobody can follow.
    fn collect(&mut self, place: Place, value: &'v Value) -> Result<(), E> {
        let (value, is_readable) = match value {
            Value::Null | Value::Bool(_) => return Ok(()),
            Value::String(text) if text.trim().is_empty() => return Ok(()),
            Value::Object(fields) if fields.is_empty() => return Ok(()),
            Value::Array(values) => {
                for (index, element) in values.iter().enumerate() {
                    self.step(Step::Element(index), |walker| walker.collect(place, element))?;
                }
                return Ok(());
            }
            Value::String(text) => (Cow::Borrowed(text.as_str()), true),
            Value::Number(_) | Value::Object(_) => (Cow::Owned(value.to_string()), false),
        };
        let Place { location, field, ref_type } = place;
        (self.visit)(Site { value, is_readable, ref_type, path: self.path.clone(), location, field })
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
        let found: Vec<_> = sites(&automation())
            .into_iter()
            .map(|site| (site.pointer(), site.value.into_owned(), site.ref_type))
            .collect();
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
            sites(&document).into_iter().map(|site| (site.pointer(), site.is_readable)).collect()
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
        let id = ObjectId::from_bytes([7; 12]);
        let shown = |name: &str| serde_json::to_value(sites(&document)[0].describe(id, name)).unwrap();
        let name = "Move to Contacted on first reply";
        assert_eq!(
            shown(name),
            json!({"automationName": name, "automationId": id, "field": "targetStage", "value": "Contacted",
                   "refType": "pipelineStage", "fieldLocation": "actions"})
        );
        for (length, cut) in [(119, false), (120, false), (121, true)] {
            let shown = shown(&"\u{1}".repeat(length));
            assert_eq!(shown.get("automationNameCut").is_some(), cut, "{length}");
            assert_eq!(shown["automationName"].as_str().unwrap().chars().count(), length.min(120));
        }
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
