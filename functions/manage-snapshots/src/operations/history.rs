//! The descriptions of refreshes and revisions.

use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::json;
use shared::http::operation::OperationDescription;
use shared::http::{ApiError, ManageOperation};

use super::{of_snapshot, snapshot, with};
use crate::differences::RevisionDiff;
use crate::refresh::RefreshAnswer;
use crate::revisions::{RestoreAnswer, RevisionAnswer, RevisionPage};

const IF_MATCH: &str =
    "The `ETag` of the snapshot as you know it: refuses with 412 where it has another version or revision.";
const WAIT: Duration = Duration::from_secs(1);

pub(super) fn refresh() -> OperationDescription {
    const TEXT: &str = "\
Captures the source user's setup again. Where something has changed, the snapshot has a new revision, and what it held before is \
kept as [an older one](#listRevisions); where nothing has, it stays as it is. `refreshStatus` tells which: `fresh`, `unchanged`, or \
`source_missing` where the source user is gone, and then the snapshot keeps what it has.

Name, description and access are not touched. Other organizations go on seeing the revision that was shared with them. A setup that somebody edits all the time is answered 409 \
`source_busy`, one that has become too large 413 `setup_too_large`; then the snapshot keeps what it has, too. There is no body.";
    of_snapshot(ManageOperation::RefreshSnapshot)
        .does("Capture the source user's setup again", TEXT)
        .no_query()
        .refuses([
            ApiError::SourceBusy { retry_after: WAIT },
            ApiError::InProgress { retry_after: WAIT },
            ApiError::SetupTooLarge {
                detail: "the setup has 3600000 bytes once compressed; a snapshot takes at most 3500000".to_owned(),
            },
        ])
        .answers::<RefreshAnswer<'static>>(
            StatusCode::OK,
            "The snapshot as it is now.",
            &[ETAG],
            json!({"message": "Snapshot refreshed", "snapshot": with(snapshot(), refreshed())}),
        )
        .build()
}

pub(super) fn list() -> OperationDescription {
    const TEXT: &str = "\
The current revision and the older ones that are kept, newest first. Each refresh that finds a change makes one, and so does each \
restore. 30 are kept, or as many as the operator says; none is dropped within an hour after another took its place, and none while an \
apply is at work with the snapshot.

An ADMIN sees the history of its own organization's snapshots only.";
    of_snapshot(ManageOperation::ListRevisions)
        .does("List a snapshot's revisions", TEXT)
        .paged()
        .answers::<RevisionPage>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({"revisions": [
                with(row(), json!({"revision": 2, "isCurrent": true, "origin": "refreshed"})),
                with(row(), json!({"revisedAt": "2026-05-15T09:00:00.000Z", "replacedAt": "2026-05-22T09:00:00.000Z"}))
            ]}),
        )
        .build()
}

pub(super) fn get() -> OperationDescription {
    const TEXT: &str =
        "What one revision holds, by id, name and type, and every place that names a stage of a pipeline.";
    of_snapshot(ManageOperation::GetRevision)
        .does("Show what a revision holds", TEXT)
        .path_revision()
        .no_query()
        .answers::<RevisionAnswer<'static>>(
            StatusCode::OK,
            "The revision.",
            &[],
            json!({"revision": with(row(), json!({
                "revisedAt": "2026-05-15T09:00:00.000Z",
                "replacedAt": "2026-05-22T09:00:00.000Z",
                "automations": [{
                    "_id": "64eea1110000000000000101", "name": "Move to Contacted on first reply", "type": "inbound", "enabled": true
                }],
                "prompts": [{"_id": "64eea1110000000000000201", "name": "Default warm-up prompt"}],
                "templates": [{"_id": "64eea1110000000000000301", "name": "Intro - new lead", "type": "sms"}],
                "sourcePipelineStageRefs": []
            }))}),
        )
        .build()
}

