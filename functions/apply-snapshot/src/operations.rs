//! What the API's description says of this function's routes.

use lambda_http::http::header::ETAG;
use lambda_http::http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::{Email, NewPassword};
use shared::http::operation::{Described, Operation};
use shared::http::{ApiError, FieldError};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::answer::Applied;
use crate::dry_run::Planned;
use crate::request::{ApplyBody, EXAMPLE, NewUserBody};

const APPLY: &str = "\
Creates a user in **your own** organization and gives it the setup of the snapshot: all of it, or nothing, however large it is.

**Into another organization** than the source's, automations, prompts and templates are cloned. The pipeline stages and agents \
that automations refer to are replaced as the mappings say; what exists under the same name in your organization needs no \
mapping, and [the references](#getApplyReferences) tell what does. An automation with a reference that leads nowhere arrives \
switched off and is named in `warnings`, or is refused with `\"onUnmapped\": \"reject\"`. One that lost a secret \
arrives switched off, too: fill the secret in, then switch it on.

**Within the source's own organization** automations and templates exist already, so they count as `skipped`, and the new user \
takes over which automations are on. Prompts are cloned: all, or those in `selectedPromptNames`; the others count as \
`mapped.prompts`.

A mapping to a stage or agent that your organization does not have, for an automation that the snapshot does not have, or of a \
value that the automation does not use is 422, with a pointer to each.

Send an `Idempotency-Key`: a request that is repeated under it after a lost answer gets the first answer, and one that was \
interrupted is carried on. After a 503 without a key nobody sees anything of the user, and the address is free again some minutes \
later.

To be sure of the outcome, [plan](#planSnapshot) first and send the `ETag` of that answer as `If-Match`: 412 says that \
something has changed since.";

const KEY: &str = "\
Your own name for this request. Repeat the request under the same key when no answer came, or 503, or 409 `in_progress`: it makes \
one user however often it is sent, and gets the first answer byte for byte.";

const PLAN: &str = "\
Takes the body of [apply](#applySnapshot) and tells what it would do now, without doing it: which items would arrive, what \
would be mapped, warned of and refused. Address and password may be left out; those that are there are judged. Whether the \
address is taken is told by apply alone.

What apply would refuse with 422 is part of this answer, as `refusals`. The `ETag` is the hash of the outcome: sent as \
`If-Match`, it holds apply to it.";

/// The body of an apply: that of its dry run, with what a new user needs.
struct ApplyRequest;

/// The user to be created.
struct NewUser;

impl PartialSchema for ApplyRequest {
    fn schema() -> RefOr<Schema> {
        let user = Ref::from_schema_name(NewUser::name()).into();
        requiring::<ApplyBody>(
            "What arrives, for whom, and what the references of the automations become.",
            [("newUser", user)],
        )
    }
}

impl ToSchema for ApplyRequest {
    fn name() -> std::borrow::Cow<'static, str> {
        "ApplySnapshot".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ApplyBody::schemas(schemas);
        schemas.push((NewUser::name().into_owned(), NewUser::schema()));
    }
}

impl PartialSchema for NewUser {
    fn schema() -> RefOr<Schema> {
        let reference = |name: std::borrow::Cow<'static, str>| Ref::from_schema_name(name).into();
        requiring::<NewUserBody>(
            "The user to be created.",
            [("email", reference(Email::name())), ("password", reference(NewPassword::name()))],
        )
    }
}

impl ToSchema for NewUser {}

/// The schema of `T` with these fields required, and of these types.
fn requiring<T: ToSchema>(
    description: &str,
    fields: impl IntoIterator<Item = (&'static str, RefOr<Schema>)>,
) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = T::schema() else { return T::schema() };
    object.description = Some(description.to_owned());
    for (name, schema) in fields {
        let described = described(schema, object.properties.get(name));
        object.properties.insert(name.to_owned(), described);
        object.required.push(name.to_owned());
    }
    RefOr::T(Schema::Object(object))
}

/// The reference with the description that the optional field has.
fn described(schema: RefOr<Schema>, optional: Option<&RefOr<Schema>>) -> RefOr<Schema> {
    match (schema, optional) {
        (RefOr::Ref(mut reference), Some(RefOr::T(Schema::OneOf(optional)))) => {
            reference.description = optional.description.clone().unwrap_or_default();
            RefOr::Ref(reference)
        }
        (schema, _) => schema,
    }
}

