//! Changes of a snapshot: `PATCH` and `DELETE /api/user-snapshots/{id}`; and what every change
//! does that is conditioned on the snapshot as it was read.

use std::collections::HashSet;
use std::time::Duration;

use lambda_http::http::header::ETAG;
use serde::{Deserialize, Deserializer, Serialize};
use shared::domain::rights::Action;
use shared::domain::{Description, ObjectId, RefreshPeriod, RefreshState, ScheduleChange, Snapshot, SnapshotName};
use shared::http::{Answer, ApiError, Caller, Fields, IfMatch, Object, OptionalFields, SnapshotDocument, body, etag};
use shared::store::{EditOutcome, Refreshes, SnapshotAccess, SnapshotEdit, SnapshotEditor, SnapshotReader};
use utoipa::ToSchema;

use crate::Call;
use crate::assign::Assignment;

/// How often a change starts over because another one came first.
const ATTEMPTS: u32 = 6;

/// What was found, or why the caller does not get it.
pub(crate) fn allowed<T>(action: Action, found: SnapshotAccess<T>) -> Result<Box<T>, ApiError> {
    match found {
        SnapshotAccess::Allowed(found) => Ok(found),
        SnapshotAccess::Missing => Err(ApiError::SnapshotNotFound),
        SnapshotAccess::Forbidden => Err(ApiError::Forbidden(action.refusal().to_owned())),
    }
}

/// A change that was authorized by role and whose path and condition were read.
pub(crate) struct Change<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) caller: Caller,
    action: Action,
    id: ObjectId,
    if_match: IfMatch,
}

impl<'a> Change<'a> {
    pub(crate) fn begin(call: &'a Call<'a>, action: Action) -> Result<Self, ApiError> {
        let caller = call.begin()?;
        let id = call.context.path_id("id")?;
        call.no_parameters()?;
        Ok(Self { call, caller, action, id, if_match: IfMatch::of(call.request)? })
    }

    /// The snapshot, where the caller is still who the token says and may change it.
    pub(crate) async fn read(&self) -> Result<Box<Snapshot>, ApiError> {
        let (confirmed, found) = tokio::join!(self.call.confirm(&self.caller), self.find());
        confirmed?;
        found
    }

    async fn find(&self) -> Result<Box<Snapshot>, ApiError> {
        let reader = SnapshotReader::new(self.call.table);
        allowed(self.action, reader.find(self.id, &self.caller.principal(), self.action).await?)
    }

    /// Makes the change to the snapshot as it was read, and again to what it has become where another change came first:
    /// unless the caller said which version it means, it is meant for any. Gives the snapshot as it is then.
    pub(crate) async fn make(
        &self,
        mut snapshot: Box<Snapshot>,
        mut wanted: Wanted<'_>,
    ) -> Result<Box<Snapshot>, ApiError> {
        for _ in 0..ATTEMPTS {
            // A new revision makes no other name; but whoever shares one has looked at it.
            match wanted {
                Wanted::Share(..) => self.if_match.check_snapshot(&snapshot)?,
                Wanted::Edit(_) | Wanted::Delete => self.if_match.check_version(snapshot.version)?,
            }
            match self.write(&snapshot, &mut wanted).await? {
                EditOutcome::Done(done) => return Ok(done),
                EditOutcome::Conflict => snapshot = self.find().await?,
            }
        }
        Err(ApiError::InProgress { retry_after: Duration::from_secs(1) })
    }

    async fn write(&self, snapshot: &Snapshot, wanted: &mut Wanted<'_>) -> Result<EditOutcome, ApiError> {
        let (editor, now) = (SnapshotEditor::new(self.call.table), self.call.context.now());
        Ok(match wanted {
            Wanted::Edit(edit) => self.edit(snapshot, edit).await?,
            Wanted::Share(assignment, existing) => {
                let (sharing, shares) = assignment.judge(self, snapshot, existing).await?;
                editor.share(snapshot, sharing, shares, now).await?
            }
            Wanted::Delete => editor.delete(snapshot, self.caller.user, now).await?,
        })
    }

    async fn edit(&self, snapshot: &Snapshot, edit: &mut Edit) -> Result<EditOutcome, ApiError> {
        let now = self.call.context.now();
        let mut schedule = ScheduleChange::Keep;
        if let Some(wanted) = &edit.refresh {
            // Read after the snapshot: what another change makes of the schedule from here on moves the snapshot's version.
            edit.state = self.state().await?;
            let current = edit.state.as_ref().and_then(|state| state.schedule.as_ref());
            schedule = ScheduleChange::between(current, wanted.as_ref(), now);
        }
        let renaming = SnapshotEdit { name: edit.name.clone(), description: edit.description.clone(), schedule };
        let outcome = SnapshotEditor::new(self.call.table).rename(snapshot, &renaming, now).await?;
        edit.state = match edit.state.take() {
            None if renaming.schedule == ScheduleChange::Keep => None,
            state => Some(state.unwrap_or_default().rescheduled(&renaming.schedule)),
        };
        Ok(outcome)
    }

