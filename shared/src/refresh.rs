//! Refreshes a snapshot: captures its source again, as a new revision if something changed. A user requests it over
//! HTTP, or the snapshot's schedule does.
//!
//! The snapshot is read before its source, and the new revision is conditioned on the revision that was read. So an
//! earlier capture never replaces a later one.

use std::collections::HashSet;

use serde_json::Map;

use crate::compute::{ComputeError, Deadline};
use crate::domain::capture::{CaptureFailure, SourceSetup, capture};
use crate::domain::content::KnownAgent;
use crate::domain::rights::{Action, HasStanding, UserStanding};
use crate::domain::sharing;
use crate::domain::{
    Agent, Counts, Fault, LeftOut, LeftOutKind, ObjectId, Organization, Principal, RefreshState, RefreshStatus,
    Schedule, Snapshot, Source, Timestamp, Work,
};
use crate::store::{
    Callers, CanonicalContent, CaptureOutcome, Captures, NextRevision, PackedContent, RefreshEntry, Refreshes,
    ReplaceOutcome, RevisionOptions, SnapshotAccess, SnapshotReader, SourceUser, StoredContent, StoredSnapshot, Table,
};

/// How often a refresh starts over because another revision was made.
const ATTEMPTS: u32 = 4;

/// The default number of revisions that are kept, the current one included.
pub const REVISIONS_KEPT: u32 = 30;

const SOURCE_GONE: &str = "the source user was deleted; the snapshot keeps its content";
const SOURCE_UNREADABLE: &str = "the source user's profile cannot be read: it needs email, a text, and setupVersion, a number; the snapshot keeps its content";
const CREATOR_GONE: &str =
    "the schedule was switched off because the user who created the snapshot may no longer refresh it";

/// The message for a setup whose capture did not finish in ample time.
pub const TAKES_TOO_LONG: &str =
    "the setup takes longer to capture than a request has time; remove items from it, or make them smaller";

/// What started a refresh.
#[derive(Debug, Clone, Copy)]
pub enum RefreshTrigger<'a> {
    /// A request of this caller.
    Caller(&'a Principal),
    /// The snapshot's schedule, on behalf of the snapshot's creator.
    Schedule {
        /// The time at which it was due. Each time is served once.
        slot: Timestamp,
    },
}

/// One refresh of one snapshot.
pub struct Refresh<'a> {
    /// The table.
    pub table: &'a Table,
    /// The snapshot.
    pub snapshot: ObjectId,
    /// What started it.
    pub trigger: RefreshTrigger<'a>,
    /// The time of the refresh.
    pub now: Timestamp,
    /// The number of revisions that are kept, the current one included.
    pub revisions_kept: u32,
    /// The deadline of the capture.
    pub deadline: Deadline,
}

/// A snapshot to refresh, with the state of its refreshes.
#[derive(Debug, PartialEq)]
pub struct RefreshInputs {
    stored: StoredSnapshot,
    state: Option<RefreshState>,
}

impl RefreshInputs {
    /// Returns the snapshot's schedule; `None` if it has none.
    pub fn schedule(&self) -> Option<&Schedule> {
        self.state.as_ref()?.schedule.as_ref()
    }
}

/// The outcome of a refresh.
#[derive(Debug, PartialEq)]
pub enum RefreshOutcome {
    /// The refresh is done. `state.status` tells whether there is a new revision, nothing changed, or the source is
    /// gone.
    Done {
        /// The snapshot as it is now.
        snapshot: Box<Snapshot>,
        /// The state of its refreshes now.
        state: RefreshState,
    },
    /// The source was edited during each try. A time of the schedule is not served by that.
    SourceBusy,
    /// The source is larger than a snapshot can be; the text has the figures.
    TooLarge(String),
    /// Other revisions were made during each try. A time of the schedule is not served by that.
    Contended,
    /// The caller sees the snapshot, but may not refresh it.
    Forbidden,
    /// The snapshot does not exist, or the caller does not see it.
    Missing,
    /// Nothing is due: the schedule was ended, or this time was served before.
    NotDue,
}

/// The outcome of one try. `None` if another revision was made since.
type RefreshResult = Result<Option<RefreshOutcome>, Fault>;

