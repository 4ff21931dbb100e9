//! Two changes of one user or one organization at once: whichever order they come in, the rules hold.

use serde_json::{Value, json};
use shared::domain::{Role, TokenCredentials, User};
use shared::http::Caller;
use tests::{ACME, ALEX, CASEY, GIL, Gate, PASSWORD, PAT, SAM, TestApp, apply_body, apply_id, snapshot};

use crate::people::invitations::{accept, invited_casey, token_of as token_of_invitation};
use crate::people::rights::user_of;

/// Holds the first write of `first` until `second` is answered; gives both answers.
pub(crate) async fn overtaken<A, B>(
    app: &TestApp,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let gate = Gate::closed();
    app.faults().hold_request(&gate).of("TransactWriteItems").nth(1);
    let second = async {
        gate.arrived(1).await;
        app.faults().clear();
        let answer = second.await;
        gate.open();
        answer
    };
    tokio::join!(first, second)
}

/// Returns a token of a user who is not in the workspace.
pub(crate) fn token_of(app: &TestApp, user: &User) -> String {
    let (credentials, name) = (TokenCredentials::default(), String::new());
    app.token_for(&Caller { user: user.id, organization: user.organization, role: user.role, name, credentials })
}

/// How many may administer the organization.
async fn administrators(app: &TestApp, organization: &str) -> usize {
    let items = app.items().await;
    let of_users = items.iter().filter(|item| {
        let pk = item["PK"].as_s().unwrap();
        pk.starts_with(&format!("ORG#{organization}#USER#")) && item["SK"].as_s().unwrap() == "#META"
    });
    of_users
        .filter(|item| {
            ["ADMIN", "SUPERADMIN"].contains(&item["accessRole"].as_s().unwrap().as_str())
                && item["loginDisabled"].as_bool() == Ok(&false)
        })
        .count()
}

#[tokio::test]
async fn two_administrators_who_take_each_others_role_at_once_do_not_both_succeed() {
    for bodies in [
        [json!({"accessRole": "SALES_REP"}), json!({"accessRole": "SALES_REP"})],
        [json!({"loginDisabled": true}), json!({"accessRole": "DEPARTMENT_HEAD"})],
        [json!({"loginDisabled": true}), json!({"loginDisabled": true})],
    ] {
        let app = TestApp::start().await;
        let other = user_of(&app, ACME, Role::Admin, 0xe1).await;
        let (pat, id) = (app.token(PAT), app.member(PAT).user.id.to_string());
        let others = token_of(&app, &other);
        let [of_other, of_pat]: [Value; 2] = bodies;
        let other_id = other.id.to_string();
        let (first, second) =
            overtaken(&app, app.change_user_by(&pat, &other_id, &of_other), app.change_user_by(&others, &id, &of_pat))
                .await;
        second.expect(200);
        first.expect_problem(401, "unauthenticated");
        assert_eq!(administrators(&app, ACME).await, 1);
    }
}

#[tokio::test]
async fn two_administrators_who_step_down_at_once_do_not_both_succeed() {
    let app = TestApp::start().await;
    let other = user_of(&app, ACME, Role::Admin, 0xe1).await;
    let (pat, others, body) = (app.token(PAT), token_of(&app, &other), json!({"accessRole": "SALES_REP"}));
    let (id, other_id) = (app.member(PAT).user.id.to_string(), other.id.to_string());
    let (first, second) =
        overtaken(&app, app.change_user_by(&pat, &id, &body), app.change_user_by(&others, &other_id, &body)).await;
    second.expect(200);
    first.expect_problem(409, "last_admin");
    assert_eq!(administrators(&app, ACME).await, 1);
}

#[tokio::test]
async fn a_caller_who_is_demoted_before_its_change_is_written_changes_nothing() {
    let app = TestApp::start().await;
    let other = user_of(&app, ACME, Role::Admin, 0xe1).await;
    let (alex, others) = (app.member(ALEX).user.id.to_string(), token_of(&app, &other));
    let (first, second) = overtaken(
        &app,
        app.change_user_by(&others, &alex, &json!({"accessRole": "ADMIN"})),
        app.change_user_by(&app.token(PAT), &other.id.to_string(), &json!({"accessRole": "SALES_REP"})),
    )
    .await;
    second.expect(200);
    first.expect_problem(401, "unauthenticated");
    assert_eq!(app.user(&app.token(PAT), &alex).await.expect(200)["user"]["accessRole"], "SALES_REP");
}

