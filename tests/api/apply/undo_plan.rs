//! The dry run of an undo says what the undo does, and writes nothing.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{Document, ItemKind, SetupItem};
use shared::store::SetupChange;
use tests::{
    Answer, CASEY, GIL, Item, NEW_PASSWORD, PAT, SAM, apply_body, apply_id, counts, mapped_body, numbered_id,
    snapshot_of, table_items,
};

use crate::apply::undo::AppliedUser;

const FORCE: &str = "force";

/// The plan of an undo, forced or not. Nothing is written for it.
async fn plan(applied: &AppliedUser, email: &str, body: &str) -> Answer {
    let app = &applied.app;
    let before = table_items(app).await;
    app.forget_calls();
    let body = (body == FORCE).then(|| json!({"force": true}));
    let answer = app.undo_with(&app.token(email), &applied.id, &applied.apply, "dryRun=true", body.as_ref()).await;
    assert_eq!(app.recorded().write_units(), 0.0);
    assert_eq!(table_items(app).await, before);
    answer
}

fn planned(would_undo: bool, deletes_user: bool, deletes: Value, reasons: Value) -> Value {
    json!({"wouldUndo": would_undo, "deletesUser": deletes_user, "deletes": deletes, "reasons": reasons})
}

fn prompt(number: usize) -> SetupChange {
    let document: Document = serde_json::from_value(json!({"name": "Mine"})).unwrap();
    SetupChange::Put(ItemKind::Prompt, SetupItem { id: numbered_id(9, number), document })
}

#[tokio::test]
async fn the_undo_of_an_untouched_user_is_planned_and_then_done() {
    let applied = AppliedUser::start().await;
    for (email, body) in [(SAM, ""), (GIL, ""), (SAM, FORCE)] {
        let answer = plan(&applied, email, body).await;
        assert_eq!(answer.expect(200)["plan"], planned(true, true, counts(5, 8, 12), json!([])));
        assert_eq!(answer.body["message"], "Nothing undone");
        assert_eq!(
            (&answer.body["apply"]["state"], &answer.body["apply"]["userEmail"]),
            (&json!("applied"), &json!(CASEY))
        );
    }
    let undone =
        applied.app.undo_with(&applied.app.token(GIL), &applied.id, &applied.apply, "dryRun=false", None).await;
    assert_eq!((&undone.expect(200)["message"], undone.body.get("plan")), (&json!("Apply undone"), None));
    applied.expect_nothing_left().await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_what_the_refusal_says_and_a_forced_undo_deletes_what_its_plan_says() {
    let applied = AppliedUser::start().await;
    let app = &applied.app;
    app.sign_in(CASEY, NEW_PASSWORD).await;
    applied.write(&[prompt(1), prompt(2)]).await;
    let refused = applied.undo().await;
    let reasons = refused.expect_problem(409, "setup_in_use")["reasons"].clone();
    assert_eq!(reasons.as_array().unwrap().len(), 3);
    let deletes = counts(5, 10, 12);
    for (body, would_undo) in [("", false), (FORCE, true)] {
        let answer = plan(&applied, SAM, body).await;
        assert_eq!(answer.expect(200)["plan"], planned(would_undo, true, deletes.clone(), reasons.clone()));
    }
    let of_user = |items: tests::TableItems| items.into_keys().filter(|(pk, _)| *pk == applied.partition()).count();
    // Beside the items there are profile and switches.
    assert_eq!(of_user(table_items(app).await), 5 + 10 + 12 + 2);
    applied.force().await.expect(200);
    assert_eq!(of_user(table_items(app).await), 0);
}

#[tokio::test]
async fn every_state_of_access_is_planned_as_it_is_refused() {
    for body in [json!({"loginDisabled": true}), json!({"accessRole": "ADMIN"}), json!({"email": "c@globex.example"})] {
        let applied = AppliedUser::start().await;
        let (app, user) = (&applied.app, applied.user.to_string());
        app.change_user_by(&app.token(SAM), &user, &body).await.expect(200);
        let planned = plan(&applied, SAM, "").await;
        let planned = &planned.expect(200)["plan"];
        let refused = applied.undo().await;
        assert_eq!(
            (&planned["wouldUndo"], &planned["reasons"]),
            (&json!(false), &refused.expect_problem(409, "setup_in_use")["reasons"])
        );
    }
}

#[tokio::test]
async fn reasons_beyond_200_are_counted() {
    let app = tests::TestApp::start().await;
    let id = snapshot_of(&app, 3).await;
    let applied = AppliedUser::of(app, id, &mapped_body(CASEY, 1)).await;
    for (numbers, total) in [(0..99, None), (99..198, None), (198..199, None), (199..200, None), (200..201, Some(201))]
    {
        let count = numbers.end;
        applied.write(&numbers.map(prompt).collect::<Vec<_>>()).await;
        let answer = plan(&applied, SAM, "").await;
        let plan = &answer.expect(200)["plan"];
        assert_eq!((plan["reasons"].as_array().unwrap().len(), &plan["reasonsTotal"]), (count.min(200), &json!(total)));
        assert_eq!(plan["deletes"], counts(1, 1 + count, 1));
    }
}

#[tokio::test]
async fn an_undo_that_is_done_or_cannot_be_is_planned_as_it_is_answered() {
    let applied = AppliedUser::start().await;
    applied.undo().await.expect(200);
    let answer = plan(&applied, SAM, "").await;
    assert_eq!(answer.expect(200)["plan"], planned(true, false, counts(0, 0, 0), json!([])));
    assert_eq!(answer.body["apply"]["state"], "undone");

    let applied = AppliedUser::start().await;
    let app = &applied.app;
    app.remove_user(&app.token(GIL), &applied.user.to_string()).await.expect(200);
    plan(&applied, SAM, "").await.expect_problem(409, "user_removed");
    plan(&applied, SAM, FORCE).await.expect_problem(409, "user_removed");
}

#[tokio::test]
async fn a_user_whom_another_system_deleted_leaves_items_that_force_deletes() {
    let applied = AppliedUser::start().await;
    let app = &applied.app;
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let delete = app.database().client().delete_item().table_name("snapshots");
    delete.key("PK", key(&applied.partition())).key("SK", key("#META")).send().await.unwrap();
    let gone = json!([{"code": "user_removed"}]);
    for (body, would_undo) in [("", false), (FORCE, true)] {
        let answer = plan(&applied, SAM, body).await;
        assert_eq!(answer.expect(200)["plan"], planned(would_undo, false, counts(5, 8, 12), gone.clone()));
    }
    let refused = applied.undo().await;
    let detail = refused.expect_problem(409, "setup_in_use")["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.ends_with("a SUPERADMIN of your organization undoes the apply nevertheless with \"force\": true"),
        "{detail}"
    );
}