impl Refresh<'_> {
    /// Reads the snapshot and the state of its refreshes concurrently. The caller is confirmed at the same time.
    pub async fn load(&self) -> Result<SnapshotAccess<RefreshInputs>, Fault> {
        let (reader, refreshes) = (SnapshotReader::new(self.table), Refreshes::new(self.table));
        let snapshot = async {
            match self.trigger {
                RefreshTrigger::Caller(principal) => reader.find_stored(self.snapshot, principal, Action::Revise).await,
                RefreshTrigger::Schedule { .. } => Ok(match reader.find_for_schedule(self.snapshot).await? {
                    Some(stored) => SnapshotAccess::Allowed(Box::new(stored)),
                    None => SnapshotAccess::Missing,
                }),
            }
        };
        let (found, state) = tokio::join!(snapshot, refreshes.state(self.snapshot));
        Ok(match found? {
            SnapshotAccess::Allowed(stored) => {
                SnapshotAccess::Allowed(Box::new(RefreshInputs { stored: *stored, state: state? }))
            }
            SnapshotAccess::Forbidden => SnapshotAccess::Forbidden,
            SnapshotAccess::Missing => SnapshotAccess::Missing,
        })
    }

    /// Refreshes the loaded snapshot.
    pub async fn run(&self, mut found: SnapshotAccess<RefreshInputs>) -> Result<RefreshOutcome, Fault> {
        for _ in 0..ATTEMPTS {
            let RefreshInputs { stored, state } = match found {
                SnapshotAccess::Allowed(loaded) => *loaded,
                SnapshotAccess::Forbidden => return Ok(RefreshOutcome::Forbidden),
                SnapshotAccess::Missing => return self.missing().await,
            };
            if let RefreshTrigger::Schedule { slot } = self.trigger
                && !self.is_due(&stored, state.as_ref(), slot).await?
            {
                return Ok(RefreshOutcome::NotDue);
            }
            match self.capture(stored, state).await? {
                Some(refreshed) => return Ok(refreshed),
                None => found = self.load().await?,
            }
        }
        Ok(RefreshOutcome::Contended)
    }

    /// Ends the schedule of a deleted snapshot.
    async fn missing(&self) -> Result<RefreshOutcome, Fault> {
        if let RefreshTrigger::Schedule { .. } = self.trigger {
            Refreshes::new(self.table).end_schedule(self.snapshot, None).await?;
        }
        Ok(RefreshOutcome::Missing)
    }

    /// Returns whether the schedule exists, has not served this time, and the snapshot's creator may still refresh it.
    /// Otherwise ends the schedule of a creator who may not.
    async fn is_due(
        &self,
        stored: &StoredSnapshot,
        state: Option<&RefreshState>,
        slot: Timestamp,
    ) -> Result<bool, Fault> {
        let Some((state, schedule)) = state.and_then(|state| Some((state, state.schedule.as_ref()?))) else {
            return Ok(false);
        };
        if state.served_slot.is_some_and(|served| served >= slot) {
            return Ok(false);
        }
        let creator = &stored.snapshot.creator;
        let standing = Callers::new(self.table).load(creator.organization, creator.id).await?;
        if standing.is_some_and(|user| may_refresh(creator.id, user.standing(), &stored.snapshot)) {
            return Ok(true);
        }
        let entry = self.entry(stored, RefreshStatus::Failed, Some(CREATOR_GONE.to_owned()));
        Refreshes::new(self.table).end_schedule(self.snapshot, Some((&entry, schedule.due_at))).await?;
        Ok(false)
    }

    /// Captures the source and writes the result. Returns `None` if another revision was made since.
    async fn capture(&self, stored: StoredSnapshot, state: Option<RefreshState>) -> RefreshResult {
        let source = &stored.snapshot.source;
        let captures = Captures::new(self.table);
        let taken = match captures.read(&source.organization, &source.user, &self.deadline).await? {
            CaptureOutcome::Taken(taken) => *taken,
            CaptureOutcome::NoSuchUser | CaptureOutcome::NoSuchOrganization => {
                return self.conclude(stored, state, RefreshStatus::SourceMissing, Some(SOURCE_GONE.to_owned())).await;
            }
            CaptureOutcome::Busy => {
                self.conclude(stored, state, RefreshStatus::SourceBusy, None).await?;
                return Ok(Some(RefreshOutcome::SourceBusy));
            }
            CaptureOutcome::TooLarge(why) => return self.too_large(stored, state, why).await,
            CaptureOutcome::Unreadable => {
                return self.conclude(stored, state, RefreshStatus::Failed, Some(SOURCE_UNREADABLE.to_owned())).await;
            }
            CaptureOutcome::Unfinished(why) => return self.unfinished(stored, state, why).await,
        };
        let SourceUser { setup, email, full_name, organization, .. } = taken;
        let organization = self.with_known_agents(&stored, organization).await?;
        let hash = stored.hash;
        let capturing =
            self.deadline.compute(move |work| (ContentComparison::of(setup, &organization, &hash, work), organization));
        let (made, organization) = match capturing.await {
            Ok(captured) => captured,
            Err(why) => return self.unfinished(stored, state, why).await,
        };
        let made = match made {
            Ok(made) => made,
            Err(CaptureFailure::TooLarge(why)) => return self.too_large(stored, state, why).await,
            Err(CaptureFailure::OverBudget(over)) => return Err(Fault::Unavailable(over.to_string())),
        };
        let ContentComparison::New { packed, counts, left_out } = made else {
            return self.conclude(stored, state, RefreshStatus::Unchanged, None).await;
        };
        if let Some(why) = self.would_lose(&stored, left_out).await? {
            return self.conclude(stored, state, RefreshStatus::Failed, Some(why)).await;
        }
        let packed = packed?;
        if let Some(why) = packed.excess() {
            return self.too_large(stored, state, why).await;
        }
        let source = Source {
            organization_name: organization.name,
            user_email: email,
            user_name: full_name,
            ..stored.snapshot.source.clone()
        };
        let next = NextRevision { packed: &packed, counts, source };
        let unfollowed = unfollowed(self.table, &stored, &self.deadline, packed.content()).await?;
        let options = RevisionOptions { kept: self.revisions_kept, follows: unfollowed.is_none(), version: None };
        let entry = self.entry(&stored, RefreshStatus::Fresh, unfollowed.map(str::to_owned));
        match Refreshes::new(self.table).replace(&stored, &next, &entry, options).await? {
            ReplaceOutcome::Conflict => Ok(None),
            ReplaceOutcome::Done(snapshot) => {
                drop_old(self.table, &snapshot, self.now).await;
                Ok(Some(RefreshOutcome::Done { snapshot, state: entry.over(state.unwrap_or_default()) }))
            }
        }
    }

    /// Returns the organization with its unreadable agents as the current revision knows them, so that an agent stops no refresh.
    /// Reads only if an agent was left out.
    async fn with_known_agents(
        &self,
        stored: &StoredSnapshot,
        mut organization: Organization,
    ) -> Result<Organization, Fault> {
        let agents = organization.left_out.iter().map(|target| &target.left_out);
        let agents = agents.filter(|left_out| left_out.kind == LeftOutKind::Agent);
        let left_out: HashSet<ObjectId> = agents.filter_map(|left_out| ObjectId::of_stored(&left_out.key)).collect();
        if left_out.is_empty() {
            return Ok(organization);
        }
        let Some(current) = SnapshotReader::new(self.table).current_content(stored).await? else {
            return Ok(organization);
        };
        let reading = self.deadline.compute(move |work| -> Result<_, Fault> {
            let known = current.content::<Fault>(work)?.agents;
            for KnownAgent { id, name } in known.into_iter().filter(|agent| left_out.contains(&agent.id)) {
                // In the order of the ids, as the others: two captures are compared by it.
                let at = organization.agents.partition_point(|agent| agent.id < id);
                organization.agents.insert(at, Agent { id, name, description: None, rest: Map::new() });
            }
            Ok(organization)
        });
        reading.await.map_err(|unfinished| Fault::Unavailable(unfinished.to_string()))?
    }

    /// Why a revision without `left_out` would lose an item that the current one has; `None` where it loses none. It reads
    /// where something of the setup was left out, and only then.
    async fn would_lose(&self, stored: &StoredSnapshot, left_out: Vec<LeftOut>) -> Result<Option<String>, Fault> {
        if !left_out.iter().any(|left_out| left_out.kind.is_of_setup()) {
            return Ok(None);
        }
        let Some(current) = SnapshotReader::new(self.table).current_content(stored).await? else { return Ok(None) };
        let comparing = self.deadline.compute(move |work| -> Result<_, Fault> {
            Ok(current.content::<Fault>(work)?.first_held(&left_out).cloned())
        });
        let lost = comparing.await.map_err(|unfinished| Fault::Unavailable(unfinished.to_string()))??;
        Ok(lost.map(|lost| {
            format!("{} can no longer be read: {}; the snapshot keeps its content", lost.words(), lost.reason)
        }))
    }

    /// Ends a refresh whose source takes too long. Fails if another try may succeed.
    async fn unfinished(
        &self,
        stored: StoredSnapshot,
        state: Option<RefreshState>,
        why: ComputeError,
    ) -> RefreshResult {
        match why {
            ComputeError::TooMuch => self.too_large(stored, state, TAKES_TOO_LONG.to_owned()).await,
            other => Err(Fault::Unavailable(other.to_string())),
        }
    }

    async fn too_large(&self, stored: StoredSnapshot, state: Option<RefreshState>, why: String) -> RefreshResult {
        self.conclude(stored, state, RefreshStatus::Failed, Some(why.clone())).await?;
        Ok(Some(RefreshOutcome::TooLarge(why)))
    }

    /// Ends a refresh that makes no revision.
    async fn conclude(
        &self,
        stored: StoredSnapshot,
        state: Option<RefreshState>,
        status: RefreshStatus,
        detail: Option<String>,
    ) -> RefreshResult {
        let entry = self.entry(&stored, status, detail);
        match Refreshes::new(self.table).record(&stored.snapshot, state.is_some(), &entry).await? {
            true => Ok(Some(RefreshOutcome::Done {
                snapshot: Box::new(stored.snapshot),
                state: entry.over(state.unwrap_or_default()),
            })),
            false => Ok(None),
        }
    }

    /// Returns the entry of this refresh. A refresh that starts over may be older than the revision that it finds; its
    /// entry is never earlier than that revision.
    fn entry(&self, stored: &StoredSnapshot, status: RefreshStatus, detail: Option<String>) -> RefreshEntry {
        let at = self.now.max(stored.snapshot.revised_at);
        let slot = match self.trigger {
            RefreshTrigger::Schedule { slot } if status != RefreshStatus::SourceBusy => Some(slot),
            _ => None,
        };
        RefreshEntry { status, detail, at, slot }
    }
}

