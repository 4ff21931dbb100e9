//! A refresh: captures the source of a snapshot again, as a new revision where something changed. Somebody asks for it over
//! HTTP, or the snapshot's schedule does; both do the same.
//!
//! The snapshot is read before its source, and the new revision is conditioned on the revision that was read: so what is
//! captured later never gives way to what was captured earlier.

use crate::compute::{Deadline, Unfinished};
use crate::domain::capture::{CaptureFailure, SourceSetup, capture};
use crate::domain::rights::{Action, HasStanding, Standing};
use crate::domain::sharing;
use crate::domain::{
    Counts, Fault, LeftOut, ObjectId, Organization, Principal, RefreshState, RefreshStatus, Schedule, Snapshot, Source,
    Timestamp, Work,
};
use crate::store::{
    Callers, Canonical, Captured, Captures, Found, NextRevision, Note, Packed, PackedContent, Refreshes, Replaced,
    SnapshotReader, SourceUser, StoredSnapshot, Table, Terms,
};

/// How often a refresh starts over because another revision was made meanwhile.
const ATTEMPTS: u32 = 4;

/// How many revisions of a snapshot are kept, the current one counted, where no setting says otherwise.
pub const REVISIONS_KEPT: u32 = 30;

const SOURCE_GONE: &str = "the source user is gone; the snapshot keeps what it has";
const SOURCE_UNREADABLE: &str = "the source user's profile cannot be read: it needs email, a text, and setupVersion, a number; the snapshot keeps what it has";
const CREATOR_GONE: &str =
    "the schedule was switched off, because the user who made the snapshot may not refresh it any more";

/// What is said of a setup whose capture is not done in time, although it had ample time.
pub const TAKES_TOO_LONG: &str =
    "the setup takes longer to capture than a request has time; remove items from it, or make them smaller";

/// Who wants a snapshot refreshed.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    /// Somebody who calls.
    Caller(&'a Principal),
    /// The snapshot's schedule, in the name of whoever made it.
    Schedule {
        /// The time for which it was due. Every time is served once.
        slot: Timestamp,
    },
}

/// One refresh of one snapshot.
pub struct Refresh<'a> {
    /// The table.
    pub table: &'a Table,
    /// The snapshot.
    pub snapshot: ObjectId,
    /// Who wants it.
    pub asker: Asker<'a>,
    /// When.
    pub now: Timestamp,
    /// How many revisions are kept, the current one counted.
    pub revisions_kept: u32,
    /// When the capture has to be done with computing.
    pub deadline: Deadline,
}

/// A snapshot to be refreshed, and what is known of its refreshes so far.
#[derive(Debug, PartialEq)]
pub struct Loaded {
    stored: StoredSnapshot,
    state: Option<RefreshState>,
}

impl Loaded {
    /// The snapshot's schedule; `None` where it has none.
    pub fn schedule(&self) -> Option<&Schedule> {
        self.state.as_ref()?.schedule.as_ref()
    }
}

/// What came of a refresh.
#[derive(Debug, PartialEq)]
pub enum Refreshed {
    /// It is done: `state.status` tells whether there is a new revision, whether nothing had changed, or whether the source
    /// is gone.
    Done {
        /// The snapshot as it is now.
        snapshot: Box<Snapshot>,
        /// The state of its refreshes now.
        state: RefreshState,
    },
    /// The source was edited again and again while it was captured. A time of the schedule is not served by that.
    SourceBusy,
    /// The source is larger than a snapshot can be; says by what.
    TooLarge(String),
    /// Other revisions were made again and again meanwhile. A time of the schedule is not served by that.
    Contended,
    /// The caller sees the snapshot, but may not refresh it.
    Forbidden,
    /// There is no such snapshot, or the caller does not see it.
    Missing,
    /// The schedule has nothing to do here: it was switched off, or this time of it was served before.
    NotDue,
}

