//! What the API's description says of this function's routes.

mod history;
mod organizations;
mod people;
mod service;

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::json;
use shared::domain::ItemKind;
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, AtLeastOne, FieldError, FunctionOperation, ManageOperation};

use crate::assign::{AssignAnswer, AssignBody};
use crate::detail::SnapshotAnswer;
use crate::edits::{DeleteAnswer, EditAnswer, RenameBody};
use crate::items::ItemPage;
use crate::references::ApplyReferences;
use crate::{lists, users};

const IF_MATCH: &str =
    "The `ETag` of the snapshot as you know it: refuses with 412 where somebody else has changed it since.";

/// The descriptions, for the document of the whole API.
pub fn operations() -> impl Iterator<Item = OperationDescription> {
    ManageOperation::ALL.iter().map(|operation| match operation {
        ManageOperation::ListSnapshots => list(),
        ManageOperation::GetSnapshot => get(),
        ManageOperation::RenameSnapshot => rename(),
        ManageOperation::DeleteSnapshot => delete(),
        ManageOperation::ListSnapshotItems => items(),
        ManageOperation::GetApplyReferences => apply_references(),
        ManageOperation::AssignSnapshot => assign(),
        ManageOperation::RefreshSnapshot => history::refresh(),
        ManageOperation::ListRevisions => history::list(),
        ManageOperation::GetRevision => history::get(),
        ManageOperation::RestoreRevision => history::restore(),
        ManageOperation::CompareRevisions => history::compare(),
        ManageOperation::ListCapturableUsers => list_users(),
        ManageOperation::ListUsers => people::list(),
        ManageOperation::GetUser => people::get(),
        ManageOperation::GetSetup => people::setup(),
        ManageOperation::ListOrganizations => organizations::list(),
        ManageOperation::GetOrganization => organizations::get(),
        ManageOperation::GetHealth => service::health(),
        ManageOperation::GetOpenApi => service::description(),
        ManageOperation::GetOpenApi30 => service::description_3_0(),
        ManageOperation::GetDocs => service::page(),
        ManageOperation::GetIndex => service::index(),
    })
}

/// What every operation about one snapshot begins with.
fn of_snapshot(operation: ManageOperation) -> Operation {
    Operation::new(operation).works().path_id("id", "The snapshot.").refuses([ApiError::SnapshotNotFound])
}

/// What every change of a snapshot begins with.
fn change(operation: ManageOperation) -> Operation {
    let retry_after = std::time::Duration::from_secs(1);
    of_snapshot(operation).no_query().if_match(IF_MATCH).refuses([ApiError::InProgress { retry_after }])
}

fn list() -> OperationDescription {
    const TEXT: &str = "\
A SUPERADMIN sees all snapshots, an ADMIN those that are assigned to its organization and those that are global, newest first.

Without `limit` a page has up to 200 snapshots. When there are more, the answer has a `nextCursor`; send it as `cursor` for \
the next page. A page may have fewer than `limit` snapshots and still not be the last: only a missing `nextCursor` says so.";
    Operation::new(ManageOperation::ListSnapshots)
        .works()
        .does("List the snapshots that you see", TEXT)
        .paged()
        .answers::<lists::SnapshotPage>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({
                "snapshots": [{
                    "_id": "665f1a0c0e0a4b001a2c9f80",
                    "name": "Top performer baseline 2026-05",
                    "sourceOrgName": "Acme Corp",
                    "sourceUserEmail": "alex@acme.example",
                    "counts": {"automations": 5, "prompts": 8, "templates": 12},
                    "isGlobal": false
                }],
                "nextCursor": "ATIwMjYtMDUtMTVUMDk6MDA6MDAuMDAwWiM2NjVmMWEwYzBlMGE0YjAwMWEyYzlmODA"
            }),
        )
        .build()
}

fn get() -> OperationDescription {
    const TEXT: &str = "\
Everything about one snapshot but the items' fields: what it holds by id, name and type, and every place that names a stage \
of a pipeline. [The items](#listSnapshotItems) have their fields.

What you see is the current revision where the snapshot comes from your organization, or you are a SUPERADMIN; otherwise the \
revision, the name and the description that a SUPERADMIN shared, whatever the source has changed since.

A snapshot that you may not see is 404, exactly like one that does not exist.";
    of_snapshot(ManageOperation::GetSnapshot)
    .does("Show a snapshot and what it holds", TEXT)
    .shared_query()
    .answers::<SnapshotAnswer<'static>>(
        StatusCode::OK,
        "The snapshot. Its `ETag` goes with the next change.",
        &[ETAG],
        json!({"snapshot": with(snapshot(), json!({
            "automations": [{
                "_id": "64eea1110000000000000101", "name": "Move to Contacted on first reply", "type": "inbound", "enabled": true
            }],
            "prompts": [{"_id": "64eea1110000000000000201", "name": "Default warm-up prompt"}],
            "templates": [{"_id": "64eea1110000000000000301", "name": "Intro - new lead", "type": "sms"}],
            "sourcePipelineStageRefs": [{
                "automationName": "Move to Contacted on first reply",
                "automationId": "64eea1110000000000000101",
                "field": "targetStage",
                "value": "Contacted",
                "refType": "pipelineStage",
                "fieldLocation": "actions"
            }]
        }))}),
    )
    .build()
}

