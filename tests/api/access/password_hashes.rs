//! The password hash stands in the claim on the address, and whatever an earlier version stored elsewhere moves there.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::json;
use shared::store::{HashMigration, MigrationReport};
use tests::{
    ACME, ALEX, GIL, GLOBEX, LEASE, PASSWORD, PAT, SAM, TestApp, apply_body, mapped_body, setup_of, snapshot,
    snapshot_of,
};

const CASEY: &str = "casey@acme.example";
const IN_CLAIM: (bool, bool) = (true, false);
const IN_PROFILE: (bool, bool) = (false, true);

#[tokio::test]
async fn a_hash_in_a_profile_moves_at_the_first_good_sign_in_and_the_setup_stays_as_it_is() {
    let app = TestApp::start().await;
    app.login(PAT, PASSWORD).await.expect(200);
    app.forget_calls();
    app.login(PAT, PASSWORD).await.expect(200);
    let usual = app.recorded().write_units();

    app.store_hash_in_profile(PAT).await;
    let mut profile = app.profile_of(PAT).await;
    app.login(PAT, "Wrong-Pass-2026!").await.expect_problem(401, "invalid_credentials");
    assert_eq!(app.hash_places(PAT).await, IN_PROFILE);
    for moving in [4.0, 0.0] {
        app.forget_calls();
        app.login(PAT, PASSWORD).await.expect(200);
        assert_eq!(app.recorded().write_units(), usual + moving);
        assert_eq!(app.hash_places(PAT).await, IN_CLAIM);
    }
    profile.remove("passwordHash");
    assert_eq!(app.profile_of(PAT).await, profile);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sign_ins_at_once_move_a_hash_once_and_all_go_well() {
    let app = Arc::new(TestApp::start().await);
    app.store_hash_in_profile(PAT).await;
    let statuses = join_all((0..8).map(|_| {
        let app = app.clone();
        async move { tokio::spawn(async move { app.login(PAT, PASSWORD).await.status }).await.unwrap() }
    }));
    assert_eq!(statuses.await, [200; 8]);
    assert_eq!(app.hash_places(PAT).await, IN_CLAIM);
}

#[tokio::test]
async fn a_hash_that_cannot_be_moved_now_keeps_nobody_out() {
    let app = TestApp::start().await;
    app.store_hash_in_profile(PAT).await;
    app.faults().drop_request().of("TransactWriteItems").always();
    app.login(PAT, PASSWORD).await.expect(200);
    app.faults().clear();
    assert_eq!(app.hash_places(PAT).await, IN_PROFILE);
    app.login(PAT, PASSWORD).await.expect(200);
    assert_eq!(app.hash_places(PAT).await, IN_CLAIM);
}

#[tokio::test]
async fn the_hash_of_a_reservation_signs_nobody_in() {
    let app = TestApp::start().await;
    let mut claim = app.claim(PAT).await;
    claim.remove("userId");
    claim.insert("reservedBy".to_owned(), AttributeValue::S("64ee9a8b1e7f2a00112233ff".to_owned()));
    app.store(claim).await;
    app.login(PAT, PASSWORD).await.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn where_a_claim_has_a_hash_the_one_in_the_profile_does_not_count() {
    let app = TestApp::start().await;
    let mut profile = app.profile_of(PAT).await;
    profile.insert("passwordHash".to_owned(), app.claim(PAT).await["passwordHash"].clone());
    app.store(profile).await;
    app.apply(&app.token(SAM), &snapshot(&app).await, &apply_body()).await.expect(201);
    app.copy_hash(CASEY, PAT).await;
    app.login(PAT, PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.login(PAT, "TempPass!2026").await.expect(200);
}

#[tokio::test]
async fn a_replay_compares_the_password_in_both_forms_and_only_while_the_claim_is_the_users() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let first = app.apply_once(&sam, "k", &id, &apply_body()).await;
    first.expect(201);
    let mut other = apply_body();
    other["newUser"]["password"] = json!("Any-Other-Pass-2026!");
    for form in ["claim", "profile"] {
        assert_eq!(app.apply_once(&sam, "k", &id, &apply_body()).await.text, first.text, "{form}");
        app.apply_once(&sam, "k", &id, &other).await.expect_problem(422, "idempotency_key_reused");
        if form == "claim" {
            app.store_hash_in_profile(CASEY).await;
        }
    }
    app.give_claim_to(CASEY, "64ee9a8b1e7f2a00112233ff").await;
    assert_eq!(app.apply_once(&sam, "k", &id, &other).await.text, first.text);
}

#[tokio::test]
async fn an_apply_that_an_earlier_version_admitted_is_carried_on_with_its_password() {
    let app = TestApp::start().await;
    let id = snapshot_of(&app, 300).await;
    let body = mapped_body(CASEY, setup_of(300).items.automations.len());
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply_once(&app.token(SAM), "k", &id, &body).await.expect(503);
    app.faults().clear();
    // As it was stored before: the hash in the record, and none in the claim.
    let mut claim = app.claim(CASEY).await;
    let apply = claim["reservedBy"].as_s().unwrap().clone();
    let mut record = app.item(&format!("ORG#{GLOBEX}#SNAPSHOT#{id}"), &format!("APPLY#{apply}")).await.unwrap();
    assert!(!record.contains_key("passwordHash"));
    record.insert("passwordHash".to_owned(), claim.remove("passwordHash").unwrap());
    app.store(claim).await;
    app.store(record).await;
    app.clock().advance(LEASE);
    let mut other = body.clone();
    other["newUser"]["password"] = json!("Any-Other-Pass-2026!");
    app.apply_once(&app.token(SAM), "k", &id, &other).await.expect_problem(422, "idempotency_key_reused");
    app.apply_once(&app.token(SAM), "k", &id, &body).await.expect(201);
    assert_eq!(app.hash_places(CASEY).await, IN_CLAIM);
    let record = app.item(&format!("ORG#{GLOBEX}#SNAPSHOT#{id}"), &format!("APPLY#{apply}")).await.unwrap();
    assert!(!record.contains_key("passwordHash"));
    app.sign_in(CASEY, "TempPass!2026").await;
}

/// Every answer of the database to calls so far, as text.
fn answers(app: &TestApp) -> String {
    app.recorded().calls.iter().map(|call| call.response.to_string()).collect()
}

#[tokio::test]
async fn an_apply_that_meets_a_foreign_claim_is_refused_without_its_hash() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let large = snapshot_of(&app, 300).await;
    let staged = mapped_body(GIL, setup_of(300).items.automations.len());
    let mut at_once = apply_body();
    at_once["newUser"]["email"] = json!(GIL);
    app.forget_calls();
    app.apply(&sam, &id, &at_once).await.expect_problem(409, "email_taken");
    app.apply_once(&sam, "k", &id, &at_once).await.expect_problem(409, "email_taken");
    app.apply(&sam, &large, &staged).await.expect_problem(409, "email_taken");

    let mut reserved = app.claim(GIL).await;
    reserved.remove("userId");
    reserved.insert("reservedBy".to_owned(), AttributeValue::S("64ee9a8b1e7f2a00112233ff".to_owned()));
    app.store(reserved).await;
    app.forget_calls();
    app.apply(&sam, &id, &at_once).await.expect_problem(409, "in_progress");
    app.apply_once(&sam, "k", &large, &staged).await.expect_problem(409, "in_progress");
    assert!(!answers(&app).contains("$argon2id$"));
}

/// What the sweep and an undo do with claims that are not theirs any more.
#[tokio::test]
async fn an_undo_that_meets_a_foreign_claim_ends_without_its_hash() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let applied = app.apply(&sam, &id, &apply_body()).await;
    let apply = applied.expect(201)["result"]["applyId"].as_str().unwrap().to_owned();
    app.give_claim_to(CASEY, "64ee9a8b1e7f2a00112233ff").await;
    app.forget_calls();
    app.undo(&sam, &id, &apply, None).await.expect(200);
    app.clock().advance(tests::SETTLING);
    app.sweep().await;
    assert!(!answers(&app).contains("$argon2id$"));
    assert!(app.claim(CASEY).await.contains_key("passwordHash"));
}