pub(super) fn restore() -> OperationDescription {
    const TEXT: &str = "\
Brings an older revision back: as a new revision with the old content, so that nothing is lost and this can be taken back, too. The \
snapshot's schedule is switched off, because it would capture over what was brought back; `scheduleSwitchedOff` says whether there \
was one. Where the current revision has that very content already, no revision is made. There is no body.";
    of_snapshot(ManageOperation::RestoreRevision)
        .does("Bring an older revision back", TEXT)
        .path_revision()
        .no_query()
        .if_match(IF_MATCH)
        .refuses([ApiError::InProgress { retry_after: WAIT }])
        .answers::<RestoreAnswer<'static>>(
            StatusCode::OK,
            "The snapshot as it is now.",
            &[ETAG],
            json!({
                "message": "Revision restored",
                "scheduleSwitchedOff": true,
                "snapshot": with(snapshot(), with(refreshed(), json!({"revision": 3, "revisedAt": "2026-05-23T10:00:00.000Z"})))
            }),
        )
        .build()
}

pub(super) fn compare() -> OperationDescription {
    const TEXT: &str = "\
Tells what changed from one revision to another, made to be read by people: which items were added, removed or changed, which of \
their fields, and of long texts which lines, as a unified diff. Without `to` it is the current revision, without `from` the one before \
`to`.

An organization that the snapshot was shared with compares what was shared before with what is shared now; where it joined later, \
there is nothing before. Other revisions are 404 there.

Long texts are cut: a field shows at most 100 lines and tells how many it leaves out. A page ends before `limit` where its changes \
would have more than 1 MB; go on as long as there is a `nextCursor`.";
    of_snapshot(ManageOperation::CompareRevisions)
        .does("Tell what changed between two revisions", TEXT)
        .revision_query("from", "The revision that is compared. Without it, the one before `to`.")
        .revision_query("to", "The revision that it is compared with. Without it, the current one.")
        .paged()
        .answers::<RevisionDiff<'static>>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({
                "from": with(row(), json!({
                    "revisedAt": "2026-05-15T09:00:00.000Z", "replacedAt": "2026-05-22T09:00:00.000Z"
                })),
                "to": with(row(), json!({"revision": 2, "isCurrent": true, "origin": "refreshed"})),
                "summary": {
                    "added": {"automations": 0, "prompts": 0, "templates": 0},
                    "removed": {"automations": 0, "prompts": 0, "templates": 0},
                    "changed": {"automations": 1, "prompts": 1, "templates": 0}
                },
                "changes": [
                    {
                        "_id": "64eea1110000000000000101",
                        "kind": "automation",
                        "name": "Move to Contacted on first reply",
                        "change": "changed",
                        "enabled": {"before": true, "after": false},
                        "fields": [{
                            "pointer": "/sourceStatuses",
                            "change": "changed",
                            "before": ["New Lead"],
                            "after": ["New Lead", "Contacted"]
                        }]
                    },
                    {
                        "_id": "64eea1110000000000000201",
                        "kind": "prompt",
                        "name": "Default warm-up prompt",
                        "change": "changed",
                        "fields": [{
                            "pointer": "/prompt",
                            "change": "changed",
                            "lines": ["@@ -1,3 +1,3 @@", " <prompt>", "-Be brief.", "+Be brief and kind.", " </prompt>"]
                        }]
                    }
                ]
            }),
        )
        .build()
}

fn refreshed() -> serde_json::Value {
    json!({
        "revision": 2,
        "revisedAt": "2026-05-22T09:00:00.000Z",
        "lastRefreshedAt": "2026-05-22T09:00:00.000Z",
        "refreshStatus": "fresh"
    })
}

fn row() -> serde_json::Value {
    json!({
        "revision": 1,
        "isCurrent": false,
        "origin": "created",
        "counts": {"automations": 5, "prompts": 8, "templates": 12},
        "revisedAt": "2026-05-22T09:00:00.000Z"
    })
}
