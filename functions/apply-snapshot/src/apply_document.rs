//! The document of an apply in the history.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use shared::domain::plan::{MappedCounts, SkippedCounts};
use shared::domain::{Counts, Email, FullName, ObjectId, Role, Timestamp, Work};
use shared::http::ApiError;
use shared::store::{ApplyState, StoredApply};
use utoipa::ToSchema;

/// The state of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApplyState)]
pub(crate) enum State {
    /// It is running, or was interrupted and may be resumed. Its user is not visible.
    InProgress,
    /// The user exists with everything, unless `userRemovedAt` says that it was removed.
    Applied,
    /// It was abandoned, and its items are being deleted.
    Aborting,
    /// It was abandoned, and its items are deleted.
    Aborted,
    /// It is being undone: the user is deleted, and the clones are being deleted.
    Undoing,
    /// It was undone: everything is deleted.
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

/// One apply of a snapshot: its caller, its new user and its state. Fields without a value are left out.
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
    /// That user's name, if the user belongs to the same organization and has one. The answer to an undo leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    applied_by_name: Option<FullName>,
    /// That user's role at the time.
    applied_by_role: Role,
    /// When it was requested.
    applied_at: Timestamp,
    /// Which revision of the snapshot was applied.
    snapshot_revision: u32,
    /// The new user, who exists while the state is `applied`, unless it was removed here or by another system.
    user_id: ObjectId,
    /// The address of the new user; left out once the apply is `aborted` or `undone`, or the user removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Email>)]
    user_email: Option<String>,
    /// The new user's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    access_role: Option<Role>,
    /// The counts of its result, once it was completed.
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
    /// That user's name, while the user belongs to the same organization and has one. An undo does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    undone_by_name: Option<FullName>,
    /// When its user was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_removed_at: Option<Timestamp>,
    /// Who removed the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_removed_by: Option<ObjectId>,
}

/// The counts of an apply's result.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ApplyCounts)]
pub(crate) struct ResultCounts {
    /// Items that were cloned.
    pub(crate) cloned: Counts,
    /// Items that existed already and are used.
    mapped: MappedCounts,
    /// Items that were left out.
    skipped: SkippedCounts,
}

/// The part of an apply's answer that the history reads.
#[derive(Debug, Deserialize)]
struct StoredAnswer {
    result: StoredResult,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredResult {
    /// Absent once the apply is undone, or its user removed.
    #[serde(default)]
    pub(crate) user_email: Option<Email>,
    #[serde(flatten)]
    pub(crate) counts: ResultCounts,
}

/// Returns the result in the answer of an apply; `None` unless it was completed.
pub(crate) fn stored_result(apply: &StoredApply, work: &Work) -> Result<Option<StoredResult>, ApiError> {
    if !apply.has_answer() {
        return Ok(None);
    }
    let answer = apply.answer::<ApiError>(work)?;
    work.spend(answer.len())?;
    let stored_result: StoredAnswer = serde_json::from_str(&answer).map_err(ApiError::internal)?;
    Ok(Some(stored_result.result))
}

/// Returns the address of the new user, as the history shows it: the one that the apply gave or holds, unless it was undone.
pub(crate) fn shown_address<'a>(apply: &'a StoredApply, result: Option<&'a StoredResult>) -> Option<&'a Email> {
    let email = result.and_then(|result| result.user_email.as_ref()).or_else(|| apply.held_email());
    // Records of earlier versions keep it.
    email.filter(|_| apply.state() != ApplyState::Undone)
}

impl ApplyDocument {
    /// Returns the document with the counts of its result. Equal records give equal documents.
    pub(crate) fn of(apply: &StoredApply, work: &Work) -> Result<Self, ApiError> {
        Ok(Self::with_result(apply, stored_result(apply, work)?.as_ref()))
    }

    /// Returns the document with this result.
    pub(crate) fn with_result(apply: &StoredApply, result: Option<&StoredResult>) -> Self {
        let email = shown_address(apply, result);
        let (undone, removed) = (apply.undone(), apply.user_removed());
        Self {
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
            result: result.map(|result| result.counts),
            undone_at: undone.map(|(at, _)| at),
            undone_by: undone.map(|(_, by)| by),
            undone_by_name: None,
            user_removed_at: removed.map(|(at, _)| at),
            user_removed_by: removed.map(|(_, by)| by),
        }
    }

    /// Returns the document with the names of the users who applied and who undid it.
    #[must_use]
    pub(crate) fn named(self, names: &HashMap<ObjectId, FullName>) -> Self {
        let undone_by_name = self.undone_by.and_then(|by| names.get(&by).cloned());
        Self { applied_by_name: names.get(&self.applied_by).cloned(), undone_by_name, ..self }
    }
}
