//! Earlier tokens end with the counter of the user's credentials, on every route (`caller_states.rs`), and with it those of other
//! issuers, which carry no counter.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use shared::clock::Clock;
use shared::domain::{TokenCredentials, User};
use shared::http::Caller;
use tests::{Gate, PASSWORD, PAT, TestApp};

/// Raises the counter as another system does, with or without the time of it.
async fn raise(app: &TestApp, user: &User, to: u64, with_time: bool) {
    app.set_attribute(user, "credentialVersion", AttributeValue::N(to.to_string())).await;
    if with_time {
        app.set_attribute(user, "credentialsChangedAt", AttributeValue::S(app.clock().now().to_string())).await;
    }
}

/// A token as an identity provider issues it now: with the claims, but no counter.
fn foreign_token(app: &TestApp) -> String {
    let User { id, organization, role, .. } = app.member(PAT).user;
    let credentials = TokenCredentials::IssuedAt(app.clock().now());
    app.token_for(&Caller { user: id, organization, role, name: "Pat".to_owned(), credentials })
}

#[tokio::test]
async fn a_token_holds_at_its_own_counter_alone_and_a_sign_in_gives_the_current_one() {
    let app = TestApp::start().await;
    let pat = app.member(PAT).user.clone();
    let mut tokens = Vec::new();
    for version in 0..4 {
        if version > 0 {
            raise(&app, &pat, version, true).await;
        }
        tokens.push(app.sign_in(PAT, PASSWORD).await);
        let (current, earlier) = tokens.split_last().unwrap();
        app.verify_token(current).await.expect(200);
        for token in earlier {
            app.verify_token(token).await.expect_problem(401, "unauthenticated");
        }
    }
    // A restored table is no way back to an earlier token's rights: what counts is that both are equal.
    raise(&app, &pat, 1, true).await;
    let held: Vec<u16> = {
        let mut statuses = Vec::new();
        for token in &tokens {
            statuses.push(app.verify_token(token).await.status);
        }
        statuses
    };
    assert_eq!(held, [401, 200, 401, 401]);
}

#[tokio::test]
async fn a_counter_that_cannot_be_read_leaves_no_rights() {
    for value in [AttributeValue::S("1".to_owned()), AttributeValue::N("-1".to_owned()), AttributeValue::Bool(true)] {
        let app = TestApp::start().await;
        app.set_attribute(&app.member(PAT).user, "credentialVersion", value).await;
        app.verify_token(&app.token(PAT)).await.expect_problem(401, "unauthenticated");
        app.login(PAT, PASSWORD).await.expect_problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_is_judged_by_the_second_of_its_issue() {
    let app = TestApp::start().await;
    let pat = app.member(PAT).user.clone();
    let before = foreign_token(&app);
    app.verify_token(&before).await.expect(200);
    app.clock().advance(Duration::from_millis(400));
    raise(&app, &pat, 1, true).await;
    app.verify_token(&before).await.expect_problem(401, "unauthenticated");
    // Nobody can tell whether a token of the same second came before the change or after it.
    for (later, status) in [(500, 401), (600, 401), (4_000, 401), (1_000, 200), (60_000, 200)] {
        app.clock().advance(Duration::from_millis(later));
        assert_eq!(app.verify_token(&foreign_token(&app)).await.status, status, "{later}");
    }
    app.verify_token(&before).await.expect_problem(401, "unauthenticated");
    app.verify_token(&app.sign_in(PAT, PASSWORD).await).await.expect(200);
    let unknown = TestApp::start().await;
    raise(&unknown, &pat, 1, false).await;
    unknown.verify_token(&foreign_token(&unknown)).await.expect_problem(401, "unauthenticated");
}

/// A sign-in reads the claim with the hash, and then the user with the counter. A change that comes between the two must not give the
/// counter of the new password to somebody with the old one.
#[tokio::test]
async fn a_sign_in_that_a_change_of_the_password_overtakes_gets_no_token_that_lasts() {
    let app = TestApp::start().await;
    let pat = app.member(PAT).user.clone();
    let mut claim = app.claim(PAT).await;
    let other = claim["passwordHash"].as_s().unwrap().replace("$m=19456,t=2,p=1$", "$m=19456,t=2,p=1$QUFB");
    claim.insert("passwordHash".to_owned(), AttributeValue::S(other));
    let key = format!("ORG#{}#USER#{}", pat.organization, pat.id);
    for between in [true, false] {
        let app = TestApp::start().await;
        let gate = Gate::closed();
        let key = key.clone();
        let is_user = move |request: &serde_json::Value| request["Key"]["PK"]["S"] == key.as_str();
        if between {
            app.faults().hold_request(&gate).of("GetItem").when(is_user).nth(1);
        } else {
            app.faults().hold_answer(&gate).of("GetItem").when(is_user).nth(1);
        }
        let change = async {
            gate.arrived(1).await;
            app.faults().clear();
            app.store(claim.clone()).await;
            raise(&app, &pat, 1, true).await;
            gate.open();
        };
        let (answer, ()) = tokio::join!(app.login(PAT, PASSWORD), change);
        answer.expect_problem(401, "invalid_credentials");
    }
}
