//! What an undo would do, for its dry run.

use serde::Serialize;
use shared::domain::usage::{Usage, traces};
use shared::domain::{Counts, Work};
use shared::http::bounded::first_listed;
use shared::http::{ApiError, UseReason};
use utoipa::ToSchema;

/// What an undo would do now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UndoPlan<'a> {
    /// Whether this request, without `dryRun`, would undo the apply, or finish an undo that has begun.
    would_undo: bool,
    /// Whether it would delete the user; false if the user is gone already.
    deletes_user: bool,
    /// The items that it would delete, with those that were added since the apply.
    deletes: Counts,
    /// The changes of the user since the apply. An undo that is not forced is refused because of them; a forced one deletes them. At most 200
    /// are listed.
    reasons: Vec<UseReason<'a>>,
    /// The total number of reasons; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reasons_total: Option<usize>,
}

impl UndoPlan<'_> {
    /// Returns the output of `answer` for the plan. `usage` is that of the user; `None` if the undo has begun.
    pub(crate) fn answered<T>(
        usage: Option<Usage>,
        cloned: Counts,
        is_forced: bool,
        work: &Work,
        answer: impl FnOnce(UndoPlan<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let Some(usage) = usage else {
            let (deletes, reasons) = (Counts::default(), Vec::new());
            return answer(UndoPlan { would_undo: true, deletes_user: false, deletes, reasons, reasons_total: None });
        };
        work.spend(usage.items.iter().map(|item| 1 + item.name.len()).sum())?;
        let (is_untouched, deletes_user, deletes) = (usage.is_untouched(), usage.is_there, usage.counts());
        let traces = if is_untouched { Vec::new() } else { traces(usage, cloned) };
        let (listed, reasons_total) = first_listed(&traces);
        let reasons = listed.iter().map(UseReason::from).collect();
        answer(UndoPlan { would_undo: is_forced || is_untouched, deletes_user, deletes, reasons, reasons_total })
    }
}
