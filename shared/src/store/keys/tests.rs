//! Tests of the keys.

use super::*;
use crate::domain::Email;

#[test]
fn reserved_characters_of_an_address_are_encoded_so_that_no_two_addresses_share_a_key() {
    let key = |text: &str| email(Email::parse(text).unwrap().key());
    assert_eq!(key("A#b%23@Acme.example").pk, "EMAIL#a%23b%2523@acme.example");
    assert_ne!(key("a#b@acme.example"), key("a%23b@acme.example"));
}

#[test]
fn a_setup_item_key_reads_as_it_is_written() {
    let id: ObjectId = "64ee9a8b1e7f2a0011223344".parse().unwrap();
    for kind in ItemKind::ALL {
        assert_eq!(parse_setup_item(&setup_item(&id, &id, kind, &id).sk), Some((kind, id)));
    }
    for other in ["#META", "PREFERENCES", "AUTOMATION#", "AUTOMATION#x", "PROMPT"] {
        assert_eq!(parse_setup_item(other), None);
    }
}

#[test]
fn older_revisions_sort_by_number_and_no_other_item_is_taken_for_one() {
    let id = ObjectId::from_bytes([7; 12]);
    let numbers = [1, 2, 10, 999_999, 1_000_000, u32::MAX];
    let keys: Vec<_> = numbers.iter().map(|number| revision(&id, *number).sk).collect();
    assert!(keys.is_sorted());
    for (number, sk) in numbers.iter().zip(&keys) {
        assert_eq!(parse_revision(sk), Some(*number));
    }
    for other in [snapshot(&id), visible_to(&id, &id), visible_to_all(&id), refresh(&id)] {
        assert_eq!(parse_revision(&other.sk), None);
    }
}

#[test]
fn the_id_in_a_partition_reads_as_it_is_written_and_no_other_partition_has_one() {
    let (id, other) = (ObjectId::from_bytes([7; 12]), ObjectId::from_bytes([8; 12]));
    for key in [snapshot(&id), visible_to(&id, &other), visible_to_all(&id), refresh(&id)] {
        assert_eq!(parse_snapshot(&key.pk), Some(id));
        assert_eq!((parse_user(&other, &key.pk), parse_organization(&key.pk)), (None, None));
    }
    assert_eq!(parse_organization(&organization(&id).pk), Some(id));
    assert_eq!(parse_organization(&user(&other, &id).pk), None);
    assert_eq!(parse_user(&other, &user(&other, &id).pk), Some(id));
    assert_eq!(parse_user(&id, &user(&other, &id).pk), None);
    assert_eq!(parse_snapshot(&user(&other, &id).pk), None);
    assert_eq!(parse_snapshot("SNAPSHOT#"), None);
}

#[test]
fn a_snapshot_is_in_one_of_the_shards_that_are_listed() {
    let shards: Vec<_> = shards().collect();
    assert_eq!(shards.len(), 8);
    for last in 0..=u8::MAX {
        let mut bytes = [0; 12];
        bytes[11] = last;
        let id = ObjectId::from_bytes(bytes);
        assert!(shards.contains(&shard(&id)));
        assert!(!shards.contains(&sweep_shard(&id)), "what is to be swept is not listed");
        assert!(!shards.contains(&refresh_shard(&id)), "what is to be refreshed is not listed twice");
        assert!(refresh_shards().any(|shard| shard == refresh_shard(&id)));
    }
}

#[test]
fn what_is_due_tells_its_organization_unless_it_was_scheduled_before_that_stood_there() {
    let (at, id, organization) =
        (Timestamp::from_millis(0), ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12]));
    assert_eq!(parse_due_organization(&due_by(at, &id, Some(&organization))), Some(organization));
    assert_eq!(parse_due_organization(&due_by(at, &id, None)), None);
    assert_eq!(due_by(at, &id, None), by_time(at, &id));
    assert!(due_by(at, &id, Some(&organization)).starts_with(&by_time(at, &id)), "the order is the same");
}

#[test]
fn the_profile_sorts_before_everything_else_of_a_user() {
    let id = ObjectId::from_bytes([0; 12]);
    let profile = user(&id, &id).sk;
    assert!(profile < preferences(&id, &id).sk);
    assert!(ItemKind::ALL.iter().all(|kind| profile < setup_item(&id, &id, *kind, &id).sk));
}
