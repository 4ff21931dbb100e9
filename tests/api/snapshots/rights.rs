//! Who may do what, over every cell of role x route x ownership, with good and bad tokens, and with foreign ids wherever a
//! request takes one. What is expected is written down here a second time, apart from the table in the code.

use serde_json::{Value, json};
use shared::domain::{Email, ObjectId, Role, Setup, TokenCredentials, User};
use shared::http::{Caller, OperationId, SigningKey, TokenSigner};
use shared::ids::SystemRandomness;
use shared::store::{CreateUserOutcome, EditOutcome, SetupWriter, SnapshotEditor};
use tests::{
    ACME, ALEX, Answer, BEGINNING, GIL, GLOBEX, Item, PAT, SAM, Subject, TestApp, apply_body, create_body, good_body,
    operations_of_a_snapshot, snapshot,
};

use crate::access::tokens::{with_no_algorithm, with_role};
use crate::snapshots::lists::{new_snapshot, store};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// A person of Globex in each role, in the order of [`Role::ALL`].
pub(crate) struct People(pub(crate) Vec<(Caller, String)>);

impl People {
    pub(crate) async fn of(app: &TestApp) -> Self {
        let organization: ObjectId = GLOBEX.parse().unwrap();
        let mut people = Vec::new();
        for (number, role) in Role::ALL.into_iter().enumerate() {
            let user = match role {
                Role::Admin => app.member(GIL).user.clone(),
                Role::Superadmin => app.member(SAM).user.clone(),
                _ => {
                    let user = User {
                        id: ObjectId::from_bytes([u8::try_from(number).unwrap() + 0xd0; 12]),
                        email: Email::parse(format!("{role}@globex.example")).unwrap(),
                        role,
                        ..app.member(GIL).user.clone()
                    };
                    let made = SetupWriter::new(app.table()).create_user(&user, None, &Setup::default()).await.unwrap();
                    assert_eq!(made, CreateUserOutcome::Created);
                    user
                }
            };
            let name = role.to_string();
            let caller = Caller { user: user.id, organization, role, name, credentials: TokenCredentials::default() };
            let token = app.token_for(&caller);
            people.push((caller, token));
        }
        Self(people)
    }
}

