//! Writes an apply that does not fit one transaction, in three steps. Admission reserves the e-mail address. Stages
//! write the items, one transaction after the other; they are not visible because their user does not exist yet. The
//! commit creates the user.
//!
//! Each stage and the commit are conditioned on the record's epoch. A run that was replaced or abandoned therefore
//! writes nothing more, whenever its requests arrive.

use std::time::Duration;

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::apply::{Apply, ApplyOutcome, CLAIM_INDEX, existing_record, read_claim_conflict};
use super::apply_record::{
    AbandonReason, Abandonment, ApplyState, StoredApply, abandon_change, commit_change, resume_change,
    staging_condition, staging_item,
};
use crate::domain::{Fault, Timestamp};
use crate::store::attributes::{LEASE_UNTIL, NONCE, RESERVED_BY, USER_ID};
use crate::store::keys::{self, ItemKey};
use crate::store::record::{self, ClaimRecord};
use crate::store::table::Table;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item, ItemReason};

/// How long no other run may resume an apply: a function ends after 29 s, and clocks differ a little.
const LEASE: Duration = Duration::from_secs(35);
/// The most time of an orderly stop. It starts when the request's time is over, within the function's reserve.
const STOP_TIME: Duration = Duration::from_secs(2);

/// One run of a staged apply.
pub(in crate::store) struct StagingRun<'a> {
    table: &'a Table,
    apply: &'a Apply<'a>,
    key: ItemKey,
    epoch: u64,
}

/// Why a run ends before the commit.
enum StagingFailure {
    /// Another run works on the apply, or it has ended. Contains its record.
    Superseded(Box<StoredApply>),
    /// A call failed. It may be written or not.
    Failed(Fault),
}

impl<'a> StagingRun<'a> {
    /// Starts an apply: reserves the address and fixes every id, time and hash, so that a later run writes the same
    /// bytes. Then stages and commits.
    pub(in crate::store) async fn begin(
        table: &'a Table,
        apply: &'a Apply<'a>,
        batches: Vec<Vec<Item>>,
    ) -> Result<ApplyOutcome, Fault> {
        let run = Self { table, apply, key: apply.key(), epoch: 1 };
        match table.transact(run.admission()?).await {
            Ok(()) => run.write_and_commit(batches).await,
            Err(CallFailure::Cancelled(reasons)) => match (existing_record(&reasons)?, reasons.get(CLAIM_INDEX)) {
                (Some(existing), _) if run.is_own(&existing) => run.write_and_commit(batches).await,
                (Some(existing), _) => Ok(ApplyOutcome::Existing(existing)),
                (None, Some(ItemReason::ConditionFailed(_))) => read_claim_conflict(table, apply).await,
                _ => Err(Fault::Corrupt(format!("an apply is refused for no reason: {reasons:?}"))),
            },
            Err(failure) => run.stop(failure.into()).await,
        }
    }

    /// Resumes an interrupted apply, unless another run has since it was read.
    pub(in crate::store) async fn resume(
        table: &'a Table,
        apply: &'a Apply<'a>,
        stored: &StoredApply,
        batches: Vec<Vec<Item>>,
    ) -> Result<ApplyOutcome, Fault> {
        let lease = apply.now.plus(LEASE);
        let Some((epoch, change)) = resume_change(stored, lease, apply.nonce) else {
            return Ok(ApplyOutcome::Existing(Box::new(stored.clone())));
        };
        let run = Self { table, apply, key: stored.key(), epoch };
        match table.change(&run.key, &change).await {
            Ok(()) => run.write_and_commit(batches).await,
            Err(CallFailure::ConditionFailed(Some(existing))) => match StoredApply::read(existing)? {
                existing if run.is_own(&existing) => run.write_and_commit(batches).await,
                existing => Ok(ApplyOutcome::Existing(Box::new(existing))),
            },
            Err(failure) => run.stop(failure.into()).await,
        }
    }

    async fn write_and_commit(&self, batches: Vec<Vec<Item>>) -> Result<ApplyOutcome, Fault> {
        let outcome = match self.stage(batches).await {
            Ok(()) => self.commit().await,
            halted => halted,
        };
        match outcome {
            Ok(()) => Ok(ApplyOutcome::Committed),
            Err(StagingFailure::Superseded(existing))
                if self.is_own(&existing) && existing.state() == ApplyState::Committed =>
            {
                Ok(ApplyOutcome::Committed)
            }
            Err(StagingFailure::Superseded(existing)) => Ok(ApplyOutcome::Existing(existing)),
            Err(StagingFailure::Failed(fault)) => self.stop(fault).await,
        }
    }

