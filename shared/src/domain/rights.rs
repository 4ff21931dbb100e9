//! Who may do what: one table, and nothing that it does not allow.

use super::{ObjectId, Role, StoredCredentials, User};

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
pub struct UserStanding {
    /// The organization that the user belongs to.
    pub organization: ObjectId,
    /// The user's role.
    pub role: Role,
    /// Whether the user may not sign in any more.
    pub disabled: bool,
    /// The user's credentials.
    pub credentials: StoredCredentials,
}

/// Something that tells a user's standing.
pub trait HasStanding {
    /// The standing.
    fn standing(&self) -> UserStanding;
}

impl HasStanding for UserStanding {
    fn standing(&self) -> UserStanding {
        *self
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Capture a user's setup.
    Create,
    /// List a snapshot, get it, read its items and references.
    Use,
    /// Plan an apply of a snapshot, and make it.
    Apply,
    /// Change a snapshot's name, description and schedule.
    Edit,
    /// Refresh a snapshot; list, show, compare and restore its revisions.
    Revise,
    /// Delete a snapshot.
    Delete,
    /// Say which organizations see a snapshot.
    Assign,
    /// List the users of an organization, to choose whose setup is captured.
    ListUsers,
    /// See which applies were made of a snapshot, and their outcomes.
    History,
    /// Undo an apply whose user nobody has used.
    Undo,
    /// Undo an apply whatever has become of its user.
    ForceUndo,
    /// See the users of the own organization.
    SeeUsers,
    /// Change a user's profile, role and access.
    ChangeUser,
    /// Make an invitation for a user, which is also how a password is reset.
    InviteUser,
    /// Remove a user with everything.
    RemoveUser,
    /// List all organizations.
    ListOrganizations,
    /// Make an organization, also from the pipelines and agents of another one.
    CreateOrganization,
    /// See an organization with its pipelines and agents.
    SeeOrganization,
    /// Change an organization's name and the destinations that it trusts.
    ChangeOrganization,
}

crate::every! {
    /// Every action.
    pub Action:
        Create, Use, Apply, Edit, Revise, Delete, Assign, ListUsers, History, Undo, ForceUndo, SeeUsers,
        ChangeUser, InviteUser, RemoveUser, ListOrganizations, CreateOrganization, SeeOrganization, ChangeOrganization
}

impl Action {
    /// What the action needs: the answer to a role that may never take it.
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Create => "creating a snapshot needs the role ADMIN or SUPERADMIN",
            Self::Use => "seeing snapshots needs the role ADMIN or SUPERADMIN",
            Self::Apply => "applying a snapshot needs the role ADMIN or SUPERADMIN",
            Self::Edit => "changing a snapshot needs the role ADMIN or SUPERADMIN",
            Self::Revise => "changing a snapshot, and looking into its history, needs the role ADMIN or SUPERADMIN",
            Self::Delete => "deleting a snapshot needs the role ADMIN or SUPERADMIN",
            Self::Assign => "saying who sees a snapshot needs the role SUPERADMIN",
            Self::ListUsers => "listing users needs the role ADMIN or SUPERADMIN",
            Self::History | Self::Undo => "seeing and undoing applies needs the role ADMIN or SUPERADMIN",
            Self::ForceUndo => {
                "\"force\": true needs the role SUPERADMIN in your organization; without it, remove the user with DELETE /api/users/{userId}"
            }
            Self::SeeUsers => "seeing users needs the role ADMIN or SUPERADMIN",
            Self::ChangeUser => "changing a user needs the role ADMIN or SUPERADMIN",
            Self::RemoveUser => "removing a user needs the role ADMIN or SUPERADMIN",
            Self::InviteUser => "inviting a user needs the role ADMIN or SUPERADMIN",
            Self::ListOrganizations => "listing organizations needs the role SUPERADMIN",
            Self::CreateOrganization => "making an organization needs the role SUPERADMIN",
            Self::SeeOrganization => "seeing an organization needs the role ADMIN or SUPERADMIN",
            Self::ChangeOrganization => "changing an organization needs the role ADMIN or SUPERADMIN",
        }
    }

    /// Why a caller whose role may take the action may not take it here. An action that is refused by role alone gives the
    /// requirement.
    pub const fn refusal(self) -> &'static str {
        match self {
            Self::Create => "an ADMIN captures users of its own organization only; sourceOrgId names another one",
            Self::Edit => "an ADMIN changes only the snapshots of its own organization",
            Self::Revise => "an ADMIN changes only the snapshots of its own organization, and sees only their history",
            Self::Delete => "an ADMIN deletes only the snapshots that it created in its organization",
            Self::ListUsers => "an ADMIN lists users of its own organization only; the path names another one",
            Self::Undo | Self::ForceUndo => {
                "this apply made your own user; another ADMIN or a SUPERADMIN of your organization has to undo it"
            }
            Self::ChangeUser => "the user's role is above yours; somebody of that role has to change the user",
            Self::InviteUser => {
                "you invite others up to your own role; your own password is changed with POST /api/auth/password"
            }
            Self::RemoveUser => "you remove others up to your own role; somebody else has to remove you",
            Self::SeeOrganization => "an ADMIN sees its own organization only; the path names another one",
            Self::ChangeOrganization => "an ADMIN changes its own organization only; the path names another one",
            Self::Use
            | Self::Apply
            | Self::Assign
            | Self::History
            | Self::SeeUsers
            | Self::ListOrganizations
            | Self::CreateOrganization => self.requirement(),
        }
    }
}

