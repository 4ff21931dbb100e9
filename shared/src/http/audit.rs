//! Who did what to whom: the `audit` of a request's log line. It has ids, names of fields, roles, switches and a number, and nothing
//! that somebody wrote.

use std::fmt::Display;
use std::sync::OnceLock;

use super::OperationId;
use crate::domain::ObjectId;

impl OperationId {
    /// Returns whether the log says who did this and to whom: whether it changes what others have, see or may do. An operation that
    /// only reads does not, and neither does a sign-in, which changes nothing for others.
    pub const fn is_audited(self) -> bool {
        match self {
            Self::CreateSnapshot
            | Self::ApplySnapshot
            | Self::UndoApply
            | Self::RemoveUser
            | Self::RenameSnapshot
            | Self::DeleteSnapshot
            | Self::AssignSnapshot
            | Self::RefreshSnapshot
            | Self::RestoreRevision
            | Self::ChangeUser
            | Self::InviteUser
            | Self::AcceptInvitation
            | Self::ChangePassword
            | Self::CreateOrganization
            | Self::ChangeOrganization => true,
            Self::PlanSnapshot
            | Self::ListApplies
            | Self::GetApply
            | Self::ListOrganizationApplies
            | Self::ListSnapshots
            | Self::GetSnapshot
            | Self::ListSnapshotItems
            | Self::GetApplyReferences
            | Self::ListRevisions
            | Self::GetRevision
            | Self::CompareRevisions
            | Self::ListCapturableUsers
            | Self::ListUsers
            | Self::GetUser
            | Self::GetSetup
            | Self::ListOrganizations
            | Self::GetOrganization
            | Self::GetHealth
            | Self::GetOpenApi
            | Self::GetOpenApi30
            | Self::GetDocs
            | Self::GetIndex
            | Self::Login
            | Self::VerifyToken => false,
        }
    }
}

/// A field that a request names, of all that it can change.
#[derive(Debug)]
pub struct AuditField(Option<String>);

impl AuditField {
    /// Returns a field of which the log says only whether it is named.
    pub fn named<T>(name: &'static str, value: Option<&T>) -> Self {
        Self(value.map(|_| name.to_owned()))
    }

    /// Returns a field whose value the log says, too: one of a few that are known before, such as a role.
    pub fn with_value<T: Display>(name: &'static str, value: Option<&T>) -> Self {
        Self(value.map(|value| format!("{name}={value}")))
    }
}

/// The targets of a request, as far as its handler has recorded them. The first record of each is kept.
#[derive(Debug, Default)]
pub struct AuditTargets {
    user: OnceLock<(ObjectId, ObjectId)>,
    fields: OnceLock<String>,
    organization: OnceLock<ObjectId>,
    organizations: OnceLock<String>,
    revision: OnceLock<u32>,
    dry_run: OnceLock<()>,
}

impl AuditTargets {
    /// Notes the user to whom it is done, and that user's organization.
    pub fn record_user(&self, user: ObjectId, organization: ObjectId) {
        let _ = self.user.set((user, organization));
    }

    /// Notes the fields that the request names, of all that it can change, each by its name in the body.
    pub fn record_fields(&self, fields: impl IntoIterator<Item = AuditField>) {
        let _ = self.fields.set(listed(fields.into_iter().filter_map(|AuditField(named)| named)));
    }

    /// Notes the organization that the request makes.
    pub fn record_organization(&self, organization: ObjectId) {
        let _ = self.organization.set(organization);
    }

    /// Notes the organizations that the request assigns the snapshot to.
    pub fn record_organizations(&self, organizations: impl IntoIterator<Item = ObjectId>) {
        let _ = self.organizations.set(listed(organizations));
    }

    /// Notes the revision that is shared or brought back.
    pub fn record_revision(&self, revision: u32) {
        let _ = self.revision.set(revision);
    }

    /// Notes that the request changes nothing, so that its line has no `audit`.
    pub fn record_dry_run(&self) {
        let _ = self.dry_run.set(());
    }

    /// Returns whether the request changes nothing.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run.get().is_some()
    }

    /// Returns the user and that user's organization.
    pub(super) fn user(&self) -> Option<(ObjectId, ObjectId)> {
        self.user.get().copied()
    }

    /// Returns the organization that the request makes.
    pub(super) fn organization(&self) -> Option<ObjectId> {
        self.organization.get().copied()
    }

    /// Returns the names of the fields.
    pub(super) fn fields(&self) -> Option<&str> {
        self.fields.get().map(String::as_str)
    }

    /// Returns the ids of the organizations.
    pub(super) fn organizations(&self) -> Option<&str> {
        self.organizations.get().map(String::as_str)
    }

    /// Returns the number of the revision.
    pub(super) fn revision(&self) -> Option<u32> {
        self.revision.get().copied()
    }
}

/// Returns a list as one text. CloudWatch Logs Insights makes a field of each entry of an array, and takes the first 200 fields of a line.
fn listed(entries: impl IntoIterator<Item: Display>) -> String {
    entries.into_iter().map(|entry| entry.to_string()).collect::<Vec<_>>().join(" ")
}
