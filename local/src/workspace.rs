//! A workspace file: organizations with their users and their users' setups, to be loaded into a table.

mod assembly;
mod entries;
mod fields;
mod layout;
pub(crate) mod made_id;
mod reading;
mod refusals;
pub mod schema;

use std::path::Path;

use serde_json::Value;
use shared::domain::user_change::UserChange;
use shared::domain::{Email, ItemKind, Organization, Setup, Timestamp, User};

use self::entries::WorkspaceEntry;
use self::layout::Layout;
use self::reading::pointer_of;
pub use self::refusals::{FileRefusal, WorkspaceError};

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
    /// Whether the file names `trustedDestinations`. A load leaves what it does not name.
    pub names_trusted_destinations: bool,
    /// Its users in the order of the file.
    pub users: Vec<Member>,
}

/// One user with the setup.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The user.
    pub user: User,
    /// Whether the file names `loginDisabled`. A load leaves what it does not name.
    pub names_login_disabled: bool,
    /// Whether the file has the user's `_id`. Otherwise the id is made of the address, and the user is the one who has the address.
    pub has_given_id: bool,
    /// The setup.
    pub setup: Setup,
}

impl Member {
    /// Returns the change that gives a stored user what the file names.
    pub fn change(&self) -> UserChange {
        let user = &self.user;
        UserChange {
            email: Some(user.email.clone()),
            full_name: user.full_name.clone().map(Some),
            phone_number: user.phone_number.clone().map(Some),
            designation: user.designation.clone().map(Some),
            department: user.department.map(Some),
            role: Some(user.role),
            login_disabled: self.names_login_disabled.then_some(user.login_disabled),
        }
    }
}

impl Workspace {
    /// The demo workspace.
    pub fn demo() -> Result<Self, WorkspaceError> {
        // It has every time.
        Self::parse("events/demo-workspace.json", DEMO, Timestamp::from_millis(0))
    }

    /// Reads a file. `now` is the time of what has none.
    pub fn read(path: &Path, now: Timestamp) -> Result<Self, WorkspaceError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text, now),
            Err(error) => Err(WorkspaceError::Unreadable { file, reason: error.to_string() }),
        }
    }

    /// Reads the text of `file`. The name is only for messages. An error has all that is wrong.
    pub fn parse(file: &str, text: &str, now: Timestamp) -> Result<Self, WorkspaceError> {
        let value = read_json(file, text)?;
        let layout = Layout::of(text);
        let twice = layout.duplicates().into_iter();
        let mut refusals: Vec<_> =
            twice.map(|pointer| (pointer, "this key stands in its object more than once".to_owned())).collect();
        let entry = reading::read::<WorkspaceEntry>(&value, &mut refusals);
        let workspace = entry.map(|entry| assembly::assemble(entry, now, &mut refusals));
        match workspace {
            Some(workspace) if refusals.is_empty() => Ok(workspace),
            _ => Err(refusals::refused(file, text, &layout, refusals)),
        }
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

    /// Returns the number of everything in it, by its name.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let organizations = || self.organizations.iter().map(|tenant| &tenant.organization);
        let items = |kind: ItemKind| self.members().map(|(_, member)| member.setup.items.get(kind).len()).sum();
        let mut counts = vec![
            ("organizations", self.organizations.len()),
            ("pipelines", organizations().map(|it| it.pipelines.len()).sum()),
            ("agents", organizations().map(|it| it.agents.len()).sum()),
            ("users", self.members().count()),
        ];
        counts.extend(ItemKind::ALL.map(|kind| (kind.plural(), items(kind))));
        counts
    }
}

/// Reads a JSON text.
fn read_json(file: &str, text: &str) -> Result<Value, WorkspaceError> {
    let refused = |pointer: String, error: &serde_json::Error| {
        // Its position stands at the end of serde_json's message.
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let reason = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message).to_owned();
        let refusals = vec![FileRefusal { pointer, line_and_column: (line, column), reason }];
        WorkspaceError::Refused { file: file.to_owned(), refusals }
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer);
    let value = value.map_err(|error| refused(pointer_of(error.path()), error.inner()))?;
    deserializer.end().map_err(|error| refused(String::new(), &error))?;
    Ok(value)
}

#[cfg(test)]
mod tests;
