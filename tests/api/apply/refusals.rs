//! What is not taken: each with its own clear answer.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::{ACME, Answer, GLOBEX, PAT, SAM, TestApp, apply_body, create_body};

async fn post(app: &TestApp, path: &str, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
    let mut request = app.request(Method::POST, path).bearer_auth(app.token(SAM)).body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    app.send(request).await
}

const CREATE: &str = "/api/user-snapshots";
const APPLY: &str = "/api/user-snapshots/64ee9a8b1e7f2a00112233ff/apply";
const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_its_place() {
    let app = TestApp::start().await;
    for body in ["", "{", "{]", "null x", "\u{feff}\u{feff}{}", "{\"name\": \"\\ud800\"}"] {
        for path in [CREATE, APPLY, "/api/auth/login"] {
            let answer = post(&app, path, JSON, body).await;
            answer.expect_problem(400, "invalid_json");
        }
    }
    post(&app, CREATE, JSON, vec![0xff, 0xfe]).await.expect_problem(400, "invalid_json");
}

#[tokio::test]
async fn a_body_of_another_content_type_is_not_read() {
    let app = TestApp::start().await;
    let body = create_body().to_string();
    for content_type in [None, Some("text/plain"), Some("application/jsonx"), Some("application/json; charset=latin1")]
    {
        post(&app, CREATE, content_type, body.clone()).await.expect_problem(415, "unsupported_media_type");
    }
    for content_type in ["application/json", "Application/JSON; charset=UTF-8"] {
        post(&app, CREATE, Some(content_type), body.clone()).await.expect(201);
    }
}

#[tokio::test]
async fn a_body_has_at_most_1_mib() {
    let app = TestApp::start().await;
    for (bytes, status) in [(1_048_575, 201), (1_048_576, 201), (1_048_577, 413)] {
        let mut body = create_body().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        let answer = post(&app, CREATE, JSON, body).await;
        answer.expect(status);
        if status == 413 {
            answer.expect_problem(413, "body_too_large");
        }
    }
}

