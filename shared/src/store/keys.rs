//! Every key of the table. Each format stands in one function, and only ids and normalized addresses go in, so no
//! separator can be smuggled into a key.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::domain::{EmailKey, ItemKind, NetworkMark, ObjectId, Timestamp};

/// Partition key attribute.
pub(super) const PK: &str = "PK";
/// Sort key attribute.
pub(super) const SK: &str = "SK";
/// The index of what somebody lists, newest first.
pub(super) const LIST: IndexKeys = IndexKeys { name: "LIST", pk: "LISTPK", sk: "LISTSK" };
/// The index of every snapshot, spread over shards.
pub(super) const ALL: IndexKeys = IndexKeys { name: "ALL", pk: "ALLPK", sk: "ALLSK" };
/// Over how many partitions of the index `ALL` the snapshots are spread.
const ALL_SHARDS: u8 = 8;

/// An index and its two key attributes.
pub(super) struct IndexKeys {
    pub(super) name: &'static str,
    pub(super) pk: &'static str,
    pub(super) sk: &'static str,
}

/// The key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

/// The sort key of the item that stands for a whole partition. `#` sorts before every letter, so a query reads it
/// first.
pub(super) const META: &str = "#META";

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// The partition of an organization, its pipelines and its agents.
pub(super) fn organization_partition(organization: &ObjectId) -> String {
    format!("ORG#{organization}")
}

/// An organization.
pub(super) fn organization(organization: &ObjectId) -> Key {
    Key::new(organization_partition(organization), META)
}

/// The organization whose partition this is; `None` for any other partition.
pub(super) fn parse_organization(pk: &str) -> Option<ObjectId> {
    pk.strip_prefix("ORG#")?.parse().ok()
}

/// A pipeline of an organization.
pub(super) fn pipeline(organization: &ObjectId, pipeline: &ObjectId) -> Key {
    Key::new(organization_partition(organization), format!("PIPELINE#{pipeline}"))
}

/// An agent of an organization.
pub(super) fn agent(organization: &ObjectId, agent: &ObjectId) -> Key {
    Key::new(organization_partition(organization), format!("AGENT#{agent}"))
}

/// The partition of a user and the user's setup.
pub(super) fn user_partition(organization: &ObjectId, user: &ObjectId) -> String {
    format!("ORG#{organization}#USER#{user}")
}

/// The user whose partition this is in `organization`; `None` for any other partition.
pub(super) fn parse_user(organization: &ObjectId, pk: &str) -> Option<ObjectId> {
    pk.strip_prefix(&format!("ORG#{organization}#USER#"))?.parse().ok()
}

/// The organization and the user whose partition this is; `None` for any other partition.
pub(super) fn parse_user_partition(pk: &str) -> Option<(ObjectId, ObjectId)> {
    let (organization, user) = pk.strip_prefix("ORG#")?.split_once("#USER#")?;
    Some((organization.parse().ok()?, user.parse().ok()?))
}

/// A user's profile.
pub(super) fn user(organization: &ObjectId, user: &ObjectId) -> Key {
    Key::new(user_partition(organization, user), META)
}

/// A user's switches for automations.
pub(super) fn preferences(organization: &ObjectId, user: &ObjectId) -> Key {
    Key::new(user_partition(organization, user), PREFERENCES)
}

/// The sort key of a user's switches.
pub(super) const PREFERENCES: &str = "PREFERENCES";

/// One item of a user's setup.
pub(super) fn setup_item(organization: &ObjectId, user: &ObjectId, kind: ItemKind, id: &ObjectId) -> Key {
    Key::new(user_partition(organization, user), format!("{}{id}", setup_item_prefix(kind)))
}

/// What the sort keys of one kind of setup item start with; the item's id follows.
pub(super) fn setup_item_prefix(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Automation => "AUTOMATION#",
        ItemKind::Prompt => "PROMPT#",
        ItemKind::Template => "TEMPLATE#",
    }
}

