//! Every key of the table. One function writes each format. It takes ids and normalized addresses alone, so no input
//! can contain a separator.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::domain::{EmailKey, ItemKind, NetworkMark, ObjectId, Timestamp};

/// Partition key attribute.
pub(super) const PK: &str = "PK";
/// Sort key attribute.
pub(super) const SK: &str = "SK";
/// The index behind the lists, newest first.
pub(super) const LIST: IndexKeys = IndexKeys { name: "LIST", pk: "LISTPK", sk: "LISTSK" };
/// The index of every snapshot, spread over shards.
pub(super) const ALL: IndexKeys = IndexKeys { name: "ALL", pk: "ALLPK", sk: "ALLSK" };
/// The number of partitions of the index `ALL`.
const ALL_SHARDS: u8 = 8;

/// An index and its two key attributes.
pub(super) struct IndexKeys {
    pub(super) name: &'static str,
    pub(super) pk: &'static str,
    pub(super) sk: &'static str,
}

/// The key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ItemKey {
    pub(super) pk: String,
    pub(super) sk: String,
}

/// The sort key of the main item of a partition. `#` sorts before every letter, so a query reads it first.
pub(super) const META: &str = "#META";

impl ItemKey {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// Returns the partition of an organization, its pipelines and its agents.
pub(super) fn organization_partition(organization: &ObjectId) -> String {
    format!("ORG#{organization}")
}

/// Returns the key of an organization.
pub(super) fn organization(organization: &ObjectId) -> ItemKey {
    ItemKey::new(organization_partition(organization), META)
}

/// Returns the organization whose partition this is; `None` for any other partition.
pub(super) fn parse_organization(pk: &str) -> Option<ObjectId> {
    pk.strip_prefix("ORG#")?.parse().ok()
}

/// Returns the key of a pipeline.
pub(super) fn pipeline(organization: &ObjectId, pipeline: &ObjectId) -> ItemKey {
    ItemKey::new(organization_partition(organization), format!("PIPELINE#{pipeline}"))
}

/// Returns the key of an agent.
pub(super) fn agent(organization: &ObjectId, agent: &ObjectId) -> ItemKey {
    ItemKey::new(organization_partition(organization), format!("AGENT#{agent}"))
}

/// Returns whether an organization's partition has items with this sort key.
pub(super) fn is_organization_item(sk: &str) -> bool {
    sk == META || sk.starts_with("PIPELINE#") || sk.starts_with("AGENT#")
}

/// Returns the partition of a user and the user's setup.
pub(super) fn user_partition(organization: &ObjectId, user: &ObjectId) -> String {
    format!("ORG#{organization}#USER#{user}")
}

/// Returns the user whose partition this is in `organization`; `None` for any other partition.
pub(super) fn parse_user(organization: &ObjectId, pk: &str) -> Option<ObjectId> {
    pk.strip_prefix(&format!("ORG#{organization}#USER#"))?.parse().ok()
}

/// Returns the organization and the user whose partition this is; `None` for any other partition.
pub(super) fn parse_user_partition(pk: &str) -> Option<(ObjectId, ObjectId)> {
    let (organization, user) = pk.strip_prefix("ORG#")?.split_once("#USER#")?;
    Some((organization.parse().ok()?, user.parse().ok()?))
}

/// Returns the key of a user's profile.
pub(super) fn user(organization: &ObjectId, user: &ObjectId) -> ItemKey {
    ItemKey::new(user_partition(organization, user), META)
}

/// Returns the key of a user's switches for automations.
pub(super) fn preferences(organization: &ObjectId, user: &ObjectId) -> ItemKey {
    ItemKey::new(user_partition(organization, user), PREFERENCES)
}

/// The sort key of a user's switches.
pub(super) const PREFERENCES: &str = "PREFERENCES";

/// Returns the key of one item of a user's setup.
pub(super) fn setup_item(organization: &ObjectId, user: &ObjectId, kind: ItemKind, id: &ObjectId) -> ItemKey {
    ItemKey::new(user_partition(organization, user), format!("{}{id}", setup_item_prefix(kind)))
}

/// Returns the prefix of the sort keys of one kind of setup item. The id follows.
pub(super) fn setup_item_prefix(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Automation => "AUTOMATION#",
        ItemKind::Prompt => "PROMPT#",
        ItemKind::Template => "TEMPLATE#",
    }
}

