//! Reads `tests/golden/stored-items.json`: one item of each stored form, as this version writes it. Later versions must read
//! these items, too, and write them again without a change.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::applies::apply_record::StoredApply;
use super::applies::refusals::RefusalRecord;
use super::applies::removals::UserTombstone;
use super::attributes::{ANSWER, CLONED_FROM, CONTENT, CONTENT_HASH, EXPIRES_AT, OF, TYPE};
use super::document::TypeBudget;
use super::keys::{self, ALL, ItemKey, LIST};
use super::record::{
    self, ClaimRecord, NestedDocument, OrganizationRecord, PreferencesRecord, Record, SetupRecord, SetupVersionRecord,
    UserRecord,
};
use super::sign_ins::counts::{AddressRecord, NetworkRecord};
use super::snapshots::lists::RowRecord;
use super::snapshots::packing::{PackedContent, unpack};
use super::snapshots::revision_record::{ContentLocation, RefreshRecord, RevisionRecord, take_hash};
use super::snapshots::shared_record::{take_shares, write_shares};
use super::snapshots::snapshot_record::{read_snapshot, snapshot_item};
use super::table::change::Change;
use super::table::outcome::Item;
use crate::domain::{Agent, Fault, Pipeline, Work};

/// The golden items as of the last release.
const RELEASED: &str = include_str!("../../../docs/released/stored-items.json");

const GOLDEN: &str = include_str!("../../../tests/golden/stored-items.json");

/// The attributes without which an item of each type cannot be read. Never add one: an attribute that is new needs a default.
const REQUIRED: [(&str, &[&str]); 18] = [
    ("agent", &["document"]),
    ("apply", &["appliedBy", "appliedByRole", "createdAt", "planHash", "revision", "state", "userId"]),
    ("automation", &["document", "setupVersion"]),
    ("chunk", &["content"]),
    ("email", &["organizationId"]),
    ("organization", &[]),
    ("pipeline", &["document"]),
    ("preferences", &["enabled", "setupVersion"]),
    ("prompt", &["document", "setupVersion"]),
    ("refresh", &[]),
    ("revision", &["content", "contentHash", "counts", "replacedAt", "revisedAt"]),
    ("sharing", &["of"]),
    ("signInFailures", &[]),
    ("signInsOfNetwork", &[]),
    (
        "snapshot",
        &[
            "assignedOrgIds",
            "contentHash",
            "counts",
            "createdAt",
            "createdBy",
            "createdByRole",
            "isGlobal",
            "name",
            "revision",
            "sourceOrgId",
            "sourceOrgName",
            "sourceUserEmail",
            "sourceUserId",
            "updatedAt",
            "version",
        ],
    ),
    ("template", &["document", "setupVersion"]),
    ("user", &["accessRole", "createdAt", "email", "setupVersion", "updatedAt"]),
    ("visibility", &["counts", "name", "sourceOrgName", "sourceUserEmail"]),
];

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "B" => AttributeValue::B(Blob::new(STANDARD.decode(text()).unwrap())),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "NULL" => AttributeValue::Null(true),
        "SS" => AttributeValue::Ss(serde_json::from_value(value.clone()).unwrap()),
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        "M" => AttributeValue::M(item(value)),
        other => unreachable!("{other}"),
    }
}

