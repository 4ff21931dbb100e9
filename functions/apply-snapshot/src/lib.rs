//! `POST /api/user-snapshots/{id}/apply`: makes a new user in the caller's organization with the setup of a snapshot.

mod answer;
mod request;

use std::convert::Infallible;
use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::domain::plan::{Origin, Plan, Scope, plan};
use shared::domain::rights::Action;
use shared::domain::{Organization, Principal, Snapshot};
use shared::http::{Answer, ApiError, Edge, FieldError, RequestContext, respond};
use shared::password_hash::{PasswordHasher, SALT_BYTES};
use shared::store::{
    Applied, Applies, Apply, Callers, Captures, Organizations, SnapshotReader, SnapshotWithContent, Table,
};

use self::request::Wanted;

/// What this function works with.
#[derive(Clone)]
pub struct App {
    /// The edge.
    pub edge: Edge,
    /// The table.
    pub table: Table,
    /// Hashes the new user's password.
    pub hasher: PasswordHasher,
}

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    respond(&app.edge, request, async |context, request| {
        let table = app.table.metered();
        let outcome = apply(app, &table, context, request).await;
        context.record_consumed(table.consumed());
        outcome
    })
    .await
}

/// Authorize, read everything at once while the password is hashed, plan, write.
async fn apply(app: &App, table: &Table, context: &RequestContext, request: &Request) -> Result<Answer, ApiError> {
    let caller = context.authenticate(&app.edge, request)?;
    let principal = caller.principal();
    if !principal.may_ever(Action::Use) {
        return Err(ApiError::Forbidden("applying a snapshot needs the role ADMIN or SUPERADMIN".into()));
    }
    let snapshot_id = context.path_id("id")?;
    let wanted = Wanted::parse(request)?;
    if !principal.may_grant(wanted.new_user.role) {
        let detail = format!("the new user's role is above yours; accessRole may be at most {}", principal.role);
        return Err(ApiError::Forbidden(detail));
    }

    let mut salt = [0; SALT_BYTES];
    app.edge.randomness.fill(&mut salt);
    let (callers, organizations, snapshots) =
        (Callers::new(table), Organizations::new(table), SnapshotReader::new(table));
    let (password_hash, stored, organization, snapshot) = tokio::join!(
        app.hasher.hash(wanted.new_user.password.password(), salt),
        callers.load(principal.organization, principal.user),
        organizations.load(&principal.organization),
        snapshots.load(snapshot_id, &principal, Action::Use),
    );
    caller.confirm(stored?)?;
    let snapshot = snapshot?.ok_or(ApiError::SnapshotNotFound)?;
    let targets = organization?.ok_or(ApiError::Unauthenticated("the caller's organization is gone"))?;

    let plan = plan_for(table, &snapshot, &targets, &wanted).await?;
    let made = Made {
        principal: &principal,
        snapshot: &snapshot.snapshot,
        wanted: &wanted,
        plan,
        password_hash: password_hash?,
    };
    write(app, table, context, made).await
}

/// Judges the request against the snapshot and the caller's organization. Within the source's own organization it takes
/// one more read: which of the source's automations still exist.
async fn plan_for(
    table: &Table,
    snapshot: &SnapshotWithContent,
    targets: &Organization,
    wanted: &Wanted,
) -> Result<Plan, ApiError> {
    let source = &snapshot.snapshot.source;
    let content = snapshot.content()?;
    let scope = if source.organization == targets.id {
        Scope::SameOrganization {
            automations: Captures::new(table).automations(&source.organization, &source.user).await?,
        }
    } else {
        Scope::OtherOrganization
    };
    let plan = plan(&content, &scope, targets, &wanted.choices);
    if plan.refusals.is_empty() {
        return Ok(plan);
    }
    Err(ApiError::Refused(
        plan.refusals.into_iter().map(|refusal| FieldError::new(refusal.pointer, refusal.detail)).collect(),
    ))
}

/// Makes every id, and writes everything or nothing.
async fn write(app: &App, table: &Table, context: &RequestContext, made: Made<'_>) -> Result<Answer, ApiError> {
    let Made { principal, snapshot, wanted, plan, password_hash } = made;
    let (randomness, now) = (&app.edge.randomness, context.now());
    let origin =
        Origin { apply: randomness.object_id(now), snapshot: snapshot.id, revision: snapshot.revision, at: now };
    let user = wanted.new_user.profile(randomness.object_id(now), principal.organization, now);
    let answer = answer::Applied::new(&plan, user.id, &user.email, origin.apply, origin.revision);
    let answer = serde_json::to_string(&answer).map_err(ApiError::internal)?;
    let applied = Applies::new(table)
        .commit(&Apply {
            origin,
            caller: principal,
            plan_hash: &plan.hash(),
            user: &user,
            password_hash: &password_hash,
            arrival: &plan.arrive(&origin),
            answer: &answer,
        })
        .await?;
    match applied {
        Applied::Committed => Ok(Answer::json_text(StatusCode::CREATED, answer)),
        Applied::EmailTaken => Err(ApiError::EmailTaken),
        Applied::EmailReserved => Err(ApiError::InProgress { retry_after: Duration::from_secs(1) }),
        Applied::TooLarge(detail) => Err(ApiError::SetupTooLarge { detail }),
    }
}

/// What is known once everything is read and judged.
struct Made<'a> {
    principal: &'a Principal,
    snapshot: &'a Snapshot,
    wanted: &'a Wanted,
    plan: Plan,
    password_hash: String,
}
