//! What a scan finds that may name a person: few facts of each item, because only the whole table tells which ids are the person's.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{Email, EmailKey, Fault, ObjectId};
use crate::store::applies::apply_record::{ApplyState, StoredApply};
use crate::store::attributes::{
    ANSWER, CREATED_AT, CREATED_BY, CREATED_BY_NAME, DELETED_AT, EMAIL, ORGANIZATION_ID, RESERVED_BY, REVISION, SHARED,
    SOURCE_USER_EMAIL, SOURCE_USER_ID, SOURCE_USER_NAME, STATE, USER_ID,
};
use crate::store::keys::{self, ItemKey, META, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;

/// The attributes that the scan reads. No password hash, no document and no content is among them.
const ATTRIBUTES: [&str; 20] = [
    PK,
    SK,
    EMAIL,
    USER_ID,
    ORGANIZATION_ID,
    RESERVED_BY,
    DELETED_AT,
    SOURCE_USER_ID,
    SOURCE_USER_EMAIL,
    SOURCE_USER_NAME,
    CREATED_BY,
    CREATED_BY_NAME,
    SHARED,
    // What a record of an apply is read from.
    ANSWER,
    STATE,
    REVISION,
    CREATED_AT,
    "planHash",
    "appliedBy",
    "appliedByRole",
];

/// A user's profile with the address, or the tombstone in its place.
#[derive(Debug)]
pub(super) struct ProfileMention {
    pub(super) key: ItemKey,
    pub(super) organization: ObjectId,
    pub(super) user: ObjectId,
}

/// A snapshot that names its source or its creator.
#[derive(Debug)]
pub(super) struct SnapshotMention {
    pub(super) key: ItemKey,
    pub(super) id: ObjectId,
    pub(super) source: Option<ObjectId>,
    pub(super) creator: Option<ObjectId>,
    /// Whether the source has the address, now or in what is shared.
    pub(super) has_address: bool,
    /// Whether address or name of a source stand there.
    pub(super) names_source: bool,
    pub(super) names_creator: bool,
}

/// An older revision or a row of a list that names the source of its snapshot.
#[derive(Debug)]
pub(super) struct SourceMention {
    pub(super) key: ItemKey,
    pub(super) snapshot: ObjectId,
    pub(super) has_address: bool,
}

/// The record of an apply with an address.
#[derive(Debug)]
pub(super) struct ApplyMention {
    pub(super) key: ItemKey,
    pub(super) user: ObjectId,
    pub(super) has_address: bool,
    /// Whether a request or a sweep still has to finish it.
    pub(super) is_unfinished: bool,
}

/// The claim on the address.
#[derive(Debug)]
pub(super) struct ClaimMention {
    pub(super) key: ItemKey,
    /// The organization and the user who owns the address; `None` while an apply or a removal reserves it.
    pub(super) owner: Option<(ObjectId, ObjectId)>,
    /// The apply, or the removed user, that reserves it.
    pub(super) reserved_by: Option<ObjectId>,
}

/// What a scan finds.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    pub(super) items: u64,
    /// Every user who is there.
    pub(super) living: HashSet<ObjectId>,
    pub(super) profiles: Vec<ProfileMention>,
    /// Tombstones that hold the address until their removal is finished.
    pub(super) removals: Vec<ProfileMention>,
    pub(super) claim: Option<ClaimMention>,
    pub(super) snapshots: Vec<SnapshotMention>,
    pub(super) sources: Vec<SourceMention>,
    pub(super) applies: Vec<ApplyMention>,
    /// Refused applies with the address.
    pub(super) refusals: Vec<ItemKey>,
    /// Counted attempts with the address.
    pub(super) attempts: Vec<ItemKey>,
    /// Counted attempts with invitations, and whose these are.
    pub(super) invited_attempts: Vec<(ItemKey, ObjectId)>,
    /// Records of applies that cannot be read.
    pub(super) unreadable: Vec<ItemKey>,
}

impl Mentions {
    /// Scans the whole table.
    pub(super) async fn scan(table: &Table, email: &EmailKey, progress: &mut dyn FnMut(u64)) -> Result<Self, Fault> {
        let (mut mentions, mut start) = (Self::default(), None);
        loop {
            let (items, next) = table.scan_page(Some(&ATTRIBUTES), start).await?;
            for item in items {
                mentions.items += 1;
                mentions.add(email, item);
            }
            progress(mentions.items);
            start = next;
            if start.is_none() {
                return Ok(mentions);
            }
        }
    }