/// The kind and id in the sort key of a setup item; `None` for the other items of a user's partition.
pub(super) fn parse_setup_item(sk: &str) -> Option<(ItemKind, ObjectId)> {
    let (kind, id) = split_setup_item(sk)?;
    Some((kind, id.parse().ok()?))
}

/// The kind in the sort key of a setup item, and what stands in the place of its id.
pub(super) fn split_setup_item(sk: &str) -> Option<(ItemKind, &str)> {
    ItemKind::ALL.into_iter().find_map(|kind| Some((kind, sk.strip_prefix(setup_item_prefix(kind))?)))
}

/// What the partition of an e-mail address starts with.
const EMAIL: &str = "EMAIL#";

/// The partition of an e-mail address.
pub(super) fn email_partition(email: &EmailKey) -> String {
    const RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'#');
    format!("{EMAIL}{}", utf8_percent_encode(email.as_str(), RESERVED))
}

/// The claim on an e-mail address: who has it.
pub(super) fn email(email: &EmailKey) -> Key {
    Key::new(email_partition(email), META)
}

/// Whether this is the key of a claim. Its item holds a password hash, so no refused write may return it.
pub(super) fn is_claim(pk: &str, sk: &str) -> bool {
    pk.starts_with(EMAIL) && sk == META
}

/// What counts failed sign-ins with an e-mail address from all networks, whether or not anybody has it.
pub(super) fn sign_in_failures(email: &EmailKey) -> Key {
    Key::new(email_partition(email), "FAILURES")
}

/// What counts attempts to sign in with an e-mail address from one network.
pub(super) fn sign_in_failures_from(email: &EmailKey, network: &NetworkMark) -> Key {
    Key::new(email_partition(email), format!("FAILURES#{network}"))
}

/// What the partition of a snapshot starts with.
const SNAPSHOT: &str = "SNAPSHOT#";

/// The partition of a snapshot.
fn snapshot_partition(snapshot: &ObjectId) -> String {
    format!("{SNAPSHOT}{snapshot}")
}

/// A snapshot.
pub(super) fn snapshot(snapshot: &ObjectId) -> Key {
    Key::new(snapshot_partition(snapshot), META)
}

/// One chunk of a snapshot's content. Each has a partition of its own, so that large contents are read at once.
pub(super) fn chunk(snapshot: &ObjectId, revision: u32, number: usize) -> Key {
    Key::new(format!("CHUNK#{snapshot}#{revision}#{number}"), META)
}

/// What the sort keys of a snapshot's older revisions start with.
pub(super) const REVISION: &str = "REV#";

/// An older revision of a snapshot. As many digits as the largest number has, so that text order is number order.
pub(super) fn revision(snapshot: &ObjectId, revision: u32) -> Key {
    Key::new(snapshot_partition(snapshot), format!("{REVISION}{revision:010}"))
}

/// The revision in the sort key of one; `None` for any other sort key.
pub(super) fn parse_revision(sk: &str) -> Option<u32> {
    sk.strip_prefix(REVISION)?.parse().ok()
}

/// The state of a snapshot's refreshes.
pub(super) fn refresh(snapshot: &ObjectId) -> Key {
    Key::new(snapshot_partition(snapshot), "REFRESH")
}

/// What tells which sharing of a snapshot the items are of that make it visible.
pub(super) fn sharing(snapshot: &ObjectId) -> Key {
    Key::new(snapshot_partition(snapshot), SHARING)
}

/// The sort key of that item.
pub(super) const SHARING: &str = "SHARING";

/// Makes a snapshot visible to an organization that it does not come from.
pub(super) fn visible_to(snapshot: &ObjectId, organization: &ObjectId) -> Key {
    Key::new(snapshot_partition(snapshot), organization_partition(organization))
}

/// What the sort keys of those items start with.
pub(super) const VISIBLE_TO: &str = "ORG#";

/// Makes a snapshot visible to every organization.
pub(super) fn visible_to_all(snapshot: &ObjectId) -> Key {
    Key::new(snapshot_partition(snapshot), GLOBAL)
}

/// The snapshot whose partition this is; `None` for any other partition.
pub(super) fn parse_snapshot(pk: &str) -> Option<ObjectId> {
    pk.strip_prefix(SNAPSHOT)?.parse().ok()
}

