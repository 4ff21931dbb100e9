//! The order in which the page shows the routes of a group.

use shared::http::OperationId;
use shared::http::OperationId::{
    AcceptInvitation, ApplySnapshot, AssignSnapshot, ChangeOrganization, ChangePassword, ChangeUser, CompareRevisions,
    CreateOrganization, CreateSnapshot, DeleteSnapshot, GetApply, GetApplyReferences, GetDocs, GetHealth, GetIndex,
    GetOpenApi, GetOpenApi30, GetOrganization, GetRevision, GetSetup, GetSnapshot, GetUser, InviteUser, ListApplies,
    ListCapturableUsers, ListOrganizationApplies, ListOrganizations, ListRevisions, ListSnapshotItems, ListSnapshots,
    ListUsers, Login, PlanSnapshot, RefreshSnapshot, RemoveUser, RenameSnapshot, RestoreRevision, UndoApply,
    VerifyToken,
};

/// The routes as a person meets them: from signing in to undoing an apply.
const JOB: [OperationId; OperationId::ALL.len()] = [
    Login,
    VerifyToken,
    ChangePassword,
    ListCapturableUsers,
    CreateSnapshot,
    ListSnapshots,
    GetSnapshot,
    ListSnapshotItems,
    GetApplyReferences,
    PlanSnapshot,
    ApplySnapshot,
    AssignSnapshot,
    RenameSnapshot,
    DeleteSnapshot,
    ListApplies,
    GetApply,
    ListOrganizationApplies,
    UndoApply,
    ListUsers,
    GetUser,
    GetSetup,
    ChangeUser,
    InviteUser,
    AcceptInvitation,
    RemoveUser,
    ListOrganizations,
    CreateOrganization,
    GetOrganization,
    ChangeOrganization,
    RefreshSnapshot,
    CompareRevisions,
    ListRevisions,
    GetRevision,
    RestoreRevision,
    GetIndex,
    GetDocs,
    GetOpenApi,
    GetOpenApi30,
    GetHealth,
];

/// Every operation in the order of the job.
pub(crate) const fn job() -> [OperationId; JOB.len()] {
    JOB
}

/// The place of an operation in the order of the job, by its name in the description.
pub(super) fn place(operation: &str) -> usize {
    JOB.iter().position(|id| id.name() == operation).unwrap_or(JOB.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_place_of_its_own() {
        let mut places: Vec<usize> = OperationId::ALL.iter().map(|id| place(&id.name())).collect();
        places.sort_unstable();
        assert_eq!(places, (0..JOB.len()).collect::<Vec<_>>());
    }
}
