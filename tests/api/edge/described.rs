//! Nothing is described that cannot happen: every status and code of every route is provoked here, or stands in
//! [`UNPROVOKED`] with the reason.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{ItemKind, ObjectId, SetupItem};
use shared::http::{ActingPlace, OperationId};
use shared::store::SetupChange;
use tests::{
    ACME, ALEX, ANOTHER_PASSWORD, Answer, DANA, GIL, NO_INVITATION, PASSWORD, PAT, SAM, Subject, TestApp, apply_body,
    apply_id, create_body, good_body, resolved, snapshot,
};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// What is described and not provoked, as (operation, code; an operation of `*` is every one), and why.
const UNPROVOKED: [(&str, &str, &str); 17] = [
    ("*", "internal", "it is a mistake in the program, or damage in the table"),
    ("*", "unavailable", "the table has to fail"),
    (
        "applySnapshot",
        "apply_aborted",
        "an apply has to break off, as in interrupted.rs, whose answers are held against it",
    ),
    (
        "applySnapshot",
        "world_moved",
        "an apply has to break off, as in interrupted.rs, whose answers are held against it",
    ),
    (
        "undoApply",
        "apply_aborted",
        "an apply has to break off, as in apply_history.rs, whose answers are held against it",
    ),
    (
        "undoApply",
        "in_progress",
        "an apply has to break off, as in apply_history.rs, whose answers are held against it",
    ),
    ("planSnapshot", "setup_too_large", "the time has to be over while it plans, as in time_limits.rs"),
    ("createSnapshot", "source_busy", "a writer has to come between every two reads of a capture"),
    ("refreshSnapshot", "source_busy", "a writer has to come between every two reads of a capture"),
    ("getSetup", "source_busy", "a writer has to come between every two reads, as in setup.rs"),
    ("refreshSnapshot", "in_progress", "another revision has to come first four times in a row"),
    ("restoreRevision", "in_progress", "another revision has to come first six times in a row"),
    ("renameSnapshot", "in_progress", "another change has to come first six times in a row"),
    ("assignSnapshot", "in_progress", "another change has to come first six times in a row"),
    ("deleteSnapshot", "in_progress", "another change has to come first six times in a row"),
    ("removeUser", "in_progress", "another change has to come first four times in a row"),
    ("changeOrganization", "in_progress", "another change has to come first four times in a row"),
];

/// One thing that the description says can happen: an operation, a status, and the code of a problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct DescribedError {
    operation: String,
    method: String,
    path: String,
    status: u16,
    code: String,
}

/// Everything that the description says can happen.
fn described() -> BTreeSet<DescribedError> {
    let description: Value = serde_json::from_str(&local::openapi::text().unwrap()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = resolved(response);
                let codes = response["content"]["application/problem+json"]["examples"].as_object();
                let codes: Vec<&str> = codes.map_or(vec![""], |all| all.keys().map(String::as_str).collect());
                described.extend(codes.into_iter().map(|code| DescribedError {
                    operation: operation["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_ascii_uppercase(),
                    path: path.clone(),
                    status: status.parse().unwrap(),
                    code: code.to_owned(),
                }));
            }
        }
    }
    described
}

fn operation(happening: &DescribedError) -> OperationId {
    OperationId::ALL.iter().copied().find(|id| id.name() == happening.operation).unwrap()
}

/// A request that goes through, to be spoilt.
struct Request {
    path: String,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
    content_type: &'static str,
    body: Option<String>,
}

impl Request {
    /// What the operation answers with success, sent by a SUPERADMIN about the snapshot `id`.
    fn good(app: &TestApp, happening: &DescribedError, id: &str) -> Self {
        let operation = operation(happening);
        let body = good_body(operation, ACME);
        let subject = Subject {
            snapshot: id,
            apply: "{applyId}",
            user: &app.member(GIL).user.id.to_string(),
            organization: ACME,
        };
        Self {
            path: subject.path(operation.route()),
            token: Some(app.token(SAM)),
            headers: Vec::new(),
            content_type: "application/json",
            body: body.map(|body| body.to_string()),
        }
    }

    async fn send(self, app: &TestApp, method: &str) -> Answer {
        let mut request = app.request(method.parse().unwrap(), &self.path);
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.header("content-type", self.content_type).body(body);
        }
        app.send(request).await
    }
}

