//! A token is up to an hour old. Every route of the description, for callers of every role whose stored user is as the token
//! says, disabled, demoted, promoted, moved to another organization, with another password, or deleted.
//!
//! A new route needs a good request in tests/harness/requests.rs: without it nothing compiles.

use http::Method;
use serde_json::json;
use shared::domain::{ObjectId, Role, User};
use shared::http::{Authorization, Caller, OperationId, ROUTES};
use tests::{ACME, BEGINNING, CallerState, GIL, GLOBEX, PASSWORD, SAM, Subject, TestApp, apply_body, good_body};

use crate::people::rights::user_of;
use crate::snapshots::lists::{new_snapshot, store};
use crate::snapshots::rights::{People, comparable};

/// What the requests of one caller are about: all of it is the caller's own, so that nothing but the caller's state refuses.
struct CallerFixture<'a> {
    app: &'a TestApp,
    user: User,
    token: String,
    /// A snapshot of the caller's organization, made by the caller.
    snapshot: ObjectId,
    /// An apply in that organization.
    apply: String,
    /// Another user of that organization, of the lowest role.
    colleague: String,
    /// Tells the addresses of new users apart.
    number: usize,
}

impl<'a> CallerFixture<'a> {
    async fn of(app: &'a TestApp, caller: &Caller, colleague: String, number: usize) -> Self {
        let user = match caller.role {
            Role::Superadmin => app.member(SAM).user.clone(),
            _ => User { id: caller.user, role: caller.role, ..app.member(GIL).user.clone() },
        };
        let mut world = Self {
            app,
            user,
            token: app.token_for(caller),
            snapshot: ObjectId::NOBODY,
            apply: String::new(),
            colleague,
            number,
        };
        world.renew().await;
        let mut body = apply_body();
        body["newUser"]["email"] = json!(format!("applied{number}@globex.example"));
        let answer = app.apply(&app.token(SAM), &world.snapshot.to_string(), &body).await;
        world.apply = answer.expect(201)["result"]["applyId"].as_str().unwrap().to_owned();
        world
    }

    /// Makes another snapshot, because the one before may be gone or changed.
    async fn renew(&mut self) {
        self.number += 1;
        let mut bytes = [0x55; 12];
        bytes[4..].copy_from_slice(&(self.number as u64).to_be_bytes());
        self.snapshot = ObjectId::from_bytes(bytes);
        let snapshot = new_snapshot(self.snapshot, GLOBEX, self.user.id, BEGINNING);
        store(self.app, &snapshot, &[GLOBEX], false).await;
    }

    /// A good request to the operation; `None` for one that is answered without a token.
    fn request(&self, operation: OperationId) -> Option<reqwest::RequestBuilder> {
        if operation.route().authorization == Authorization::Public {
            return None;
        }
        let body = match operation {
            OperationId::CreateSnapshot => {
                Some(json!({"name": "Q2", "sourceOrgId": GLOBEX, "sourceUserId": self.app.member(GIL).user.id}))
            }
            OperationId::ApplySnapshot => {
                let email = format!("casey{}@globex.example", self.number);
                Some(json!({"newUser": {"email": email, "password": "TempPass!2026"}}))
            }
            OperationId::PlanSnapshot => Some(json!({})),
            other => good_body(other, GLOBEX),
        };
        let subject = Subject {
            snapshot: &self.snapshot.to_string(),
            apply: &self.apply,
            user: &self.colleague,
            organization: GLOBEX,
        };
        // The one thing in which answers differ anyway.
        let request = self.app.request_to(operation, &subject).header("x-request-id", "the-cell");
        let request = request.bearer_auth(&self.token);
        Some(match body {
            Some(body) => request.json(&body),
            None => request,
        })
    }
}

/// Whether a role may ever take an operation's action. What is expected is written down here a second time.
fn may_ever(role: Role, operation: OperationId) -> bool {
    match (role, operation) {
        (_, OperationId::VerifyToken | OperationId::ChangePassword) | (Role::Superadmin, _) => true,
        (
            Role::Admin,
            OperationId::AssignSnapshot | OperationId::ListOrganizations | OperationId::CreateOrganization,
        ) => false,
        (Role::Admin, _) => true,
        (Role::DepartmentHead | Role::SalesRep, _) => false,
    }
}

