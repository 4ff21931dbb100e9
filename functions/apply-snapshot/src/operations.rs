//! What the API's description says of this function's routes.

mod organizations;
mod removal;
mod timeline;
mod undo;

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::{Value, json};
use shared::domain::Email;
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, ApplyOperation, FieldError, FunctionOperation};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::answer::ApplyAnswer;
use crate::dry_run::PlanAnswer;
use crate::history::{ApplyDetail, ApplyPage};
use crate::planning::TAKES_TOO_LONG;
use crate::request::{ApplyBody, EXAMPLE, NEITHER, NewUserBody};

const APPLY: &str = "\
Creates a user in **your own** organization and gives it the setup of the snapshot: all of it, or nothing, however large it is.

**Into another organization** than the source's, automations, prompts and templates are cloned. The pipeline stages and agents \
that automations refer to are replaced as the mappings say; what exists under the same name in your organization needs no \
mapping, and [the references](#getApplyReferences) tell what does. An automation with a reference that leads nowhere arrives \
switched off and is named in `warnings`, or is refused with `\"onUnmapped\": \"reject\"`. One that lost a secret \
arrives switched off, too: fill the secret in, then switch it on. So does one that sends by itself to a host, an address or a \
number, until `allowDestinations` or your organization accepts it.

**Within the source's own organization** automations and templates exist already, so they count as `skipped`, and the new user \
takes over which automations are on. Prompts are cloned: all, or those in `selectedPromptNames`; the others count as \
`mapped.prompts`.

A mapping to a stage or agent that your organization does not have, for an automation that the snapshot does not have, or of a \
value that the automation does not use is 422, with a pointer to each.

What arrives is the current revision where the snapshot comes from your organization, or you are a SUPERADMIN; otherwise the one \
that was shared with other organizations. A SUPERADMIN names another one with `revision`. One that is not shared, applied by a member of \
another organization, is named in `warnings`.

The new user gets a `password`, or `\"invite\": true`: then the answer has a one-time token, good for 72 hours, with which the user sets \
a password by [acceptInvitation](#acceptInvitation). No later answer has it; an administrator makes a [fresh one](#inviteUser).

Send an `Idempotency-Key`: a request that is repeated under it after a lost answer gets the first answer, and one that was \
interrupted is carried on. After a 503 without a key nobody sees anything of the user, and the address is free again some minutes \
later.

To be sure of the outcome, [plan](#planSnapshot) first and send the `ETag` of that answer as `If-Match`: 412 says that \
something has changed since.";

const KEY: &str = "\
Your own name for this request. Repeat the request under the same key when no answer came, or 503, or 409 `in_progress`: it makes \
one user however often it is sent, and gets the first answer byte for byte, less the token of an invitation.";

const PLAN: &str = "\
Takes the body of [apply](#applySnapshot) and tells what it would do now, without doing it: which items would arrive, what \
would be mapped, warned of and refused. Address and password may be left out; those that are there are judged. Only apply \
checks whether the address is taken.

What apply would refuse with 422 is part of this answer, as `refusals`. The `ETag` is the hash of the outcome: sent as \
`If-Match`, it holds apply to it.";

const APPLIES: &str = "\
Who applied the snapshot in **your own** organization, when, and with which outcome. You get the list also when the snapshot is \
deleted or you do not see it any more, because the snapshot itself is not read. An id that no snapshot has gets an empty list, like \
a snapshot that nobody has applied. An ADMIN does not see applies that made a SUPERADMIN.

The applies come in the order of their ids. Those that were made without an `Idempotency-Key` are in the order of time; the id of \
one with a key says nothing of its time. A page may be short, and even empty, and still have a `nextCursor`.";

const APPLY_DETAIL: &str = "\
One apply of your own organization: who made it, the answer that its caller got, and which clone was made of which item of the \
snapshot. `clones` comes in pages and lists the clones that still exist: neither items that were added to the setup since, nor clones \
that were removed. It is empty once the apply is undone.";

/// The body of an apply: that of its dry run, with what a new user needs.
struct ApplyRequestSchema;

/// The user to be created.
struct NewUserSchema;

impl PartialSchema for ApplyRequestSchema {
    fn schema() -> RefOr<Schema> {
        let user = Ref::from_schema_name(NewUserSchema::name()).into();
        requiring::<ApplyBody>(
            "What arrives, for whom, and what the references of the automations become.",
            [("newUser", user)],
        )
    }
}

impl ToSchema for ApplyRequestSchema {
    fn name() -> std::borrow::Cow<'static, str> {
        "ApplySnapshot".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ApplyBody::schemas(schemas);
        schemas.push((NewUserSchema::name().into_owned(), NewUserSchema::schema()));
    }
}

impl PartialSchema for NewUserSchema {
    fn schema() -> RefOr<Schema> {
        let reference = |name: std::borrow::Cow<'static, str>| Ref::from_schema_name(name).into();
        requiring::<NewUserBody>("The user to be created.", [("email", reference(Email::name()))])
    }
}

impl ToSchema for NewUserSchema {
    fn name() -> std::borrow::Cow<'static, str> {
        "NewUser".into()
    }
}

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
        (RefOr::Ref(mut reference), Some(RefOr::Ref(optional))) => {
            reference.description.clone_from(&optional.description);
            RefOr::Ref(reference)
        }
        (schema, _) => schema,
    }
}

