//! What another system stored in a form that this service cannot read. It is left out, named, and harms nothing else.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{ItemKind, ObjectId, cut};

/// The most code points of a key. DynamoDB's sort keys have at most 1,024 bytes.
const MAX_KEY: usize = 100;

/// Something that was left out because it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// What it is.
    pub kind: LeftOutKind,
    /// Its id as it is stored; a very long one ends in an ellipsis.
    pub key: String,
    /// What it must have to be read. It never repeats what is stored.
    pub reason: String,
}

/// What can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LeftOutKind {
    /// An automation.
    Automation,
    /// A prompt.
    Prompt,
    /// A template.
    Template,
    /// The switch of an automation, or all of them; what cannot be read is off.
    Preferences,
    /// A pipeline.
    Pipeline,
    /// An agent.
    Agent,
}

impl LeftOutKind {
    /// Whether it is a part of a setup. A pipeline or an agent belongs to the organization, and so to every setup of it.
    pub fn is_of_setup(self) -> bool {
        !matches!(self, Self::Pipeline | Self::Agent)
    }

    /// What it is, in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Automation => "automation",
            Self::Prompt => "prompt",
            Self::Template => "template",
            Self::Preferences => "switch",
            Self::Pipeline => "pipeline",
            Self::Agent => "agent",
        }
    }

    /// What one must have to be read.
    fn form(self) -> &'static str {
        match self {
            Self::Automation | Self::Prompt | Self::Template => {
                "its key needs an id of 24 hex digits in lower case, and its attribute document must be a map"
            }
            Self::Preferences => "enabled must be a map from the ids of automations to true or false",
            Self::Pipeline => {
                "document needs _id (24 hex digits), name, type and stages, each stage with a name, all of them texts"
            }
            Self::Agent => "document needs _id (24 hex digits) and name, a text",
        }
    }
}

impl From<ItemKind> for LeftOutKind {
    fn from(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Automation => Self::Automation,
            ItemKind::Prompt => Self::Prompt,
            ItemKind::Template => Self::Template,
        }
    }
}

impl LeftOut {
    /// Something of this kind and key.
    pub fn new(kind: LeftOutKind, key: &str) -> Self {
        Self { kind, key: cut(key, MAX_KEY).into_owned(), reason: kind.form().to_owned() }
    }

    /// It in a few words, such as `the agent 7f3a…`.
    pub fn words(&self) -> String {
        match self.key.as_str() {
            "" => format!("the {}es of all automations", self.kind.noun()),
            key => format!("the {} {key}", self.kind.noun()),
        }
    }
}

/// A pipeline or an agent that was left out, with its readable parts: its names still count where a name must be the only one, and
/// where a name is suspected.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOutTarget {
    /// The entry that clients see.
    pub left_out: LeftOut,
    /// Its id, where it has one that can be read.
    pub id: Option<ObjectId>,
    /// Its name, where it is a text.
    pub name: Option<String>,
    /// The type of a pipeline, where it is a text.
    pub pipeline_type: Option<String>,
    /// The names of the stages of a pipeline, as far as they are texts.
    pub stages: Vec<String>,
}

impl LeftOutTarget {
    /// Returns the readable parts of a `document` that does not have the form of its kind.
    pub fn read(left_out: LeftOut, document: &Value) -> Self {
        let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let stages = document.get("stages").and_then(Value::as_array).into_iter().flatten();
        Self {
            left_out,
            id: document.get("_id").and_then(Value::as_str).and_then(|id| id.parse().ok()),
            name: text(document, "name"),
            pipeline_type: text(document, "type"),
            // A stage that is a text is named by it.
            stages: stages
                .filter_map(|stage| text(stage, "name").or_else(|| stage.as_str().map(str::to_owned)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_is_named_shortly_and_its_content_is_not_repeated() {
        let long = LeftOut::new(LeftOutKind::Agent, &"x".repeat(1_024));
        assert_eq!(long.key.chars().count(), MAX_KEY);
        assert_eq!(LeftOut::new(LeftOutKind::Agent, "7f3a").words(), "the agent 7f3a");
        assert_eq!(LeftOut::new(LeftOutKind::Preferences, "").words(), "the switches of all automations");
        let json = serde_json::to_value(LeftOut::new(LeftOutKind::Pipeline, "p1")).unwrap();
        assert_eq!((&json["kind"], &json["key"]), (&"pipeline".into(), &"p1".into()));
    }

    #[test]
    fn what_can_be_read_of_a_pipeline_is_kept() {
        let read = |document: Value| LeftOutTarget::read(LeftOut::new(LeftOutKind::Pipeline, "p1"), &document);
        let odd = read(
            json!({"_id": 5, "name": "Sales", "type": "Contact", "stages": [{"name": "New"}, null, {"name": 1}, "Won"]}),
        );
        assert_eq!((odd.id, odd.name.as_deref(), odd.pipeline_type.as_deref()), (None, Some("Sales"), Some("Contact")));
        assert_eq!(odd.stages, ["New", "Won"]);
        for nothing in
            [json!(null), json!("Sales"), json!([{"name": "Sales"}]), json!({"name": null, "stages": {"name": "New"}})]
        {
            let read = read(nothing);
            assert_eq!((read.id, read.name, read.pipeline_type, read.stages), (None, None, None, vec![]));
        }
        let id = "64eea1110000000000000011";
        assert_eq!(read(json!({"_id": id})).id, id.parse().ok());
    }
}
