use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::json;
use tests::{ACME, PASSWORD, PAT, TestApp};

#[tokio::test]
async fn signing_in_gives_a_token_and_the_user() {
    let app = TestApp::start().await;
    let answer = app.login(PAT, PASSWORD).await;
    let body = answer.expect(200);
    assert_eq!(
        body["user"],
        json!({"id": "64ee9a8b1e7f2a001122339b", "email": PAT, "fullName": "Pat Admin", "organizationId": ACME, "accessRole": "ADMIN"})
    );
    let good = app.verify_token(body["token"].as_str().unwrap()).await;
    assert_eq!(*good.expect(200), json!({"message": "Token is good"}));
}

#[tokio::test]
async fn an_address_signs_in_in_any_spelling() {
    let app = TestApp::start().await;
    app.login("PAT@Acme.Example.", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_bad_token_gets_the_words_that_clients_know() {
    let app = TestApp::start().await;
    for token in ["", "x", "a.b.c"] {
        let answer = app.verify_token(token).await;
        assert_eq!(answer.expect_problem(401, "unauthenticated")["error"], "Invalid or expired token");
    }
    app.send(app.request(Method::GET, "/api/auth/verify-token")).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_first_sign_in_is_noted_once() {
    let app = TestApp::start().await;
    let noted = async || {
        let item = app.item(&format!("ORG#{ACME}#USER#64ee9a8b1e7f2a001122339b"), "#META").await.unwrap();
        (item.get("firstSignInAt").map(|it| it.as_s().unwrap().clone()), item["setupVersion"].clone())
    };
    assert_eq!(noted().await.0, None);
    app.login(PAT, PASSWORD).await.expect(200);
    assert_eq!(noted().await, (Some("2026-05-15T09:00:00.000Z".into()), AttributeValue::N("1".into())));
    app.clock().advance(Duration::from_secs(60));
    app.login(PAT, PASSWORD).await.expect(200);
    assert_eq!(noted().await.0.as_deref(), Some("2026-05-15T09:00:00.000Z"));
}

#[tokio::test]
async fn wrong_unknown_and_disabled_take_the_same_calls_and_get_the_same_answer() {
    let app = TestApp::start().await;
    let dana = app.member(tests::DANA).user.clone();
    app.set_attribute(&dana, "loginDisabled", AttributeValue::Bool(true)).await;
    let mut seen = Vec::new();
    for (email, password) in [(PAT, "Wrong-Pass-2026!"), ("nobody@acme.example", PASSWORD), (tests::DANA, PASSWORD)] {
        app.forget_calls();
        let answer = app.login(email, password).await;
        answer.expect_problem(401, "invalid_credentials");
        let mut operations: Vec<String> = app.recorded().operations().iter().map(|it| (*it).to_owned()).collect();
        operations.sort();
        let text = answer.text.replace(answer.body["requestId"].as_str().unwrap(), "");
        seen.push((text, operations, app.recorded().round_trips()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
}

#[tokio::test]
async fn an_address_that_an_apply_only_reserves_is_as_unknown() {
    let app = TestApp::start().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    app.put_item([
        ("PK", text("EMAIL#casey@acme.example")),
        ("SK", text("#META")),
        ("type", text("email")),
        ("organizationId", text(ACME)),
        ("reservedBy", text("64ee9a8b1e7f2a00112233ff")),
    ])
    .await;
    app.login("casey@acme.example", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn ten_failures_in_15_minutes_lock_an_address_for_a_network_whether_or_not_anybody_has_it() {
    let app = TestApp::start().await;
    for email in [PAT, "nobody@acme.example"] {
        for attempt in 1..=10 {
            let spelled = if attempt % 2 == 0 { email.to_uppercase() } else { email.to_owned() };
            app.login(&spelled, "Wrong-Pass-2026!").await.expect_problem(401, "invalid_credentials");
        }
        let locked = app.login(email, PASSWORD).await;
        locked.expect_problem(429, "too_many_attempts");
        assert_eq!(locked.header("retry-after"), Some("900"));
    }
    app.clock().advance(Duration::from_secs(15 * 60) - Duration::from_millis(1));
    app.login(PAT, PASSWORD).await.expect_problem(429, "too_many_attempts");
    app.clock().advance(Duration::from_millis(1));
    app.login(PAT, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn signing_in_well_does_not_count_as_a_failure() {
    let app = TestApp::start().await;
    for _ in 0..12 {
        app.login(PAT, PASSWORD).await.expect(200);
    }
    for _ in 0..9 {
        app.login(PAT, "Wrong-Pass-2026!").await.expect_problem(401, "invalid_credentials");
    }
    app.login(PAT, PASSWORD).await.expect(200);
    app.login(PAT, "Wrong-Pass-2026!").await.expect_problem(401, "invalid_credentials");
    app.login(PAT, PASSWORD).await.expect_problem(429, "too_many_attempts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_number_of_attempts_at_once_gets_more_than_ten_guesses() {
    let app = Arc::new(TestApp::start().await);
    let attempts: Vec<_> = (0..25)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.login(PAT, "Wrong-Pass-2026!").await.status })
        })
        .collect();
    let mut guesses = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            401 => guesses += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(guesses, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_40_right_passwords_at_one_moment_all_pass() {
    let app = Arc::new(TestApp::start().await);
    let attempts: Vec<_> = (0..40)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.login(PAT, PASSWORD).await.status })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn a_stranger_in_another_network_keeps_nobody_out() {
    let app = TestApp::behind_a_proxy().await;
    for address in ["203.0.113.7", "203.0.113.255"].into_iter().cycle().take(10) {
        app.login_from(address, PAT, "Wrong-Pass-2026!").await.expect_problem(401, "invalid_credentials");
    }
    app.login_from("203.0.113.9", PAT, PASSWORD).await.expect_problem(429, "too_many_attempts");
    // What a client writes itself stands before what the proxy adds.
    let forged = "198.51.100.7, 203.0.113.8";
    app.login_from(forged, PAT, PASSWORD).await.expect_problem(429, "too_many_attempts");
    for address in ["203.0.114.7", "2001:db8::203.0.113.7", "::ffff:198.51.100.7"] {
        app.login_from(address, PAT, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn one_network_of_ipv6_is_a_48_and_what_is_no_address_is_one_network() {
    let app = TestApp::behind_a_proxy().await;
    let failing: [(&str, &[&str], &str); 2] = [
        (PAT, &["2001:db8:1::7", "2001:db8:1:ffff::8", "[2001:db8:1::9]:443"], "2001:db8:1:2::1"),
        (tests::GIL, &["unknown", "_hidden", "192.0.2.300"], "nonsense"),
    ];
    for (email, addresses, last) in failing {
        for address in addresses.iter().cycle().take(10) {
            app.login_from(address, email, "Wrong-Pass-2026!").await.expect_problem(401, "invalid_credentials");
        }
        app.login_from(last, email, PASSWORD).await.expect_problem(429, "too_many_attempts");
        app.login_from("2001:db8:2::7", email, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn without_trusted_hops_a_client_does_not_choose_its_network() {
    let app = TestApp::start().await;
    for n in 0..10 {
        let address = format!("203.0.{n}.7");
        app.login_from(&address, PAT, "Wrong-Pass-2026!").await.expect_problem(401, "invalid_credentials");
    }
    app.login_from("198.51.100.7", PAT, PASSWORD).await.expect_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn a_process_that_dies_holds_its_places_for_35_seconds() {
    let app = TestApp::start().await;
    app.faults().drop_request().of("GetItem").always();
    app.login(PAT, PASSWORD).await.expect_problem(503, "unavailable");
    app.faults().clear();
    app.login(PAT, PASSWORD).await.expect(200);
    let items = app.items().await;
    let network = items.iter().find(|item| item["SK"].as_s().unwrap().starts_with("FAILURES#")).unwrap();
    assert_eq!(network["places"].as_ss().unwrap().len(), 1, "it is there until somebody needs it");
}

/// Nothing that is stored of a network tells which one it is.
#[tokio::test]
async fn networks_are_stored_as_keyed_hashes() {
    let app = TestApp::behind_a_proxy().await;
    app.login_from("203.0.113.7", PAT, PASSWORD).await.expect(200);
    app.login_from("203.0.113.7", tests::GIL, PASSWORD).await.expect(200);
    let known = async |email: &str| {
        let item = app.item(&format!("EMAIL#{email}"), "FAILURES").await.unwrap();
        item["known"].as_m().unwrap().keys().next().unwrap().clone()
    };
    let (pat, gil) = (known(PAT).await, known(tests::GIL).await);
    assert_ne!(pat, gil);
    assert_eq!((pat.len(), gil.len()), (16, 16));
    assert!(app.items().await.iter().all(|item| !format!("{item:?}").contains("203.0.113")));
}

#[tokio::test]
async fn what_a_sign_in_costs() {
    let app = TestApp::start().await;
    let mut costs = Vec::new();
    for password in [PASSWORD, PASSWORD, "Wrong-Pass-2026!"] {
        app.forget_calls();
        app.login(PAT, password).await;
        costs.push((app.recorded().write_units(), app.recorded().read_units(), app.recorded().round_trips()));
    }
    // The first one ever: a new network and a first sign-in. Then a known one, then a wrong password.
    // One of the round trips is beside the hash, which takes longer.
    assert_eq!(costs, [(4.0, 4.0, 6), (2.0, 4.0, 4), (3.0, 4.0, 5)]);
}
