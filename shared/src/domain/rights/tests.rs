use super::*;

const HERE: ObjectId = ObjectId::from_bytes([1; 12]);
const THERE: ObjectId = ObjectId::from_bytes([2; 12]);

const ME: ObjectId = ObjectId::from_bytes([9; 12]);
const OTHER: ObjectId = ObjectId::from_bytes([8; 12]);

const OF_APPLIES: [Action; 3] = [Action::History, Action::Undo, Action::ForceUndo];
const OF_USERS: [Action; 4] = [Action::SeeUsers, Action::ChangeUser, Action::InviteUser, Action::RemoveUser];

fn principal(role: Role) -> Principal {
    Principal { user: ME, organization: HERE, role }
}

fn access(
    source: ObjectId,
    (creator_organization, creator): (ObjectId, ObjectId),
    assigned: &[ObjectId],
    is_global: bool,
) -> Access<'_> {
    Access { source_organization: source, creator, creator_organization, assigned, is_global }
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
        let access = access(source, (source, OTHER), &assigned, is_global);
        assert_eq!(admin.may(Action::Use, access), seen);
        assert!(principal(Role::Superadmin).may(Action::Use, access));
        assert!(!principal(Role::DepartmentHead).may(Action::Use, access));
        assert!(!principal(Role::SalesRep).may(Action::Use, access));
    }
}

#[test]
fn an_admin_edits_what_comes_from_its_organization_and_deletes_what_it_made() {
    let admin = principal(Role::Admin);
    use Verdict::{Allowed, Forbidden, Invisible};
    for (source, creator, assigned, is_global, edit, delete, assign) in [
        (HERE, (HERE, ME), vec![HERE], false, Allowed, Allowed, Forbidden),
        (HERE, (HERE, OTHER), vec![HERE], false, Allowed, Forbidden, Forbidden),
        (HERE, (HERE, OTHER), vec![], false, Allowed, Invisible, Invisible),
        (HERE, (HERE, ME), vec![], false, Allowed, Allowed, Invisible),
        // Somebody else's, whose id in another organization is the same.
        (HERE, (THERE, ME), vec![HERE], false, Allowed, Forbidden, Forbidden),
        // Made before the caller moved here, or while the caller was still a SUPERADMIN.
        (THERE, (THERE, ME), vec![], false, Invisible, Invisible, Invisible),
        (THERE, (HERE, ME), vec![], false, Invisible, Invisible, Invisible),
        (THERE, (THERE, ME), vec![HERE], false, Forbidden, Forbidden, Forbidden),
        (THERE, (THERE, ME), vec![], true, Forbidden, Forbidden, Forbidden),
        (THERE, (THERE, OTHER), vec![HERE], false, Forbidden, Forbidden, Forbidden),
        (THERE, (THERE, OTHER), vec![], true, Forbidden, Forbidden, Forbidden),
        (THERE, (THERE, OTHER), vec![THERE], false, Invisible, Invisible, Invisible),
    ] {
        let access = access(source, creator, &assigned, is_global);
        let judged = [Action::Edit, Action::Delete, Action::Assign].map(|action| admin.judge(action, access));
        assert_eq!(judged, [edit, delete, assign], "{access:?}");
        for action in Action::ALL {
            if !OF_APPLIES.contains(&action) && !OF_USERS.contains(&action) {
                assert_eq!(principal(Role::Superadmin).judge(action, access), Allowed);
            }
            assert_eq!(principal(Role::DepartmentHead).judge(action, access), Invisible);
            assert_eq!(principal(Role::SalesRep).judge(action, access), Invisible);
        }
    }
}

#[test]
fn only_a_superadmin_lists_users_of_another_organization() {
    for role in Role::ALL {
        let principal = principal(role);
        assert_eq!(principal.may_list_users_of(HERE), matches!(role, Role::Admin | Role::Superadmin), "{role}");
        assert_eq!(principal.may_list_users_of(THERE), role == Role::Superadmin, "{role}");
    }
}

#[test]
fn only_a_superadmin_acts_in_another_organization() {
    for role in Role::ALL {
        assert_eq!(principal(role).acting_in(HERE), Some(principal(role)), "{role}");
        let elsewhere = principal(role).acting_in(THERE).map(|acting| (acting.organization, acting.role));
        assert_eq!(elsewhere, (role == Role::Superadmin).then_some((THERE, role)), "{role}");
    }
}

