//! The list of snapshots, with a thousand of them seen in three ways that overlap.

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde_json::{Value, json};
use shared::domain::content::Content;
use shared::domain::snapshot::Shares;
use shared::domain::{Counts, Creator, Email, ObjectId, Role, Sharing, Snapshot, SnapshotName, Source, Timestamp};
use shared::store::{EditOutcome, PackedContent, SnapshotCreator, SnapshotEditor};
use tests::{ACME, BEGINNING, GIL, GLOBEX, PAT, SAM, TestApp};

/// A snapshot as it is when it is made: assigned to its source organization and to no other.
pub(crate) fn new_snapshot(id: ObjectId, organization: &str, creator: ObjectId, created_at: Timestamp) -> Snapshot {
    let organization: ObjectId = organization.parse().unwrap();
    Snapshot {
        id,
        name: SnapshotName::parse(format!("Snapshot {id}")).unwrap(),
        description: None,
        source: Source {
            organization,
            organization_name: "Source".to_owned(),
            user: ObjectId::from_bytes([5; 12]),
            user_email: Email::parse("source@acme.example").unwrap(),
            user_name: None,
        },
        counts: Counts::default(),
        creator: Creator { id: creator, organization, name: None, role: Role::Admin },
        is_global: false,
        assigned: vec![organization],
        created_at,
        updated_at: created_at,
        revision: 1,
        revised_at: created_at,
        restored_from: None,
        version: 1,
        content: PackedContent::pack(&Content::default()).unwrap().address(),
        shares: Shares::default(),
    }
}

/// Stores a snapshot and shares it.
pub(crate) async fn store(app: &TestApp, snapshot: &Snapshot, assigned: &[&str], is_global: bool) -> Snapshot {
    let packed = PackedContent::pack(&Content::default()).unwrap();
    SnapshotCreator::new(app.table()).create(snapshot, &packed, None).await.unwrap();
    let sharing = Sharing { assigned: assigned.iter().map(|id| id.parse().unwrap()).collect(), is_global };
    if sharing.assigned == snapshot.assigned && !is_global {
        return snapshot.clone();
    }
    let shares = snapshot.shares_when(&sharing, None, app.member(SAM).user.id, snapshot.created_at);
    match SnapshotEditor::new(app.table()).share(snapshot, sharing, shares, snapshot.created_at).await.unwrap() {
        EditOutcome::Done(shared) => *shared,
        EditOutcome::Conflict => unreachable!("nobody else writes"),
    }
}

/// An id that does not sort by time, so that the order must come from the time.
fn scattered(number: u64) -> ObjectId {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&mixed.to_be_bytes());
    bytes[8..].copy_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// One way in which Gil, ADMIN of Globex, sees a snapshot or does not: source, assigned organizations, global.
const WAYS: [(&str, &[&str], bool); 10] = [
    (GLOBEX, &[GLOBEX], false),
    (GLOBEX, &[GLOBEX], true),
    (GLOBEX, &[GLOBEX, ACME], false),
    (ACME, &[ACME, GLOBEX], false),
    (ACME, &[GLOBEX], false),
    (ACME, &[ACME, GLOBEX], true),
    (ACME, &[ACME], true),
    (ACME, &[], true),
    // Not seen: of the own organization and taken from it, and of another one.
    (GLOBEX, &[ACME], false),
    (ACME, &[ACME], false),
];

/// Stores a thousand snapshots, three to each moment, and gives them newest first.
async fn a_thousand(app: &TestApp) -> Vec<Snapshot> {
    let creator = app.member(PAT).user.id;
    let mut all = Vec::new();
    for number in 0..1_000_u64 {
        let (source, assigned, is_global) = WAYS[usize::try_from(number.wrapping_mul(7) / 3 % 10).unwrap()];
        let created_at = Timestamp::from_millis(BEGINNING.as_millis() + i64::try_from(number / 3).unwrap());
        let snapshot = new_snapshot(scattered(number), source, creator, created_at);
        all.push(store(app, &snapshot, assigned, is_global).await);
    }
    all.sort_by_key(|snapshot| std::cmp::Reverse((snapshot.created_at, snapshot.id)));
    all
}

fn ids(snapshots: &[&Snapshot]) -> Vec<String> {
    snapshots.iter().map(|snapshot| snapshot.id.to_string()).collect()
}

