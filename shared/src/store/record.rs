//! Items as they are stored: one record per kind, each with the key that belongs to it.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::document::{self, TypeRoom, Unreadable};
use super::keys::{self, Key, PK, SK};
use super::snapshots::packing::Packed;
use super::table::outcome::Item;
use crate::domain::{
    Agent, Designation, Document, Email, Fault, FullName, ObjectId, PhoneNumber, Pipeline, Preferences, Role,
    Timestamp, User,
};

/// The attribute by which items of different kinds are told apart.
pub(super) const TYPE: &str = "type";

/// A record that becomes an item.
pub(super) trait Record: Serialize {
    /// The value of `type`.
    const TYPE: &'static str;
}

/// The item of a record under its key.
pub(super) fn item<R: Record>(key: &Key, record: &R) -> Result<Item, Fault> {
    typed_item(key, R::TYPE, record)
}

fn typed_item(key: &Key, kind: &str, record: &impl Serialize) -> Result<Item, Fault> {
    let item: Item = serde_dynamo::to_item(record).map_err(|error| Fault::Corrupt(error.to_string()))?;
    Ok(keyed_item(key, kind, item))
}

fn keyed_item(key: &Key, kind: &str, mut item: Item) -> Item {
    item.insert(PK.to_owned(), AttributeValue::S(key.pk.clone()));
    item.insert(SK.to_owned(), AttributeValue::S(key.sk.clone()));
    item.insert(TYPE.to_owned(), AttributeValue::S(kind.to_owned()));
    item
}

/// Reads a record back; attributes that it does not know are left aside.
pub(super) fn read<R: DeserializeOwned>(item: Item) -> Result<R, Fault> {
    let key = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    let (pk, sk) = (key(PK), key(SK));
    serde_dynamo::from_item(item).map_err(|error| Fault::Corrupt(format!("{pk} {sk}: {error}")))
}

/// Reads a record that another system may have written; `None`, with a line in the log, where it cannot be read.
pub(super) fn read_foreign<R: DeserializeOwned>(item: Item) -> Option<R> {
    let (pk, sk) = (partition_key(&item).to_owned(), sort_key(&item).to_owned());
    let record = serde_dynamo::from_item(item);
    if record.is_err() {
        // The error repeats what is stored, which may be personal.
        tracing::warn!(pk, sk, "an item of another system cannot be read and is left out");
    }
    record.ok()
}

/// The partition key of an item.
pub(super) fn partition_key(item: &Item) -> &str {
    key_attribute(item, PK)
}

/// The sort key of an item.
pub(super) fn sort_key(item: &Item) -> &str {
    key_attribute(item, SK)
}

/// A key attribute of an item, of the table or of an index; empty where it has none.
pub(super) fn key_attribute<'i>(item: &'i Item, name: &str) -> &'i str {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).unwrap_or_default()
}

/// An organization's own item.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationRecord {
    /// Another system may write it. Empty where it is no text.
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    /// Another system may write it. What is no list of texts trusts nothing.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub(super) trusted_destinations: Vec<String>,
}

/// A value that nothing is decided by; `None` where another system stored something that is none.
pub(super) fn lenient<'de, T: DeserializeOwned, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(deserializer)?).ok())
}

/// A text; empty where there is none.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(serde_json::Value::deserialize(deserializer)?.as_str().unwrap_or_default().to_owned())
}

/// The texts of a list; none where there is no list.
fn texts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let texts = value.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    Ok(texts.map(str::to_owned).collect())
}

impl Record for OrganizationRecord {
    const TYPE: &'static str = "organization";
}

impl Record for Pipeline {
    const TYPE: &'static str = "pipeline";
}

impl Record for Agent {
    const TYPE: &'static str = "agent";
}

/// A pipeline or an agent: the document is nested, because a pipeline has a `type` of its own.
#[derive(Debug, Deserialize)]
pub(super) struct Nested<T> {
    pub(super) document: T,
}

/// The item of a pipeline or an agent.
pub(super) fn nested_item<T: Record>(key: &Key, document: &T) -> Result<Item, Fault> {
    let document = serde_json::to_value(document).map_err(|error| Fault::Corrupt(error.to_string()))?;
    let document = (DOCUMENT.to_owned(), document::write_json(&document));
    Ok(keyed_item(key, T::TYPE, Item::from([document])))
}

/// A user's profile.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserRecord {
    pub(super) email: Email,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) full_name: Option<FullName>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) phone_number: Option<PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) designation: Option<Designation>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) department_id: Option<ObjectId>,
    pub(super) access_role: Role,
    #[serde(default)]
    pub(super) login_disabled: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) first_sign_in_at: Option<Timestamp>,
    pub(super) setup_version: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Record for UserRecord {
    const TYPE: &'static str = "user";
}

