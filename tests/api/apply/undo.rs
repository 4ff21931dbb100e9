//! An apply that is taken back: afterwards the table is as it was before, whatever comes between.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::{Document, ItemKind, ObjectId, SetupItem};
use shared::store::{SetupChange, SetupWriteOutcome};
use tests::{
    ALEX, Answer, CASEY, Fault, GIL, GLOBEX, Item, Loss, NEW_PASSWORD, PAT, SAM, SETTLING, TableItems, TestApp,
    Throttling, apply_body, apply_id, create_body, mapped_body, rounds, setup_of, snapshot, snapshot_of, table_items,
    unpacked,
};

/// What an undo costs: items, write units, dependent round trips. ADR 8 repeats it.
const COSTS: [(usize, f64, usize); 5] =
    [(25, 38.0, 7), (96, 109.0, 9), (97, 110.0, 9), (250, 265.0, 16), (1_000, 1_021.0, 46)];
/// A service with a snapshot that was applied.
pub(crate) struct AppliedUser {
    pub(crate) app: TestApp,
    pub(crate) id: String,
    pub(crate) apply: String,
    pub(crate) user: ObjectId,
    /// What stood in the table before the apply.
    pub(crate) before: TableItems,
}

impl AppliedUser {
    /// The customer's apply, by Sam in Globex.
    pub(crate) async fn start() -> Self {
        let app = TestApp::start().await;
        let id = snapshot(&app).await;
        Self::of(app, id, &apply_body()).await
    }

    pub(crate) async fn of(app: TestApp, id: String, body: &Value) -> Self {
        let before = table_items(&app).await;
        let answer = app.apply_once(&app.token(SAM), "k", &id, body).await;
        let user = answer.expect(201)["result"]["userId"].as_str().unwrap().parse().unwrap();
        Self { id, apply: apply_id(&answer), user, before, app }
    }

    pub(crate) async fn undo(&self) -> Answer {
        self.app.undo(&self.app.token(SAM), &self.id, &self.apply, None).await
    }

    pub(crate) async fn force(&self) -> Answer {
        self.app.undo(&self.app.token(SAM), &self.id, &self.apply, Some(&json!({"force": true}))).await
    }

    pub(crate) async fn record(&self) -> Item {
        self.app.item(&format!("ORG#{GLOBEX}#SNAPSHOT#{}", self.id), &format!("APPLY#{}", self.apply)).await.unwrap()
    }

    pub(crate) fn partition(&self) -> String {
        format!("ORG#{GLOBEX}#USER#{}", self.user)
    }

    async fn clones(&self) -> Vec<Value> {
        let shown = self.app.apply_detail(&self.app.token(SAM), &self.id, &self.apply, "").await;
        shown.expect(200)["clones"].as_array().unwrap().clone()
    }

    /// What the CRM does.
    pub(crate) async fn write(&self, changes: &[SetupChange]) {
        let organization = GLOBEX.parse().unwrap();
        let written = tests::change_setup(self.app.table(), &organization, &self.user, changes, tests::BEGINNING).await;
        assert!(matches!(written.unwrap(), SetupWriteOutcome::Version(_)));
    }

    /// That the table is as it was before, and that the record is at rest once the second look is over.
    pub(crate) async fn expect_nothing_left(&self) {
        assert_eq!(table_items(&self.app).await, self.before);
        self.app.clock().advance(SETTLING);
        self.app.sweep().await;
        assert_eq!(table_items(&self.app).await, self.before);
        let record = self.record().await;
        assert_eq!(record["state"].as_s().unwrap(), "UNDONE");
        for gone in ["ALLPK", "ALLSK", "email", "secondLookAt", "passwordHash", "leaseUntil"] {
            assert!(!record.contains_key(gone), "{gone}");
        }
        let idle = json!({"givenUp": 0, "cleared": 0, "undone": 0, "removed": 0, "emptied": 0, "listed": 0, "items": 0, "failed": 0, "isDone": true});
        assert_eq!(self.app.sweep().await, idle);
    }
}

fn item(id: ObjectId, name: &str) -> SetupItem {
    let document: Document = serde_json::from_value(json!({"name": name})).unwrap();
    SetupItem { id, document }
}