/// Why a caller may not name a revision by its number.
pub const REVISION_NUMBER_REFUSAL: &str = "naming a revision by its number needs the role SUPERADMIN";

/// Which snapshots an action reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// None.
    Nothing,
    /// Those whose source is the caller's organization; for an action about an organization, the caller's own.
    OwnSource,
    /// Those assigned to the caller's organization, and global ones.
    AssignedOrGlobal,
    /// Those of the caller's organization that the caller made there.
    Creator,
    /// All.
    Everything,
    /// No snapshot, but applies made in the caller's organization of users up to the caller's own role.
    OwnApplies,
    /// No snapshot, but users of the caller's organization: all to be seen, those up to the caller's own role to be changed or removed.
    OwnUsers,
}

/// The snapshot's side of the question.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The organization it was captured in.
    pub source_organization: ObjectId,
    /// The user who made it.
    pub creator: ObjectId,
    /// The organization that the creator belonged to then. People who move keep their id.
    pub creator_organization: ObjectId,
    /// The organizations that see it.
    pub assigned: &'a [ObjectId],
    /// Whether every organization sees it.
    pub is_global: bool,
}

/// An apply's side of the question.
#[derive(Debug, Clone, Copy)]
pub struct MadeUser {
    /// The organization that the apply was made in.
    pub organization: ObjectId,
    /// The user whom it made.
    pub user: ObjectId,
    /// The role that it gave the user.
    pub role: Role,
}

/// A user's side of the question.
#[derive(Debug, Clone, Copy)]
pub struct UserTarget {
    /// The organization that the user belongs to.
    pub organization: ObjectId,
    /// The user.
    pub user: ObjectId,
    /// The user's role.
    pub role: Role,
}

impl UserTarget {
    /// Returns what the rights depend on.
    pub fn of(user: &User) -> Self {
        Self { organization: user.organization, user: user.id, role: user.role }
    }
}

/// The answer to a principal who wants to do something to a snapshot or an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It may be done.
    Allowed,
    /// The principal sees it, but may not do this to it.
    Forbidden,
    /// For this principal there is no such thing.
    Invisible,
}

/// The table. What no row allows is not allowed.
pub fn reach(role: Role, action: Action) -> Reach {
    match (role, action) {
        (Role::Superadmin, Action::History | Action::Undo | Action::ForceUndo)
        | (Role::Admin, Action::History | Action::Undo) => Reach::OwnApplies,
        (
            Role::Superadmin | Role::Admin,
            Action::SeeUsers | Action::ChangeUser | Action::InviteUser | Action::RemoveUser,
        ) => Reach::OwnUsers,
        (Role::Superadmin, _) => Reach::Everything,
        (Role::Admin, Action::Create | Action::Edit | Action::Revise | Action::ListUsers)
        | (Role::Admin, Action::SeeOrganization | Action::ChangeOrganization) => Reach::OwnSource,
        (Role::Admin, Action::Use | Action::Apply) => Reach::AssignedOrGlobal,
        (Role::Admin, Action::Delete) => Reach::Creator,
        (Role::Admin, Action::Assign | Action::ForceUndo | Action::ListOrganizations | Action::CreateOrganization)
        | (Role::DepartmentHead | Role::SalesRep, _) => Reach::Nothing,
    }
}

/// Why a caller may not act in another organization.
pub const ACTING_REFUSAL: &str = "acting in another organization needs the role SUPERADMIN; leave organizationId out";

