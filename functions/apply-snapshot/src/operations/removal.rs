//! What the description says of the removal of a user.

use lambda_http::http::StatusCode;
use serde_json::json;
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, ApplyOperation};

use crate::execution::WAIT;
use crate::removal::RemovalAnswer;

const REMOVE: &str = "\
Removes a user of **your own** organization with everything that it has: profile, setup, password, open invitation. All of it is gone at \
once for everybody who looks: nobody signs in as the user, its tokens end, and nothing can be captured of it. Once the answer is there, \
the address is free.

You remove others up to your own role, and never yourself (403), so somebody who administers the organization stays. A SUPERADMIN of \
another organization is 409 `last_admin` where nobody would. Snapshots of the \
user's setup and the setups that others made of them stay.

After a 503 it may have begun: nobody sees anything of the user then, and the address is reserved (409 `in_progress` for an apply). Send \
the request again, and it is carried on; if you do not, it is carried on all the same, within two minutes. A user who is removed is \
unknown: 404.

The apply that made the user stays in the history with `userRemovedAt` and without the address. It is not undone any more, and its \
`Idempotency-Key` is spent: both are 409 `user_removed`.";

pub(super) fn remove() -> OperationDescription {
    Operation::new(ApplyOperation::RemoveUser)
        .works()
        .path_id("userId", "The user.")
        .no_query()
        .does("Remove a user", REMOVE)
        .if_match("The `ETag` of the user as you know it: refuses with 412 where anything of it has changed since.")
        .refuses([ApiError::UserNotFound, ApiError::LastAdministrator, ApiError::InProgress { retry_after: WAIT }])
        .answers::<RemovalAnswer>(
            StatusCode::OK,
            "Nothing of the user is left, and the address is free.",
            &[],
            json!({"message": "User removed"}),
        )
        .build()
}
