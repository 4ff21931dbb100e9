//! An apply that does not fit one transaction. It is admitted, which reserves the e-mail address; staged, one transaction
//! after the other, as items that nobody sees because their user is not there yet; and committed, which makes the user.
//!
//! Each stage and the commit are conditioned on the record's epoch, so a run that was taken over or given up writes nothing
//! any more, whenever its requests land.

use std::time::Duration;

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::apply_record::{
    ApplyState, LEASE_UNTIL, NONCE, StoredApply, commit, give_up, staging_item, take_over, while_staging,
};
use super::{Applied, Apply, CLAIM_INDEX, meet_claim, meet_record};
use crate::domain::{Fault, Timestamp};
use crate::store::keys::{self, Key};
use crate::store::record::{self, ClaimRecord, PASSWORD_HASH, RESERVED_BY, USER_ID};
use crate::store::table::Table;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item, Reason};
use crate::store::table::size::stored_bytes;
use crate::store::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS};

/// How long nobody else may carry an apply on: a function ends after 29 s, and clocks differ a little.
const LEASE: Duration = Duration::from_secs(35);
/// The most bytes in one stage: DynamoDB takes 4 MB, and the check of the record comes on top.
const MAX_STAGE_BYTES: usize = MAX_TRANSACTION_BYTES - 500_000;
/// How long an orderly stop may take. It begins when the request's time is over, within what the function keeps in reserve.
const STOP_TIME: Duration = Duration::from_secs(2);

/// One run of one apply.
pub(in crate::store) struct Run<'a> {
    table: &'a Table,
    apply: &'a Apply<'a>,
    key: Key,
    epoch: u64,
}

/// Why a run does not go on.
enum Halted {
    /// Another run has the apply, or it has ended: this is its record.
    Met(Box<StoredApply>),
    /// A call failed, and it is not known whether it landed.
    Failed(Fault),
}

impl<'a> Run<'a> {
    /// The first run of an apply: reserves the address and fixes every id, time and hash, so that whoever carries the apply
    /// on writes the same bytes. Then stages and commits.
    pub(in crate::store) async fn begin(
        table: &'a Table,
        apply: &'a Apply<'a>,
        items: Vec<Item>,
    ) -> Result<Applied, Fault> {
        let run = Self { table, apply, key: apply.key(), epoch: 1 };
        match table.transact(run.admission()?).await {
            Ok(()) => run.go_on(items).await,
            Err(CallFailure::Cancelled(reasons)) => match (meet_record(&reasons)?, reasons.get(CLAIM_INDEX)) {
                (Some(met), _) if run.is_mine(&met) => run.go_on(items).await,
                (Some(met), _) => Ok(Applied::Met(met)),
                (None, Some(Reason::ConditionFailed(_))) => meet_claim(table, apply).await,
                _ => Err(Fault::Corrupt(format!("an apply is refused for no reason: {reasons:?}"))),
            },
            Err(failure) => run.stop(failure.into()).await,
        }
    }

    /// Carries an interrupted apply on, where nobody else has since it was read.
    pub(in crate::store) async fn take_over(
        table: &'a Table,
        apply: &'a Apply<'a>,
        stored: &StoredApply,
        items: Vec<Item>,
    ) -> Result<Applied, Fault> {
        let lease = apply.now.plus(LEASE);
        let Some((epoch, change)) = take_over(stored, lease, apply.nonce) else {
            return Ok(Applied::Met(Box::new(stored.clone())));
        };
        let run = Self { table, apply, key: stored.key(), epoch };
        match table.change(&run.key, &change).await {
            Ok(()) => run.go_on(items).await,
            Err(CallFailure::ConditionFailed(Some(met))) => match StoredApply::read(met)? {
                met if run.is_mine(&met) => run.go_on(items).await,
                met => Ok(Applied::Met(Box::new(met))),
            },
            Err(failure) => run.stop(failure.into()).await,
        }
    }

    async fn go_on(&self, items: Vec<Item>) -> Result<Applied, Fault> {
        let outcome = match self.stage(items).await {
            Ok(()) => self.commit().await,
            halted => halted,
        };
        match outcome {
            Ok(()) => Ok(Applied::Committed),
            Err(Halted::Met(met)) if self.is_mine(&met) && met.state() == ApplyState::Committed => {
                Ok(Applied::Committed)
            }
            Err(Halted::Met(met)) => Ok(Applied::Met(met)),
            Err(Halted::Failed(fault)) => self.stop(fault).await,
        }
    }

    /// The record and the reservation, neither of which may exist.
    fn admission(&self) -> Result<Vec<TransactWriteItem>, Fault> {
        let Self { table, apply, .. } = self;
        let lease = apply.now.plus(LEASE);
        let mut record = apply.record(ApplyState::Staging);
        record.epoch = Some(self.epoch);
        record.nonce = Some(apply.nonce);
        record.lease_until = Some(lease);
        record.email = Some(apply.user.email.clone());
        let claim = ClaimRecord::reserved(apply.user, apply.origin.apply, apply.password_hash);
        Ok(vec![
            table.put_new_in_transaction(staging_item(&self.key, &apply.origin.apply, &record, lease)?)?,
            table.put_new_in_transaction(record::item(&keys::email(apply.user.email.key()), &claim)?)?,
        ])
    }