    /// The state of the snapshot's refreshes.
    async fn state(&self) -> Result<Option<RefreshState>, ApiError> {
        Ok(Refreshes::new(self.call.table).state(self.id).await?)
    }
}

const NOTHING_TO_CHANGE: &str = "there is nothing to change; give a name, a description, refresh, or several of them";

/// What is to be changed; at least one of the fields.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenameSnapshot)]
pub(crate) struct RenameBody {
    /// The new name.
    #[schema(value_type = Option<SnapshotName>)]
    name: Option<String>,
    /// The new description; it may be empty.
    #[schema(value_type = Option<Description>)]
    description: Option<String>,
    /// When the snapshot is refreshed of itself; null switches that off. Absent, it stays as it is: here null is not as absent.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<RefreshBody>)]
    refresh: Option<Option<Object<RefreshBody>>>,
}

impl OptionalFields for RenameBody {
    const NULL_COUNTS: &'static [&'static str] = &["refresh"];
}

/// A schedule.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetRefresh)]
pub(crate) struct RefreshBody {
    /// How often, from PT6H to P30D. A new period is due one period from now; the same one stays due when it was.
    #[schema(value_type = RefreshPeriod)]
    every: String,
}

/// A field that is there, with null as a value of its own.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// What is to become of a snapshot.
pub(crate) enum Wanted<'w> {
    Edit(&'w mut Edit),
    /// With the organizations of the request that exist.
    Share(&'w Assignment, &'w HashSet<ObjectId>),
    Delete,
}

/// What is to be changed, its values parsed.
pub(crate) struct Edit {
    name: Option<SnapshotName>,
    description: Option<Description>,
    /// What the period is to be, or that there is to be none; `None` where that stays as it is.
    refresh: Option<Option<RefreshPeriod>>,
    /// The state of the snapshot's refreshes, for the answer.
    state: Option<RefreshState>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotUpdated)]
pub(crate) struct Renamed<'a> {
    /// `Snapshot updated`.
    message: &'static str,
    snapshot: SnapshotDocument<'a>,
}

pub(crate) async fn rename(call: &Call<'_>) -> Result<Answer, ApiError> {
    let change = Change::begin(call, Action::Edit)?;
    let mut edit = Edit::parse(call)?;
    let (snapshot, state) = tokio::join!(change.read(), change.state());
    let (snapshot, state) = (snapshot?, state?);
    edit.state = state;
    let edited = change.make(snapshot, Wanted::Edit(&mut edit)).await?;
    let document = SnapshotDocument::from(&*edited).refreshed(edit.state);
    let updated = Answer::ok(&Renamed { message: "Snapshot updated", snapshot: document })?;
    Ok(updated.with_header(ETAG, etag(edited.tag())))
}

impl Edit {
    fn parse(call: &Call<'_>) -> Result<Self, ApiError> {
        let body: RenameBody = body::parse(call.request)?;
        if body.name.is_none() && body.description.is_none() && body.refresh.is_none() {
            return Err(ApiError::refused("", NOTHING_TO_CHANGE));
        }
        let mut fields = Fields::default();
        let name = fields.take_optional("/name", body.name, SnapshotName::parse);
        let description = fields.take_optional("/description", body.description, Description::parse);
        let period = |refresh: Option<Object<RefreshBody>>| {
            refresh.map(|Object(refresh)| RefreshPeriod::parse(refresh.every)).transpose()
        };
        let refresh = fields.take_optional("/refresh/every", body.refresh, period);
        match (name, description, refresh) {
            (Some(name), Some(description), Some(refresh)) => Ok(Self { name, description, refresh, state: None }),
            _ => Err(fields.into_error()),
        }
    }
}

pub(crate) async fn delete(call: &Call<'_>) -> Result<Answer, ApiError> {
    let change = Change::begin(call, Action::Delete)?;
    let snapshot = change.read().await?;
    change.make(snapshot, Wanted::Delete).await?;
    Answer::ok(&Deleted { message: "Snapshot deleted" })
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotDeleted)]
pub(crate) struct Deleted {
    /// `Snapshot deleted`.
    message: &'static str,
}