fn seen_by_globex(snapshot: &&Snapshot) -> bool {
    snapshot.is_global || snapshot.assigned.iter().any(|id| id.to_string() == GLOBEX)
}

/// All ids of the list, page by page; every page but the last is full.
async fn listed(app: &TestApp, token: &str, limit: usize) -> Vec<String> {
    let mut listed: Vec<String> = Vec::new();
    let mut query = format!("limit={limit}");
    loop {
        let page = app.list_snapshots(token, &query).await;
        let rows = page.expect(200)["snapshots"].as_array().unwrap();
        listed.extend(rows.iter().map(|row| row["_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["nextCursor"].as_str() else {
            assert!(rows.len() <= limit);
            return listed;
        };
        assert_eq!(rows.len(), limit, "a page that is not the last is full");
        query = format!("limit={limit}&cursor={cursor}");
    }
}

#[tokio::test]
async fn a_thousand_snapshots_seen_in_three_ways_are_listed_once_each_newest_first_on_full_pages() {
    let app = TestApp::start().await;
    let all = a_thousand(&app).await;
    let seen: Vec<&Snapshot> = all.iter().filter(seen_by_globex).collect();
    assert!((700..900).contains(&seen.len()), "{}", seen.len());
    let everything: Vec<&Snapshot> = all.iter().collect();
    for (email, expected, limits) in [(GIL, &seen, [9, 199, 200]), (SAM, &everything, [50, 199, 200])] {
        for limit in limits {
            assert_eq!(listed(&app, &app.token(email), limit).await, ids(expected), "{email} {limit}");
        }
    }
    let first = app.list_snapshots(&app.token(GIL), "").await;
    assert_eq!(first.expect(200)["snapshots"].as_array().unwrap().len(), 200, "200 where no limit is given");
    // A page ends exactly with the list: no cursor that leads nowhere.
    let last = app.list_snapshots(&app.token(GIL), &format!("limit={}", seen.len().min(200))).await;
    assert!(last.body["nextCursor"].is_string());

    costs(&app).await;
    without_the_deleted(&app, &all).await;
}

/// Checks the cost of a page of 200, for every caller.
async fn costs(app: &TestApp) {
    for (email, most_round_trips, most_units) in [(GIL, 1, 40.0), (SAM, 1, 15.0)] {
        app.forget_calls();
        let answer = app.list_snapshots(&app.token(email), "limit=200").await;
        answer.expect(200);
        let recorded = app.recorded();
        let (round_trips, units) = (recorded.round_trips(), recorded.read_units());
        println!("{email}: {round_trips} round trips, {units} read units, {:?}", recorded.operations());
        assert!(round_trips <= most_round_trips, "{round_trips}");
        assert!(units <= most_units, "{units}");
        assert!(recorded.of("Scan").is_empty() && recorded.write_units() == 0.0);
        // No partition of an index takes all the lists of the SUPERADMINs.
        let mut partitions: Vec<_> = recorded
            .of("Query")
            .iter()
            .map(|call| call.request["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap().to_owned())
            .collect();
        partitions.sort();
        partitions.dedup();
        assert_eq!(partitions.len(), if email == SAM { 8 } else { 2 }, "{partitions:?}");
    }
}

/// Deletes every third snapshot; what made them visible stays behind, and pages are full all the same.
async fn without_the_deleted(app: &TestApp, all: &[Snapshot]) {
    let sam = app.member(SAM).user.id;
    let mut left = Vec::new();
    for (number, snapshot) in all.iter().enumerate() {
        if number % 3 == 0 {
            let deleted = SnapshotEditor::new(app.table()).delete(snapshot, sam, BEGINNING).await.unwrap();
            assert!(matches!(deleted, EditOutcome::Done(_)));
        } else {
            left.push(snapshot);
        }
    }
    let seen: Vec<&Snapshot> = left.iter().copied().filter(seen_by_globex).collect();
    for limit in [50, 200] {
        assert_eq!(listed(app, &app.token(GIL), limit).await, ids(&seen), "{limit}");
        assert_eq!(listed(app, &app.token(SAM), limit).await, ids(&left), "{limit}");
    }
}

#[tokio::test]
async fn a_list_that_ends_with_its_page_has_no_cursor() {
    let app = TestApp::start().await;
    let creator = app.member(PAT).user.id;
    for number in 0..5 {
        store(&app, &new_snapshot(scattered(number), ACME, creator, BEGINNING), &[ACME], number % 2 == 0).await;
    }
    for email in [PAT, SAM] {
        for (limit, more) in [(4, true), (5, false), (6, false)] {
            let answer = app.list_snapshots(&app.token(email), &format!("limit={limit}")).await;
            assert_eq!(answer.expect(200).get("nextCursor").is_some(), more, "{email} {limit}");
        }
    }
}

#[tokio::test]
async fn a_row_that_only_points_to_a_snapshot_is_judged_by_the_snapshot_itself() {
    let app = TestApp::start().await;
    let creator = app.member(PAT).user.id;
    let snapshot = new_snapshot(scattered(1), ACME, creator, BEGINNING);
    store(&app, &snapshot, &[ACME], false).await;
    // As if the index were behind: an item that makes the snapshot visible to Globex, which the snapshot does not name.
    let text = |text: String| AttributeValue::S(text);
    app.put_item([
        ("PK", text(format!("SNAPSHOT#{}", snapshot.id))),
        ("SK", text(format!("ORG#{GLOBEX}"))),
        ("type", text("visibility".into())),
        ("LISTPK", text(format!("ORG#{GLOBEX}"))),
        ("LISTSK", text(format!("{BEGINNING}#{}", snapshot.id))),
    ])
    .await;
    assert_eq!(app.list_snapshots(&app.token(GIL), "").await.expect(200)["snapshots"], json!([]));
}

/// What made a snapshot visible to all that is gone by now.
fn leftover(number: u64) -> WriteRequest {
    let text = |text: String| AttributeValue::S(text);
    let id = scattered(number);
    let put = PutRequest::builder()
        .item("PK", text(format!("SNAPSHOT#{id}")))
        .item("SK", text("GLOBAL".into()))
        .item("type", text("visibility".into()))
        .item("LISTPK", text("GLOBAL".into()))
        .item("LISTSK", text(format!("{BEGINNING}#{id}")));
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}

#[tokio::test]
async fn a_list_behind_thousands_of_leftovers_answers_short_pages_and_loses_nothing() {
    let app = TestApp::start().await;
    // Older than all of them, so that every list comes to it last.
    let oldest = new_snapshot(scattered(0), ACME, app.member(PAT).user.id, Timestamp::from_millis(0));
    store(&app, &oldest, &[ACME], true).await;
    let leftovers: Vec<_> = (1..=3_000).map(leftover).collect();
    for batch in leftovers.chunks(25) {
        let write = app.database().client().batch_write_item().request_items("snapshots", batch.to_vec());
        assert!(write.send().await.unwrap().unprocessed_items.unwrap_or_default().is_empty());
    }
    let gil = app.token(GIL);
    // Two rows, then 19 times a hundred; the cursor goes on from there.
    let first = app.list_snapshots(&gil, "limit=1").await;
    assert_eq!(first.expect(200)["snapshots"], json!([]));
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let second = app.list_snapshots(&gil, &format!("limit=1&cursor={cursor}")).await;
    assert_eq!(second.expect(200)["snapshots"][0]["_id"], oldest.id.to_string());
    assert!(second.body.get("nextCursor").is_none());
    // A page of the usual size reads past all of them.
    assert_eq!(app.list_snapshots(&gil, "").await.expect(200)["snapshots"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_made_between_two_pages_neither_doubles_nor_hides_anything() {
    let app = TestApp::start().await;
    let creator = app.member(PAT).user.id;
    let at = |number: i64| Timestamp::from_millis(BEGINNING.as_millis() + number);
    for number in 0..6 {
        store(
            &app,
            &new_snapshot(scattered(number), ACME, creator, at(i64::try_from(number).unwrap())),
            &[ACME],
            false,
        )
        .await;
    }
    let first = app.list_snapshots(&app.token(PAT), "limit=3").await;
    store(&app, &new_snapshot(scattered(7), ACME, creator, at(7)), &[ACME], false).await;
    let cursor = first.expect(200)["nextCursor"].as_str().unwrap();
    let second = app.list_snapshots(&app.token(PAT), &format!("cursor={cursor}")).await;
    let names = |answer: &tests::Answer| -> Vec<Value> {
        answer.body["snapshots"].as_array().unwrap().iter().map(|row| row["_id"].clone()).collect()
    };
    let expected: Vec<_> = (0..6).rev().map(|number| json!(scattered(number).to_string())).collect();
    assert_eq!([names(&first), names(&second)].concat(), expected);
}
