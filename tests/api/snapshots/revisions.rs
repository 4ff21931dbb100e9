//! A snapshot's older revisions: listed, shown, restored, and dropped in the end.

use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::{ItemKind, Setup, SetupItem};
use shared::store::SetupChange;
use tests::{
    ACME, Answer, BEGINNING, DAY, GIL, PAT, SAM, TestApp, capture, counts, edit_prompt, incompressible, mapped_body,
    numbered_id, refresh, restore, setup_of, snapshot, user_with_setup,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The content of a revision that stands in its own item, as it is stored.
pub(crate) async fn content(app: &TestApp, id: &str, revision: u64) -> Value {
    let pk = format!("SNAPSHOT#{id}");
    let item = match app.item(&pk, &format!("REV#{revision:010}")).await {
        Some(item) => item,
        None => app.item(&pk, "#META").await.unwrap(),
    };
    let packed = item["content"].as_b().unwrap().as_ref();
    serde_json::from_slice(&zstd::bulk::decompress(packed, 16_000_000).unwrap()).unwrap()
}

async fn list(app: &TestApp, email: &str, id: &str, query: &str) -> Answer {
    app.get(&app.token(email), &format!("/api/user-snapshots/{id}/revisions?{query}")).await
}

async fn revision(app: &TestApp, email: &str, id: &str, number: u32) -> Answer {
    app.get(&app.token(email), &format!("/api/user-snapshots/{id}/revisions/{number}")).await
}

/// A snapshot of Alex that was refreshed until it has so many revisions, one a day.
pub(crate) async fn with_revisions(app: &TestApp, revisions: u32) -> String {
    let id = snapshot(app).await;
    add_revisions(app, &id, 2..=revisions, DAY).await;
    id
}

async fn add_revisions(app: &TestApp, id: &str, revisions: std::ops::RangeInclusive<u32>, pause: Duration) {
    for number in revisions {
        app.clock().advance(pause);
        edit_prompt(app, &format!("Revision {number}.")).await;
        assert_eq!(refresh(app, PAT, id).await.expect(200)["snapshot"]["revision"], number);
    }
}

async fn numbers(app: &TestApp, id: &str) -> Vec<u64> {
    let answer = list(app, SAM, id, "").await;
    answer.expect(200)["revisions"].as_array().unwrap().iter().map(|row| row["revision"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn revisions_are_listed_newest_first_in_pages_of_any_size() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 5).await;
    let whole = list(&app, PAT, &id, "").await.expect(200).clone();
    let rows = whole["revisions"].as_array().unwrap();
    assert!(whole.get("nextCursor").is_none());
    assert_eq!(numbers(&app, &id).await, [5, 4, 3, 2, 1]);
    let current: Vec<_> = rows.iter().map(|row| row["isCurrent"].as_bool().unwrap()).collect();
    assert_eq!(current, [true, false, false, false, false]);
    assert_eq!(
        rows[4],
        json!({
            "revision": 1, "isCurrent": false, "origin": "created",
            "counts": counts(5, 8, 12),
            "revisedAt": "2026-05-15T09:00:00.000Z", "replacedAt": "2026-05-16T09:00:00.000Z"
        })
    );
    assert_eq!((&rows[0]["origin"], rows[0].get("replacedAt")), (&json!("refreshed"), None));
    for limit in 1..=6 {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = list(&app, PAT, &id, &format!("limit={limit}{cursor}")).await.expect(200).clone();
            let rows = page["revisions"].as_array().unwrap();
            assert!(rows.len() == limit || page.get("nextCursor").is_none());
            paged.extend(rows.iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, *rows, "{limit}");
    }
}

#[tokio::test]
async fn a_revision_shows_what_it_held() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 2).await;
    let shown = app.snapshot(&app.token(PAT), &id).await.expect(200)["snapshot"].clone();
    for number in [1, 2] {
        let found = revision(&app, PAT, &id, number).await.expect(200)["revision"].clone();
        assert_eq!((&found["revision"], &found["isCurrent"]), (&json!(number), &json!(number == 2)));
        for field in ["automations", "prompts", "templates", "sourcePipelineStageRefs", "counts"] {
            assert_eq!(found[field], shown[field], "{number} {field}");
        }
    }
    revision(&app, PAT, &id, 3).await.expect_problem(404, "revision_not_found");
    for bad in ["0", "x", "01", "4294967296"] {
        let answer = app.get(&app.token(PAT), &format!("/api/user-snapshots/{id}/revisions/{bad}")).await;
        answer.expect_problem(400, "invalid_id");
    }
}

#[tokio::test]
async fn history_is_for_who_may_change_the_snapshot() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 2).await;
    list(&app, GIL, &id, "").await.expect_problem(404, "snapshot_not_found");
    restore(&app, GIL, &id, 1).await.expect_problem(404, "snapshot_not_found");
    app.assign(&app.token(SAM), &id, &json!({"isGlobal": true})).await.expect(200);
    list(&app, GIL, &id, "").await.expect_problem(403, "forbidden");
    revision(&app, GIL, &id, 1).await.expect_problem(403, "forbidden");
    restore(&app, GIL, &id, 1).await.expect_problem(403, "forbidden");
    app.delete_snapshot(&app.token(SAM), &id).await.expect(200);
    list(&app, SAM, &id, "").await.expect_problem(404, "snapshot_not_found");
    revision(&app, SAM, &id, 1).await.expect_problem(404, "snapshot_not_found");
}