impl Refresh<'_> {
    /// Reads the snapshot and what is known of its refreshes, at once. Whoever calls is checked meanwhile.
    pub async fn load(&self) -> Result<Found<Loaded>, Fault> {
        let (reader, refreshes) = (SnapshotReader::new(self.table), Refreshes::new(self.table));
        let snapshot = async {
            match self.asker {
                Asker::Caller(principal) => reader.find_stored(self.snapshot, principal, Action::Revise).await,
                Asker::Schedule { .. } => Ok(match reader.find_for_schedule(self.snapshot).await? {
                    Some(stored) => Found::Allowed(Box::new(stored)),
                    None => Found::Missing,
                }),
            }
        };
        let (found, state) = tokio::join!(snapshot, refreshes.state(self.snapshot));
        Ok(match found? {
            Found::Allowed(stored) => Found::Allowed(Box::new(Loaded { stored: *stored, state: state? })),
            Found::Forbidden => Found::Forbidden,
            Found::Missing => Found::Missing,
        })
    }

    /// Refreshes what was loaded.
    pub async fn run(&self, mut found: Found<Loaded>) -> Result<Refreshed, Fault> {
        for _ in 0..ATTEMPTS {
            let Loaded { stored, state } = match found {
                Found::Allowed(loaded) => *loaded,
                Found::Forbidden => return Ok(Refreshed::Forbidden),
                Found::Missing => return self.missing().await,
            };
            if let Asker::Schedule { slot } = self.asker
                && !self.is_due(&stored, state.as_ref(), slot).await?
            {
                return Ok(Refreshed::NotDue);
            }
            match self.capture(stored, state).await? {
                Some(refreshed) => return Ok(refreshed),
                None => found = self.load().await?,
            }
        }
        Ok(Refreshed::Contended)
    }

    /// A snapshot that was deleted ends its schedule with it.
    async fn missing(&self) -> Result<Refreshed, Fault> {
        if let Asker::Schedule { .. } = self.asker {
            Refreshes::new(self.table).end_schedule(self.snapshot, None).await?;
        }
        Ok(Refreshed::Missing)
    }

    /// Whether the schedule still stands, has not served this time yet, and whoever made the snapshot may still have it
    /// refreshed. Where that person may not, the schedule ends.
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
        let note = self.note(stored, RefreshStatus::Failed, Some(CREATOR_GONE.to_owned()));
        Refreshes::new(self.table).end_schedule(self.snapshot, Some((&note, schedule.due_at))).await?;
        Ok(false)
    }

    /// Captures the source and writes what that comes to; `None` where another revision was made meanwhile.
    async fn capture(&self, stored: StoredSnapshot, state: Option<RefreshState>) -> Result<Option<Refreshed>, Fault> {
        let source = &stored.snapshot.source;
        let taken = match Captures::new(self.table).read(&source.organization, &source.user).await? {
            Captured::Taken(taken) => *taken,
            Captured::NoSuchUser | Captured::NoSuchOrganization => {
                return self.conclude(stored, state, RefreshStatus::SourceMissing, Some(SOURCE_GONE.to_owned())).await;
            }
            Captured::Busy => {
                self.conclude(stored, state, RefreshStatus::SourceBusy, None).await?;
                return Ok(Some(Refreshed::SourceBusy));
            }
            Captured::TooLarge(why) => return self.too_large(stored, state, why).await,
            Captured::Unreadable => {
                return self.conclude(stored, state, RefreshStatus::Failed, Some(SOURCE_UNREADABLE.to_owned())).await;
            }
        };
        let SourceUser { setup, email, full_name, organization, .. } = taken;
        let hash = stored.hash;
        let capturing = self.deadline.compute(move |work| (Made::of(setup, &organization, &hash, work), organization));
        let (made, organization) = match capturing.await {
            Ok(captured) => captured,
            Err(Unfinished::TooMuch) => return self.too_large(stored, state, TAKES_TOO_LONG.to_owned()).await,
            Err(unfinished) => return Err(Fault::Unavailable(unfinished.to_string())),
        };
        let made = match made {
            Ok(made) => made,
            Err(CaptureFailure::TooLarge(why)) => return self.too_large(stored, state, why).await,
            Err(CaptureFailure::OverBudget(over)) => return Err(Fault::Unavailable(over.to_string())),
        };
        let Made::New { packed, counts, left_out } = made else {
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
        let terms = Terms { kept: self.revisions_kept, follows: unfollowed.is_none(), version: None };
        let note = self.note(&stored, RefreshStatus::Fresh, unfollowed.map(str::to_owned));
        match Refreshes::new(self.table).replace(&stored, &next, &note, terms).await? {
            Replaced::Moved => Ok(None),
            Replaced::Done(snapshot) => {
                drop_old(self.table, &snapshot, self.now).await;
                Ok(Some(Refreshed::Done { snapshot, state: note.over(state.unwrap_or_default()) }))
            }
        }
    }

    /// Why a revision without `left_out` would lose something that the current one has; `None` where it loses nothing. It reads
    /// where anything was left out, and only then.
    async fn would_lose(&self, stored: &StoredSnapshot, left_out: Vec<LeftOut>) -> Result<Option<String>, Fault> {
        if left_out.is_empty() {
            return Ok(None);
        }
        let Some(current) = SnapshotReader::new(self.table).current_content(stored).await? else { return Ok(None) };
        let comparing = self.deadline.compute(move |work| -> Result<_, Fault> {
            Ok(current.content::<Fault>(work)?.first_held(&left_out).cloned())
        });
        let lost = comparing.await.map_err(|unfinished| Fault::Unavailable(unfinished.to_string()))??;
        Ok(lost.map(|lost| {
            format!("{} cannot be read any more: {}; the snapshot keeps what it has", lost.words(), lost.reason)
        }))
    }

    async fn too_large(
        &self,
        stored: StoredSnapshot,
        state: Option<RefreshState>,
        why: String,
    ) -> Result<Option<Refreshed>, Fault> {
        self.conclude(stored, state, RefreshStatus::Failed, Some(why.clone())).await?;
        Ok(Some(Refreshed::TooLarge(why)))
    }

    /// Ends a refresh that makes no revision.
    async fn conclude(
        &self,
        stored: StoredSnapshot,
        state: Option<RefreshState>,
        status: RefreshStatus,
        detail: Option<String>,
    ) -> Result<Option<Refreshed>, Fault> {
        let note = self.note(&stored, status, detail);
        match Refreshes::new(self.table).note(&stored.snapshot, state.is_some(), &note).await? {
            true => Ok(Some(Refreshed::Done {
                snapshot: Box::new(stored.snapshot),
                state: note.over(state.unwrap_or_default()),
            })),
            false => Ok(None),
        }
    }

    /// A refresh that was overtaken and starts over may have begun before the revision that it meets; its time never lies before
    /// that one's.
    fn note(&self, stored: &StoredSnapshot, status: RefreshStatus, detail: Option<String>) -> Note {
        let at = self.now.max(stored.snapshot.revised_at);
        let slot = match self.asker {
            Asker::Schedule { slot } if status != RefreshStatus::SourceBusy => Some(slot),
            _ => None,
        };
        Note { status, detail, at, slot }
    }
}

