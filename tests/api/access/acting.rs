//! A SUPERADMIN acts in any organization by naming it, on every route that is about one; nobody else in another than its own.

use serde_json::{Value, json};
use shared::http::{ActingPlace, OperationId, ROUTES, Route};
use tests::{
    ACME, ALEX, Answer, CallerState, GIL, GLOBEX, Logs, PASSWORD, PAT, SAM, Subject, TestApp, apply_body, apply_id,
    good_body, snapshot,
};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// What the requests are about: all of it is of Acme.
struct ActingFixture {
    app: TestApp,
    snapshot: String,
    apply: String,
}

impl ActingFixture {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let snapshot = snapshot(&app).await;
        let mut body = apply_body();
        body["newUser"]["email"] = json!("first@acme.example");
        let apply = apply_id(&app.apply(&app.token(PAT), &snapshot, &body).await);
        Self { app, snapshot, apply }
    }

    /// Sends a good request to a route, naming this organization.
    async fn send(&self, route: &Route, email: &str, organization: Option<&str>) -> Answer {
        let user = self.app.member(ALEX).user.id.to_string();
        let subject = Subject { snapshot: &self.snapshot, apply: &self.apply, user: &user, organization: ACME };
        let mut path = subject.path(route);
        let mut body = good_body(route.id, ACME);
        if let Some(organization) = organization {
            match route.id.acting_place() {
                ActingPlace::Query => path += &format!("?organizationId={organization}"),
                _ => body.as_mut().unwrap()["organizationId"] = json!(organization),
            }
        }
        let request = self.app.request(route.method.clone(), &path).bearer_auth(self.app.token(email));
        self.app
            .send(match body {
                Some(body) => request.json(&body),
                None => request,
            })
            .await
    }
}

fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.id.acting_place() != ActingPlace::Nowhere)
}

#[tokio::test]
async fn every_route_is_for_a_superadmin_in_any_organization_and_for_others_in_their_own() {
    for route in routes() {
        let name = route.name();
        let world = ActingFixture::start().await;
        world.app.forget_calls();
        for email in [PAT, ALEX] {
            let elsewhere = world.send(route, email, Some(GLOBEX)).await;
            elsewhere.expect_problem(403, "forbidden");
            world.send(route, email, Some(NOBODY)).await.expect_problem(403, "forbidden");
            assert!(world.app.recorded().calls.is_empty(), "{name}: it is refused before anything is read");
        }
        let malformed = world.send(route, SAM, Some("acme")).await;
        let code = if route.id.acting_place() == ActingPlace::Query { "invalid_query" } else { "invalid_body" };
        malformed.expect_problem(400, code);
        assert!(world.app.recorded().calls.is_empty(), "{name}");
        let missing = world.send(route, SAM, Some(NOBODY)).await;
        missing.expect_problem(422, "refused");
        let pointer = if route.id.acting_place() == ActingPlace::Query { "" } else { "/organizationId" };
        assert_eq!(missing.pointers(), [pointer], "{name}");
        assert_eq!(world.app.recorded().write_units(), 0.0, "{name}");
        // Sam belongs to Globex. Without a name of Acme, what is in the path is another organization's, or the answer is about Globex.
        let answer = world.send(route, SAM, Some(&ACME.to_uppercase())).await;
        assert!((200..300).contains(&answer.status), "{name}: {}", answer.text);
        let own = ActingFixture::start().await;
        let answer = own.send(route, PAT, Some(ACME)).await;
        let expected = own_status(route.id);
        assert_eq!(answer.status / 100, expected / 100, "{name}: {}", answer.text);
    }
}

/// What Pat, an ADMIN, is answered, who names its own organization.
fn own_status(operation: OperationId) -> u16 {
    if operation == OperationId::AssignSnapshot { 403 } else { 200 }
}