#[tokio::test]
async fn a_restore_is_a_new_revision_with_the_old_content() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 3).await;
    let restored = restore(&app, PAT, &id, 1).await.expect(200).clone();
    assert_eq!((&restored["message"], &restored["scheduleSwitchedOff"]), (&json!("Revision restored"), &json!(false)));
    assert_eq!(restored["snapshot"]["revision"], 4);
    assert_eq!(content(&app, &id, 4).await, content(&app, &id, 1).await);
    assert_ne!(content(&app, &id, 3).await, content(&app, &id, 1).await);
    let row = list(&app, PAT, &id, "limit=1").await.expect(200)["revisions"][0].clone();
    assert_eq!((&row["origin"], &row["restoredFrom"]), (&json!("restored"), &json!(1)));
    // A repeated request, and one for what is there, make nothing.
    for number in [1, 4] {
        assert_eq!(restore(&app, PAT, &id, number).await.expect(200)["snapshot"]["revision"], 4);
    }
    restore(&app, PAT, &id, 5).await.expect_problem(404, "revision_not_found");
    // The next refresh goes on from what the source has.
    let refreshed = refresh(&app, PAT, &id).await.expect(200)["snapshot"].clone();
    assert_eq!((&refreshed["revision"], &refreshed["refreshStatus"]), (&json!(5), &json!("fresh")));
    assert_eq!(content(&app, &id, 5).await, content(&app, &id, 3).await);
}

#[tokio::test]
async fn restores_and_refreshes_at_once_make_one_revision_after_the_other() {
    for round in 0..10 {
        let app = TestApp::start().await;
        let id = with_revisions(&app, 3).await;
        edit_prompt(&app, &format!("Round {round}.")).await;
        let (a, b, c, d) = tokio::join!(
            restore(&app, PAT, &id, 1),
            restore(&app, PAT, &id, 2),
            refresh(&app, PAT, &id),
            refresh(&app, SAM, &id),
        );
        for answer in [a, b, c, d] {
            answer.expect(200);
        }
        let made = numbers(&app, &id).await;
        let expected: Vec<u64> = (1..=made[0]).rev().collect();
        assert_eq!(made, expected);
        assert!((6..=7).contains(&made[0]), "two restores and one or two refreshes: {made:?}");
    }
}

#[tokio::test]
async fn of_30_revisions_none_is_dropped_and_of_31_the_oldest() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 29).await;
    assert_eq!(numbers(&app, &id).await.len(), 29);
    add_revisions(&app, &id, 30..=30, DAY).await;
    assert_eq!(numbers(&app, &id).await.last(), Some(&1));
    add_revisions(&app, &id, 31..=31, DAY).await;
    assert_eq!(numbers(&app, &id).await, (2..=31).rev().collect::<Vec<u64>>());
    revision(&app, PAT, &id, 1).await.expect_problem(404, "revision_not_found");
    restore(&app, PAT, &id, 1).await.expect_problem(404, "revision_not_found");
}

#[tokio::test]
async fn no_revision_is_dropped_within_an_hour_after_it_was_replaced() {
    let app = TestApp::keeping_revisions(2).await;
    let id = with_revisions(&app, 1).await;
    // Each is replaced a minute after the one before.
    add_revisions(&app, &id, 2..=6, Duration::from_secs(60)).await;
    assert_eq!(numbers(&app, &id).await, [6, 5, 4, 3, 2, 1]);
    // Now the first was replaced an hour ago but for a millisecond, when the second came; then a whole hour ago.
    app.clock().advance(HOUR - Duration::from_secs(5 * 60) - Duration::from_millis(1));
    add_revisions(&app, &id, 7..=7, Duration::from_secs(60) - Duration::ZERO).await;
    assert_eq!(numbers(&app, &id).await, [7, 6, 5, 4, 3, 2, 1]);
    add_revisions(&app, &id, 8..=8, Duration::from_millis(1)).await;
    assert_eq!(numbers(&app, &id).await, [8, 7, 6, 5, 4, 3, 2]);
    add_revisions(&app, &id, 9..=9, HOUR).await;
    assert_eq!(numbers(&app, &id).await, [9, 8], "what is due is dropped, the newest of it, too");
}

#[tokio::test]
async fn at_most_ten_revisions_are_dropped_at_once_the_oldest_first() {
    for (due, left) in [(9, 0), (10, 0), (11, 1)] {
        let app = TestApp::keeping_revisions(1).await;
        let id = with_revisions(&app, 1).await;
        add_revisions(&app, &id, 2..=due + 1, Duration::from_millis(1)).await;
        assert_eq!(numbers(&app, &id).await.len(), usize::try_from(due + 1).unwrap(), "none was replaced an hour ago");
        // What was replaced before is due now, and what is replaced now is not.
        add_revisions(&app, &id, due + 2..=due + 2, 2 * HOUR).await;
        let first_left = u64::from(due + 1 - left);
        assert_eq!(numbers(&app, &id).await, (first_left..=u64::from(due + 2)).rev().collect::<Vec<_>>(), "{due}");
    }
}

