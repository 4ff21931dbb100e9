//! What the description says of the history of an organization.

use lambda_http::http::StatusCode;
use serde_json::json;
use shared::domain::{Email, ObjectId};
use shared::http::ApplyOperation;
use shared::http::operation::{Operation, OperationDescription};

use crate::timeline::TimelinePage;
use crate::timeline_document::TimelineState;

const TIMELINE: &str = "\
Who applied which snapshot in **your own** organization, when, and with which outcome, across all snapshots: the latest first. It does not \
matter whether the snapshots are there, or whether you see them. An ADMIN does not see applies that made a SUPERADMIN.

An apply is in the list once it has made its user, or was abandoned; one that is under way is in [the list of its \
snapshot](#listApplies). It stays in its place when it is undone or its user removed.

A refused apply is in the list for 90 days: one that was answered with 409, 412 or 422, but for 409 `in_progress`. Of each caller 20 an hour \
are kept.

The list may lag behind by moments. `from`, `to`, `state`, `userEmail` and `snapshotId` narrow it down. A request looks at no more than \
1,000 users and applies, so a page may be short, and even empty, and still have a `nextCursor`.";

pub(super) fn timeline() -> OperationDescription {
    Operation::new(ApplyOperation::ListOrganizationApplies)
        .works()
        .does("List the applies of your organization by time", TIMELINE)
        .moment("from", "The first moment of the list (RFC 3339).")
        .moment("to", "The moment before which the list ends (RFC 3339).")
        .filtered_by::<TimelineState>("state", "Only applies in this state.")
        .filtered_by::<Email>(
            "userEmail",
            "Only applies whose entry shows this address of the new user, in any spelling.",
        )
        .filtered_by::<ObjectId>("snapshotId", "Only applies of this snapshot.")
        .paged()
        .answers::<TimelinePage>(
            StatusCode::OK,
            "A page of applies.",
            &[],
            json!({
                "applies": [
                    {
                        "_id": "665f1a2a0e0a4b001a2c9f83",
                        "state": "refused",
                        "snapshotId": "665f19e20e0a4b001a2c9f7e",
                        "appliedBy": "64ee9a8b1e7f2a00112233a2",
                        "appliedByName": "Sam Super",
                        "appliedByRole": "SUPERADMIN",
                        "appliedAt": "2026-05-15T09:00:30.000Z",
                        "userEmail": "casey@acme.example",
                        "accessRole": "SALES_REP",
                        "reason": {
                            "code": "refused",
                            "pointers": ["/pipelineMapping/Move to Contacted on first reply/Contacted"],
                            "requestId": "665f1a2a0e0a4b001a2c9f82"
                        }
                    },
                    {
                        "_id": "665f1a0c0e0a4b001a2c9f81",
                        "state": "applied",
                        "snapshotId": "665f19e20e0a4b001a2c9f7e",
                        "snapshotRevision": 1,
                        "appliedBy": "64ee9a8b1e7f2a00112233a2",
                        "appliedByName": "Sam Super",
                        "appliedByRole": "SUPERADMIN",
                        "appliedAt": "2026-05-15T09:00:00.000Z",
                        "userId": "64ee9a8b1e7f2a001122339c",
                        "userEmail": "casey@acme.example",
                        "accessRole": "SALES_REP"
                    },
                    {
                        "_id": "665f19f30e0a4b001a2c9f7f",
                        "state": "aborted",
                        "snapshotId": "665f19e20e0a4b001a2c9f7e",
                        "snapshotRevision": 1,
                        "appliedBy": "64ee9a8b1e7f2a00112233a2",
                        "appliedByName": "Sam Super",
                        "appliedByRole": "SUPERADMIN",
                        "appliedAt": "2026-05-15T08:30:00.000Z",
                        "userId": "64ee9a8b1e7f2a001122339b",
                        "accessRole": "SALES_REP",
                        "reason": {"code": "interrupted"}
                    }
                ],
                "nextCursor": "ATIwMjYtMDUtMTVUMDg6MzA6MDAuMDAwWiM2NGVlOWE4YjFlN2YyYTAwMTEyMjMzOWI"
            }),
        )
        .build()
}
