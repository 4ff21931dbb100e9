//! An administrator changes a user: what ends, what moves, and what stays.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::Role;
use tests::{
    ACME, ALEX, ANOTHER_PASSWORD, CASEY, DANA, GIL, GLOBEX, NEW_PASSWORD, PASSWORD, PAT, SAM, TestApp, apply_body,
    apply_id, create_body, snapshot,
};

use crate::people::rights::user_of;

fn id_of(app: &TestApp, email: &str) -> String {
    app.member(email).user.id.to_string()
}

#[tokio::test]
async fn profile_fields_are_part_of_the_setup_and_access_is_not() {
    for (body, bumps, ends) in [
        (json!({"fullName": "Alex R."}), true, false),
        (json!({"phoneNumber": "+14155550123"}), true, false),
        (json!({"designation": "Head of Sales"}), true, false),
        (json!({"departmentId": "64eea1110000000000000702"}), true, false),
        (json!({"email": "alex.rep@acme.example"}), true, false),
        (json!({"fullName": null}), true, false),
        (json!({"accessRole": "DEPARTMENT_HEAD"}), false, true),
        (json!({"loginDisabled": true}), false, true),
        (json!({"loginDisabled": false}), false, false),
        (json!({"accessRole": "SALES_REP"}), false, false),
        (json!({"accessRole": "ADMIN", "designation": "Boss"}), true, true),
    ] {
        let app = TestApp::start().await;
        let (pat, alex, token) = (app.token(PAT), id_of(&app, ALEX), app.token(ALEX));
        let key = format!("ORG#{ACME}#USER#{alex}");
        let before = app.item(&key, "#META").await.unwrap();
        let answer = app.change_user_by(&pat, &alex, &body).await;
        let user = &answer.expect(200)["user"];
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&user[name], value, "{body}");
        }
        assert_eq!(&app.user(&pat, &alex).await.expect(200)["user"], user, "{body}");
        let after = app.item(&key, "#META").await.unwrap();
        let version =
            |item: &tests::Item, name: &str| item.get(name).map_or(0, |it| it.as_n().unwrap().parse().unwrap());
        let raised = |name: &str| version(&after, name) - version(&before, name);
        assert_eq!(
            (raised("setupVersion"), raised("credentialVersion")),
            (i32::from(bumps), i32::from(ends)),
            "{body}"
        );
        assert_eq!(after.contains_key("credentialsChangedAt"), ends, "{body}");
        assert_eq!(app.verify_token(&token).await.status, if ends { 401 } else { 200 }, "{body}");
    }
}

#[tokio::test]
async fn access_ends_whatever_another_system_wrote_as_the_version_of_the_setup() {
    for version in [AttributeValue::S("1".to_owned()), AttributeValue::Null(true), AttributeValue::N("-3".to_owned())] {
        let app = TestApp::start().await;
        let (sam, gil) = (app.token(SAM), app.member(GIL).user.clone());
        app.set_attribute(&gil, "setupVersion", version.clone()).await;
        app.invite(&sam, &gil.id.to_string()).await.expect(201);
        app.change_user_by(&sam, &gil.id.to_string(), &json!({"loginDisabled": true})).await.expect(200);
        app.login(GIL, PASSWORD).await.expect_problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_change_that_changes_nothing_writes_nothing() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), id_of(&app, ALEX));
    app.forget_calls();
    for body in
        [json!({"accessRole": "SALES_REP", "loginDisabled": false}), json!({"email": ALEX, "fullName": "Alex Rep"})]
    {
        app.change_user_by(&pat, &alex, &body).await.expect(200);
    }
    assert_eq!(app.recorded().write_units(), 0.0);
}

