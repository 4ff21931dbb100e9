//! What every change of a snapshot shares: it holds for the snapshot as it was read, and starts over if another change came first.

use std::time::Duration;

use shared::domain::rights::Action;
use shared::domain::{ObjectId, Snapshot};
use shared::http::{Actor, ApiError, IfMatch};
use shared::store::{EditOutcome, SnapshotAccess, SnapshotReader};

use crate::Call;

/// How often a change starts over because another one came first.
const ATTEMPTS: u32 = 6;

/// Returns the snapshot that the caller may access. Fails with 404 or 403 otherwise.
pub(crate) fn allowed<T>(action: Action, access: SnapshotAccess<T>) -> Result<Box<T>, ApiError> {
    match access {
        SnapshotAccess::Allowed(snapshot) => Ok(snapshot),
        SnapshotAccess::Missing => Err(ApiError::SnapshotNotFound),
        SnapshotAccess::Forbidden => Err(ApiError::Forbidden(action.refusal().to_owned())),
    }
}

/// A request to change a snapshot: its caller, whose role allows the action, its path and its `If-Match`.
pub(crate) struct ChangeRequest<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) caller: Actor,
    pub(crate) id: ObjectId,
    action: Action,
    if_match: IfMatch,
}

/// What a request changes of a snapshot.
pub(crate) trait SnapshotChange {
    /// Fails with 412 unless `If-Match` allows this snapshot. A change that does not depend on the content compares versions
    /// alone.
    fn check(&self, if_match: &IfMatch, snapshot: &Snapshot) -> Result<(), ApiError> {
        if_match.check_version(snapshot.version)
    }

    /// Writes the change, on the condition that the snapshot is as it was read.
    async fn write(&mut self, request: &ChangeRequest<'_>, snapshot: &Snapshot) -> Result<EditOutcome, ApiError>;
}

impl<'a> ChangeRequest<'a> {
    /// Reads token, path and `If-Match`. Reads nothing from the table.
    pub(crate) fn begin(call: &'a Call<'a>, action: Action) -> Result<Self, ApiError> {
        let caller = call.begin()?;
        let id = call.context.path_id("id")?;
        call.no_parameters()?;
        Ok(Self { call, caller, action, id, if_match: IfMatch::of(call.request)? })
    }

    /// Returns the snapshot. Fails unless the stored caller matches the token and may change the snapshot.
    pub(crate) async fn read(&self) -> Result<Box<Snapshot>, ApiError> {
        let (confirmed, found) = tokio::join!(self.call.confirm(&self.caller), self.find());
        confirmed?;
        found
    }

    async fn find(&self) -> Result<Box<Snapshot>, ApiError> {
        let reader = SnapshotReader::new(self.call.table);
        allowed(self.action, reader.find(self.id, &self.caller.principal(), self.action).await?)
    }

    /// Writes `change` and returns the snapshot after it. If another change came first, writes it to what that one left,
    /// unless `If-Match` names a version.
    pub(crate) async fn execute(
        &self,
        mut snapshot: Box<Snapshot>,
        change: &mut impl SnapshotChange,
    ) -> Result<Box<Snapshot>, ApiError> {
        for _ in 0..ATTEMPTS {
            change.check(&self.if_match, &snapshot)?;
            match change.write(self, &snapshot).await? {
                EditOutcome::Done(changed) => return Ok(changed),
                EditOutcome::Conflict => snapshot = self.find().await?,
            }
        }
        Err(ApiError::InProgress { retry_after: Duration::from_secs(1) })
    }
}
