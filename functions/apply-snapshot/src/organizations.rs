//! `POST /api/organizations` and `PATCH /api/organizations/{orgId}`: makes an organization, also from the pipelines and agents of another
//! one, and changes it.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde::{Deserialize, Serialize};
use shared::domain::rights::Action;
use shared::domain::{
    Fingerprint, ObjectId, Organization, OrganizationChange, OrganizationName, TrustedDestination, Work,
    check_trusted_destinations, pointer,
};
use shared::http::{
    Answer, ApiError, AuditField, FieldError, Fields, IdempotencyKey, IfMatch, OrganizationDocument, etag,
};
use shared::store::{CreateOrganizationOutcome, OrganizationEditor, Organizations, StoredOrganization};
use utoipa::ToSchema;

use crate::Call;
use crate::execution::WAIT;

/// How often a change starts over because another one came first.
const ATTEMPTS: u32 = 4;

pub(crate) const NO_SUCH_ORGANIZATION: &str = "there is no organization with this id";
const CREATED: &str = "Organization created";
const NOTHING_TO_CHANGE: &str = "there is nothing to change; give name, trustedDestinations, or both";

/// The organization to make.
// The fingerprint covers the JSON form.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CreateOrganization)]
pub(crate) struct CreateBody {
    /// The name. Two organizations may have one name.
    #[schema(value_type = OrganizationName)]
    name: String,
    /// The organization whose pipelines and agents are copied: of a pipeline its name, type and stages, of an agent its name and
    /// description. The copies have ids of their own.
    #[schema(nullable = false, value_type = Option<ObjectId>)]
    copy_from: Option<String>,
}

/// The fields to change; at least one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = ChangeOrganization)]
pub(crate) struct ChangeBody {
    /// The name. Snapshots that were captured before keep the former one.
    #[schema(nullable = false, value_type = Option<OrganizationName>)]
    name: Option<String>,
    /// All destinations to which automations of other organizations may send here without being allowed in each apply, as
    /// `destinations` of a plan has them.
    #[schema(nullable = false, value_type = Option<Vec<TrustedDestination>>, max_items = 200)]
    trusted_destinations: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationWritten)]
pub(crate) struct OrganizationAnswer<'a> {
    /// `Organization created` or `Organization updated`.
    message: &'static str,
    organization: OrganizationDocument<'a>,
}

struct CreateParameters {
    name: OrganizationName,
    copy_from: Option<ObjectId>,
    fingerprint: Fingerprint,
}

/// Authorizes, reads the source, copies its parts, writes everything or nothing.
pub(crate) async fn create(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    call.no_parameters()?;
    let key = IdempotencyKey::of(call.request)?;
    let CreateParameters { name, copy_from, fingerprint } = call.read_body(parse_create).await?;
    let key = key.map(|key| key.derive_id(&caller.principal(), call.request));
    let organizations = Organizations::new(call.table);
    let made_before = async {
        match &key {
            Some(id) => organizations.load_stored(id).await,
            None => Ok(None),
        }
    };
    let source = async {
        match &copy_from {
            Some(id) => organizations.load(id).await,
            None => Ok(None),
        }
    };
    let (confirmed, made, source) = tokio::join!(call.confirm(&caller), made_before, source);
    confirmed?;
    if let Some(made) = made? {
        return repeat(call, made, &fingerprint).await;
    }
    let source = source?;
    if copy_from.is_some() && source.is_none() {
        return Err(ApiError::refused("/copyFrom", NO_SUCH_ORGANIZATION));
    }
    let id = key.unwrap_or_else(|| call.edge.randomness.object_id(call.context.now()));
    let copying = call.compute(move |work| {
        let organization = Organization::copied(id, &name, source.as_ref(), work)?;
        let tag = OrganizationDocument::tag(&organization, work)?;
        let left_out = source.into_iter().flat_map(|source| source.left_out).collect();
        // What cannot be read is not copied, and named once.
        let shown = Organization { left_out, ..organization };
        Ok((answer(StatusCode::CREATED, CREATED, &shown, &tag, work)?, shown))
    });
    let (created, organization) = copying.await?;
    let fingerprint = key.map(|_| fingerprint);
    match OrganizationEditor::new(call.table).create(&organization, fingerprint.as_ref()).await? {
        CreateOrganizationOutcome::Created => {
            call.context.audit().record_organization(id);
            Ok(created)
        }
        CreateOrganizationOutcome::TooLarge(detail) => Err(ApiError::refused("/copyFrom", detail)),
        CreateOrganizationOutcome::Existing(made) => match fingerprint {
            Some(fingerprint) => repeat(call, *made, &fingerprint).await,
            None => Err(ApiError::internal("a new id is taken")),
        },
    }
}