#[tokio::test]
async fn an_apply_in_another_organization_makes_a_user_there_under_a_key_of_its_own() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot(&app).await);
    let body = |email: &str, organization: Option<&str>| {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(email);
        if let Some(organization) = organization {
            body["organizationId"] = json!(organization);
        }
        body
    };
    let in_acme = app.apply_once(&sam, "k", &id, &body("one@acme.example", Some(ACME))).await;
    // In the source's own organization automations exist already.
    assert_eq!(in_acme.expect(201)["result"]["skipped"]["automations"], 5);
    let in_globex = app.apply_once(&sam, "k", &id, &body("two@globex.example", None)).await;
    assert_eq!(in_globex.expect(201)["result"]["skipped"]["automations"], 0);
    assert_ne!(apply_id(&in_acme), apply_id(&in_globex));
    let again = app.apply_once(&sam, "k", &id, &body("one@acme.example", Some(ACME))).await;
    assert_eq!((again.expect(201), again.header("idempotent-replayed")), (&in_acme.body, Some("true")));
    // The own organization by name is the own organization, and another body.
    let named = app.apply_once(&sam, "k", &id, &body("two@globex.example", Some(GLOBEX))).await;
    named.expect_problem(422, "idempotency_key_reused");

    for (organization, email) in [(ACME, "one@acme.example"), (GLOBEX, "two@globex.example")] {
        let listed = app.list_applies(&sam, &id, &format!("organizationId={organization}")).await;
        let applies = listed.expect(200)["applies"].as_array().unwrap();
        assert_eq!((applies.len(), &applies[0]["userEmail"]), (1, &json!(email)));
        assert_eq!(applies[0]["appliedBy"], app.member(SAM).user.id.to_string());
        // Sam is nobody of Acme.
        assert_eq!(applies[0].get("appliedByName").is_some(), organization == GLOBEX);
    }
    let user = in_acme.body["result"]["userId"].as_str().unwrap();
    assert!(app.item(&format!("ORG#{ACME}#USER#{user}"), "#META").await.is_some());
    app.user(&app.token(PAT), user).await.expect(200);
    let undo = app.undo_with(&sam, &id, &apply_id(&in_acme), &format!("organizationId={ACME}&dryRun=true"), None).await;
    assert_eq!(undo.expect(200)["plan"]["wouldUndo"], true);
    app.undo(&sam, &id, &apply_id(&in_acme), None).await.expect_problem(404, "apply_not_found");
    let undo = app.undo_with(&sam, &id, &apply_id(&in_acme), &format!("organizationId={ACME}"), None).await;
    assert_eq!(undo.expect(200)["apply"]["state"], "undone");
}

#[tokio::test]
async fn a_key_of_a_create_counts_for_one_organization() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let mut ids = Vec::new();
    for organization in [None, Some(ACME), Some(ACME)] {
        let mut body = tests::create_body();
        if let Some(organization) = organization {
            body["organizationId"] = json!(organization);
        }
        let created = app.create_once(&sam, "k", &body).await;
        ids.push(created.expect(201)["snapshot"]["_id"].clone());
        assert_eq!(created.body["snapshot"]["createdByName"], "Sam Super");
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[1], ids[2]);
    // A schedule refreshes it by the rights of its creator, who belongs to Globex.
    let path = |id: &Value| id.as_str().unwrap().to_owned();
    app.rename(&sam, &path(&ids[1]), &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    app.clock().advance(std::time::Duration::from_secs(6 * 60 * 60));
    app.run_schedule().await;
    app.drain_queue().await;
    let shown = app.snapshot(&app.token(PAT), &path(&ids[1])).await;
    assert_eq!(shown.expect(200)["snapshot"]["refreshStatus"], "unchanged");
}

