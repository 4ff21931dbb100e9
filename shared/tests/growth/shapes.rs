//! Setups of a shape and a size.

use serde_json::{Value, json};
use shared::domain::capture::{SourceItem, SourceSetup, capture};
use shared::domain::content::Content;
use shared::domain::identity::SourceIdentity;
use shared::domain::{
    Agent, Document, Email, ObjectId, Organization, PerKind, Pipeline, Role, SetupItem, Stage, Timestamp, User, Work,
};

/// A setup, and what its organization has.
#[derive(Default)]
pub(crate) struct Shape {
    pub(crate) automations: Vec<SetupItem>,
    pub(crate) prompts: Vec<SetupItem>,
    pub(crate) agents: Vec<Agent>,
    pub(crate) pipelines: Vec<Pipeline>,
}

impl Shape {
    pub(crate) fn setup(&self) -> SourceSetup {
        let kept = |items: &[SetupItem]| items.iter().cloned().map(SourceItem::new).collect();
        SourceSetup {
            items: PerKind { automations: kept(&self.automations), prompts: kept(&self.prompts), ..PerKind::default() },
            owner: Some(owner()),
            ..SourceSetup::default()
        }
    }

    /// The organization that it comes from. Where it has no agents, it has sixty.
    pub(crate) fn organization(&self) -> Organization {
        let agents = match self.agents.is_empty() {
            true => agents(60, |number| format!("Agent {number}")),
            false => self.agents.clone(),
        };
        organization(agents, self.pipelines.clone())
    }

    /// How many bytes of JSON come in.
    pub(crate) fn bytes(&self) -> usize {
        let items = self.automations.iter().chain(&self.prompts);
        let stages = self.pipelines.iter().flat_map(|pipeline| &pipeline.stages);
        items.map(|item| item.document.as_value().to_string().len()).sum::<usize>()
            + self.agents.iter().map(|agent| 40 + agent.name.len()).sum::<usize>()
            + self.pipelines.iter().map(|pipeline| 60 + pipeline.name.len() + pipeline.kind.len()).sum::<usize>()
            + stages.map(|stage| 20 + stage.name.len()).sum::<usize>()
    }

    pub(crate) fn content(&self) -> Content {
        capture(self.setup(), &self.organization(), &Work::unlimited()).unwrap().content().unwrap()
    }
}

/// The source person.
pub(crate) fn owner() -> SourceIdentity {
    let email = Email::parse("sam@acme.example").unwrap();
    SourceIdentity::new(id(5, 0), id(5, 1), Some(&email), Some("+14155550142"))
}

/// An id of its own for every kind and number.
pub(crate) fn id(kind: u8, number: usize) -> ObjectId {
    let mut bytes = [kind; 12];
    bytes[4..].copy_from_slice(&(number as u64).to_be_bytes());
    ObjectId::from_bytes(bytes)
}

pub(crate) fn item(kind: u8, number: usize, document: Value) -> SetupItem {
    SetupItem { id: id(kind, number), document: as_document(document) }
}

pub(crate) fn as_document(document: Value) -> Document {
    serde_json::from_value(document).unwrap()
}

/// So many automations of one name.
pub(crate) fn automations(count: usize, name: &str, document: impl Fn(usize) -> Value) -> Shape {
    let automation = |number| {
        let mut document = document(number);
        document["name"] = json!(name);
        item(1, number, document)
    };
    Shape { automations: (0..count).map(automation).collect(), ..Shape::default() }
}

/// One automation with this document.
pub(crate) fn automation(document: Value) -> Shape {
    automations(1, "A", |_| document.clone())
}

/// One prompt with this document.
pub(crate) fn prompt(document: Value) -> Shape {
    Shape { prompts: vec![item(2, 0, document)], ..Shape::default() }
}

/// So many prompts that have a secret in them.
pub(crate) fn prompts(count: usize) -> Vec<SetupItem> {
    let prompt = |number| item(2, number, json!({"name": format!("Prompt {number}"), "apiKey": "hunter22hunter22"}));
    (0..count).map(prompt).collect()
}

/// So many agents.
pub(crate) fn agents(count: usize, name: impl Fn(usize) -> String) -> Vec<Agent> {
    let agent = |number| Agent { id: id(9, number), name: name(number), description: None, rest: Default::default() };
    (0..count).map(agent).collect()
}

/// So many short texts.
pub(crate) fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("S{number:05}")).collect()
}

/// An object with so many fields.
pub(crate) fn fields(count: usize, key: impl Fn(usize) -> String, value: &Value) -> Value {
    (0..count).map(|number| (key(number), value.clone())).collect()
}

pub(crate) fn pipeline(number: usize, kind: String, stages: &[String]) -> Pipeline {
    let stage = |name: &String| Stage { name: name.clone(), color: None, rest: Default::default() };
    Pipeline {
        id: id(6, number),
        name: format!("Pipeline {number}"),
        kind,
        stages: stages.iter().map(stage).collect(),
        rest: Default::default(),
    }
}

pub(crate) fn organization(agents: Vec<Agent>, mut pipelines: Vec<Pipeline>) -> Organization {
    if pipelines.is_empty() {
        pipelines.push(pipeline(0, "Contact".into(), &["Won".into(), "Lost".into()]));
    }
    Organization {
        id: id(5, 0),
        name: "Acme".into(),
        pipelines,
        agents,
        trusted_destinations: Vec::new(),
        left_out: Vec::new(),
    }
}

/// The organization that something is applied in. It has one agent.
pub(crate) fn target() -> Organization {
    let agent = Agent { id: id(8, 0), name: "Target".into(), description: None, rest: Default::default() };
    organization(vec![agent], Vec::new())
}

/// The user that an apply creates.
pub(crate) fn new_user() -> User {
    User {
        id: id(7, 3),
        organization: id(7, 4),
        department: None,
        email: Email::parse("casey@globex.example").unwrap(),
        full_name: None,
        phone_number: None,
        designation: None,
        role: Role::SalesRep,
        login_disabled: false,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}
