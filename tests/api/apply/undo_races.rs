//! An undo beside another request: between any two of its calls, one of the two wins, and no state is partial.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::ObjectId;
use shared::store::SetupWriteOutcome;
use tests::{
    Answer, CASEY, GIL, GLOBEX, Gate, LEASE, SAM, SETTLING, TestApp, apply_body, apply_id, rounds, snapshot,
    table_items,
};

use crate::apply::undo::AppliedUser;

const NEW_PASSWORD: &str = "TempPass!2026";
/// What an undo of 25 items calls: caller and record at once, the first transaction, a list, two batches, a list, the last
/// transaction.
const CALLS: u64 = 8;
/// Which of them takes the user away.
const FIRST_TRANSACTION: u64 = 3;
/// Which of them frees the address.
const LAST_TRANSACTION: u64 = 8;

/// Lets `other` happen before each call of an undo, and hands both outcomes to `judge`.
async fn before_each_call<T>(
    other: impl AsyncFn(&AppliedUser) -> T,
    judge: impl AsyncFn(&AppliedUser, u64, &Answer, T),
) {
    for n in 1..=CALLS {
        let applied = Arc::new(AppliedUser::start().await);
        let gate = Gate::closed();
        let held = applied.app.faults().hold_request(&gate).nth_call(n);
        let undoing = tokio::spawn({
            let applied = applied.clone();
            async move { applied.undo().await }
        });
        gate.arrived(1).await;
        let outcome = other(&applied).await;
        gate.open();
        let answer = undoing.await.unwrap();
        assert_eq!(held.count(), 1);
        applied.app.faults().clear();
        judge(&applied, n, &answer, outcome).await;
    }
}

#[tokio::test]
async fn another_undo_gets_the_same_answer() {
    let other = async |applied: &AppliedUser| {
        applied.app.undo(&applied.app.token(GIL), &applied.id, &applied.apply, None).await
    };
    before_each_call(other, async |applied, n, one, other| {
        assert_eq!((one.status, other.status), (200, 200), "call {n}: {} {}", one.text, other.text);
        assert_eq!(one.text, other.text, "call {n}");
        let winner = if n <= FIRST_TRANSACTION { GIL } else { SAM };
        assert_eq!(one.body["apply"]["undoneBy"], applied.app.member(winner).user.id.to_string(), "call {n}");
        applied.expect_nothing_left().await;
    })
    .await;
}

#[tokio::test]
async fn of_an_undo_and_a_first_sign_in_one_wins() {
    let other = async |applied: &AppliedUser| applied.app.login(CASEY, NEW_PASSWORD).await;
    before_each_call(other, async |applied, n, undone, login| {
        if n <= FIRST_TRANSACTION {
            login.expect(200);
            undone.expect_problem(409, "setup_in_use");
            applied.force().await.expect(200);
        } else {
            login.expect_problem(401, "invalid_credentials");
            undone.expect(200);
        }
        applied.expect_nothing_left().await;
    })
    .await;
}

#[tokio::test]
async fn of_an_undo_and_an_edit_one_wins() {
    let other = async |applied: &AppliedUser| edit(&applied.app, &applied.user).await;
    before_each_call(other, async |applied, n, undone, written| {
        if n <= FIRST_TRANSACTION {
            assert_eq!(written, SetupWriteOutcome::Version(2));
            undone.expect_problem(409, "setup_in_use");
            applied.force().await.expect(200);
        } else {
            assert_eq!(written, SetupWriteOutcome::NoSuchUser);
            undone.expect(200);
        }
        applied.expect_nothing_left().await;
    })
    .await;
}

async fn edit(app: &TestApp, user: &ObjectId) -> SetupWriteOutcome {
    tests::change_setup(app.table(), &GLOBEX.parse().unwrap(), user, &[], tests::BEGINNING).await.unwrap()
}

#[tokio::test]
async fn a_sweep_that_carries_an_undo_on_does_not_disturb_it() {
    let other = async |applied: &AppliedUser| {
        applied.app.clock().advance(LEASE);
        applied.app.sweep().await["undone"].clone()
    };
    before_each_call(other, async |applied, n, undone, swept| {
        assert_eq!(swept, json!(u64::from(n > FIRST_TRANSACTION)), "call {n}");
        undone.expect(200);
        applied.expect_nothing_left().await;
    })
    .await;
}

