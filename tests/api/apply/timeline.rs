//! The history of an organization: its applies in the order of time, across snapshots.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::{
    Answer, GIL, GLOBEX, LEASE, PAT, SAM, SETTLING, TestApp, apply_body, apply_id, capture, mapped_body, numbered_id,
    setup_of, snapshot, snapshot_of, user_with_setup,
};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";
const SECOND: Duration = Duration::from_secs(1);

/// The customer's apply to another address, with another role.
fn body(email: &str, role: &str) -> Value {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    body["newUser"]["accessRole"] = json!(role);
    body
}

fn entries(answer: &Answer) -> &Vec<Value> {
    answer.expect(200)["applies"].as_array().unwrap()
}

fn ids(answer: &Answer) -> Vec<&str> {
    entries(answer).iter().map(|entry| entry["_id"].as_str().unwrap()).collect()
}

/// Applies a snapshot to so many users, one a second. Returns the ids, the latest first.
async fn apply_to(app: &TestApp, snapshot: &str, count: usize, role: &str) -> Vec<String> {
    let sam = app.token(SAM);
    let mut made = Vec::new();
    for number in 0..count {
        app.clock().advance(SECOND);
        let email = format!("new{number}.{}@globex.example", role.to_lowercase());
        made.push(apply_id(&app.apply(&sam, snapshot, &body(&email, role)).await));
    }
    made.reverse();
    made
}

