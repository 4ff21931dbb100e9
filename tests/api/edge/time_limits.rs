//! Requests and messages whose time is over while something is computed: they stop there and are answered, and others go on.

use std::time::Duration;

use http::Method;
use serde_json::json;
use shared::clock::Clock;
use shared::http::{OperationId, ROUTES};
use tests::{
    ACME, Answer, BEGINNING, PAT, SAM, Subject, TestApp, apply_body, apply_id, create_body, mapped_body, setup_of,
    snapshot, user_with_setup,
};

/// Longer than any request or message may take.
const TOO_LONG: Duration = Duration::from_secs(30);

/// Sends the request again and again, the clock jumping one look later each time, until the jump comes after its last look. What
/// it was answered each time.
async fn at_every_look(app: &TestApp, request: impl AsyncFn() -> Answer) -> Vec<(u16, String)> {
    let mut answers = Vec::new();
    for looks in 0.. {
        app.clock().set(BEGINNING);
        app.clock().jump_after(looks, TOO_LONG);
        let answer = request().await;
        let has_jumped = !app.clock().is_to_jump();
        app.clock().jump_never();
        let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
        assert!([200, 201, 413, 503].contains(&answer.status), "{}", answer.text);
        assert_eq!(answer.status == 503, answer.header("retry-after").is_some(), "{}", answer.text);
        answers.push((answer.status, code));
        if !has_jumped {
            return answers;
        }
    }
    unreachable!("the clock is looked at for ever")
}

/// That the time can be over before the request computes, while it does, and after that.
fn expect(answers: &[(u16, String)], while_computing: (u16, &str), then: u16) {
    let late = answers.iter().filter(|(status, _)| *status == 503).count();
    let stopped = answers.iter().filter(|(status, code)| (*status, code.as_str()) == while_computing).count();
    assert!(late > 0 && stopped > 0, "{answers:?}");
    assert_eq!(answers.last().unwrap().0, then, "{answers:?}");
}

#[tokio::test]
async fn a_capture_that_takes_too_long_stops_and_nothing_is_written() {
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &setup_of(50)).await;
    let pat = app.token(PAT);
    let body = json!({"name": "x", "sourceOrgId": tests::ACME, "sourceUserId": user.to_string()});
    app.forget_calls();
    let answers = at_every_look(&app, async || app.create_snapshot(&pat, &body).await).await;
    expect(&answers, (413, "setup_too_large"), 201);
    let written = app.recorded().writes().len();
    assert_eq!(written, answers.iter().filter(|(status, _)| *status == 201).count(), "{answers:?}");
}

#[tokio::test]
async fn a_refresh_that_takes_too_long_stops_and_says_so() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    let refresh = async || {
        let request = app.request(Method::POST, &format!("/api/user-snapshots/{id}/refresh"));
        let answer = app.send(request.bearer_auth(&pat)).await;
        if answer.status == 413 {
            let shown = app.snapshot(&app.token(PAT), &id).await;
            assert_eq!(shown.expect(200)["snapshot"]["refreshStatus"], "failed");
            assert!(
                shown.body["snapshot"]["refreshDetail"].as_str().unwrap().contains("takes longer"),
                "{}",
                shown.text
            );
        }
        answer
    };
    expect(&at_every_look(&app, refresh).await, (413, "setup_too_large"), 200);
}

#[tokio::test]
async fn a_plan_and_an_apply_that_take_too_long_stop_and_nobody_arrives() {
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &setup_of(60)).await;
    let (sam, id) = (app.token(SAM), tests::capture(&app, user).await);
    let body = mapped_body("new@globex.example", 20);
    let answers = at_every_look(&app, async || app.plan(&sam, &id, &body).await).await;
    expect(&answers, (413, "setup_too_large"), 200);
    let before = app.items().await.len();
    for looks in 0..answers.len() as u64 {
        app.clock().set(BEGINNING);
        app.clock().jump_after(looks, TOO_LONG);
        let answer = app.apply(&sam, &id, &body).await;
        app.clock().set(BEGINNING);
        app.clock().jump_never();
        if answer.status == 201 {
            return;
        }
        assert!([413, 503].contains(&answer.status), "{}", answer.text);
        assert_eq!(app.items().await.len(), before, "{}", answer.text);
    }
    app.apply(&sam, &id, &body).await.expect(201);
}

