//! The revisions of a snapshot, and what its last refresh came to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Counts, Schedule, ScheduleChange, Snapshot, Timestamp};

/// One revision of a snapshot, its content aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number; the first is 1.
    pub number: u32,
    /// How many items it holds.
    pub counts: Counts,
    /// When it was made.
    pub made_at: Timestamp,
    /// When a newer one took its place; `None` for the current one.
    pub replaced_at: Option<Timestamp>,
    /// The older revision that it brought back; `None` where it was captured.
    pub restored_from: Option<u32>,
}

/// How a revision came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RevisionOrigin {
    /// With the snapshot itself.
    Created,
    /// By a refresh that found a change.
    Refreshed,
    /// By bringing back an older one.
    Restored,
}

impl Revision {
    /// How it came about.
    pub fn origin(&self) -> RevisionOrigin {
        match (self.number, self.restored_from) {
            (_, Some(_)) => RevisionOrigin::Restored,
            (1, None) => RevisionOrigin::Created,
            _ => RevisionOrigin::Refreshed,
        }
    }
}

impl Snapshot {
    /// The current revision.
    pub fn current_revision(&self) -> Revision {
        Revision {
            number: self.revision,
            counts: self.counts,
            made_at: self.revised_at,
            replaced_at: None,
            restored_from: self.restored_from,
        }
    }
}

/// What a refresh came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshStatus {
    /// The source had changed: there is a new revision.
    Fresh,
    /// The source had not changed.
    Unchanged,
    /// The source user is gone. The snapshot keeps what it has.
    SourceMissing,
    /// The source was edited again and again while it was captured.
    SourceBusy,
    /// It failed; `refreshDetail` says why.
    Failed,
}

impl RefreshStatus {
    /// Whether the content is what the source had at that time.
    pub fn is_current(self) -> bool {
        matches!(self, Self::Fresh | Self::Unchanged)
    }
}

/// The state of a snapshot's refreshes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RefreshState {
    /// When the content was last found to be, or made to be, what the source has.
    pub last_refreshed_at: Option<Timestamp>,
    /// What the last refresh came to.
    pub status: Option<RefreshStatus>,
    /// In words, where there is something to say.
    pub detail: Option<String>,
    /// The revision that all this is about; `None` where no revision was made since the state is kept.
    pub revision: Option<u32>,
    /// The latest time of the schedule for which it was refreshed.
    pub served_slot: Option<Timestamp>,
    /// When it is refreshed automatically; `None` where it is not.
    pub schedule: Option<Schedule>,
}

impl RefreshState {
    /// The state once its schedule has changed so.
    #[must_use]
    pub fn rescheduled(self, change: &ScheduleChange) -> Self {
        let detail = if matches!(change, ScheduleChange::Set(_)) { None } else { self.detail };
        Self { schedule: change.applied_to(self.schedule), detail, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_tells_how_it_came_about() {
        let revision = |number, restored_from| Revision {
            number,
            counts: Counts::default(),
            made_at: Timestamp::from_millis(0),
            replaced_at: None,
            restored_from,
        };
        for (number, restored_from, origin) in [
            (1, None, RevisionOrigin::Created),
            (2, None, RevisionOrigin::Refreshed),
            (2, Some(1), RevisionOrigin::Restored),
        ] {
            assert_eq!(revision(number, restored_from).origin(), origin);
        }
    }
}
