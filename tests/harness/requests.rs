//! A good request for every operation. A new operation does not compile without one here.

use serde_json::{Value, json};
use shared::http::{OperationId, ROUTES, Route};

use crate::{TestApp, apply_body, create_body};

/// The ids for a request.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The value of `{id}`.
    pub snapshot: &'a str,
    /// The value of `{applyId}`.
    pub apply: &'a str,
    /// The value of `{userId}`.
    pub user: &'a str,
    /// The value of `{orgId}`, and the organization that a snapshot is assigned to.
    pub organization: &'a str,
}

impl Subject<'_> {
    /// Returns the path of a route with these ids. `{revision}` is the first one.
    pub fn path(&self, route: &Route) -> String {
        let path = route.path.replace("{id}", self.snapshot).replace("{applyId}", self.apply);
        path.replace("{orgId}", self.organization).replace("{userId}", self.user).replace("{revision}", "1")
    }
}

/// A good password that nobody has at first.
pub const ANOTHER_PASSWORD: &str = "Quiet-Harbour-42";
/// The token of an invitation in its right form, of a user who does not exist.
pub const NO_INVITATION: &str =
    "64ee9a8b1e7f2a0011223344.64ee9a8b1e7f2a00112233ff.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Returns the body with which an operation succeeds in the demo workspace; `None` if it takes no body.
pub fn good_body(operation: OperationId, organization: &str) -> Option<Value> {
    match operation {
        OperationId::Login => Some(json!({"email": crate::PAT, "password": crate::PASSWORD})),
        OperationId::CreateSnapshot => Some(create_body()),
        OperationId::ApplySnapshot | OperationId::PlanSnapshot => Some(apply_body()),
        OperationId::RenameSnapshot => Some(json!({"name": "Renamed"})),
        OperationId::AssignSnapshot => Some(json!({"assignedOrgIds": [organization]})),
        OperationId::UndoApply => Some(json!({})),
        OperationId::ChangeUser => Some(json!({"designation": "Head of Sales"})),
        OperationId::CreateOrganization => Some(json!({"name": "Initech", "copyFrom": organization})),
        OperationId::ChangeOrganization => Some(json!({"trustedDestinations": ["https://hooks.acme.example"]})),
        OperationId::ChangePassword => {
            Some(json!({"currentPassword": crate::PASSWORD, "newPassword": crate::ANOTHER_PASSWORD}))
        }
        // Of nobody: an invitation has to be made first.
        OperationId::AcceptInvitation => Some(json!({"token": NO_INVITATION, "password": crate::ANOTHER_PASSWORD})),
        OperationId::VerifyToken
        | OperationId::ListApplies
        | OperationId::GetApply
        | OperationId::ListOrganizationApplies
        | OperationId::ListSnapshots
        | OperationId::GetSnapshot
        | OperationId::DeleteSnapshot
        | OperationId::ListSnapshotItems
        | OperationId::GetApplyReferences
        | OperationId::RefreshSnapshot
        | OperationId::ListRevisions
        | OperationId::GetRevision
        | OperationId::RestoreRevision
        | OperationId::CompareRevisions
        | OperationId::ListCapturableUsers
        | OperationId::ListUsers
        | OperationId::GetUser
        | OperationId::GetSetup
        | OperationId::InviteUser
        | OperationId::RemoveUser
        | OperationId::ListOrganizations
        | OperationId::GetOrganization
        | OperationId::GetHealth
        | OperationId::GetOpenApi
        | OperationId::GetOpenApi30
        | OperationId::GetDocs
        | OperationId::GetIndex => None,
    }
}

/// Returns the operations whose path names a snapshot that must exist: all except those about applies.
pub fn operations_of_a_snapshot() -> impl Iterator<Item = OperationId> {
    let is_of_one = |route: &&Route| route.path.contains("/{id}") && !route.path.contains("/applies");
    ROUTES.iter().filter(is_of_one).map(|route| route.id)
}

impl TestApp {
    /// A request to an operation, without a token and a body.
    pub fn request_to(&self, operation: OperationId, subject: &Subject<'_>) -> reqwest::RequestBuilder {
        let route = operation.route();
        self.request(route.method.clone(), &subject.path(route))
    }

    /// A good request to an operation, without a token.
    pub fn good_request(&self, operation: OperationId, subject: &Subject<'_>) -> reqwest::RequestBuilder {
        let request = self.request_to(operation, subject);
        match good_body(operation, subject.organization) {
            Some(body) => request.json(&body),
            None => request,
        }
    }
}
