//! Many requests at once. They are in a process of their own: all of them hash a password, at most one on each processor
//! at a time, and other tests would wait for them.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tests::{PAT, SAM, TestApp, apply_body, create_body, rounds, table_items};

/// So many at once: a hundred, a thousand in the long lane.
fn requests() -> usize {
    rounds(100, 1_000)
}

/// A service in which a request may wait for the others, and a snapshot in it.
async fn service() -> (Arc<TestApp>, String) {
    let app = Arc::new(TestApp::patient(Duration::from_secs(600)).await);
    let answer = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let id = answer.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    (app, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_applies_for_one_address_one_makes_the_user_and_the_others_are_refused() {
    let (app, id) = service().await;
    let before = table_items(&app).await.len();
    let applies = (0..requests()).map(|number| {
        let (app, id) = (app.clone(), id.clone());
        tokio::spawn(async move {
            let mut body = apply_body();
            body["newUser"]["email"] = json!(if number % 2 == 0 { "casey@acme.example" } else { "CASEY@ACME.EXAMPLE" });
            app.apply(&app.token(SAM), &id, &body).await
        })
    });
    let mut statuses = Vec::new();
    for apply in applies.collect::<Vec<_>>() {
        let answer = apply.await.unwrap();
        if answer.status != 201 {
            answer.expect_problem(409, "email_taken");
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    // One user: claim, profile, switches and 25 clones.
    assert_eq!(table_items(&app).await.len(), before + 28);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_requests_at_once_with_one_key_one_is_carried_out() {
    let (app, id) = service().await;
    let before = app.items().await.len();
    let (pat, sam) = (app.token(PAT), app.token(SAM));

    let applies = join_all((0..requests()).map(|_| {
        let (app, id, sam) = (app.clone(), id.clone(), sam.clone());
        tokio::spawn(async move { app.apply_once(&sam, "k", &id, &apply_body()).await })
    }));
    let mut texts = HashSet::new();
    for answer in applies.await {
        let answer = answer.unwrap();
        answer.expect(201);
        texts.insert(answer.text);
    }
    assert_eq!(texts.len(), 1);
    assert_eq!(app.items().await.len(), before + 29);

    let creates = join_all((0..requests()).map(|_| {
        let (app, pat) = (app.clone(), pat.clone());
        tokio::spawn(async move { app.create_once(&pat, "k", &create_body()).await })
    }));
    let mut ids = HashSet::new();
    for answer in creates.await {
        ids.insert(answer.unwrap().expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(app.items().await.len(), before + 30);
}