#[tokio::test]
async fn every_route_confirms_the_stored_caller_whatever_the_role() {
    let (mut cells, mut allowed) = (0, 0);
    for role in Role::ALL {
        for state in CallerState::ALL.into_iter().filter(|state| state.is_possible(role)) {
            let app = TestApp::start().await;
            let people = People::of(&app).await;
            let (caller, _) = people.0.iter().find(|(caller, _)| caller.role == role).unwrap();
            // The applies of the routes belong to one snapshot, which stays until the end.
            let colleague =
                people.0.iter().find(|(caller, _)| caller.role == Role::SalesRep).unwrap().0.user.to_string();
            for role in [Role::DepartmentHead, Role::SalesRep] {
                app.copy_hash(GIL, &format!("{role}@globex.example").to_lowercase()).await;
            }
            let mut world = CallerFixture::of(&app, caller, colleague, 1_000).await;
            let applied = world.snapshot;
            app.change_user(&world.user, state, ACME).await;
            for route in ROUTES {
                world.renew().await;
                if route.path.contains("/applies") {
                    world.snapshot = applied;
                }
                let colleague = world.colleague.clone();
                if route.id == OperationId::RemoveUser {
                    // The other routes need the colleague.
                    world.colleague = user_of(&app, GLOBEX, Role::SalesRep, 0x9e).await.id.to_string();
                }
                let request = world.request(route.id);
                world.colleague = colleague;
                let Some(request) = request else { continue };
                let cell = format!("{role} {state:?} {}", route.name());
                app.forget_calls();
                let answer = app.send(request).await;
                cells += 1;
                if !may_ever(role, route.id) {
                    answer.expect_problem(403, "forbidden");
                    assert!(app.recorded().calls.is_empty(), "{cell}: {:?}", app.recorded().operations());
                } else if state == CallerState::AsTheTokenSays {
                    assert!((200..300).contains(&answer.status), "{cell}: {}", answer.text);
                    allowed += 1;
                } else {
                    assert_eq!(answer.status, 401, "{cell}: {}", answer.text);
                    let problem = answer.expect_problem(401, "unauthenticated");
                    assert_eq!(problem["error"], "Invalid or expired token", "{cell}");
                    assert_eq!(app.recorded().write_units(), 0.0, "{cell}");
                    let bad = app.request(Method::GET, "/api/auth/verify-token").header("x-request-id", "the-cell");
                    let bad = app.send(bad.bearer_auth("no.good.token")).await;
                    assert_eq!(comparable(&answer), comparable(&bad), "{cell}: it is not as with a bad token");
                }
            }
        }
    }
    println!("{cells} cells of role x state x route, {allowed} of them allowed");
    let routes = ROUTES.iter().filter(|route| route.authorization != Authorization::Public).count();
    assert_eq!(cells, (2 * 6 + 2 * 7) * routes);
}

#[tokio::test]
async fn who_signs_in_is_who_the_stored_user_is_by_now() {
    for (state, status, role) in [
        (CallerState::AsTheTokenSays, 200, "ADMIN"),
        (CallerState::Demoted, 200, "DEPARTMENT_HEAD"),
        (CallerState::Promoted, 200, "SUPERADMIN"),
        (CallerState::Moved, 200, "ADMIN"),
        (CallerState::PasswordChanged, 200, "ADMIN"),
        (CallerState::Disabled, 401, ""),
        (CallerState::Deleted, 401, ""),
    ] {
        let app = TestApp::start().await;
        app.change_user(&app.member(GIL).user, state, ACME).await;
        let answer = app.login(GIL, PASSWORD).await;
        assert_eq!(answer.status, status, "{state:?}: {}", answer.text);
        if status == 401 {
            answer.expect_problem(401, "invalid_credentials");
            continue;
        }
        let organization = if state == CallerState::Moved { ACME } else { GLOBEX };
        let user = &answer.body["user"];
        assert_eq!((&user["accessRole"], &user["organizationId"]), (&json!(role), &json!(organization)), "{state:?}");
        app.verify_token(answer.body["token"].as_str().unwrap()).await.expect(200);
    }
}