#[tokio::test]
async fn a_change_meets_another_one_and_is_made_on_what_is_there_then() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    let (first, second) = overtaken(
        &app,
        app.change_user_by(&pat, &alex, &json!({"fullName": "Al"})),
        app.change_user_by(&pat, &alex, &json!({"designation": "Head"})),
    )
    .await;
    first.expect(200);
    second.expect(200);
    let user = app.user(&pat, &alex).await.expect(200)["user"].clone();
    assert_eq!((&user["fullName"], &user["designation"]), (&json!("Al"), &json!("Head")));
}

#[tokio::test]
async fn an_address_that_two_users_are_given_at_once_goes_to_one() {
    let app = TestApp::start().await;
    let (pat, body) = (app.token(PAT), json!({"email": "wanted@acme.example"}));
    let [alex, dana] = [ALEX, tests::DANA].map(|email| app.member(email).user.id.to_string());
    let (first, second) =
        overtaken(&app, app.change_user_by(&pat, &alex, &body), app.change_user_by(&pat, &dana, &body)).await;
    second.expect(200);
    first.expect_problem(409, "email_taken");
    app.login(ALEX, PASSWORD).await.expect(200);
    let signed_in = app.login("wanted@acme.example", PASSWORD).await;
    assert_eq!(signed_in.expect(200)["user"]["id"], dana);
}

#[tokio::test]
async fn an_acceptance_and_an_undo_at_once_do_not_both_succeed() {
    for accept_first in [true, false] {
        let app = TestApp::start().await;
        let casey = invited_casey(&app).await;
        let sam = app.token(SAM);
        let (accepting, undoing) = (accept(&app, &casey.token), app.undo(&sam, &casey.snapshot, &casey.apply, None));
        if accept_first {
            let (undone, accepted) = overtaken(&app, undoing, accepting).await;
            accepted.expect(200);
            let problem = undone.expect_problem(409, "setup_in_use").clone();
            assert_eq!(problem["reasons"][0]["code"], "invitation_accepted");
            app.login(CASEY, tests::ANOTHER_PASSWORD).await.expect(200);
        } else {
            let (accepted, undone) = overtaken(&app, accepting, undoing).await;
            undone.expect(200);
            accepted.expect_problem(401, "invalid_invitation");
            app.login(CASEY, tests::ANOTHER_PASSWORD).await.expect_problem(401, "invalid_credentials");
            assert!(app.item(&format!("EMAIL#{CASEY}"), "#META").await.is_none());
            // The address is free for a new user at once.
            app.apply(&sam, &casey.snapshot, &apply_body()).await.expect(201);
        }
    }
}