#[test]
fn an_admin_sees_and_changes_its_own_organization_and_a_superadmin_makes_and_reaches_all() {
    for role in Role::ALL {
        let may = |action| [HERE, THERE].map(|organization| principal(role).may_within(action, organization));
        let (administers, is_superadmin) = (role >= Role::Admin, role == Role::Superadmin);
        for action in [Action::SeeOrganization, Action::ChangeOrganization] {
            assert_eq!(may(action), [administers, is_superadmin], "{role} {action:?}");
        }
        for action in [Action::ListOrganizations, Action::CreateOrganization] {
            assert_eq!(may(action), [is_superadmin; 2], "{role} {action:?}");
            assert_eq!(principal(role).may_ever(action), is_superadmin, "{role} {action:?}");
        }
    }
}

#[test]
fn applies_are_seen_and_undone_within_the_organization_up_to_the_own_role() {
    use Verdict::{Allowed, Forbidden, Invisible};
    for (mine, organization, user, role, told) in [
        (Role::Superadmin, HERE, OTHER, Role::Superadmin, [Allowed, Allowed, Allowed]),
        (Role::Superadmin, HERE, ME, Role::Superadmin, [Allowed, Forbidden, Forbidden]),
        (Role::Superadmin, THERE, OTHER, Role::SalesRep, [Invisible; 3]),
        (Role::Admin, HERE, OTHER, Role::SalesRep, [Allowed, Allowed, Forbidden]),
        (Role::Admin, HERE, OTHER, Role::Admin, [Allowed, Allowed, Forbidden]),
        (Role::Admin, HERE, ME, Role::Admin, [Allowed, Forbidden, Forbidden]),
        (Role::Admin, HERE, OTHER, Role::Superadmin, [Invisible; 3]),
        (Role::Admin, THERE, OTHER, Role::SalesRep, [Invisible; 3]),
        (Role::DepartmentHead, HERE, OTHER, Role::SalesRep, [Invisible; 3]),
        (Role::SalesRep, HERE, ME, Role::SalesRep, [Invisible; 3]),
    ] {
        let made = MadeUser { organization, user, role };
        let judged = OF_APPLIES.map(|action| principal(mine).judge_apply(action, made));
        assert_eq!(judged, told, "{mine} {made:?}");
    }
    for role in Role::ALL {
        let may_ever = OF_APPLIES.map(|action| principal(role).may_ever(action));
        assert_eq!(may_ever, [role >= Role::Admin, role >= Role::Admin, role == Role::Superadmin], "{role}");
    }
}

#[test]
fn a_requirement_names_the_roles_that_may_take_the_action() {
    for action in Action::ALL {
        let named: Vec<Role> = Role::ALL
            .into_iter()
            .filter(|role| action.requirement().split([' ', ',']).any(|word| word == role.to_string()))
            .collect();
        let may: Vec<Role> = Role::ALL.into_iter().filter(|role| principal(*role).may_ever(action)).collect();
        assert_eq!(named, may, "{action:?}: {}", action.requirement());
    }
}

#[test]
fn who_plans_and_applies_is_who_sees_and_who_revises_is_who_changes() {
    for role in Role::ALL {
        assert_eq!(reach(role, Action::Apply), reach(role, Action::Use), "{role}");
        assert_eq!(reach(role, Action::Revise), reach(role, Action::Edit), "{role}");
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

#[test]
fn users_are_seen_within_the_organization_and_changed_invited_and_removed_up_to_the_own_role() {
    use Verdict::{Allowed, Forbidden, Invisible};
    let places = [(HERE, OTHER), (HERE, ME), (THERE, OTHER), (THERE, ME)];
    for mine in Role::ALL {
        for (role, (organization, user)) in Role::ALL.into_iter().flat_map(|role| places.map(|place| (role, place))) {
            let administers = mine >= Role::Admin && organization == HERE;
            let expected = match (administers, role <= mine, user == ME) {
                (false, ..) => [Invisible; 4],
                (true, true, false) => [Allowed; 4],
                (true, true, true) => [Allowed, Allowed, Forbidden, Forbidden],
                (true, false, _) => [Allowed, Forbidden, Forbidden, Forbidden],
            };
            let target = UserTarget { organization, user, role };
            let judged = OF_USERS.map(|action| principal(mine).judge_user(action, target));
            assert_eq!(judged, expected, "{mine} {target:?}");
        }
    }
    let target = UserTarget { organization: HERE, user: OTHER, role: Role::SalesRep };
    for action in Action::ALL.into_iter().filter(|action| !OF_USERS.contains(action)) {
        assert_eq!(principal(Role::Superadmin).judge_user(action, target), Invisible, "{action:?} is not about users");
    }
}