fn item(value: &Value) -> Item {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn golden() -> BTreeMap<String, Item> {
    items(GOLDEN)
}

fn items(text: &str) -> BTreeMap<String, Item> {
    let items: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    items.iter().map(|(what, value)| (what.clone(), item(value))).collect()
}

fn type_of(item: &Item) -> &str {
    item[TYPE].as_s().unwrap()
}

/// Returns the item without the attributes that another write of it does not set: the keys of indexes.
fn without_indexes(mut item: Item) -> Item {
    for name in [ALL.pk, ALL.sk, LIST.pk, LIST.sk] {
        item.remove(name);
    }
    item
}

fn same<R: Record + DeserializeOwned>(key: &ItemKey, item: &Item) -> Result<Option<Item>, Fault> {
    record::item(key, &record::read::<R>(item.clone())?).map(Some)
}

fn nested<R: Record + DeserializeOwned>(key: &ItemKey, item: &Item) -> Result<Option<Item>, Fault> {
    let read = record::read_foreign::<NestedDocument<R>>(item.clone());
    let document = read.ok_or_else(|| Fault::Corrupt("the document cannot be read".into()))?.document;
    record::nested_item(key, &document).map(Some)
}

/// Reads an item and returns it as this version writes it; `None` for a form that only updates write.
fn written_again(kind: &str, item: &Item) -> Result<Option<Item>, Fault> {
    let key = ItemKey { pk: record::partition_key(item).to_owned(), sk: record::sort_key(item).to_owned() };
    let missing = |name: &str| Fault::Corrupt(format!("{name} is missing"));
    match kind {
        "organization" => same::<OrganizationRecord>(&key, item),
        "user" => same::<UserRecord>(&key, item),
        "preferences" => same::<PreferencesRecord>(&key, item),
        "email" => same::<ClaimRecord>(&key, item),
        "refresh" => same::<RefreshRecord>(&key, item),
        "pipeline" => nested::<Pipeline>(&key, item),
        "agent" => nested::<Agent>(&key, item),
        "automation" | "prompt" | "template" => {
            let cloned_from = item.get(CLONED_FROM).map(|text| text.as_s().unwrap().as_str());
            let (document, rest) = record::take_document(item.clone(), &mut TypeBudget::default())?;
            let setup_version = record::read::<SetupVersionRecord>(rest)?.setup_version;
            let (kind, _) = keys::parse_setup_item(&key.sk).unwrap();
            record::setup_item(&key, kind, &document, &SetupRecord { setup_version, cloned_from }).map(Some)
        }
        "snapshot" => {
            let snapshot = read_snapshot(keys::parse_snapshot(&key.pk).unwrap(), item.clone())?;
            let Some(AttributeValue::B(bytes)) = item.get(CONTENT) else { return Ok(None) };
            let packed = PackedContent { bytes: bytes.clone().into_inner(), hash: snapshot.content.hash };
            snapshot_item(&snapshot, &packed, None).map(Some)
        }
        "revision" => {
            let mut rest = item.clone();
            let (location, hash) = (ContentLocation::take(&mut rest)?, take_hash(&mut rest)?);
            let mut written = record::item(&key, &record::read::<RevisionRecord>(rest)?)?;
            let (name, content) = location.attribute();
            written.insert(name.to_owned(), content);
            written.insert(CONTENT_HASH.to_owned(), AttributeValue::B(Blob::new(hash)));
            Ok(Some(written))
        }
        "apply" => {
            let stored = StoredApply::read(item.clone())?;
            let mut written = record::item(&key, &stored.record)?;
            if stored.has_answer() {
                assert!(stored.answer::<Fault>(&Work::unlimited())?.contains("Snapshot applied"));
                written.extend(item.get(ANSWER).map(|answer| (ANSWER.to_owned(), answer.clone())));
            }
            Ok(Some(written))
        }
        "chunk" => item.get(CONTENT).map(|_| None).ok_or_else(|| missing(CONTENT)),
        "sharing" => item.get(OF).map(|_| None).ok_or_else(|| missing(OF)),
        "visibility" => record::read::<RowRecord>(item.clone()).map(|_| None),
        "signInsOfNetwork" => record::read::<NetworkRecord>(item.clone()).map(|_| None),
        "signInFailures" => record::read::<AddressRecord>(item.clone()).map(|_| None),
        other => Err(Fault::Corrupt(format!("nothing reads items of the type {other}"))),
    }
}

#[test]
fn every_golden_item_is_read_and_written_again_without_a_change() {
    for (what, item) in golden() {
        if let Some(written) = written_again(type_of(&item), &item).unwrap() {
            assert_eq!(without_indexes(written), without_indexes(item), "{what}");
        }
    }
}

/// Checks that this version reads every item that another one wrote.
fn read_all(text: &str) {
    let items = items(text);
    assert!(items.len() >= REQUIRED.len());
    for (what, item) in items {
        assert!(
            written_again(type_of(&item), &item).is_ok(),
            "{what} cannot be read: {:?}",
            written_again(type_of(&item), &item)
        );
    }
}

#[test]
fn every_item_of_the_last_release_is_read() {
    read_all(RELEASED);
}

/// `tests/release/run` runs this test of the last release on the golden items of today.
#[test]
fn every_item_of_another_version_is_read() {
    if let Ok(path) = std::env::var("STORED_ITEMS") {
        read_all(&std::fs::read_to_string(path).unwrap());
    }
}

#[test]
fn every_type_of_item_has_a_golden_one_and_its_required_attributes_alone_are_required() {
    let mut types = Vec::new();
    for (what, whole) in golden() {
        let kind = type_of(&whole).to_owned();
        let (_, required) = REQUIRED.iter().find(|(name, _)| *name == kind).unwrap();
        for name in whole.keys().filter(|name| !["PK", "SK", "type"].contains(&name.as_str())) {
            let mut item = whole.clone();
            item.remove(name);
            let is_required = required.contains(&name.as_str());
            assert_eq!(written_again(&kind, &item).is_err(), is_required, "{what} without {name}");
        }
        types.push(kind);
    }
    types.sort_unstable();
    types.dedup();
    assert_eq!(types, REQUIRED.map(|(kind, _)| kind));
}

/// The tombstones of users have a file of their own: releases before removals know no such item. They read it in the place of a profile
/// that cannot be read, which has no rights.
#[test]
fn every_golden_tombstone_of_a_user_is_read_and_written_again_and_is_no_user() {
    let tombstones = items(include_str!("../../../tests/golden/removed-users.json"));
    assert_eq!(tombstones.len(), 3);
    for (what, item) in tombstones {
        assert!(record::is_tombstone(&item) && record::read::<UserRecord>(item.clone()).is_err(), "{what}");
        let key = ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
        let written = same::<UserTombstone>(&key, &item).unwrap().unwrap();
        assert_eq!(without_indexes(written), without_indexes(item), "{what}");
    }
}

/// Refused applies have a file of their own, too: releases before them know no such item, and read none.
#[test]
fn every_golden_refusal_is_read_and_written_again_but_for_when_it_expires() {
    let refusals = items(include_str!("../../../tests/golden/refusals.json"));
    assert_eq!(refusals.len(), 2);
    for (what, mut item) in refusals {
        let key = ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
        let written = same::<RefusalRecord>(&key, &item).unwrap().unwrap();
        assert!(item.remove(EXPIRES_AT).is_some() && keys::is_refusal(&key.pk, &key.sk), "{what}");
        assert_eq!(written, item, "{what}");
    }
}

#[test]
fn the_golden_content_is_unpacked_and_the_golden_sharing_is_written_again() {
    let golden = golden();
    let packed = golden["a snapshot"][CONTENT].as_b().unwrap();
    let content = unpack::<Fault>(packed.as_ref(), &Work::unlimited()).unwrap();
    let written = PackedContent::pack(&content).unwrap();
    assert_eq!(Some(&written.hash[..]), golden["a snapshot"][CONTENT_HASH].as_b().ok().map(AsRef::as_ref));
    assert_eq!(content.items.prompts[0].document.name(), "Default warm-up prompt");

    let mut shared = golden["a shared snapshot in chunks"].clone();
    let shares = take_shares(&mut shared.clone()).unwrap();
    let values = write_shares(Change::default(), &shares).unwrap().values().unwrap();
    for name in ["shared", "sharedBefore", "follow"] {
        assert_eq!(Some(&values[&format!(":{name}")]), shared.remove(name).as_ref(), "{name}");
    }
}
