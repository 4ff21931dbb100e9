//! A workspace file: organizations with their users and their users' setups, to be loaded into a table.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use serde_path_to_error::Segment;
use shared::domain::{
    Agent, Designation, Document, Email, FullName, ObjectId, Organization, PerKind, PhoneNumber, Pipeline, Preferences,
    Role, Setup, SetupItem, Timestamp, User, Violation,
};
use shared::store::{UnstorableDocument, check_storable};

/// The demo workspace, so that the binary needs no file.
pub const DEMO: &str = include_str!("../../events/demo-workspace.json");
/// The password of every demo user. It protects nothing: these users exist on one machine only.
pub const DEMO_PASSWORD: &str = "Demo-Pass-2026!";

/// The checked content of a workspace file.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// The organizations in the order of the file.
    pub organizations: Vec<Tenant>,
}

/// One organization and its people.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// The organization.
    pub organization: Organization,
    /// Its users in the order of the file.
    pub users: Vec<Member>,
}

/// One user with the setup.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The user.
    pub user: User,
    /// The setup.
    pub setup: Setup,
}

/// Why a workspace file was refused.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum WorkspaceError {
    /// The file could not be read at all.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// The system's error.
        reason: String,
    },
    /// A value in it is not allowed.
    #[error("{file}: {place}: {reason}")]
    Refused {
        /// The file.
        file: String,
        /// Line and column, a JSON pointer (RFC 6901), or both.
        place: FilePlace,
        /// The reason.
        reason: String,
    },
}

/// A position in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FilePlace {
    /// Line and column, both counted from 1, if known.
    pub line_and_column: Option<(usize, usize)>,
    /// The JSON pointer; empty for the whole.
    pub pointer: String,
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line_and_column {
            Some((line, column)) if self.pointer.is_empty() => write!(f, "line {line}, column {column}"),
            Some((line, column)) => write!(f, "{} (line {line}, column {column})", self.pointer),
            None => f.write_str(&self.pointer),
        }
    }
}

impl Workspace {
    /// The demo workspace.
    pub fn demo() -> Result<Self, WorkspaceError> {
        Self::parse("events/demo-workspace.json", DEMO)
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, WorkspaceError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(error) => Err(WorkspaceError::Unreadable { file, reason: error.to_string() }),
        }
    }

    /// Reads the text of `file`. The name is only for messages.
    pub fn parse(file: &str, text: &str) -> Result<Self, WorkspaceError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed: WorkspaceFile = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| refused_by_serde(file, &pointer_of(error.path()), error.inner()))?;
        deserializer.end().map_err(|error| refused_by_serde(file, "", &error))?;
        refuse_duplicates(&parsed).and_then(|()| refuse_unstorable(&parsed)).map_err(|(pointer, reason)| {
            WorkspaceError::Refused {
                file: file.to_owned(),
                place: FilePlace { line_and_column: None, pointer },
                reason,
            }
        })?;
        Ok(parsed.into())
    }

    /// Returns every user with the organization, in the order of the file.
    pub fn members(&self) -> impl Iterator<Item = (&Organization, &Member)> {
        self.organizations.iter().flat_map(|tenant| tenant.users.iter().map(|member| (&tenant.organization, member)))
    }

    /// Returns the user with this address, in any case.
    pub fn member(&self, email: &str) -> Option<(&Organization, &Member)> {
        let email = Email::parse(email).ok()?;
        self.members().find(|(_, member)| member.user.email.key() == email.key())
    }
}