/// The result of comparing a capture with the snapshot's content.
enum ContentComparison {
    /// The content is the same.
    Same,
    /// The content differs.
    New { packed: Result<PackedContent, Fault>, counts: Counts, left_out: Vec<LeftOut> },
}

impl ContentComparison {
    /// Captures `setup` and compares it with the content of this hash, which may be stored in an earlier form.
    fn of(
        setup: SourceSetup,
        organization: &Organization,
        stored: &[u8; 32],
        work: &Work,
    ) -> Result<Self, CaptureFailure> {
        let capture = capture(setup, organization, work)?;
        let canonical = CanonicalContent::of(&capture, work)?;
        if canonical.hash == *stored || capture.was_stored_as(stored, work)? {
            return Ok(Self::Same);
        }
        Ok(Self::New { packed: canonical.pack(work)?, counts: capture.counts(), left_out: capture.left_out().to_vec() })
    }
}

/// Deletes revisions beyond the limit. Only logs a failure: the new revision is written, and the next one tries again.
pub async fn drop_old(table: &Table, snapshot: &Snapshot, now: Timestamp) {
    if let Err(error) = Refreshes::new(table).drop_old(snapshot, now).await {
        tracing::warn!(snapshot = %snapshot.id, %error, "old revisions are left until the next one is made");
    }
}

