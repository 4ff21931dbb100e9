//! What the description says of the routes that show users.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::json;
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, ManageOperation};

use crate::people::UserAnswer;
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