#[tokio::test]
async fn what_reads_a_content_and_takes_too_long_is_to_be_tried_again() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    for path in ["", "/items", "/apply-refs", "/revisions/1", "/diff?from=1&to=1"] {
        let path = format!("/api/user-snapshots/{id}{path}");
        let answers = at_every_look(&app, async || app.get(&pat, &path).await).await;
        assert!(answers.iter().all(|(status, _)| [200, 503].contains(status)), "{path}: {answers:?}");
        assert!(answers.iter().any(|(status, _)| *status == 503), "{path}: {answers:?}");
        assert_eq!(answers.last().unwrap().0, 200, "{path}: {answers:?}");
    }
}

#[tokio::test]
async fn a_message_that_takes_too_long_is_done_and_does_not_come_again() {
    let period = Duration::from_secs(6 * 60 * 60);
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    app.clock().advance(period);
    app.run_schedule().await;
    let due = app.clock().now();
    let (mut too_late, mut too_much) = (0, 0);
    for looks in 0..40 {
        app.clock().set(due);
        app.clock().jump_after(looks, TOO_LONG);
        let queue = app.scheduler().queue();
        queue.send_text(&json!({"snapshotId": id, "dueAt": due.plus(Duration::from_millis(looks))}).to_string());
        let failed = app.drain_queue().await.iter().filter(|served| !served.failed.is_empty()).count();
        app.clock().set(due);
        app.clock().jump_never();
        let shown = app.snapshot(&app.token(PAT), &id).await.expect(200)["snapshot"].clone();
        let says_so = shown["refreshDetail"].as_str().is_some_and(|detail| detail.contains("takes longer"));
        too_late += failed;
        too_much += usize::from(failed == 0 && says_so);
    }
    assert!(too_late > 0 && too_much > 0, "{too_late} came again, {too_much} were done");
}

/// How often a good request to an operation computes: once for its body, its content and its answer each, where they grow with what
/// came in or is stored.
fn computations(operation: OperationId) -> u64 {
    match operation {
        // The body, a page of the setup, the capture.
        OperationId::CreateSnapshot => 3,
        // The body, the plan, what is written or answered.
        OperationId::ApplySnapshot | OperationId::PlanSnapshot => 3,
        // A page of the setup, the capture.
        OperationId::RefreshSnapshot => 2,
        // The body; the copies or the judgement, with the answer.
        OperationId::CreateOrganization | OperationId::ChangeOrganization => 2,
        // The records of a page, the answer.
        OperationId::ListOrganizationApplies => 2,
        OperationId::Login
        | OperationId::ListOrganizations
        | OperationId::GetOrganization
        | OperationId::RenameSnapshot
        | OperationId::AssignSnapshot
        | OperationId::UndoApply
        | OperationId::ListApplies
        | OperationId::GetApply
        | OperationId::ListSnapshots
        | OperationId::GetSnapshot
        | OperationId::ListSnapshotItems
        | OperationId::GetApplyReferences
        | OperationId::ListRevisions
        | OperationId::GetRevision
        | OperationId::CompareRevisions
        | OperationId::ListCapturableUsers
        | OperationId::ListUsers
        | OperationId::GetSetup
        | OperationId::ChangeUser
        | OperationId::ChangePassword
        | OperationId::AcceptInvitation => 1,
        OperationId::VerifyToken
        | OperationId::GetUser
        | OperationId::InviteUser
        | OperationId::DeleteSnapshot
        | OperationId::RemoveUser
        | OperationId::RestoreRevision
        | OperationId::GetHealth
        | OperationId::GetOpenApi
        | OperationId::GetOpenApi30
        | OperationId::GetDocs
        | OperationId::GetIndex => 0,
    }
}