/// Returns the kind and id in the sort key of a setup item; `None` for the other items of a user's partition.
pub(super) fn parse_setup_item(sk: &str) -> Option<(ItemKind, ObjectId)> {
    let (kind, id) = split_setup_item(sk)?;
    Some((kind, id.parse().ok()?))
}

/// Returns the kind in the sort key of a setup item, and the text in the place of its id.
pub(super) fn split_setup_item(sk: &str) -> Option<(ItemKind, &str)> {
    ItemKind::ALL.into_iter().find_map(|kind| Some((kind, sk.strip_prefix(setup_item_prefix(kind))?)))
}

/// The prefix of the partition of an e-mail address.
const EMAIL: &str = "EMAIL#";

/// Returns the partition of an e-mail address.
pub(super) fn email_partition(email: &EmailKey) -> String {
    const RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'#');
    format!("{EMAIL}{}", utf8_percent_encode(email.as_str(), RESERVED))
}

/// Returns the key of the claim on an e-mail address.
pub(super) fn email(email: &EmailKey) -> ItemKey {
    ItemKey::new(email_partition(email), META)
}

/// Returns whether this is the key of a claim. A claim holds a password hash, so no refused write may return it.
pub(super) fn is_claim(pk: &str, sk: &str) -> bool {
    pk.starts_with(EMAIL) && sk == META
}

/// Returns whether this is the key of an item that counts attempts to sign in, or to accept an invitation.
pub(super) fn is_sign_in_count(pk: &str, sk: &str) -> bool {
    (pk.starts_with(EMAIL) || pk.starts_with(INVITED)) && sk.starts_with("FAILURES")
}

/// Returns a key of the shape of a claim that no address has.
pub(super) fn nobodys_claim() -> ItemKey {
    ItemKey::new(EMAIL.to_owned(), META)
}

/// The prefix of the partitions that count attempts to accept an invitation.
const INVITED: &str = "INVITED#";

/// Returns the partition that counts the attempts to accept an invitation of a user.
pub(super) fn invited_partition(organization: &ObjectId, user: &ObjectId) -> String {
    format!("{INVITED}{organization}#{user}")
}

/// Returns the user whose attempts to accept an invitation are counted in this partition; `None` for any other partition.
pub(super) fn parse_invited(pk: &str) -> Option<ObjectId> {
    pk.strip_prefix(INVITED)?.split_once('#')?.1.parse().ok()
}

/// Returns the key of the item that counts failed attempts from all networks in a partition: with an address, or to accept an
/// invitation. It exists for addresses and ids without a user, too.
pub(super) fn failures(partition: String) -> ItemKey {
    ItemKey::new(partition, "FAILURES")
}

/// Returns the key of the item that counts attempts from one network.
pub(super) fn failures_from(partition: String, network: &NetworkMark) -> ItemKey {
    ItemKey::new(partition, format!("FAILURES#{network}"))
}

/// The prefix of the partition of a snapshot.
const SNAPSHOT: &str = "SNAPSHOT#";

/// Returns the partition of a snapshot.
fn snapshot_partition(snapshot: &ObjectId) -> String {
    format!("{SNAPSHOT}{snapshot}")
}

/// Returns the key of a snapshot.
pub(super) fn snapshot(snapshot: &ObjectId) -> ItemKey {
    ItemKey::new(snapshot_partition(snapshot), META)
}

/// Returns the key of one chunk of a snapshot's content. Each chunk has its own partition, so that chunks are read in
/// parallel.
pub(super) fn chunk(snapshot: &ObjectId, revision: u32, number: usize) -> ItemKey {
    ItemKey::new(format!("CHUNK#{snapshot}#{revision}#{number}"), META)
}

