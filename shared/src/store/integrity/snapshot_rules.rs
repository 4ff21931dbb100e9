//! Judges whether the relations among the items of a snapshot's group hold.

use std::collections::BTreeSet;

use super::defect::{Defect, RepairStep, ask, defect};
use super::relation::Relation;
use super::snapshot_group::{MainItem, RefreshFacts, SnapshotGroup, listing};
use crate::domain::Snapshot;
use crate::store::keys;
use crate::store::snapshots::visibility;

impl SnapshotGroup {
    /// Returns the broken relations.
    pub(super) fn judge(&self) -> Vec<Defect> {
        let key = self.main_key();
        match &self.main {
            MainItem::Missing if self.has_parts() => vec![defect(
                Relation::PartSnapshot,
                key,
                "the snapshot is missing, and parts of it are left",
                "delete the parts: nobody sees them",
                RepairStep::DeleteParts { is_dead: false },
            )],
            MainItem::Tombstone { is_to_be_swept, .. }
                if self.has_uncounted_chunks() || (!is_to_be_swept && self.has_parts()) =>
            {
                vec![defect(
                    Relation::TombstoneParts,
                    key,
                    "the snapshot was deleted, and parts of it are left",
                    "delete the parts",
                    RepairStep::DeleteParts { is_dead: true },
                )]
            }
            MainItem::Missing | MainItem::Tombstone { .. } => Vec::new(),
            MainItem::Unreadable(why) => {
                vec![ask(Relation::Readable, key, why.clone(), "mend the item in the system that wrote it")]
            }
            MainItem::Snapshot { snapshot, list, all } => {
                let mut defects = Vec::new();
                self.judge_content(snapshot, &mut defects);
                self.judge_revisions(snapshot, &mut defects);
                self.judge_chunks(snapshot, &mut defects);
                self.judge_sharing(snapshot, &mut defects);
                self.judge_refresh(snapshot, &mut defects);
                self.judge_lists(snapshot, list, all, &mut defects);
                defects
            }
        }
    }

    fn judge_content(&self, snapshot: &Snapshot, defects: &mut Vec<Defect>) {
        let lacks = self.lacks(snapshot.revision, snapshot.content.chunks);
        if lacks == 0 {
            return;
        }
        let whole = self.revisions.range(..snapshot.revision).rev();
        let whole =
            whole.map(|(number, count)| (*number, *count)).find(|(number, count)| self.lacks(*number, *count) == 0);
        let detail = format!("{lacks} chunks of revision {} are missing", snapshot.revision);
        let (remedy, action) = match whole {
            Some((number, _)) => {
                (format!("go back to revision {number}, the newest one that is whole"), RepairStep::RollBack(number))
            }
            None => ("delete the snapshot: no revision of it can be read".to_owned(), RepairStep::DeleteSnapshot),
        };
        defects.push(defect(Relation::ContentChunks, self.main_key(), detail, remedy, action));
    }

    fn judge_revisions(&self, snapshot: &Snapshot, defects: &mut Vec<Defect>) {
        let current = snapshot.revision;
        let key = |number| keys::revision(&self.id, number);
        for number in self.revisions.range(current..).map(|(number, _)| *number) {
            defects.push(defect(
                Relation::RevisionOrder,
                key(number),
                format!("the current revision is {current}"),
                if number == current { "delete it: it repeats the current one" } else { "delete it" },
                RepairStep::DeleteRevision { number, is_copy: number == current },
            ));
        }
        let shared = snapshot.shares.current.as_ref().map(|shared| shared.revision);
        let oldest = snapshot.shares.oldest_kept.or_else(|| self.revisions.keys().next().copied()).unwrap_or(current);
        // Below, chunks go before their revision.
        for (number, count) in self.revisions.range(..current) {
            let lacks = self.lacks(*number, *count);
            if lacks > 0 && (*number >= oldest || snapshot.keeps(*number)) {
                defects.push(defect(
                    Relation::RevisionChunks,
                    key(*number),
                    format!("{lacks} of its chunks are missing"),
                    "delete the revision: it cannot be read",
                    RepairStep::ForgetRevision(*number),
                ));
            }
        }
        if let Some(shared) = shared.filter(|shared| *shared != current && !self.revisions.contains_key(shared)) {
            defects.push(defect(
                Relation::SharedRevision,
                self.main_key(),
                format!("revision {shared}, which is shared, is missing"),
                "stop sharing it; a SUPERADMIN assigns the snapshot again",
                RepairStep::Unshare,
            ));
        }
        let is_missing = |number: &u32| !self.revisions.contains_key(number) && shared != Some(*number);
        let missing: Vec<u32> = (oldest..current).filter(is_missing).collect();
        if let (Some(first), Some(last)) = (missing.first(), missing.last()) {
            defects.push(defect(
                Relation::RevisionKept,
                self.main_key(),
                format!("{} revisions from {first} to {last} are missing", missing.len()),
                format!("keep the revisions from {} on; the next refreshes drop older ones", last + 1),
                RepairStep::KeepFrom(last + 1),
            ));
        }
    }