/// Moves the position from the end of serde_json's message to its front.
fn refused_by_serde(file: &str, pointer: &str, error: &serde_json::Error) -> WorkspaceError {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    WorkspaceError::Refused {
        file: file.to_owned(),
        place: FilePlace { line_and_column: Some((error.line(), error.column())), pointer: pointer.to_owned() },
        reason: message.strip_suffix(&position).unwrap_or(&message).to_owned(),
    }
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

type FileRefusal = (String, String);

/// Fails if one of these comes twice: an organization, a user, an e-mail address; a pipeline or an agent in one organization; an
/// item of one kind in one setup.
fn refuse_duplicates(file: &WorkspaceFile) -> Result<(), FileRefusal> {
    let (mut organizations, mut users, mut emails) = (Unique::default(), Unique::default(), Unique::default());
    for (index, organization) in file.organizations.iter().enumerate() {
        let here = format!("/organizations/{index}");
        organizations.add(organization.id, format!("{here}/_id"))?;
        let (mut pipelines, mut agents) = (Unique::default(), Unique::default());
        for (index, pipeline) in organization.pipelines.iter().enumerate() {
            pipelines.add(pipeline.id, format!("{here}/pipelines/{index}/_id"))?;
        }
        for (index, agent) in organization.agents.iter().enumerate() {
            agents.add(agent.id, format!("{here}/agents/{index}/_id"))?;
        }
        for (index, user) in organization.users.iter().enumerate() {
            let here = format!("{here}/users/{index}");
            users.add(user.id, format!("{here}/_id"))?;
            emails.add(user.email.key().as_str(), format!("{here}/email"))?;
            for (kind, items) in user.items() {
                let here = format!("{here}/{}", kind.plural());
                let mut ids = Unique::default();
                for (index, item) in items.iter().enumerate() {
                    ids.add(item.id, format!("{here}/{index}/_id"))?;
                }
            }
        }
    }
    Ok(())
}

/// Fails for values that DynamoDB would refuse when half of the workspace is written.
fn refuse_unstorable(file: &WorkspaceFile) -> Result<(), FileRefusal> {
    for (index, organization) in file.organizations.iter().enumerate() {
        let here = format!("/organizations/{index}");
        refuse(&(&organization.name, &organization.trusted_destinations), || here.clone())?;
        for (index, pipeline) in organization.pipelines.iter().enumerate() {
            refuse(pipeline, || format!("{here}/pipelines/{index}"))?;
        }
        for (index, agent) in organization.agents.iter().enumerate() {
            refuse(agent, || format!("{here}/agents/{index}"))?;
        }
        for (index, user) in organization.users.iter().enumerate() {
            let here = format!("{here}/users/{index}");
            refuse(&user.preferences, || format!("{here}/preferences"))?;
            for (kind, items) in user.items() {
                let here = format!("{here}/{}", kind.plural());
                for (index, item) in items.iter().enumerate() {
                    refuse(&item.document, || format!("{here}/{index}"))?;
                }
            }
        }
    }
    Ok(())
}

/// Fails if DynamoDB would not store this value at `here`.
fn refuse(document: &impl Serialize, here: impl Fn() -> String) -> Result<(), FileRefusal> {
    check_storable(document).map_err(|UnstorableDocument { pointer, reason }| (here() + &pointer, reason))
}

struct Unique<T>(HashSet<T>);

impl<T> Default for Unique<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash + fmt::Display + Clone> Unique<T> {
    fn add(&mut self, value: T, pointer: String) -> Result<(), FileRefusal> {
        let shown = value.to_string();
        if self.0.insert(value) { Ok(()) } else { Err((pointer, format!("{shown} stands here a second time"))) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceFile {
    organizations: Vec<OrganizationEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganizationEntry {
    #[serde(default, rename = "trustedDestinations")]
    trusted_destinations: Vec<String>,
    #[serde(rename = "_id")]
    id: ObjectId,
    name: String,
    #[serde(default)]
    pipelines: Vec<Pipeline>,
    #[serde(default)]
    agents: Vec<Agent>,
    #[serde(default)]
    users: Vec<UserEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserEntry {
    #[serde(rename = "_id")]
    id: ObjectId,
    email: Email,
    full_name: ParsedText<FullName>,
    access_role: Role,
    phone_number: Option<ParsedText<PhoneNumber>>,
    designation: Option<ParsedText<Designation>>,
    department_id: Option<ObjectId>,
    #[serde(default)]
    login_disabled: bool,
    created_at: Timestamp,
    #[serde(default)]
    automations: Vec<ItemEntry>,
    #[serde(default)]
    prompts: Vec<ItemEntry>,
    #[serde(default)]
    templates: Vec<ItemEntry>,
    #[serde(default)]
    preferences: Preferences,
}

/// A text of the file, under the rules for requests.
#[derive(Deserialize)]
#[serde(try_from = "String", bound = "T: TryFrom<String, Error = Violation>")]
struct ParsedText<T>(T);

impl<T: TryFrom<String, Error = Violation>> TryFrom<String> for ParsedText<T> {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        T::try_from(text).map(Self)
    }
}

/// A setup item: an open document without its id.
struct ItemEntry {
    id: ObjectId,
    document: Document,
}

impl<'de> Deserialize<'de> for ItemEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        let mut fields = Map::deserialize(deserializer)?;
        let id = match fields.remove("_id") {
            Some(Value::String(id)) => id.parse().map_err(|violation| D::Error::custom(format!("_id: {violation}")))?,
            Some(_) => return Err(D::Error::custom("_id: an id is a text of 24 hex digits")),
            None => return Err(D::Error::missing_field("_id")),
        };
        Ok(Self { id, document: Document::new(fields) })
    }
}

impl From<WorkspaceFile> for Workspace {
    fn from(file: WorkspaceFile) -> Self {
        Self { organizations: file.organizations.into_iter().map(Tenant::from).collect() }
    }
}

impl From<OrganizationEntry> for Tenant {
    fn from(entry: OrganizationEntry) -> Self {
        let users = entry.users.into_iter().map(|user| user.into_member(entry.id)).collect();
        let OrganizationEntry { id, name, pipelines, agents, trusted_destinations, .. } = entry;
        Self {
            organization: Organization { id, name, pipelines, agents, trusted_destinations, left_out: Vec::new() },
            users,
        }
    }
}

impl UserEntry {
    /// Returns the items of each kind.
    fn items(&self) -> PerKind<&[ItemEntry]> {
        PerKind { automations: &self.automations, prompts: &self.prompts, templates: &self.templates }
    }

    fn into_member(self, organization: ObjectId) -> Member {
        let user = User {
            id: self.id,
            organization,
            department: self.department_id,
            email: self.email,
            full_name: Some(self.full_name.0),
            phone_number: self.phone_number.map(|checked| checked.0),
            designation: self.designation.map(|checked| checked.0),
            role: self.access_role,
            login_disabled: self.login_disabled,
            created_at: self.created_at,
            updated_at: self.created_at,
        };
        let items = PerKind { automations: self.automations, prompts: self.prompts, templates: self.templates };
        let setup = Setup { items: items.map(|_, entries| sorted(entries)), preferences: self.preferences };
        Member { user, setup }
    }
}

/// Sorts each kind by id, as a setup requires.
fn sorted(entries: Vec<ItemEntry>) -> Vec<SetupItem> {
    let mut items: Vec<_> =
        entries.into_iter().map(|entry| SetupItem { id: entry.id, document: entry.document }).collect();
    items.sort_by_key(|item| item.id);
    items
}

#[cfg(test)]
mod tests;