    fn add(&mut self, email: &EmailKey, item: Item) {
        let key = ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
        if let Some((organization, user)) = keys::parse_user_partition(&key.pk) {
            if key.sk != META {
                return;
            }
            let has_address = is_address(item.get(EMAIL), email);
            let mention = has_address.then_some(ProfileMention { key, organization, user });
            if record::is_tombstone(&item) {
                self.removals.extend(mention);
            } else {
                self.living.insert(user);
                self.profiles.extend(mention);
            }
        } else if keys::parse_apply(&key.pk, &key.sk).is_some() {
            self.add_apply(email, key, item);
        } else if keys::is_refusal(&key.pk, &key.sk) {
            self.refusals.extend(is_address(item.get(EMAIL), email).then_some(key));
        } else if key.pk == keys::email_partition(email) {
            if key.sk == META {
                self.claim = Some(ClaimMention {
                    key,
                    owner: id(&item, ORGANIZATION_ID).zip(id(&item, USER_ID)),
                    reserved_by: id(&item, RESERVED_BY),
                });
            } else {
                self.attempts.push(key);
            }
        } else if let Some(snapshot) = keys::parse_snapshot(&key.pk) {
            self.add_of_snapshot(email, snapshot, key, &item);
        } else if let Some(user) = keys::parse_invited(&key.pk) {
            self.invited_attempts.push((key, user));
        }
    }

    fn add_of_snapshot(&mut self, email: &EmailKey, snapshot: ObjectId, key: ItemKey, item: &Item) {
        if key.sk != META {
            let names = names_source(item);
            let has_address = is_address(item.get(SOURCE_USER_EMAIL), email);
            self.sources.extend(names.then_some(SourceMention { key, snapshot, has_address }));
            return;
        }
        let shared = match item.get(SHARED) {
            Some(AttributeValue::M(fields)) => Some(fields),
            _ => None,
        };
        let places = || [Some(item), shared].into_iter().flatten();
        self.snapshots.push(SnapshotMention {
            id: snapshot,
            source: id(item, SOURCE_USER_ID),
            creator: id(item, CREATED_BY),
            has_address: places().any(|place| is_address(place.get(SOURCE_USER_EMAIL), email)),
            names_source: places().any(names_source),
            names_creator: item.contains_key(CREATED_BY_NAME),
            key,
        });
    }

    fn add_apply(&mut self, email: &EmailKey, key: ItemKey, item: Item) {
        let Ok(apply) = StoredApply::read(item) else { return self.unreadable.push(key) };
        let Ok(answered) = apply.answered_address() else { return self.unreadable.push(key) };
        let held = apply.held_email().map(|held| held.as_str().to_owned());
        let addresses: Vec<String> = answered.into_iter().chain(held).collect();
        if addresses.is_empty() {
            return;
        }
        let has_address = addresses.iter().any(|text| is_same(text, email));
        let is_unfinished = matches!(apply.state(), ApplyState::Staging | ApplyState::Aborting | ApplyState::Undoing);
        self.applies.push(ApplyMention { key, user: apply.user(), has_address, is_unfinished });
    }
}

/// Returns whether the address or the name of a source stands in an item or in a map of it.
pub(super) fn names_source(fields: &Item) -> bool {
    let is_erased = |value: &AttributeValue| value.as_s().is_ok_and(|text| text == Email::ERASED);
    fields.contains_key(SOURCE_USER_NAME) || fields.get(SOURCE_USER_EMAIL).is_some_and(|value| !is_erased(value))
}

/// Returns whether a value is the address, in any of its forms.
pub(super) fn is_address(value: Option<&AttributeValue>, email: &EmailKey) -> bool {
    value.and_then(|value| value.as_s().ok()).is_some_and(|text| is_same(text, email))
}

fn is_same(text: &str, email: &EmailKey) -> bool {
    Email::parse(text).is_ok_and(|other| other.key() == email)
}

fn id(item: &Item, attribute: &str) -> Option<ObjectId> {
    item.get(attribute)?.as_s().ok()?.parse().ok()
}