/// A request to an operation about the snapshot of this id.
fn request(app: &TestApp, operation: OperationId, id: &str) -> reqwest::RequestBuilder {
    let body = match operation {
        OperationId::PlanSnapshot => Some(json!({"newUser": {}})),
        OperationId::ApplySnapshot => {
            let email = format!("for-{}@globex.example", id.replace('#', "x"));
            Some(json!({"newUser": {"email": email, "password": "TempPass!2026"}}))
        }
        OperationId::AssignSnapshot => Some(json!({"assignedOrgIds": [GLOBEX], "isGlobal": true})),
        other => good_body(other, GLOBEX),
    };
    let subject = Subject { snapshot: id, apply: NOBODY, user: NOBODY, organization: GLOBEX };
    // The one thing in which answers differ anyway.
    let request = app.request_to(operation, &subject).header("x-request-id", "the-cell");
    match body {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// What a snapshot is to somebody of Globex.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ownership {
    OwnMine,
    Own,
    OwnUnassigned,
    OwnUnassignedMine,
    Assigned,
    Global,
    Foreign,
    ForeignMine,
    AssignedMine,
    Deleted,
    DeletedGlobal,
    Missing,
    Malformed,
}

shared::every! {
    Ownership:
        OwnMine, Own, OwnUnassigned, OwnUnassignedMine, Assigned, Global, Foreign, ForeignMine, AssignedMine,
        Deleted, DeletedGlobal, Missing, Malformed
}

impl Ownership {
    /// What an ADMIN is answered: reading and applying, changing and looking into the history, deleting; 200 stands for done.
    fn for_an_admin(self) -> [u16; 3] {
        match self {
            Self::OwnMine => [200, 200, 200],
            Self::Own => [200, 200, 403],
            Self::OwnUnassigned => [404, 200, 404],
            Self::OwnUnassignedMine => [404, 200, 200],
            // Mine, but of an organization that I left: as anybody's.
            Self::Assigned | Self::AssignedMine | Self::Global => [200, 403, 403],
            Self::Foreign | Self::ForeignMine => [404, 404, 404],
            Self::Deleted | Self::DeletedGlobal | Self::Missing => [404, 404, 404],
            Self::Malformed => [400, 400, 400],
        }
    }

    fn expected(self, role: Role, operation: OperationId) -> u16 {
        let [sees, changes, deletes] = self.for_an_admin();
        let status = match (role, operation) {
            (Role::SalesRep | Role::DepartmentHead, _) => 403,
            (Role::Superadmin, _) => match self {
                Self::Malformed => 400,
                Self::Deleted | Self::DeletedGlobal | Self::Missing => 404,
                _ => 200,
            },
            (Role::Admin, OperationId::AssignSnapshot) => 403,
            // A receiver compares the current sharing with the previous one.
            (Role::Admin, OperationId::CompareRevisions) if changes == 403 => sees,
            (
                Role::Admin,
                OperationId::RenameSnapshot
                | OperationId::RefreshSnapshot
                | OperationId::ListRevisions
                | OperationId::GetRevision
                | OperationId::CompareRevisions
                | OperationId::RestoreRevision,
            ) => changes,
            (Role::Admin, OperationId::DeleteSnapshot) => deletes,
            (
                Role::Admin,
                OperationId::GetSnapshot
                | OperationId::ListSnapshotItems
                | OperationId::GetApplyReferences
                | OperationId::PlanSnapshot
                | OperationId::ApplySnapshot,
            ) => sees,
            (Role::Admin, other) => unreachable!("{other:?} is new: say here what an ADMIN is answered"),
        };
        if status == 200 && operation == OperationId::ApplySnapshot { 201 } else { status }
    }

    /// Makes a snapshot that is this to `caller`, and gives its id.
    async fn make(self, app: &TestApp, caller: &Caller, number: u32) -> String {
        let mut bytes = [0x77; 12];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        let id = ObjectId::from_bytes(bytes);
        let other = app.member(PAT).user.id;
        let (source, creator, assigned, is_global): (_, _, &[&str], _) = match self {
            Self::OwnMine | Self::Deleted => (GLOBEX, caller.user, &[GLOBEX], false),
            Self::Own => (GLOBEX, other, &[GLOBEX], false),
            Self::OwnUnassigned => (GLOBEX, other, &[], false),
            Self::OwnUnassignedMine => (GLOBEX, caller.user, &[], false),
            Self::Assigned => (ACME, other, &[ACME, GLOBEX], false),
            Self::Global | Self::DeletedGlobal => (ACME, other, &[ACME], true),
            Self::Foreign => (ACME, other, &[ACME], false),
            Self::ForeignMine => (ACME, caller.user, &[ACME], false),
            Self::AssignedMine => (ACME, caller.user, &[ACME, GLOBEX], false),
            Self::Missing => return id.to_string(),
            Self::Malformed => return format!("{id}0"),
        };
        let stored = store(app, &new_snapshot(id, source, creator, BEGINNING), assigned, is_global).await;
        if matches!(self, Self::Deleted | Self::DeletedGlobal) {
            let deleted = SnapshotEditor::new(app.table()).delete(&stored, other, BEGINNING).await.unwrap();
            assert!(matches!(deleted, EditOutcome::Done(_)));
        }
        id.to_string()
    }
}

/// The item of a snapshot, where there is one.
async fn meta(app: &TestApp, id: &str) -> Option<Item> {
    app.item(&format!("SNAPSHOT#{id}"), "#META").await
}

/// An answer as far as a client can compare it: status, headers and body, the time aside.
pub(crate) fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| name.as_str() != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    (answer.status, headers, answer.text.clone())
}

