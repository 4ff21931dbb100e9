//! A removal of a user and another request at once: one of them wins, and nothing is left of the other.

use shared::domain::Role;
use shared::store::SetupWriteOutcome;
use tests::{Answer, CASEY, GIL, Gate, NEW_PASSWORD, PAT, SAM, table_items};

use crate::people::invitations::token_of as token_of_invitation;
use crate::people::races::{overtaken, token_of};
use crate::people::removal::LeavingUser;
use crate::people::rights::user_of;

/// What a removal calls: caller and user at once, the record, the first transaction, a list, the deletions, a list, the last
/// transaction.
const FIRST_TRANSACTION: u64 = 4;

/// Lets `other` happen before some calls of a removal, and hands both outcomes to `judge`.
async fn before_calls<T>(other: impl AsyncFn(&LeavingUser) -> T, judge: impl AsyncFn(&LeavingUser, u64, &Answer, T)) {
    for n in [1, 2, 3, 4, 5, 6, 20, 32, 33] {
        let applied = LeavingUser::start().await;
        let gate = Gate::closed();
        let held = applied.app.faults().hold_request(&gate).nth_call(n);
        let other = async {
            gate.arrived(1).await;
            let outcome = other(&applied).await;
            gate.open();
            outcome
        };
        let (answer, outcome) = tokio::join!(applied.remove(), other);
        assert_eq!(held.count(), 1, "call {n}");
        applied.app.faults().clear();
        judge(&applied, n, &answer, outcome).await;
    }
}

#[tokio::test]
async fn of_a_removal_and_an_undo_one_wins() {
    let other = async |applied: &LeavingUser| applied.undo(None).await;
    before_calls(other, async |applied, n, removed, undone| {
        if n <= FIRST_TRANSACTION {
            undone.expect(200);
            removed.expect_problem(404, "user_not_found");
            assert_eq!(table_items(&applied.app).await, applied.before);
        } else {
            undone.expect_problem(409, "user_removed");
            removed.expect(200);
            applied.expect_nothing_left().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_removal_takes_what_was_signed_in_or_edited_before_it_and_nothing_comes_after_it() {
    let other = async |applied: &LeavingUser| {
        (applied.app.login(CASEY, NEW_PASSWORD).await, applied.edit().await != SetupWriteOutcome::NoSuchUser)
    };
    before_calls(other, async |applied, n, removed, (login, is_edited)| {
        assert_eq!((login.status == 200, is_edited), (n <= FIRST_TRANSACTION, n <= FIRST_TRANSACTION), "call {n}");
        removed.expect(200);
        applied.expect_nothing_left().await;
    })
    .await;
}

/// Removes the user before each call of a request of that user in turn, and asserts that nothing of the request is left.
async fn removed_before_each_call(act: impl AsyncFn(&LeavingUser, &str) -> Answer) -> u64 {
    for n in 1.. {
        let leaving = LeavingUser::start().await;
        let invited = leaving.app.invite(&leaving.app.token(SAM), &leaving.user).await;
        let token = token_of_invitation(&invited);
        let gate = Gate::closed();
        leaving.app.faults().hold_request(&gate).nth_call(n);
        let removal = async {
            gate.arrived(1).await;
            leaving.app.faults().clear();
            leaving.remove().await.expect(200);
            gate.open();
        };
        let mut acting = std::pin::pin!(act(&leaving, &token));
        let answer = tokio::select! {
            _ = &mut acting => return n - 1,
            () = removal => acting.await,
        };
        assert!([200, 401].contains(&answer.status), "call {n}: {}", answer.text);
        if let Some(token) = answer.body["token"].as_str() {
            leaving.app.verify_token(token).await.expect_problem(401, "unauthenticated");
        }
        leaving.expect_nothing_left().await;
    }
    0
}

#[tokio::test]
async fn no_request_of_a_user_who_is_removed_meanwhile_changes_the_tombstone() {
    let calls = [
        removed_before_each_call(async |it, _| it.app.login(CASEY, NEW_PASSWORD).await).await,
        removed_before_each_call(async |it, token| it.app.accept_invitation(token, "Third-Harbour-42").await).await,
    ];
    assert!(calls.iter().all(|calls| *calls >= 6), "{calls:?}");
}

#[tokio::test]
async fn a_second_removal_meets_a_removed_user_and_an_apply_for_the_address_waits() {
    let other = async |applied: &LeavingUser| {
        let heir = applied.apply_again("k2").await;
        (heir, applied.app.remove_user(&applied.app.token(GIL), &applied.user).await)
    };
    before_calls(other, async |applied, n, removed, (heir, second)| {
        if n <= FIRST_TRANSACTION {
            heir.expect_problem(409, "email_taken");
            second.expect(200);
            removed.expect_problem(404, "user_not_found");
        } else {
            heir.expect_problem(409, "in_progress");
            second.expect_problem(404, "user_not_found");
            removed.expect(200);
        }
        applied.expect_nothing_left().await;
    })
    .await;
}

#[tokio::test]
async fn two_administrators_who_remove_each_other_at_once_do_not_both_succeed() {
    let app = tests::TestApp::start().await;
    let other = user_of(&app, tests::ACME, Role::Admin, 0xe1).await;
    let others = token_of(&app, &other);
    let (pat, pat_id) = (app.token(PAT), app.member(PAT).user.id.to_string());
    let other_id = other.id.to_string();
    let (first, second) = overtaken(&app, app.remove_user(&pat, &other_id), app.remove_user(&others, &pat_id)).await;
    second.expect(200);
    first.expect_problem(401, "unauthenticated");
    assert_eq!(app.user(&others, &other_id).await.expect(200)["user"]["accessRole"], "ADMIN");
}