#[tokio::test]
async fn every_body_content_and_page_is_computed_under_a_meter_on_another_thread() {
    let mut looks = Vec::new();
    for route in ROUTES {
        let app = TestApp::start().await;
        // A small setup, whose computations look at the clock once each.
        let (sam, user) = (app.token(SAM), user_with_setup(&app, 1, &setup_of(1)).await);
        let id = tests::capture(&app, user).await;
        let applying = |email: &str| json!({"newUser": {"email": email, "password": "TempPass!2026"}});
        let apply = apply_id(&app.apply(&sam, &id, &applying("first@globex.example")).await);
        let gil = app.member(tests::GIL).user.id.to_string();
        let subject = Subject { snapshot: &id, apply: &apply, user: &gil, organization: ACME };
        let request = match route.id {
            OperationId::CreateSnapshot => {
                let body = json!({"name": "x", "sourceOrgId": ACME, "sourceUserId": user.to_string()});
                app.request_to(route.id, &subject).json(&body)
            }
            OperationId::ApplySnapshot | OperationId::PlanSnapshot => {
                app.request_to(route.id, &subject).json(&applying("second@globex.example"))
            }
            OperationId::AcceptInvitation => {
                let invited = app.invite(&sam, &gil).await;
                let token = &invited.expect(201)["invitation"]["token"];
                app.request_to(route.id, &subject).json(&json!({"token": token, "password": tests::ANOTHER_PASSWORD}))
            }
            other => app.good_request(other, &subject),
        };
        app.clock().take_looks_elsewhere();
        let answer = app.send(request.bearer_auth(&sam)).await;
        assert!([200, 201].contains(&answer.status), "{}: {}", route.name(), answer.text);
        looks.push((route.name(), app.clock().take_looks_elsewhere(), computations(route.id)));
    }
    let wrong: Vec<_> = looks.iter().filter(|(_, looks, expected)| looks != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_list_or_page_that_takes_too_long_is_to_be_tried_again() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let apply = apply_id(&app.apply(&sam, &id, &apply_body()).await);
    for path in [
        "/api/user-snapshots".to_owned(),
        format!("/api/user-snapshots/{id}/applies"),
        "/api/applies".to_owned(),
        format!("/api/user-snapshots/{id}/applies/{apply}"),
        format!("/api/user-snapshots/{id}/revisions"),
        format!("/api/user-snapshots/orgs/{ACME}/users"),
        "/api/users".to_owned(),
        format!("/api/users/{}/setup", app.member(SAM).user.id),
        "/api/organizations".to_owned(),
        format!("/api/organizations/{ACME}"),
    ] {
        let answers = at_every_look(&app, async || app.get(&sam, &path).await).await;
        assert!(answers.iter().any(|(status, _)| *status == 503), "{path}: {answers:?}");
        assert_eq!(answers.last().unwrap().0, 200, "{path}: {answers:?}");
    }
}

#[tokio::test]
async fn others_are_answered_while_a_capture_computes_which_then_stops() {
    // All of the service is on the one thread of this test, but for what computes.
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &setup_of(50)).await;
    let pat = app.token(PAT);
    let body = json!({"name": "x", "sourceOrgId": tests::ACME, "sourceUserId": user.to_string()});
    let create = async || app.create_snapshot(&pat, &body).await;
    let answers = at_every_look(&app, create).await;
    let looks = answers.iter().position(|(status, _)| *status == 413).unwrap();
    app.clock().set(BEGINNING);
    let gate = app.clock().hold_after(looks.try_into().unwrap(), TOO_LONG);
    let others = async {
        while app.clock().is_to_jump() {
            tokio::task::yield_now().await;
        }
        // The capture stands still in the midst of its computing.
        app.health().await.expect(200);
        app.create_snapshot(&pat, &create_body()).await.expect(201);
        drop(gate);
    };
    let (answer, ()) = tokio::join!(create(), others);
    answer.expect_problem(413, "setup_too_large");
}