/// The descriptions, for the document of the whole API.
pub fn operations() -> impl Iterator<Item = OperationDescription> {
    ApplyOperation::ALL.iter().map(|operation| match operation {
        ApplyOperation::ApplySnapshot => apply(),
        ApplyOperation::PlanSnapshot => plan(),
        ApplyOperation::ListApplies => applies(),
        ApplyOperation::GetApply => apply_detail(),
        ApplyOperation::ListOrganizationApplies => timeline::timeline(),
        ApplyOperation::UndoApply => undo::undo(),
        ApplyOperation::RemoveUser => removal::remove(),
        ApplyOperation::CreateOrganization => organizations::create(),
        ApplyOperation::ChangeOrganization => organizations::change(),
    })
}

/// What an apply and its plan begin with.
fn of_snapshot(operation: ApplyOperation) -> Operation {
    Operation::new(operation).works().path_id("id", "The snapshot.").refuses([ApiError::SnapshotNotFound])
}

fn apply() -> OperationDescription {
    let retry_after = std::time::Duration::from_secs(1);
    of_snapshot(ApplyOperation::ApplySnapshot)
        .does("Create a user with a snapshot's setup", APPLY)
        .no_query()
        .if_match("The `ETag` of a plan: refuses with 412 where the outcome would be another one by now.")
        .idempotency_key(KEY)
        .body::<ApplyRequestSchema>(EXAMPLE, FieldError::new("/newUser/password", NEITHER))
        .refuses([
            ApiError::EmailTaken,
            ApiError::InProgress { retry_after },
            ApiError::ApplyAborted,
            ApiError::ApplyUndone,
            ApiError::UserRemoved,
            ApiError::WorldMoved,
            ApiError::SetupTooLarge {
                detail: "an item of the new user would have 412000 bytes; it may have at most 409600".to_owned(),
            },
            ApiError::refused(
                "/pipelineMapping/Move to Contacted on first reply/Contacted",
                "your organization has no stage \"Reached Ouch\"",
            ),
        ])
        .answers::<ApplyAnswer<'static>>(
            StatusCode::CREATED,
            "The user was created and can sign in, or is invited.",
            &[],
            json!({
                "message": "Snapshot applied",
                "result": result()
            }),
        )
        .build()
}