/// What a capture made of a source.
enum Made {
    /// What the snapshot has already.
    Same,
    /// Another content.
    New { packed: Result<Packed, Fault>, counts: Counts, left_out: Vec<LeftOut> },
}

impl Made {
    /// Captures `setup` and compares it with the content of this hash, which may be stored in the form of before.
    fn of(
        setup: SourceSetup,
        organization: &Organization,
        stored: &[u8; 32],
        work: &Work,
    ) -> Result<Self, CaptureFailure> {
        let capture = capture(setup, organization, work)?;
        let canonical = Canonical::of(&capture, work)?;
        if canonical.hash == *stored || capture.was_stored_as(stored, work)? {
            return Ok(Self::Same);
        }
        Ok(Self::New { packed: canonical.pack(work)?, counts: capture.counts(), left_out: capture.left_out().to_vec() })
    }
}

/// Drops the revisions that are too many by now. What cannot be dropped is left until the next revision is made: this one
/// stands, whatever becomes of old ones.
pub async fn drop_old(table: &Table, snapshot: &Snapshot, now: Timestamp) {
    if let Err(error) = Refreshes::new(table).drop_old(snapshot, now).await {
        tracing::warn!(snapshot = %snapshot.id, %error, "old revisions are left until the next one is made");
    }
}

/// Why a new revision with this content is not shared although the snapshot's sharing follows its revisions; `None` where it is, or
/// where nothing follows. Where the time is over before they are compared, it is not shared. One or two reads where what is shared is not the current revision.
pub async fn unfollowed(
    table: &Table,
    stored: &StoredSnapshot,
    deadline: &Deadline,
    next: PackedContent,
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

/// Whether the schedule of a snapshot may go on in the name of whoever made it, whose standing this is.
fn may_refresh(creator: ObjectId, standing: Standing, snapshot: &Snapshot) -> bool {
    let principal = Principal { user: creator, organization: standing.organization, role: standing.role };
    !standing.disabled && principal.may(Action::Revise, snapshot.access())
}