#[tokio::test]
async fn every_cell_of_role_route_and_ownership_is_answered_as_the_table_says() {
    let app = TestApp::start().await;
    let people = People::of(&app).await;
    let (mut cells, mut number, mut allowed) = (0, 0_u32, 0);
    for (caller, token) in &people.0 {
        for operation in operations_of_a_snapshot() {
            let missing = app.send(request(&app, operation, NOBODY).bearer_auth(token)).await;
            for ownership in Ownership::ALL {
                number += 1;
                let cell = format!("{} {operation:?} {ownership:?}", caller.role);
                let id = ownership.make(&app, caller, number).await;
                let before = meta(&app, &id).await;
                app.forget_calls();
                let answer = app.send(request(&app, operation, &id).bearer_auth(token)).await;
                let expected = ownership.expected(caller.role, operation);
                assert_eq!(answer.status, expected, "{cell}: {}", answer.text);
                match expected {
                    200 | 201 => allowed += 1,
                    _ => {
                        assert_eq!(app.recorded().write_units(), 0.0, "{cell}");
                        assert_eq!(meta(&app, &id).await, before, "{cell}");
                        assert!(
                            !answer.text.contains(&id) && !answer.text.contains("source@"),
                            "{cell}: {}",
                            answer.text
                        );
                    }
                }
                if expected == 404 {
                    assert_eq!(comparable(&answer), comparable(&missing), "{cell}: invisible is not as missing");
                }
                if expected == 403 && !matches!(caller.role, Role::Admin | Role::Superadmin) {
                    assert!(app.recorded().of("BatchGetItem").is_empty(), "{cell}");
                }
                cells += 1;
            }
        }
    }
    println!("{cells} cells of role x route x ownership, {allowed} of them allowed");
    assert_eq!(cells, 4 * Ownership::ALL.len() * operations_of_a_snapshot().count());
}

#[tokio::test]
async fn every_cell_is_401_with_a_token_that_is_missing_expired_or_forged_and_nothing_is_read() {
    let app = TestApp::start().await;
    let people = People::of(&app).await;
    let mut snapshots = Vec::new();
    for (number, ownership) in (0..).zip(Ownership::ALL) {
        snapshots.push((ownership, ownership.make(&app, &people.0[2].0, number).await));
    }
    app.clock().set(BEGINNING.minus(std::time::Duration::from_secs(3_606)));
    let expired: Vec<String> = people.0.iter().map(|(caller, _)| app.token_for(caller)).collect();
    app.clock().set(BEGINNING);
    let strange = SigningKey::generate(&SystemRandomness).unwrap();
    app.forget_calls();
    let mut cells = 0;
    for ((caller, good), expired) in people.0.iter().zip(&expired) {
        let (issuer, audience) = crate::access::tokens::issuer_and_audience(good);
        let stranger = TokenSigner::new(&strange.private_jwk, issuer, audience).unwrap();
        let mut flipped = good.clone().into_bytes();
        let place = flipped.len() - 10;
        flipped[place] = if flipped[place] == b'A' { b'B' } else { b'A' };
        let tokens = [
            None,
            Some(expired.clone()),
            Some(String::from_utf8(flipped).unwrap()),
            Some(with_role(good, "SUPERADMIN2")),
            Some(with_role(good, if caller.role == Role::Superadmin { "ADMIN" } else { "SUPERADMIN" })),
            Some(with_no_algorithm(good)),
            Some(stranger.sign(caller, BEGINNING).unwrap()),
        ];
        for operation in operations_of_a_snapshot() {
            for (ownership, id) in &snapshots {
                for token in &tokens {
                    let request = request(&app, operation, id);
                    let request = match token {
                        Some(token) => request.bearer_auth(token),
                        None => request,
                    };
                    let answer = app.send(request).await;
                    let cell = format!("{} {operation:?} {ownership:?} {token:?}", caller.role);
                    assert_eq!(answer.status, 401, "{cell}: {}", answer.text);
                    assert_eq!(answer.body["error"], "Invalid or expired token", "{cell}");
                    cells += 1;
                }
            }
        }
        for token in tokens.iter().flatten() {
            app.list_snapshots(token, "").await.expect_problem(401, "unauthenticated");
            app.list_users(token, GLOBEX, "").await.expect_problem(401, "unauthenticated");
            app.create_snapshot(token, &create_body()).await.expect_problem(401, "unauthenticated");
            app.list_applies(token, NOBODY, "").await.expect_problem(401, "unauthenticated");
            app.apply_detail(token, NOBODY, NOBODY, "").await.expect_problem(401, "unauthenticated");
            app.undo(token, NOBODY, NOBODY, Some(&json!({"force": true}))).await.expect_problem(401, "unauthenticated");
            cells += 6;
        }
    }
    assert!(app.recorded().calls.is_empty(), "{:?}", app.recorded().operations());
    println!("{cells} cells with malformed tokens");
    assert!(cells > 1_000);
}