#[tokio::test]
async fn the_shape_of_a_body_is_checked_with_a_pointer() {
    let app = TestApp::start().await;
    let with = |body: fn() -> Value, pointer: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let without = |body: fn() -> Value, parent: &str, field: &str| {
        let mut body = body();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
        body
    };
    let added = |body: fn() -> Value, parent: &str, field: &str| {
        let mut body = body();
        body.pointer_mut(parent).unwrap()[field] = json!(1);
        body
    };
    for (path, body, pointer) in [
        (CREATE, json!([]), ""),
        (CREATE, json!("text"), ""),
        (CREATE, with(create_body, "/name", json!(7)), "/name"),
        (CREATE, with(create_body, "/name", json!(null)), "/name"),
        (CREATE, without(create_body, "", "sourceOrgId"), "/sourceOrgId"),
        (CREATE, added(create_body, "", "isGlobal"), "/isGlobal"),
        (CREATE, with(create_body, "/sourceUserId", json!("64ee9a8b1e7f2a001122339")), "/sourceUserId"),
        (APPLY, without(apply_body, "", "newUser"), "/newUser"),
        (APPLY, with(apply_body, "/newUser", json!(["a@acme.example", "TempPass!2026"])), "/newUser"),
        (APPLY, without(apply_body, "/newUser", "password"), "/newUser/password"),
        (APPLY, without(apply_body, "/newUser", "email"), "/newUser/email"),
        (APPLY, added(apply_body, "/newUser", "loginDisabled"), "/newUser/loginDisabled"),
        (APPLY, with(apply_body, "/newUser/accessRole", json!("sales_rep")), "/newUser/accessRole"),
        (APPLY, with(apply_body, "/applyPrompts", json!("yes")), "/applyPrompts"),
        (APPLY, with(apply_body, "/pipelineMapping", json!({"a": {"b": 1}})), "/pipelineMapping/a/b"),
        (APPLY, with(apply_body, "/agentMapping", json!({"a/b": {"c": "x"}})), "/agentMapping/a~1b/c"),
        (APPLY, added(apply_body, "", "planHash"), "/planHash"),
    ] {
        let answer = post(&app, path, JSON, body.to_string()).await;
        answer.expect_problem(400, "invalid_body");
        assert_eq!(answer.pointers(), [pointer], "{}", answer.text);
    }
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused_at_any_depth() {
    let app = TestApp::start().await;
    let answer = post(&app, APPLY, JSON, r#"{"pipelineMapping": {"a": {"b": "c", "b": "d"}}}"#).await;
    answer.expect_problem(400, "invalid_body");
    assert_eq!(answer.pointers(), ["/pipelineMapping/a/b"]);
}

#[tokio::test]
async fn a_new_user_is_judged_field_by_field_and_no_answer_repeats_a_password() {
    let app = TestApp::start().await;
    let mut body = apply_body();
    body["newUser"] = json!({
        "email": "casey", "password": "short", "fullName": " ", "phoneNumber": "555", "designation": "x".repeat(121)
    });
    let answer = post(&app, APPLY, JSON, body.to_string()).await;
    answer.expect_problem(422, "refused");
    let fields = ["email", "password", "fullName", "phoneNumber", "designation"];
    assert_eq!(answer.pointers(), fields.map(|field| format!("/newUser/{field}")));
    for password in [json!("password1"), json!("casey@acme.example"), json!(12_345_678), json!({"a": "hunter2hunter2"})]
    {
        let mut body = apply_body();
        body["newUser"]["password"] = password.clone();
        let answer = post(&app, APPLY, JSON, body.to_string()).await;
        assert_eq!(answer.pointers(), ["/newUser/password"]);
        assert!(!answer.text.contains("hunter2") && !answer.text.contains("12345678"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_malformed_id_in_the_path_is_400_and_an_unknown_one_404() {
    let app = TestApp::start().await;
    for id in ["x", "64ee9a8b1e7f2a00112233f", "64ee9a8b1e7f2a00112233fg", "%00", "64ee9a8b1e7f2a00112233ff%20"] {
        app.apply(&app.token(SAM), id, &apply_body()).await.expect_problem(400, "invalid_id");
    }
    app.apply(&app.token(SAM), "64ee9a8b1e7f2a00112233ff", &apply_body())
        .await
        .expect_problem(404, "snapshot_not_found");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    for path in ["//", "/api", "/api/user-snapshots/", "/API/user-snapshots", "/api/user-snapshots/a/b/c"] {
        app.send(app.request(Method::GET, path)).await.expect_problem(404, "not_found");
    }
    let answer = app.send(app.request(Method::PUT, CREATE)).await;
    answer.expect_problem(405, "method_not_allowed");
    assert!(answer.header("allow").unwrap().contains("POST"));
    app.health().await.expect(200);
}

#[tokio::test]
async fn a_request_without_a_good_token_is_401() {
    let app = TestApp::start().await;
    let token = app.token(PAT);
    for path in [CREATE, APPLY] {
        let answer = app.send(app.request(Method::POST, path).json(&create_body())).await;
        let problem = answer.expect_problem(401, "unauthenticated");
        assert_eq!(problem["error"], "Invalid or expired token");
        assert!(answer.header("www-authenticate").is_some());
    }
    app.clock().advance(Duration::from_secs(3600 + 6));
    app.create_snapshot(&token, &create_body()).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_caller_who_was_disabled_moved_or_given_another_role_is_401() {
    let app = TestApp::start().await;
    let pat = app.member(PAT).user.clone();
    let good = app.token(PAT);
    let caller = |organization: &str, role| shared::http::Caller {
        user: pat.id,
        organization: organization.parse().unwrap(),
        role,
        name: "Pat".to_owned(),
        credentials: TokenCredentials::default(),
    };
    use shared::domain::{Role, TokenCredentials};
    for token in [
        app.token_for(&caller(GLOBEX, Role::Admin)),
        app.token_for(&caller(ACME, Role::Superadmin)),
        app.token_for(&shared::http::Caller {
            user: "64ee9a8b1e7f2a00112233ff".parse().unwrap(),
            ..caller(ACME, Role::Admin)
        }),
    ] {
        let mut body = create_body();
        if token == app.token_for(&caller(GLOBEX, Role::Admin)) {
            body["sourceOrgId"] = json!(GLOBEX);
        }
        app.create_snapshot(&token, &body).await.expect_problem(401, "unauthenticated");
    }
    app.create_snapshot(&good, &create_body()).await.expect(201);
    app.set_attribute(&pat, "loginDisabled", aws_sdk_dynamodb::types::AttributeValue::Bool(true)).await;
    app.create_snapshot(&good, &create_body()).await.expect_problem(401, "unauthenticated");
    app.verify_token(&good).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_request_id_is_taken_over_and_stands_in_the_problem() {
    let app = TestApp::start().await;
    let answer = app.send(app.request(Method::GET, "/nowhere").header("x-request-id", "my-request.1_2")).await;
    assert_eq!(answer.expect_problem(404, "not_found")["requestId"], "my-request.1_2");
}
