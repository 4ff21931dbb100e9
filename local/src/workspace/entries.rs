//! The entries of a workspace file.

use serde_json::{Map, Value};
use shared::domain::{
    Agent, AgentName, Designation, Email, FullName, ObjectId, OrganizationName, PerKind, PhoneNumber, Pipeline,
    PipelineName, PipelineType, Preferences, Role, Stage, StageName, Timestamp,
};

use super::fields::{Entry, FieldVisitor, ListEntry, ParsedText, Presence, SwitchMap, TrustedList};

/// The whole file.
pub(super) struct WorkspaceEntry {
    pub(super) organizations: Vec<ListEntry<OrganizationEntry>>,
}

impl Entry for WorkspaceEntry {
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self> {
        fields.optional::<String>("$schema", "Where an editor finds this schema. It has no effect.");
        let organizations = fields.elements("organizations", "The organizations.", Presence::Required);
        Some(Self { organizations })
    }
}

/// An organization.
pub(super) struct OrganizationEntry {
    pub(super) id: Option<ObjectId>,
    pub(super) name: String,
    pub(super) trusted_destinations: Option<Vec<String>>,
    pub(super) pipelines: Vec<ListEntry<PipelineEntry>>,
    pub(super) agents: Vec<ListEntry<AgentEntry>>,
    pub(super) users: Vec<ListEntry<UserEntry>>,
}

impl Entry for OrganizationEntry {
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self> {
        let id = fields.optional("_id", "The id. Without it, it is made of the name, the same in every load.");
        let name = fields.required::<ParsedText<OrganizationName>>("name", "The display name.");
        let trusted_destinations = fields.optional::<TrustedList>("trustedDestinations", "The trusted destinations.");
        let pipelines = fields.elements("pipelines", "The pipelines.", Presence::Optional);
        let agents = fields.elements("agents", "The agents.", Presence::Optional);
        let users = fields.elements("users", "The users, each with a setup.", Presence::Optional);
        let trusted_destinations = trusted_destinations.map(|list| list.0);
        Some(Self { id, name: name?.0.to_string(), trusted_destinations, pipelines, agents, users })
    }
}

/// A pipeline, perhaps without an id.
pub(super) struct PipelineEntry {
    pub(super) id: Option<ObjectId>,
    pub(super) name: String,
    kind: String,
    pub(super) stages: Vec<ListEntry<StageEntry>>,
    rest: Map<String, Value>,
}

impl Entry for PipelineEntry {
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self> {
        let id = fields.optional("_id", "The id. Without it, it is made of the organization and the name.");
        let name = fields.required::<ParsedText<PipelineName>>("name", "The display name.");
        let kind = fields.required::<PipelineType>("type", "What moves through it.");
        let stages: Vec<ListEntry<StageEntry>> = fields.elements("stages", "The stages, in order.", Presence::Required);
        let rest = fields.rest();
        Some(Self { id, name: name?.0.to_string(), kind: kind?.to_string(), stages, rest })
    }
}

impl PipelineEntry {
    pub(super) fn into_pipeline(self, id: ObjectId) -> Pipeline {
        let Self { name, kind, stages, rest, .. } = self;
        let stages = stages.into_iter().map(|stage| stage.entry.0).collect();
        Pipeline { id, name, kind, stages, rest }
    }
}

/// A stage.
pub(super) struct StageEntry(pub(super) Stage);

impl Entry for StageEntry {
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self> {
        let name = fields.required::<ParsedText<StageName>>("name", "The name. Automations refer to the stage by it.");
        let mut rest = fields.rest();
        let color = take_text(&mut rest, "color");
        Some(Self(Stage { name: name?.0.to_string(), color, rest }))
    }
}

/// An agent, perhaps without an id.
pub(super) struct AgentEntry {
    pub(super) id: Option<ObjectId>,
    pub(super) name: String,
    rest: Map<String, Value>,
}

impl Entry for AgentEntry {
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self> {
        let id = fields.optional("_id", "The id. Without it, it is made of the organization and the name.");
        let about = "The name. Automations refer to the agent by it, or by the id.";
        let name = fields.required::<ParsedText<AgentName>>("name", about);
        let rest = fields.rest();
        Some(Self { id, name: name?.0.to_string(), rest })
    }
}

impl AgentEntry {
    pub(super) fn into_agent(self, id: ObjectId) -> Agent {
        let Self { name, mut rest, .. } = self;
        Agent { id, name, description: take_text(&mut rest, "description"), rest }
    }
}

/// Takes a field that no decision depends on. Drops a value of another type than a text, as a reader of the table does.
fn take_text(rest: &mut Map<String, Value>, name: &str) -> Option<String> {
    match rest.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// A user with a setup.
pub(super) struct UserEntry {
    pub(super) id: Option<ObjectId>,
    pub(super) email: Email,
    pub(super) full_name: FullName,
    pub(super) access_role: Role,
    pub(super) phone_number: Option<PhoneNumber>,
    pub(super) designation: Option<Designation>,
    pub(super) department_id: Option<ObjectId>,
    pub(super) login_disabled: Option<bool>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) items: PerKind<Vec<ListEntry<ItemEntry>>>,
    pub(super) preferences: Preferences,
}

impl Entry for UserEntry {
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self> {
        let id = fields.optional("_id", "The id. Without it, it is made of the organization and the address.");
        let email = fields.required("email", "The address to sign in with, unique across the platform.");
        let full_name = fields.required::<ParsedText<FullName>>("fullName", "The name.");
        let access_role = fields.required("accessRole", "What the user may do.");
        let phone_number = fields.optional::<ParsedText<PhoneNumber>>("phoneNumber", "The phone number.");
        let designation = fields.optional::<ParsedText<Designation>>("designation", "The job title.");
        let department_id = fields.optional("departmentId", "The department. It is stored without being looked up.");
        let login_disabled = fields.optional("loginDisabled", "Whether the user may not sign in.");
        let created_at =
            fields.optional("createdAt", "When the user was made. Without it, it is the time of the load.");
        let automations = fields.elements("automations", "The automations.", Presence::Optional);
        let prompts = fields.elements("prompts", "The prompts.", Presence::Optional);
        let templates = fields.elements("templates", "The templates.", Presence::Optional);
        let preferences = fields.optional::<SwitchMap>("preferences", "The switches.");
        Some(Self {
            id,
            email: email?,
            full_name: full_name?.0,
            access_role: access_role?,
            phone_number: phone_number.map(|checked| checked.0),
            designation: designation.map(|checked| checked.0),
            department_id,
            login_disabled,
            created_at,
            items: PerKind { automations, prompts, templates },
            preferences: preferences.map(|switches| switches.0).unwrap_or_default(),
        })
    }
}

/// A setup item: an open document, perhaps without an id.
pub(super) struct ItemEntry {
    pub(super) id: Option<ObjectId>,
    pub(super) document: Map<String, Value>,
}

impl Entry for ItemEntry {
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self> {
        let id = fields.id_or_name();
        let document = fields.rest();
        Some(Self { id, document })
    }
}
