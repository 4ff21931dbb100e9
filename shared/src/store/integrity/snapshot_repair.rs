//! The repairs of a snapshot's group.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::defect::RepairStep;
use super::repair::TableRepair;
use super::snapshot_group::{SnapshotGroup, count, listing};
use crate::domain::snapshot::Shares;
use crate::domain::{Fault, ObjectId, Sharing, Snapshot};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::attributes::{
    CHUNKS, CONTENT, CONTENT_HASH, COUNTS, DELETED_AT, DUE_AT, OF, OLDEST_KEPT, RESTORED_FROM, REVISED_AT, REVISION,
    SOURCE_ORGANIZATION_NAME, SOURCE_USER_EMAIL, SOURCE_USER_NAME, TYPE, VERSION,
};
use crate::store::keys::{self, ALL, ItemKey, LIST, PK};
use crate::store::snapshots::edits::{EditOutcome, SnapshotEditor};
use crate::store::snapshots::visibility::{Visibility, sharing_mark};
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::held;

impl TableRepair<'_> {
    /// Takes one step. Returns `false` if the table changed since the group was read.
    pub(super) async fn act_on_snapshot(&self, group: &SnapshotGroup, action: &RepairStep) -> Result<bool, Fault> {
        let id = &group.id;
        if let RepairStep::DeleteParts { is_dead } = action {
            return self.delete_parts(group, *is_dead).await;
        }
        let Some(snapshot) = group.snapshot() else { return Ok(false) };
        match action {
            RepairStep::DeleteRevision { number, .. } => {
                self.beside(snapshot, vec![self.table.delete_in_transaction(&keys::revision(id, *number))?]).await
            }
            RepairStep::ForgetRevision(number) => {
                // Chunks first: a later step finds what is left by the revision's own item.
                self.delete_chunks(group, snapshot, *number, 0).await?;
                self.beside(snapshot, vec![self.table.delete_in_transaction(&keys::revision(id, *number))?]).await
            }
            RepairStep::DeleteChunks(revision) => {
                let counted = group.counted_chunks().get(revision).copied().unwrap_or(0);
                self.delete_chunks(group, snapshot, *revision, counted).await
            }
            RepairStep::RollBack(number) => self.roll_back(snapshot, *number).await,
            RepairStep::DeleteSnapshot => {
                let deleted = SnapshotEditor::new(self.table).delete(snapshot, ObjectId::NOBODY, self.now).await?;
                Ok(matches!(deleted, EditOutcome::Done(_)))
            }
            RepairStep::KeepFrom(revision) => {
                let kept = same_revision(snapshot).set(OLDEST_KEPT, count(*revision));
                held(self.table.change(&keys::snapshot(id), &kept).await)
            }
            RepairStep::Unshare => self.unshare(snapshot).await,
            RepairStep::WriteRows => self.write_rows(snapshot).await,
            RepairStep::SetRefreshRevision => {
                let state = match group.described_revision() {
                    Some(revision) => Change::of_existing().when(REVISION, count(revision)),
                    None => Change::default().when_absent(REVISION),
                };
                let state = state.set(TYPE, text("refresh")).set(REVISION, count(snapshot.revision));
                let state = self.table.change_in_transaction(&keys::refresh(id), &state)?;
                self.beside(snapshot, vec![state]).await
            }
            RepairStep::ListSnapshot => {
                let [[list_pk, list_sk], [all_pk, all_sk]] = listing(snapshot);
                let own = same_revision(snapshot).when(VERSION, number(snapshot.version)).list(&ALL, all_pk, all_sk);
                let own = if list_pk.is_empty() { own.unlist(&LIST) } else { own.list(&LIST, list_pk, list_sk) };
                held(self.table.change(&keys::snapshot(id), &own).await)
            }
            RepairStep::ListSchedule => {
                let state = match group.due() {
                    Some(due) => Change::of_existing().when(DUE_AT, text(due)).list(
                        &ALL,
                        keys::refresh_shard(id),
                        keys::due_by(due, id, Some(&snapshot.source.organization)),
                    ),
                    None => Change::of_existing().when_absent(DUE_AT).unlist(&ALL),
                };
                held(self.table.change(&keys::refresh(id), &state).await)
            }
            _ => Ok(false),
        }
    }

    /// Runs writes on the condition that the snapshot has the revision that was read.
    async fn beside(&self, snapshot: &Snapshot, writes: Vec<TransactWriteItem>) -> Result<bool, Fault> {
        for batch in writes.chunks(MAX_TRANSACTION_ITEMS - 1) {
            let main = self.table.check_in_transaction(&keys::snapshot(&snapshot.id), &same_revision(snapshot))?;
            if !held(self.table.transact([&[main], batch].concat()).await)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes the chunks of a revision from number `from` on.
    async fn delete_chunks(
        &self,
        group: &SnapshotGroup,
        snapshot: &Snapshot,
        revision: u32,
        from: u32,
    ) -> Result<bool, Fault> {
        let numbers = group.chunks.get(&revision).into_iter().flatten().filter(|number| **number >= from);
        let keys = numbers.map(|number| keys::chunk(&group.id, revision, *number as usize));
        let deletes: Result<Vec<_>, Fault> = keys.map(|key| self.table.delete_in_transaction(&key)).collect();
        self.beside(snapshot, deletes?).await
    }

    /// Deletes everything of a snapshot but its own item, which is a tombstone, or absent.
    async fn delete_parts(&self, group: &SnapshotGroup, is_dead: bool) -> Result<bool, Fault> {
        let chunks = group.chunks.iter().flat_map(|(revision, numbers)| {
            numbers.iter().map(|number| keys::chunk(&group.id, *revision, *number as usize))
        });
        let parts: Vec<ItemKey> = chunks.chain(group.part_keys()).collect();
        let main = match is_dead {
            true => Change::of_existing().when_present(DELETED_AT),
            false => Change::default().when_absent(PK),
        };
        for batch in parts.chunks(MAX_TRANSACTION_ITEMS - 1) {
            let mut writes = vec![self.table.check_in_transaction(&keys::snapshot(&group.id), &main)?];
            for key in batch {
                writes.push(self.table.delete_in_transaction(key)?);
            }
            if !held(self.table.transact(writes).await)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes an older revision the current one.
    async fn roll_back(&self, snapshot: &Snapshot, to: u32) -> Result<bool, Fault> {
        let key = keys::revision(&snapshot.id, to);
        let Some(mut old) = self.table.get(&key, None).await? else { return Ok(false) };
        let main = same_revision(snapshot)
            .when(VERSION, number(snapshot.version))
            .set(VERSION, number(snapshot.version + 1))
            .set(REVISION, count(to));
        let moved = [
            CONTENT,
            CHUNKS,
            CONTENT_HASH,
            COUNTS,
            REVISED_AT,
            RESTORED_FROM,
            SOURCE_ORGANIZATION_NAME,
            SOURCE_USER_EMAIL,
            SOURCE_USER_NAME,
        ];
        // Names are absent in revisions that were replaced before names were stored. The snapshot keeps its own then.
        let has_names = old.contains_key(SOURCE_ORGANIZATION_NAME);
        let is_name = |name: &str| [SOURCE_ORGANIZATION_NAME, SOURCE_USER_EMAIL, SOURCE_USER_NAME].contains(&name);
        let main = moved.into_iter().filter(|name| has_names || !is_name(name)).fold(main, |main, name| {
            match old.remove(name) {
                Some(value) => main.set(name, value),
                None => main.remove(name),
            }
        });
        let writes = vec![
            self.table.change_in_transaction(&keys::snapshot(&snapshot.id), &main)?,
            self.table.delete_when_in_transaction(&key, &Change::of_existing())?,
        ];
        held(self.table.transact(writes).await)
    }

    /// Takes the snapshot from every organization other than its source.
    async fn unshare(&self, snapshot: &Snapshot) -> Result<bool, Fault> {
        let source = snapshot.source.organization;
        let assigned = if snapshot.is_seen_by_its_source() { vec![source] } else { Vec::new() };
        let shares = Shares { oldest_kept: snapshot.shares.oldest_kept, ..Shares::default() };
        let sharing = Sharing { assigned, is_global: false };
        let edited = SnapshotEditor::new(self.table).share(snapshot, sharing, shares, self.now).await?;
        Ok(matches!(edited, EditOutcome::Done(_)))
    }

    /// Writes the rows as a sweep does, after the item that names their sharing.
    async fn write_rows(&self, snapshot: &Snapshot) -> Result<bool, Fault> {
        let id = &snapshot.id;
        let of = sharing_mark(snapshot);
        let marker = Change::default().set(TYPE, text("sharing")).set(OF, of.clone()).list(
            &ALL,
            keys::sweep_shard(id),
            keys::by_time(self.now, id),
        );
        let same = same_revision(snapshot).when(VERSION, number(snapshot.version));
        let writes = vec![
            self.table.check_in_transaction(&keys::snapshot(id), &same)?,
            self.table.change_in_transaction(&keys::sharing(id), &marker)?,
        ];
        if !held(self.table.transact(writes).await)? {
            return Ok(false);
        }
        Visibility::new(self.table).settle(snapshot, of).await
    }
}

/// Returns the condition that the snapshot has the revision that was read, and is not deleted.
fn same_revision(snapshot: &Snapshot) -> Change {
    Change::of_existing().when_absent(DELETED_AT).when(REVISION, count(snapshot.revision))
}
