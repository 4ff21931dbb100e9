//! An apply as its history shows it.

use serde::{Deserialize, Serialize};
use shared::domain::plan::{Mapped, Skipped};
use shared::domain::{Counts, Email, FullName, ObjectId, Role, Timestamp};
use shared::http::ApiError;
use shared::store::{ApplyState, StoredApply};
use utoipa::ToSchema;

/// How far an apply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApplyState)]
pub(crate) enum State {
    /// It is being carried out, or was interrupted and may be carried on. Nobody sees anything of its user.
    InProgress,
    /// The user is there with everything.
    Applied,
    /// It was given up, and what was written is being cleared away.
    Aborting,
    /// It was given up, and nothing of it is left.
    Aborted,
    /// It was undone: the user is gone, and what is left is being cleared away.
    Undoing,
    /// It was undone: nothing of it is left.
    Undone,
}

impl From<ApplyState> for State {
    fn from(state: ApplyState) -> Self {
        match state {
            ApplyState::Staging => Self::InProgress,
            ApplyState::Committed => Self::Applied,
            ApplyState::Aborting => Self::Aborting,
            ApplyState::Aborted => Self::Aborted,
            ApplyState::Undoing => Self::Undoing,
            ApplyState::Undone => Self::Undone,
        }
    }
}

/// One apply of a snapshot: who made it, whom it made, and what became of it. A field that has no value is left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Apply)]
pub(crate) struct ApplyDocument {
    /// Its id: `applyId` of the answer to the apply.
    #[serde(rename = "_id")]
    id: ObjectId,
    state: State,
    /// Who applied the snapshot.
    applied_by: ObjectId,
    /// That user's name, while the user is there and has one. An undo does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    applied_by_name: Option<FullName>,
    /// That user's role at the time.
    applied_by_role: Role,
    /// When it was asked for.
    applied_at: Timestamp,
    /// Which revision of the snapshot was applied.
    snapshot_revision: u32,
    /// The new user, who is there while the state is `applied`, unless somebody else has removed the user.
    user_id: ObjectId,
    /// The address that was asked for; left out once the apply is `aborted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Email>)]
    user_email: Option<String>,
    /// The role that the new user was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    access_role: Option<Role>,
    /// What came of it, once everything was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<ResultCounts>,
    /// When it was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    undone_at: Option<Timestamp>,
    /// Who undid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    undone_by: Option<ObjectId>,
}

/// What an apply has brought, in numbers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ApplyCounts)]
pub(crate) struct ResultCounts {
    /// Items that were cloned.
    pub(crate) cloned: Counts,
    /// Items that existed already and are used as they are.
    mapped: Mapped,
    /// Items that were left out.
    skipped: Skipped,
}

/// What history reads of the answer to an apply.
#[derive(Debug, Deserialize)]
struct Answered {
    result: AnsweredResult,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnsweredResult {
    pub(crate) user_email: Email,
    #[serde(flatten)]
    pub(crate) counts: ResultCounts,
}

/// What the caller of an apply was told; nothing where it was never there.
pub(crate) fn answered(apply: &StoredApply) -> Result<Option<AnsweredResult>, ApiError> {
    if !apply.has_answer() {
        return Ok(None);
    }
    let answered: Answered = serde_json::from_str(&apply.answer()?).map_err(ApiError::internal)?;
    Ok(Some(answered.result))
}

impl ApplyDocument {
    /// The document with the numbers of its result. It says the same whenever it is asked of the same record.
    pub(crate) fn of(apply: &StoredApply) -> Result<Self, ApiError> {
        let answered = answered(apply)?;
        let (email, counts) = answered.map(|answered| (answered.user_email, answered.counts)).unzip();
        let email = email.as_ref().or_else(|| apply.held_email());
        let undone = apply.undone();
        Ok(Self {
            id: apply.origin.apply,
            state: apply.state().into(),
            applied_by: apply.applied_by(),
            applied_by_name: None,
            applied_by_role: apply.applied_by_role(),
            applied_at: apply.origin.at,
            snapshot_revision: apply.origin.revision,
            user_id: apply.user(),
            user_email: email.map(|email| email.shown().into_owned()),
            access_role: apply.access_role(),
            result: counts,
            undone_at: undone.map(|(at, _)| at),
            undone_by: undone.map(|(_, by)| by),
        })
    }
    /// The same with the name of who applied.
    #[must_use]
    pub(crate) fn named(self, name: Option<FullName>) -> Self {
        Self { applied_by_name: name, ..self }
    }
}