impl Principal {
    /// Returns this principal in an organization. Only a SUPERADMIN acts in another one than its own.
    pub fn acting_in(&self, organization: ObjectId) -> Option<Self> {
        let may = organization == self.organization || self.role == Role::Superadmin;
        may.then(|| Self { organization, ..self.clone() })
    }

    /// Whether this principal may do `action` at all, to some snapshot.
    pub fn may_ever(&self, action: Action) -> bool {
        reach(self.role, action) != Reach::Nothing
    }

    /// Whether this principal may do `action` to this snapshot.
    pub fn may(&self, action: Action, snapshot: Access<'_>) -> bool {
        match reach(self.role, action) {
            Reach::Nothing | Reach::OwnApplies | Reach::OwnUsers => false,
            Reach::OwnSource => snapshot.source_organization == self.organization,
            Reach::AssignedOrGlobal => snapshot.is_global || snapshot.assigned.contains(&self.organization),
            Reach::Creator => {
                snapshot.source_organization == self.organization
                    && snapshot.creator_organization == self.organization
                    && snapshot.creator == self.user
            }
            Reach::Everything => true,
        }
    }

    /// Returns whether this principal may do `action` to this snapshot. An explicit refusal is only for a snapshot that the
    /// principal sees.
    pub fn judge(&self, action: Action, snapshot: Access<'_>) -> Verdict {
        if self.may(action, snapshot) {
            Verdict::Allowed
        } else if self.may(Action::Use, snapshot) {
            Verdict::Forbidden
        } else {
            Verdict::Invisible
        }
    }

    /// Returns whether this principal may do `action` to an apply. An apply that made a user of a higher role is invisible. A
    /// principal may not undo the apply that made it, as it may not delete itself.
    pub fn judge_apply(&self, action: Action, made: MadeUser) -> Verdict {
        let is_seen = |action| {
            let reaches = reach(self.role, action) == Reach::OwnApplies;
            reaches && made.organization == self.organization && made.role <= self.role
        };
        if !is_seen(Action::History) {
            Verdict::Invisible
        } else if !is_seen(action) || (action != Action::History && made.user == self.user) {
            Verdict::Forbidden
        } else {
            Verdict::Allowed
        }
    }

    /// Returns whether this principal may do `action` to a user. A change, an invitation or a removal of a user with a higher role is
    /// refused. So is an invitation of oneself, with which a stolen token would become a password, and a removal of oneself: somebody who
    /// administers the organization stays.
    pub fn judge_user(&self, action: Action, target: UserTarget) -> Verdict {
        let reaches = reach(self.role, action) == Reach::OwnUsers;
        if !reaches || target.organization != self.organization {
            return Verdict::Invisible;
        }
        let is_itself = target.user == self.user;
        match action {
            Action::SeeUsers => Verdict::Allowed,
            Action::InviteUser | Action::RemoveUser if is_itself => Verdict::Forbidden,
            _ if target.role > self.role => Verdict::Forbidden,
            _ => Verdict::Allowed,
        }
    }

    /// Whether this principal may capture a user of `organization`.
    pub fn may_capture_in(&self, organization: ObjectId) -> bool {
        self.may_within(Action::Create, organization)
    }

    /// Whether this principal may list the users of `organization`.
    pub fn may_list_users_of(&self, organization: ObjectId) -> bool {
        self.may_within(Action::ListUsers, organization)
    }

    /// Judges an action that is about an organization: as about a snapshot that comes from there and that no organization sees.
    pub fn may_within(&self, action: Action, organization: ObjectId) -> bool {
        let nobodys = ObjectId::NOBODY;
        let access = Access {
            source_organization: organization,
            creator: nobodys,
            creator_organization: nobodys,
            assigned: &[],
            is_global: false,
        };
        self.may(action, access)
    }

    /// Whether this principal may create a user of `role`: an equal role, never a higher one.
    pub fn may_grant(&self, role: Role) -> bool {
        role <= self.role
    }

    /// Why this principal may not create a user of a higher role.
    pub fn grant_refusal(&self) -> String {
        format!("the new user's role is above yours; accessRole may be at most {}", self.role)
    }

    /// Why this principal may not give a user a higher role.
    pub fn role_refusal(&self) -> String {
        format!("the user's role would be above yours; accessRole may be at most {}", self.role)
    }

    /// Whether this principal may name any revision by its number.
    pub fn may_name_revisions(&self) -> bool {
        self.role == Role::Superadmin
    }
}

#[cfg(test)]
mod tests;
