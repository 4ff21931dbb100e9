//! What the description says of an undo.

use lambda_http::http::StatusCode;
use serde_json::json;
use shared::domain::usage::Trace;
use shared::http::operation::OperationDescription;
use shared::http::{ApiError, ApplyOperation, FieldError};

use super::{about_applies, applied};
use crate::undo::{UndoAnswer, UndoBody};

const UNDO: &str = "\
Takes an apply of your own organization back: the new user is gone with everything that it has, all at once for \
everybody who looks, and the address is free. Undone twice is the same answer.

It is refused with 409 `setup_in_use` when the user has signed in or accepted an invitation, was disabled or given another role, or \
anything of the setup or the profile was changed since; `errors` then tells what, at most 200 of it. A SUPERADMIN of your \
organization undoes it nevertheless with `\"force\": true`, also where another system has deleted the user already. An ADMIN \
[removes the user](#removeUser) instead. Nobody undoes the apply that made itself.

`dryRun=true` tells in `plan` what the undo would do now, and writes nothing: what it would delete, and in `reasons` what stands in its \
way, as a refusal has it.

After a 503 it may have begun: nobody sees anything of the user then. Send the request again, and it is carried on; if you do not, \
it is carried on all the same, within two minutes.

The `Idempotency-Key` of an undone apply is spent: [apply](#applySnapshot) answers 409 `apply_undone` under it.";

pub(super) fn undo() -> OperationDescription {
    let retry_after = std::time::Duration::from_secs(1);
    let mut undone = applied(false);
    undone["state"] = json!("undone");
    undone["undoneAt"] = json!("2026-05-15T09:10:00.000Z");
    undone["undoneBy"] = json!("64ee9a8b1e7f2a00112233a2");
    let signed_in = "2026-05-15T09:05:00.000Z".parse().map(Trace::SignedIn);
    about_applies(ApplyOperation::UndoApply)
        .path_id("applyId", "The apply.")
        .does("Undo an apply", UNDO)
        .flag("dryRun", "Whether to tell what the undo would do, and do nothing; false when absent.")
        .optional_body::<UndoBody>(
            "{\"force\": false}",
            FieldError::new("/force", "expected a boolean, found a string"),
        )
        .refuses([
            ApiError::ApplyNotFound,
            ApiError::SetupInUse(signed_in.into_iter().collect()),
            ApiError::InProgress { retry_after },
            ApiError::ApplyAborted,
            ApiError::UserRemoved,
        ])
        .answers::<UndoAnswer<'static>>(
            StatusCode::OK,
            "Nothing of the apply is left, and the address is free.",
            &[],
            json!({"message": "Apply undone", "apply": undone}),
        )
        .build()
}