/// Makes the happening happen, in a service of its own.
async fn provoke(happening: &DescribedError) -> Answer {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let mut request = Request::good(&app, happening, &id);
    if request.path.contains("{applyId}") {
        let apply = apply_id(&app.apply(&app.token(SAM), &id, &apply_body()).await);
        request.path = request.path.replace("{applyId}", &apply);
    }
    match happening.code.as_str() {
        "" if happening.status == 304 => request.headers.push(("if-none-match", "*".to_owned())),
        "" if happening.operation == "acceptInvitation" => {
            let token = invited(&app).await;
            request.body = Some(json!({"token": token, "password": ANOTHER_PASSWORD}).to_string());
        }
        "" => {}
        "unauthenticated" => request.token = None,
        "forbidden" => request.token = Some(app.token(DANA)),
        "invalid_id" => {
            let path = happening.path.replace("{id}", "x").replace("{orgId}", "x").replace("{applyId}", NOBODY);
            request.path = path.replace("{userId}", "x").replace("{revision}", "1");
        }
        "invalid_query" => request.path += "?verbose=1",
        "invalid_header" if ["createSnapshot", "createOrganization"].contains(&happening.operation.as_str()) => {
            request.headers.push(("idempotency-key", "\"".to_owned()));
        }
        "idempotency_key_reused" => {
            reuse_key(&app, &id).await;
            request.headers.push(("idempotency-key", "k".to_owned()));
        }
        "snapshot_deleted" => {
            let made = app.create_once(&app.token(SAM), "k", &create_body()).await;
            let made = made.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
            app.delete_snapshot(&app.token(SAM), &made).await.expect(200);
            request.headers.push(("idempotency-key", "k".to_owned()));
        }
        "invalid_header" => request.headers.push(("if-match", "\"3".to_owned())),
        "precondition_failed" => request.headers.push(("if-match", "\"99\"".to_owned())),
        "invalid_json" => request.body = Some("{".to_owned()),
        "invalid_body" => request.body = Some("[]".to_owned()),
        "body_too_large" => request.body = Some(" ".repeat(1_048_577)),
        "unsupported_media_type" => request.content_type = "text/plain",
        "snapshot_not_found" => request.path = request.path.replace(&id, NOBODY),
        "revision_not_found" if happening.operation == "compareRevisions" => request.path += "?from=99",
        "revision_not_found" if !request.path.contains("/revisions/") => request.path += "?revision=shared",
        "revision_not_found" => request.path = request.path.replace("/revisions/1", "/revisions/99"),
        "apply_not_found" => request.path = happening.path.replace("{id}", &id).replace("{applyId}", NOBODY),
        "setup_in_use" => drop(app.sign_in("casey@acme.example", "TempPass!2026").await),
        "apply_undone" => {
            let applied = app.apply_once(&app.token(SAM), "k", &id, &apply_body()).await;
            let apply = apply_id(&applied);
            app.undo(&app.token(SAM), &id, &apply, None).await.expect(200);
            request.headers.push(("idempotency-key", "k".to_owned()));
        }
        "user_removed" => {
            if happening.operation == "applySnapshot" {
                app.apply_once(&app.token(SAM), "k", &id, &apply_body()).await.expect(201);
                request.headers.push(("idempotency-key", "k".to_owned()));
            }
            let applies = app.list_applies(&app.token(SAM), &id, "").await;
            let user = applies.expect(200)["applies"][0]["userId"].as_str().unwrap();
            app.remove_user(&app.token(SAM), user).await.expect(200);
        }
        "user_not_found" => request.path = happening.path.replace("{userId}", NOBODY),
        "last_admin" if happening.operation == "removeUser" => {
            let path = happening.path.replace("{userId}", &app.member(PAT).user.id.to_string());
            request.path = format!("{path}?organizationId={ACME}");
        }
        "last_admin" => {
            app.set_attribute(&app.member(GIL).user, "loginDisabled", AttributeValue::Bool(true)).await;
            request.path = happening.path.replace("{userId}", &app.member(SAM).user.id.to_string());
            request.body = Some(json!({"accessRole": "SALES_REP"}).to_string());
        }
        "organization_not_found" => request.path = happening.path.replace("{orgId}", NOBODY),
        "invalid_credentials" => request.body = Some(json!({"email": PAT, "password": "Wrong-Pass-2026!"}).to_string()),
        "invalid_invitation" => {}
        "email_taken" if happening.operation == "changeUser" => request.body = Some(json!({"email": PAT}).to_string()),
        "email_taken" if happening.operation == "inviteUser" => hold(&app, GIL, "userId").await,
        "email_taken" => request.body = Some(apply_body().to_string().replace("casey@acme.example", PAT)),
        "refused" if operation(happening).acting_place() == ActingPlace::Query => {
            request.path += &format!("?organizationId={NOBODY}");
        }
        "refused" => request.body = Some(refused(&happening.operation).to_string()),
        "in_progress" if happening.operation == "changeUser" => {
            reserve(&app, "casey@acme.example").await;
            request.body = Some(json!({"email": "casey@acme.example"}).to_string());
        }
        "in_progress" if happening.operation == "inviteUser" => reserve(&app, GIL).await,
        "in_progress" => reserve(&app, "casey@acme.example").await,
        "setup_too_large" if happening.operation == "applySnapshot" => {
            give_alex(&app, ItemKind::Automation, "description", 385_000).await;
            request.path = happening.path.replace("{id}", &snapshot(&app).await);
            let mut body = apply_body();
            body["sourceStatusesMapping"] = json!({"Huge": vec!["New Lead"; 3_000]});
            request.body = Some(body.to_string());
        }
        "source_unreadable" => {
            app.set_attribute(&app.member(ALEX).user, "setupVersion", AttributeValue::S("one".to_owned())).await;
        }
        "setup_too_large" => give_alex(&app, ItemKind::Prompt, "prompt", 392_000).await,
        "too_many_attempts" => {
            for _ in 0..10 {
                app.login(PAT, "Wrong-Pass-2026!").await.expect(401);
                app.login(SAM, "Wrong-Pass-2026!").await.expect(401);
                app.accept_invitation(NO_INVITATION, ANOTHER_PASSWORD).await.expect(401);
            }
        }
        code => assert_eq!(code, "", "{}: teach this test to provoke this, or say why not", happening.operation),
    }
    request.send(&app, &happening.method).await
}

