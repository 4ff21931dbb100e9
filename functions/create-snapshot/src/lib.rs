//! `POST /api/user-snapshots`: captures a user's setup as a named snapshot.

mod operations;
mod request;

use std::convert::Infallible;

use lambda_http::http::header::ETAG;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::call::serve;
use shared::domain::capture::{SourceSetup, capture};
use shared::domain::rights::Action;
use shared::domain::snapshot::Shares;
use shared::domain::{Counts, Creator, Fingerprint, LeftOut, Organization, RefreshState, Snapshot, Source, Work};
use shared::http::bounded::first_listed;
use shared::http::{Answer, ApiError, CreateOperation, Edge, IdempotencyKey, SnapshotDocument, etag};
use shared::refresh::TAKES_TOO_LONG;
use shared::store::{
    CanonicalContent, CaptureOutcome, Captures, CreateOutcome, ExistingSnapshot, PackedContent, Refreshes, Revisions,
    SnapshotCreator, SourceUser, Table,
};
use utoipa::ToSchema;

pub use self::operations::operations;
use self::request::CreateParameters;
pub use self::request::EXAMPLE;

const NO_SUCH_USER: &str = "the source organization has no user with this id";

/// What this function works with.
#[derive(Clone)]
pub struct App {
    /// The edge.
    pub edge: Edge,
    /// The table.
    pub table: Table,
}

/// One request of this function.
type Call<'a> = shared::call::Call<'a, App>;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    serve(app, &app.edge, &app.table, request, answer).await
}

async fn answer(call: &Call<'_>, operation: CreateOperation) -> Result<Answer, ApiError> {
    match operation {
        CreateOperation::CreateSnapshot => create(call).await,
    }
}

/// Authorize, read the source as one consistent cut, capture, write.
async fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    call.no_parameters()?;
    let key = IdempotencyKey::of(call.request)?;
    let parameters = call.read_body(CreateParameters::parse).await?;
    let caller = call.acting(caller, parameters.organization)?;
    let principal = caller.principal();
    call.context.audit().record_user(parameters.source_user, parameters.source_organization);
    if !principal.may_capture_in(parameters.source_organization) {
        return Err(ApiError::Forbidden(Action::Create.refusal().to_owned()));
    }

    let key = key.map(|key| key.derive_id(&principal, call.request));

    let deadline = call.context.deadline();
    let (captures, snapshots) = (Captures::new(call.table), SnapshotCreator::new(call.table));
    let made_before = async {
        match key {
            Some(id) => snapshots.find(id).await,
            None => Ok(None),
        }
    };
    let (confirmed, made, captured) = tokio::join!(
        call.confirm(&caller),
        made_before,
        captures.read(&parameters.source_organization, &parameters.source_user, &deadline),
    );
    let creator = confirmed?;
    if let Some(made) = made? {
        return repeat(call, &made, &parameters.fingerprint).await;
    }
    let SourceUser { setup, organization, email, full_name, .. } = *source_of(captured?)?;
    let capturing = deadline.compute(move |work| (pack(setup, &organization, work), organization)).await;
    let (packed, organization) = capturing.map_err(|error| ApiError::from_compute(error, TAKES_TOO_LONG))?;
    let (packed, counts, left_out) = packed?;
    let now = call.context.now();
    let snapshot = Snapshot {
        id: key.unwrap_or_else(|| call.edge.randomness.object_id(now)),
        name: parameters.name,
        description: parameters.description,
        source: Source {
            organization: organization.id,
            organization_name: organization.name,
            user: parameters.source_user,
            user_email: email,
            user_name: full_name,
        },
        counts,
        creator: Creator {
            id: creator.id,
            organization: creator.organization,
            name: creator.full_name,
            role: creator.role,
        },
        is_global: false,
        assigned: vec![organization.id],
        created_at: now,
        updated_at: now,
        revision: 1,
        revised_at: now,
        restored_from: None,
        version: 1,
        content: packed.address(),
        shares: Shares::default(),
    };
    call.context.record_snapshot(snapshot.id);
    match snapshots.create(&snapshot, &packed, key.map(|_| &parameters.fingerprint)).await? {
        CreateOutcome::Created => created(&snapshot, None, &left_out),
        CreateOutcome::Existing(made) => repeat(call, &made, &parameters.fingerprint).await,
    }
}