/// The descriptions, for the document of the whole API.
pub fn operations() -> Vec<Described> {
    vec![apply(), plan()]
}

/// What both begin with.
fn asked(path: &'static str, id: &str) -> Operation {
    Operation::new(Method::POST, path, id, "Snapshots")
        .token()
        .path_id("id", "The snapshot.")
        .refuses([
            ApiError::Forbidden("applying a snapshot needs the role ADMIN or SUPERADMIN".to_owned()),
            ApiError::SnapshotNotFound,
        ])
        .works()
}

fn apply() -> Described {
    let retry_after = std::time::Duration::from_secs(1);
    asked("/api/user-snapshots/{id}/apply", "applySnapshot")
        .does("Create a user with a snapshot's setup", APPLY)
        .if_match("The `ETag` of a plan: refuses with 412 where the outcome would be another one by now.")
        .idempotency_key(KEY)
        .body::<ApplyRequest>(EXAMPLE, FieldError::new("/newUser/password", "this field is required"))
        .refuses([
            ApiError::EmailTaken,
            ApiError::InProgress { retry_after },
            ApiError::ApplyAborted,
            ApiError::WorldMoved,
            ApiError::SetupTooLarge {
                detail: "an item of the new user would have 412000 bytes; it may have at most 409600".to_owned(),
            },
            ApiError::refused(
                "/pipelineMapping/Move to Contacted on first reply/Contacted",
                "your organization has no stage \"Reached Ouch\"",
            ),
        ])
        .answers::<Applied<'static>>(
            StatusCode::CREATED,
            "The user was created and can sign in.",
            &[],
            json!({
                "message": "Snapshot applied",
                "result": {
                    "userId": "64ee9a8b1e7f2a001122339c",
                    "userEmail": "casey@acme.example",
                    "cloned": {"automations": 5, "prompts": 8, "templates": 12},
                    "mapped": {"prompts": 0},
                    "skipped": {"automations": 0, "templates": 0},
                    "applyId": "665f1a0c0e0a4b001a2c9f81",
                    "snapshotRevision": 1,
                    "warnings": [unmapped_agent()]
                }
            }),
        )
        .build()
}

fn plan() -> Described {
    asked("/api/user-snapshots/{id}/plan", "planSnapshot")
        .does("Tell what an apply would do, without doing it", PLAN)
        .body::<ApplyBody>(EXAMPLE, FieldError::new("/planHash", "there is no such field"))
        .answers::<Planned<'static>>(
            StatusCode::OK,
            "What apply would do now. Nothing was written.",
            &[ETAG],
            json!({
                "plan": {
                    "planHash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "snapshotRevision": 1,
                    "cloned": {"automations": 5, "prompts": 8, "templates": 12},
                    "mapped": {"prompts": 0},
                    "skipped": {"automations": 0, "templates": 0},
                    "clones": [
                        {
                            "kind": "automation",
                            "name": "Move to Contacted on first reply",
                            "sourceId": "64eea1110000000000000101",
                            "enabled": true,
                            "mappedReferences": [{
                                "automationName": "Move to Contacted on first reply",
                                "field": "targetStage",
                                "value": "Contacted",
                                "refType": "pipelineStage",
                                "fieldLocation": "actions",
                                "target": "Reached Out"
                            }]
                        },
                        {"kind": "prompt", "name": "Default warm-up prompt", "sourceId": "64eea1110000000000000201"}
                    ],
                    "clonesTotal": 25,
                    "warnings": [unmapped_agent()],
                    "refusals": []
                }
            }),
        )
        .build()
}

/// A warning as both show it.
fn unmapped_agent() -> Value {
    json!({
        "code": "unmapped_reference",
        "automationName": "Hand over to warm-up",
        "references": [{
            "automationName": "Hand over to warm-up",
            "field": "agent",
            "value": "Warm-up Agent",
            "refType": "agent",
            "fieldLocation": "actions"
        }],
        "detail": "1 reference leads nowhere: map it, or fix the automation and switch it on"
    })
}
