//! Who may see, change and invite whom, over every cell of role x operation x user. What is expected is written down here a second
//! time, apart from the table in the code.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::domain::{Email, ObjectId, Role, Setup, User};
use shared::http::{OperationId, ROUTES};
use shared::store::{CreateUserOutcome, SetupWriter};
use tests::{ACME, GIL, GLOBEX, Subject, TestApp, good_body};

use crate::snapshots::rights::{People, comparable};

/// An id that nobody has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// A user of this role in the organization, with an id of this byte.
pub(crate) async fn user_of(app: &TestApp, organization: &str, role: Role, byte: u8) -> User {
    let user = User {
        id: ObjectId::from_bytes([byte; 12]),
        organization: organization.parse().unwrap(),
        email: Email::parse(format!("u{byte}@people.example")).unwrap(),
        role,
        ..app.member(GIL).user.clone()
    };
    let made = SetupWriter::new(app.table()).create_user(&user, None, &Setup::default()).await.unwrap();
    assert_eq!(made, CreateUserOutcome::Created);
    user
}

/// The operations about one user.
fn operations() -> impl Iterator<Item = OperationId> {
    ROUTES.iter().filter(|route| route.path.contains("{userId}")).map(|route| route.id)
}

/// What a caller of Globex is answered about a user of this role of its own organization.
fn expected(mine: Role, operation: OperationId, role: Role, is_itself: bool) -> u16 {
    match (mine, operation) {
        (Role::SalesRep | Role::DepartmentHead, _) => 403,
        (_, OperationId::GetUser | OperationId::GetSetup) => 200,
        (_, OperationId::InviteUser | OperationId::RemoveUser) if is_itself => 403,
        (Role::Admin, _) if role == Role::Superadmin => 403,
        (_, OperationId::ChangeUser | OperationId::RemoveUser) => 200,
        (_, OperationId::InviteUser) => 201,
        (_, other) => unreachable!("{other:?} is new: say here what is answered"),
    }
}

#[tokio::test]
async fn every_cell_of_role_operation_and_user_is_answered_as_the_table_says() {
    let app = TestApp::start().await;
    let people = People::of(&app).await;
    let mut targets = Vec::new();
    for (byte, role) in (0xe0..).zip(Role::ALL) {
        targets.push((user_of(&app, GLOBEX, role, byte).await, true));
        targets.push((user_of(&app, ACME, role, byte + 8).await, false));
    }
    let mut cells = 0;
    for (caller, token) in &people.0 {
        let itself = User { id: caller.user, role: caller.role, ..app.member(GIL).user.clone() };
        for operation in operations() {
            let send = async |id: String| {
                let subject = Subject { snapshot: NOBODY, apply: NOBODY, user: &id, organization: GLOBEX };
                let request = app.request_to(operation, &subject).header("x-request-id", "the-cell");
                let request = request.bearer_auth(token);
                app.send(match good_body(operation, GLOBEX) {
                    Some(body) => request.json(&body),
                    None => request,
                })
                .await
            };
            let missing = send(NOBODY.to_owned()).await;
            for (user, is_here) in targets.iter().chain([&(itself.clone(), true)]) {
                let cell = format!("{} {operation:?} {} {is_here}", caller.role, user.role);
                let before = app.item(&format!("ORG#{}#USER#{}", user.organization, user.id), "#META").await;
                let claim = app.item(&format!("EMAIL#{}", user.email.key().as_str()), "#META").await;
                app.forget_calls();
                let answer = send(user.id.to_string()).await;
                if operation == OperationId::RemoveUser && answer.status == 200 {
                    // The next cells need the user.
                    for item in [&before, &claim] {
                        app.store(item.clone().unwrap()).await;
                    }
                }
                let is_itself = user.id == caller.user;
                let status = match expected(caller.role, operation, user.role, is_itself) {
                    403 if caller.role < Role::Admin => 403,
                    _ if !is_here => 404,
                    status => status,
                };
                assert_eq!(answer.status, status, "{cell}: {}", answer.text);
                if status == 404 {
                    assert_eq!(
                        comparable(&answer),
                        comparable(&missing),
                        "{cell}: a foreign user is not as a missing one"
                    );
                }
                if status >= 400 {
                    assert_eq!(app.recorded().write_units(), 0.0, "{cell}");
                    let after = app.item(&format!("ORG#{}#USER#{}", user.organization, user.id), "#META").await;
                    assert_eq!(after, before, "{cell}");
                    assert!(!answer.text.contains("people.example"), "{cell}: {}", answer.text);
                }
                cells += 1;
            }
            assert!([403, 404].contains(&missing.status), "{}", missing.text);
        }
    }
    println!("{cells} cells of role x operation x user");
    assert_eq!(cells, 4 * operations().count() * (2 * 4 + 1));
}