fn plan() -> OperationDescription {
    of_snapshot(ApplyOperation::PlanSnapshot)
        .does("Tell what an apply would do, without doing it", PLAN)
        .no_query()
        .body::<ApplyBody>(EXAMPLE, FieldError::new("/planHash", "there is no such field"))
        .refuses([ApiError::SetupTooLarge { detail: TAKES_TOO_LONG.to_owned() }])
        .refuses([ApiError::refused("/revision", "the snapshot has no such revision, or it was deleted")])
        .answers::<PlanAnswer<'static>>(
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
                                "automationId": "64eea1110000000000000101",
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
                    "destinations": [{
                        "destination": "https://billing.acme.example",
                        "kind": "url",
                        "automationId": "64eea1110000000000000105",
                        "automationName": "Tell billing about a closed deal",
                        "pointer": "/actions/webhookUrl",
                        "accepted": false
                    }],
                    "links": [],
                    "refusals": []
                }
            }),
        )
        .build()
}

/// What the operations about applies begin with.
fn about_applies(operation: ApplyOperation) -> Operation {
    Operation::new(operation).works().path_id("id", "The snapshot, which need not be there any more.")
}

fn applies() -> OperationDescription {
    about_applies(ApplyOperation::ListApplies)
        .does("List the applies of a snapshot", APPLIES)
        .paged()
        .answers::<ApplyPage>(
            StatusCode::OK,
            "A page of applies.",
            &[],
            json!({"applies": [applied(true)], "nextCursor": "ATY2NWYxYTBjMGUwYTRiMDAxYTJjOWY4MQ"}),
        )
        .build()
}

fn apply_detail() -> OperationDescription {
    let clone = json!({
        "kind": "automation",
        "name": "Move to Contacted on first reply",
        "sourceId": "64eea1110000000000000101",
        "cloneId": "665f1a0c5b3f0c8e9d7a6b54"
    });
    about_applies(ApplyOperation::GetApply)
        .path_id("applyId", "The apply.")
        .does("Get an apply, with its result and clones", APPLY_DETAIL)
        .paged()
        .refuses([ApiError::ApplyNotFound])
        .answers::<ApplyDetail>(
            StatusCode::OK,
            "The apply and a page of its clones.",
            &[],
            json!({
                "apply": applied(true),
                "result": result(),
                "clones": [clone],
                "nextCursor": "AUFVVE9NQVRJT04jNjY1ZjFhMGM1YjNmMGM4ZTlkN2E2YjU0"
            }),
        )
        .build()
}

/// An apply as its history shows it.
fn applied(named: bool) -> Value {
    let mut apply = json!({
        "_id": "665f1a0c0e0a4b001a2c9f81",
        "state": "applied",
        "appliedBy": "64ee9a8b1e7f2a00112233a2",
        "appliedByRole": "SUPERADMIN",
        "appliedAt": "2026-05-15T09:00:00.000Z",
        "snapshotRevision": 1,
        "userId": "64ee9a8b1e7f2a001122339c",
        "userEmail": "casey@acme.example",
        "accessRole": "SALES_REP",
        "result": {
            "cloned": {"automations": 5, "prompts": 8, "templates": 12},
            "mapped": {"prompts": 0},
            "skipped": {"automations": 0, "templates": 0}
        }
    });
    if named {
        apply["appliedByName"] = json!("Sam Super");
    }
    apply
}

/// Returns an example of the result of an apply.
fn result() -> Value {
    json!({
        "userId": "64ee9a8b1e7f2a001122339c",
        "userEmail": "casey@acme.example",
        "cloned": {"automations": 5, "prompts": 8, "templates": 12},
        "mapped": {"prompts": 0},
        "skipped": {"automations": 0, "templates": 0},
        "applyId": "665f1a0c0e0a4b001a2c9f81",
        "snapshotRevision": 1,
        "warnings": [unmapped_agent()]
    })
}

/// A warning as both show it.
fn unmapped_agent() -> Value {
    json!({
        "code": "unmapped_reference",
        "automationName": "Hand over to warm-up",
        "references": [{
            "automationName": "Hand over to warm-up",
            "automationId": "64eea1110000000000000102",
            "field": "agent",
            "value": "Warm-up Agent",
            "refType": "agent",
            "fieldLocation": "actions"
        }],
        "detail": "1 reference leads nowhere: map it, or fix the automation and switch it on"
    })
}