    /// Returns the puts of record and reservation, neither of which may exist.
    fn admission(&self) -> Result<Vec<TransactWriteItem>, Fault> {
        let Self { table, apply, .. } = self;
        let lease = apply.now.plus(LEASE);
        let mut record = apply.record(ApplyState::Staging);
        record.epoch = Some(self.epoch);
        record.nonce = Some(apply.nonce);
        record.lease_until = Some(lease);
        record.email = Some(apply.user.email.clone());
        let claim = ClaimRecord::reserved(apply.user, apply.origin.apply, apply.credentials.password_hash());
        Ok(vec![
            table.put_new_in_transaction(staging_item(&self.key, &apply.origin.apply, &record, lease)?)?,
            table.put_new_in_transaction(record::item(&keys::email(apply.user.email.key()), &claim)?)?,
        ])
    }

    /// Writes the items, which are not visible yet. Every run writes the same bytes.
    async fn stage(&self, batches: Vec<Vec<Item>>) -> Result<(), StagingFailure> {
        for batch in batches {
            let mut writes = vec![self.table.check_in_transaction(&self.key, &staging_condition(self.epoch))?];
            for item in batch {
                writes.push(self.table.put_in_transaction(item)?);
            }
            self.write(writes).await?;
        }
        Ok(())
    }

    /// Creates the user, which makes everything visible.
    async fn commit(&self) -> Result<(), StagingFailure> {
        let Apply { origin, user, .. } = self.apply;
        let committed = commit_change(staging_condition(self.epoch), self.apply.answer);
        let owned =
            Change::of_existing().when(RESERVED_BY, text(origin.apply)).set(USER_ID, text(user.id)).remove(RESERVED_BY);
        let owned = self.apply.credentials.set(owned, self.apply.user.organization);
        self.write(vec![
            self.table.change_in_transaction(&self.key, &committed)?,
            self.table.change_in_transaction(&keys::email(user.email.key()), &owned)?,
            self.table.put_new_in_transaction(record::applied_user_item(user, self.apply.user_origin())?)?,
        ])
        .await
    }

    /// Runs one transaction. The record is its first item.
    async fn write(&self, writes: Vec<TransactWriteItem>) -> Result<(), StagingFailure> {
        match self.table.transact(writes).await {
            Ok(()) => Ok(()),
            Err(CallFailure::Cancelled(reasons)) => match existing_record(&reasons)? {
                Some(existing) => Err(StagingFailure::Superseded(existing)),
                None => Err(StagingFailure::Failed(Fault::Corrupt(format!(
                    "an apply found an item of another one: {reasons:?}"
                )))),
            },
            Err(failure) => Err(StagingFailure::Failed(failure.into())),
        }
    }

    /// Stops in order. With a key, ends the lease, so that a retry can resume the apply. Without one nobody can, so
    /// abandons it. Reports success if the record says that the commit was written.
    async fn stop(&self, why: Fault) -> Result<ApplyOutcome, Fault> {
        let Apply { now, fingerprint, .. } = self.apply;
        let mine = staging_condition(self.epoch).when(NONCE, text(self.apply.nonce));
        let change = match fingerprint {
            Some(_) => mine.set(LEASE_UNTIL, text(now)),
            None => abandon_change(mine, self.epoch, &self.apply.place(), interrupted(*now)),
        };
        let table = self.table.given(STOP_TIME);
        if let Err(CallFailure::ConditionFailed(Some(existing))) = table.change(&self.key, &change).await {
            let existing = StoredApply::read(existing)?;
            if self.is_own(&existing) && existing.state() == ApplyState::Committed {
                return Ok(ApplyOutcome::Committed);
            }
        }
        // If the stop fails, the lease expires, and a sweep deletes what is left.
        match why {
            Fault::Unavailable(cause) => Ok(ApplyOutcome::Interrupted { cause }),
            corrupt => Err(corrupt),
        }
    }

    fn is_own(&self, existing: &StoredApply) -> bool {
        existing.record.nonce == Some(self.apply.nonce)
    }
}

/// Returns the abandonment of an apply whose run broke off.
pub(in crate::store) fn interrupted(now: Timestamp) -> Abandonment {
    Abandonment { because: AbandonReason::Interrupted, now }
}

/// Abandons an interrupted apply, unless a run resumed it since it was read; then returns `false`. A sweep deletes what
/// is left.
pub(in crate::store) async fn abandon(
    table: &Table,
    stored: &StoredApply,
    abandonment: Abandonment,
) -> Result<bool, Fault> {
    let (Some(epoch), Some(lease)) = (stored.record.epoch, stored.record.lease_until) else { return Ok(false) };
    let unchanged = staging_condition(epoch).when(LEASE_UNTIL, text(lease));
    let change = abandon_change(unchanged, epoch, &stored.place(), abandonment);
    match table.change(&stored.key(), &change).await {
        Ok(()) => Ok(true),
        Err(CallFailure::ConditionFailed(Some(existing))) => {
            // A retry after a lost answer finds its own write.
            let existing = StoredApply::read(existing)?;
            Ok(existing.state() == ApplyState::Aborting && existing.record.given_up_at == Some(abandonment.now))
        }
        Err(other) => Err(other.into()),
    }
}

impl From<Fault> for StagingFailure {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}