/// A body that a rule refuses.
fn refused(operation: &str) -> Value {
    match operation {
        "createSnapshot" => json!({"name": " ", "sourceOrgId": ACME, "sourceUserId": NOBODY}),
        "login" => json!({"email": "nobody", "password": PASSWORD}),
        "planSnapshot" => json!({"revision": 99}),
        "createOrganization" | "changeOrganization" => json!({"name": " "}),
        "changePassword" => json!({"currentPassword": "Wrong-Pass-2026!", "newPassword": ANOTHER_PASSWORD}),
        "acceptInvitation" => json!({"token": NO_INVITATION, "password": "password1"}),
        _ => {
            let mut body = apply_body();
            body["pipelineMapping"] = json!({"No such automation": {"a": "b"}});
            body
        }
    }
}

/// Uses the key `k` for other bodies than those of [`Request::good`].
async fn reuse_key(app: &TestApp, id: &str) {
    let (mut create, mut apply) = (create_body(), apply_body());
    create["name"] = json!("Another");
    apply["newUser"]["fullName"] = json!("Another");
    app.create_once(&app.token(SAM), "k", &create).await.expect(201);
    app.apply_once(&app.token(SAM), "k", id, &apply).await.expect(201);
    app.create_organization_once(&app.token(SAM), "k", &json!({"name": "Another"})).await.expect(201);
}

/// The token of an invitation for Gil.
async fn invited(app: &TestApp) -> String {
    let invited = app.invite(&app.token(SAM), &app.member(GIL).user.id.to_string()).await;
    invited.expect(201)["invitation"]["token"].as_str().unwrap().to_owned()
}

/// Leaves the address as an apply does that has reserved it and not gone on.
async fn reserve(app: &TestApp, email: &str) {
    hold(app, email, "reservedBy").await;
}

/// Gives an address to a user or an apply that does not exist.
async fn hold(app: &TestApp, email: &str, holder: &'static str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    app.put_item([
        ("PK", text(&format!("EMAIL#{email}"))),
        ("SK", text("#META")),
        ("type", text("email")),
        ("organizationId", text(ACME)),
        (holder, text(NOBODY)),
    ])
    .await;
}

/// Gives Alex one more item, with a field of this length.
async fn give_alex(app: &TestApp, kind: ItemKind, field: &str, length: usize) {
    let document = serde_json::from_value(json!({
        "name": "Huge", "sourceStatuses": ["New Lead"], field: "x".repeat(length)
    }))
    .unwrap();
    let change = SetupChange::Put(kind, SetupItem { id: ObjectId::from_bytes([7; 12]), document });
    let alex = &app.member(ALEX).user;
    tests::change_setup(app.table(), &alex.organization, &alex.id, &[change], tests::BEGINNING).await.unwrap();
}

#[tokio::test]
async fn everything_that_is_described_happens() {
    let described = described();
    let is_left_out = |happening: &DescribedError, (operation, code, _): &(&str, &str, &str)| {
        (*operation == "*" || *operation == happening.operation) && *code == happening.code
    };
    for reason in &UNPROVOKED {
        assert!(described.iter().any(|it| is_left_out(it, reason)), "{reason:?} is not described any more");
    }
    let mut provoked = 0;
    for happening in &described {
        if UNPROVOKED.iter().any(|reason| is_left_out(happening, reason)) {
            continue;
        }
        // That the answer is as described in everything else, the harness sees to.
        let answer = provoke(happening).await;
        let code = answer.body["code"].as_str().unwrap_or_default();
        assert_eq!(
            (answer.status, code),
            (happening.status, happening.code.as_str()),
            "{happening:?}: {}",
            answer.text
        );
        provoked += 1;
    }
    println!("{provoked} of {} described answers were provoked", described.len());
}