/// What the detail says of each code of a reason.
const WORDS: [(&str, &str); 11] = [
    ("signed_in", "signed in at"),
    ("invitation_accepted", "accepted an invitation at"),
    ("disabled", "was disabled"),
    ("role_changed", "another role"),
    ("email_changed", "another e-mail address"),
    ("edited", "was edited"),
    ("added", "was added"),
    ("removed", "removed"),
    ("user_removed", "removed"),
    ("switched", "the switches were changed"),
    ("profile_changed", "the profile was changed"),
];

/// What stands in the way of an undo, in words.
#[track_caller]
fn traces(answer: &Answer) -> Vec<&str> {
    let errors = answer.expect_problem(409, "setup_in_use")["errors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["pointer"] == ""));
    // For programs the same, each with what is known of it.
    let reasons = answer.body["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), errors.len());
    for (reason, error) in reasons.iter().zip(errors) {
        let detail = error["detail"].as_str().unwrap();
        for known in ["itemId", "itemName", "kind", "count", "at"].into_iter().filter_map(|name| reason.get(name)) {
            let text = known.as_str().map_or_else(|| known.to_string(), str::to_owned);
            // A name is quoted there.
            assert!(detail.contains(&text) || detail.contains(&known.to_string()), "{reason}: {detail}");
        }
        let (_, word) = WORDS.iter().find(|(code, _)| reason["code"] == *code).unwrap();
        assert!(detail.contains(word), "{reason}: {detail}");
    }
    errors.iter().map(|error| error["detail"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_undo_leaves_the_table_as_it_was_before_the_apply_at_a_cost_that_is_known() {
    // The first transaction and the last take twelve units together with the claim, the user's row in the list of users, and the apply's in
    // the list of applies, which is written twice; each item takes one, and the switches one for each kilobyte.
    let mut costs = Vec::new();
    for (items, ..) in COSTS {
        let app = TestApp::start().await;
        let id = snapshot_of(&app, items).await;
        let body = mapped_body(CASEY, setup_of(items).items.automations.len());
        let applied = AppliedUser::of(app, id, &body).await;
        assert!(table_items(&applied.app).await.len() >= applied.before.len() + items + 3);
        applied.app.forget_calls();
        let undone = applied.undo().await;
        let recorded = applied.app.recorded();
        assert_eq!(undone.expect(200)["message"], "Apply undone");
        println!("{items} items: {} write units, {} round trips", recorded.write_units(), recorded.round_trips());
        costs.push((items, recorded.write_units(), recorded.round_trips()));
        applied.expect_nothing_left().await;
    }
    assert_eq!(costs, COSTS);
}

#[tokio::test]
async fn an_undone_apply_is_gone_for_everybody_and_its_address_is_free_at_once() {
    let applied = AppliedUser::start().await;
    let (app, sam) = (&applied.app, applied.app.token(SAM));
    let undone = applied.undo().await;
    let apply = &undone.expect(200)["apply"];
    assert_eq!((&apply["state"], apply.get("userEmail")), (&json!("undone"), None));
    assert_eq!(apply["undoneBy"], app.member(SAM).user.id.to_string());
    assert_eq!(apply["undoneAt"], "2026-05-15T09:00:00.000Z");
    app.login(CASEY, NEW_PASSWORD).await.expect_problem(401, "invalid_credentials");
    assert!(!app.list_users(&sam, GLOBEX, "").await.text.contains(CASEY));
    assert!(applied.clones().await.is_empty());
    let capture = json!({"name": "x", "sourceOrgId": GLOBEX, "sourceUserId": applied.user.to_string()});
    app.create_snapshot(&sam, &capture).await.expect(422);
    // Its key is spent, its address is not, and the second look does not touch the next owner.
    app.apply_once(&sam, "k", &applied.id, &apply_body()).await.expect_problem(409, "apply_undone");
    app.apply_once(&sam, "k2", &applied.id, &apply_body()).await.expect(201);
    let after = table_items(app).await;
    app.clock().advance(SETTLING);
    assert_eq!(app.sweep().await["undone"], 1);
    assert_eq!(table_items(app).await, after);
    app.sign_in(CASEY, NEW_PASSWORD).await;
}

#[tokio::test]
async fn a_repeated_undo_gets_the_same_answer_byte_for_byte_for_every_caller() {
    let applied = AppliedUser::start().await;
    let first = applied.undo().await;
    first.expect(200);
    for token in [SAM, GIL].map(|email| applied.app.token(email)) {
        for body in [None, Some(json!({})), Some(json!({"force": false})), Some(json!({"force": null}))] {
            let again = applied.app.undo(&token, &applied.id, &applied.apply, body.as_ref()).await;
            assert_eq!((again.status, &again.text), (200, &first.text));
        }
    }
    applied.expect_nothing_left().await;
    assert_eq!(applied.undo().await.text, first.text);
    assert_eq!(applied.force().await.text, first.text);
}

#[tokio::test]
async fn an_undo_of_a_user_in_use_is_refused_with_everything_that_tells_so() {
    let applied = AppliedUser::start().await;
    let app = &applied.app;
    let clones = applied.clones().await;
    let clone = |kind: &str, number: usize| -> ObjectId {
        let mut of_kind = clones.iter().filter(|clone| clone["kind"] == kind);
        of_kind.nth(number).unwrap()["cloneId"].as_str().unwrap().parse().unwrap()
    };
    app.clock().advance(std::time::Duration::from_secs(60));
    app.sign_in(CASEY, NEW_PASSWORD).await;
    let before = table_items(app).await;
    assert_eq!(traces(&applied.undo().await), ["the user signed in at 2026-05-15T09:01:00.000Z"]);
    assert_eq!(table_items(app).await, before);
    let (edited, added) = (clone("prompt", 0), ObjectId::from_bytes([7; 12]));
    applied
        .write(&[
            SetupChange::Put(ItemKind::Prompt, item(edited, "Mine")),
            SetupChange::Put(ItemKind::Template, item(added, "New \"one\"")),
            SetupChange::Switch(clone("automation", 0), false),
            SetupChange::Remove(ItemKind::Automation, clone("automation", 1)),
            SetupChange::Remove(ItemKind::Template, clone("template", 0)),
            SetupChange::Remove(ItemKind::Template, clone("template", 1)),
        ])
        .await;
    let before = table_items(app).await;
    let refused = applied.undo().await;
    assert_eq!(
        traces(&refused),
        [
            "the user signed in at 2026-05-15T09:01:00.000Z".to_owned(),
            "the switches were changed".to_owned(),
            "1 automation was removed".to_owned(),
            "2 templates were removed".to_owned(),
            format!("the prompt \"Mine\" ({edited}) was edited"),
            format!("the template \"New \\\"one\\\"\" ({added}) was added"),
        ]
    );
    assert_eq!(
        refused.body["detail"],
        "What the apply brought has been used since: the user signed in at 2026-05-15T09:01:00.000Z (and 5 more); a SUPERADMIN \
         of your organization undoes the apply nevertheless with \"force\": true; an ADMIN removes the user with DELETE \
         /api/users/{userId}"
    );
    assert_eq!(table_items(app).await, before, "nothing is half undone");
    applied.force().await.expect(200);
    applied.expect_nothing_left().await;
}

#[tokio::test]
async fn a_changed_profile_or_a_removed_user_stands_in_the_way_too() {
    let applied = AppliedUser::start().await;
    applied.write(&[]).await;
    assert_eq!(traces(&applied.undo().await), ["the profile was changed, or something that is as before by now"]);
    // The CRM removes the user with its claim, and leaves the setup.
    for (pk, sk) in [(applied.partition(), "#META"), (format!("EMAIL#{CASEY}"), "#META")] {
        delete(&applied.app, &pk, sk).await;
    }
    assert_eq!(traces(&applied.undo().await), ["the user was removed"]);
    // Somebody else has the address by now, and keeps it.
    let gil = applied.app.token(GIL);
    let sam = applied.app.token(SAM);
    let heir = applied.app.apply(&sam, &applied.id, &apply_body()).await;
    heir.expect(201);
    applied.force().await.expect(200);
    assert!(table_items(&applied.app).await.keys().all(|(pk, _)| *pk != applied.partition()));
    applied.app.sign_in(CASEY, NEW_PASSWORD).await;
    assert_eq!(applied.app.list_applies(&gil, &applied.id, "").await.body["applies"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn more_than_200_traces_are_counted() {
    let app = TestApp::start().await;
    let id = snapshot_of(&app, 3).await;
    let applied = AppliedUser::of(app, id, &mapped_body(CASEY, 1)).await;
    for (total, listed) in [(99, 99), (198, 198), (200, 200), (201, 200)] {
        let already = table_items(&applied.app).await.keys().filter(|(pk, _)| *pk == applied.partition()).count() - 5;
        let put = |number| SetupChange::Put(ItemKind::Prompt, item(tests::numbered_id(9, number), "x"));
        applied.write(&(already..total).map(put).collect::<Vec<_>>()).await;
        let refused = applied.undo().await;
        assert_eq!(traces(&refused).len(), listed);
        assert!(refused.body["detail"].as_str().unwrap().contains(&format!("(and {} more)", total - 1)));
    }
}

async fn delete(app: &TestApp, pk: &str, sk: &str) {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let delete = app.database().client().delete_item().table_name("snapshots").key("PK", key(pk)).key("SK", key(sk));
    delete.send().await.unwrap();
}

#[tokio::test]
async fn a_forced_undo_frees_the_address_that_the_user_has_by_now() {
    let applied = AppliedUser::start().await;
    let (app, text) = (&applied.app, |text: &str| AttributeValue::S(text.to_owned()));
    // A change of address: profile, version and claim in one go.
    let mut profile = app.item(&applied.partition(), "#META").await.unwrap();
    profile.insert("email".to_owned(), text("moved@acme.example"));
    profile.insert("setupVersion".to_owned(), AttributeValue::N("2".to_owned()));
    let mut claim = app.item(&format!("EMAIL#{CASEY}"), "#META").await.unwrap();
    claim.insert("PK".to_owned(), text("EMAIL#moved@acme.example"));
    for item in [profile, claim] {
        app.database().client().put_item().table_name("snapshots").set_item(Some(item)).send().await.unwrap();
    }
    delete(app, &format!("EMAIL#{CASEY}"), "#META").await;
    assert_eq!(traces(&applied.undo().await).len(), 1);
    applied.force().await.expect(200);
    applied.expect_nothing_left().await;
}

#[tokio::test]
async fn an_undo_that_breaks_off_shows_nothing_and_is_carried_on_by_a_retry_or_a_sweep() {
    for by_sweep in [false, true] {
        for (operation, last) in [("BatchWriteItem", false), ("TransactWriteItems", true)] {
            let applied = AppliedUser::start().await;
            let app = &applied.app;
            let broken = app.faults().drop_request().of(operation);
            // The last transaction is the one that deletes the claim.
            let broken = broken.when(move |request| !last || request.to_string().contains("EMAIL#")).always();
            let interrupted = applied.undo().await;
            interrupted.expect_problem(503, "unavailable");
            assert_eq!(interrupted.header("retry-after"), Some("1"));
            assert!(broken.count() > 0);
            app.faults().clear();
            app.login(CASEY, NEW_PASSWORD).await.expect_problem(401, "invalid_credentials");
            assert!(!app.list_users(&app.token(SAM), GLOBEX, "").await.text.contains(CASEY));
            if by_sweep {
                assert_eq!(app.sweep().await["undone"], 0, "its client may still carry it on");
                app.clock().advance(tests::LEASE);
                assert_eq!(app.sweep().await["undone"], 1);
            } else {
                applied.undo().await.expect(200);
            }
            assert_eq!(table_items(app).await, applied.before);
            assert_eq!(app.sweep().await["undone"], 0, "what was written last may still land");
            applied.expect_nothing_left().await;
            assert_eq!(applied.undo().await.expect(200)["apply"]["state"], "undone");
            let answer = String::from_utf8(unpacked(&applied.record().await["answer"]).unwrap()).unwrap();
            assert!(answer.contains("cloned") && !answer.contains(CASEY), "the address is gone from {answer}");
        }
    }
}

#[tokio::test]
async fn what_lands_after_the_undo_is_found_by_the_second_look() {
    let applied = AppliedUser::start().await;
    applied.undo().await.expect(200);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let late = [("PK", text(&applied.partition())), ("SK", text("PROMPT#late")), ("type", text("prompt"))];
    applied.app.put_item(late).await;
    assert_eq!(applied.app.sweep().await["items"], 0);
    applied.app.clock().advance(SETTLING);
    let swept = applied.app.sweep().await;
    assert_eq!((&swept["undone"], &swept["items"]), (&json!(1), &json!(1)));
    applied.expect_nothing_left().await;
}

#[tokio::test]
async fn an_admin_undoes_what_it_may_see_but_not_by_force_and_nobody_undoes_itself() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let (sam, gil) = (app.token(SAM), app.token(GIL));
    let body = |email: &str, role: &str| {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(email);
        body["newUser"]["accessRole"] = json!(role);
        body
    };
    let mut applies = Vec::new();
    for role in ["SALES_REP", "ADMIN", "SUPERADMIN"] {
        applies.push(apply_id(&app.apply(&sam, &id, &body(&format!("{role}@globex.example"), role)).await));
    }
    let writes = async || {
        let units = app.recorded().write_units();
        app.forget_calls();
        units
    };
    app.forget_calls();
    let forced = app.undo(&gil, &id, &applies[0], Some(&json!({"force": true}))).await;
    forced.expect_problem(403, "forbidden");
    assert!(app.recorded().calls.is_empty());
    app.undo(&gil, &id, &applies[2], None).await.expect_problem(404, "apply_not_found");
    assert_eq!(writes().await, 0.0);
    let itself = app.sign_in("ADMIN@globex.example", NEW_PASSWORD).await;
    let highest = app.sign_in("SUPERADMIN@globex.example", NEW_PASSWORD).await;
    app.forget_calls();
    let force = json!({"force": true});
    for (token, apply, body) in
        [(&itself, &applies[1], None), (&highest, &applies[2], None), (&highest, &applies[2], Some(&force))]
    {
        let refused = app.undo(token, &id, apply, body).await;
        assert_eq!(
            refused.expect_problem(403, "forbidden")["detail"],
            "this apply made your own user; another ADMIN or a SUPERADMIN of your organization has to undo it"
        );
        app.apply_detail(token, &id, apply, "").await.expect(200);
    }
    assert_eq!(writes().await, 0.0);
    app.undo(&itself, &id, &applies[0], None).await.expect(200);
    app.undo(&gil, &id, &applies[1], None).await.expect_problem(409, "setup_in_use");
    app.undo(&sam, &id, &applies[1], Some(&force)).await.expect(200);
    app.apply_detail(&itself, &id, &applies[1], "").await.expect_problem(401, "unauthenticated");
    app.undo(&sam, &id, &applies[2], Some(&force)).await.expect(200);
    // Another organization's people name nothing of it.
    app.undo(&app.token(PAT), &id, &applies[0], None).await.expect_problem(404, "apply_not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_three_calls_in_ten_failing_undos_that_are_repeated_leave_nothing_and_are_never_half() {
    let undos = rounds(15, 40);
    let app = TestApp::start().await;
    let id = snapshot_of(&app, 120).await;
    let before = table_items(&app).await;
    let token = app.token(SAM);
    let mut applies = Vec::new();
    for number in 0..undos {
        let body = mapped_body(&format!("new{number}@globex.example"), 40);
        applies.push(apply_id(&app.apply(&token, &id, &body).await));
    }
    // A third of what fails was carried out, and only its answer is lost.
    let failures = [
        (0.1, Fault::DropRequest(Loss::Io)),
        (0.1, Fault::DropAnswer(Loss::Io)),
        (0.1, Fault::Throttle(Throttling::OnDemand)),
    ];
    let failed = app.faults().any_of(7, failures).always();
    let tries = applies.iter().map(async |apply| {
        for tries in 1..10 {
            let answer = app.undo(&token, &id, apply, None).await;
            if answer.status == 200 {
                return tries;
            }
            answer.expect_problem(503, "unavailable");
        }
        panic!("{apply} is not undone");
    });
    let mut counts = BTreeMap::new();
    for tries in join_all(tries).await {
        *counts.entry(tries).or_insert(0) += 1;
    }
    let failed = failed.count();
    app.faults().clear();
    println!("{failed} calls failed; {undos} undos by tries: {counts:?}");
    assert_eq!(table_items(&app).await, before);
    app.clock().advance(SETTLING);
    assert_eq!(app.sweep().await["undone"], undos);
    assert_eq!(table_items(&app).await, before);
    assert!(app.items().await.iter().all(|item| !item.contains_key("secondLookAt")));
}

#[tokio::test]
async fn an_undo_within_the_source_organization_takes_nothing_of_the_source() {
    let app = TestApp::start().await;
    let created = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let before = table_items(&app).await;
    let pat = app.token(PAT);
    let apply = apply_id(&app.apply(&pat, &id, &apply_body()).await);
    app.undo(&pat, &id, &apply, None).await.expect(200);
    assert_eq!(table_items(&app).await, before);
    app.sign_in(ALEX, tests::PASSWORD).await;
}
