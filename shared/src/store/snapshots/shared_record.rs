//! The sharing in a snapshot's own item.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use crate::domain::snapshot::{ContentAddress, EarlierSharing, SharedRevision, Shares};
use crate::domain::{Counts, Description, Email, Fault, FullName, ObjectId, Snapshot, SnapshotName, Timestamp};
use crate::store::attributes::{CHUNKS, FOLLOW, HASH, OLDEST_KEPT, SHARED, SHARED_BEFORE};
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::Item;

/// The map `shared`, without the location of its content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SharedRecord {
    revision: u32,
    revised_at: Timestamp,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    by: Option<ObjectId>,
    name: SnapshotName,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    description: Option<Description>,
    counts: Counts,
    source_org_name: String,
    source_user_email: Email,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    source_user_name: Option<FullName>,
}

/// The map `sharedBefore`.
#[derive(Debug, Serialize, Deserialize)]
struct EarlierRecord {
    revision: u32,
    at: Timestamp,
}

/// Removes the sharing from the item of a snapshot and returns it.
pub(in crate::store) fn take_shares(item: &mut Item) -> Result<Shares, Fault> {
    let current = item.remove(SHARED).map(read_shared).transpose()?;
    let earlier = match item.remove(SHARED_BEFORE) {
        Some(AttributeValue::M(fields)) => {
            let EarlierRecord { revision, at } = from_map(fields)?;
            Some(EarlierSharing { revision, at })
        }
        _ => None,
    };
    let follow = matches!(item.remove(FOLLOW), Some(AttributeValue::Bool(true)));
    let oldest_kept = match item.remove(OLDEST_KEPT) {
        Some(AttributeValue::N(number)) => Some(number.parse().map_err(|_| corrupt(&number))?),
        _ => None,
    };
    Ok(Shares { current, earlier, follow, oldest_kept })
}

fn read_shared(value: AttributeValue) -> Result<SharedRevision, Fault> {
    let AttributeValue::M(mut fields) = value else { return Err(corrupt(&"no map")) };
    let hash = match fields.remove(HASH) {
        Some(AttributeValue::B(bytes)) => bytes.into_inner().try_into().map_err(|_| corrupt(&"no hash"))?,
        other => return Err(corrupt(&format!("{other:?} is no hash"))),
    };
    let chunks = match fields.remove(CHUNKS) {
        Some(AttributeValue::N(count)) => Some(count.parse().map_err(|_| corrupt(&count))?),
        _ => None,
    };
    let record: SharedRecord = from_map(fields)?;
    Ok(SharedRevision {
        revision: record.revision,
        revised_at: record.revised_at,
        at: record.at,
        by: record.by,
        name: record.name,
        description: record.description,
        counts: record.counts,
        source_organization_name: record.source_org_name,
        source_user_email: record.source_user_email,
        source_user_name: record.source_user_name,
        content: ContentAddress { hash, chunks },
    })
}

fn from_map<T: serde::de::DeserializeOwned>(fields: Item) -> Result<T, Fault> {
    serde_dynamo::from_item(fields).map_err(|error| corrupt(&error))
}

fn corrupt(why: &dyn std::fmt::Display) -> Fault {
    Fault::Corrupt(format!("what a snapshot shares cannot be read: {why}"))
}

/// Returns the map `shared`.
fn shared_attribute(shared: &SharedRevision) -> Result<AttributeValue, Fault> {
    let record = SharedRecord {
        revision: shared.revision,
        revised_at: shared.revised_at,
        at: shared.at,
        by: shared.by,
        name: shared.name.clone(),
        description: shared.description.clone(),
        counts: shared.counts,
        source_org_name: shared.source_organization_name.clone(),
        source_user_email: shared.source_user_email.clone(),
        source_user_name: shared.source_user_name.clone(),
    };
    let mut fields: Item = serde_dynamo::to_item(&record).map_err(|error| corrupt(&error))?;
    fields.insert(HASH.to_owned(), AttributeValue::B(Blob::new(shared.content.hash)));
    fields.extend(shared.content.chunks.map(|count| (CHUNKS.to_owned(), number(count.into()))));
    Ok(AttributeValue::M(fields))
}

/// Adds the new sharing to a change.
pub(in crate::store) fn write_shares(change: Change, shares: &Shares) -> Result<Change, Fault> {
    let change = match &shares.current {
        Some(shared) => change.set(SHARED, shared_attribute(shared)?),
        None => change.remove(SHARED),
    };
    let change = match &shares.earlier {
        Some(EarlierSharing { revision, at }) => {
            let fields = [("revision".to_owned(), number((*revision).into())), ("at".to_owned(), text(at))];
            change.set(SHARED_BEFORE, AttributeValue::M(fields.into()))
        }
        None => change.remove(SHARED_BEFORE),
    };
    Ok(if shares.follow { change.set(FOLLOW, AttributeValue::Bool(true)) } else { change.remove(FOLLOW) })
}

/// Adds the sharing that other organizations had before sharings were stored, so that they keep seeing it whatever else
/// `change` does.
pub(in crate::store) fn keep_shared(change: Change, snapshot: &Snapshot) -> Result<Change, Fault> {
    match snapshot.shared().filter(|_| snapshot.shares.current.is_none()) {
        Some(shared) => Ok(change.set_where_absent(SHARED, shared_attribute(&shared)?)),
        None => Ok(change),
    }
}
