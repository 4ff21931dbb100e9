//! What the description says of the routes that show users.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::json;
use shared::domain::ItemKind;
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, ManageOperation};

use crate::people::UserAnswer;
use crate::setup::{SetupAnswer, WAIT};
use crate::users::UserPage;

pub(super) fn list() -> OperationDescription {
    const TEXT: &str = "\
The users of **your own** organization, newest first. A user whom another system made without a place in the list is not in it; \
[getUser](#getUser) shows it by its id. Pages work as in [the list of snapshots](#listSnapshots).";
    Operation::new(ManageOperation::ListUsers)
        .works()
        .does("List the users of your organization", TEXT)
        .paged()
        .answers::<UserPage>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({"users": [{
                "_id": "64ee9a8b1e7f2a0011223399",
                "fullName": "Alex Rep",
                "email": "alex@acme.example",
                "accessRole": "SALES_REP"
            }]}),
        )
        .build()
}

pub(super) fn get() -> OperationDescription {
    const TEXT: &str = "\
One user of **your own** organization, with its profile, role and access. Send the `ETag` as `If-Match` when you \
[change](#changeUser) it. A user of another organization is answered as one that does not exist.";
    Operation::new(ManageOperation::GetUser)
        .works()
        .does("Get a user", TEXT)
        .path_id("userId", "The user.")
        .no_query()
        .refuses([ApiError::UserNotFound])
        .answers::<UserAnswer<'static>>(
            StatusCode::OK,
            "The user.",
            &[ETAG],
            json!({"user": {
                "_id": "64ee9a8b1e7f2a0011223399",
                "organizationId": "64ee9a8b1e7f2a0011223344",
                "email": "alex@acme.example",
                "fullName": "Alex Rep",
                "accessRole": "SALES_REP",
                "loginDisabled": false,
                "firstSignInAt": "2026-05-15T09:10:00.000Z",
                "createdAt": "2026-05-15T09:00:00.000Z",
                "updatedAt": "2026-05-15T09:00:00.000Z"
            }}),
        )
        .build()
}

pub(super) fn setup() -> OperationDescription {
    const TEXT: &str = "\
What a user of **your own** organization has now: its automations, prompts and templates with all fields, which automations are switched \
on, and the captured item that each clone was made of.

No secret is shown. `hiddenSecrets` names the values that the user has and that are replaced in the answer, as in a snapshot. \
`secretsMissing` names the values that a capture removed and that are still to be filled in: a placeholder, or the address of a \
webhook of a clone that has scheme and host alone.

A page is the setup at one moment. If it is being changed all the time, the answer is 409 `source_busy`. Another page is another moment: \
start over if its `setupVersion` is another one.";
    Operation::new(ManageOperation::GetSetup)
        .works()
        .does("Show what a user has", TEXT)
        .path_id("userId", "The user.")
        .filtered_by::<ItemKind>("kind", "Only items of this kind.")
        .paged()
        .refuses([ApiError::UserNotFound, ApiError::SourceBusy { retry_after: WAIT }])
        .answers::<SetupAnswer<'static>>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({
                "setupVersion": 1,
                "origin": {"snapshotId": "665f1a0c0e0a4b001a2c9f80", "applyId": "665f1a0c0e0a4b001a2c9f81"},
                "items": [{
                    "_id": "665f1a0c0e0a4b001a2c9f85",
                    "kind": "automation",
                    "enabled": false,
                    "origin": {
                        "snapshotId": "665f1a0c0e0a4b001a2c9f80", "revision": 1, "sourceId": "64eea1110000000000000105"
                    },
                    "secretsMissing": ["/webhookHeaders/Authorization"],
                    "document": {
                        "name": "Tell billing about a closed deal",
                        "webhookHeaders": {"Authorization": "[removed secret]"}
                    }
                }]
            }),
        )
        .build()
}