#[tokio::test]
async fn a_list_has_what_its_caller_may_get_and_nothing_else() {
    let app = TestApp::start().await;
    let people = People::of(&app).await;
    let mut cells = 0;
    for (caller, token) in &people.0 {
        let mut made = Vec::new();
        for (number, ownership) in (0..).zip(Ownership::ALL) {
            let number = number + 100 * (caller.role as u32 + 1);
            made.push((ownership, ownership.make(&app, caller, number).await));
        }
        let listed = app.list_snapshots(token, "").await;
        for (ownership, id) in &made {
            let may_get = ownership.expected(caller.role, OperationId::GetSnapshot);
            match may_get {
                403 => drop(listed.expect_problem(403, "forbidden")),
                _ => assert_eq!(
                    listed.expect(200).to_string().contains(id),
                    may_get == 200,
                    "{} {ownership:?}",
                    caller.role
                ),
            }
            cells += 1;
        }
    }
    println!("{cells} cells of role x ownership in the list");
}

#[tokio::test]
async fn a_foreign_organization_or_user_in_a_body_is_refused_as_one_that_does_not_exist() {
    let app = TestApp::start().await;
    let people = People::of(&app).await;
    let (alex, gil) = (app.member(ALEX).user.id.to_string(), app.member(GIL).user.id.to_string());
    let mut cells = 0;
    for (caller, token) in &people.0 {
        for organization in [GLOBEX, ACME, NOBODY, "nope"] {
            for user in [gil.as_str(), alex.as_str(), NOBODY, "nope"] {
                let body = json!({"name": "Q2", "sourceOrgId": organization, "sourceUserId": user});
                app.forget_calls();
                let answer = app.create_snapshot(token, &body).await;
                let reads = app.recorded().calls.len();
                let of_organization = (organization == GLOBEX && user == gil) || (organization == ACME && user == alex);
                let expected = match caller.role {
                    Role::SalesRep | Role::DepartmentHead => (403, vec![]),
                    _ if organization == "nope" && user == "nope" => (400, vec!["/sourceOrgId", "/sourceUserId"]),
                    _ if organization == "nope" => (400, vec!["/sourceOrgId"]),
                    _ if user == "nope" => (400, vec!["/sourceUserId"]),
                    Role::Admin if organization != GLOBEX => (403, vec![]),
                    _ if organization == NOBODY => (422, vec!["/sourceOrgId"]),
                    _ if of_organization => (201, vec![]),
                    _ => (422, vec!["/sourceUserId"]),
                };
                let cell = format!("{} {organization} {user}: {}", caller.role, answer.text);
                assert_eq!((answer.status, answer.pointers()), expected, "{cell}");
                assert!(!matches!(expected.0, 400 | 403) || reads == 0, "{cell}");
                cells += 1;
            }
        }
        for organization in [GLOBEX, ACME, NOBODY, "nope"] {
            let answer = app.list_users(token, organization, "").await;
            let expected = match (caller.role, organization) {
                (Role::SalesRep | Role::DepartmentHead, _) => 403,
                (_, "nope") => 400,
                (Role::Admin, GLOBEX) | (Role::Superadmin, GLOBEX | ACME) => 200,
                (Role::Admin, _) => 403,
                (Role::Superadmin, _) => 404,
            };
            assert_eq!(answer.status, expected, "{} {organization}: {}", caller.role, answer.text);
            cells += 1;
        }
    }
    println!("{cells} cells of role x ids in bodies and paths");
}

