//! What the description says of the routes about users and their invitations.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::{Value, json};
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, AtLeastOne, FieldError, SignInOperation};

use crate::acceptance::{AcceptAnswer, AcceptBody};
use crate::invitations::InvitationAnswer;
use crate::users::{UserAnswer, UserBody, WAIT};

/// A token as an example: of no user.
const TOKEN: &str = "64ee9a8b1e7f2a0011223345.665f1a0c0e0a4b001a2c9f82.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const CHANGE: &str = "\
Changes a user of **your own** organization: the profile, the role, and whether the user may sign in. Null removes `fullName`, \
`phoneNumber`, `designation` or `departmentId`.

Another role and a disabling end the user's tokens at once. Nobody changes a user whose role is above its own, or gives such a role, or \
disables itself (403), and somebody who administers the organization stays (409 `last_admin`).

Another `email` is the address to sign in with from then on, with the same password. An open invitation ends with the former address. \
A profile is part of the setup, so a capture sees the change; role and access are not.";

const INVITE: &str = "\
Makes a fresh invitation for a user of **your own** organization, up to your own role and never for yourself: the one-time token with \
which the user sets a password by [acceptInvitation](#acceptInvitation). It is also how a forgotten password is reset: the former \
password is good until the invitation is accepted.

The token is shown once, and lasts for 72 hours. A user has one open invitation: an earlier one is worth nothing any more.";

const ACCEPT: &str = "\
Sets the password of an invited user, who can [sign in](#login) with it then. The token is good once, and everything that was signed in \
before is signed out.

A token that is wrong, spent, replaced or expired, or whose user is gone or disabled, gets the same 401. After ten such attempts within \
15 minutes for one user from one network (IPv4 /24, IPv6 /48) the rest of them are answered 429, with the seconds to wait in `Retry-After`.";

/// What an operation about one user begins with.
fn of_user(operation: SignInOperation) -> Operation {
    let retry_after = WAIT;
    Operation::new(operation)
        .works()
        .path_id("userId", "The user.")
        .no_query()
        .refuses([ApiError::UserNotFound, ApiError::InProgress { retry_after }])
}

pub(super) fn change() -> OperationDescription {
    of_user(SignInOperation::ChangeUser)
        .does("Change a user", CHANGE)
        .if_match("The `ETag` of the user as you know it: refuses with 412 where anything of it has changed since.")
        .body::<AtLeastOne<UserBody>>(
            r#"{"designation": "Head of Sales", "loginDisabled": false}"#,
            FieldError::new("/loginDisabled", "expected a boolean, found a string"),
        )
        .refuses([
            ApiError::EmailTaken,
            ApiError::LastAdministrator,
            ApiError::refused("/email", "not an e-mail address: it has no @"),
        ])
        .answers::<UserAnswer<'static>>(
            StatusCode::OK,
            "The user as it is now.",
            &[ETAG],
            json!({"message": "User updated", "user": user()}),
        )
        .build()
}

pub(super) fn invite() -> OperationDescription {
    of_user(SignInOperation::InviteUser)
        .does("Invite a user, or reset a password", INVITE)
        .refuses([ApiError::EmailTaken])
        .answers::<InvitationAnswer>(
            StatusCode::CREATED,
            "The invitation, with its token.",
            &[],
            json!({"message": "Invitation created", "invitation": {
                "state": "open",
                "token": TOKEN,
                "expiresAt": "2026-05-18T09:00:00.000Z",
                "renew": "/api/users/665f1a0c0e0a4b001a2c9f82/invitation"
            }}),
        )
        .build()
}

pub(super) fn accept() -> OperationDescription {
    let retry_after = std::time::Duration::from_secs(540);
    Operation::new(SignInOperation::AcceptInvitation)
        .works()
        .does("Accept an invitation", ACCEPT)
        .body::<AcceptBody>(
            &json!({"token": TOKEN, "password": "Quiet-Harbour-42"}).to_string(),
            FieldError::new("/token", "this field is required"),
        )
        .refuses([
            ApiError::InvalidInvitation,
            ApiError::refused("/password", "the password is one of the most common ones; choose another"),
            ApiError::TooManyAttempts { retry_after },
        ])
        .answers::<AcceptAnswer<'static>>(
            StatusCode::OK,
            "The password is set.",
            &[],
            json!({"message": "Invitation accepted", "user": {
                "id": "665f1a0c0e0a4b001a2c9f82",
                "email": "casey@acme.example",
                "organizationId": "64ee9a8b1e7f2a0011223345"
            }}),
        )
        .build()
}

fn user() -> Value {
    json!({
        "_id": "64ee9a8b1e7f2a0011223399",
        "organizationId": "64ee9a8b1e7f2a0011223344",
        "email": "alex@acme.example",
        "fullName": "Alex Rep",
        "designation": "Head of Sales",
        "accessRole": "DEPARTMENT_HEAD",
        "loginDisabled": false,
        "createdAt": "2026-05-15T09:00:00.000Z",
        "updatedAt": "2026-05-15T10:00:00.000Z"
    })
}