/// The partition of the applies of a snapshot that were made in an organization.
pub(super) fn applies_partition(organization: &ObjectId, snapshot: &ObjectId) -> String {
    format!("ORG#{organization}#SNAPSHOT#{snapshot}")
}

/// What the sort keys of applies' records start with; the apply's id follows.
pub(super) const APPLY: &str = "APPLY#";

/// The record of one apply, in the organization that it was made in.
pub(super) fn apply(organization: &ObjectId, snapshot: &ObjectId, apply: &ObjectId) -> Key {
    Key::new(applies_partition(organization, snapshot), format!("{APPLY}{apply}"))
}

/// The organization, the snapshot and the apply in the key of an apply's record; `None` for any other key.
pub(super) fn parse_apply(pk: &str, sk: &str) -> Option<(ObjectId, ObjectId, ObjectId)> {
    let (organization, snapshot) = pk.strip_prefix("ORG#")?.split_once("#SNAPSHOT#")?;
    Some((organization.parse().ok()?, snapshot.parse().ok()?, sk.strip_prefix(APPLY)?.parse().ok()?))
}

/// The partition of `LIST` with the snapshots that an organization sees.
pub(super) fn listed_for(organization: &ObjectId) -> String {
    organization_partition(organization)
}

/// The partition of `LIST` with the snapshots that every organization sees, and the sort key of what puts them there.
pub(super) const GLOBAL: &str = "GLOBAL";

/// The partition of `LIST` with an organization's users.
pub(super) fn listed_users(organization: &ObjectId) -> String {
    format!("ORG#{organization}#USERS")
}

/// The partition of `ALL` that a snapshot belongs to.
pub(super) fn shard(id: &ObjectId) -> String {
    all_partition(shard_number(id))
}

/// Every partition of `ALL` that snapshots belong to.
pub(super) fn shards() -> impl Iterator<Item = String> {
    (0..ALL_SHARDS).map(all_partition)
}

/// The partition of `ALL` that a deleted snapshot or an unfinished apply belongs to until it is swept.
pub(super) fn sweep_shard(id: &ObjectId) -> String {
    sweep_partition(shard_number(id))
}

/// Every partition of `ALL` with what is to be swept.
pub(super) fn sweep_shards() -> impl Iterator<Item = String> {
    (0..ALL_SHARDS).map(sweep_partition)
}

/// The partition of `ALL` that a snapshot belongs to as long as it has a schedule.
pub(super) fn refresh_shard(id: &ObjectId) -> String {
    refresh_partition(shard_number(id))
}

/// Every partition of `ALL` with scheduled snapshots.
pub(super) fn refresh_shards() -> impl Iterator<Item = String> {
    (0..ALL_SHARDS).map(refresh_partition)
}

fn refresh_partition(shard: u8) -> String {
    format!("REFRESH#{shard}")
}

fn sweep_partition(shard: u8) -> String {
    format!("SWEEP#{shard}")
}

fn all_partition(shard: u8) -> String {
    format!("ALL#{shard}")
}

/// The last byte of an id is random, so the shards fill evenly.
fn shard_number(id: &ObjectId) -> u8 {
    id.as_bytes()[11] % ALL_SHARDS
}

/// The sort key of both indexes: time order is text order, and the id tells equal times apart.
pub(super) fn by_time(created_at: Timestamp, id: &ObjectId) -> String {
    format!("{created_at}#{id}")
}

/// The sort key under which a scheduled snapshot is due. The source organization stands in it, so that a row of the index tells
/// whose share it counts against and nothing else has to be read.
pub(super) fn due_by(at: Timestamp, id: &ObjectId, organization: Option<&ObjectId>) -> String {
    let by_time = by_time(at, id);
    organization.map_or(by_time.clone(), |organization| format!("{by_time}#{organization}"))
}

/// The organization in the sort key of what is due; `None` in one that was written before it stood there.
pub(super) fn parse_due_organization(sk: &str) -> Option<ObjectId> {
    sk.splitn(3, '#').nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
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
}
