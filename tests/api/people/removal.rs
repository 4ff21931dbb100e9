//! A user who is removed: afterwards the table is as if the user had never been, history and tombstone aside, whatever comes between.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::{Document, ItemKind, ObjectId, SetupItem};
use shared::store::{SetupChange, SetupWriteOutcome, TableCheck};
use tests::{
    ALEX, Answer, CASEY, Fault, GIL, GLOBEX, Item, LEASE, Loss, NEW_PASSWORD, PASSWORD, PAT, SAM, SETTLING, TableItems,
    TestApp, Throttling, apply_body, apply_id, create_body, mapped_body, rounds, setup_of, snapshot, snapshot_of,
    table_items, unpacked,
};

/// What a removal costs: items, write units, dependent round trips. ADR 28 repeats it.
const COSTS: [(usize, f64, usize); 2] = [(25, 42.0, 8), (1_000, 1_025.0, 47)];

/// A service with a user whom an apply made.
pub(crate) struct LeavingUser {
    pub(crate) app: TestApp,
    snapshot: String,
    apply: String,
    pub(crate) user: String,
    /// What was in the table before the apply.
    pub(crate) before: TableItems,
}

impl LeavingUser {
    pub(crate) async fn start() -> Self {
        let app = TestApp::start().await;
        let id = snapshot(&app).await;
        Self::of(app, id, &apply_body()).await
    }

    async fn of(app: TestApp, snapshot: String, body: &Value) -> Self {
        let before = table_items(&app).await;
        let answer = app.apply_once(&app.token(SAM), "k", &snapshot, body).await;
        let user = answer.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
        Self { apply: apply_id(&answer), snapshot, user, before, app }
    }

    pub(crate) async fn remove(&self) -> Answer {
        self.app.remove_user(&self.app.token(SAM), &self.user).await
    }

    pub(crate) async fn apply_again(&self, key: &str) -> Answer {
        self.app.apply_once(&self.app.token(SAM), key, &self.snapshot, &apply_body()).await
    }

    pub(crate) async fn undo(&self, body: Option<&Value>) -> Answer {
        self.app.undo(&self.app.token(SAM), &self.snapshot, &self.apply, body).await
    }

    fn partition(&self) -> String {
        format!("ORG#{GLOBEX}#USER#{}", self.user)
    }

    async fn tombstone(&self) -> Item {
        self.app.item(&self.partition(), "#META").await.unwrap()
    }

    /// The table without the tombstone.
    async fn rest(&self) -> TableItems {
        without_tombstones(&self.app).await
    }

    pub(crate) async fn edit(&self) -> SetupWriteOutcome {
        let (organization, user) = (GLOBEX.parse().unwrap(), self.user.parse().unwrap());
        let document: Document = serde_json::from_value(json!({"name": "Late"})).unwrap();
        let item = SetupItem { id: ObjectId::from_bytes([7; 12]), document };
        let changes = [SetupChange::Put(ItemKind::Prompt, item)];
        tests::change_setup(self.app.table(), &organization, &user, &changes, tests::BEGINNING).await.unwrap()
    }

    /// That only the tombstone is left, with ids and times alone, and that nothing is to be swept once the second look is over.
    pub(crate) async fn expect_nothing_left(&self) {
        assert_eq!(self.rest().await, self.before);
        self.app.clock().advance(SETTLING);
        self.app.sweep().await;
        assert_eq!(self.rest().await, self.before);
        let mut kept: Vec<_> = self.tombstone().await.into_keys().collect();
        kept.sort_unstable();
        assert_eq!(kept, ["PK", "SK", "deletedAt", "deletedBy", "setupVersion", "state", "type"]);
        assert_eq!(self.app.sweep().await["removed"], 0);
        for item in self.app.items().await {
            let mut text = format!("{item:?}");
            if let Some(answer) = item.get("answer") {
                text.push_str(&String::from_utf8(unpacked(answer).unwrap()).unwrap());
            }
            // Counts of failed sign-ins expire by themselves, and so do refused applies, of others for the address.
            let [pk, sk] = ["PK", "SK"].map(|key| item[key].as_s().unwrap());
            let expires = sk.starts_with("FAILURES") || pk.ends_with("#REFUSALS");
            assert!(expires || !text.to_lowercase().contains("casey"), "{text}");
        }
        let report = TableCheck::new(self.app.table()).without_lag().run(&mut |_| {}).await.unwrap();
        assert!(report.defects.is_empty(), "{:?}", report.defects);
    }
}

async fn without_tombstones(app: &TestApp) -> TableItems {
    let items = table_items(app).await.into_iter();
    items.filter(|(_, item)| item["type"].as_s().unwrap() != "removedUser").collect()
}