#[tokio::test]
async fn if_match_holds_a_change_to_the_user_that_was_seen() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), id_of(&app, ALEX));
    let seen = app.user(&pat, &alex).await.header("etag").unwrap().to_owned();
    let change = async |tag: &str, name: &str| {
        let request = app.request(http::Method::PATCH, &format!("/api/users/{alex}")).bearer_auth(&pat);
        app.send(request.header("if-match", tag).json(&json!({"fullName": name}))).await
    };
    let changed = change(&seen, "Al").await;
    let now = changed.header("etag").unwrap().to_owned();
    assert_eq!((changed.status, now == seen), (200, false));
    change(&seen, "Alexander").await.expect_problem(412, "precondition_failed");
    change("*", "Alexander").await.expect(200);
    change(&now, "Al").await.expect_problem(412, "precondition_failed");
    assert_eq!(app.user(&pat, &alex).await.expect(200)["user"]["fullName"], "Alexander");
    // Every change of what is shown makes another tag, access and the first sign-in included.
    let mut tags = std::collections::BTreeSet::new();
    for body in [json!({"loginDisabled": true}), json!({"loginDisabled": false}), json!({"accessRole": "ADMIN"})] {
        tags.insert(app.change_user_by(&pat, &alex, &body).await.header("etag").unwrap().to_owned());
        app.clock().advance(std::time::Duration::from_secs(1));
    }
    app.login(ALEX, PASSWORD).await.expect(200);
    tags.insert(app.user(&pat, &alex).await.header("etag").unwrap().to_owned());
    assert_eq!(tags.len(), 4);
}