impl UserRecord {
    /// The record of a user who was just made.
    pub(super) fn new(user: &User) -> Self {
        Self {
            email: user.email.clone(),
            full_name: user.full_name.clone(),
            phone_number: user.phone_number.clone(),
            designation: user.designation.clone(),
            department_id: user.department,
            access_role: user.role,
            login_disabled: user.login_disabled,
            first_sign_in_at: None,
            setup_version: FIRST_VERSION,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// The version that a user is made with.
pub(super) const FIRST_VERSION: u64 = 1;

/// The item of a user, with the keys under which the organization's users are listed.
pub(super) fn user_item(user: &User) -> Result<Item, Fault> {
    let mut item = item(&keys::user(&user.organization, &user.id), &UserRecord::new(user))?;
    let by_time = keys::by_time(user.created_at, &user.id);
    index(&mut item, &keys::LIST, keys::listed_users(&user.organization), by_time);
    Ok(item)
}

pub(super) fn index(item: &mut Item, index: &keys::IndexKeys, pk: String, sk: String) {
    item.insert(index.pk.to_owned(), AttributeValue::S(pk));
    item.insert(index.sk.to_owned(), AttributeValue::S(sk));
}

/// One item of a setup, its document aside.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetupRecord<'a> {
    /// The version of the setup that wrote it.
    pub(super) setup_version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloned_from: Option<&'a str>,
}

/// The attribute that holds a setup item's fields.
pub(super) const DOCUMENT: &str = "document";

/// The item of one setup item.
pub(super) fn setup_item(
    key: &Key,
    kind: crate::domain::ItemKind,
    document: &Document,
    record: &SetupRecord<'_>,
) -> Result<Item, Fault> {
    let mut item = typed_item(key, kind.as_str(), record)?;
    item.insert(DOCUMENT.to_owned(), document::write(document));
    Ok(item)
}

/// The document of a setup item.
pub(super) fn read_document(mut item: Item, room: &mut TypeRoom) -> Result<Document, Unreadable> {
    document::read(item.remove(DOCUMENT).unwrap_or(AttributeValue::Null(true)), room)
}

/// The document of a setup item, and the rest of the item.
pub(super) fn take_document(mut item: Item, room: &mut TypeRoom) -> Result<(Document, Item), Fault> {
    let value = item.remove(DOCUMENT).unwrap_or(AttributeValue::Null(true));
    match document::read(value, room) {
        Ok(document) => Ok((document, item)),
        Err(Unreadable { pointer, reason }) => {
            let (pk, sk) = (partition_key(&item), sort_key(&item));
            Err(Fault::Corrupt(format!("{pk} {sk}: {DOCUMENT}{pointer}: {reason}")))
        }
    }
}

/// A user's switches.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PreferencesRecord {
    pub(super) enabled: Preferences,
    pub(super) setup_version: u64,
}

impl Record for PreferencesRecord {
    const TYPE: &'static str = "preferences";
}

/// The attribute of a claim that holds the password hash; of a user's profile, where nobody has moved it to the claim yet;
/// of the record of an apply that an earlier version of this service began to stage.
pub(super) const PASSWORD_HASH: &str = "passwordHash";

/// Who has an e-mail address, and with which password. Of a user's items this one alone holds the hash, so that a function
/// that reads organizations and users reads no hash.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimRecord {
    pub(super) organization_id: ObjectId,
    /// The user who owns it. Absent while an apply only reserves it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) user_id: Option<ObjectId>,
    /// The apply that reserved it. Absent once it is owned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) reserved_by: Option<ObjectId>,
    /// The PHC string of the password. It counts only together with `user_id`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) password_hash: Option<String>,
}

impl Record for ClaimRecord {
    const TYPE: &'static str = "email";
}

impl ClaimRecord {
    /// The claim of a user who is there.
    pub(super) fn owned(user: &User, password_hash: Option<&str>) -> Self {
        Self {
            organization_id: user.organization,
            user_id: Some(user.id),
            reserved_by: None,
            password_hash: password_hash.map(str::to_owned),
        }
    }

    /// The claim of an apply whose user is not there yet.
    pub(super) fn reserved(user: &User, apply: ObjectId, password_hash: &str) -> Self {
        Self {
            organization_id: user.organization,
            user_id: None,
            reserved_by: Some(apply),
            password_hash: Some(password_hash.to_owned()),
        }
    }
}

/// The attributes of a claim that say who holds it, without the hash.
pub(super) const HOLDER: [&str; 3] = [ORGANIZATION_ID, USER_ID, RESERVED_BY];
pub(super) const ORGANIZATION_ID: &str = "organizationId";
pub(super) const USER_ID: &str = "userId";
/// The attribute that names the apply for which an address is reserved.
pub(super) const RESERVED_BY: &str = "reservedBy";

/// The attribute that holds the packed content, of a snapshot or of a chunk.
pub(super) const CONTENT: &str = "content";
/// How many chunks hold the content that the snapshot's own item does not.
pub(super) const CHUNKS: &str = "chunks";
/// One piece of a snapshot's content.
#[derive(Debug, Serialize)]
struct ChunkRecord {}

impl Record for ChunkRecord {
    const TYPE: &'static str = "chunk";
}

/// The items of the chunks in which a revision's content is stored; none where it stands in the snapshot's own item.
pub(super) fn chunk_items(snapshot: &ObjectId, revision: u32, packed: &Packed) -> Result<Vec<Item>, Fault> {
    let chunks = packed.chunks().into_iter().enumerate();
    chunks
        .map(|(number, bytes)| {
            let mut item = item(&keys::chunk(snapshot, revision, number), &ChunkRecord {})?;
            item.insert(CONTENT.to_owned(), AttributeValue::B(Blob::new(bytes)));
            Ok(item)
        })
        .collect()
}