fn items() -> OperationDescription {
    const TEXT: &str = "\
The automations, prompts and templates of a snapshot with all their fields as they were captured. What was removed as a \
secret is a placeholder, and `removedSecrets` has a JSON pointer to each. Numbers have up to 38 digits. A set is an array and \
binary is base64; `types` has the places of both.

A page ends before `limit` where its items would have more than 1 MB; go on as long as there is a `nextCursor`. All pages are \
about the revision of the first one, whatever is made or shared in between.";
    of_snapshot(ManageOperation::ListSnapshotItems)
        .does("Page through what a snapshot holds", TEXT)
        .shared_query()
        .filtered_by::<ItemKind>("kind", "Only items of this kind. Without it, of all kinds.")
        .paged()
        .answers::<ItemPage<'static>>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({
                "items": [{
                    "_id": "64eea1110000000000000105",
                    "kind": "automation",
                    "enabled": true,
                    "removedSecrets": ["/actions/webhookUrl"],
                    "document": {
                        "name": "Tell billing about a won deal",
                        "triggerType": "status_change",
                        "sourceStatuses": ["Closed Won"],
                        "actions": {"sendToWebhook": true, "webhookUrl": "https://billing.acme.example/[removed]"}
                    }
                }],
                "nextCursor": "AWF1dG9tYXRpb24jNjRlZWExMTEwMDAwMDAwMDAwMDAwMTA1"
            }),
        )
        .build()
}

fn apply_references() -> OperationDescription {
    const TEXT: &str = "\
What a form needs that asks how to map a snapshot: every place of an automation that names a stage or an agent, what it may \
mean in **your** organization, and all the pipelines and agents that it can be mapped to.

A reference whose best suggestion has the reason `sameName` needs no mapping. For any other, send the automation's name, the \
`value`, and the target: a stage by name in `pipelineMapping`, an agent by `_id` in `agentMapping`.";
    of_snapshot(ManageOperation::GetApplyReferences)
    .does("Show what a snapshot refers to, and what that can be mapped to", TEXT)
    .shared_query()
    .answers::<ApplyReferences<'static>>(
        StatusCode::OK,
        "The references and their targets.",
        &[],
        json!({
            "stageRefs": [{
                "automationName": "Move to Contacted on first reply",
                "automationId": "64eea1110000000000000101",
                "field": "targetStage",
                "value": "Contacted",
                "refType": "pipelineStage",
                "fieldLocation": "actions",
                "suggestions": [{"name": "Contacted by us", "reason": "similar"}]
            }],
            "agentRefs": [{
                "automationName": "Hand over to warm-up",
                "automationId": "64eea1110000000000000102",
                "field": "agent",
                "value": "Warm-up Agent",
                "refType": "agent",
                "fieldLocation": "actions",
                "suggestions": [{"_id": "64eea1110000000000000060", "name": "Warm-Up Agent", "reason": "sameFolded"}]
            }],
            "otherRefs": [],
            "targetPipelines": [{
                "_id": "64eea1110000000000000010",
                "name": "Sales Funnel",
                "stages": [{"name": "New Lead", "color": "#4c9aff"}, {"name": "Reached Out"}, {"name": "Closed Won"}]
            }],
            "targetAgents": [{
                "_id": "64eea1110000000000000060", "name": "Warm-Up Agent", "description": "Answers what comes in first"
            }]
        }),
    )
    .build()
}

fn rename() -> OperationDescription {
    const TEXT: &str = "\
Changes the name, the description, the schedule of automatic refreshes, or several of them; what is absent stays as it is. \
An ADMIN changes snapshots of its own organization's users only.

`refresh` takes a period from six hours to thirty days, in whole weeks, days, hours, minutes and seconds of an ISO 8601 duration: \
a new one is due one period from now, the same one stays due when it was. `null` switches it off; here null is not as absent. The \
schedule acts for the user who made the snapshot. It ends by itself, with the reason in `refreshDetail`, once that user is disabled or \
may not refresh it any more.

Without `If-Match` the change is made to whatever version is there; with it, only to the one that you know.";
    change(ManageOperation::RenameSnapshot)
    .does("Change a snapshot's name, description and schedule", TEXT)
    .body::<AtLeastOne<RenameBody>>(
        r#"{"name": "Top performer baseline 2026-06", "description": "As of the end of May.", "refresh": {"every": "P1D"}}"#,
        FieldError::new("/name", "expected a string, found an integer"),
    )
    .refuses([ApiError::refused("/name", "the name shows nothing; give it 1 to 120 characters, at least one of them visible")])
    .answers::<EditAnswer<'static>>(
        StatusCode::OK,
        "The snapshot as it is now.",
        &[ETAG],
        json!({
            "message": "Snapshot updated",
            "snapshot": with(snapshot(), json!({
                "name": "Top performer baseline 2026-06",
                "description": "As of the end of May.",
                "updatedAt": "2026-05-31T16:20:00.000Z",
                "version": "2.1",
                "refresh": {"every": "P1D", "nextAt": "2026-06-01T16:20:00.000Z"}
            }))
        }),
    )
    .build()
}

