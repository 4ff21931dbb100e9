//! What the API's description says of this function's routes.

mod users;

use lambda_http::http::StatusCode;
use serde_json::{Value, json};
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, FieldError, FunctionOperation, SignInOperation};

use super::TokenAnswer;
use super::login::{LoginAnswer, LoginBody};
use super::password::PasswordBody;

const LOGIN: &str = "\
Gives a token for one hour. Every other route under `/api` wants it as `Authorization: Bearer <token>`.

An unknown address, a wrong password and a user who may not sign in get the same 401. After ten failures within 15 minutes an \
address is locked, for the network of the client (IPv4 /24, IPv6 /48) and the rest of them: 429, with the seconds to wait in \
`Retry-After`. After 500 failures from all networks it is locked for networks that did not sign in with it within 30 days; one attempt a \
minute of those is let through. An address may have 50 attempts in flight from one network.";

const VERIFY: &str = "\
A token is good while it has not run out and its user still exists, may sign in, and has the same password, role and organization. \
Every 401 has `error` exactly `Invalid or expired token`.";

const PASSWORD: &str = "\
Changes your own password, and ends every token that you have, this one included: the answer has a new one, as that of \
[login](#login).

The current password is judged as at a sign-in, under the same limits. Somebody who has forgotten it asks an administrator for an \
[invitation](#inviteUser).";

/// The descriptions, for the document of the whole API.
pub fn operations() -> impl Iterator<Item = OperationDescription> {
    SignInOperation::ALL.iter().map(|operation| match operation {
        SignInOperation::Login => login(),
        SignInOperation::VerifyToken => verify_token(),
        SignInOperation::ChangeUser => users::change(),
        SignInOperation::InviteUser => users::invite(),
        SignInOperation::AcceptInvitation => users::accept(),
        SignInOperation::ChangePassword => change_password(),
    })
}

fn login() -> OperationDescription {
    let retry_after = std::time::Duration::from_secs(540);
    Operation::new(SignInOperation::Login)
        .does("Sign in", LOGIN)
        .body::<LoginBody>(
            r#"{"email": "pat@acme.example", "password": "Demo-Pass-2026!"}"#,
            FieldError::new("/password", "this field is required"),
        )
        .refuses([
            ApiError::InvalidCredentials,
            ApiError::refused("/email", "not an e-mail address: it has no @"),
            ApiError::TooManyAttempts { retry_after },
        ])
        .works()
        .answers::<LoginAnswer<'static>>(StatusCode::OK, "Signed in.", &[], signed_in())
        .build()
}

fn change_password() -> OperationDescription {
    let retry_after = std::time::Duration::from_secs(540);
    Operation::new(SignInOperation::ChangePassword)
        .does("Change your own password", PASSWORD)
        .body::<PasswordBody>(
            r#"{"currentPassword": "TempPass!2026", "newPassword": "Quiet-Harbour-42"}"#,
            FieldError::new("/newPassword", "this field is required"),
        )
        .refuses([
            ApiError::refused("/currentPassword", "this is not your password"),
            ApiError::TooManyAttempts { retry_after },
        ])
        .works()
        .answers::<LoginAnswer<'static>>(StatusCode::OK, "The password is changed.", &[], signed_in())
        .build()
}

/// An example of a token and its user.
fn signed_in() -> Value {
    json!({
        "token": "<token>",
        "user": {
            "id": "64ee9a8b1e7f2a001122339b",
            "email": "pat@acme.example",
            "fullName": "Pat Admin",
            "organizationId": "64ee9a8b1e7f2a0011223344",
            "accessRole": "ADMIN"
        }
    })
}

fn verify_token() -> OperationDescription {
    Operation::new(SignInOperation::VerifyToken)
        .does("Tell whether a token is good", VERIFY)
        .works()
        .answers::<TokenAnswer>(StatusCode::OK, "It is good.", &[], json!({"message": "Token is good"}))
        .build()
}