/// Returns the snapshot, the revision and the number in the partition key of a chunk; `None` for any other partition.
pub(super) fn parse_chunk(pk: &str) -> Option<(ObjectId, u32, u32)> {
    let mut parts = pk.strip_prefix("CHUNK#")?.split('#');
    let chunk = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(chunk)
}

/// The prefix of the sort keys of older revisions.
pub(super) const REVISION: &str = "REV#";

/// Returns the key of an older revision. The number has the digits of the largest one, so that text order is number
/// order.
pub(super) fn revision(snapshot: &ObjectId, revision: u32) -> ItemKey {
    ItemKey::new(snapshot_partition(snapshot), format!("{REVISION}{revision:010}"))
}

/// Returns the revision in a sort key; `None` for any other sort key.
pub(super) fn parse_revision(sk: &str) -> Option<u32> {
    sk.strip_prefix(REVISION)?.parse().ok()
}

/// Returns the key of the state of a snapshot's refreshes.
pub(super) fn refresh(snapshot: &ObjectId) -> ItemKey {
    ItemKey::new(snapshot_partition(snapshot), "REFRESH")
}

/// Returns the key of the item that names the sharing which the visibility items belong to.
pub(super) fn sharing(snapshot: &ObjectId) -> ItemKey {
    ItemKey::new(snapshot_partition(snapshot), SHARING)
}

/// The sort key of the sharing item.
pub(super) const SHARING: &str = "SHARING";

/// Returns the key of the item that makes a snapshot visible to another organization.
pub(super) fn visible_to(snapshot: &ObjectId, organization: &ObjectId) -> ItemKey {
    ItemKey::new(snapshot_partition(snapshot), organization_partition(organization))
}

/// The prefix of the sort keys of visibility items.
pub(super) const VISIBLE_TO: &str = "ORG#";

/// Returns the key of the item that makes a snapshot visible to every organization.
pub(super) fn visible_to_all(snapshot: &ObjectId) -> ItemKey {
    ItemKey::new(snapshot_partition(snapshot), GLOBAL)
}

/// Returns the snapshot whose partition this is; `None` for any other partition.
pub(super) fn parse_snapshot(pk: &str) -> Option<ObjectId> {
    pk.strip_prefix(SNAPSHOT)?.parse().ok()
}

/// Returns the partition of one organization's applies of a snapshot.
pub(super) fn applies_partition(organization: &ObjectId, snapshot: &ObjectId) -> String {
    format!("ORG#{organization}#SNAPSHOT#{snapshot}")
}

/// The prefix of the sort keys of apply records. The apply's id follows.
pub(super) const APPLY: &str = "APPLY#";

/// Returns the key of the record of one apply.
pub(super) fn apply(organization: &ObjectId, snapshot: &ObjectId, apply: &ObjectId) -> ItemKey {
    ItemKey::new(applies_partition(organization, snapshot), format!("{APPLY}{apply}"))
}

/// Returns the organization, the snapshot and the apply in the key of an apply's record; `None` for any other key.
pub(super) fn parse_apply(pk: &str, sk: &str) -> Option<(ObjectId, ObjectId, ObjectId)> {
    let (organization, snapshot) = pk.strip_prefix("ORG#")?.split_once("#SNAPSHOT#")?;
    Some((organization.parse().ok()?, snapshot.parse().ok()?, sk.strip_prefix(APPLY)?.parse().ok()?))
}

/// Returns the partition of an organization's refused applies.
pub(super) fn refusals_partition(organization: &ObjectId) -> String {
    format!("ORG#{organization}#REFUSALS")
}

/// The prefix of the sort keys of refused applies. Time and id follow.
pub(super) const REFUSED: &str = "REFUSED#";

/// Returns the key of a refused apply.
pub(super) fn refusal(organization: &ObjectId, at: Timestamp, id: &ObjectId) -> ItemKey {
    ItemKey::new(refusals_partition(organization), format!("{REFUSED}{}", by_time(at, id)))
}

/// The prefix of the sort keys of counts of refusals. The caller and the hour follow.
const REFUSED_TO: &str = "COUNT#";