#[tokio::test]
async fn no_revision_is_dropped_while_an_apply_is_unfinished() {
    let app = TestApp::keeping_revisions(1).await;
    let user = user_with_setup(&app, 1, &setup_of(200)).await;
    let id = capture(&app, user).await;
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    let body = mapped_body("large@globex.example", 66);
    app.apply_once(&app.token(SAM), "k", &id, &body).await.expect(503);
    app.faults().clear();
    for number in 2..=3 {
        app.clock().advance(2 * HOUR);
        change_prompt(&app, &user, number).await;
        refresh(&app, PAT, &id).await.expect(200);
    }
    assert_eq!(numbers(&app, &id).await, [3, 2, 1]);
    assert_eq!(app.apply_once(&app.token(SAM), "k", &id, &body).await.expect(201)["result"]["snapshotRevision"], 1);
    app.clock().advance(2 * HOUR);
    change_prompt(&app, &user, 4).await;
    refresh(&app, PAT, &id).await.expect(200);
    assert_eq!(numbers(&app, &id).await, [4, 3], "the third was replaced just now");
}

/// Makes a prompt of a user of Acme say something else; a new one at first.
pub(crate) async fn change_prompt(app: &TestApp, user: &shared::domain::ObjectId, number: u32) {
    let document = serde_json::from_value(json!({"name": "One more", "prompt": format!("{number}")})).unwrap();
    let change = SetupChange::Put(ItemKind::Prompt, SetupItem { id: numbered_id(5, 1), document });
    tests::change_setup(app.table(), &ACME.parse().unwrap(), user, &[change], BEGINNING).await.unwrap();
}

#[tokio::test]
async fn a_content_in_chunks_is_kept_brought_back_dropped_and_swept() {
    let app = TestApp::keeping_revisions(2).await;
    let user = user_with_setup(&app, 1, &incompressible(150, 3_500)).await;
    let id = capture(&app, user).await;
    let chunks = async || {
        let items = app.items().await;
        let chunks = items.iter().filter(|item| item["PK"].as_s().unwrap().starts_with("CHUNK#"));
        let mut revisions: Vec<_> =
            chunks.map(|item| item["PK"].as_s().unwrap().split('#').nth(2).unwrap().to_owned()).collect();
        revisions.sort();
        revisions.dedup();
        revisions.join(" ")
    };
    assert_eq!(chunks().await, "1");
    change_prompt(&app, &user, 2).await;
    refresh(&app, PAT, &id).await.expect(200);
    assert_eq!(chunks().await, "1 2");
    assert_eq!(revision(&app, PAT, &id, 1).await.expect(200)["revision"]["prompts"].as_array().unwrap().len(), 150);
    app.clock().advance(2 * HOUR);
    assert_eq!(restore(&app, PAT, &id, 1).await.expect(200)["snapshot"]["revision"], 3);
    assert_eq!(chunks().await, "2 3", "the first was replaced two hours ago");
    let result = app.apply(&app.token(SAM), &id, &mapped_body("a@globex.example", 0)).await;
    assert_eq!(result.expect(201)["result"]["cloned"]["prompts"], 150);
    app.delete_snapshot(&app.token(PAT), &id).await.expect(200);
    app.clock().advance(DAY);
    app.sweep().await;
    assert_eq!(chunks().await, "");
}

#[tokio::test]
async fn an_inline_content_is_replaced_by_chunks_and_the_other_way_round() {
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &Setup::default()).await;
    let id = capture(&app, user).await;
    let noise = incompressible(30, 3_500);
    for (turn, changes) in [
        noise.items.prompts.iter().map(|it| SetupChange::Put(ItemKind::Prompt, it.clone())).collect::<Vec<_>>(),
        noise.items.prompts.iter().map(|it| SetupChange::Remove(ItemKind::Prompt, it.id)).collect(),
    ]
    .iter()
    .enumerate()
    {
        tests::change_setup(app.table(), &ACME.parse().unwrap(), &user, changes, BEGINNING).await.unwrap();
        refresh(&app, PAT, &id).await.expect(200);
        let meta = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
        assert_eq!((meta.contains_key("chunks"), meta.contains_key("content")), (turn == 0, turn == 1));
        let prompts = if turn == 0 { 30 } else { 0 };
        assert_eq!(app.snapshot(&app.token(PAT), &id).await.expect(200)["snapshot"]["counts"]["prompts"], prompts);
    }
    for (number, prompts) in [(1, 0), (2, 30), (3, 0)] {
        let found = revision(&app, PAT, &id, number).await.expect(200)["revision"].clone();
        assert_eq!(found["prompts"].as_array().unwrap().len(), prompts, "{number}");
    }
}