/// Returns why a new revision with this content is not shared although the sharing follows new revisions; `None` if it
/// is shared, or the sharing does not follow. If the comparison runs out of time, it is not shared. One or two reads if
/// the shared revision is not the current one.
pub async fn unfollowed(
    table: &Table,
    stored: &StoredSnapshot,
    deadline: &Deadline,
    next: StoredContent,
) -> Result<Option<&'static str>, Fault> {
    if !stored.snapshot.shares.follow {
        return Ok(None);
    }
    match SnapshotReader::new(table).shared_content(stored).await? {
        Some(shared) => {
            let comparing = deadline.compute(move |work| -> Result<_, Fault> {
                let (shared, next) = (shared.content::<Fault>(work)?, next.content::<Fault>(work)?);
                Ok(sharing::unfollowed(&shared, &next, work))
            });
            comparing.await.unwrap_or(Ok(Some(sharing::NOT_COMPARED)))
        }
        None => Ok(None),
    }
}

/// Returns whether a creator with this standing may still refresh the snapshot.
fn may_refresh(creator: ObjectId, standing: UserStanding, snapshot: &Snapshot) -> bool {
    let principal = Principal { user: creator, organization: standing.organization, role: standing.role };
    !standing.disabled && principal.may(Action::Revise, snapshot.access())
}
