//! What the API's description says of this function's route.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::json;
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, CreateOperation, FieldError, FunctionOperation};

use super::CreateAnswer;
use super::request::{CreateBody, EXAMPLE};

const CAPTURE: &str = "\
Captures the setup of one user as it is at this moment: automations with their on/off switches, prompts and templates, and \
the pipeline stages and agents that the automations refer to. The snapshot does not change when the source user goes on \
working, until [a refresh](#refreshSnapshot) captures the setup again.

Secrets never travel: webhook URLs keep scheme and host only, webhook headers and payload values and whatever looks like a \
credential are replaced by a placeholder. [The items](#listSnapshotItems) tell the places, as `removedSecrets`.

An ADMIN captures users of its own organization only, a SUPERADMIN anybody. At first only the source organization sees the \
snapshot; [the assignment](#assignSnapshot) changes that.

A setup that somebody edits all the time may be answered 409 `source_busy`; wait as long as `Retry-After` says and repeat. A \
snapshot holds at most 5,000 items, 16 MB of JSON and 3.5 MB once compressed; 413 `setup_too_large` tells which figure was \
too high. What is stored in a form that cannot be read is left out and named by `leftOut`; where that is the source user's own \
profile, it is 422 `source_unreadable`.";

const KEY: &str = "\
Your own name for this request. Repeat the request under the same key when no answer came: it makes one snapshot however often \
it is sent, and the answer shows that snapshot as it is now.";

/// The descriptions, for the document of the whole API.
pub fn operations() -> impl Iterator<Item = OperationDescription> {
    CreateOperation::ALL.iter().map(|operation| match operation {
        CreateOperation::CreateSnapshot => create(),
    })
}

fn create() -> OperationDescription {
    let retry_after = std::time::Duration::from_secs(1);
    Operation::new(CreateOperation::CreateSnapshot)
        .does("Capture a user's setup as a snapshot", CAPTURE)
        .no_query()
        .idempotency_key(KEY)
        .body::<CreateBody>(EXAMPLE, FieldError::new("/sourceOrgId", "this field is required"))
        .refuses([
            ApiError::SourceBusy { retry_after },
            ApiError::SourceUnreadable,
            ApiError::SnapshotDeleted,
            ApiError::SetupTooLarge {
                detail: "the setup has 3600000 bytes once compressed; a snapshot takes at most 3500000".to_owned(),
            },
            ApiError::refused("/sourceUserId", super::NO_SUCH_USER),
        ])
        .works()
        .answers::<CreateAnswer<'static>>(
            StatusCode::CREATED,
            "The snapshot was made. Its `ETag` goes with the first change.",
            &[ETAG],
            json!({
                "message": "Snapshot created",
                "snapshot": {
                    "_id": "665f1a0c0e0a4b001a2c9f80",
                    "name": "Top performer baseline 2026-05",
                    "description": "Senior AE automations and prompts for Q2 rollout.",
                    "sourceOrgId": "64ee9a8b1e7f2a0011223344",
                    "sourceOrgName": "Acme Corp",
                    "sourceUserEmail": "alex@acme.example",
                    "sourceUserName": "Alex Rep",
                    "counts": {"automations": 5, "prompts": 8, "templates": 12},
                    "createdBy": "64ee9a8b1e7f2a001122339b",
                    "createdByName": "Pat Admin",
                    "createdByRole": "ADMIN",
                    "isGlobal": false,
                    "assignedOrgIds": ["64ee9a8b1e7f2a0011223344"],
                    "createdAt": "2026-05-15T09:00:00.000Z",
                    "updatedAt": "2026-05-15T09:00:00.000Z",
                    "version": "1.1",
                    "revision": 1,
                    "revisedAt": "2026-05-15T09:00:00.000Z"
                }
            }),
        )
        .build()
}
