use serde_json::json;
use shared::domain::{ItemKind, Setup};
use shared::store::SetupChange;
use tests::{
    ACME, ALEX, BEGINNING, DANA, GIL, GLOBEX, PAT, SAM, TestApp, counts, create_body, incompressible, user_with_setup,
};

#[tokio::test]
async fn the_customers_request_answers_every_field_of_the_customers_page() {
    let app = TestApp::start().await;
    let answer = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let body = answer.expect(201);
    assert_eq!(
        *body,
        json!({
            "message": "Snapshot created",
            "snapshot": {
                "_id": body["snapshot"]["_id"],
                "name": "Top performer baseline 2026-05",
                "description": "Senior AE automations and prompts for Q2 rollout.",
                "sourceOrgId": "64ee9a8b1e7f2a0011223344",
                "sourceOrgName": "Acme Corp",
                "sourceUserEmail": "alex@acme.example",
                "sourceUserName": "Alex Rep",
                "counts": counts(5, 8, 12),
                "createdBy": "64ee9a8b1e7f2a001122339b",
                "createdByName": "Pat Admin",
                "createdByRole": "ADMIN",
                "isGlobal": false,
                "assignedOrgIds": ["64ee9a8b1e7f2a0011223344"],
                "createdAt": "2026-05-15T09:00:00.000Z",
                "updatedAt": "2026-05-15T09:00:00.000Z",
                "revision": 1,
                "version": "1.1",
                "revisedAt": "2026-05-15T09:00:00.000Z"
            }
        })
    );
    let id = body["snapshot"]["_id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    // The order of the fields is the page's, too.
    let order =
        ["\"_id\"", "\"name\"", "\"description\"", "\"sourceOrgId\"", "\"counts\"", "\"isGlobal\"", "\"updatedAt\""];
    let places: Vec<_> = order.iter().map(|field| answer.text.find(field).unwrap()).collect();
    assert!(places.is_sorted(), "{}", answer.text);
}

#[tokio::test]
async fn an_absent_or_null_description_is_left_out() {
    let app = TestApp::start().await;
    for description in [None, Some(json!(null))] {
        let mut body = create_body();
        body.as_object_mut().unwrap().remove("description");
        body.as_object_mut().unwrap().extend(description.map(|value| ("description".to_owned(), value)));
        let answer = app.create_snapshot(&app.token(PAT), &body).await;
        assert_eq!(answer.expect(201)["snapshot"].get("description"), None);
    }
}

#[tokio::test]
async fn two_snapshots_may_have_one_name_and_a_name_is_kept_as_sent() {
    let app = TestApp::start().await;
    let mut body = create_body();
    body["name"] = json!("  Q2 ✨ ");
    let first = app.create_snapshot(&app.token(PAT), &body).await;
    let second = app.create_snapshot(&app.token(PAT), &body).await;
    assert_eq!(first.expect(201)["snapshot"]["name"], "  Q2 ✨ ");
    assert_ne!(first.body["snapshot"]["_id"], second.expect(201)["snapshot"]["_id"]);
}

#[tokio::test]
async fn names_and_descriptions_have_their_limits() {
    let app = TestApp::start().await;
    let token = app.token(PAT);
    for (field, length, status) in [
        ("name", 0, 422),
        ("name", 1, 201),
        ("name", 119, 201),
        ("name", 120, 201),
        ("name", 121, 422),
        ("description", 499, 201),
        ("description", 500, 201),
        ("description", 501, 422),
    ] {
        let mut body = create_body();
        body[field] = json!("ß".repeat(length));
        let answer = app.create_snapshot(&token, &body).await;
        answer.expect(status);
        if status == 422 {
            answer.expect_problem(422, "refused");
            assert_eq!(answer.pointers(), [format!("/{field}")], "{length}");
        }
    }
}

#[tokio::test]
async fn everything_wrong_with_a_body_is_listed_at_once() {
    let app = TestApp::start().await;
    let body = json!({"name": " ", "description": "x".repeat(501), "sourceOrgId": "nope", "sourceUserId": "64ee"});
    let answer = app.create_snapshot(&app.token(PAT), &body).await;
    answer.expect_problem(400, "invalid_body");
    assert_eq!(answer.pointers(), ["/name", "/description", "/sourceOrgId", "/sourceUserId"]);
}

#[tokio::test]
async fn only_administrators_create_snapshots() {
    let app = TestApp::start().await;
    for email in [ALEX, DANA] {
        app.create_snapshot(&app.token(email), &create_body()).await.expect_problem(403, "forbidden");
    }
    app.create_snapshot(&app.token(SAM), &create_body()).await.expect(201);
}

#[tokio::test]
async fn an_admin_of_another_organization_is_refused_before_anything_is_read() {
    let app = TestApp::start().await;
    let token = app.token(GIL);
    app.forget_calls();
    app.create_snapshot(&token, &create_body()).await.expect_problem(403, "forbidden");
    assert_eq!(app.recorded().operations(), Vec::<&str>::new());
}

#[tokio::test]
async fn a_source_that_is_not_there_is_named() {
    let app = TestApp::start().await;
    let token = app.token(SAM);
    let mut body = create_body();
    body["sourceUserId"] = json!("64ee9a8b1e7f2a00112233ff");
    let answer = app.create_snapshot(&token, &body).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers(), ["/sourceUserId"]);

    // Alex exists, but not in Globex.
    let mut body = create_body();
    body["sourceOrgId"] = json!(GLOBEX);
    let answer = app.create_snapshot(&token, &body).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/sourceUserId"]));

    let mut body = create_body();
    body["sourceOrgId"] = json!("64ee9a8b1e7f2a00112233ff");
    let answer = app.create_snapshot(&token, &body).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/sourceOrgId"]));
}

#[tokio::test]
async fn a_setup_that_does_not_pack_into_3_5_mb_is_refused_with_the_figures() {
    let app = TestApp::start().await;
    for (prompts, status) in [(17, 201), (18, 413)] {
        let user = user_with_setup(&app, prompts, &Setup::default()).await;
        // A transaction of the writer takes 4 MB.
        for prompts in incompressible(prompts, 380_000).items.prompts.chunks(10) {
            let changes: Vec<_> =
                prompts.iter().map(|prompt| SetupChange::Put(ItemKind::Prompt, prompt.clone())).collect();
            tests::change_setup(app.table(), &ACME.parse().unwrap(), &user, &changes, BEGINNING).await.unwrap();
        }
        let body = json!({"name": "Noise", "sourceOrgId": ACME, "sourceUserId": user.to_string()});
        let answer = app.create_snapshot(&app.token(PAT), &body).await;
        answer.expect(status);
        if status == 413 {
            let detail = answer.expect_problem(413, "setup_too_large")["detail"].as_str().unwrap();
            assert!(detail.contains("3500000"), "{detail}");
        }
    }
}
