//! The stored items: one record type per kind of item.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::document::{self, TypeBudget, UnreadableDocument};
use super::keys::{self, ItemKey, PK, SK};
use super::table::outcome::Item;
pub(super) use super::table::outcome::{key_attribute, partition_key, sort_key};
use crate::domain::{
    Agent, Designation, Document, Email, Fault, FullName, ObjectId, PhoneNumber, Pipeline, Preferences, Role,
    Timestamp, User, UserOrigin,
};
use crate::store::attributes::{CLONED_FROM, DELETED_AT, DOCUMENT, ORGANIZATION_ID, RESERVED_BY, TYPE, USER_ID};

/// Returns whether this is the tombstone of a deleted snapshot or a removed user.
pub(super) fn is_tombstone(item: &Item) -> bool {
    item.contains_key(DELETED_AT)
}

/// A record that is stored as an item.
pub(super) trait Record: Serialize {
    /// The value of `type`.
    const TYPE: &'static str;
}

/// Returns the item of a record under its key.
pub(super) fn item<R: Record>(key: &ItemKey, record: &R) -> Result<Item, Fault> {
    typed_item(key, R::TYPE, record)
}

fn typed_item(key: &ItemKey, kind: &str, record: &impl Serialize) -> Result<Item, Fault> {
    let item: Item = serde_dynamo::to_item(record).map_err(|error| Fault::Corrupt(error.to_string()))?;
    Ok(keyed_item(key, kind, item))
}

fn keyed_item(key: &ItemKey, kind: &str, mut item: Item) -> Item {
    item.insert(PK.to_owned(), AttributeValue::S(key.pk.clone()));
    item.insert(SK.to_owned(), AttributeValue::S(key.sk.clone()));
    item.insert(TYPE.to_owned(), AttributeValue::S(kind.to_owned()));
    item
}

/// Reads a record. Ignores unknown attributes.
pub(super) fn read<R: DeserializeOwned>(item: Item) -> Result<R, Fault> {
    let key = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    let (pk, sk) = (key(PK), key(SK));
    serde_dynamo::from_item(item).map_err(|error| Fault::Corrupt(format!("{pk} {sk}: {error}")))
}

/// Reads a record that another system may have written. Returns `None` and logs a warning if it cannot be read.
pub(super) fn read_foreign<R: DeserializeOwned>(item: Item) -> Option<R> {
    let (pk, sk) = (partition_key(&item).to_owned(), sort_key(&item).to_owned());
    let record = serde_dynamo::from_item(without_binaries(item));
    if record.is_err() {
        // The error repeats what is stored, which may be personal.
        tracing::warn!(pk, sk, "an item of another system cannot be read and is left out");
    }
    record.ok()
}

/// Returns the item with a null in the place of each binary value: JSON has none.
pub(super) fn without_binaries(item: Item) -> Item {
    fn plain(value: AttributeValue) -> AttributeValue {
        match value {
            AttributeValue::B(_) | AttributeValue::Bs(_) => AttributeValue::Null(true),
            AttributeValue::L(values) => AttributeValue::L(values.into_iter().map(plain).collect()),
            AttributeValue::M(fields) => AttributeValue::M(without_binaries(fields)),
            other => other,
        }
    }
    item.into_iter().map(|(name, value)| (name, plain(value))).collect()
}

/// An organization's own item.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationRecord {
    /// Empty if another system stored something else than a text.
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    /// Empty if another system stored something else than a list of texts.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub(super) trusted_destinations: Vec<String>,
    /// The fingerprint of the request that created it under an Idempotency-Key.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<String>,
}

/// Returns the item of an organization, with the keys that list it among all.
pub(super) fn organization_item(id: &ObjectId, record: &OrganizationRecord) -> Result<Item, Fault> {
    let mut item = item(&keys::organization(id), record)?;
    index(&mut item, &keys::LIST, keys::LISTED_ORGANIZATIONS.to_owned(), id.to_string());
    Ok(item)
}

/// Reads an optional value that no decision depends on. Returns `None` if another system stored another type.
pub(super) fn lenient<'de, T: DeserializeOwned, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(deserializer)?).ok())
}

/// Reads a text. Returns an empty one for any other type.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(serde_json::Value::deserialize(deserializer)?.as_str().unwrap_or_default().to_owned())
}

/// Reads the texts of a list. Returns an empty list for any other type.
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

/// A pipeline or an agent. The document is nested, because a pipeline has its own `type`.
#[derive(Debug, Deserialize)]
pub(super) struct NestedDocument<T> {
    pub(super) document: T,
}

