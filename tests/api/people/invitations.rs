//! Invitations: made by an apply or for an existing user, shown once, accepted once.

use std::time::Duration;

use serde_json::{Value, json};
use shared::store::stored_bytes;
use tests::{
    ANOTHER_PASSWORD, Answer, CASEY, GIL, GLOBEX, GRACE, LEASE, PASSWORD, SAM, SETTLING, TestApp, apply_body, apply_id,
    mapped_body, setup_of, snapshot, snapshot_of,
};

use crate::table::budgets::{lengthen_names, shorten_the_long_prompt};

const HOURS_72: Duration = Duration::from_secs(72 * 60 * 60);

/// A user whom an apply invited.
pub(crate) struct InvitedUser {
    pub(crate) snapshot: String,
    pub(crate) apply: String,
    pub(crate) user: String,
    pub(crate) token: String,
}

/// The customer's apply, with an invitation in place of the password.
pub(crate) fn inviting_body() -> Value {
    let mut body = apply_body();
    body["newUser"].as_object_mut().unwrap().remove("password");
    body["newUser"]["invite"] = json!(true);
    body
}

pub(crate) async fn invited_casey(app: &TestApp) -> InvitedUser {
    let id = snapshot(app).await;
    let answer = app.apply(&app.token(SAM), &id, &inviting_body()).await;
    InvitedUser { snapshot: id, apply: apply_id(&answer), user: user_of(&answer), token: token_of(&answer) }
}

pub(crate) async fn accept(app: &TestApp, token: &str) -> Answer {
    app.accept_invitation(token, ANOTHER_PASSWORD).await
}

pub(crate) fn token_of(answer: &Answer) -> String {
    answer.expect(201)["invitation"]["token"].as_str().unwrap().to_owned()
}

fn user_of(answer: &Answer) -> String {
    answer.expect(201)["result"]["userId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invited_user_sets_a_password_and_signs_in() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let answer = app.apply(&app.token(SAM), &id, &inviting_body()).await;
    let (token, user) = (token_of(&answer), user_of(&answer));
    let invitation = &answer.body["invitation"];
    assert_eq!(
        *invitation,
        json!({
            "state": "open", "token": token, "expiresAt": "2026-05-18T09:00:00.000Z",
            "renew": format!("/api/users/{user}/invitation")
        })
    );
    assert!(token.starts_with(&format!("{GLOBEX}.{user}.")));
    app.login(CASEY, ANOTHER_PASSWORD).await.expect_problem(401, "invalid_credentials");
    let accepted = accept(&app, &token).await;
    assert_eq!(
        *accepted.expect(200),
        json!({
            "message": "Invitation accepted",
            "user": {"id": user, "email": CASEY, "organizationId": GLOBEX}
        })
    );
    accept(&app, &token).await.expect_problem(401, "invalid_invitation");
    let signed_in = app.login(CASEY, ANOTHER_PASSWORD).await;
    app.verify_token(signed_in.expect(200)["token"].as_str().unwrap()).await.expect(200);
}

#[tokio::test]
async fn the_claim_has_the_hash_and_the_time_until_it_is_accepted_and_no_item_has_the_token() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let (claim, profile) = (app.claim(CASEY).await, app.profile_of(CASEY).await);
    assert_eq!(claim["invitationHash"].as_s().unwrap().len(), 64);
    assert_eq!(claim["invitationExpiresAt"].as_s().unwrap(), "2026-05-18T09:00:00.000Z");
    assert!(!claim.contains_key("passwordHash"));
    let secret = casey.token.rsplit('.').next().unwrap();
    for item in app.items().await {
        assert!(!format!("{item:?}").contains(secret), "{item:?}");
    }
    let mut names: Vec<_> = profile.keys().cloned().collect();
    accept(&app, &casey.token).await.expect(200);
    let (claim, accepted) = (app.claim(CASEY).await, app.profile_of(CASEY).await);
    let mut kept: Vec<_> = claim.keys().map(String::as_str).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["PK", "SK", "organizationId", "passwordHash", "type", "userId"]);
    names.extend(["credentialVersion", "credentialsChangedAt", "invitationAcceptedAt"].map(str::to_owned));
    names.sort_unstable();
    let mut now: Vec<_> = accepted.keys().cloned().collect();
    now.sort_unstable();
    assert_eq!((now, &accepted["setupVersion"]), (names, &profile["setupVersion"]));
}

