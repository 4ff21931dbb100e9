//! `PATCH` and `DELETE /api/user-snapshots/{id}`.

use lambda_http::http::header::ETAG;
use serde::{Deserialize, Deserializer, Serialize};
use shared::domain::rights::Action;
use shared::domain::{Description, ObjectId, RefreshPeriod, RefreshState, ScheduleChange, Snapshot, SnapshotName};
use shared::http::{Answer, ApiError, AuditField, Fields, Object, SnapshotDocument, etag};
use shared::store::{EditOutcome, Refreshes, SnapshotEdit, SnapshotEditor};
use utoipa::ToSchema;

use crate::Call;
use crate::change::{ChangeRequest, SnapshotChange};

const NOTHING_TO_CHANGE: &str = "there is nothing to change; give a name, a description, refresh, or several of them";

/// The fields to change; at least one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenameSnapshot)]
pub(crate) struct RenameBody {
    /// The new name.
    #[schema(nullable = false, value_type = Option<SnapshotName>)]
    name: Option<String>,
    /// The new description; it may be empty.
    #[schema(nullable = false, value_type = Option<Description>)]
    description: Option<String>,
    /// When the snapshot is refreshed automatically; null ends the schedule. An absent field keeps it: here null
    /// differs from absent.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<RefreshBody>)]
    refresh: Option<Option<Object<RefreshBody>>>,
}

/// A schedule.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetRefresh)]
pub(crate) struct RefreshBody {
    /// How often, from PT6H to P30D. A new period is first due one period from now; the same one keeps its due time.
    #[schema(value_type = RefreshPeriod)]
    every: String,
}

/// Reads a present field, with null as its own value.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// The parsed body of an edit.
struct EditParameters {
    name: Option<SnapshotName>,
    description: Option<Description>,
    /// The new period, or `Some(None)` to end the schedule. `None` keeps it.
    refresh: Option<Option<RefreshPeriod>>,
    /// The state of the snapshot's refreshes, for the answer.
    state: Option<RefreshState>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotUpdated)]
pub(crate) struct EditAnswer<'a> {
    /// `Snapshot updated`.
    message: &'static str,
    snapshot: SnapshotDocument<'a>,
}

/// Changes name, description and schedule.
pub(crate) async fn rename(call: &Call<'_>) -> Result<Answer, ApiError> {
    let request = ChangeRequest::begin(call, Action::Edit)?;
    let mut edit = call.read_body(EditParameters::parse).await?;
    call.context.audit().record_fields(edit.fields());
    let (snapshot, state) = tokio::join!(request.read(), refresh_state(call, request.id));
    let (snapshot, state) = (snapshot?, state?);
    edit.state = state;
    let edited = request.execute(snapshot, &mut edit).await?;
    let document = SnapshotDocument::new(&edited, edited.tag()).refreshed(edit.state);
    let updated = Answer::ok(&EditAnswer { message: "Snapshot updated", snapshot: document })?;
    Ok(updated.with_header(ETAG, etag(edited.tag())))
}

/// Returns the state of the snapshot's refreshes.
async fn refresh_state(call: &Call<'_>, snapshot: ObjectId) -> Result<Option<RefreshState>, ApiError> {
    Ok(Refreshes::new(call.table).state(snapshot).await?)
}

impl SnapshotChange for EditParameters {
    async fn write(&mut self, request: &ChangeRequest<'_>, snapshot: &Snapshot) -> Result<EditOutcome, ApiError> {
        let (call, now) = (request.call, request.call.context.now());
        let mut schedule = ScheduleChange::Keep;
        if let Some(period) = &self.refresh {
            // Read after the snapshot: whatever changes the schedule from here on also makes another version of the snapshot.
            self.state = refresh_state(call, request.id).await?;
            let current = self.state.as_ref().and_then(|state| state.schedule.as_ref());
            schedule = ScheduleChange::between(current, period.as_ref(), now);
        }
        let edit = SnapshotEdit { name: self.name.clone(), description: self.description.clone(), schedule };
        let outcome = SnapshotEditor::new(call.table).rename(snapshot, &edit, now).await?;
        self.state = match self.state.take() {
            None if edit.schedule == ScheduleChange::Keep => None,
            state => Some(state.unwrap_or_default().rescheduled(&edit.schedule)),
        };
        Ok(outcome)
    }
}

impl EditParameters {
    /// Returns every field for the log.
    fn fields(&self) -> [AuditField; 3] {
        [
            AuditField::named("name", self.name.as_ref()),
            AuditField::named("description", self.description.as_ref()),
            AuditField::named("refresh", self.refresh.as_ref()),
        ]
    }

    fn parse(body: RenameBody) -> Result<Self, ApiError> {
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

/// Deletes a snapshot.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Answer, ApiError> {
    let request = ChangeRequest::begin(call, Action::Delete)?;
    let snapshot = request.read().await?;
    request.execute(snapshot, &mut Deletion).await?;
    Answer::ok(&DeleteAnswer { message: "Snapshot deleted" })
}

/// The deletion of a snapshot.
struct Deletion;

impl SnapshotChange for Deletion {
    async fn write(&mut self, request: &ChangeRequest<'_>, snapshot: &Snapshot) -> Result<EditOutcome, ApiError> {
        let editor = SnapshotEditor::new(request.call.table);
        Ok(editor.delete(snapshot, request.caller.user, request.call.context.now()).await?)
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotDeleted)]
pub(crate) struct DeleteAnswer {
    /// `Snapshot deleted`.
    message: &'static str,
}