/// The ids on all pages, and the number of pages.
async fn all_pages(app: &TestApp, token: &str, query: &str) -> (Vec<String>, usize) {
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = app.history(token, &format!("{query}{cursor}")).await;
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        pages += 1;
        let Some(next) = page.body["nextCursor"].as_str() else { return (seen, pages) };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn applies_of_all_snapshots_are_in_the_order_of_time_at_a_cost_that_is_known() {
    let app = TestApp::start().await;
    let (sam, first) = (app.token(SAM), snapshot(&app).await);
    let user = user_with_setup(&app, 1, &setup_of(3)).await;
    let second = capture(&app, user).await;
    let early = app.apply_once(&sam, "k", &first, &apply_body()).await;
    app.clock().advance(SECOND);
    let late = app.apply(&sam, &second, &mapped_body("late@globex.example", 1)).await;
    app.delete_snapshot(&sam, &second).await.expect(200);
    let row = |applied: &Answer, snapshot: &str, at: &str| {
        let result = &applied.expect(201)["result"];
        json!({
            "_id": result["applyId"],
            "state": "applied",
            "snapshotId": snapshot,
            "snapshotRevision": 1,
            "appliedBy": app.member(SAM).user.id.to_string(),
            "appliedByName": "Sam Super",
            "appliedByRole": "SUPERADMIN",
            "appliedAt": at,
            "userId": result["userId"],
            "userEmail": result["userEmail"],
            "accessRole": "SALES_REP",
        })
    };
    let expected = json!({"applies": [
        row(&late, &second, "2026-05-15T09:00:01.000Z"),
        row(&early, &first, "2026-05-15T09:00:00.000Z"),
    ]});
    app.forget_calls();
    // Gil does not see the snapshots.
    assert_eq!(app.history(&app.token(GIL), "").await.expect(200), &expected);
    let recorded = app.recorded();
    // The rows of three lists, who made the users, the records, the names.
    assert_eq!((recorded.round_trips(), recorded.of("Query").len()), (4, 3), "{:?}", recorded.operations());
    assert_eq!(recorded.write_units(), 0.0);
    // Nobody at Acme has applied anything.
    assert_eq!(app.history(&app.token(PAT), "").await.expect(200), &json!({"applies": []}));
}

#[tokio::test]
async fn the_history_comes_in_pages_of_any_size_each_apply_once() {
    const APPLIES: usize = 7;
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let (sam, gil) = (app.token(SAM), app.token(GIL));
    let mut made = apply_to(&app, &id, APPLIES - 2, "ADMIN").await;
    let hidden = apply_to(&app, &id, 2, "SUPERADMIN").await;
    made.splice(0..0, hidden.clone());
    for apply in [&made[3], &made[0]] {
        app.undo(&sam, &id, apply, None).await.expect(200);
    }
    for limit in [1, 2, 6, 7, 8, 200] {
        let (seen, pages) = all_pages(&app, &sam, &format!("limit={limit}")).await;
        assert_eq!((&seen, pages), (&made, APPLIES.div_ceil(limit)), "{limit}");
        // An ADMIN does not learn of a SUPERADMIN.
        let (seen, _) = all_pages(&app, &gil, &format!("limit={limit}")).await;
        assert_eq!(seen, made[2..], "{limit}");
    }
    for bad in [
        "limit=0",
        "limit=201",
        "cursor=x",
        "kind=prompt",
        "state=in_progress",
        "state=",
        "userEmail=x",
        "snapshotId=x",
        "from=2026-05-15",
        "to=tomorrow",
    ] {
        app.history(&sam, bad).await.expect_problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_range_of_time_begins_with_its_first_moment_and_ends_before_its_last() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let made = apply_to(&app, &id, 3, "ADMIN").await;
    app.undo(&sam, &id, &made[1], None).await.expect(200);
    let moment = |second: usize, millis: usize| format!("2026-05-15T09:00:{second:02}.{millis:03}Z");
    // The middle one is of second 2.
    for (from, to, expected) in [
        (moment(1, 999), moment(2, 1), 1),
        (moment(2, 0), moment(2, 1), 1),
        (moment(2, 1), moment(2, 999), 0),
        (moment(2, 0), moment(2, 0), 0),
        (moment(2, 1), moment(2, 0), 0),
        (moment(1, 0), moment(2, 0), 1),
        (moment(1, 0), moment(3, 0), 2),
        (moment(1, 0), moment(3, 1), 3),
    ] {
        for limit in [1, 200] {
            let (seen, _) = all_pages(&app, &sam, &format!("from={from}&to={to}&limit={limit}")).await;
            assert_eq!(seen.len(), expected, "{from} {to}");
        }
    }
    assert_eq!(all_pages(&app, &sam, &format!("from={}&limit=1", moment(2, 0))).await.0, made[..2]);
    assert_eq!(all_pages(&app, &sam, &format!("to={}&limit=1", moment(3, 0))).await.0, made[1..]);
}

#[tokio::test]
async fn an_apply_stays_in_its_place_when_its_user_goes() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let made = apply_to(&app, &id, 3, "ADMIN").await;
    let before = app.history(&sam, "").await;
    // The first transaction is done, and nothing after it.
    app.faults().drop_request().of("BatchWriteItem").always();
    app.undo(&sam, &id, &made[1], None).await.expect_problem(503, "unavailable");
    app.faults().clear();
    let undoing = app.history(&sam, "").await;
    assert_eq!((ids(&undoing), &entries(&undoing)[1]["state"]), (ids(&before), &json!("undoing")));
    assert_eq!(entries(&undoing)[1]["undoneByName"], "Sam Super");
    app.undo(&sam, &id, &made[1], None).await.expect(200);
    let user = entries(&before)[2]["userId"].as_str().unwrap();
    app.remove_user(&sam, user).await.expect(200);
    app.clock().advance(SETTLING);
    app.sweep().await;
    let after = app.history(&sam, "").await;
    assert_eq!(ids(&after), ids(&before));
    let (undone, removed) = (&entries(&after)[1], &entries(&after)[2]);
    assert_eq!((&undone["state"], undone.get("userEmail")), (&json!("undone"), None));
    assert_eq!((&removed["state"], removed.get("userEmail")), (&json!("applied"), None));
    assert_eq!(removed["userRemovedBy"], app.member(SAM).user.id.to_string());
    let listed = app.history(&sam, "state=applied").await;
    assert_eq!(ids(&listed), [made[0].as_str(), made[2].as_str()]);
}

#[tokio::test]
async fn an_abandoned_apply_is_listed_with_its_reason() {
    let app = TestApp::start().await;
    let id = snapshot_of(&app, 120).await;
    let (sam, body) = (app.token(SAM), mapped_body("new@globex.example", setup_of(120).items.automations.len()));
    app.fail_stages_from(2);
    app.apply(&sam, &id, &body).await.expect(503);
    app.apply_once(&sam, "k", &id, &mapped_body("other@globex.example", 40)).await.expect(503);
    app.faults().clear();
    let listed = app.history(&sam, "").await;
    let aborting = &entries(&listed)[0];
    assert_eq!(entries(&listed).len(), 1, "one is under way");
    assert_eq!((&aborting["state"], &aborting["reason"]), (&json!("aborting"), &json!({"code": "interrupted"})));
    assert_eq!(aborting["userEmail"], "new@globex.example");
    app.clock().advance(SETTLING);
    app.sweep().await;
    app.clock().advance(LEASE);
    app.delete_snapshot(&sam, &id).await.expect(200);
    app.apply_once(&sam, "k", &id, &mapped_body("other@globex.example", 40)).await.expect_problem(409, "world_moved");
    // The repeated request was refused; that is an entry of its own.
    assert_eq!(ids(&app.history(&sam, "state=refused").await).len(), 1);
    let refused = |entry: &Value| entry["state"] == "refused";
    let listed = app.history(&sam, "").await;
    let mut reasons: Vec<_> = entries(&listed)
        .iter()
        .filter(|entry| !refused(entry))
        .map(|entry| (entry["reason"]["code"].clone(), entry["state"].clone()))
        .collect();
    reasons.sort_by_key(|(code, _)| code.to_string());
    assert_eq!(reasons, [(json!("interrupted"), json!("aborted")), (json!("world_moved"), json!("aborting"))]);
}

#[tokio::test]
async fn filters_narrow_the_history_down() {
    let app = TestApp::start().await;
    let (sam, first, second) = (app.token(SAM), snapshot(&app).await, snapshot(&app).await);
    let made = apply_to(&app, &first, 2, "ADMIN").await;
    let of_second = apply_to(&app, &second, 2, "SALES_REP").await;
    app.undo(&sam, &first, &made[0], None).await.expect(200);
    for (query, expected) in [
        ("state=applied".to_owned(), vec![&of_second[0], &of_second[1], &made[1]]),
        ("state=undone".to_owned(), vec![&made[0]]),
        ("state=aborted".to_owned(), vec![]),
        (format!("snapshotId={first}"), vec![&made[0], &made[1]]),
        (format!("snapshotId={}", first.to_uppercase()), vec![&made[0], &made[1]]),
        (format!("snapshotId={second}&state=undone"), vec![]),
        (format!("snapshotId={NOBODY}"), vec![]),
        ("userEmail=NEW0.sales_rep@globex.example".to_owned(), vec![&of_second[1]]),
        // An undone apply keeps no address.
        ("userEmail=new1.admin@globex.example".to_owned(), vec![]),
        ("userEmail=new0.admin@globex.example&state=applied&limit=1".to_owned(), vec![&made[1]]),
    ] {
        let (seen, _) = all_pages(&app, &sam, &query).await;
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_request_looks_at_a_thousand_rows_and_the_next_one_goes_on() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let made = apply_to(&app, &id, 1, "ADMIN").await;
    let text = |text: String| AttributeValue::S(text);
    // Users whom no apply made, all later.
    for number in 0..1_000 {
        let user = numbered_id(9, number);
        app.put_item([
            ("PK", text(format!("ORG#{GLOBEX}#USER#{user}"))),
            ("SK", text("#META".to_owned())),
            ("type", text("user".to_owned())),
            ("LISTPK", text(format!("ORG#{GLOBEX}#USERS"))),
            ("LISTSK", text(format!("2026-06-15T09:00:00.000Z#{user}"))),
        ])
        .await;
        let before = number + 1;
        if before < 998 {
            continue;
        }
        for limit in [1, 200] {
            let page = app.history(&sam, &format!("limit={limit}")).await;
            let is_found = before < 1_000;
            assert_eq!(ids(&page), if is_found { &made[..] } else { &[] }, "{before}");
            assert_eq!(all_pages(&app, &sam, &format!("limit={limit}")).await.0, made, "{before}");
        }
    }
}
