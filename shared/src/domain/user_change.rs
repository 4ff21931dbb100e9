//! A change of a user by an administrator: the user after it, and its effect on the setup's version and on earlier tokens.

use super::{Designation, Email, FullName, ObjectId, PhoneNumber, Role, User};

/// The fields to change. An absent one stays; `Some(None)` removes an optional one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserChange {
    /// The address.
    pub email: Option<Email>,
    /// The name.
    pub full_name: Option<Option<FullName>>,
    /// The phone number.
    pub phone_number: Option<Option<PhoneNumber>>,
    /// The job title.
    pub designation: Option<Option<Designation>>,
    /// The department.
    pub department: Option<Option<ObjectId>>,
    /// The role.
    pub role: Option<Role>,
    /// Whether signing in is switched off.
    pub login_disabled: Option<bool>,
}

/// A user after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedUser {
    /// The user, with the time of the last change as it was.
    pub user: User,
    /// Whether name, number, title, department or address changed. That is part of the setup.
    pub changes_profile: bool,
    /// Whether the role or `loginDisabled` changed. Neither belongs to the setup.
    pub changes_access: bool,
    /// Whether earlier tokens end: another role, or a disabling.
    pub ends_tokens: bool,
    /// Whether the user administered the organization, and does not any more.
    pub gives_up_administration: bool,
}

impl UserChange {
    /// Returns the user after this change.
    pub fn of(&self, before: &User) -> ChangedUser {
        let change = self.clone();
        let user = User {
            email: change.email.unwrap_or_else(|| before.email.clone()),
            full_name: change.full_name.unwrap_or_else(|| before.full_name.clone()),
            phone_number: change.phone_number.unwrap_or_else(|| before.phone_number.clone()),
            designation: change.designation.unwrap_or_else(|| before.designation.clone()),
            department: change.department.unwrap_or(before.department),
            role: change.role.unwrap_or(before.role),
            login_disabled: change.login_disabled.unwrap_or(before.login_disabled),
            ..before.clone()
        };
        let changes_access = (user.role, user.login_disabled) != (before.role, before.login_disabled);
        let is_profile_the_same =
            User { role: user.role, login_disabled: user.login_disabled, ..before.clone() } == user;
        ChangedUser {
            changes_profile: !is_profile_the_same,
            changes_access,
            ends_tokens: user.role != before.role || (user.login_disabled && !before.login_disabled),
            gives_up_administration: administers(before) && !administers(&user),
            user,
        }
    }
}

fn administers(user: &User) -> bool {
    user.role >= Role::Admin && !user.login_disabled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn pat() -> User {
        let id = ObjectId::from_bytes([7; 12]);
        User {
            id,
            organization: id,
            department: Some(id),
            email: Email::parse("pat@acme.example").unwrap(),
            full_name: Some(FullName::parse("Pat Admin").unwrap()),
            phone_number: None,
            designation: None,
            role: Role::Admin,
            login_disabled: false,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_change_says_what_it_is_to_setup_tokens_and_administration() {
        let none = UserChange::default();
        let name = FullName::parse("Pat").unwrap();
        for (change, expected) in [
            (none.clone(), [false, false, false, false]),
            (UserChange { role: Some(Role::Admin), login_disabled: Some(false), ..none.clone() }, [false; 4]),
            (UserChange { email: Some(Email::parse("pat@acme.example").unwrap()), ..none.clone() }, [false; 4]),
            (
                UserChange { email: Some(Email::parse("Pat@acme.example").unwrap()), ..none.clone() },
                [true, false, false, false],
            ),
            (UserChange { full_name: Some(Some(name)), ..none.clone() }, [true, false, false, false]),
            (UserChange { full_name: Some(None), ..none.clone() }, [true, false, false, false]),
            (UserChange { department: Some(None), ..none.clone() }, [true, false, false, false]),
            (UserChange { phone_number: Some(None), designation: Some(None), ..none.clone() }, [false; 4]),
            (UserChange { role: Some(Role::Superadmin), ..none.clone() }, [false, true, true, false]),
            (UserChange { role: Some(Role::SalesRep), ..none.clone() }, [false, true, true, true]),
            (UserChange { login_disabled: Some(true), ..none.clone() }, [false, true, true, true]),
        ] {
            let changed = change.of(&pat());
            let told =
                [changed.changes_profile, changed.changes_access, changed.ends_tokens, changed.gives_up_administration];
            assert_eq!(told, expected, "{change:?}");
        }
        let disabled = User { login_disabled: true, ..pat() };
        let enabled = UserChange { login_disabled: Some(false), ..none }.of(&disabled);
        assert_eq!((enabled.changes_access, enabled.ends_tokens), (true, false));
    }
}
