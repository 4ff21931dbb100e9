//! A caller in the organization that it acts in.

use super::{ApiError, Caller, OperationId};
use crate::domain::rights::ACTING_REFUSAL;
use crate::domain::{ObjectId, Principal, Role};

/// The parameter or the field that names the organization to act in.
pub const ORGANIZATION_ID: &str = "organizationId";

/// Where a request names the organization that it acts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActingPlace {
    /// In the query string.
    Query,
    /// In the body, where an Idempotency-Key covers it.
    Body,
    /// Nowhere: the path names an organization, or the request is about no organization or about the caller.
    Nowhere,
}

impl OperationId {
    /// Returns where a request names the organization that it acts in.
    pub const fn acting_place(self) -> ActingPlace {
        match self {
            Self::CreateSnapshot | Self::ApplySnapshot | Self::PlanSnapshot => ActingPlace::Body,
            Self::ListApplies
            | Self::GetApply
            | Self::ListOrganizationApplies
            | Self::UndoApply
            | Self::ListSnapshots
            | Self::GetSnapshot
            | Self::RenameSnapshot
            | Self::DeleteSnapshot
            | Self::ListSnapshotItems
            | Self::GetApplyReferences
            | Self::AssignSnapshot
            | Self::RefreshSnapshot
            | Self::ListRevisions
            | Self::GetRevision
            | Self::RestoreRevision
            | Self::CompareRevisions
            | Self::ListUsers
            | Self::GetUser
            | Self::GetSetup
            | Self::ChangeUser
            | Self::InviteUser
            | Self::RemoveUser => ActingPlace::Query,
            Self::ListCapturableUsers
            | Self::ListOrganizations
            | Self::CreateOrganization
            | Self::GetOrganization
            | Self::ChangeOrganization
            | Self::GetHealth
            | Self::GetOpenApi
            | Self::GetOpenApi30
            | Self::GetDocs
            | Self::GetIndex
            | Self::Login
            | Self::VerifyToken
            | Self::AcceptInvitation
            | Self::ChangePassword => ActingPlace::Nowhere,
        }
    }
}

/// A caller in the organization that it acts in: its own, or for a SUPERADMIN the one that the request names.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The user.
    pub user: ObjectId,
    /// The organization that the user acts in. The user need not belong to it.
    pub organization: ObjectId,
    /// What the user may do.
    pub role: Role,
    caller: Caller,
    place: ActingPlace,
}

impl Actor {
    /// Returns a caller in its own organization.
    pub fn at_home(caller: Caller) -> Self {
        let Caller { user, organization, role, .. } = caller;
        Self { user, organization, role, caller, place: ActingPlace::Nowhere }
    }

    /// Returns the same caller in the organization that the request names, if it names one. Fails with 403 for another one than its
    /// own, unless it is a SUPERADMIN.
    pub fn within(self, organization: Option<ObjectId>, place: ActingPlace) -> Result<Self, ApiError> {
        let Some(organization) = organization else { return Ok(self) };
        match self.caller.principal().acting_in(organization) {
            Some(Principal { organization, .. }) => Ok(Self { organization, place, ..self }),
            None => Err(ApiError::Forbidden(ACTING_REFUSAL.to_owned())),
        }
    }

    /// Returns the caller that the token names.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns the other organization that the caller acts in; `None` in its own.
    pub fn other_organization(&self) -> Option<ObjectId> {
        Some(self.organization).filter(|organization| *organization != self.caller.organization)
    }

    /// Returns whom the rights table judges.
    pub fn principal(&self) -> Principal {
        Principal { user: self.user, organization: self.organization, role: self.role }
    }

    /// Returns the error for an organization that does not exist.
    pub(crate) fn no_such_organization(&self) -> ApiError {
        no_such_organization(self.place)
    }
}

/// Returns the error for an organization to act in that does not exist.
pub(super) fn no_such_organization(place: ActingPlace) -> ApiError {
    match place {
        ActingPlace::Body => ApiError::refused("/organizationId", "there is no organization with this id"),
        _ => ApiError::refused("", "the parameter \"organizationId\" names an organization that does not exist"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TokenCredentials;

    #[test]
    fn only_a_superadmin_acts_in_another_organization_than_its_own() {
        let [home, other] = [1, 2].map(|byte| ObjectId::from_bytes([byte; 12]));
        for role in Role::ALL {
            let caller = Caller {
                user: ObjectId::from_bytes([9; 12]),
                organization: home,
                role,
                name: String::new(),
                credentials: TokenCredentials::default(),
            };
            for named in [None, Some(home)] {
                let actor = Actor::at_home(caller.clone()).within(named, ActingPlace::Query).unwrap();
                assert_eq!((actor.organization, actor.other_organization()), (home, None), "{role}");
            }
            match Actor::at_home(caller.clone()).within(Some(other), ActingPlace::Body) {
                Ok(actor) => {
                    assert_eq!(role, Role::Superadmin);
                    assert_eq!((actor.principal().organization, actor.other_organization()), (other, Some(other)));
                    assert_eq!(*actor.caller(), caller);
                }
                Err(refused) => {
                    assert_ne!(role, Role::Superadmin);
                    assert_eq!(refused, ApiError::Forbidden(ACTING_REFUSAL.to_owned()));
                }
            }
        }
    }
}