#[tokio::test]
async fn a_removal_leaves_the_table_as_if_the_user_had_never_been_at_a_cost_that_is_known() {
    let mut costs = Vec::new();
    for (items, ..) in COSTS {
        let app = TestApp::start().await;
        let id = snapshot_of(&app, items).await;
        let body = mapped_body(CASEY, setup_of(items).items.automations.len());
        let applied = LeavingUser::of(app, id, &body).await;
        applied.app.sign_in(CASEY, NEW_PASSWORD).await;
        assert!(matches!(applied.edit().await, SetupWriteOutcome::Version(2)));
        applied.app.forget_calls();
        let removed = applied.remove().await;
        let recorded = applied.app.recorded();
        assert_eq!(*removed.expect(200), json!({"message": "User removed"}));
        println!("{items} items: {} write units, {} round trips", recorded.write_units(), recorded.round_trips());
        costs.push((items, recorded.write_units(), recorded.round_trips()));
        applied.expect_nothing_left().await;
    }
    assert_eq!(costs, COSTS);
}

#[tokio::test]
async fn a_removed_user_is_gone_for_everybody_and_the_address_is_free_at_once() {
    let applied = LeavingUser::start().await;
    let (app, sam, user) = (&applied.app, applied.app.token(SAM), &applied.user);
    let caseys = app.sign_in(CASEY, NEW_PASSWORD).await;
    let invited = app.invite(&sam, user).await;
    let invitation = invited.expect(201)["invitation"]["token"].as_str().unwrap().to_owned();
    applied.remove().await.expect(200);
    app.login(CASEY, NEW_PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.verify_token(&caseys).await.expect_problem(401, "unauthenticated");
    app.accept_invitation(&invitation, NEW_PASSWORD).await.expect_problem(401, "invalid_invitation");
    assert!(!app.list_users(&sam, GLOBEX, "").await.text.contains(CASEY));
    app.user(&sam, user).await.expect_problem(404, "user_not_found");
    app.invite(&sam, user).await.expect_problem(404, "user_not_found");
    app.change_user_by(&sam, user, &json!({"fullName": "x"})).await.expect_problem(404, "user_not_found");
    let capture = |user: &str| json!({"name": "x", "sourceOrgId": GLOBEX, "sourceUserId": user});
    let nobody = app.create_snapshot(&sam, &capture("64ee9a8b1e7f2a00112233ff")).await;
    let refused = app.create_snapshot(&sam, &capture(user)).await;
    assert_eq!((refused.status, &refused.body["detail"]), (422, &nobody.body["detail"]));
    assert_eq!(applied.edit().await, SetupWriteOutcome::NoSuchUser);
    // Removed is as unknown, as a deleted snapshot is.
    applied.remove().await.expect_problem(404, "user_not_found");
    // The history has ids and times.
    let shown = app.apply_detail(&sam, &applied.snapshot, &applied.apply, "").await;
    let apply = &shown.expect(200)["apply"];
    assert_eq!((&apply["state"], &apply["userRemovedAt"]), (&json!("applied"), &json!("2026-05-15T09:00:00.000Z")));
    assert_eq!(apply["userRemovedBy"], app.member(SAM).user.id.to_string());
    assert_eq!((shown.body.get("result"), &shown.body["clones"]), (None, &json!([])));
    assert!(!shown.text.contains("casey"), "{}", shown.text);
    // Its key is spent, and it is not undone; the address is free.
    applied.apply_again("k").await.expect_problem(409, "user_removed");
    for body in [None, Some(json!({"force": true}))] {
        applied.undo(body.as_ref()).await.expect_problem(409, "user_removed");
    }
    applied.apply_again("k2").await.expect(201);
    let after = table_items(app).await.len();
    app.clock().advance(SETTLING);
    assert_eq!(app.sweep().await["removed"], 1);
    assert_eq!(table_items(app).await.len(), after, "the second look does not touch the next owner");
    app.sign_in(CASEY, NEW_PASSWORD).await;
}

#[tokio::test]
async fn a_loaded_user_whose_setup_was_captured_goes_and_the_snapshot_stays() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    let created = app.create_snapshot(&pat, &create_body()).await;
    let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    app.login(ALEX, PASSWORD).await.expect(200);
    app.remove_user(&pat, &alex).await.expect(200);
    app.login(ALEX, PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.snapshot(&pat, &id).await.expect(200);
    app.snapshot_items(&pat, &id, "").await.expect(200);
    // A refresh finds no source, as for a user whom another system deleted.
    let refreshed = tests::refresh(&app, PAT, &id).await;
    assert_eq!(refreshed.expect(200)["snapshot"]["refreshStatus"], "source_missing");
    // Within the organization its automations are gone, too.
    app.apply(&pat, &id, &apply_body()).await.expect(201);
    let left: Vec<_> = table_items(&app).await.into_keys().filter(|(pk, _)| pk.contains(&alex)).collect();
    assert_eq!(left.len(), 1, "the tombstone: {left:?}");
}

#[tokio::test]
async fn a_removal_that_breaks_off_shows_nothing_and_is_carried_on_by_a_retry_or_a_sweep() {
    for by_sweep in [false, true] {
        for (operation, last) in [("DeleteItem", false), ("TransactWriteItems", true)] {
            let applied = LeavingUser::start().await;
            let app = &applied.app;
            let broken = app.faults().drop_request().of(operation);
            // The last transaction is the one that deletes the claim.
            let broken = broken.when(move |request| !last || request.to_string().contains("secondLookAt")).always();
            applied.remove().await.expect_problem(503, "unavailable");
            assert!(broken.count() > 0);
            app.faults().clear();
            app.login(CASEY, NEW_PASSWORD).await.expect_problem(401, "invalid_credentials");
            app.user(&app.token(SAM), &applied.user).await.expect_problem(404, "user_not_found");
            applied.apply_again("k2").await.expect_problem(409, "in_progress");
            // Nobody else learns that there is a removal.
            app.remove_user(&app.token(GIL), &applied.user).await.expect_problem(404, "user_not_found");
            assert_eq!(app.sweep().await["removed"], 0, "the client may be about to come again");
            if by_sweep {
                app.clock().advance(LEASE);
                assert_eq!(app.sweep().await["removed"], 1);
            } else {
                applied.remove().await.expect(200);
            }
            assert_eq!(applied.rest().await, applied.before);
            assert_eq!(app.sweep().await["removed"], 0, "what was written last may still land");
            applied.expect_nothing_left().await;
        }
    }
}

#[tokio::test]
async fn what_lands_late_is_found_by_the_second_look_and_what_another_system_made_again_is_left() {
    let applied = LeavingUser::start().await;
    applied.remove().await.expect(200);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: &str| AttributeValue::N(number.to_owned());
    for (sk, at) in [
        ("PROMPT#none", None),
        ("PROMPT#text", Some(text("3"))),
        ("PROMPT#at", Some(number("2"))),
        ("PROMPT#later", Some(number("3"))),
        ("PROMPT#never", Some(number("1e30"))),
    ] {
        let mut item = vec![("PK", text(&applied.partition())), ("SK", text(sk)), ("type", text("prompt"))];
        item.extend(at.map(|at| ("setupVersion", at)));
        applied.app.store(item.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()).await;
    }
    applied.app.clock().advance(SETTLING);
    let swept = applied.app.sweep().await;
    assert_eq!((&swept["removed"], &swept["items"]), (&json!(1), &json!(3)));
    let left: Vec<_> =
        table_items(&applied.app).await.into_keys().filter(|(pk, _)| *pk == applied.partition()).collect();
    assert_eq!(left.iter().map(|(_, sk)| sk.as_str()).collect::<Vec<_>>(), ["#META", "PROMPT#later", "PROMPT#never"]);
}

#[tokio::test]
async fn the_version_that_the_caller_saw_is_demanded() {
    let applied = LeavingUser::start().await;
    let (app, sam) = (&applied.app, applied.app.token(SAM));
    let tag = app.user(&sam, &applied.user).await.header("etag").unwrap().to_owned();
    let remove = async |tag: &str| {
        let request = app.request(http::Method::DELETE, &format!("/api/users/{}", applied.user)).bearer_auth(&sam);
        app.send(request.header("if-match", tag)).await
    };
    app.change_user_by(&sam, &applied.user, &json!({"designation": "Head"})).await.expect(200);
    remove(&tag).await.expect_problem(412, "precondition_failed");
    let tag = app.user(&sam, &applied.user).await.header("etag").unwrap().to_owned();
    remove(&tag).await.expect(200);
    applied.expect_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_three_calls_in_ten_failing_removals_that_are_repeated_leave_nothing() {
    let removals = rounds(6, 30);
    let app = TestApp::start().await;
    let id = snapshot_of(&app, 60).await;
    let before = table_items(&app).await;
    let token = app.token(SAM);
    let mut users = Vec::new();
    for number in 0..removals {
        let body = mapped_body(&format!("new{number}@globex.example"), 20);
        let applied = app.apply(&token, &id, &body).await;
        users.push(applied.expect(201)["result"]["userId"].as_str().unwrap().to_owned());
    }
    // A third of what fails was carried out, and only its answer is lost.
    let failures = [
        (0.1, Fault::DropRequest(Loss::Io)),
        (0.1, Fault::DropAnswer(Loss::Io)),
        (0.1, Fault::Throttle(Throttling::OnDemand)),
    ];
    let failed = app.faults().any_of(7, failures).always();
    let tries = users.iter().map(async |user| {
        for tries in 1..20 {
            let answer = app.remove_user(&token, user).await;
            // After a lost answer the user may be gone.
            if answer.status == 200 || answer.status == 404 {
                return tries;
            }
            answer.expect_problem(503, "unavailable");
        }
        panic!("{user} is not removed");
    });
    let mut counts = BTreeMap::new();
    for tries in join_all(tries).await {
        *counts.entry(tries).or_insert(0) += 1;
    }
    let failed = failed.count();
    app.faults().clear();
    println!("{failed} calls failed; {removals} removals by tries: {counts:?}");
    assert_eq!(without_tombstones(&app).await, before);
    app.clock().advance(SETTLING);
    app.sweep().await;
    assert_eq!(without_tombstones(&app).await, before);
    assert!(app.items().await.iter().all(|item| !item.contains_key("secondLookAt")));
}
