//! The answer of an apply, and the warnings that a plan shows, too.

use std::borrow::Cow;

use serde::Serialize;
use shared::domain::plan::{MappedCounts, Outcome, Plan, SkippedCounts, Warning, WarningCode};
use shared::domain::reference::Reference;
use shared::domain::{Counts, Email, ObjectId, Work};
use shared::http::bounded::written;
use shared::http::{ApiError, InvitationDocument, MAX_LISTED, open_codes};
use utoipa::ToSchema;

/// The most bytes of JSON for the warnings of one answer: the answer is stored in the apply's record, which must fit an
/// item.
const MAX_WARNING_BYTES: usize = 64_000;

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotApplied)]
pub(crate) struct ApplyAnswer<'a> {
    /// `Snapshot applied`.
    message: &'static str,
    result: ApplyResult<'a>,
    /// The invitation of the new user, if there is one. A repeated request gets it without the token.
    // Never set: `with_invitation` adds it to the JSON, because the stored answer has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    invitation: Option<InvitationDocument>,
}

/// The new user and the counts of its setup.
// The customer's fields first, ours after them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyResult<'a> {
    /// The new user.
    user_id: ObjectId,
    /// The new user's address as it was sent; the domain is in punycode if it mixes scripts.
    #[schema(value_type = Email)]
    user_email: Cow<'a, str>,
    /// Items that were cloned.
    cloned: Counts,
    /// Items that exist already and are used.
    mapped: MappedCounts,
    /// Items that were left out.
    skipped: SkippedCounts,
    /// The id of this apply. Every clone has it.
    apply_id: ObjectId,
    /// Which revision of the snapshot was applied.
    snapshot_revision: u32,
    /// Warnings about the completed apply; at most 200 are listed.
    warnings: Vec<ListedWarning<'a>>,
    /// The total number of warnings; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warnings_total: Option<usize>,
}

/// A warning about an apply that succeeds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Warning)]
pub(crate) struct ListedWarning<'a> {
    #[schema(schema_with = open_codes::<WarningCode>)]
    code: WarningCode,
    /// The name of the automation; empty if the warning is not about one. More than 120 characters end in an ellipsis.
    automation_name: &'a str,
    /// The id of the automation in the source organization; left out if the snapshot has no such automation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    automation_id: Option<ObjectId>,
    /// The references without a target; at most 200 are listed.
    references: &'a [Reference],
    /// The total number of references; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    references_total: Option<usize>,
    /// The places that the warning is about, as JSON pointers into the document in the snapshot; left out if the list is
    /// empty. At most 200 are listed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pointers: &'a [String],
    /// The total number of places; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointers_total: Option<usize>,
    /// What happened and what to do about it.
    detail: &'a str,
}

impl<'a> ApplyAnswer<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        user_id: ObjectId,
        user_email: &'a Email,
        apply_id: ObjectId,
        revision: u32,
        work: &Work,
    ) -> Result<Self, ApiError> {
        let warnings = listed(plan.told(), work)?;
        let Outcome { cloned, mapped, skipped } = plan.outcome;
        let result = ApplyResult {
            user_id,
            user_email: user_email.shown(),
            cloned,
            mapped,
            skipped,
            apply_id,
            snapshot_revision: revision,
            warnings_total: (warnings.len() < plan.told().count()).then(|| plan.told().count()),
            warnings,
        };
        Ok(Self { message: "Snapshot applied", result, invitation: None })
    }
}

/// Adds an invitation to the JSON of an answer.
pub(crate) fn with_invitation(mut answer: String, invitation: &InvitationDocument) -> Result<String, ApiError> {
    let invitation = serde_json::to_string(invitation).map_err(ApiError::internal)?;
    match answer.pop() {
        Some('}') => Ok(format!("{answer},\"invitation\":{invitation}}}")),
        _ => Err(ApiError::internal("the answer of an apply is no object")),
    }
}

/// Returns the warnings that fit an answer.
pub(crate) fn listed<'a>(
    warnings: impl Iterator<Item = &'a Warning>,
    work: &Work,
) -> Result<Vec<ListedWarning<'a>>, ApiError> {
    let mut room = MAX_WARNING_BYTES;
    let mut listed = Vec::new();
    for warning in warnings.take(MAX_LISTED).map(ListedWarning::of) {
        if let Some(left) = room.checked_sub(written(&warning, work)?.len()) {
            room = left;
            listed.push(warning);
        }
    }
    Ok(listed)
}

impl<'a> ListedWarning<'a> {
    fn of(warning: &'a Warning) -> Self {
        Self {
            code: warning.code,
            automation_name: &warning.automation_name,
            automation_id: warning.automation_id,
            references: &warning.references.listed,
            references_total: warning.references.total_beyond(warning.references.listed.len()),
            pointers: &warning.pointers.listed,
            pointers_total: warning.pointers.total_beyond(warning.pointers.listed.len()),
            detail: &warning.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::plan::CountedList;

    use super::*;

    fn warning(references: usize, detail: &str) -> Warning {
        let reference: Reference = serde_json::from_value(serde_json::json!({
            "automationName": "a", "automationId": "64eea1110000000000000401", "field": "targetStage", "value": "v", "refType": "pipelineStage", "fieldLocation": "actions"
        }))
        .unwrap();
        Warning {
            code: WarningCode::UnmappedReference,
            automation_name: "a".into(),
            automation_id: None,
            references: CountedList { listed: vec![reference; references.min(MAX_LISTED)], total: references },
            pointers: CountedList::default(),
            detail: detail.into(),
        }
    }

    fn answer(warnings: Vec<Warning>) -> serde_json::Value {
        let plan = Plan { warnings, ..Plan::default() };
        let (id, email) = (ObjectId::from_bytes([1; 12]), Email::parse("casey@acme.example").unwrap());
        serde_json::to_value(ApplyAnswer::new(&plan, id, &email, id, 1, &Work::unlimited()).unwrap()).unwrap()["result"]
            .clone()
    }

    #[test]
    fn a_list_stops_at_200_entries_and_tells_the_total() {
        for (length, listed, total) in [(199, 199, None), (200, 200, None), (201, 200, Some(201))] {
            let result = answer(vec![warning(0, ""); length]);
            assert_eq!(result["warnings"].as_array().unwrap().len(), listed);
            assert_eq!(result.get("warningsTotal").and_then(serde_json::Value::as_u64), total);
            let result = answer(vec![warning(length, "")]);
            assert_eq!(result["warnings"][0]["references"].as_array().unwrap().len(), listed);
            assert_eq!(result["warnings"][0].get("referencesTotal").and_then(serde_json::Value::as_u64), total);
        }
    }

    #[test]
    fn warnings_stay_small_enough_for_a_record() {
        let long = "x".repeat(1_000);
        let result = answer(vec![warning(0, &long); 100]);
        let listed = result["warnings"].as_array().unwrap().len();
        assert!((1..64).contains(&listed), "{listed}");
        assert_eq!(result["warningsTotal"], 100);
        // A warning that is too large does not hide the others.
        let result = answer(vec![warning(0, &"x".repeat(65_000)), warning(0, "small")]);
        assert_eq!(result["warnings"][0]["detail"], "small");
        assert_eq!(result["warningsTotal"], 2);
    }
}