/// The answer with `name` replaced, so that two answers that differ in it alone are equal.
fn without(answer: &Answer, name: &str) -> (u16, String) {
    let mut body = answer.body.clone();
    body["requestId"] = Value::Null;
    (answer.status, body.to_string().replace(name, "NAME"))
}

#[tokio::test]
async fn a_foreign_stage_or_agent_in_a_mapping_is_refused_as_one_that_does_not_exist() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME], "isGlobal": true})).await.expect(200);
    let people = People::of(&app).await;
    let automations = app.snapshot_items(&app.token(SAM), &id, "kind=automation").await.body["items"].clone();
    let automations = automations.as_array().unwrap();
    let handing = automations.iter().find(|it| it["document"]["actions"]["agent"] == "Warm-up Agent").unwrap();
    let handing = handing["document"]["name"].as_str().unwrap();
    let moving = "Move to Contacted on first reply";
    let mut cells = 0;
    for (number, (caller, token)) in people.0.iter().enumerate() {
        for (mapping, automation, source, own, foreign, unknown) in [
            ("agentMapping", handing, "Warm-up Agent", "64eea1110000000000000060", "64eea1110000000000000061", NOBODY),
            ("pipelineMapping", moving, "Contacted", "Reached Out", "Contacted", "Nowhere"),
        ] {
            let mut refused = Vec::new();
            for target in [own, foreign, unknown] {
                let mut body = apply_body();
                body["newUser"]["email"] = json!(format!("{number}-{cells}@globex.example"));
                body["pipelineMapping"] = json!({});
                body[mapping] = json!({automation: {source: target}});
                let answer = app.apply(token, &id, &body).await;
                let expected = match caller.role {
                    Role::SalesRep | Role::DepartmentHead => 403,
                    _ if target == own => 201,
                    _ => 422,
                };
                assert_eq!(answer.status, expected, "{} {mapping} {target}: {}", caller.role, answer.text);
                if expected == 422 {
                    assert_eq!(answer.pointers().len(), 1);
                    // The target stands in the detail and, as it was sent, in `value`; the source's name stands in the pointer, too.
                    let shown = format!("{target:?}").replace('"', if mapping == "agentMapping" { "" } else { "\\\"" });
                    let (status, text) = without(&answer, &shown);
                    refused.push((status, text.replace(&format!("\"value\":{target:?}"), "\"value\":NAME")));
                }
                cells += 1;
            }
            if let [foreign, unknown] = &refused[..] {
                assert_eq!(foreign, unknown, "{} {mapping}", caller.role);
            }
        }
        for target in [GLOBEX, NOBODY, &app.member(GIL).user.id.to_string()] {
            let answer = app.assign(token, &id, &json!({"assignedOrgIds": [ACME, target]})).await;
            let expected = match caller.role {
                Role::Superadmin if target == GLOBEX => 200,
                Role::Superadmin => 422,
                _ => 403,
            };
            assert_eq!(answer.status, expected, "{} {target}: {}", caller.role, answer.text);
            cells += 1;
        }
    }
    println!("{cells} cells of role x ids in mappings and assignments");
}