/// Answers a request whose key was used before with the organization as it is now.
async fn repeat(call: &Call<'_>, made: StoredOrganization, fingerprint: &Fingerprint) -> Result<Answer, ApiError> {
    if !made.has_fingerprint(fingerprint) {
        return Err(ApiError::KeyReused);
    }
    call.context.audit().record_organization(made.organization.id);
    let answering = call.compute(move |work| {
        let tag = OrganizationDocument::tag(&made.organization, work)?;
        answer(StatusCode::CREATED, CREATED, &made.organization, &tag, work)
    });
    Ok(answering.await?.replayed())
}

/// Reads the organization and the caller, checks the demanded version, and writes.
pub(crate) async fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("orgId")?;
    if !caller.principal().may_within(Action::ChangeOrganization, id) {
        return Err(ApiError::Forbidden(Action::ChangeOrganization.refusal().to_owned()));
    }
    call.no_parameters()?;
    let if_match = IfMatch::of(call.request)?;
    let change = call.read_body(parse_change).await?;
    call.context.audit().record_fields([
        AuditField::named("name", change.name.as_ref()),
        AuditField::named("trustedDestinations", change.trusted_destinations.as_ref()),
    ]);
    let (organizations, editor) = (Organizations::new(call.table), OrganizationEditor::new(call.table));
    for _ in 0..ATTEMPTS {
        let (confirmed, found) = tokio::join!(call.confirm(&caller), organizations.load_stored(&id));
        confirmed?;
        let before = found?.ok_or(ApiError::OrganizationNotFound)?;
        let (organization, after) = (before.organization.clone(), change.of(&before.organization));
        let if_match = if_match.clone();
        let judging = call.compute(move |work| {
            if_match.check(OrganizationDocument::tag(&organization, work)?)?;
            let tag = OrganizationDocument::tag(&after, work)?;
            answer(StatusCode::OK, "Organization updated", &after, &tag, work)
        });
        let changed = judging.await?;
        if editor.change(&before, &change).await? {
            return Ok(changed);
        }
    }
    Err(ApiError::InProgress { retry_after: WAIT })
}

/// Returns the answer with an organization and this entity tag.
fn answer(
    status: StatusCode,
    message: &'static str,
    organization: &Organization,
    tag: &str,
    work: &Work,
) -> Result<Answer, ApiError> {
    let organization = OrganizationDocument::of(organization, work)?;
    Ok(Answer::metered(status, &OrganizationAnswer { message, organization }, work)?.with_header(ETAG, etag(tag)))
}

fn parse_create(body: CreateBody) -> Result<CreateParameters, ApiError> {
    let fingerprint = Fingerprint::of(&body);
    let mut fields = Fields::default();
    let name = fields.take("/name", OrganizationName::parse(body.name));
    let copy_from = fields.take_optional("/copyFrom", body.copy_from, |id| id.parse::<ObjectId>());
    match (name, copy_from) {
        (Some(name), Some(copy_from)) => Ok(CreateParameters { name, copy_from, fingerprint }),
        _ => Err(fields.into_error()),
    }
}

fn parse_change(body: ChangeBody) -> Result<OrganizationChange, ApiError> {
    let mut fields = Fields::default();
    let name = fields.take_optional("/name", body.name, OrganizationName::parse).flatten();
    let trusted_destinations = body.trusted_destinations.map(|texts| trusted(texts, &mut fields));
    fields.finish()?;
    let change = OrganizationChange { name, trusted_destinations };
    if change == OrganizationChange::default() {
        return Err(ApiError::InvalidBody(vec![FieldError::new("", NOTHING_TO_CHANGE)]));
    }
    Ok(change)
}

/// Reads the destinations, and notes what is wrong with each.
fn trusted(texts: Vec<String>, fields: &mut Fields) -> Vec<TrustedDestination> {
    const FIELD: &str = "trustedDestinations";
    let mut read = Vec::with_capacity(texts.len());
    for (index, text) in texts.into_iter().enumerate() {
        match TrustedDestination::parse(text) {
            Ok(destination) => read.push(destination),
            Err(violation) => fields.note_at(&[FIELD, &index.to_string()], violation),
        }
    }
    if let Err(violation) = check_trusted_destinations(&read) {
        fields.note(pointer([FIELD]), violation);
    }
    read
}
