//! An entry of the history of an organization.

use std::collections::HashMap;

use serde::Serialize;
use shared::domain::{Email, FullName, ObjectId, Role, Timestamp};
use shared::store::{AbandonReason, ApplyState, StoredApply, StoredRefusal};
use utoipa::ToSchema;

/// The state of an apply in the history of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HistoryState)]
pub(crate) enum TimelineState {
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
    /// It was refused, and nothing of it was written. Kept for 90 days.
    Refused,
}

shared::every! {
    /// Every state.
    pub(crate) TimelineState: Applied, Aborting, Aborted, Undoing, Undone, Refused
}

impl TimelineState {
    const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Aborting => "aborting",
            Self::Aborted => "aborted",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Refused => "refused",
        }
    }

    /// Reads the parameter `state`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("is one of {}", Self::ALL.map(Self::name).join(", "));
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or_else(wrong)
    }

    /// Returns the state of an apply; `None` for one that is still under way.
    pub(crate) const fn of(state: ApplyState) -> Option<Self> {
        match state {
            ApplyState::Staging => None,
            ApplyState::Committed => Some(Self::Applied),
            ApplyState::Aborting => Some(Self::Aborting),
            ApplyState::Aborted => Some(Self::Aborted),
            ApplyState::Undoing => Some(Self::Undoing),
            ApplyState::Undone => Some(Self::Undone),
        }
    }
}

/// One apply in the history of an organization. Fields without a value are left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryEntry)]
pub(crate) struct TimelineDocument {
    /// Its id: `applyId` of the answer to the apply. A refused one has an id of its own.
    #[serde(rename = "_id")]
    id: ObjectId,
    state: TimelineState,
    /// The snapshot that was applied, which need not be there any more; that of a refused apply need not have been there.
    snapshot_id: ObjectId,
    /// Which revision of it was applied; left out if the apply was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    snapshot_revision: Option<u32>,
    /// Who applied it.
    applied_by: ObjectId,
    /// That user's name, if the user belongs to the same organization and has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    applied_by_name: Option<FullName>,
    /// That user's role at the time.
    applied_by_role: Role,
    /// When it was requested.
    applied_at: Timestamp,
    /// The new user, who exists while the state is `applied`, unless it was removed here or by another system; left out if the apply was
    /// refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<ObjectId>,
    /// The address of the new user; left out once the apply is `aborted` or `undone`, or the user removed. That of a refused apply is the
    /// one that was asked for, left out if the body could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Email>)]
    user_email: Option<String>,
    /// The new user's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    access_role: Option<Role>,
    /// Why an apply was refused or abandoned; left out for the others, and for those that an earlier version abandoned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<TimelineReason>,
    /// When it was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    undone_at: Option<Timestamp>,
    /// Who undid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    undone_by: Option<ObjectId>,
    /// That user's name, if the user belongs to the same organization and has one.
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

/// Why an apply was refused or abandoned.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryReason)]
pub(crate) struct TimelineReason {
    /// Of an abandoned apply: `interrupted` if the request broke off and nobody repeated it in time, `world_moved` if a repeated request
    /// found that snapshot or organization had changed. Of a refused one: the `code` of the answer. More codes may come.
    code: String,
    /// The places of the request that were refused, as JSON pointers; left out if the list is empty. As many of the first as fit a kilobyte.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pointers: Vec<String>,
    /// The total number of places; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointers_total: Option<usize>,
    /// The id of the refused request, under which the log has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<String>,
}

impl TimelineDocument {
    /// Returns the entry of an apply in this state, whose new user has this address.
    pub(crate) fn of(apply: &StoredApply, state: TimelineState, email: Option<&Email>) -> Self {
        let (undone, removed) = (apply.undone(), apply.user_removed());
        Self {
            id: apply.origin.apply,
            state,
            snapshot_id: apply.origin.snapshot,
            snapshot_revision: Some(apply.origin.revision),
            applied_by: apply.applied_by(),
            applied_by_name: None,
            applied_by_role: apply.applied_by_role(),
            applied_at: apply.origin.at,
            user_id: Some(apply.user()),
            user_email: email.map(|email| email.shown().into_owned()),
            access_role: apply.access_role(),
            reason: apply.abandoned_because().map(TimelineReason::of),
            undone_at: undone.map(|(at, _)| at),
            undone_by: undone.map(|(_, by)| by),
            undone_by_name: None,
            user_removed_at: removed.map(|(at, _)| at),
            user_removed_by: removed.map(|(_, by)| by),
        }
    }

    /// Returns the entry of a refused apply.
    pub(crate) fn refused(refusal: StoredRefusal) -> Self {
        let StoredRefusal { id, at, record } = refusal;
        Self {
            id,
            state: TimelineState::Refused,
            snapshot_id: record.snapshot_id,
            snapshot_revision: None,
            applied_by: record.applied_by,
            applied_by_name: None,
            applied_by_role: record.applied_by_role,
            applied_at: at,
            user_id: None,
            user_email: record.email.map(|email| email.shown().into_owned()),
            access_role: record.access_role,
            reason: Some(TimelineReason {
                code: record.code,
                pointers: record.pointers,
                pointers_total: record.pointers_total,
                request_id: record.request_id,
            }),
            undone_at: None,
            undone_by: None,
            undone_by_name: None,
            user_removed_at: None,
            user_removed_by: None,
        }
    }

    /// Returns the users whom the entry names: who applied and who undid.
    pub(crate) fn people(&self) -> impl Iterator<Item = ObjectId> {
        [Some(self.applied_by), self.undone_by].into_iter().flatten()
    }

    /// Returns the entry with the names of these users.
    #[must_use]
    pub(crate) fn named(self, names: &HashMap<ObjectId, FullName>) -> Self {
        let name = |by: Option<ObjectId>| by.and_then(|by| names.get(&by).cloned());
        Self { applied_by_name: name(Some(self.applied_by)), undone_by_name: name(self.undone_by), ..self }
    }
}

impl TimelineReason {
    /// Returns the reason of an abandoned apply.
    fn of(reason: AbandonReason) -> Self {
        let code = match reason {
            AbandonReason::Interrupted => "interrupted",
            AbandonReason::WorldMoved => "world_moved",
        };
        Self { code: code.to_owned(), pointers: Vec::new(), pointers_total: None, request_id: None }
    }
}