fn created(snapshot: &Snapshot, state: Option<RefreshState>, left_out: &[LeftOut]) -> Result<Answer, ApiError> {
    let document = SnapshotDocument::new(snapshot, snapshot.tag()).refreshed(state);
    let (left_out, left_out_total) = first_listed(left_out);
    let created =
        Answer::created(&CreateAnswer { message: "Snapshot created", snapshot: document, left_out, left_out_total })?;
    Ok(created.with_header(ETAG, etag(snapshot.tag())))
}

/// Answers a request whose key was used before: with the snapshot as it is now, and with what was left out of its first revision
/// while that is kept.
async fn repeat(call: &Call<'_>, made: &ExistingSnapshot, fingerprint: &Fingerprint) -> Result<Answer, ApiError> {
    match &made.stored {
        _ if !made.has_fingerprint(fingerprint) => Err(ApiError::KeyReused),
        Some(stored) => {
            call.context.record_snapshot(stored.snapshot.id);
            let (refreshes, revisions) = (Refreshes::new(call.table), Revisions::new(call.table));
            let (state, first) = tokio::join!(refreshes.state(stored.snapshot.id), revisions.load(stored, 1));
            let left_out = match first? {
                Some(first) => {
                    call.compute(move |work| Ok(first.content().content::<ApiError>(work)?.left_out)).await?
                }
                None => Vec::new(),
            };
            Ok(created(&stored.snapshot, state?, &left_out)?.replayed())
        }
        None => Err(ApiError::SnapshotDeleted),
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnapshotCreated)]
struct CreateAnswer<'a> {
    /// `Snapshot created`.
    message: &'static str,
    snapshot: SnapshotDocument<'a>,
    /// The parts of the source that could not be read and are not in the snapshot; left out if empty. At most 200 are
    /// listed.
    #[serde(skip_serializing_if = "<[LeftOut]>::is_empty")]
    #[schema(nullable = false)]
    left_out: &'a [LeftOut],
    /// The total number; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left_out_total: Option<usize>,
}

/// Returns the setup. Fails if it was not captured.
fn source_of(captured: CaptureOutcome) -> Result<Box<SourceUser>, ApiError> {
    match captured {
        CaptureOutcome::Taken(source) => Ok(source),
        CaptureOutcome::NoSuchUser => Err(ApiError::refused("/sourceUserId", NO_SUCH_USER)),
        CaptureOutcome::NoSuchOrganization => {
            Err(ApiError::refused("/sourceOrgId", "there is no organization with this id"))
        }
        CaptureOutcome::Busy => Err(ApiError::SourceBusy { retry_after: std::time::Duration::from_secs(1) }),
        CaptureOutcome::TooLarge(detail) => Err(ApiError::SetupTooLarge { detail }),
        CaptureOutcome::Unreadable => Err(ApiError::SourceUnreadable),
        CaptureOutcome::Unfinished(why) => Err(ApiError::from_compute(why, TAKES_TOO_LONG)),
    }
}

/// Captures `setup` in the form in which it is stored, where it fits.
fn pack(
    setup: SourceSetup,
    organization: &Organization,
    work: &Work,
) -> Result<(PackedContent, Counts, Vec<LeftOut>), ApiError> {
    let capture = capture(setup, organization, work)?;
    let packed = CanonicalContent::of(&capture, work)?.pack(work)??;
    match packed.excess() {
        None => Ok((packed, capture.counts(), capture.left_out().to_vec())),
        Some(detail) => Err(ApiError::SetupTooLarge { detail }),
    }
}
