//! Snapshots.

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys;
use super::outcome::CallFailure;
use super::packing::{self, Packed};
use super::record::{self, CONTENT, SNAPSHOT_ATTRIBUTES, SnapshotRecord, is_tombstone};
use super::table::Table;
use crate::domain::content::Content;
use crate::domain::rights::{Action, Verdict};
use crate::domain::{Fault, ObjectId, Principal, Snapshot};

/// Writes new snapshots.
pub struct SnapshotCreator<'a>(&'a Table);

impl<'a> SnapshotCreator<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Writes a snapshot whose id was just made, with its content. One conditional put.
    pub async fn create(&self, snapshot: &Snapshot, packed: &Packed) -> Result<(), Fault> {
        let item = record::snapshot_item(snapshot, packed)?;
        match self.0.put_new(item.clone()).await {
            Ok(()) => Ok(()),
            // The SDK repeated a put whose answer was lost, and met its own item.
            Err(CallFailure::ConditionFailed(Some(met))) if met == item => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

/// Reads snapshots, for somebody.
pub struct SnapshotReader<'a>(&'a Table);

/// A snapshot and its content, which is unpacked only when somebody asks.
pub struct SnapshotWithContent {
    /// Everything but the content.
    pub snapshot: Snapshot,
    packed: Vec<u8>,
}

impl<'a> SnapshotReader<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The one way to a snapshot's content: gives it only where `principal` may do `action` to it. `None` tells nothing of
    /// whether it exists. One read.
    pub async fn load(
        &self,
        id: ObjectId,
        principal: &Principal,
        action: Action,
    ) -> Result<Option<SnapshotWithContent>, Fault> {
        let Some(mut item) = self.0.get(&keys::snapshot(&id), None).await?.filter(|item| !is_tombstone(item)) else {
            return Ok(None);
        };
        let packed = match item.remove(CONTENT) {
            Some(AttributeValue::B(bytes)) => bytes.into_inner(),
            other => return Err(Fault::Corrupt(format!("snapshot {id} has no content but {other:?}"))),
        };
        let snapshot = record::read::<SnapshotRecord>(item)?.into_snapshot(id);
        Ok(principal.may(action, snapshot.access()).then_some(SnapshotWithContent { snapshot, packed }))
    }

    /// The snapshot without its content, for a change of its own fields. One read.
    pub async fn find(&self, id: ObjectId, principal: &Principal, action: Action) -> Result<Found, Fault> {
        let item = self.0.get(&keys::snapshot(&id), Some(&SNAPSHOT_ATTRIBUTES)).await?;
        let Some(item) = item.filter(|item| !is_tombstone(item)) else { return Ok(Found::Missing) };
        let snapshot = record::read::<SnapshotRecord>(item)?.into_snapshot(id);
        Ok(match principal.judge(action, snapshot.access()) {
            Verdict::Allowed => Found::Allowed(Box::new(snapshot)),
            Verdict::Forbidden => Found::Forbidden,
            Verdict::Invisible => Found::Missing,
        })
    }
}

/// What becomes of the wish to do something to a snapshot.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// The snapshot, its content aside: the principal may do it.
    Allowed(Box<Snapshot>),
    /// The principal sees the snapshot, but may not do this to it.
    Forbidden,
    /// There is no such snapshot, or the principal does not see it: nobody is told which.
    Missing,
}

impl SnapshotWithContent {
    /// Unpacks the content.
    pub fn content(&self) -> Result<Content, Fault> {
        packing::unpack(&self.packed)
    }
}