#[tokio::test]
async fn exactly_one_of_password_and_invitation_is_given() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot(&app).await);
    for (password, invite, status, pointer) in [
        (json!("TempPass!2026"), json!(true), 422, "/newUser/invite"),
        (json!(null), json!(null), 400, "/newUser/password"),
        (json!(null), json!(false), 400, "/newUser/password"),
        (json!("short"), json!(false), 422, "/newUser/password"),
        (json!("TempPass!2026"), json!("yes"), 400, "/newUser/invite"),
    ] {
        let mut body = inviting_body();
        (body["newUser"]["password"], body["newUser"]["invite"]) = (password, invite);
        let answer = app.apply(&sam, &id, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    let mut both = inviting_body();
    both["newUser"]["password"] = json!("TempPass!2026");
    let plan = app.plan(&sam, &id, &both).await;
    assert_eq!(plan.expect(200)["plan"]["refusals"][0]["pointer"], "/newUser/invite");
    let mut hashes = Vec::new();
    for body in [inviting_body(), apply_body()] {
        hashes.push(app.plan(&sam, &id, &body).await.expect(200)["plan"]["planHash"].clone());
    }
    assert_eq!(hashes[0], hashes[1], "how the user is let in is no part of the plan");
    let mut plain = apply_body();
    plain["newUser"]["invite"] = json!(false);
    assert!(app.apply(&sam, &id, &plain).await.expect(201).get("invitation").is_none());
}

#[tokio::test]
async fn a_replay_answers_everything_but_the_token_and_another_body_is_refused() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot(&app).await);
    let first = app.apply_once(&sam, "k", &id, &inviting_body()).await;
    let token = token_of(&first);
    let mut expected = first.body.clone();
    expected["invitation"] = json!({"state": "unknown", "renew": first.body["invitation"]["renew"]});
    for _ in 0..2 {
        let again = app.apply_once(&sam, "k", &id, &inviting_body()).await;
        assert_eq!(*again.expect(201), expected);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    app.apply_once(&sam, "k", &id, &apply_body()).await.expect_problem(422, "idempotency_key_reused");
    accept(&app, &token).await.expect(200);
    assert_eq!(*app.apply_once(&sam, "k", &id, &inviting_body()).await.expect(201), expected);
}

#[tokio::test]
async fn neither_an_invitation_nor_a_key_costs_an_apply_a_unit() {
    let mut costs = Vec::new();
    for (body, key) in
        [(inviting_body(), None), (inviting_body(), Some("k")), (apply_body(), None), (apply_body(), Some("k"))]
    {
        let app = TestApp::start().await;
        shorten_the_long_prompt(&app).await;
        lengthen_names(&app).await;
        let (sam, id) = (app.token(SAM), snapshot(&app).await);
        app.forget_calls();
        let answer = match key {
            Some(key) => app.apply_once(&sam, key, &id, &body).await,
            None => app.apply(&sam, &id, &body).await,
        };
        let (recorded, apply) = (app.recorded(), apply_id(&answer));
        assert_eq!(recorded.round_trips(), 2);
        let record = app.item(&format!("ORG#{GLOBEX}#SNAPSHOT#{id}"), &format!("APPLY#{apply}")).await.unwrap();
        costs.push((recorded.write_units(), stored_bytes(&record)));
    }
    println!("{costs:?}");
    let [invited, invited_once, given, given_once] = costs[..] else { panic!("four applies") };
    assert!(costs.iter().all(|(units, bytes)| *units == 59.0 && *bytes <= 1_024), "{costs:?}");
    assert!(invited.1 <= given.1 && invited_once.1 < given_once.1, "{costs:?}");
}

