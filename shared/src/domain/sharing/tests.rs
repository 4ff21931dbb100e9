use super::super::snapshot::ContentAddress;
use super::super::{Counts, Creator, Description, Email, SnapshotName, Source};
use super::*;
use crate::domain::PerKind;

const SOURCE: ObjectId = ObjectId::from_bytes([1; 12]);

fn other(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// The fourth revision of a snapshot at version 7.
pub(crate) fn snapshot(assigned: Vec<ObjectId>, is_global: bool) -> Snapshot {
    let email = Email::parse("alex@acme.example").unwrap();
    Snapshot {
        id: other(9),
        name: SnapshotName::parse("Q2").unwrap(),
        description: None,
        source: Source {
            organization: SOURCE,
            organization_name: "Acme".into(),
            user: other(8),
            user_email: email,
            user_name: None,
        },
        counts: Counts::default(),
        creator: Creator { id: other(8), organization: SOURCE, name: None, role: Role::Admin },
        is_global,
        assigned,
        created_at: at(0),
        updated_at: at(50),
        revision: 4,
        revised_at: at(40),
        restored_from: None,
        version: 7,
        content: ContentAddress::default(),
        shares: Shares::default(),
    }
}

fn shared(revision: u32, millis: i64) -> SharedRevision {
    SharedRevision { revision, ..snapshot(vec![], false).as_shared(at(millis), Some(other(7))) }
}

/// Assigned to one other organization, which sees this revision.
fn sharing(revision: u32) -> Snapshot {
    let shares = Shares { current: Some(shared(revision, 30)), ..Shares::default() };
    Snapshot { shares, ..snapshot(vec![SOURCE, other(2)], false) }
}

fn principal(role: Role, organization: ObjectId) -> Principal {
    Principal { user: other(6), organization, role }
}

#[test]
fn the_changes_of_a_sharing_leave_the_source_organization_aside() {
    let shared = snapshot(vec![SOURCE, other(2), other(3)], false);
    let changes =
        |assigned: &[ObjectId], is_global| shared.sharing_changes(&Sharing { assigned: assigned.to_vec(), is_global });
    assert_eq!(changes(&[other(3), SOURCE, other(2)], false), SharingChanges::default());
    assert_eq!(changes(&[other(2), other(3)], false), SharingChanges::default());
    let changed = changes(&[other(4), other(3)], true);
    assert_eq!((&changed.added[..], &changed.removed[..]), (&[other(4)][..], &[other(2)][..]));
    assert_eq!(changed.is_global, Some(true));
}

#[test]
fn each_principal_sees_the_revision_that_the_table_says() {
    use RevisionChoice::{Number, Shared, Usual};
    let snapshot = sharing(2);
    let seen = |principal: &Principal, choice| {
        let visible = principal.visible_revision(&snapshot, choice)?;
        Some((snapshot.seen_by(principal, &visible).revision, visible.tag(&snapshot).to_string()))
    };
    let tagged = |revision, tag: &str| Some((revision, tag.to_owned()));
    let receiver = principal(Role::Admin, other(2));
    for choice in [Usual, Shared, Number(2)] {
        assert_eq!(seen(&receiver, choice), tagged(2, "s30"), "{choice:?}");
    }
    for number in [1, 3, 4, 5] {
        assert_eq!(seen(&receiver, Number(number)), None, "{number}");
    }
    for principal in
        [principal(Role::Admin, SOURCE), principal(Role::Superadmin, other(2)), principal(Role::Superadmin, SOURCE)]
    {
        for (choice, expected) in [
            (Usual, tagged(4, "7.4")),
            (Number(4), tagged(4, "7.4")),
            (Shared, tagged(2, "s30")),
            (Number(2), tagged(2, "s30")),
            (Number(3), tagged(3, "7.4")),
        ] {
            assert_eq!(seen(&principal, choice), expected, "{principal:?} {choice:?}");
        }
    }
    let unshared = super::tests::snapshot(vec![SOURCE], false);
    assert_eq!(principal(Role::Superadmin, SOURCE).visible_revision(&unshared, Shared), None);
}

#[test]
fn a_receiver_sees_nothing_of_what_changed_since_the_sharing_and_of_the_organizations_its_own_alone() {
    let name = SnapshotName::parse("Renamed").unwrap();
    let description = Some(Description::parse("not shared").unwrap());
    let snapshot = Snapshot { name, description, ..sharing(2) };
    let receiver = principal(Role::Admin, other(2));
    let visible = receiver.visible_revision(&snapshot, RevisionChoice::Usual).unwrap();
    let seen = snapshot.seen_by(&receiver, &visible);
    assert_eq!((seen.name.to_string(), seen.description.clone()), ("Q2".to_owned(), None));
    assert_eq!((seen.updated_at, seen.assigned.clone()), (at(30), vec![other(2)]));
    let through_all = Snapshot { is_global: true, ..snapshot.clone() };
    assert!(through_all.seen_by(&principal(Role::Admin, other(5)), &visible).assigned.is_empty());
    let superadmin = principal(Role::Superadmin, other(2));
    assert_eq!(snapshot.seen_by(&superadmin, &VisibleRevision::Current), snapshot);
    assert_eq!(snapshot.seen_by(&superadmin, &visible).assigned, [SOURCE, other(2)]);
}

#[test]
fn what_others_saw_before_sharings_were_kept_is_what_the_snapshot_has() {
    assert_eq!(snapshot(vec![SOURCE], false).shared(), None);
    for old in [snapshot(vec![other(2)], false), snapshot(vec![], true)] {
        let shared = old.shared().unwrap();
        assert_eq!((shared.revision, shared.at, shared.by), (4, at(50), None));
    }
}

#[test]
fn an_assignment_shares_the_current_revision_only_where_nothing_is_shared() {
    let now = at(90);
    let to = |assigned: &[ObjectId], is_global| Sharing { assigned: assigned.to_vec(), is_global };
    let revision = |snapshot: &Snapshot, sharing, chosen| {
        let shares = snapshot.shares_when(&sharing, chosen, other(6), now);
        (shares.current.map(|it| (it.revision, it.at)), shares.earlier.map(|it| it.revision))
    };
    let unshared = snapshot(vec![SOURCE], false);
    assert_eq!(revision(&unshared, to(&[SOURCE], false), None), (None, None));
    assert_eq!(revision(&unshared, to(&[other(2)], false), None), (Some((4, now)), None));
    assert_eq!(revision(&unshared, to(&[], true), None), (Some((4, now)), None));
    assert_eq!(revision(&unshared, to(&[SOURCE], false), Some(shared(2, 90))), (Some((2, now)), None));
    let shared_once = sharing(2);
    for more in [to(&[other(2), other(3)], false), to(&[other(3)], false), to(&[], true)] {
        assert_eq!(revision(&shared_once, more, None), (Some((2, at(30))), None));
    }
    assert_eq!(revision(&shared_once, to(&[other(2)], false), Some(shared(3, 90))), (Some((3, now)), Some(2)));
    // The last receiver is gone, and the next one begins with the current revision.
    assert_eq!(revision(&shared_once, to(&[SOURCE], false), None), (None, Some(2)));
    let left = Snapshot { shares: shared_once.shares_when(&to(&[], false), None, other(6), now), ..unshared };
    assert_eq!(revision(&left, to(&[other(2)], false), None), (Some((4, now)), Some(2)));
    // What was never written down is, whatever an assignment does.
    let old = snapshot(vec![other(2)], false);
    assert_eq!(revision(&old, to(&[other(2), other(3)], false), None), (Some((4, at(50))), None));
}

#[test]
fn sharing_the_same_again_changes_nothing_and_a_new_name_keeps_what_was_shared_before() {
    let shares = Shares { earlier: Some(EarlierSharing { revision: 1, at: at(20) }), ..sharing(2).shares };
    let snapshot = Snapshot { shares: shares.clone(), ..sharing(2) };
    assert_eq!(snapshot.shares_with(SharedRevision { by: Some(other(3)), ..shared(2, 90) }), shares);
    let renamed = SharedRevision { name: SnapshotName::parse("Q3").unwrap(), ..shared(2, 90) };
    let with_name = snapshot.shares_with(renamed.clone());
    assert_eq!((with_name.current, with_name.earlier), (Some(renamed), shares.earlier));
}

#[test]
fn the_times_of_sharings_grow_although_the_clock_stands_still() {
    let snapshot = sharing(2);
    for (now, expected) in [(29, 31), (30, 31), (31, 31), (90, 90)] {
        assert_eq!(snapshot.sharing_time(at(now)), at(expected), "{now}");
    }
    let earlier = Some(EarlierSharing { revision: 2, at: at(30) });
    let left = Snapshot { shares: Shares { current: None, earlier, ..Shares::default() }, ..snapshot };
    assert_eq!(Snapshot { assigned: vec![], ..left }.sharing_time(at(30)), at(31));
}

#[test]
fn a_revision_can_be_shared_while_it_is_kept() {
    for (current, kept, oldest) in
        [(1, 1, 1), (1, 30, 1), (30, 30, 1), (31, 30, 2), (5, 1, 5), (u32::MAX - 1, 1, u32::MAX - 1)]
    {
        assert_eq!(oldest_kept(current, kept), oldest, "{current} {kept}");
    }
    let shares =
        Shares { earlier: Some(EarlierSharing { revision: 1, at: at(20) }), oldest_kept: Some(4), ..sharing(2).shares };
    let snapshot = Snapshot { revision: 6, shares, ..sharing(2) };
    let can_be: Vec<u32> = (0..9).filter(|revision| snapshot.may_share(*revision, 30)).collect();
    assert_eq!(can_be, [1, 2, 4, 5, 6]);
}

#[test]
fn only_what_is_not_shared_and_comes_from_elsewhere_is_warned_of() {
    let snapshot = sharing(2);
    for (organization, revision, unshared) in
        [(SOURCE, 4, false), (other(2), 2, false), (other(2), 4, true), (other(5), 2, false)]
    {
        assert_eq!(principal(Role::Superadmin, organization).applies_unshared(&snapshot, revision), unshared);
    }
    assert!(principal(Role::Superadmin, other(2)).applies_unshared(&super::tests::snapshot(vec![SOURCE], false), 4));
}

#[test]
fn a_revision_follows_unless_it_sends_to_what_the_shared_one_does_not() {
    let content = |urls: &[&str]| {
        let automations = urls.iter().enumerate().map(|(number, url)| {
            let document = serde_json::json!({"name": "Hook", "actions": {"sendToWebhook": true, "webhookUrl": url}});
            let id = other(u8::try_from(number).unwrap());
            super::super::SetupItem { id, document: serde_json::from_value(document).unwrap() }
        });
        let setup = super::super::Setup::from(PerKind { automations: automations.collect(), ..PerKind::default() });
        let organization = super::super::Organization {
            id: SOURCE,
            name: "Acme".into(),
            pipelines: vec![],
            agents: vec![],
            trusted_destinations: vec![],
            left_out: Vec::new(),
        };
        super::super::capture::capture(setup, &organization, &Work::unlimited()).unwrap().content().unwrap()
    };
    let (one, two) = ("https://one.example", "https://two.example");
    for (shared, next, follows) in [
        (&[][..], &[][..], true),
        (&[one], &[one], true),
        (&[one, two], &[two], true),
        (&[one], &[], true),
        (&[], &[one], false),
        (&[one], &[two], false),
        (&[one], &[one, two], false),
    ] {
        let reason = unfollowed(&content(shared), &content(next), &Work::unlimited());
        assert_eq!(reason, (!follows).then_some(NEW_DESTINATIONS), "{shared:?} {next:?}");
    }
    let lacking = |kind, key| {
        let left_out = vec![super::super::LeftOut::new(kind, key)];
        super::super::content::Content { left_out, ..content(&[]) }
    };
    use super::super::LeftOutKind::{Agent, Pipeline, Preferences, Prompt};
    for (shared, next, follows) in [
        (content(&[]), lacking(Prompt, "a"), false),
        (content(&[]), lacking(Preferences, "a"), false),
        (lacking(Prompt, "b"), lacking(Prompt, "a"), false),
        (lacking(Prompt, "a"), lacking(Prompt, "a"), true),
        (lacking(Prompt, "a"), content(&[]), true),
        (content(&[]), lacking(Pipeline, "a"), true),
        (content(&[]), lacking(Agent, "a"), true),
    ] {
        let reason = unfollowed(&shared, &next, &Work::unlimited());
        assert_eq!(reason, (!follows).then_some(LEFT_OUT), "{:?} {:?}", shared.left_out, next.left_out);
    }
    let over = Work::until(|| true);
    assert_eq!(unfollowed(&content(&[one]), &content(&[one]), &over), Some(NOT_COMPARED));
}

#[test]
fn what_becomes_the_new_users_is_no_destination_that_a_revision_waits_for() {
    let own = "alex@acme.example";
    let content = |to: &str| {
        let document = serde_json::json!({"name": "Copy", "actions": {"bcc": to, "sms": {"to": "+14155550101"}}});
        let item = super::super::SetupItem { id: other(1), document: serde_json::from_value(document).unwrap() };
        let setup = super::super::Setup::from(PerKind { automations: vec![item], ..PerKind::default() });
        let email = super::super::Email::parse(own).unwrap();
        let owner = super::super::identity::SourceIdentity::new(SOURCE, other(9), Some(&email), Some("+14155550101"));
        let setup = super::super::capture::SourceSetup { owner: Some(owner), ..setup.into() };
        let organization = super::super::Organization {
            id: SOURCE,
            name: "Acme".into(),
            pipelines: vec![],
            agents: vec![],
            trusted_destinations: vec![],
            left_out: Vec::new(),
        };
        super::super::capture::capture(setup, &organization, &Work::unlimited()).unwrap().content().unwrap()
    };
    let nobody = content("");
    for (to, follows) in [
        (own.to_owned(), true),
        (format!("Alex <{own}>"), true),
        ("bob@acme.example".to_owned(), false),
        (format!("{own}, {own}"), true),
        (format!("{own}, bob@acme.example"), false),
        ("https://wa.me/14155550101".to_owned(), true),
        ("sip:+14155550101@evil.example".to_owned(), false),
    ] {
        let reason = unfollowed(&nobody, &content(&to), &Work::unlimited());
        assert_eq!(reason, (!follows).then_some(NEW_DESTINATIONS), "{to}");
    }
}
