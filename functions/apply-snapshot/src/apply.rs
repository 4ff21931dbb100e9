//! `POST /api/user-snapshots/{id}/apply`.

use std::time::Duration;

use lambda_http::Request;
use lambda_http::http::StatusCode;
use shared::domain::Principal;
use shared::domain::plan::{Origin, Plan};
use shared::http::{Answer, ApiError, FieldError, IfMatch, RequestContext};
use shared::password_hash::SALT_BYTES;
use shared::store::{Applied, Applies, Apply, Table};

use crate::judge::{Judged, authorize};
use crate::request::{NewUser, Wanted};
use crate::{App, answer};

/// Authorize, read everything at once while the password is hashed, plan, write.
pub(crate) async fn apply(
    app: &App,
    table: &Table,
    context: &RequestContext,
    request: &Request,
) -> Result<Answer, ApiError> {
    let asked = authorize(&app.edge, context, request)?;
    let if_match = IfMatch::of(request)?;
    let Wanted { choices, new_user } = Wanted::parse(request)?;
    asked.may_grant(new_user.role)?;

    let mut salt = [0; SALT_BYTES];
    app.edge.randomness.fill(&mut salt);
    let (password_hash, judged) =
        tokio::join!(app.hasher.hash(new_user.password.password(), salt), asked.judge(table, &choices));
    let judged = judged?;
    refuse(&judged.plan)?;
    if_match.check(judged.plan.hash())?;
    let password_hash = &password_hash?;
    write(app, table, context, Made { principal: &asked.principal, judged, new_user: &new_user, password_hash }).await
}

/// Fails with everything for which the plan is refused.
fn refuse(plan: &Plan) -> Result<(), ApiError> {
    if plan.refusals.is_empty() {
        return Ok(());
    }
    let errors = plan.refusals.iter().map(|refusal| FieldError::new(&refusal.pointer, &refusal.detail));
    Err(ApiError::Refused(errors.collect()))
}

/// What is known once everything is read and judged.
struct Made<'a> {
    principal: &'a Principal,
    judged: Judged,
    new_user: &'a NewUser,
    password_hash: &'a str,
}

/// Makes every id, and writes everything or nothing.
async fn write(app: &App, table: &Table, context: &RequestContext, made: Made<'_>) -> Result<Answer, ApiError> {
    let Made { principal, judged: Judged { snapshot, plan }, new_user, password_hash } = made;
    let (randomness, now) = (&app.edge.randomness, context.now());
    let origin =
        Origin { apply: randomness.object_id(now), snapshot: snapshot.id, revision: snapshot.revision, at: now };
    let user = new_user.profile(randomness.object_id(now), principal.organization, now);
    let answer = answer::Applied::new(&plan, user.id, &user.email, origin.apply, origin.revision);
    let answer = serde_json::to_string(&answer).map_err(ApiError::internal)?;
    let apply = Apply {
        origin,
        caller: principal,
        plan_hash: &plan.hash(),
        user: &user,
        password_hash,
        arrival: &plan.arrive(&origin),
        answer: &answer,
    };
    match Applies::new(table).commit(&apply).await? {
        Applied::Committed => Ok(Answer::json_text(StatusCode::CREATED, answer)),
        Applied::EmailTaken => Err(ApiError::EmailTaken),
        Applied::EmailReserved => Err(ApiError::InProgress { retry_after: Duration::from_secs(1) }),
        Applied::TooLarge(detail) => Err(ApiError::SetupTooLarge { detail }),
    }
}