/// Two runs of one apply: the one that commits answers with the token, and no other token is good.
#[tokio::test]
async fn a_takeover_makes_the_invitation_anew_and_its_answer_alone_has_a_good_token() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot_of(&app, 300).await);
    let mut body = mapped_body(CASEY, setup_of(300).items.automations.len());
    body["newUser"].as_object_mut().unwrap().remove("password");
    body["newUser"]["invite"] = json!(true);
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply_once(&sam, "k", &id, &body).await.expect(503);
    app.faults().clear();
    let reserved = app.claim(CASEY).await;
    assert!(!reserved.contains_key("invitationHash") && !reserved.contains_key("passwordHash"));
    app.clock().advance(LEASE);
    let resumed = app.apply_once(&sam, "k", &id, &body).await;
    let token = token_of(&resumed);
    assert_eq!(
        app.claim(CASEY).await["invitationExpiresAt"].as_s().unwrap(),
        resumed.body["invitation"]["expiresAt"].as_str().unwrap()
    );
    let replayed = app.apply_once(&sam, "k", &id, &body).await;
    assert_eq!(
        (&replayed.expect(201)["invitation"]["state"], &replayed.body["result"]),
        (&json!("unknown"), &resumed.body["result"])
    );
    accept(&app, &token).await.expect(200);
    app.login(CASEY, ANOTHER_PASSWORD).await.expect(200);
}

/// The answer to the commit is lost, and the process dies with the token: the retry says how to make a fresh one.
#[tokio::test]
async fn an_apply_whose_answer_is_lost_is_answered_without_the_token() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot(&app).await);
    app.faults().drop_answer().of("TransactWriteItems").always();
    let lost = app.apply_once(&sam, "k", &id, &inviting_body()).await;
    app.faults().clear();
    let again = app.apply_once(&sam, "k", &id, &inviting_body()).await;
    let invitation = again.expect(201)["invitation"].clone();
    if lost.status == 201 {
        accept(&app, &token_of(&lost)).await.expect(200);
        return;
    }
    lost.expect_problem(503, "unavailable");
    assert_eq!((&invitation["state"], invitation.get("token")), (&json!("unknown"), None));
    let renew = invitation["renew"].as_str().unwrap();
    let fresh = app.send(app.request(http::Method::POST, renew).bearer_auth(&sam)).await;
    accept(&app, &token_of(&fresh)).await.expect(200);
}

#[tokio::test]
async fn a_staged_apply_that_is_abandoned_leaves_no_invitation() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot_of(&app, 300).await);
    let mut body = mapped_body(CASEY, setup_of(300).items.automations.len());
    body["newUser"].as_object_mut().unwrap().remove("password");
    body["newUser"]["invite"] = json!(true);
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply_once(&sam, "k", &id, &body).await.expect(503);
    app.faults().clear();
    app.clock().advance(LEASE + GRACE);
    app.sweep().await;
    app.clock().advance(SETTLING);
    app.sweep().await;
    assert!(app.item(&format!("EMAIL#{CASEY}"), "#META").await.is_none());
    app.apply_once(&app.token(SAM), "k", &id, &body).await.expect_problem(409, "apply_aborted");
}

#[tokio::test]
async fn an_invitation_lasts_for_72_hours() {
    for (later, status) in
        [(HOURS_72 - Duration::from_millis(1), 200), (HOURS_72, 401), (HOURS_72 + Duration::from_millis(1), 401)]
    {
        let app = TestApp::start().await;
        let casey = invited_casey(&app).await;
        app.clock().advance(later);
        assert_eq!(accept(&app, &casey.token).await.status, status, "{later:?}");
    }
}

#[tokio::test]
async fn a_fresh_invitation_replaces_the_earlier_one_and_resets_a_password() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let gil = app.token(GIL);
    let fresh = token_of(&app.invite(&gil, &casey.user).await);
    assert_ne!(fresh, casey.token);
    accept(&app, &casey.token).await.expect_problem(401, "invalid_invitation");
    accept(&app, &fresh).await.expect(200);
    let session = app.sign_in(CASEY, ANOTHER_PASSWORD).await;
    let reset = token_of(&app.invite(&gil, &casey.user).await);
    app.verify_token(&session).await.expect(200);
    app.accept_invitation(&reset, "Third-Harbour-42").await.expect(200);
    app.verify_token(&session).await.expect_problem(401, "unauthenticated");
    app.login(CASEY, ANOTHER_PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.login(CASEY, "Third-Harbour-42").await.expect(200);
}