#[tokio::test]
async fn nobody_gives_a_role_above_its_own() {
    let app = TestApp::start().await;
    let people = People::of(&app).await;
    let mut byte = 0xe0;
    for (caller, token) in people.0.iter().filter(|(caller, _)| caller.role >= Role::Admin) {
        for role in Role::ALL {
            byte += 1;
            let user = user_of(&app, GLOBEX, Role::SalesRep, byte).await;
            app.forget_calls();
            let answer = app.change_user_by(token, &user.id.to_string(), &json!({"accessRole": role})).await;
            let status = if role > caller.role { 403 } else { 200 };
            assert_eq!(answer.status, status, "{} gives {role}: {}", caller.role, answer.text);
            if status == 403 {
                assert!(app.recorded().calls.is_empty(), "it is refused before anything is read");
            }
        }
    }
}

#[tokio::test]
async fn a_list_has_the_users_of_the_own_organization_in_pages_and_nobody_else() {
    let app = TestApp::start().await;
    let people = People::of(&app).await;
    for byte in 0xe0..0xe6 {
        user_of(&app, GLOBEX, Role::SalesRep, byte).await;
        user_of(&app, ACME, Role::SalesRep, byte + 8).await;
    }
    for (caller, token) in &people.0 {
        let answer = app.get(token, "/api/users").await;
        if caller.role < Role::Admin {
            answer.expect_problem(403, "forbidden");
            continue;
        }
        let all = answer.expect(200)["users"].as_array().unwrap().clone();
        assert!(all.iter().all(|user| !user["email"].as_str().unwrap().ends_with("@acme.example")), "{all:?}");
        assert_eq!(all.len(), 2 + 2 + 6);
        let (mut paged, mut query) = (Vec::new(), String::new());
        loop {
            let page = app.get(token, &format!("/api/users?limit=3{query}")).await;
            let page = page.expect(200);
            assert!(page["users"].as_array().unwrap().len() <= 3);
            paged.extend(page["users"].as_array().unwrap().clone());
            let Some(next) = page["nextCursor"].as_str() else { break };
            query = format!("&cursor={next}");
        }
        assert_eq!(paged, all);
        assert!(app.recorded().of("Scan").is_empty());
    }
}

/// A user whom another system made without a place in the list is found by its id.
#[tokio::test]
async fn a_user_without_a_place_in_the_list_is_shown_and_changed_by_its_id() {
    let app = TestApp::start().await;
    let user = user_of(&app, GLOBEX, Role::SalesRep, 0xe0).await;
    let mut item = app.item(&format!("ORG#{GLOBEX}#USER#{}", user.id), "#META").await.unwrap();
    item.remove("LISTPK");
    item.remove("LISTSK");
    item.insert("fullName".to_owned(), AttributeValue::Bool(true));
    app.store(item).await;
    let gil = app.token(GIL);
    let id = user.id.to_string();
    assert!(!app.get(&gil, "/api/users").await.expect(200).to_string().contains(&id));
    let shown = app.user(&gil, &id).await;
    assert_eq!((&shown.expect(200)["user"]["_id"], &shown.body["user"]["fullName"]), (&json!(id), &json!(null)));
    app.change_user_by(&gil, &id, &json!({"fullName": "Una"})).await.expect(200);
    assert_eq!(app.user(&gil, &id).await.expect(200)["user"]["fullName"], "Una");
}