#[tokio::test]
async fn an_apply_for_the_same_address_waits_for_the_undo_and_is_not_hit_by_it() {
    let other =
        async |applied: &AppliedUser| applied.app.apply(&applied.app.token(SAM), &applied.id, &apply_body()).await;
    before_each_call(other, async |applied, n, undone, heir| {
        undone.expect(200);
        heir.expect_problem(409, "email_taken");
        assert!(n <= LAST_TRANSACTION);
        let heir = applied.app.apply(&applied.app.token(SAM), &applied.id, &apply_body()).await;
        heir.expect(201);
        let with_heir = table_items(&applied.app).await;
        applied.app.clock().advance(SETTLING);
        assert_eq!(applied.app.sweep().await["undone"], 1);
        assert_eq!(applied.undo().await.text, undone.text);
        assert_eq!(table_items(&applied.app).await, with_heir);
        applied.app.sign_in(CASEY, NEW_PASSWORD).await;
    })
    .await;
}

/// One of those who meet an undo.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rival {
    Undo,
    SignIn,
    Edit,
    Sweep,
    Apply,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_once_and_many_times_over_one_wins_and_nothing_is_left_of_the_other() {
    let rounds = rounds(6, 25);
    let app = Arc::new(TestApp::start().await);
    let id = snapshot(&app).await;
    let before = table_items(&app).await;
    let mut wins = Vec::new();
    for other in [Rival::Undo, Rival::SignIn, Rival::Edit, Rival::Sweep, Rival::Apply] {
        let mut undone = 0;
        for round in 0..rounds {
            app.clock().advance(SETTLING);
            let token = app.token(SAM);
            let email = format!("{other:?}{round}@globex.example");
            let mut body = apply_body();
            body["newUser"]["email"] = json!(email);
            let applied = app.apply(&token, &id, &body).await;
            let (apply, user) =
                (apply_id(&applied), applied.body["result"]["userId"].as_str().unwrap().parse().unwrap());
            let undo = async |body: Option<Value>| app.undo(&token, &id, &apply, body.as_ref()).await;
            let meet = async || match other {
                Rival::Undo => undo(None).await.status,
                Rival::SignIn => app.login(&email, NEW_PASSWORD).await.status,
                Rival::Edit => {
                    if edit(&app, &user).await == SetupWriteOutcome::NoSuchUser {
                        401
                    } else {
                        200
                    }
                }
                Rival::Sweep => {
                    if app.sweep().await["failed"] == 0 {
                        401
                    } else {
                        500
                    }
                }
                Rival::Apply => app.apply(&token, &id, &body).await.status,
            };
            let (one, status) = tokio::join!(undo(None), meet());
            let cell = format!("{other:?} {round}: {status}, {}", one.text);
            match (other, one.status) {
                (Rival::Undo, 200) => assert_eq!(status, 200, "{cell}"),
                (Rival::SignIn | Rival::Edit, 409) => {
                    assert_eq!(status, 200, "{cell}");
                    undo(Some(json!({"force": true}))).await.expect(200);
                }
                (Rival::Apply, 200) if status == 201 => {
                    let listed = app.list_applies(&token, &id, "").await.body["applies"].clone();
                    let is_heir = |it: &&Value| it["userEmail"] == email.as_str() && it["state"] == "applied";
                    let heir =
                        listed.as_array().unwrap().iter().find(is_heir).unwrap()["_id"].as_str().unwrap().to_owned();
                    app.undo(&token, &id, &heir, None).await.expect(200);
                }
                (Rival::Apply, 200) => assert_eq!(status, 409, "{cell}"),
                (_, 200) => assert_eq!(status, 401, "{cell}"),
                _ => panic!("{cell}"),
            }
            undone += usize::from(one.status == 200);
            assert_eq!(table_items(&app).await, before, "{cell}");
        }
        wins.push((other, undone));
    }
    println!("of {rounds} each, the undo won: {wins:?}");
    app.clock().advance(SETTLING);
    app.sweep().await;
    assert_eq!(table_items(&app).await, before);
    let due = app
        .items()
        .await
        .into_iter()
        .filter(|item| item.contains_key("ALLPK") && item["SK"].as_s().unwrap().starts_with("APPLY#"));
    assert_eq!(due.count(), 0);
    // Ten at once are answered alike.
    let mut body = apply_body();
    body["newUser"]["email"] = json!("last@globex.example");
    let token = app.token(SAM);
    let apply = apply_id(&app.apply(&token, &id, &body).await);
    let answers = join_all((0..10).map(|_| app.undo(&token, &id, &apply, None))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text));
    assert_eq!(table_items(&app).await, before);
}