#[tokio::test]
async fn an_acceptance_and_a_disabling_at_once_leave_nobody_signed_in() {
    for accept_first in [true, false] {
        let app = TestApp::start().await;
        let casey = invited_casey(&app).await;
        let (sam, body) = (app.token(SAM), json!({"loginDisabled": true}));
        let (accepting, disabling) = (accept(&app, &casey.token), app.change_user_by(&sam, &casey.user, &body));
        if accept_first {
            let (disabled, accepted) = overtaken(&app, disabling, accepting).await;
            disabled.expect(200);
            accepted.expect(200);
        } else {
            let (accepted, disabled) = overtaken(&app, accepting, disabling).await;
            disabled.expect(200);
            accepted.expect_problem(401, "invalid_invitation");
        }
        app.login(CASEY, tests::ANOTHER_PASSWORD).await.expect_problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn an_acceptance_and_the_dismissal_of_who_invited_at_once_let_nobody_in() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let (sam, gil) = (app.token(SAM), app.member(GIL).user.id.to_string());
    let token = token_of_invitation(&app.invite(&app.token(GIL), &casey.user).await);
    let dismissal = json!({"accessRole": "SALES_REP"});
    let (accepted, dismissed) = overtaken(&app, accept(&app, &token), app.change_user_by(&sam, &gil, &dismissal)).await;
    dismissed.expect(200);
    accepted.expect_problem(401, "invalid_invitation");
    app.login(CASEY, tests::ANOTHER_PASSWORD).await.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn of_two_acceptances_at_once_one_is_the_users() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let (first, second) = overtaken(
        &app,
        app.accept_invitation(&casey.token, "First-Harbour-42"),
        app.accept_invitation(&casey.token, "Second-Harbour-42"),
    )
    .await;
    second.expect(200);
    first.expect_problem(401, "invalid_invitation");
    app.login(CASEY, "First-Harbour-42").await.expect_problem(401, "invalid_credentials");
    app.login(CASEY, "Second-Harbour-42").await.expect(200);
}

#[tokio::test]
async fn an_acceptance_and_a_fresh_invitation_at_once_leave_one_token_or_none() {
    for accept_first in [true, false] {
        let app = TestApp::start().await;
        let casey = invited_casey(&app).await;
        let sam = app.token(SAM);
        let (accepting, inviting) = (accept(&app, &casey.token), app.invite(&sam, &casey.user));
        let (accepted, invited) = if accept_first {
            let (invited, accepted) = overtaken(&app, inviting, accepting).await;
            accepted.expect(200);
            (accepted, invited)
        } else {
            let (accepted, invited) = overtaken(&app, accepting, inviting).await;
            accepted.expect_problem(401, "invalid_invitation");
            (accepted, invited)
        };
        drop(accepted);
        let fresh = invited.expect(201)["invitation"]["token"].as_str().unwrap().to_owned();
        accept(&app, &casey.token).await.expect_problem(401, "invalid_invitation");
        accept(&app, &fresh).await.expect(200);
        accept(&app, &fresh).await.expect_problem(401, "invalid_invitation");
    }
}

#[tokio::test]
async fn an_acceptance_and_a_change_of_the_address_at_once_leave_the_claim_whole() {
    for accept_first in [true, false] {
        let app = TestApp::start().await;
        let casey = invited_casey(&app).await;
        let (sam, other) = (app.token(SAM), "casey.new@acme.example");
        let body = json!({"email": other});
        let (accepting, changing) = (accept(&app, &casey.token), app.change_user_by(&sam, &casey.user, &body));
        let accepted = if accept_first {
            let (changed, accepted) = overtaken(&app, changing, accepting).await;
            changed.expect(200);
            accepted.expect(200);
            true
        } else {
            let (accepted, changed) = overtaken(&app, accepting, changing).await;
            changed.expect(200);
            accepted.expect_problem(401, "invalid_invitation");
            false
        };
        assert!(app.item(&format!("EMAIL#{CASEY}"), "#META").await.is_none());
        assert_eq!(app.login(other, tests::ANOTHER_PASSWORD).await.status, if accepted { 200 } else { 401 });
    }
}

/// A reset that overtakes a sign-in with the former password: the token of that one is worth nothing.
#[tokio::test]
async fn a_reset_ends_a_sign_in_with_the_former_password_in_both_orders() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot(&app).await);
    let applied = app.apply(&sam, &id, &apply_body()).await;
    let casey = applied.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
    assert!(!apply_id(&applied).is_empty());
    let before = app.sign_in(CASEY, tests::NEW_PASSWORD).await;
    let invited = app.invite(&sam, &casey).await;
    let token = invited.expect(201)["invitation"]["token"].as_str().unwrap().to_owned();
    // The former password is good until the invitation is accepted.
    let meanwhile = app.sign_in(CASEY, tests::NEW_PASSWORD).await;
    accept(&app, &token).await.expect(200);
    let after = app.sign_in(CASEY, tests::ANOTHER_PASSWORD).await;
    for (token, status) in [(before, 401), (meanwhile, 401), (after, 200)] {
        assert_eq!(app.verify_token(&token).await.status, status);
    }
    app.login(CASEY, tests::NEW_PASSWORD).await.expect_problem(401, "invalid_credentials");
}
