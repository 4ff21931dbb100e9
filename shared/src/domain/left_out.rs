//! What another system stored in a form that this service cannot read. It is left out, named, and harms nothing else.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ItemKind, cut};

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
                "its key needs an id of 24 hex digits, and its attribute document must be a map"
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

#[cfg(test)]
mod tests {
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
}