    /// Writes the items that nobody sees yet. They are the same bytes in every run.
    async fn stage(&self, items: Vec<Item>) -> Result<(), Halted> {
        for batch in batches(items) {
            let mut writes = vec![self.table.check_in_transaction(&self.key, &while_staging(self.epoch))?];
            for item in batch {
                writes.push(self.table.put_in_transaction(item)?);
            }
            self.write(writes).await?;
        }
        Ok(())
    }

    /// Makes the user. From here on everybody sees everything.
    async fn commit(&self) -> Result<(), Halted> {
        let Apply { origin, user, .. } = self.apply;
        let committed = commit(while_staging(self.epoch), self.apply.answer)?;
        let owned = Change::of_existing()
            .when(RESERVED_BY, text(origin.apply))
            .set(USER_ID, text(user.id))
            // The claim has it already, unless an earlier version of this service admitted the apply.
            .set(PASSWORD_HASH, text(self.apply.password_hash))
            .remove(RESERVED_BY);
        self.write(vec![
            self.table.change_in_transaction(&self.key, &committed)?,
            self.table.change_in_transaction(&keys::email(user.email.key()), &owned)?,
            self.table.put_new_in_transaction(record::user_item(user)?)?,
        ])
        .await
    }

    /// One transaction, the record first.
    async fn write(&self, writes: Vec<TransactWriteItem>) -> Result<(), Halted> {
        match self.table.transact(writes).await {
            Ok(()) => Ok(()),
            Err(CallFailure::Cancelled(reasons)) => match meet_record(&reasons)? {
                Some(met) => Err(Halted::Met(met)),
                None => Err(Halted::Failed(Fault::Corrupt(format!("an apply met what is not its own: {reasons:?}")))),
            },
            Err(failure) => Err(Halted::Failed(failure.into())),
        }
    }

    /// The orderly stop: under a key the lease ends at once, so that a retry may carry on; without one nobody can, so the
    /// apply is given up. Where the record says that the commit has landed, it has.
    async fn stop(&self, why: Fault) -> Result<Applied, Fault> {
        let Apply { origin, now, fingerprint, .. } = self.apply;
        let mine = while_staging(self.epoch).when(NONCE, text(self.apply.nonce));
        let change = match fingerprint {
            Some(_) => mine.set(LEASE_UNTIL, text(now)),
            None => give_up(mine, self.epoch, &origin.apply, *now),
        };
        let table = self.table.given(STOP_TIME);
        if let Err(CallFailure::ConditionFailed(Some(met))) = table.change(&self.key, &change).await {
            let met = StoredApply::read(met)?;
            if self.is_mine(&met) && met.state() == ApplyState::Committed {
                return Ok(Applied::Committed);
            }
        }
        // Where the stop itself failed, the lease runs out by itself, and a sweep clears away what is left.
        match why {
            Fault::Unavailable(cause) => Ok(Applied::Interrupted { cause }),
            corrupt => Err(corrupt),
        }
    }

    fn is_mine(&self, met: &StoredApply) -> bool {
        met.record.nonce == Some(self.apply.nonce)
    }
}

/// Gives an interrupted apply up, where nobody has carried it on since it was read; a sweep clears away what is left.
/// `false` where somebody has.
pub(in crate::store) async fn abandon(table: &Table, stored: &StoredApply, now: Timestamp) -> Result<bool, Fault> {
    let (Some(epoch), Some(lease)) = (stored.record.epoch, stored.record.lease_until) else { return Ok(false) };
    let unchanged = while_staging(epoch).when(LEASE_UNTIL, text(lease));
    let change = give_up(unchanged, epoch, &stored.origin.apply, now);
    match table.change(&stored.key(), &change).await {
        Ok(()) => Ok(true),
        Err(CallFailure::ConditionFailed(Some(met))) => {
            // A repeated try meets its own work.
            let met = StoredApply::read(met)?;
            Ok(met.state() == ApplyState::Aborting && met.record.given_up_at == Some(now))
        }
        Err(other) => Err(other.into()),
    }
}

/// The items in their order, in runs that fit one transaction beside the check.
pub(in crate::store) fn batches(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut batches: Vec<Vec<Item>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let size = stored_bytes(&item);
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_TRANSACTION_ITEMS - 1 && bytes + size <= MAX_STAGE_BYTES => {
                bytes += size;
                batch.push(item);
            }
            _ => {
                bytes = size;
                batches.push(vec![item]);
            }
        }
    }
    batches
}

impl From<Fault> for Halted {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn lengths(count: usize, bytes: usize) -> Vec<usize> {
        let item = Item::from([("a".to_owned(), AttributeValue::S("x".repeat(bytes - 1)))]);
        batches(vec![item; count]).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_stage_has_at_most_99_items() {
        assert_eq!(lengths(0, 10), [0; 0]);
        assert_eq!(lengths(98, 10), [98]);
        assert_eq!(lengths(99, 10), [99]);
        assert_eq!(lengths(100, 10), [99, 1]);
        assert_eq!(lengths(250, 10), [99, 99, 52]);
    }

    #[test]
    fn a_stage_has_at_most_3_5_mb() {
        assert_eq!(lengths(10, 350_000), [10]);
        assert_eq!(lengths(10, 350_001), [9, 1]);
        assert_eq!(lengths(11, 350_000), [10, 1]);
    }
}