/// Returns the item of a pipeline or an agent.
pub(super) fn nested_item<T: Record>(key: &ItemKey, document: &T) -> Result<Item, Fault> {
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
    /// Counts the changes that end earlier tokens. Absent until the first one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) credential_version: Option<u64>,
    /// When that counter was last raised.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) credentials_changed_at: Option<Timestamp>,
    /// When the user last accepted an invitation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) invitation_accepted_at: Option<Timestamp>,
    /// The apply that made the user.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) cloned_from: Option<String>,
    pub(super) setup_version: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Record for UserRecord {
    const TYPE: &'static str = "user";
}

impl UserRecord {
    /// Returns the record of a new user.
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
            credential_version: None,
            credentials_changed_at: None,
            invitation_accepted_at: None,
            cloned_from: None,
            setup_version: FIRST_VERSION,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// The version of a setup, in a user's profile or in a setup item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetupVersionRecord {
    pub(super) setup_version: u64,
}

/// The version of a new user's setup.
pub(super) const FIRST_VERSION: u64 = 1;

/// Returns the item of a user, with the keys that list it among the organization's users.
pub(super) fn user_item(user: &User) -> Result<Item, Fault> {
    let mut item = item(&keys::user(&user.organization, &user.id), &UserRecord::new(user))?;
    let by_time = keys::by_time(user.created_at, &user.id);
    index(&mut item, &keys::LIST, keys::listed_users(&user.organization), by_time);
    Ok(item)
}

/// Returns the item of a user whom an apply makes: it names the apply, so that a removal finds its record.
pub(super) fn applied_user_item(user: &User, origin: UserOrigin) -> Result<Item, Fault> {
    let mut item = user_item(user)?;
    item.insert(CLONED_FROM.to_owned(), AttributeValue::S(origin.to_string()));
    Ok(item)
}

pub(super) fn index(item: &mut Item, index: &keys::IndexKeys, pk: String, sk: String) {
    item.insert(index.pk.to_owned(), AttributeValue::S(pk));
    item.insert(index.sk.to_owned(), AttributeValue::S(sk));
}

/// Returns the keys of an index that an item has; empty texts if the index does not list it.
pub(super) fn index_keys(item: &Item, index: &keys::IndexKeys) -> [String; 2] {
    [index.pk, index.sk].map(|name| key_attribute(item, name).to_owned())
}

/// One item of a setup, without its document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetupRecord<'a> {
    /// The version of the setup when the item was written.
    pub(super) setup_version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloned_from: Option<&'a str>,
}

/// Returns the item of one setup item.
pub(super) fn setup_item(
    key: &ItemKey,
    kind: crate::domain::ItemKind,
    document: &Document,
    record: &SetupRecord<'_>,
) -> Result<Item, Fault> {
    let mut item = typed_item(key, kind.as_str(), record)?;
    item.insert(DOCUMENT.to_owned(), document::write(document));
    Ok(item)
}

/// Returns the document of a setup item.
pub(super) fn read_document(mut item: Item, room: &mut TypeBudget) -> Result<Document, UnreadableDocument> {
    document::read(item.remove(DOCUMENT).unwrap_or(AttributeValue::Null(true)), room)
}

/// Splits a setup item into its document and the rest.
pub(super) fn take_document(mut item: Item, room: &mut TypeBudget) -> Result<(Document, Item), Fault> {
    let value = item.remove(DOCUMENT).unwrap_or(AttributeValue::Null(true));
    match document::read(value, room) {
        Ok(document) => Ok((document, item)),
        Err(UnreadableDocument { pointer, reason }) => {
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

/// Who owns an e-mail address, and the password hash. No other item of a user holds the hash, so a function that reads
/// organizations and users reads no hash.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimRecord {
    pub(super) organization_id: ObjectId,
    /// The user who owns the address. Absent while an apply or a removal reserves it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) user_id: Option<ObjectId>,
    /// The apply that reserves the address, or the user whose removal does. Absent while a user owns it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) reserved_by: Option<ObjectId>,
    /// The PHC string of the password. It is valid only together with `user_id`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) password_hash: Option<String>,
    /// The SHA-256 of the token of an open invitation, in hex digits. It is valid only together with `user_id`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) invitation_hash: Option<String>,
    /// Until when that invitation can be accepted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) invitation_expires_at: Option<Timestamp>,
    /// The counter of credentials for which it was made. An apply's invitation has none, as its user has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) invitation_credentials: Option<u64>,
    /// The administrator who made it. Absent in those of an operator's command and of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) invited_by: Option<ObjectId>,
    /// That administrator's organization, if it is another one than the user's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) invited_by_org_id: Option<ObjectId>,
}

impl Record for ClaimRecord {
    const TYPE: &'static str = "email";
}

impl ClaimRecord {
    /// Returns the claim of an existing user.
    pub(super) fn owned(user: &User, password_hash: Option<&str>) -> Self {
        Self {
            organization_id: user.organization,
            user_id: Some(user.id),
            reserved_by: None,
            password_hash: password_hash.map(str::to_owned),
            invitation_hash: None,
            invitation_expires_at: None,
            invitation_credentials: None,
            invited_by: None,
            invited_by_org_id: None,
        }
    }

    /// Returns the claim that reserves the address for an apply.
    pub(super) fn reserved(user: &User, apply: ObjectId, password_hash: Option<&str>) -> Self {
        Self { user_id: None, reserved_by: Some(apply), ..Self::owned(user, password_hash) }
    }
}

/// The attributes that say who holds a claim, without the hash.
pub(super) const CLAIM_HOLDER: [&str; 3] = [ORGANIZATION_ID, USER_ID, RESERVED_BY];