#[tokio::test]
async fn a_changed_password_or_address_ends_an_open_invitation() {
    let app = TestApp::start().await;
    let (sam, gil) = (app.token(SAM), app.member(GIL).user.id.to_string());
    let token = token_of(&app.invite(&sam, &gil).await);
    app.change_password(&app.token(GIL), PASSWORD, "Third-Harbour-42").await.expect(200);
    accept(&app, &token).await.expect_problem(401, "invalid_invitation");
    let token = token_of(&app.invite(&sam, &gil).await);
    app.change_user_by(&sam, &gil, &json!({"email": "gilbert@globex.example"})).await.expect(200);
    accept(&app, &token).await.expect_problem(401, "invalid_invitation");
    app.login("gilbert@globex.example", "Third-Harbour-42").await.expect(200);
    let token = token_of(&app.invite(&sam, &gil).await);
    accept(&app, &token).await.expect(200);
}

#[tokio::test]
async fn a_changed_role_or_a_disabling_ends_an_open_invitation_and_a_changed_name_does_not() {
    for (changes, is_open) in [
        (vec![json!({"accessRole": "ADMIN"})], false),
        (vec![json!({"accessRole": "ADMIN"}), json!({"accessRole": "SALES_REP"})], false),
        (vec![json!({"loginDisabled": true}), json!({"loginDisabled": false})], false),
        (vec![json!({"fullName": "Casey"}), json!({"phoneNumber": null})], true),
    ] {
        let app = TestApp::start().await;
        let (sam, casey) = (app.token(SAM), invited_casey(&app).await);
        // The invitation of an apply, and then a fresh one, made for a counter above zero.
        for token in [casey.token, String::new()] {
            let token = if token.is_empty() { token_of(&app.invite(&sam, &casey.user).await) } else { token };
            for change in &changes {
                app.change_user_by(&sam, &casey.user, change).await.expect(200);
            }
            let answer = accept(&app, &token).await;
            assert_eq!(answer.status, if is_open { 200 } else { 401 }, "{changes:?}: {}", answer.text);
            app.change_user_by(&sam, &casey.user, &json!({"accessRole": "SALES_REP"})).await.expect(200);
        }
    }
}

/// The administrator who made an invitation answers for it until it is accepted.
#[tokio::test]
async fn an_invitation_ends_with_the_rights_of_who_made_it() {
    for (change, is_open) in [
        (json!({"loginDisabled": true}), false),
        (json!({"accessRole": "SALES_REP"}), false),
        (json!({"accessRole": "ADMIN"}), true),
        (json!({"fullName": "Gilbert"}), true),
    ] {
        let app = TestApp::start().await;
        let (sam, casey) = (app.token(SAM), invited_casey(&app).await);
        let gil = app.member(GIL).user.id.to_string();
        let token = token_of(&app.invite(&app.token(GIL), &casey.user).await);
        app.change_user_by(&sam, &gil, &change).await.expect(200);
        let answer = accept(&app, &token).await;
        match is_open {
            true => drop(answer.expect(200)),
            false => drop(answer.expect_problem(401, "invalid_invitation")),
        }
        // The same of an invitation that an apply by that administrator made.
        let app = TestApp::start().await;
        let id = snapshot(&app).await;
        app.assign(&sam, &id, &json!({"isGlobal": true})).await.expect(200);
        let answer = app.apply(&app.token(GIL), &id, &inviting_body()).await;
        app.change_user_by(&app.token(SAM), &gil, &change).await.expect(200);
        let status = accept(&app, &token_of(&answer)).await.status;
        assert_eq!(status, if is_open { 200 } else { 401 }, "{change}");
    }
}

#[tokio::test]
async fn a_bad_password_spends_no_invitation() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    for password in ["short", "PassWord1", "Casey@ACME.example", &"x".repeat(129)] {
        let refused = app.accept_invitation(&casey.token, password).await;
        assert_eq!(refused.expect_problem(422, "refused")["errors"][0]["pointer"], "/password");
    }
    accept(&app, &casey.token).await.expect(200);
}

#[tokio::test]
async fn an_accepted_invitation_stands_in_the_way_of_an_undo() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let gil = app.token(SAM);
    accept(&app, &casey.token).await.expect(200);
    let refused = app.undo(&gil, &casey.snapshot, &casey.apply, None).await;
    let reasons = refused.expect_problem(409, "setup_in_use")["reasons"].clone();
    assert_eq!(reasons, json!([{"code": "invitation_accepted", "at": "2026-05-15T09:00:00.000Z"}]));
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    app.undo(&app.token(SAM), &casey.snapshot, &casey.apply, None).await.expect(200);
    accept(&app, &casey.token).await.expect_problem(401, "invalid_invitation");
}