    fn judge_chunks(&self, snapshot: &Snapshot, defects: &mut Vec<Defect>) {
        let counted = self.counted_chunks();
        for (revision, numbers) in &self.chunks {
            let count = counted.get(revision).copied().unwrap_or(0);
            let strange: Vec<u32> = numbers.iter().copied().filter(|number| *number >= count).collect();
            let Some(first) = strange.first() else { continue };
            let what = match counted.contains_key(revision) {
                true => format!("revision {revision} counts {count} chunks"),
                false => format!("revision {revision} is missing; the current one is {}", snapshot.revision),
            };
            defects.push(defect(
                Relation::ChunkRevision,
                keys::chunk(&self.id, *revision, *first as usize),
                what,
                format!("delete {} chunks that nothing counts", strange.len()),
                RepairStep::DeleteChunks(*revision),
            ));
        }
    }

    fn judge_sharing(&self, snapshot: &Snapshot, defects: &mut Vec<Defect>) {
        if self.sharing.as_ref().is_some_and(|sharing| sharing.is_to_be_swept) {
            return;
        }
        let wanted: BTreeSet<String> = visibility::wanted(snapshot).into_iter().map(|(key, _)| key.sk).collect();
        let shared_at = snapshot.shares.current.as_ref().map(|shared| shared.at);
        let mut wrong = Vec::new();
        for sk in &wanted {
            match (self.rows.get(sk), shared_at) {
                (None, _) => wrong.push(format!("{sk} is missing")),
                (Some(row), Some(at)) if *row != Some(at.to_string()) => wrong.push(format!("{sk} is not up to date")),
                _ => {}
            }
        }
        wrong.extend(self.rows.keys().filter(|sk| !wanted.contains(*sk)).map(|sk| format!("{sk} is too much")));
        let is_named = shared_at.is_none_or(|at| {
            let of = self.sharing.as_ref().map(|sharing| sharing.of.rsplit('.').next().unwrap_or_default());
            of == Some(at.as_millis().to_string().as_str())
        });
        if !is_named && !wanted.is_empty() {
            wrong.push("SHARING is missing or not up to date".to_owned());
        }
        if wrong.is_empty() {
            return;
        }
        let detail = wrong.join(", ");
        defects.push(match shared_at.is_none() && !wanted.is_empty() {
            true => ask(Relation::SharingRows, self.main_key(), detail, "a SUPERADMIN assigns the snapshot again"),
            false => {
                let remedy = "write the rows as the snapshot says";
                defect(Relation::SharingRows, self.main_key(), detail, remedy, RepairStep::WriteRows)
            }
        });
    }

    fn judge_refresh(&self, snapshot: &Snapshot, defects: &mut Vec<Defect>) {
        let key = keys::refresh(&self.id);
        let described = self.refresh.as_ref().map(|refresh| refresh.revision);
        let wrong = match described {
            None => (snapshot.revision > 1).then(|| "the state of refreshes is missing".to_owned()),
            Some(Some(revision)) if revision != snapshot.revision => {
                Some(format!("it describes revision {revision}, and the current one is {}", snapshot.revision))
            }
            Some(_) => None,
        };
        if let Some(detail) = wrong {
            let remedy = "make it describe the current revision";
            defects.push(defect(
                Relation::RefreshRevision,
                key.clone(),
                detail,
                remedy,
                RepairStep::SetRefreshRevision,
            ));
        }
        let Some(RefreshFacts { due, all: [pk, sk], .. }) = &self.refresh else { return };
        let is_listed = match due {
            Some(due) => *pk == keys::refresh_shard(&self.id) && sk.starts_with(&keys::by_time(*due, &self.id)),
            None => pk.is_empty(),
        };
        if !is_listed {
            let detail = if due.is_some() { "no run of the schedule finds it" } else { "it is due without a schedule" };
            let remedy = "write the keys as the schedule says";
            defects.push(defect(Relation::ScheduleListed, key, detail, remedy, RepairStep::ListSchedule));
        }
    }

    fn judge_lists(&self, snapshot: &Snapshot, list: &[String; 2], all: &[String; 2], defects: &mut Vec<Defect>) {
        let [wanted_list, wanted_all] = listing(snapshot);
        let wrong: Vec<&str> = [("LIST", wanted_list == *list), ("ALL", wanted_all == *all)]
            .into_iter()
            .filter_map(|(name, is_right)| (!is_right).then_some(name))
            .collect();
        if !wrong.is_empty() {
            let detail = format!("its keys of {} are not those of the snapshot", wrong.join(" and "));
            let remedy = "write the keys as the snapshot says";
            defects.push(defect(Relation::SnapshotListed, self.main_key(), detail, remedy, RepairStep::ListSnapshot));
        }
    }
}
