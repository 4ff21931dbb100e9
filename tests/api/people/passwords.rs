//! A user changes its own password.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{ANOTHER_PASSWORD, Answer, GIL, PASSWORD, PAT, TestApp};

const WRONG: &str = "Wrong-Pass-2026!";

fn token_of(answer: &Answer) -> &str {
    answer.expect(200)["token"].as_str().unwrap()
}

#[tokio::test]
async fn a_changed_password_ends_every_token_and_the_answer_has_a_new_one() {
    let app = TestApp::start().await;
    let earlier = [app.token(PAT), app.sign_in(PAT, PASSWORD).await];
    let before = app.profile_of(PAT).await;
    let answer = app.change_password(&earlier[1], PASSWORD, ANOTHER_PASSWORD).await;
    let signed_in = app.login(PAT, ANOTHER_PASSWORD).await;
    assert_eq!(answer.body["user"], signed_in.expect(200)["user"]);
    for token in &earlier {
        app.verify_token(token).await.expect_problem(401, "unauthenticated");
    }
    for token in [token_of(&answer), token_of(&signed_in)] {
        app.verify_token(token).await.expect(200);
    }
    app.login(PAT, PASSWORD).await.expect_problem(401, "invalid_credentials");
    let after = app.profile_of(PAT).await;
    assert_eq!(before["setupVersion"], after["setupVersion"]);
    assert_eq!((&before["updatedAt"], after["credentialVersion"].as_n().unwrap().as_str()), (&after["updatedAt"], "1"));
    // Once more, with the token of the answer.
    app.change_password(token_of(&answer), ANOTHER_PASSWORD, PASSWORD).await.expect(200);
    app.verify_token(token_of(&answer)).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_hash_that_is_still_in_the_profile_is_replaced_in_the_claim() {
    let app = TestApp::start().await;
    app.store_hash_in_profile(PAT).await;
    app.change_password(&app.token(PAT), WRONG, ANOTHER_PASSWORD).await.expect_problem(422, "refused");
    app.change_password(&app.token(PAT), PASSWORD, ANOTHER_PASSWORD).await.expect(200);
    assert_eq!(app.hash_places(PAT).await, (true, false));
    app.login(PAT, PASSWORD).await.expect(401);
    app.login(PAT, ANOTHER_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn bad_passwords_are_refused_with_their_place_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let token = app.token(PAT);
    let (long, longest) = ("x".repeat(129), "y".repeat(128));
    for (current, new, pointer) in [
        (WRONG, ANOTHER_PASSWORD, "/currentPassword"),
        ("", ANOTHER_PASSWORD, "/currentPassword"),
        (long.as_str(), ANOTHER_PASSWORD, "/currentPassword"),
        (PASSWORD, "short", "/newPassword"),
        (PASSWORD, long.as_str(), "/newPassword"),
        (PASSWORD, "PassWord1", "/newPassword"),
        (PASSWORD, "Pat@ACME.example", "/newPassword"),
    ] {
        let answer = app.change_password(&token, current, new).await;
        let problem = answer.expect_problem(422, "refused");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{}", answer.text);
        assert!(new.len() < 6 || !answer.text.contains(new), "{}", answer.text);
    }
    app.verify_token(&token).await.expect(200);
    app.login(PAT, PASSWORD).await.expect(200);
    app.change_password(&token, PASSWORD, &longest).await.expect(200);
    app.login(PAT, &longest).await.expect(200);
}

#[tokio::test]
async fn right_and_wrong_take_the_same_work_until_the_verdict() {
    let app = TestApp::start().await;
    let token = app.token(PAT);
    let mut seen: Vec<Vec<String>> = Vec::new();
    for current in [WRONG, PASSWORD] {
        app.forget_calls();
        app.change_password(&token, current, ANOTHER_PASSWORD).await;
        let recorded = app.recorded();
        let reads = recorded.operations().into_iter().filter(|operation| operation.starts_with("Get"));
        seen.push(reads.map(str::to_owned).collect());
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn wrong_passwords_are_counted_with_those_of_sign_in() {
    let app = TestApp::start().await;
    let token = app.token(PAT);
    for attempt in 0..10 {
        match attempt % 2 {
            0 => drop(app.login(PAT, WRONG).await.expect_problem(401, "invalid_credentials")),
            _ => drop(app.change_password(&token, WRONG, ANOTHER_PASSWORD).await.expect_problem(422, "refused")),
        }
    }
    let locked = app.change_password(&token, PASSWORD, ANOTHER_PASSWORD).await;
    locked.expect_problem(429, "too_many_attempts");
    assert!(locked.header("retry-after").is_some());
    app.login(PAT, PASSWORD).await.expect_problem(429, "too_many_attempts");
    // Another user is not locked.
    app.change_password(&app.token(GIL), PASSWORD, ANOTHER_PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_at_once_one_wins_and_its_token_alone_lasts() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let token = app.token(PAT);
    let answers = join_all((0..6).map(|number| {
        let (app, token) = (app.clone(), token.clone());
        async move {
            let new = format!("Quiet-Harbour-{number}");
            let changing = async move { (app.change_password(&token, PASSWORD, &new).await, new) };
            tokio::spawn(changing).await.unwrap()
        }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(answer, _)| answer.status == 200);
    assert_eq!(won.len(), 1);
    for (answer, new) in &lost {
        assert!([401, 422].contains(&answer.status), "{}", answer.text);
        app.login(PAT, new).await.expect(401);
        app.forget_failures(PAT).await;
    }
    app.verify_token(token_of(&won[0].0)).await.expect(200);
    app.login(PAT, &won[0].1).await.expect(200);
}

#[tokio::test]
async fn a_body_of_another_shape_is_refused() {
    let app = TestApp::start().await;
    for body in [json!({}), json!({"currentPassword": PASSWORD}), json!({"currentPassword": 1, "newPassword": "x"})] {
        let body: Value = body;
        let request = app.request(http::Method::POST, "/api/auth/password").bearer_auth(app.token(PAT)).json(&body);
        app.send(request).await.expect_problem(400, "invalid_body");
    }
}