fn assign() -> OperationDescription {
    const TEXT: &str = "\
Says which organizations see the snapshot, and which of its revisions. `assignedOrgIds` replaces the list to the letter: a source \
organization that is not in it does not see the snapshot any more. `isGlobal` shows it to every organization. What is absent stays as \
it is. A list has at most 500 organizations.

Other organizations see one revision, with the snapshot's name and description of when it was shared. `revision` shares that one; \
without it they go on seeing what they see, and where they see nothing yet, the current one is shared. A refresh or a rename shows \
them nothing until you assign again: look at the new revision, then name it here, with the `ETag` that you saw as `If-Match`. A \
revision that is not kept any more is 422.

`follow` shares each further revision as soon as it is made, the name and the description aside. It makes an exception of a capture that \
had to leave items out, or that sends to destinations which the shared revision does not have: that one waits for you, and \
`refreshDetail` says so.

Only a SUPERADMIN does this. In lists the change may show some moments later.";
    change(ManageOperation::AssignSnapshot)
    .does("Say which organizations see a snapshot", TEXT)
    .body::<AtLeastOne<AssignBody>>(
        r#"{"assignedOrgIds": ["64ee9a8b1e7f2a0011223344", "64ee9a8b1e7f2a0011223345"], "isGlobal": false, "revision": 2}"#,
        FieldError::new("/assignedOrgIds/0", "an id is 24 hex digits, such as 64ee9a8b1e7f2a0011223344"),
    )
    .refuses([ApiError::refused("/assignedOrgIds/1", "there is no organization with this id")])
    .answers::<AssignAnswer<'static>>(
        StatusCode::OK,
        "Who sees it now.",
        &[ETAG],
        json!({
            "message": "Snapshot access updated",
            "snapshot": {
                "_id": "665f1a0c0e0a4b001a2c9f80",
                "name": "Top performer baseline 2026-05",
                "version": "2.2",
                "assignedOrgIds": ["64ee9a8b1e7f2a0011223344", "64ee9a8b1e7f2a0011223345"],
                "isGlobal": false,
                "sharedRevision": 2,
                "sharedAt": "2026-05-22T10:00:00.000Z"
            }
        }),
    )
    .build()
}

fn delete() -> OperationDescription {
    const TEXT: &str = "\
Deletes the snapshot with all that it holds. Users who were created with it keep their setups. An ADMIN deletes only the \
snapshots that it created in its organization; any other that it sees is 403. The id never comes back.";
    change(ManageOperation::DeleteSnapshot)
        .does("Delete a snapshot", TEXT)
        .answers::<DeleteAnswer>(StatusCode::OK, "It is gone.", &[], json!({"message": "Snapshot deleted"}))
        .build()
}

fn list_users() -> OperationDescription {
    const TEXT: &str = "\
The users of an organization, newest first: what a form offers that asks whose setup to capture. An ADMIN lists those of its \
own organization only. Pages work as in [the list of snapshots](#listSnapshots).";
    Operation::new(ManageOperation::ListCapturableUsers)
        .works()
        .does("List the users whose setups can be captured", TEXT)
        .path_id("orgId", "The organization.")
        .paged()
        .refuses([ApiError::OrganizationNotFound])
        .answers::<users::UserPage>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({"users": [{
                "_id": "64ee9a8b1e7f2a0011223399",
                "fullName": "Alex Rep",
                "email": "alex@acme.example",
                "accessRole": "SALES_REP"
            }]}),
        )
        .build()
}

/// The customer's example of a snapshot.
fn snapshot() -> serde_json::Value {
    json!({
        "_id": "665f1a0c0e0a4b001a2c9f80",
        "name": "Top performer baseline 2026-05",
        "description": "Senior AE automations and prompts for Q2 rollout.",
        "sourceOrgId": "64ee9a8b1e7f2a0011223344",
        "sourceOrgName": "Acme Corp",
        "sourceUserEmail": "alex@acme.example",
        "sourceUserName": "Alex Rep",
        "counts": {"automations": 5, "prompts": 8, "templates": 12},
        "createdBy": "64ee9a8b1e7f2a001122339b",
        "createdByName": "Pat Admin",
        "createdByRole": "ADMIN",
        "isGlobal": false,
        "assignedOrgIds": ["64ee9a8b1e7f2a0011223344"],
        "createdAt": "2026-05-15T09:00:00.000Z",
        "updatedAt": "2026-05-15T09:00:00.000Z",
        "version": "1.1",
        "revision": 1,
        "revisedAt": "2026-05-15T09:00:00.000Z"
    })
}

/// An object with the fields of another one in or beside its own.
fn with(mut object: serde_json::Value, more: serde_json::Value) -> serde_json::Value {
    if let (Some(object), serde_json::Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}