#[tokio::test]
async fn an_undo_takes_a_user_away_whose_hash_is_in_the_profile() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let applied = app.apply(&sam, &id, &apply_body()).await;
    app.store_hash_in_profile(CASEY).await;
    let apply = applied.expect(201)["result"]["applyId"].as_str().unwrap().to_owned();
    app.undo(&sam, &id, &apply, None).await.expect(200);
    app.apply(&sam, &id, &apply_body()).await.expect(201);
}

#[tokio::test]
async fn a_lost_answer_to_an_apply_that_is_refused_by_nobody_is_no_taken_address() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    app.faults().drop_answer().of("TransactWriteItems").nth(1);
    app.apply_once(&sam, "k", &id, &apply_body()).await.expect(201);
}

#[tokio::test]
async fn a_migration_moves_every_hash_once_and_names_those_that_it_cannot_move() {
    let app = TestApp::start().await;
    app.login(GIL, PASSWORD).await.expect(200);
    let claim = app.claim(GIL).await;
    for email in [PAT, GIL, SAM, ALEX] {
        app.store_hash_in_profile(email).await;
    }
    // Sam's claim has a hash again, and Alex's address belongs to somebody else.
    app.copy_hash(tests::DANA, SAM).await;
    app.give_claim_to(ALEX, "64ee9a8b1e7f2a00112233ff").await;
    let before = app.profile_of(PAT).await;
    let alex = app.member(ALEX).user.id;
    let left = vec![(ACME.parse().unwrap(), alex)];
    let migration = HashMigration::new(app.table());
    assert_eq!(migration.run().await.unwrap(), MigrationReport { moved: 2, removed: 1, left: left.clone() });
    assert_eq!(app.claim(GIL).await, claim);
    for email in [PAT, GIL, SAM] {
        assert_eq!(app.hash_places(email).await, IN_CLAIM);
        app.login(email, PASSWORD).await.expect(200);
    }
    assert_eq!(app.profile_of(PAT).await["setupVersion"], before["setupVersion"]);
    assert_eq!(migration.run().await.unwrap(), MigrationReport { left, ..MigrationReport::default() });
}

#[tokio::test]
async fn nothing_but_claims_holds_a_hash_after_applies_of_every_size() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    app.apply(&sam, &id, &apply_body()).await.expect(201);
    let large = snapshot_of(&app, 300).await;
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    let body = mapped_body("half@globex.example", setup_of(300).items.automations.len());
    app.apply_once(&sam, "k", &large, &body).await.expect(503);
    app.faults().clear();
    for item in app.items().await {
        let holds_hash = format!("{item:?}").contains("$argon2id$");
        let is_claim = item["PK"].as_s().unwrap().starts_with("EMAIL#") && item["SK"].as_s().unwrap() == "#META";
        assert!(is_claim || !holds_hash, "{:?}", (&item["PK"], &item["SK"]));
    }
}
