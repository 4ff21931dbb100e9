//! Who may do what: one table, and nothing that it does not allow.

use super::{ObjectId, Role};

/// Who asks: the person named by a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: ObjectId,
    /// The user's organization.
    pub organization: ObjectId,
    /// The user's role.
    pub role: Role,
}

/// What the store says now of a user whom a token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The organization that the user belongs to.
    pub organization: ObjectId,
    /// The user's role.
    pub role: Role,
    /// Whether the user may not sign in any more.
    pub disabled: bool,
}

/// Something that tells a user's standing.
pub trait HasStanding {
    /// The standing.
    fn standing(&self) -> Standing;
}

impl HasStanding for Standing {
    fn standing(&self) -> Standing {
        *self
    }
}

/// What somebody wants to do with a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Capture a user's setup.
    Create,
    /// List, get, read its references, plan, apply.
    Use,
}

/// Which snapshots an action reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// None.
    Nothing,
    /// Those whose source is the caller's organization.
    OwnSource,
    /// Those assigned to the caller's organization, and global ones.
    AssignedOrGlobal,
    /// All.
    Everything,
}

/// The snapshot's side of the question.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The organization it was captured in.
    pub source_organization: ObjectId,
    /// The organizations that see it.
    pub assigned: &'a [ObjectId],
    /// Whether every organization sees it.
    pub is_global: bool,
}

/// The table.
pub fn reach(role: Role, action: Action) -> Reach {
    match (role, action) {
        (Role::Superadmin, _) => Reach::Everything,
        (Role::Admin, Action::Create) => Reach::OwnSource,
        (Role::Admin, Action::Use) => Reach::AssignedOrGlobal,
        (Role::DepartmentHead | Role::SalesRep, _) => Reach::Nothing,
    }
}

impl Principal {
    /// Whether this principal may do `action` at all, to some snapshot.
    pub fn may_ever(&self, action: Action) -> bool {
        reach(self.role, action) != Reach::Nothing
    }

    /// Whether this principal may do `action` to this snapshot.
    pub fn may(&self, action: Action, snapshot: Access<'_>) -> bool {
        match reach(self.role, action) {
            Reach::Nothing => false,
            Reach::OwnSource => snapshot.source_organization == self.organization,
            Reach::AssignedOrGlobal => snapshot.is_global || snapshot.assigned.contains(&self.organization),
            Reach::Everything => true,
        }
    }

    /// Whether this principal may capture a user of `organization`.
    pub fn may_capture_in(&self, organization: ObjectId) -> bool {
        self.may(Action::Create, Access { source_organization: organization, assigned: &[], is_global: false })
    }

    /// Whether this principal may create a user of `role`: an equal role, never a higher one.
    pub fn may_grant(&self, role: Role) -> bool {
        role <= self.role
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ObjectId = ObjectId::from_bytes([1; 12]);
    const THERE: ObjectId = ObjectId::from_bytes([2; 12]);

    fn principal(role: Role) -> Principal {
        Principal { user: ObjectId::from_bytes([9; 12]), organization: HERE, role }
    }

    #[test]
    fn only_a_superadmin_captures_in_another_organization() {
        for (role, own, other) in [
            (Role::Superadmin, true, true),
            (Role::Admin, true, false),
            (Role::DepartmentHead, false, false),
            (Role::SalesRep, false, false),
        ] {
            assert_eq!(principal(role).may_capture_in(HERE), own, "{role}");
            assert_eq!(principal(role).may_capture_in(THERE), other, "{role}");
        }
    }

    #[test]
    fn an_admin_uses_what_is_assigned_or_global_whatever_its_source() {
        let admin = principal(Role::Admin);
        for (source, assigned, is_global, seen) in [
            (HERE, vec![HERE], false, true),
            (HERE, vec![], false, false),
            (THERE, vec![HERE], false, true),
            (THERE, vec![THERE], false, false),
            (THERE, vec![], true, true),
        ] {
            let access = Access { source_organization: source, assigned: &assigned, is_global };
            assert_eq!(admin.may(Action::Use, access), seen);
            assert!(principal(Role::Superadmin).may(Action::Use, access));
            assert!(!principal(Role::DepartmentHead).may(Action::Use, access));
            assert!(!principal(Role::SalesRep).may(Action::Use, access));
        }
    }

    #[test]
    fn nobody_grants_a_role_above_their_own() {
        for mine in Role::ALL {
            for theirs in Role::ALL {
                assert_eq!(principal(mine).may_grant(theirs), theirs <= mine);
            }
        }
    }
}
