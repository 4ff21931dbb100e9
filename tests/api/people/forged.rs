//! Tokens of invitations as somebody would forge them who holds a good one: none is taken, none costs a hash, and each gets the same
//! answer.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use shared::domain::{ObjectId, Role};
use shared::ids::{Randomness, SystemRandomness};
use shared::store::{MAX_ADDRESS_FAILURES, MAX_FAILURES};
use tests::{ACME, ALEX, ANOTHER_PASSWORD, Answer, CASEY, GIL, GLOBEX, PAT, SAM, TestApp};

use crate::people::invitations::{InvitedUser, accept, invited_casey, token_of};
use crate::people::rights::user_of;
use crate::snapshots::rights::comparable;

/// Every token that is not the good one: other ids, changed letters, other lengths, other spellings.
fn forged(app: &TestApp, good: &str, spent: &str, foreign: &str) -> Vec<(String, String)> {
    let (organization, rest) = good.split_once('.').unwrap();
    let (user, secret) = rest.split_once('.').unwrap();
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, token: String| all.push((name, token));
    // One letter changed, at every place.
    for at in 0..good.len() {
        let letter = &good[at..=at];
        let other = if letter == "a" { "b" } else { "a" };
        add(format!("another letter at {at}"), format!("{}{other}{}", &good[..at], &good[at + 1..]));
    }
    // Shorter and longer.
    for length in (0..good.len()).step_by(4) {
        add(format!("its first {length} letters"), good[..length].to_owned());
    }
    for more in ["A", "=", "==", ".", ".x", " ", "\n", "\0", "%00", "é"] {
        add(format!("followed by {more:?}"), format!("{good}{more}"));
        add(format!("after {more:?}"), format!("{more}{good}"));
    }
    // Other spellings of the same bytes.
    add("in capitals".to_owned(), good.to_uppercase());
    add("ids in capitals".to_owned(), format!("{}.{}.{secret}", organization.to_uppercase(), user.to_uppercase()));
    add("a percent-encoded dot".to_owned(), good.replace('.', "%2E"));
    add(
        "the other alphabet".to_owned(),
        format!("{organization}.{user}.{}", secret.replace('-', "+").replace('_', "/") + "+"),
    );
    add("parts in another order".to_owned(), format!("{user}.{organization}.{secret}"));
    add("the secret alone".to_owned(), secret.to_owned());
    add(
        "the secret in hex".to_owned(),
        format!("{organization}.{user}.{}", in_hex(&BASE64_URL_SAFE_NO_PAD.decode(secret).unwrap())),
    );
    // Other people, with the good secret.
    for (name, email) in [("Alex", ALEX), ("Pat", PAT), ("Gil", GIL), ("Sam", SAM)] {
        let other = &app.member(email).user;
        add(format!("{name}'s ids"), format!("{}.{}.{secret}", other.organization, other.id));
        add(format!("{name} in the invited user's organization"), format!("{organization}.{}.{secret}", other.id));
    }
    add("the user in another organization".to_owned(), format!("{ACME}.{user}.{secret}"));
    add("nobody".to_owned(), format!("{organization}.{}.{secret}", ObjectId::NOBODY));
    // Other secrets: none, of one letter, at random, and the hash.
    for letter in ["A", "-", "_", "0"] {
        add(format!("a secret of {letter}"), format!("{organization}.{user}.{}", letter.repeat(42) + "A"));
    }
    for number in 0..60 {
        let mut bytes = [0; 32];
        SystemRandomness.fill(&mut bytes);
        add(
            format!("a random secret {number}"),
            format!("{organization}.{user}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)),
        );
    }
    add("a spent one".to_owned(), spent.to_owned());
    add("another user's ids with this secret".to_owned(), foreign.replace(foreign.split('.').nth(2).unwrap(), secret));
    add("this user's ids with another secret".to_owned(), good.replace(secret, foreign.split('.').nth(2).unwrap()));
    all.retain(|(_, token)| token != good);
    all
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn no_forged_spent_or_foreign_token_is_taken_and_all_get_one_answer() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let sam = app.token(SAM);
    let others = user_of(&app, GLOBEX, Role::SalesRep, 0xe1).await;
    let spent = token_of(&app.invite(&sam, &others.id.to_string()).await);
    accept(&app, &spent).await.expect(200);
    let foreign = token_of(&app.invite(&sam, &others.id.to_string()).await);
    let tokens = forged(&app, &casey.token, &spent, &foreign);
    let distinct: BTreeSet<_> = tokens.iter().map(|(_, token)| token).collect();
    assert!(distinct.len() > 200, "{}", distinct.len());
    println!("{} tokens, {} of them different", tokens.len(), distinct.len());
    let claims = [app.claim(CASEY).await, app.claim(others.email.key().as_str()).await];
    let mut answers = BTreeSet::new();
    for (name, token) in &tokens {
        forget_attempts(&app).await;
        let body = serde_json::json!({"token": token, "password": ANOTHER_PASSWORD});
        let request = app.request(http::Method::POST, "/api/auth/accept-invitation").header("x-request-id", "the-cell");
        let answer = app.send(request.json(&body)).await;
        let status = if token.is_empty() { 400 } else { 401 };
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        if status == 401 {
            answer.expect_problem(401, "invalid_invitation");
            answers.insert(comparable(&answer));
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!([app.claim(CASEY).await, app.claim(others.email.key().as_str()).await], claims);
    // The good ones are still good.
    forget_attempts(&app).await;
    accept(&app, &casey.token).await.expect(200);
    accept(&app, &foreign).await.expect(200);
}

/// Deletes what is counted of attempts to accept.
async fn forget_attempts(app: &TestApp) {
    for item in app.items().await.into_iter().filter(|item| item["PK"].as_s().unwrap().starts_with("INVITED#")) {
        let delete = app.database().client().delete_item().table_name("snapshots");
        delete.key("PK", item["PK"].clone()).key("SK", item["SK"].clone()).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_token_costs_the_same_for_every_user_that_it_names() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let secret = "A".repeat(43);
    let mut seen = BTreeSet::new();
    for (organization, user) in [
        (GLOBEX.to_owned(), casey.user.clone()),
        (GLOBEX.to_owned(), app.member(GIL).user.id.to_string()),
        (GLOBEX.to_owned(), ObjectId::NOBODY.to_string()),
        (ACME.to_owned(), casey.user.clone()),
    ] {
        app.forget_calls();
        accept(&app, &format!("{organization}.{user}.{secret}")).await.expect_problem(401, "invalid_invitation");
        let recorded = app.recorded();
        let mut operations: Vec<String> = recorded.operations().iter().map(|it| (*it).to_owned()).collect();
        operations.sort();
        seen.insert((operations, recorded.round_trips(), recorded.write_units() as u64, recorded.read_units() as u64));
    }
    println!("{seen:?}");
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// A token for the user that nobody gave out.
fn wrong_token(of: &InvitedUser) -> String {
    format!("{GLOBEX}.{}.{}", of.user, "A".repeat(43))
}

async fn accept_from(app: &TestApp, address: &str, token: &str) -> Answer {
    let body = serde_json::json!({"token": token, "password": ANOTHER_PASSWORD});
    let request = app.request(http::Method::POST, "/api/auth/accept-invitation");
    app.send(request.header("x-forwarded-for", address).json(&body)).await
}

#[tokio::test]
async fn wrong_tokens_are_counted_by_user_and_network_and_lock_nobody_else() {
    let app = TestApp::behind_a_proxy().await;
    let casey = invited_casey(&app).await;
    let wrong = wrong_token(&casey);
    let from = async |address: &str, token: &str| accept_from(&app, address, token).await;
    for _ in 0..10 {
        from("203.0.113.7", &wrong).await.expect_problem(401, "invalid_invitation");
    }
    let locked = from("203.0.113.7", &casey.token).await;
    locked.expect_problem(429, "too_many_attempts");
    assert!(locked.header("retry-after").is_some());
    // Another user from there, and this user from another network.
    let gil = token_of(&app.invite(&app.token(SAM), &app.member(GIL).user.id.to_string()).await);
    from("203.0.113.7", &gil).await.expect(200);
    from("198.51.100.7", &casey.token).await.expect(200);
}

#[tokio::test]
async fn no_number_of_wrong_tokens_from_other_networks_locks_an_invited_user_out() {
    let app = TestApp::behind_a_proxy().await;
    let casey = invited_casey(&app).await;
    let wrong = wrong_token(&casey);
    let networks = 0..=MAX_ADDRESS_FAILURES / MAX_FAILURES;
    for network in networks {
        for _ in 0..MAX_FAILURES {
            accept_from(&app, &format!("203.0.{network}.7"), &wrong).await.expect_problem(401, "invalid_invitation");
        }
    }
    accept_from(&app, "198.51.100.7", &wrong).await.expect_problem(401, "invalid_invitation");
    accept_from(&app, "198.51.100.7", &casey.token).await.expect(200);
}