/// Returns the key of the item that counts the refusals to one caller in the hour of `at`.
pub(super) fn refusal_count(organization: &ObjectId, caller: &ObjectId, at: Timestamp) -> ItemKey {
    // `2026-05-15T09`.
    let hour: String = at.to_string().chars().take(13).collect();
    ItemKey::new(refusals_partition(organization), format!("{REFUSED_TO}{caller}#{hour}"))
}

/// Returns whether this is the partition of an organization's refused applies and the counts of them.
fn is_of_refusals(pk: &str) -> bool {
    let organization = pk.strip_prefix("ORG#").and_then(|rest| rest.strip_suffix("#REFUSALS"));
    organization.is_some_and(|id| id.parse::<ObjectId>().is_ok())
}

/// Returns whether this is the key of a refused apply.
pub(super) fn is_refusal(pk: &str, sk: &str) -> bool {
    is_of_refusals(pk) && sk.starts_with(REFUSED)
}

/// Returns whether this is the key of an item that counts refusals.
pub(super) fn is_refusal_count(pk: &str, sk: &str) -> bool {
    is_of_refusals(pk) && sk.starts_with(REFUSED_TO)
}

/// Returns the partition of `LIST` with the snapshots that an organization sees.
pub(super) fn listed_for(organization: &ObjectId) -> String {
    organization_partition(organization)
}

/// The partition of `LIST` with the snapshots that every organization sees, and the sort key of the item that lists
/// them there.
pub(super) const GLOBAL: &str = "GLOBAL";

/// The partition of `LIST` with every organization. Their sort keys are their ids: few are made, so one partition is enough.
pub(super) const LISTED_ORGANIZATIONS: &str = "ORGANIZATIONS";

/// Returns the partition of `LIST` with an organization's users.
pub(super) fn listed_users(organization: &ObjectId) -> String {
    format!("ORG#{organization}#USERS")
}

/// Returns the partition of `LIST` with an organization's applies that have no user: the others are found by their users.
pub(super) fn listed_applies(organization: &ObjectId) -> String {
    format!("ORG#{organization}#APPLIES")
}

/// Returns the partition of `ALL` that a snapshot belongs to.
pub(super) fn shard(id: &ObjectId) -> String {
    all_partition(shard_number(id))
}

/// Returns every partition of `ALL` that snapshots belong to.
pub(super) fn shards() -> impl Iterator<Item = String> {
    (0..ALL_SHARDS).map(all_partition)
}

/// Returns the partition of `ALL` that holds a deleted snapshot or an unfinished apply until it is swept.
pub(super) fn sweep_shard(id: &ObjectId) -> String {
    sweep_partition(shard_number(id))
}

/// Returns every partition of `ALL` that a sweep reads.
pub(super) fn sweep_shards() -> impl Iterator<Item = String> {
    (0..ALL_SHARDS).map(sweep_partition)
}

/// Returns the partition of `ALL` that holds a snapshot while it has a schedule.
pub(super) fn refresh_shard(id: &ObjectId) -> String {
    refresh_partition(shard_number(id))
}

/// Returns every partition of `ALL` with scheduled snapshots.
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

/// Returns the shard of an id. Its last byte is random, so the shards fill evenly.
fn shard_number(id: &ObjectId) -> u8 {
    id.as_bytes()[11] % ALL_SHARDS
}

/// Returns the sort key of both indexes. Text order is time order; the id breaks ties.
pub(super) fn by_time(created_at: Timestamp, id: &ObjectId) -> String {
    format!("{created_at}#{id}")
}

/// Returns the sort key of a scheduled snapshot. It contains the source organization, so that a row of the index tells
/// whose share it counts against.
pub(super) fn due_by(at: Timestamp, id: &ObjectId, organization: Option<&ObjectId>) -> String {
    let by_time = by_time(at, id);
    organization.map_or(by_time.clone(), |organization| format!("{by_time}#{organization}"))
}

/// Returns the organization in the sort key of a scheduled snapshot; `None` if the row was written before keys
/// contained it.
pub(super) fn parse_due_organization(sk: &str) -> Option<ObjectId> {
    sk.splitn(3, '#').nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests;