/// A key of another form is neither the profile nor a clone.
#[tokio::test]
async fn an_item_of_another_form_is_no_reason_against_an_undo() {
    let applied = AppliedUser::start().await;
    let item = [("PK", applied.partition()), ("SK", "PROMPT#draft".to_owned()), ("type", "prompt".to_owned())];
    let item: Item = item.into_iter().map(|(name, text)| (name.to_owned(), AttributeValue::S(text))).collect();
    applied.app.store(item).await;
    let answer = plan(&applied, SAM, "").await;
    assert_eq!(answer.expect(200)["plan"], planned(true, true, counts(5, 8, 12), json!([])));
    applied.undo().await.expect(200);
    applied.expect_nothing_left().await;
}

#[tokio::test]
async fn a_dry_run_needs_the_rights_of_the_undo_and_a_flag_that_is_one() {
    let applied = AppliedUser::start().await;
    let (app, id, apply) = (&applied.app, &applied.id, &applied.apply);
    plan(&applied, GIL, FORCE).await.expect_problem(403, "forbidden");
    plan(&applied, PAT, "").await.expect_problem(404, "apply_not_found");
    app.forget_calls();
    for query in ["dryRun=1", "dryRun=", "dryRun=TRUE", "dryRun=true&dryRun=true", "dry=true"] {
        app.undo_with(&app.token(SAM), id, apply, query, None).await.expect_problem(400, "invalid_query");
    }
    assert!(app.recorded().calls.is_empty());
}

/// What the refusal tells an ADMIN to do works for it.
#[tokio::test]
async fn an_admin_who_is_refused_removes_the_user_as_the_refusal_says() {
    let applied = AppliedUser::start().await;
    let app = &applied.app;
    app.sign_in(CASEY, NEW_PASSWORD).await;
    let gil = app.token(GIL);
    let refused = app.undo(&gil, &applied.id, &applied.apply, None).await;
    let [way, other] = ["an ADMIN removes", "without it, remove"]
        .map(|who| format!("{who} the user with DELETE /api/users/{{userId}}"));
    assert!(
        refused.expect_problem(409, "setup_in_use")["detail"].as_str().unwrap().ends_with(&way),
        "{}",
        refused.text
    );
    let forced = app.undo(&gil, &applied.id, &applied.apply, Some(&json!({"force": true}))).await;
    assert!(forced.expect_problem(403, "forbidden")["detail"].as_str().unwrap().ends_with(&other), "{}", forced.text);
    app.remove_user(&gil, &applied.user.to_string()).await.expect(200);
    // The address is free.
    apply_id(&app.apply(&app.token(SAM), &applied.id, &apply_body()).await);
}