#[tokio::test]
async fn an_invitation_from_elsewhere_is_good_while_its_maker_may_act_there() {
    for (state, status) in [
        (CallerState::AsTheTokenSays, 200),
        (CallerState::Demoted, 401),
        (CallerState::Disabled, 401),
        (CallerState::Deleted, 401),
    ] {
        let app = TestApp::start().await;
        let (sam, id) = (app.token(SAM), snapshot(&app).await);
        let mut body = apply_body();
        body["organizationId"] = json!(ACME);
        body["newUser"] = json!({"email": "casey@acme.example", "invite": true});
        let applied = app.apply(&sam, &id, &body).await;
        let first = applied.expect(201)["invitation"].clone();
        let user = applied.body["result"]["userId"].as_str().unwrap();
        let path = format!("/api/users/{user}/invitation?organizationId={ACME}");
        let alex = format!("/api/users/{}/invitation?organizationId={ACME}", app.member(ALEX).user.id);
        let send = async |path: &str| app.send(app.request(http::Method::POST, path).bearer_auth(&sam)).await;
        let second = send(&alex).await.expect(201)["invitation"].clone();
        app.change_user(&app.member(SAM).user, state, ACME).await;
        for invitation in [first, second] {
            let token = invitation["token"].as_str().unwrap();
            let answer = app.accept_invitation(token, PASSWORD).await;
            assert_eq!(answer.status, status, "{state:?}: {}", answer.text);
        }
        if status == 200 {
            // An invitation by somebody of the same organization leaves nothing of the other one.
            send(&path).await.expect(201);
            assert!(app.item("EMAIL#casey@acme.example", "#META").await.unwrap().contains_key("invitedByOrgId"));
            app.invite(&app.token(PAT), user).await.expect(201);
            assert!(!app.item("EMAIL#casey@acme.example", "#META").await.unwrap().contains_key("invitedByOrgId"));
        } else {
            send(&path).await.expect_problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn users_of_another_organization_are_changed_and_removed_and_the_log_names_both_organizations() {
    let app = TestApp::start().await;
    let (sam, alex) = (app.token(SAM), app.member(ALEX).user.id.to_string());
    let gil = app.member(GIL).user.id.to_string();
    app.user(&sam, &alex).await.expect_problem(404, "user_not_found");
    let at = |user: &str| format!("/api/users/{user}?organizationId={ACME}");
    app.get(&sam, &at(&alex)).await.expect(200);
    // Within Acme, Globex's users are those of another organization.
    app.get(&sam, &at(&gil)).await.expect_problem(404, "user_not_found");
    let listed = app.get(&sam, &format!("/api/users?organizationId={ACME}&limit=200")).await;
    let users = listed.expect(200)["users"].as_array().unwrap();
    assert!(users.iter().all(|user| user["email"].as_str().unwrap().ends_with("@acme.example")), "{users:?}");
    let logs = Logs::new();
    let changed = app.patch(&sam, &at(&alex), &json!({"accessRole": "ADMIN"})).await;
    assert_eq!(changed.expect(200)["user"]["accessRole"], "ADMIN");
    let line = logs.take().remove(0);
    assert_eq!((&line["organization"], &line["acting_in"]), (&json!(GLOBEX), &json!(ACME)));
    assert_eq!(line["audit"]["organization"], ACME);
    assert_eq!(line["audit"]["actor"]["organization"], GLOBEX);
    let removed = app.send(app.request(http::Method::DELETE, &at(&alex)).bearer_auth(&sam)).await;
    removed.expect(200);
    app.user(&app.token(PAT), &alex).await.expect_problem(404, "user_not_found");
}

#[tokio::test]
async fn a_superadmin_of_another_organization_leaves_somebody_who_administers_it() {
    let app = TestApp::start().await;
    let (sam, pat) = (app.token(SAM), app.member(PAT).user.id.to_string());
    let path = format!("/api/users/{pat}?organizationId={ACME}");
    let change = async |body: Value| {
        let request = app.request(http::Method::PATCH, &path).bearer_auth(&sam).json(&body);
        app.send(request).await
    };
    let remove = async || app.send(app.request(http::Method::DELETE, &path).bearer_auth(&sam)).await;
    change(json!({"accessRole": "SALES_REP"})).await.expect_problem(409, "last_admin");
    change(json!({"loginDisabled": true})).await.expect_problem(409, "last_admin");
    remove().await.expect_problem(409, "last_admin");
    change(json!({"designation": "Head"})).await.expect(200);

    let alex = app.member(ALEX).user.id.to_string();
    app.change_user_by(&app.token(PAT), &alex, &json!({"accessRole": "ADMIN"})).await.expect(200);
    remove().await.expect(200);
    assert_eq!(app.user(&sam, &pat).await.status, 404);
}

#[tokio::test]
async fn an_organization_in_the_query_of_a_request_with_a_body_is_refused_and_not_passed_over() {
    let world = ActingFixture::start().await;
    for route in routes().filter(|route| route.id.acting_place() == ActingPlace::Body) {
        let subject = Subject { snapshot: &world.snapshot, apply: &world.apply, user: NOBODY, organization: ACME };
        let path = format!("{}?organizationId={ACME}", subject.path(route));
        let request = world.app.request(route.method.clone(), &path).bearer_auth(world.app.token(SAM));
        let answer = world.app.send(request.json(&good_body(route.id, ACME).unwrap())).await;
        answer.expect_problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_plan_for_one_organization_is_no_plan_for_another_with_the_same_outcome() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let made = app.create_organization(&sam, &json!({"name": "Initech", "copyFrom": GLOBEX})).await;
    let initech = made.expect(201)["organization"]["_id"].clone();
    // Prompts and templates alone: neither organization has an id or a name that changes them.
    let mut body = json!({"newUser": {"email": "new@initech.example", "invite": true}, "applyAutomations": false});
    let at_home = app.plan(&sam, &id, &body).await.expect(200)["plan"].clone();
    body["organizationId"] = json!(GLOBEX);
    assert_eq!(app.plan(&sam, &id, &body).await.expect(200)["plan"], at_home, "Globex is Sam's own");
    body["organizationId"] = initech;
    let mut elsewhere = app.plan(&sam, &id, &body).await.expect(200)["plan"].clone();
    assert_ne!(elsewhere["planHash"], at_home["planHash"]);
    elsewhere["planHash"] = at_home["planHash"].clone();
    assert_eq!(elsewhere, at_home, "the outcome is the same");
}
