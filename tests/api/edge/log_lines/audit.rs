//! The `audit` of a line: who did what to whom, for each operation that changes something for others, and for no other.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::domain::ObjectId;
use shared::http::OperationId;
use tests::Answer;

/// The path and the body of a request.
pub(super) struct SentRequest {
    path: String,
    is_dry_run: bool,
    body: Value,
}

impl SentRequest {
    pub(super) fn of(request: &RequestBuilder) -> Self {
        let request = request.try_clone().unwrap().build().unwrap();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let is_dry_run = request.url().query() == Some("dryRun=true");
        Self {
            path: request.url().path().to_owned(),
            is_dry_run,
            body: serde_json::from_slice(body).unwrap_or_default(),
        }
    }

    /// The segments of the path that stand for the placeholders of the route.
    fn parameters(&self, pattern: &str) -> BTreeMap<String, Value> {
        let pairs = pattern.split('/').zip(self.path.split('/'));
        let name = |part: &str| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned());
        pairs.filter_map(|(part, segment)| Some((name(part)?, json!(segment)))).collect()
    }
}

/// What the object of a successful request has beside the action and the actor; `None` for an operation that is not audited.
fn targets(operation: OperationId) -> Option<&'static [&'static str]> {
    match operation {
        OperationId::CreateSnapshot => Some(&["snapshot", "user", "organization"]),
        OperationId::ApplySnapshot | OperationId::UndoApply => Some(&["snapshot", "apply", "user", "organization"]),
        OperationId::DeleteSnapshot | OperationId::RefreshSnapshot => Some(&["snapshot"]),
        OperationId::RestoreRevision => Some(&["snapshot", "revision"]),
        OperationId::RenameSnapshot => Some(&["snapshot", "fields"]),
        OperationId::AssignSnapshot => Some(&["snapshot", "fields", "organizations", "revision"]),
        OperationId::ChangeUser => Some(&["user", "organization", "fields"]),
        OperationId::CreateOrganization => Some(&["organization"]),
        OperationId::ChangeOrganization => Some(&["organization", "fields"]),
        OperationId::RemoveUser
        | OperationId::InviteUser
        | OperationId::AcceptInvitation
        | OperationId::ChangePassword => Some(&["user", "organization"]),
        OperationId::PlanSnapshot
        | OperationId::ListApplies
        | OperationId::GetApply
        | OperationId::ListOrganizationApplies
        | OperationId::ListSnapshots
        | OperationId::GetSnapshot
        | OperationId::ListSnapshotItems
        | OperationId::GetApplyReferences
        | OperationId::ListRevisions
        | OperationId::GetRevision
        | OperationId::CompareRevisions
        | OperationId::ListCapturableUsers
        | OperationId::ListUsers
        | OperationId::GetUser
        | OperationId::GetSetup
        | OperationId::ListOrganizations
        | OperationId::GetOrganization
        | OperationId::GetHealth
        | OperationId::GetOpenApi
        | OperationId::GetOpenApi30
        | OperationId::GetDocs
        | OperationId::GetIndex
        | OperationId::Login
        | OperationId::VerifyToken => None,
    }
}

/// The first of these that is there.
fn first<'v>(values: impl IntoIterator<Item = Option<&'v Value>>) -> Option<Value> {
    values.into_iter().flatten().find(|value| !value.is_null()).cloned()
}

/// The value that the object has, as far as path, body and answer tell.
fn expected(name: &str, operation: OperationId, sent: &SentRequest, line: &Value, answer: &Answer) -> Option<Value> {
    let parameters = sent.parameters(operation.route().path);
    let (body, path) = (&answer.body, |name: &str| parameters.get(name));
    let own = |name: &str| (operation == OperationId::ChangePassword).then(|| &line[name]);
    match name {
        "snapshot" => first([path("id"), Some(&body["snapshot"]["_id"])]),
        "apply" => first([path("applyId"), Some(&body["result"]["applyId"])]),
        "user" => first([
            path("userId"),
            Some(&sent.body["sourceUserId"]),
            Some(&body["result"]["userId"]),
            Some(&body["apply"]["userId"]),
            Some(&body["user"]["id"]),
            own("user"),
        ]),
        "organization" => first([
            path("orgId"),
            Some(&body["organization"]["_id"]),
            Some(&sent.body["sourceOrgId"]),
            Some(&body["user"]["organizationId"]),
            Some(&line["organization"]),
        ]),
        "revision" => first([path("revision"), Some(&sent.body["revision"])]).map(|value| match value.as_str() {
            Some(text) => text.parse::<u32>().map_or(Value::Null, Value::from),
            None => value,
        }),
        "organizations" => sent.body["assignedOrgIds"].as_array().map(|ids| {
            let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
            json!(ids.join(" "))
        }),
        _ => None,
    }
}

/// What the line says of a field of the request: roles and switches have their value.
fn field((name, value): (&String, &Value)) -> String {
    match value {
        Value::Bool(value) => format!("{name}={value}"),
        Value::String(value) if name == "accessRole" => format!("{name}={value}"),
        _ => name.clone(),
    }
}

/// Compares the `audit` of a line with the request and its answer.
pub(super) fn check(line: &Value, operation: Option<OperationId>, sent: &SentRequest, answer: &Answer) {
    let audited = operation.filter(|_| !sent.is_dry_run);
    let audited = audited.and_then(|operation| Some((operation, targets(operation)?)));
    let Some((operation, targets)) = audited else {
        assert!(line.get("audit").is_none(), "{line}");
        return;
    };
    assert!(line["audit"].is_object(), "who did what? {line}");
    let audit = line["audit"].as_object().unwrap();
    assert_eq!(audit["action"], operation.name(), "{line}");
    let actor = line.get("user").map(|user| json!({"user": user, "organization": line["organization"]}));
    assert_eq!(audit.get("actor"), actor.as_ref(), "{line}");
    for name in audit.keys() {
        assert!(["action", "actor"].contains(&name.as_str()) || targets.contains(&name.as_str()), "{name}: {line}");
    }
    let is_good = answer.status < 300;
    assert!(!is_good || actor.is_some(), "{line}");
    for name in targets {
        let found = audit.get(*name);
        if *name == "fields" {
            let named = |text: &Value| text.as_str().unwrap().split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
            let sent: BTreeSet<String> = sent.body.as_object().unwrap().iter().map(field).collect();
            assert!(found.map_or(!is_good, |text| named(text) == sent), "{line}");
            continue;
        }
        let expected = expected(name, operation, sent, line, answer);
        let is_optional = operation == OperationId::AssignSnapshot && *name != "snapshot";
        assert!(!is_good || is_optional || expected.is_some(), "{name} is not known: {line}");
        match (found, expected) {
            (None, expected) => assert!(!is_good || expected.is_none(), "{name}: {line}"),
            (Some(found), Some(expected)) => assert_eq!(*found, expected, "{name}: {line}"),
            // The id of something that a refused request would have made.
            (Some(found), None) => assert!(found.as_str().unwrap().parse::<ObjectId>().is_ok(), "{name}: {line}"),
        }
    }
}