#[tokio::test]
async fn bad_fields_are_refused_with_their_places() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), id_of(&app, ALEX));
    app.forget_calls();
    for (body, status, pointers) in [
        (json!({}), 400, vec![""]),
        (json!({"loginDisabled": null}), 400, vec![""]),
        (json!({"loginDisabled": "yes"}), 400, vec!["/loginDisabled"]),
        (json!({"accessRole": "KING"}), 400, vec!["/accessRole"]),
        (json!({"password": ANOTHER_PASSWORD}), 400, vec!["/password"]),
        (json!({"departmentId": "x"}), 400, vec!["/departmentId"]),
        (json!({"email": "nobody"}), 422, vec!["/email"]),
        (json!({"fullName": " "}), 422, vec!["/fullName"]),
        (json!({"fullName": "a\u{202e}b", "phoneNumber": "1"}), 422, vec!["/fullName", "/phoneNumber"]),
    ] {
        let body: Value = body;
        let answer = app.change_user_by(&pat, &alex, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        let places: Vec<_> = answer.body["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(places, pointers, "{body}: {}", answer.text);
    }
    assert_eq!(app.recorded().write_units(), 0.0);
}

#[tokio::test]
async fn a_changed_address_moves_the_claim_with_the_password_in_one_transaction() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), id_of(&app, ALEX));
    let claim = app.claim(ALEX).await;
    app.forget_calls();
    app.change_user_by(&pat, &alex, &json!({"email": "Alex.Rep@acme.example"})).await.expect(200);
    assert_eq!(app.recorded().of("TransactWriteItems").len(), 1);
    assert_eq!(app.recorded().writes().len(), 1);
    assert!(app.item(&format!("EMAIL#{ALEX}"), "#META").await.is_none());
    let moved = app.claim("alex.rep@acme.example").await;
    for name in ["organizationId", "userId", "passwordHash"] {
        assert_eq!(moved[name], claim[name]);
    }
    app.login(ALEX, PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.login("alex.rep@acme.example", PASSWORD).await.expect(200);
    // Another spelling of the same address keeps the claim.
    app.change_user_by(&pat, &alex, &json!({"email": "ALEX.REP@acme.example"})).await.expect(200);
    assert_eq!(app.claim("alex.rep@acme.example").await, moved);
    // The former address is free.
    app.change_user_by(&pat, &id_of(&app, DANA), &json!({"email": ALEX})).await.expect(200);
    app.login(ALEX, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_address_that_somebody_has_is_refused_and_its_hash_is_never_read() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), id_of(&app, ALEX));
    let others = app.claim(GIL).await["passwordHash"].as_s().unwrap().clone();
    // The demo's users share one hash, so give Gil another one.
    let own = others.replace("$argon2id$", "$argon2id$x");
    let mut claim = app.claim(GIL).await;
    claim.insert("passwordHash".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(own.clone()));
    app.store(claim).await;
    let before = app.items().await.len();
    app.forget_calls();
    app.change_user_by(&pat, &alex, &json!({"email": GIL})).await.expect_problem(409, "email_taken");
    assert!(app.recorded().calls.iter().all(|call| !call.response.to_string().contains(&own)));
    assert_eq!(app.items().await.len(), before);
    app.login(ALEX, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn nobody_disables_itself_and_the_last_administrator_stays() {
    let app = TestApp::start().await;
    let (pat, id) = (app.token(PAT), id_of(&app, PAT));
    app.change_user_by(&pat, &id, &json!({"loginDisabled": true})).await.expect_problem(403, "forbidden");
    for role in ["SALES_REP", "DEPARTMENT_HEAD"] {
        app.change_user_by(&pat, &id, &json!({"accessRole": role})).await.expect_problem(409, "last_admin");
    }
    // A disabled administrator does not count.
    let other = user_of(&app, ACME, Role::Admin, 0xe1).await;
    app.change_user_by(&pat, &other.id.to_string(), &json!({"loginDisabled": true})).await.expect(200);
    app.change_user_by(&pat, &id, &json!({"accessRole": "SALES_REP"})).await.expect_problem(409, "last_admin");
    app.change_user_by(&pat, &other.id.to_string(), &json!({"loginDisabled": false})).await.expect(200);
    app.change_user_by(&pat, &id, &json!({"designation": "Sales", "accessRole": "SALES_REP"})).await.expect(200);
    app.verify_token(&pat).await.expect_problem(401, "unauthenticated");
    // An administrator of another organization does not count, and one of more users than a page does.
    let app = TestApp::start().await;
    for byte in 0..120 {
        user_of(&app, GLOBEX, Role::SalesRep, byte).await;
    }
    let sam = app.token(SAM);
    app.change_user_by(&sam, &id_of(&app, SAM), &json!({"accessRole": "SALES_REP"})).await.expect(200);
}

/// The reasons of a refused undo.
async fn reasons(app: &TestApp, token: &str, snapshot: &str, apply: &str) -> Vec<String> {
    let refused = app.undo(token, snapshot, apply, None).await;
    let reasons = refused.expect_problem(409, "setup_in_use")["reasons"].as_array().unwrap().clone();
    reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_undo_is_refused_after_a_change_of_access_or_address() {
    for (body, codes) in [
        (json!({"loginDisabled": true}), vec!["disabled"]),
        (json!({"accessRole": "ADMIN"}), vec!["role_changed"]),
        (json!({"email": "casey.new@acme.example"}), vec!["email_changed"]),
        (json!({"fullName": "Casey"}), vec!["profile_changed"]),
        (json!({"email": "casey.new@acme.example", "loginDisabled": true}), vec!["disabled", "email_changed"]),
    ] {
        let app = TestApp::start().await;
        let (sam, id) = (app.token(SAM), snapshot(&app).await);
        let applied = app.apply(&sam, &id, &apply_body()).await;
        let casey = applied.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
        app.change_user_by(&sam, &casey, &body).await.expect(200);
        assert_eq!(reasons(&app, &sam, &id, &apply_id(&applied)).await, codes, "{body}");
        // By force it goes, and frees the address that the user has by then.
        app.undo(&sam, &id, &apply_id(&applied), Some(&json!({"force": true}))).await.expect(200);
        app.apply(&sam, &id, &apply_body()).await.expect(201);
        app.login(CASEY, NEW_PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn an_undo_after_access_was_given_back_is_as_before() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot(&app).await);
    let applied = app.apply(&sam, &id, &apply_body()).await;
    let casey = applied.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
    for disabled in [true, false] {
        app.change_user_by(&sam, &casey, &json!({"loginDisabled": disabled})).await.expect(200);
    }
    app.undo(&sam, &id, &apply_id(&applied), None).await.expect(200);
}

/// Access is no part of a setup: a capture between two changes of it is the same, and is not refused as torn.
#[tokio::test]
async fn a_capture_sees_no_change_of_access() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), id_of(&app, ALEX));
    let id = snapshot(&app).await;
    app.change_user_by(&pat, &alex, &json!({"loginDisabled": true})).await.expect(200);
    let answer = tests::refresh(&app, PAT, &id).await;
    assert_eq!(answer.expect(200)["snapshot"]["refreshStatus"], "unchanged");
    app.create_snapshot(&pat, &create_body()).await.expect(201);
}
